#include "ledger/scenario/rule_field.h"

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "ledger/base/decimal.h"

namespace chipledger::scenarios {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// The rule whose id a path begins with, the longest of several; null for none.
v1::Rule* RuleOf(absl::string_view path, v1::Policy& policy) {
  v1::Rule* found = nullptr;
  for (v1::Rule& rule : *policy.mutable_rules()) {
    if (absl::StartsWith(path, absl::StrCat(rule.rule_id(), ".")) &&
        (found == nullptr || rule.rule_id().size() > found->rule_id().size())) {
      found = &rule;
    }
  }
  return found;
}

absl::Status NotThere(absl::string_view path, absl::string_view part,
                      absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("\"", path, "\": \"", part, "\" ", why));
}

// Steps into the message that a part of a path names.
absl::StatusOr<Message*> Within(absl::string_view path, absl::string_view part,
                                Message& message) {
  const size_t bracket = part.find('[');
  const FieldDescriptor* field = message.GetDescriptor()->FindFieldByName(
      std::string(part.substr(0, bracket)));
  const Reflection* reflection = message.GetReflection();
  if (field == nullptr || field->message_type() == nullptr) {
    return NotThere(path, part, "is no part of a rule there");
  }
  if (!field->is_repeated()) {
    if (!reflection->HasField(message, field)) {
      return NotThere(path, part, "is not set in the rule");
    }
    return reflection->MutableMessage(&message, field);
  }
  int index = -1;
  if (bracket == absl::string_view::npos || !absl::EndsWith(part, "]") ||
      !absl::SimpleAtoi(part.substr(bracket + 1, part.size() - bracket - 2),
                        &index) ||
      index < 0 || index >= reflection->FieldSize(message, field)) {
    return NotThere(path, part, "is not one of the rule's, counted from [0]");
  }
  return reflection->MutableRepeatedMessage(&message, field, index);
}

int ScaleOf(const FieldDescriptor& field) {
  if (absl::StrContains(field.name(), "milli_tpp")) return 3;
  if (field.name() == "parts_per_million") return 4;
  return 0;
}

}  // namespace

absl::StatusOr<RuleField> RuleField::Find(absl::string_view path,
                                          v1::Policy& policy) {
  v1::Rule* rule = RuleOf(path, policy);
  if (rule == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", path, "\" does not begin with the id of a rule and \".\""));
  }
  Message* message = rule;
  std::vector<absl::string_view> parts =
      absl::StrSplit(path.substr(rule->rule_id().size() + 1), '.');
  const absl::string_view last = parts.back();
  parts.pop_back();
  for (const absl::string_view part : parts) {
    const absl::StatusOr<Message*> within = Within(path, part, *message);
    if (!within.ok()) return within.status();
    message = *within;
  }
  const FieldDescriptor* field =
      message->GetDescriptor()->FindFieldByName(std::string(last));
  if (field == nullptr || field->is_repeated() ||
      (field->cpp_type() != FieldDescriptor::CPPTYPE_STRING &&
       field->cpp_type() != FieldDescriptor::CPPTYPE_INT64)) {
    return NotThere(path, last, "is no text or number of a rule there");
  }
  if (!message->GetReflection()->HasField(*message, field)) {
    return NotThere(path, last, "is not set in the rule");
  }
  return RuleField(message, field, ScaleOf(*field));
}

std::string RuleField::Get() const {
  const Reflection* reflection = message_->GetReflection();
  if (field_->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    return reflection->GetString(*message_, field_);
  }
  return FormatDecimal(reflection->GetInt64(*message_, field_), scale_);
}

absl::Status RuleField::Set(const std::string& text) const {
  const Reflection* reflection = message_->GetReflection();
  if (field_->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection->SetString(message_, field_, text);
    return absl::OkStatus();
  }
  const std::optional<int64_t> value = ParseDecimal(text, scale_);
  if (!value.has_value()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is no number with at most ", scale_, " decimals"));
  }
  reflection->SetInt64(message_, field_, *value);
  return absl::OkStatus();
}

}  // namespace chipledger::scenarios
