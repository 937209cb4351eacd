#include "client/import/jsonl_commands.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/import/json_keys.h"
#include "client/import/text.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

// JSON is wordier than the message, whose size the server bounds.
constexpr size_t kMaxLineBytes = 4 * limits::kMaxRequestBytes;

// Errors: INVALID_ARGUMENT saying what is wrong with the line.
absl::Status ParseLine(const Line& line, google::protobuf::Message& message) {
  if (line.too_long) {
    return absl::InvalidArgumentError(
        absl::StrCat("the line is longer than ", kMaxLineBytes, " bytes"));
  }
  if (!IsUtf8(line.text)) {
    return absl::InvalidArgumentError(
        "the line is not UTF-8; convert the file to UTF-8");
  }
  const auto status =
      google::protobuf::util::JsonStringToMessage(line.text, &message);
  if (!status.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("not a ", message.GetTypeName(),
                     " in JSON: ", OneLine(std::string(status.message()))));
  }
  if (const auto key = FindRepeatedKey(line.text)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key \"", OneLine(*key),
                     "\" stands twice in one object; which value is meant?"));
  }
  return absl::OkStatus();
}

class JsonlCommands : public CommandSource {
 public:
  JsonlCommands(std::unique_ptr<LineReader> lines, JsonlFormat format)
      : lines_(std::move(lines)), format_(std::move(format)) {}

  absl::StatusOr<std::optional<SourceCommand>> Next() override {
    while (true) {
      ASSIGN_OR_RETURN(std::optional<Line> line, lines_->Next());
      if (!line) return std::nullopt;
      absl::StripTrailingAsciiWhitespace(&line->text);
      if (line->text.empty()) continue;
      SourceCommand result;
      absl::Status read = ParseLine(*line, *format_.message(result.command));
      if (read.ok()) read = format_.complete(result.command);
      result.problem = std::string(read.message());
      result.records.push_back({line->number, std::move(line->text)});
      return result;
    }
  }

  const LineReader& lines() const override { return *lines_; }

 private:
  std::unique_ptr<LineReader> lines_;
  const JsonlFormat format_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<CommandSource>> OpenJsonlCommands(
    const std::string& path, JsonlFormat format) {
  ASSIGN_OR_RETURN(auto lines, LineReader::Open(path, kMaxLineBytes));
  return std::make_unique<JsonlCommands>(std::move(lines), std::move(format));
}

absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvOrJsonl(
    const std::string& path, const std::string& format,
    const std::function<absl::StatusOr<std::unique_ptr<CommandSource>>()>&
        open_csv,
    JsonlFormat jsonl) {
  if (format == "csv") return open_csv();
  if (format == "jsonl") return OpenJsonlCommands(path, std::move(jsonl));
  return absl::InvalidArgumentError(
      absl::StrCat("format \"", format, "\" is not one of: csv, jsonl"));
}

}  // namespace chipledger::import
