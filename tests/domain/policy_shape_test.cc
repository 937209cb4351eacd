// Goal: no policy is adopted that says what it does not mean. Method: a policy
// that sets every field of the message, as its descriptor lists them, and one
// change of each field at a time that makes it senseless: a message emptied, a
// name that nothing has, a value named twice, a number below zero. Fields that
// are added later must be set here, and are then changed like all others.
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "chipledger/v1/policy.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/check.h"
#include "ledger/domain/rules/policy.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kNoSuchValue = 9'999;

// Every field is set in one of its rules.
v1::Policy FullPolicy() {
  return FromText<v1::Policy>(R"pb(
    policy_id: "p"
    title: "P"
    description: "All that can be said."
    effective_from: "2025-01-01"
    effective_to: "2030-01-01"
    provenance {
      citation: "c"
      legal_status: LEGAL_STATUS_IN_FORCE
      enforcement_status: ENFORCEMENT_STATUS_ENFORCED
      confidence: "certain"
      sources: "s"
    }
    country_treatments {
      country: "HK"
      treated_as: "CN"
      effective_from: "2025-01-01"
      citation: "c"
    }
    settings {
      name: "n"
      question: "q"
      chosen: "c"
      alternatives: "a"
      value: "v"
    }
    rules {
      rule_id: "licensed"
      title: "R"
      measure: MEASURE_REFERENCE_EQUIVALENT
      reference { product_code: "A" milli_tpp: 1000 }
      items {
        classifications: "3A090.a"
        product_codes: "A"
        min_milli_tpp: 1
        below_milli_tpp: 2
        below_memory_bandwidth_mb_s: 3
      }
      accrual: ACCRUAL_LICENSED
      revocation_effect: REVOCATION_EFFECT_KEEP_CHARGE
      expiry_effect: EXPIRY_EFFECT_KEEP_CHARGE
      scope {
        group_by: GROUP_BY_DESTINATION_COUNTRY
        where {
          destination_countries: "MY"
          destination_groups: "tier-2"
          except_destination_groups: "tier-3"
          license_ids: "L"
          headquarters_groups: "tier-2"
          except_headquarters_groups: "tier-3"
          exporters: "x"
          consignees: "x"
          end_users: "x"
          ultimate_parents: "x"
          authorization_kinds: AUTHORIZATION_KIND_LICENSE
        }
      }
      window { fixed { from: "2025-01-01" to: "2028-01-01" } }
      limit { constant: "100" }
      limit_cases {
        where { destination_countries: "MY" }
        limit { scaled { rule_id: "licensed" numerator: 2 denominator: 1 } }
        citation: "c"
      }
      exemptions {
        authorization_kinds: AUTHORIZATION_KIND_LICENSE
        items { product_codes: "A" }
        before: "2026-01-01"
        parties: "x"
        citation: "c"
        from: "2025-01-01"
        where { destination_countries: "SG" }
      }
      enforcement { mode: MODE_NOTIFY notify_at: "50" }
      provenance { citation: "c" }
    }
    rules {
      rule_id: "exported"
      title: "R"
      measure: MEASURE_TPP
      accrual: ACCRUAL_EXPORTED
      return_effect: RETURN_EFFECT_COUNT_BACK
      scope { where { movements: MOVEMENT_EXPORT } }
      window { calendar_year {} }
      limit { schedule { steps { from: "2025-01-01" value: "1" } } }
      enforcement { mode: MODE_REFUSE }
      test_point: TEST_POINT_SHIPMENT
      required_conditions: "lab-certificate"
      conditions_from: "100"
    }
    rules {
      rule_id: "part"
      title: "R"
      measure: MEASURE_TPP
      accrual: ACCRUAL_EXPORTED
      window { calendar_year {} }
      limit { share { of_rule_id: "exported" parts_per_million: 1 } }
      enforcement { mode: MODE_REFUSE }
    }
    rules {
      rule_id: "reported"
      title: "R"
      measure: MEASURE_GPUS
      accrual: ACCRUAL_INSTALLED_NET
      window { calendar_quarter {} }
      limit { none {} }
      enforcement { mode: MODE_REPORT_ONLY }
      test_point: TEST_POINT_REPORTING_DATE
      reporting_dates: "12-31"
    }
    rules {
      rule_id: "allowed"
      title: "R"
      measure: MEASURE_GPUS
      accrual: ACCRUAL_EXPORTED
      window { per_order {} }
      limit { predicate { allowed { min_milli_tpp: 1 } } }
      enforcement { mode: MODE_REFUSE }
    }
    rules {
      rule_id: "valued"
      title: "R"
      measure: MEASURE_VALUE_USD
      accrual: ACCRUAL_EXPORTED
      scope { group_by: [ GROUP_BY_LICENSE, GROUP_BY_LICENSE_LINE ] }
      window { validity_of_authorization {} }
      limit {
        authorized {
          numerator: 11
          denominator: 10
          while_quantity_remains: true
        }
      }
      enforcement { mode: MODE_REFUSE }
    }
    rules {
      rule_id: "unknown"
      title: "R"
      measure: MEASURE_GPUS
      accrual: ACCRUAL_EXPORTED
      window { open {} }
      limit { unknown {} }
      enforcement { mode: MODE_REPORT_ONLY }
    }
    rules {
      rule_id: "none-at-all"
      title: "R"
      measure: MEASURE_GPUS
      accrual: ACCRUAL_EXPORTED
      window { open {} }
      limit { zero {} }
      enforcement { mode: MODE_REFUSE }
    })pb");
}

