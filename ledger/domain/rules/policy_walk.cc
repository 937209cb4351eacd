#include "ledger/domain/rules/policy_walk.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace chipledger::domain {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void VisitMessagesIn(
    const Message& message, const std::string& path,
    absl::FunctionRef<void(const Message&, const std::string&)> visit) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  const auto visit_one = [&](const Message& one, const std::string& at) {
    VisitMessagesIn(one, at, visit);
    visit(one, at);
  };
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    const std::string at = absl::StrCat(path, ".", field->name());
    if (!field->is_repeated()) {
      visit_one(reflection->GetMessage(message, field), at);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      visit_one(reflection->GetRepeatedMessage(message, field, i),
                absl::StrCat(at, "[", i, "]"));
    }
  }
}

}  // namespace chipledger::domain
