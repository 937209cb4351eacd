// A policy and a scenario to start from.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_NEW_POLICY_H_
#define CHIPLEDGER_LEDGER_SCENARIO_NEW_POLICY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chipledger::scenarios {

// The texts of two files.
struct NewPolicy {
  std::string policy;
  // Passes with the policy, in the same folder.
  std::string scenario;
};

// Writes them for a policy of this id.
// Errors: INVALID_FIELD for a name that is no policy's id.
absl::StatusOr<NewPolicy> MakeNewPolicy(absl::string_view policy_id);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_NEW_POLICY_H_
