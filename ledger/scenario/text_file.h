// Reads .textproto files.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_TEXT_FILE_H_
#define CHIPLEDGER_LEDGER_SCENARIO_TEXT_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "google/protobuf/message.h"

namespace chipledger::scenarios {

// Reads a .textproto file into `message`.
// Errors: NOT_FOUND; INVALID_ARGUMENT with file, line and column.
absl::Status ReadTextFile(const std::string& path,
                          google::protobuf::Message& message);

// A scenario with the lines of its steps.
struct ScenarioFile {
  std::string path;
  scenario::v1::Scenario scenario;
  // The line on which each step begins, from 1. Shorter than the steps when the
  // scenario was not read from a file.
  std::vector<int> step_lines;
};

// Reads a scenario. Errors: as ReadTextFile; INVALID_ARGUMENT for a file
// without steps.
absl::StatusOr<ScenarioFile> ReadScenario(const std::string& path);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_TEXT_FILE_H_
