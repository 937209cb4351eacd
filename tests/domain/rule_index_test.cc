// Goal: filing rules by what they name changes nothing but the cost: for any
// policies and any fact the same rules are found in the same order as by
// looking at all of them.
#include "ledger/domain/rules/rule_index.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/rules/scope.h"
#include "ledger/domain/state.h"
#include "rapidcheck/gtest.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using domain::Catalog;
using domain::CompiledPolicy;
using domain::CompiledRule;
using domain::Fact;
using domain::PlacedRule;
using domain::RuleIndex;

const std::vector<std::string> kCountries = {"MY", "SG", "CN", "HK"};
const std::vector<std::string> kGroups = {"near", "far"};
const std::vector<std::string> kExporters = {"x", "y"};
const std::vector<std::string> kLicenses = {"D1", "D2"};
const std::vector<std::string> kDates = {"2025-01-01", "2025-02-01",
                                         "2025-03-01", "2025-04-01"};

// One or two of a list.
std::vector<std::string> SomeOf(const std::vector<std::string>& list) {
  return *rc::gen::container<std::vector<std::string>>(
      static_cast<size_t>(*rc::gen::inRange(1, 3)), rc::gen::elementOf(list));
}

v1::CountryGroup RandomGroup() {
  v1::CountryGroup group;
  for (const std::string& country : SomeOf(kCountries)) {
    v1::MembershipChange& change = *group.add_changes();
    change.set_country(country);
    change.set_kind(*rc::gen::element(v1::MembershipChange::KIND_JOIN,
                                      v1::MembershipChange::KIND_LEAVE));
    change.set_effective_date(*rc::gen::elementOf(kDates));
  }
  return group;
}

v1::Rule RandomRule(int number) {
  v1::Rule rule = FromText<v1::Rule>(
      "title: 'R' measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED window { "
      "open {} } limit { none {} } enforcement { mode: MODE_REPORT_ONLY }");
  rule.set_rule_id(absl::StrCat("rule", number));
  v1::FactFilter& where = *rule.mutable_scope()->mutable_where();
  // Most rules name little.
  const auto fill = [](const std::vector<std::string>& list, auto& field) {
    if (*rc::gen::inRange(0, 4) != 0) return;
    for (const std::string& value : SomeOf(list)) *field.Add() = value;
  };
  fill(kCountries, *where.mutable_destination_countries());
  fill(kGroups, *where.mutable_destination_groups());
  fill(kGroups, *where.mutable_except_destination_groups());
  fill(kExporters, *where.mutable_exporters());
  fill(kLicenses, *where.mutable_license_ids());
  return rule;
}

v1::AdoptedPolicy RandomPolicy(int number) {
  v1::AdoptedPolicy adopted;
  adopted.set_index(static_cast<uint64_t>(number) + 1);
  v1::Policy& policy = *adopted.mutable_policy();
  policy.set_policy_id(absl::StrCat("policy", number));
  policy.set_effective_from(*rc::gen::elementOf(kDates));
  if (*rc::gen::arbitrary<bool>()) {
    adopted.set_rescinded_from(*rc::gen::elementOf(kDates));
  }
  if (*rc::gen::arbitrary<bool>()) {
    v1::CountryTreatment& treatment = *policy.add_country_treatments();
    treatment.set_country("HK");
    treatment.set_treated_as("CN");
    treatment.set_effective_from(*rc::gen::elementOf(kDates));
  }
  const int rules = *rc::gen::inRange(1, 6);
  for (int i = 0; i < rules; ++i) *policy.add_rules() = RandomRule(i);
  return adopted;
}

Catalog RandomCatalog() {
  Catalog catalog;
  for (const std::string& id : kGroups) {
    v1::CountryGroup group = RandomGroup();
    group.set_group_id(id);
    catalog.groups.Set(id, std::make_shared<domain::DatedGroup>(group));
  }
  const int policies = *rc::gen::inRange(0, 10);
  for (int i = 0; i < policies; ++i) {
    catalog.policies.Add(
        domain::CompilePolicy(static_cast<uint32_t>(i), RandomPolicy(i)));
  }
  return catalog;
}

