// Reads .textproto files, and knows where in them each field stands.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_TEXT_FILE_H_
#define CHIPLEDGER_LEDGER_SCENARIO_TEXT_FILE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "google/protobuf/message.h"
#include "google/protobuf/text_format.h"
#include "ledger/base/error.h"

namespace chipledger::scenarios {

// A place in a file, both from 1; 0 when it is not known.
struct TextPlace {
  int line = 0;
  int column = 0;
};

// Where the fields of a message stand in the file that it was read from.
//
// Copies share what they know.
//
// Thread-safety: thread-compatible.
class TextPlaces {
 public:
  TextPlaces()
      : tree_(std::make_shared<google::protobuf::TextFormat::ParseInfoTree>()) {
  }

  // The place of a field by its path from a message of `type`, such as
  // "policy.rules[3].limit.constant"; of what is around it when the file does
  // not have it.
  TextPlace Find(const google::protobuf::Descriptor& type,
                 absl::string_view path) const;

  google::protobuf::TextFormat::ParseInfoTree* tree() { return tree_.get(); }

 private:
  std::shared_ptr<google::protobuf::TextFormat::ParseInfoTree> tree_;
};

// "FILE:LINE:COLUMN", or "FILE" when the place is not known.
std::string FormatPlace(absl::string_view path, TextPlace place);

// "FILE:LINE:COLUMN: FIELD: what is wrong", for a field by its path from a
// message of `type` that was read from the file.
std::string FormatViolation(absl::string_view path, const TextPlaces& places,
                            const google::protobuf::Descriptor& type,
                            const FieldViolation& violation);

// Reads a .textproto file into `message`; "-" is standard input. `places`,
// unless null, is filled.
// Errors: NOT_FOUND and others naming the file; INVALID_ARGUMENT with a line
// "FILE:LINE:COLUMN: what is wrong" for each error, and for a name that is not
// known those that are like it, or that the file says nothing.
absl::Status ReadTextFile(const std::string& path,
                          google::protobuf::Message& message,
                          TextPlaces* places = nullptr);

// A scenario with where its steps stand in its file.
struct ScenarioFile {
  std::string path;
  scenario::v1::Scenario scenario;
  // The line on which each step begins, from 1. Shorter than the steps when the
  // scenario was not read from a file.
  std::vector<int> step_lines;
  // Empty when it was not read from a file.
  TextPlaces places;
};

// Reads a scenario.
// Errors: as ReadTextFile; INVALID_ARGUMENT for one without steps or
// a title.
absl::StatusOr<ScenarioFile> ReadScenario(const std::string& path);

// The scenarios that a name stands for: the file, or those in the folder and in
// its folders, in order. A file whose first comment names another message as
// its proto-message is none. Errors: NOT_FOUND for a folder without scenarios.
absl::StatusOr<std::vector<std::string>> FindScenarios(const std::string& name);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_TEXT_FILE_H_
