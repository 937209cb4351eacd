#include "ledger/domain/unknown_fields.h"

#include <map>
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

// Where to look in a message of one type: the fields that hold messages, and
// the oneofs, of which one field at most is set.
struct Plan {
  std::vector<const FieldDescriptor*> messages;
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

// Returns the path of the first unknown field from the message on; empty: there
// is none.
std::string FindUnknown(const Message& message, const Plan& plan);

std::string FindUnknownIn(const Message& message, const FieldDescriptor& field,
                          const Plan& plan) {
  const Reflection& reflection = *message.GetReflection();
  if (!field.is_repeated()) {
    if (!reflection.HasField(message, &field)) return "";
    const std::string path =
        FindUnknown(reflection.GetMessage(message, &field), plan);
    return path.empty() ? "" : absl::StrCat(field.name(), ".", path);
  }
  for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
    const std::string path =
        FindUnknown(reflection.GetRepeatedMessage(message, &field, i), plan);
    if (!path.empty()) return absl::StrCat(field.name(), "[", i, "].", path);
  }
  return "";
}

std::string FindUnknown(const Message& message, const Plan& plan) {
  const Reflection& reflection = *message.GetReflection();
  const auto& unknown = reflection.GetUnknownFields(message);
  if (!unknown.empty()) return absl::StrCat(unknown.field(0).number());
  const auto plan_of = [&](const FieldDescriptor& field) -> const Plan& {
    return *plan.of_field[static_cast<size_t>(field.index())];
  };
  for (const FieldDescriptor* field : plan.messages) {
    std::string path = FindUnknownIn(message, *field, plan_of(*field));
    if (!path.empty()) return path;
  }
  for (const OneofDescriptor* oneof : plan.oneofs) {
    const FieldDescriptor* field =
        reflection.GetOneofFieldDescriptor(message, oneof);
    if (field == nullptr ||
        plan.of_field[static_cast<size_t>(field->index())] == nullptr) {
      continue;
    }
    std::string path = FindUnknownIn(message, *field, plan_of(*field));
    if (!path.empty()) return path;
  }
  return "";
}

}  // namespace

absl::Status CheckNothingUnknown(const v1::Command& command) {
  const std::string path = FindUnknown(command, PlanOfCommand());
  return path.empty() ? absl::OkStatus() : UnknownField(path);
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
  const std::string path = FindUnknown(request, *plans_->of_request);
  return path.empty() ? absl::OkStatus() : UnknownField(path);
}

}  // namespace chipledger::domain