bool Counts(const Catalog& catalog, const PlacedRule& placed,
            const Fact& fact) {
  return placed.policy->InForceOn(fact.date) &&
         domain::Selects(catalog, *placed.policy, placed.rule->where, fact);
}

// Compares the index of a random catalog with a look at all rules, for every
// date that the index covers.
void CompareWithAll() {
  const Catalog catalog = RandomCatalog();
  const Date made_for = *Date::Parse(*rc::gen::elementOf(kDates));
  const RuleIndex index(catalog, made_for);
  RC_ASSERT(index.Covers(catalog, made_for));
  const std::string exporter = *rc::gen::elementOf(kExporters);
  const std::string license = *rc::gen::elementOf(kLicenses);
  for (int32_t days = -70; days < 70; ++days) {
    Fact fact{.date = Date::FromDays(made_for.days() + days)};
    if (!index.Covers(catalog, fact.date)) continue;
    fact.exporter = exporter;
    fact.license_id = license;
    for (const std::string& country : kCountries) {
      fact.country = country;
      std::vector<PlacedRule> all;
      for (const auto& policy : catalog.policies) {
        for (const CompiledRule& rule : policy->rules) {
          const PlacedRule placed{policy.get(), &rule};
          if (Counts(catalog, placed, fact)) all.push_back(placed);
        }
      }
      std::vector<PlacedRule> found;
      for (const PlacedRule& placed : index.Match(fact)) {
        if (Counts(catalog, placed, fact)) found.push_back(placed);
      }
      RC_ASSERT(found == all);
    }
  }
}

RC_GTEST_PROP(RuleIndexProperty, FindsWhatLookingAtAllFinds, ()) {
  for (int i = 0; i < 20; ++i) CompareWithAll();
}

TEST(RuleIndexTest, WhatIsNotInForceOrNamesOthersIsNoCandidate) {
  Catalog catalog;
  const auto adopt = [&](const std::string& policy) {
    v1::AdoptedPolicy adopted;
    adopted.set_index(catalog.policies.size() + 1);
    *adopted.mutable_policy() = FromText<v1::Policy>(policy);
    catalog.policies.Add(domain::CompilePolicy(
        static_cast<uint32_t>(catalog.policies.size()), adopted));
  };
  const std::string rule =
      "rules { rule_id: 'r' measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED "
      "window { open {} } limit { none {} } scope { where { ";
  for (int i = 0; i < 1'000; ++i) {
    adopt("effective_from: '2024-01-01' effective_to: '2025-01-01' " + rule +
          "} } }");
    adopt("effective_from: '2024-01-01' " + rule +
          "destination_countries: 'SG' } } }");
  }
  adopt("effective_from: '2024-01-01' " + rule +
        "destination_countries: 'MY' } } }");
  Fact fact{.date = *Date::Parse("2025-06-01"), .country = "MY"};
  const RuleIndex::Rules found = RuleIndex(catalog, fact.date).Match(fact);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].policy, catalog.policies.back().get());
}

TEST(RuleIndexTest, IsMadeAnewWhenPoliciesOrGroupsChange) {
  Catalog catalog;
  const Date date = *Date::Parse("2025-06-01");
  const RuleIndex index(catalog, date);
  EXPECT_TRUE(index.Covers(catalog, date));
  Catalog more_groups = catalog;
  more_groups.groups.Set(
      "near", std::make_shared<domain::DatedGroup>(v1::CountryGroup()));
  EXPECT_FALSE(index.Covers(more_groups, date));
  Catalog more_policies = catalog;
  v1::AdoptedPolicy adopted;
  adopted.mutable_policy()->set_effective_from("2025-07-01");
  more_policies.policies.Add(domain::CompilePolicy(0, adopted));
  EXPECT_FALSE(index.Covers(more_policies, date));
}

}  // namespace
}  // namespace chipledger::testing
