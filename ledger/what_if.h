// The log replayed under another policy.
#ifndef CHIPLEDGER_LEDGER_WHAT_IF_H_
#define CHIPLEDGER_LEDGER_WHAT_IF_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "chipledger/v1/policy_service.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/state.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::WhatIf. `actual` is the state at the end of the replay, and says
// where that is; `today` is the date of rows that have none of their own.
// Requires: `actual` is durable and ends with a whole request.
absl::Status RunWhatIf(const store::Store& store,
                       const domain::Snapshot& actual, Date today,
                       const v1::WhatIfRequest& request,
                       absl::AnyInvocable<bool(v1::WhatIfResponse)> send);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_WHAT_IF_H_
