#include "ledger/domain/rules/policy_change.h"

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"

namespace chipledger::domain {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Whether a field is the same in both. Requires: they are of one type.
bool AreSame(const Message& a, const Message& b, const FieldDescriptor* field) {
  // The messages without all other fields.
  const auto bytes_of = [field](const Message& message) {
    std::unique_ptr<Message> only(message.New());
    only->CopyFrom(message);
    std::vector<const FieldDescriptor*> fields;
    const Reflection* reflection = only->GetReflection();
    reflection->ListFields(*only, &fields);
    for (const FieldDescriptor* other : fields) {
      if (other != field) reflection->ClearField(only.get(), other);
    }
    return only->SerializeAsString();
  };
  return bytes_of(a) == bytes_of(b);
}

void AppendDifferences(const Message& a, const Message& b,
                       const std::string& prefix,
                       std::vector<std::string>& fields) {
  const Reflection* reflection = a.GetReflection();
  for (int i = 0; i < a.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = a.GetDescriptor()->field(i);
    if (AreSame(a, b, field)) continue;
    const std::string path = absl::StrCat(prefix, field->name());
    // A scope that is unset is one that says nothing.
    const bool within =
        field->message_type() != nullptr && !field->is_repeated() &&
        ((reflection->HasField(a, field) && reflection->HasField(b, field)) ||
         field->message_type() == v1::Scope::descriptor());
    if (within) {
      AppendDifferences(reflection->GetMessage(a, field),
                        reflection->GetMessage(b, field), path + ".", fields);
    } else {
      fields.push_back(path);
    }
  }
}

// The rule without what means nothing: the order of its keys.
v1::Rule Ordered(const v1::Rule& rule) {
  v1::Rule ordered = rule;
  if (!rule.scope().group_by().empty()) {
    auto& keys = *ordered.mutable_scope()->mutable_group_by();
    std::sort(keys.begin(), keys.end());
  }
  return ordered;
}

const v1::Rule* FindRule(const v1::Policy& policy, const std::string& rule_id) {
  for (const v1::Rule& rule : policy.rules()) {
    if (rule.rule_id() == rule_id) return &rule;
  }
  return nullptr;
}

// Whether a path is one of these or leads into one.
bool IsWithin(absl::string_view path,
              std::initializer_list<absl::string_view> fields) {
  return std::any_of(fields.begin(), fields.end(), [&](absl::string_view one) {
    absl::string_view rest = path;
    return absl::ConsumePrefix(&rest, one) && (rest.empty() || rest[0] == '.');
  });
}

}  // namespace

std::vector<std::string> FieldsThatDiffer(const Message& a, const Message& b) {
  std::vector<std::string> fields;
  AppendDifferences(a, b, "", fields);
  return fields;
}

std::vector<RuleChange> ChangesOf(const v1::Policy& before,
                                  const v1::Policy& after) {
  std::vector<RuleChange> changes;
  for (const v1::Rule& rule : after.rules()) {
    RuleChange change{.before = FindRule(before, rule.rule_id()),
                      .after = &rule};
    if (change.before != nullptr) {
      AppendDifferences(Ordered(*change.before), Ordered(rule), "",
                        change.fields);
      if (change.fields.empty()) continue;
    }
    changes.push_back(std::move(change));
  }
  for (const v1::Rule& rule : before.rules()) {
    if (FindRule(after, rule.rule_id()) == nullptr) {
      changes.push_back({.before = &rule});
    }
  }
  return changes;
}

bool MakesTotals(absl::string_view field) {
  return IsWithin(field, {"measure", "reference", "items", "accrual",
                          "scope.group_by", "window"});
}

bool SelectsFacts(absl::string_view field) {
  // Some limits let items pass uncounted.
  return field == "limit.authorized" ||
         IsWithin(field, {"scope.where", "exemptions", "revocation_effect",
                          "expiry_effect", "return_effect", "limit.predicate"});
}

}  // namespace chipledger::domain
