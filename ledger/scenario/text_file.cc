#include "ledger/scenario/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "chipledger/v1/policy.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "ledger/base/near.h"
#include "ledger/base/status_macros.h"

namespace chipledger::scenarios {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::TextFormat;

// Calls visit(field) for every field of a message and of those in it.
template <typename Visit>
void VisitFieldsOf(const Descriptor& type, std::set<const Descriptor*>& seen,
                   const Visit& visit) {
  if (!seen.insert(&type).second) return;
  for (int i = 0; i < type.field_count(); ++i) {
    visit(*type.field(i));
    if (type.field(i)->message_type() != nullptr) {
      VisitFieldsOf(*type.field(i)->message_type(), seen, visit);
    }
  }
}

// The quoted words of a parser's message.
std::vector<std::string> QuotedIn(absl::string_view message) {
  const std::vector<std::string> parts = absl::StrSplit(message, '"');
  std::vector<std::string> quoted;
  for (size_t i = 1; i < parts.size(); i += 2) quoted.push_back(parts[i]);
  return quoted;
}

// That a field is one of the other kind of file; empty when it is not.
std::string WhereItBelongs(const std::string& type, const std::string& field) {
  const Descriptor& scenario = *scenario::v1::Scenario::descriptor();
  const Descriptor& policy = *v1::PolicyFile::descriptor();
  if (type == policy.full_name() && scenario.FindFieldByName(field)) {
    return "; a scenario has one: chipledger policy test runs it";
  }
  if (type == scenario.full_name() && policy.FindFieldByName(field)) {
    return "; a policy file has one: chipledger policy check looks at it";
  }
  return "";
}

// The name that is like a mistyped one, or else all there are.
std::string NearOrAll(const std::string& name,
                      const std::vector<std::string>& names) {
  const std::string near = DidYouMean(name, names);
  if (!near.empty() || names.empty()) return near;
  return absl::StrCat("; there is ", absl::StrJoin(names, ", "));
}

// What the parser may have been meant to read; empty when nothing is like it.
std::string WhatWasMeant(const Descriptor& root, absl::string_view message) {
  if (absl::EndsWith(message, "got: ")) {
    return "the end; a \"{\" was not closed";
  }
  if (absl::StrContains(message, "integer or identifier, got: \"") ||
      absl::StrContains(message, "integer or identifier, got: '")) {
    return "; names of values stand without quotes";
  }
  if (absl::StrContains(message, "Expected string, got: ")) {
    return "; texts, dates and amounts stand in quotes";
  }
  const std::vector<std::string> quoted = QuotedIn(message);
  if (quoted.size() < 2) return "";
  const bool is_field = absl::StrContains(message, "has no field named");
  const bool is_value = absl::StrContains(message, "nknown enumeration value");
  if (!is_field && !is_value) return "";
  std::vector<std::string> names;
  std::set<const Descriptor*> seen;
  VisitFieldsOf(root, seen, [&](const FieldDescriptor& field) {
    if (is_field && field.containing_type()->full_name() == quoted[0]) {
      names.push_back(field.name());
    }
    if (is_value && field.name() == quoted[1] && field.enum_type() != nullptr) {
      // The first says that nothing is set.
      for (int i = 1; i < field.enum_type()->value_count(); ++i) {
        names.push_back(field.enum_type()->value(i)->name());
      }
    }
  });
  if (!is_field) return NearOrAll(quoted[0], names);
  const std::string elsewhere = WhereItBelongs(quoted[0], quoted[1]);
  return elsewhere.empty() ? NearOrAll(quoted[1], names) : elsewhere;
}

// Gathers a text's errors as FILE:LINE:COLUMN: message.
class ErrorLines : public google::protobuf::io::ErrorCollector {
 public:
  ErrorLines(absl::string_view path, const Descriptor& root)
      : path_(path), root_(root) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    absl::StrAppend(&text_, text_.empty() ? "" : "\n", path_, ":");
    // Unknown places are negative, known ones count from 0.
    if (line >= 0) absl::StrAppend(&text_, line + 1, ":", column + 1, ":");
    const std::string meant = WhatWasMeant(root_, message);
    absl::StrAppend(&text_, " ",
                    meant.empty() ? message : absl::StripSuffix(message, "."),
                    meant);
  }
  const std::string& text() const { return text_; }

 private:
  const std::string path_;
  const Descriptor& root_;
  std::string text_;
};

// Passes over the mark that some editors put before a text in UTF-8.
void SkipByteOrderMark(google::protobuf::io::FileInputStream& file) {
  constexpr absl::string_view kMark = "\xEF\xBB\xBF";
  const void* data;
  int size;
  if (!file.Next(&data, &size)) return;
  const bool has_mark =
      absl::StartsWith(absl::string_view(static_cast<const char*>(data),
                                         static_cast<size_t>(size)),
                       kMark);
  file.BackUp(has_mark ? size - static_cast<int>(kMark.size()) : size);
}

