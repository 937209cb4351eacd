// Which entries reached the threshold of a rule that asks for notice.
#ifndef CHIPLEDGER_LEDGER_NOTICES_H_
#define CHIPLEDGER_LEDGER_NOTICES_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::ListNotices.
absl::StatusOr<Ledger::NoticesPage> ListDueNotices(
    const store::Store& store, const Ledger::Moment& moment,
    const v1::ListNoticesRequest& filters, uint64_t begin, size_t max_count);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_NOTICES_H_
