// Runs policy scenarios; see proto/chipledger/scenario/v1/scenario.proto.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_RUNNER_H_
#define CHIPLEDGER_LEDGER_SCENARIO_RUNNER_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::scenarios {

// Where scenarios find the files they name.
struct PolicyFiles {
  // Folders, tried in this order.
  std::vector<std::string> folders;
  // Optional. Changes a policy before it is adopted; one that is left without
  // rules is not adopted.
  std::function<void(v1::Policy&)> change;
};

// The folders for a scenario in a file: its own, the one above it, then
// `more_folders`.
PolicyFiles FilesOf(const std::string& scenario_path,
                    const std::vector<std::string>& more_folders);

// Returns the path of the policy file that a scenario names.
// Errors: NOT_FOUND, saying where it was looked for.
absl::StatusOr<std::string> FindPolicyFile(const scenario::v1::PolicyUse& use,
                                           const PolicyFiles& files);

// Brings a ledger to where a scenario's steps start: setup files, setup
// commands, policies.
// Errors: what could not be read, failed or was refused.
absl::Status PrepareScenario(const ScenarioFile& file, const PolicyFiles& files,
                             MemoryLedger& ledger);

// Runs a scenario on an empty ledger and replays the log it leaves from index
// 0, which must give the same totals bit for bit. `look`, unless null, is
// called with the ledger at the end of the story.
scenario::v1::Report RunScenario(
    const ScenarioFile& file, const PolicyFiles& files,
    const std::function<void(const MemoryLedger&)>& look = nullptr);

// Whether all is as expected.
bool HasPassed(const scenario::v1::Report& report);

// A report for people: "ok  FILE (N steps)", or for each failed step its place
// and a table of what differs, expected and actual side by side.
std::string FormatReport(const scenario::v1::Report& report);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_RUNNER_H_
