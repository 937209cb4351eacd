// Runs policy scenarios; see proto/chipledger/scenario/v1/scenario.proto.
#ifndef CHIPLEDGER_TESTS_SUPPORT_SCENARIO_RUNNER_H_
#define CHIPLEDGER_TESTS_SUPPORT_SCENARIO_RUNNER_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "tests/support/memory_ledger.h"

namespace chipledger::testing {

// Brings a ledger to where a scenario's steps start: setup files, setup
// commands, policies. Paths are relative to `policies_dir`.
// Errors: what could not be read, failed or was refused.
absl::Status PrepareScenario(const scenario::v1::Scenario& scenario,
                             const std::string& policies_dir,
                             MemoryLedger& ledger);

// Runs a scenario on an empty ledger and replays the log it leaves from index
// 0, which must give the same totals bit for bit.
//
// Returns one text a difference, naming the step, what was expected and what
// happened; none when all is as expected.
std::vector<std::string> RunScenario(const scenario::v1::Scenario& scenario,
                                     const std::string& policies_dir);

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_SCENARIO_RUNNER_H_
