#include "tests/support/text_file.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/text_format.h"

namespace chipledger::testing {
namespace {

class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!text.empty()) return;
    text = absl::StrCat(line + 1, ":", column + 1, ": ", message);
  }
  std::string text;
};

}  // namespace

absl::Status ReadTextFile(const std::string& path,
                          google::protobuf::Message& message) {
  std::ifstream file(path);
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  google::protobuf::io::IstreamInputStream input(&file);
  google::protobuf::TextFormat::Parser parser;
  FirstError error;
  parser.RecordErrorsTo(&error);
  if (!parser.Parse(&input, &message)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":", error.text));
  }
  return absl::OkStatus();
}

}  // namespace chipledger::testing