// What the full policy names, in a ledger.
scenarios::MemoryLedger MakeLedger() {
  scenarios::MemoryLedger ledger;
  for (const char* text :
       {R"pb(register_product {
               product {
                 product_code: "A"
                 gpus_per_unit: 1
                 milli_tpp_per_gpu: 1000
                 classification: "3A090.a"
                 source: "s"
               }
             })pb",
        R"pb(register_party { party { party_id: "x" name: "X" } })pb",
        R"pb(change_country_group { group_id: "tier-2" })pb",
        R"pb(change_country_group { group_id: "tier-3" })pb"}) {
    EXPECT_TRUE(ledger.Submit({Cmd(text)}).status.ok()) << text;
  }
  return ledger;
}

// All fields of a type of messages and of those in it.
void AddFields(const Descriptor* type, std::set<const FieldDescriptor*>& all) {
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (all.insert(field).second && field->message_type() != nullptr) {
      AddFields(field->message_type(), all);
    }
  }
}

// A place in the full policy: a field that is set there. `change` gives the
// message that holds it in a copy.
struct Place {
  std::string path;
  const FieldDescriptor* field;
  std::function<Message*(v1::Policy&)> holder;
};

void AddPlaces(const Message& message, const std::string& path,
               const std::function<Message*(v1::Policy&)>& holder,
               std::vector<Place>& places) {
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string at = absl::StrCat(path, ".", field->name());
    places.push_back({at, field, holder});
    if (field->message_type() == nullptr) continue;
    if (!field->is_repeated()) {
      AddPlaces(
          reflection->GetMessage(message, field), at,
          [holder, field](v1::Policy& policy) {
            Message* m = holder(policy);
            return m->GetReflection()->MutableMessage(m, field);
          },
          places);
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      AddPlaces(
          reflection->GetRepeatedMessage(message, field, i),
          absl::StrCat(at, "[", i, "]"),
          [holder, field, i](v1::Policy& policy) {
            Message* m = holder(policy);
            return m->GetReflection()->MutableRepeatedMessage(m, field, i);
          },
          places);
    }
  }
}

std::vector<Place> PlacesOf(const v1::Policy& policy) {
  std::vector<Place> places;
  AddPlaces(
      policy, "policy", [](v1::Policy& p) -> Message* { return &p; }, places);
  return places;
}

// Whether an error names a field, something in it, or, for what must go with
// something else, a field beside it.
bool Names(const absl::Status& status, const std::string& path) {
  for (const auto& violation : GetFieldViolations(status)) {
    absl::string_view rest = violation.field;
    if (absl::ConsumePrefix(&rest, path) &&
        (rest.empty() || rest[0] == '.' || rest[0] == '[')) {
      return true;
    }
  }
  return false;
}

void ExpectRefused(const v1::Policy& policy, const std::string& path,
                   const std::string& change) {
  const absl::Status status = domain::CheckPolicy(policy, "policy");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument)
      << path << " " << change << " is taken";
  EXPECT_TRUE(Names(status, path)) << path << " " << change << ": " << status;
}

TEST(PolicyShapeTest, TheFullPolicyIsTakenAndSetsEveryField) {
  const v1::Policy policy = FullPolicy();
  EXPECT_EQ(domain::CheckPolicy(policy, "policy"), absl::OkStatus());
  std::set<const FieldDescriptor*> missing;
  AddFields(v1::Policy::descriptor(), missing);
  for (const Place& place : PlacesOf(policy)) missing.erase(place.field);
  for (const FieldDescriptor* field : missing) {
    ADD_FAILURE() << field->full_name() << " is nowhere in FullPolicy";
  }
}

TEST(PolicyShapeTest, AMessageThatSaysNothingIsRefused) {
  const v1::Policy full = FullPolicy();
  for (const Place& place : PlacesOf(full)) {
    const Descriptor* type = place.field->message_type();
    // What says all by its name.
    if (type == nullptr || type->field_count() == 0 ||
        type == v1::Limit::Authorized::descriptor()) {
      continue;
    }
    v1::Policy policy = full;
    Message* holder = place.holder(policy);
    const Reflection* reflection = holder->GetReflection();
    std::string path = place.path;
    if (place.field->is_repeated()) {
      absl::StrAppend(&path, "[", reflection->FieldSize(*holder, place.field),
                      "]");
      reflection->AddMessage(holder, place.field);
    } else {
      reflection->MutableMessage(holder, place.field)->Clear();
    }
    ExpectRefused(policy, path, "emptied");
  }
}

