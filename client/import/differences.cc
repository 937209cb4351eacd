#include "client/import/differences.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/import/text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

// More differences than these are counted only.
constexpr size_t kMaxDifferences = 3;
// A value longer than this is cut.
constexpr size_t kMaxValueBytes = 100;

// Collects differences in the words of an import.
class Differences final : public MessageDifferencer::Reporter {
 public:
  using Path = std::vector<MessageDifferencer::SpecificField>;

  void ReportAdded(const Message&, const Message& file,
                   const Path& path) override {
    Add(path, "nothing", ValueOf(file, path, true));
  }
  void ReportDeleted(const Message& recorded, const Message&,
                     const Path& path) override {
    Add(path, ValueOf(recorded, path, false), "nothing");
  }
  void ReportModified(const Message& recorded, const Message& file,
                      const Path& path) override {
    // What differs in a message is told by itself.
    if (path.back().field->message_type() != nullptr) return;
    Add(path, ValueOf(recorded, path, false), ValueOf(file, path, true));
  }

  std::string ToString() const {
    std::string text = absl::StrJoin(differences_, "; ");
    if (more_ > 0) absl::StrAppend(&text, "; and ", more_, " more");
    return text;
  }

 private:
  void Add(const Path& path, const std::string& recorded,
           const std::string& file) {
    if (differences_.size() == kMaxDifferences) {
      ++more_;
      return;
    }
    std::string name;
    for (const auto& step : path) {
      absl::StrAppend(&name, name.empty() ? "" : ".", step.field->name());
      if (step.index >= 0) absl::StrAppend(&name, "[", step.index, "]");
    }
    differences_.push_back(
        absl::StrCat(name, ": recorded ", recorded, ", file says ", file));
  }

  // The value that the path ends at; the message is the last on the path.
  static std::string ValueOf(const Message& message, const Path& path,
                             bool in_file) {
    const auto& last = path.back();
    google::protobuf::TextFormat::Printer printer;
    printer.SetSingleLineMode(true);
    printer.SetUseUtf8StringEscaping(true);
    std::string value;
    printer.PrintFieldValueToString(
        message, last.field,
        in_file && last.new_index >= 0 ? last.new_index : last.index, &value);
    return OneLine(TruncateUtf8(value, kMaxValueBytes));
  }

  std::vector<std::string> differences_;
  int64_t more_ = 0;
};

}  // namespace

std::string DescribeDifferences(const Message& recorded, const Message& file) {
  MessageDifferencer as_sets;
  as_sets.set_repeated_field_comparison(MessageDifferencer::AS_SET);
  if (as_sets.Compare(recorded, file)) return "";
  Differences differences;
  MessageDifferencer differencer;
  differencer.ReportDifferencesTo(&differences);
  differencer.Compare(recorded, file);
  return differences.ToString();
}

}  // namespace chipledger::import
