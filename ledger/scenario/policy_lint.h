// What in a policy is unlikely to be meant.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_POLICY_LINT_H_
#define CHIPLEDGER_LEDGER_SCENARIO_POLICY_LINT_H_

#include <functional>
#include <string>

#include "chipledger/v1/command.pb.h"

namespace chipledger::scenarios {

// Takes a field's path in the file and what is to be said of it.
using Warn = std::function<void(std::string field, std::string message)>;

// Rules that can never bind, exemptions that cover everything or nothing, and
// steps that no fact of the policy meets.
// Requires: the policy was checked.
void LintRules(const v1::Policy& policy, const Warn& warn);

// Overlaps and gaps between the fixed windows of rules that are alike in all
// else, and days of the policy that none of them covers.
// Requires: the policy was checked.
void LintWindows(const v1::Policy& policy, const Warn& warn);

// Groups that are empty or that nothing names, and groups and parties that the
// file names and does not have.
void LintNames(const v1::PolicyFile& file, const Warn& warn);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_POLICY_LINT_H_