TEST(PolicyShapeTest, AnElementThatIsEmptyOrNamedTwiceIsRefused) {
  const v1::Policy full = FullPolicy();
  for (const Place& place : PlacesOf(full)) {
    const FieldDescriptor* field = place.field;
    if (!field->is_repeated() || field->message_type() != nullptr) continue;
    const auto with = [&](const std::string& change, auto&& add) {
      v1::Policy policy = full;
      Message* holder = place.holder(policy);
      const Reflection* reflection = holder->GetReflection();
      const int size = reflection->FieldSize(*holder, field);
      add(*holder, *reflection);
      ExpectRefused(policy, absl::StrCat(place.path, "[", size, "]"), change);
    };
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      with("with an empty element", [&](Message& m, const Reflection& r) {
        r.AddString(&m, field, "");
      });
      with("named twice", [&](Message& m, const Reflection& r) {
        r.AddString(&m, field, r.GetRepeatedString(m, field, 0));
      });
    } else {
      ASSERT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_ENUM);
      // No kind of authorization is that of facts without one.
      if (field->name() != "authorization_kinds") {
        with("with an unset element", [&](Message& m, const Reflection& r) {
          r.AddEnumValue(&m, field, 0);
        });
      }
      with("with an unknown element", [&](Message& m, const Reflection& r) {
        r.AddEnumValue(&m, field, kNoSuchValue);
      });
      with("named twice", [&](Message& m, const Reflection& r) {
        r.AddEnumValue(&m, field, r.GetRepeatedEnumValue(m, field, 0));
      });
    }
  }
}

TEST(PolicyShapeTest, AValueThatCannotBeMeantIsRefused) {
  const v1::Policy full = FullPolicy();
  for (const Place& place : PlacesOf(full)) {
    const FieldDescriptor* field = place.field;
    if (field->is_repeated() || field->message_type() != nullptr) continue;
    v1::Policy policy = full;
    Message* holder = place.holder(policy);
    const Reflection* reflection = holder->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        // Too long for anything, and no id, date or number.
        reflection->SetString(holder, field, std::string(100'000, '?'));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->SetInt64(holder, field, -1);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnumValue(holder, field, kNoSuchValue);
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        continue;
      default:
        FAIL() << place.path << ": say what cannot be meant by its type";
    }
    const bool is_enum = field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    if (!is_enum) {
      ExpectRefused(policy, place.path, "without sense");
      continue;
    }
    // Values of enumerations are looked at for all commands alike.
    v1::Command command;
    *command.mutable_adopt_policy()->mutable_policy() = policy;
    const absl::Status status = domain::CheckCommand(command);
    const auto cause = GetErrorCause(status);
    ASSERT_TRUE(cause) << place.path << ": " << status;
    EXPECT_EQ(cause->reason, "UNKNOWN_FIELD") << place.path;
    EXPECT_TRUE(absl::StrContains(status.message(), place.path)) << status;
  }
}

TEST(PolicyShapeTest, WhatALedgerDoesNotKnowCannotBeNamed) {
  scenarios::MemoryLedger ledger = MakeLedger();
  const auto adopt = [&](const v1::Policy& policy) {
    v1::Command command;
    *command.mutable_adopt_policy()->mutable_policy() = policy;
    return ledger.Submit({command}, /*validate_only=*/true).status;
  };
  const v1::Policy full = FullPolicy();
  ASSERT_EQ(adopt(full), absl::OkStatus());
  // Lists whose elements name nothing that a ledger could know before.
  const std::set<std::string> free = {"sources", "license_ids",
                                      "classifications", "required_conditions",
                                      "reporting_dates"};
  for (const Place& place : PlacesOf(full)) {
    const FieldDescriptor* field = place.field;
    if (!field->is_repeated() || free.contains(field->name()) ||
        field->cpp_type() != FieldDescriptor::CPPTYPE_STRING) {
      continue;
    }
    v1::Policy policy = full;
    Message* holder = place.holder(policy);
    holder->GetReflection()->AddString(holder, field, "gone");
    const absl::Status status = adopt(policy);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << place.path;
    EXPECT_TRUE(Names(status, absl::StrCat(place.path, "[1]"))) << status;
  }
  v1::Policy policy = full;
  policy.mutable_rules(0)->mutable_reference()->set_product_code("gone");
  EXPECT_TRUE(Names(adopt(policy), "policy.rules[0].reference.product_code"));
}

}  // namespace
}  // namespace chipledger::testing
