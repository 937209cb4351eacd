#include "ledger/scenario/text_file.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/text_format.h"
#include "ledger/base/status_macros.h"

namespace chipledger::scenarios {
namespace {

using google::protobuf::TextFormat;

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!text.empty()) return;
    text = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

// `places`, unless null, is filled with where each field stands.
absl::Status Read(const std::string& path, google::protobuf::Message& message,
                  TextFormat::ParseInfoTree* places) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  google::protobuf::io::IstreamInputStream input(&file);
  TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  parser.WriteLocationsTo(places);
  if (!parser.Parse(&input, &message)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", error.text));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadTextFile(const std::string& path,
                          google::protobuf::Message& message) {
  return Read(path, message, nullptr);
}

absl::StatusOr<ScenarioFile> ReadScenario(const std::string& path) {
  ScenarioFile file;
  file.path = path;
  TextFormat::ParseInfoTree places;
  RETURN_IF_ERROR(Read(path, file.scenario, &places));
  if (file.scenario.steps_size() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a scenario without steps"));
  }
  const auto* steps = scenario::v1::Scenario::descriptor()->FindFieldByNumber(
      scenario::v1::Scenario::kStepsFieldNumber);
  for (int i = 0; i < file.scenario.steps_size(); ++i) {
    file.step_lines.push_back(places.GetLocation(steps, i).line + 1);
  }
  return file;
}

}  // namespace chipledger::scenarios