// A part of a path, such as "rules[3]": the field's name, and -1 for an index
// when it has none.
std::pair<std::string, int> SplitIndex(absl::string_view part) {
  const size_t bracket = part.find('[');
  int index = -1;
  if (bracket != absl::string_view::npos &&
      !absl::SimpleAtoi(part.substr(bracket + 1, part.find(']') - bracket - 1),
                        &index)) {
    index = -1;
  }
  return {std::string(part.substr(0, bracket)), index};
}

// Whether a file says that it holds another message than a scenario.
bool SaysOtherwise(const std::string& path) {
  constexpr absl::string_view kSays = "# proto-message:";
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line) && absl::StartsWith(line, "#")) {
    absl::string_view rest = line;
    if (absl::ConsumePrefix(&rest, kSays)) {
      return absl::StripAsciiWhitespace(rest) !=
             scenario::v1::Scenario::descriptor()->full_name();
    }
  }
  return false;
}

}  // namespace

TextPlace TextPlaces::Find(const Descriptor& type,
                           absl::string_view path) const {
  TextPlace place;
  const Descriptor* message = &type;
  const TextFormat::ParseInfoTree* tree = tree_.get();
  for (const absl::string_view part : absl::StrSplit(path, '.')) {
    if (tree == nullptr || message == nullptr) break;
    auto [name, index] = SplitIndex(part);
    const FieldDescriptor* field = message->FindFieldByName(name);
    if (field == nullptr) break;
    if (field->is_repeated() && index < 0) index = 0;
    const auto found = tree->GetLocation(field, index);
    if (found.line < 0) break;
    place = {.line = found.line + 1, .column = found.column + 1};
    message = field->message_type();
    tree = message == nullptr ? nullptr : tree->GetTreeForNested(field, index);
  }
  return place;
}

std::string FormatPlace(absl::string_view path, TextPlace place) {
  if (place.line == 0) return std::string(path);
  return absl::StrCat(path, ":", place.line, ":", place.column);
}

std::string FormatViolation(absl::string_view path, const TextPlaces& places,
                            const Descriptor& type,
                            const FieldViolation& violation) {
  return absl::StrCat(FormatPlace(path, places.Find(type, violation.field)),
                      ": ", violation.field, ": ", violation.description);
}

absl::Status ReadTextFile(const std::string& path,
                          google::protobuf::Message& message,
                          TextPlaces* places) {
  const bool is_input = path == "-";
  const std::string name = is_input ? "standard input" : path;
  const int fd =
      is_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", name));
  }
  google::protobuf::io::FileInputStream file(fd);
  file.SetCloseOnDelete(!is_input);
  SkipByteOrderMark(file);
  ErrorLines errors(name, *message.GetDescriptor());
  TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  if (places != nullptr) parser.WriteLocationsTo(places->tree());
  const bool parsed = parser.Parse(&file, &message);
  if (file.GetErrno() != 0) {
    return absl::ErrnoToStatus(file.GetErrno(),
                               absl::StrCat("cannot read ", name));
  }
  if (!parsed) return absl::InvalidArgumentError(errors.text());
  if (message.ByteSizeLong() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " is empty or all comments; it must hold a ",
                     message.GetTypeName(), " in text form"));
  }
  return absl::OkStatus();
}

absl::StatusOr<ScenarioFile> ReadScenario(const std::string& path) {
  ScenarioFile file;
  file.path = path;
  RETURN_IF_ERROR(ReadTextFile(path, file.scenario, &file.places));
  if (file.scenario.steps_size() == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": a scenario without steps"));
  }
  if (file.scenario.title().empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": title: is required: what the story shows"));
  }
  for (int i = 0; i < file.scenario.steps_size(); ++i) {
    file.step_lines.push_back(file.places
                                  .Find(*file.scenario.GetDescriptor(),
                                        absl::StrCat("steps[", i, "]"))
                                  .line);
  }
  return file;
}

absl::StatusOr<std::vector<std::string>> FindScenarios(
    const std::string& name) {
  namespace fs = std::filesystem;
  if (!fs::is_directory(name)) return std::vector<std::string>{name};
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(name)) {
    const std::string path = entry.path().string();
    if (entry.is_regular_file() && entry.path().extension() == ".textproto" &&
        !SaysOtherwise(path)) {
      paths.push_back(path);
    }
  }
  if (paths.empty()) {
    return absl::NotFoundError(
        absl::StrCat(name, " holds no scenario (*.textproto)"));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace chipledger::scenarios
