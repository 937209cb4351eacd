#include "ledger/domain/unknown_fields.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/unknown_field_set.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

// Where to look in a message of one type: the fields that hold messages and
// values of enumerations, and the oneofs, of which one field at most is set.
struct Plan {
  std::vector<const FieldDescriptor*> messages;
  std::vector<const FieldDescriptor*> enums;
  std::vector<const OneofDescriptor*> oneofs;
  // Of the message that a field holds, by the field's index in its message;
  // null for other fields.
  std::vector<const Plan*> of_field;
};

// Plans by type.
struct Plans {
  // A map whose plans stay where they are.
  std::map<const Descriptor*, Plan> of_type;
  // Types whose messages are not looked into.
  std::set<const Descriptor*> passed_over;
};

const Plan& AddPlans(const Descriptor& type, Plans& plans) {
  const auto [it, is_new] = plans.of_type.try_emplace(&type);
  Plan& plan = it->second;
  if (!is_new) return plan;
  plan.of_field.resize(static_cast<size_t>(type.field_count()));
  for (int i = 0; i < type.real_oneof_decl_count(); ++i) {
    plan.oneofs.push_back(type.oneof_decl(i));
  }
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      plan.enums.push_back(field);
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        plans.passed_over.count(field->message_type()) > 0) {
      continue;
    }
    if (field->real_containing_oneof() == nullptr) {
      plan.messages.push_back(field);
    }
    plan.of_field[static_cast<size_t>(i)] =
        &AddPlans(*field->message_type(), plans);
  }
  return plan;
}

const Plan& PlanOfCommand() {
  static const Plan& plan = AddPlans(*v1::Command::descriptor(), *new Plans);
  return plan;
}

// What is not known: a field, or a value of one.
struct Unknown {
  // From the message on.
  std::string path;
  std::optional<int> value;

  absl::Status ToStatus() const {
    return value ? UnknownValue(path, *value) : UnknownField(path);
  }
};

// Returns the first thing that is not known, if any.
std::optional<Unknown> FindUnknown(const Message& message, const Plan& plan);

std::optional<Unknown> FindUnknownIn(const Message& message,
                                     const FieldDescriptor& field,
                                     const Plan& plan) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    if (!reflection.HasField(message, &field)) return std::nullopt;
    auto found = FindUnknown(reflection.GetMessage(message, &field), plan);
    if (found) found->path = absl::StrCat(field.name(), ".", found->path);
    return found;
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    auto found =
        FindUnknown(reflection.GetRepeatedMessage(message, &field, i), plan);
    if (!found) continue;
    found->path = absl::StrCat(field.name(), "[", i, "].", found->path);
    return found;
  }
  return std::nullopt;
}

std::optional<Unknown> FindUnknownValue(const Message& message,
                                        const FieldDescriptor& field) {
  const Reflection& reflection = *message.GetReflection();
  const auto is_known = [&field](int value) {
    return field.enum_type()->FindValueByNumber(value) != nullptr;
  };
  if (!field.is_repeated()) {
    const int value = reflection.GetEnumValue(message, &field);
    if (is_known(value)) return std::nullopt;
    return Unknown{field.name(), value};
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const int value = reflection.GetRepeatedEnumValue(message, &field, i);
    if (is_known(value)) continue;
    return Unknown{absl::StrCat(field.name(), "[", i, "]"), value};
  }
  return std::nullopt;
}

std::optional<Unknown> FindUnknown(const Message& message, const Plan& plan) {
  const Reflection& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (!unknown.empty()) {
    return Unknown{absl::StrCat(unknown.field(0).number()), std::nullopt};
  }
  for (const FieldDescriptor* field : plan.enums) {
    if (auto found = FindUnknownValue(message, *field)) return found;
  }
  const auto plan_of = [&](const FieldDescriptor& field) -> const Plan& {
    return *plan.of_field[static_cast<size_t>(field.index())];
  };
  for (const FieldDescriptor* field : plan.messages) {
    if (auto found = FindUnknownIn(message, *field, plan_of(*field))) {
      return found;
    }
  }
  for (const OneofDescriptor* oneof : plan.oneofs) {
    const FieldDescriptor* field =
        reflection.GetOneofFieldDescriptor(message, oneof);
    if (field == nullptr ||
        plan.of_field[static_cast<size_t>(field->index())] == nullptr) {
      continue;
    }
    if (auto found = FindUnknownIn(message, *field, plan_of(*field))) {
      return found;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::Status CheckNothingUnknown(const v1::Command& command) {
  const auto found = FindUnknown(command, PlanOfCommand());
  return found ? found->ToStatus() : absl::OkStatus();
}

struct EnvelopeCheck::Plans {
  domain::Plans all;
  const Plan* of_request = nullptr;
};

EnvelopeCheck::EnvelopeCheck(const Descriptor& type)
    : plans_([&type] {
        auto plans = std::make_unique<Plans>();
        const Descriptor* command = v1::Command::descriptor();
        plans->all.passed_over.insert(command);
        for (int i = 0; i < command->field_count(); ++i) {
          plans->all.passed_over.insert(command->field(i)->message_type());
        }
        plans->of_request = &AddPlans(type, plans->all);
        return plans;
      }()) {}

EnvelopeCheck::~EnvelopeCheck() = default;

absl::Status EnvelopeCheck::operator()(const Message& request) const {
  const auto found = FindUnknown(request, *plans_->of_request);
  return found ? found->ToStatus() : absl::OkStatus();
}

}  // namespace chipledger::domain
