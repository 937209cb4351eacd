#include "ledger/domain/policy_names.h"

#include <initializer_list>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "ledger/domain/rules/policy_walk.h"

namespace chipledger::domain {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// What the strings of a field name.
enum class Names { kProduct, kParty, kGroup };

struct NamingField {
  const FieldDescriptor* field;
  Names names;
};

const std::vector<NamingField>& NamingFields() {
  static const auto& fields = *new std::vector<NamingField>([] {
    std::vector<NamingField> found;
    const auto add = [&](const google::protobuf::Descriptor* type,
                         std::initializer_list<int> numbers, Names names) {
      for (const int number : numbers) {
        found.push_back({type->FindFieldByNumber(number), names});
      }
    };
    using Where = v1::FactFilter;
    add(Where::descriptor(),
        {Where::kDestinationGroupsFieldNumber,
         Where::kExceptDestinationGroupsFieldNumber,
         Where::kHeadquartersGroupsFieldNumber,
         Where::kExceptHeadquartersGroupsFieldNumber},
        Names::kGroup);
    return found;
  }());
  return fields;
}

// Returns what is wrong with a name; empty when nothing is.
std::string WhatIsWrong(const Catalog& catalog, Names names,
                        const std::string& name) {
  switch (names) {
    case Names::kProduct:
      if (catalog.products.Find(name) != nullptr) return "";
      return "is no product of the ledger; register it first";
    case Names::kParty:
      if (catalog.parties.Find(name) != nullptr) return "";
      return "is no party of the ledger; register it first";
    case Names::kGroup:
      if (catalog.groups.Find(name) != nullptr) return "";
      return "is no country group of the ledger; make it first, or give it in "
             "country_groups of the policy file";
  }
  return "";
}

void CheckMessage(const Catalog& catalog, const Message& message,
                  const std::string& path, FieldChecks& checks) {
  const auto* reflection = message.GetReflection();
  const auto check = [&](Names names, const std::string& name,
                         const std::string& at) {
    const std::string wrong = WhatIsWrong(catalog, names, name);
    if (!wrong.empty()) checks.Add(at, absl::StrCat("\"", name, "\" ", wrong));
  };
  for (const auto& [field, names] : NamingFields()) {
    if (field->containing_type() != message.GetDescriptor()) continue;
    const std::string at = absl::StrCat(path, ".", field->name());
    if (!field->is_repeated()) {
      check(names, reflection->GetString(message, field), at);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      check(names, reflection->GetRepeatedString(message, field, i),
            absl::StrCat(at, "[", i, "]"));
    }
  }
}

}  // namespace

void CheckNamesKnown(const Catalog& catalog, const v1::Policy& policy,
                     const std::string& path, FieldChecks& checks) {
  VisitMessagesIn(policy, path,
                  [&](const Message& message, const std::string& at) {
                    CheckMessage(catalog, message, at, checks);
                  });
}

}  // namespace chipledger::domain
