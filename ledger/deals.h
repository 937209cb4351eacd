// What was announced, asked for, granted, shipped and installed.
#ifndef CHIPLEDGER_LEDGER_DEALS_H_
#define CHIPLEDGER_LEDGER_DEALS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "chipledger/v1/license_service.pb.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::ListDeals.
absl::StatusOr<Ledger::DealsPage> ListDealsOf(
    const store::Store& store, const Ledger::Moment& moment,
    const v1::ListDealsRequest& filters, uint64_t begin, size_t max_count);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_DEALS_H_
