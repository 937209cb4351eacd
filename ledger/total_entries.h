// Which entries moved a total.
#ifndef CHIPLEDGER_LEDGER_TOTAL_ENTRIES_H_
#define CHIPLEDGER_LEDGER_TOTAL_ENTRIES_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::ListTotalEntries. The rows of the total at the marks name its
// entries; after the last mark the few entries since are read. Requires: the
// moment's catalog has the total's rule.
absl::StatusOr<Ledger::TotalEntriesPage> ListTotalMovements(
    const store::Store& store, const Ledger::Moment& moment,
    const domain::TotalKey& total, uint64_t begin, size_t max_count);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_TOTAL_ENTRIES_H_
