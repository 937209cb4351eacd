// Amending a policy: what may change, and what comes of it.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_AMENDMENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_AMENDMENT_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Checks an amendment against the policy that it amends and the facts that are
// recorded. Requires: CheckCommand accepts it. Errors: POLICY_NOT_FOUND,
// WRONG_STATUS, WRONG_DATE, INVALID_FIELD, RECOUNT_NEEDED.
absl::Status CheckAmendment(const Registers& registers,
                            const v1::AmendPolicy& command);

// Returns the snapshot as it would be with the amendment of a request, and the
// groups and parties that it brings along. Errors: those of CheckCommand and
// CheckAmendment.
absl::StatusOr<Snapshot> WithAmendment(const Snapshot& snapshot,
                                       const v1::DiffPolicyRequest& request);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_AMENDMENT_H_
