#include "client/cli/cli.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/import/text.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/json_util.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

// Gathers a text proto's errors as FILE:LINE:COLUMN: message.
class ErrorLines : public google::protobuf::io::ErrorCollector {
 public:
  explicit ErrorLines(absl::string_view path) : path_(path) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    absl::StrAppend(&text_, text_.empty() ? "" : "\n", path_, ":");
    // Unknown places are negative, known ones count from 0.
    if (line >= 0) absl::StrAppend(&text_, line + 1, ":", column + 1, ":");
    absl::StrAppend(&text_, " ", message);
  }
  const std::string& text() const { return text_; }

 private:
  const std::string path_;
  std::string text_;
};

}  // namespace

client::Client& Cli::client() {
  if (!client_) {
    client_ = std::make_unique<client::Client>(client::ClientOptions{
        .server = server, .deadline = absl::Seconds(timeout_seconds)});
  }
  return *client_;
}

void AddWriteOptions(CLI::App& app, WriteOptions& options) {
  app.add_option("--request-id", options.request_id,
                 "UUID of this request; the same one with the same content is "
                 "recorded once (default: a new one)");
  app.add_flag("--validate-only", options.validate_only,
               "ask what would be answered, and record nothing");
}

absl::StatusOr<std::pair<std::string, int64_t>> ParseQuantity(
    absl::string_view text) {
  const size_t equals = text.rfind('=');
  const std::optional<int64_t> quantity =
      equals == absl::string_view::npos
          ? std::nullopt
          : ParseDecimal(text.substr(equals + 1), 0);
  if (!quantity || equals == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not NAME=QUANTITY with a whole number of units"));
  }
  return std::make_pair(std::string(text.substr(0, equals)), *quantity);
}

std::pair<std::string, std::string> SplitDate(absl::string_view text) {
  const size_t at = text.find('@');
  if (at == absl::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, at)), std::string(text.substr(at + 1))};
}

absl::StatusOr<std::string> ParseCountry(absl::string_view text) {
  if (auto country = import::FindCountryByAnyName(text)) return *country;
  return absl::InvalidArgumentError(
      absl::StrCat("\"", text, "\" is no ISO 3166-1 code or country name"));
}

absl::Status ReadTextProto(const std::string& path,
                           google::protobuf::Message& message) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  }
  google::protobuf::io::FileInputStream file(fd);
  file.SetCloseOnDelete(true);
  ErrorLines errors(path);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  const bool parsed = parser.Parse(&file, &message);
  if (file.GetErrno() != 0) {
    return absl::ErrnoToStatus(file.GetErrno(),
                               absl::StrCat("cannot read ", path));
  }
  if (!parsed) return absl::InvalidArgumentError(errors.text());
  if (message.ByteSizeLong() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " is empty or all comments; it must hold a ",
                     message.GetTypeName(), " in text form"));
  }
  return absl::OkStatus();
}

void PrintJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  // Programs need not know which zeros are left out.
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) {
    std::cerr << "chipledger: cannot write JSON: " << status.ToString() << "\n";
  }
  std::cout << json << "\n";
}

}  // namespace chipledger::cli
