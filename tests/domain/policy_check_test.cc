// Goal: every part of the rule language is taken, and each contradiction is
// named by its field. Method: one good policy, and one change of it a row.
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/substitute.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/rules/policy.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using ::testing::ElementsAre;

v1::Policy GoodPolicy() {
  return FromText<v1::Policy>(R"pb(
    policy_id: "p"
    title: "P"
    effective_from: "2025-01-01"
    provenance {
      citation: "c"
      legal_status: LEGAL_STATUS_IN_FORCE
      enforcement_status: ENFORCEMENT_STATUS_ENFORCED
    }
    rules {
      rule_id: "r"
      title: "R"
      measure: MEASURE_TPP
      accrual: ACCRUAL_EXPORTED
      window { open {} }
      limit { constant: "790000000" }
      enforcement { mode: MODE_REFUSE }
    })pb");
}

// The good policy with its rule merged with `rule`.
v1::Policy With(const std::string& rule) {
  v1::Policy policy = GoodPolicy();
  policy.mutable_rules(0)->MergeFrom(FromText<v1::Rule>(rule));
  return policy;
}

TEST(PolicyCheckTest, AGoodPolicyPasses) {
  EXPECT_TRUE(domain::CheckPolicy(GoodPolicy(), "policy").ok());
}

// What a rule needs beside the part that a row is about.
struct Part {
  std::string name;
  std::string rule;
};

TEST(PolicyCheckTest, EveryPartOfTheRuleLanguageIsTaken) {
  const std::vector<Part> table = {
      {"reference equivalents",
       "measure: MEASURE_REFERENCE_EQUIVALENT "
       "reference { product_code: 'GB300' milli_tpp: 60000000 }"},
      {"value", "measure: MEASURE_VALUE_USD"},
      {"performance of items", "items { min_milli_tpp: 1 below_milli_tpp: 2 }"},
      {"bandwidth of items", "items { below_memory_bandwidth_mb_s: 1 }"},
      {"received", "accrual: ACCRUAL_RECEIVED"},
      {"installed", "accrual: ACCRUAL_INSTALLED_NET"},
      {"parties as keys",
       "scope { group_by: [GROUP_BY_HEADQUARTERS_COUNTRY, GROUP_BY_EXPORTER, "
       "GROUP_BY_CONSIGNEE, GROUP_BY_END_USER, GROUP_BY_ULTIMATE_PARENT, "
       "GROUP_BY_PRODUCT] }"},
      {"groups of countries as keys",
       "scope { group_by: GROUP_BY_COUNTRY_GROUP "
       "where { destination_groups: 'g' } }"},
      {"lines as keys",
       "scope { group_by: [GROUP_BY_LICENSE, GROUP_BY_LICENSE_LINE] }"},
      {"parties as a filter",
       "scope { where { headquarters_groups: 'g' exporters: 'g' "
       "consignees: 'g' end_users: 'g' ultimate_parents: 'g' } }"},
      {"quarters", "window { calendar_quarter {} }"},
      {"orders", "window { per_order {} }"},
      {"validity",
       "window { validity_of_authorization {} } "
       "scope { group_by: GROUP_BY_LICENSE }"},
      {"schedules",
       "limit { schedule { steps { from: '2025-01-01' value: '1' } "
       "steps { from: '2025-04-01' value: 'unknown' } } }"},
      {"predicates", "limit { predicate { allowed { min_milli_tpp: 1 } } }"},
      {"unknown limits",
       "limit { unknown {} } enforcement { mode: MODE_REFUSE }"},
      {"zero", "limit { zero {} }"},
      {"values of lines",
       "measure: MEASURE_VALUE_USD limit { authorized { "
       "numerator: 11 denominator: 10 while_quantity_remains: true } } "
       "scope { group_by: [GROUP_BY_LICENSE, GROUP_BY_LICENSE_LINE] }"},
      {"a doubled case",
       "scope { group_by: GROUP_BY_DESTINATION_COUNTRY } "
       "limit_cases { where { destination_countries: 'MY' } "
       "limit { scaled { rule_id: 'r' numerator: 2 denominator: 1 } } }"},
      {"exemptions by date",
       "exemptions { from: '2024-01-01' before: '2025-01-01' }"},
      {"exemptions before a date", "exemptions { before: '2025-01-01' }"},
      {"exemptions by party", "exemptions { parties: 'x' }"},
      {"presumption of denial", "enforcement { mode: MODE_PRESUME_DENIAL }"},
      {"notices", "enforcement { mode: MODE_NOTIFY notify_at: '1' }"},
      {"a test at the grant", "test_point: TEST_POINT_GRANT"},
      {"reporting dates",
       "test_point: TEST_POINT_REPORTING_DATE reporting_dates: '12-31' "
       "enforcement { mode: MODE_REPORT_ONLY }"},
      {"conditions", "required_conditions: 'lab-certificate'"},
      {"conditions from an amount on",
       "required_conditions: 'lab-certificate' conditions_from: '5'"},
  };
  for (const Part& part : table) {
    EXPECT_EQ(domain::CheckPolicy(With(part.rule), "policy"), absl::OkStatus())
        << part.name;
  }
}

TEST(PolicyCheckTest, ContradictionsAreNamedByTheirField) {
  struct Row {
    std::string rule;
    std::string field;
  };
  const std::vector<Row> table = {
      {"rule_id: 'Not a slug'", "rules[0].rule_id"},
      {"measure: MEASURE_TPP limit { constant: '1.2345' }",
       "rules[0].limit.constant"},
      {"limit { constant: '-1' }", "rules[0].limit.constant"},
      {"limit { constant: 'many' }", "rules[0].limit.constant"},
      {"measure: MEASURE_GPUS limit { constant: '1.5' }",
       "rules[0].limit.constant"},
      {"window { fixed { from: '2025-01-01' to: '2025-01-01' } }",
       "rules[0].window.fixed.to"},
      {"window { fixed { from: '2025-02-30' to: '2026-01-01' } }",
       "rules[0].window.fixed.from"},
      {"scope { group_by: [GROUP_BY_LICENSE, GROUP_BY_LICENSE] }",
       "rules[0].scope.group_by[1]"},
      {"scope { where { destination_countries: 'Malaysia' } }",
       "rules[0].scope.where.destination_countries[0]"},
      {"exemptions { citation: 'c' }", "rules[0].exemptions[0]"},
      {"conditions_from: '5'", "rules[0].conditions_from"},
      {"required_conditions: 'k' conditions_from: '-5'",
       "rules[0].conditions_from"},
      {"required_conditions: 'k' conditions_from: '5' accrual: "
       "ACCRUAL_LICENSED revocation_effect: REVOCATION_EFFECT_KEEP_CHARGE",
       "rules[0].conditions_from"},
      {"accrual: ACCRUAL_LICENSED", "rules[0].revocation_effect"},
      {"revocation_effect: REVOCATION_EFFECT_KEEP_CHARGE",
       "rules[0].revocation_effect"},
      {"measure: MEASURE_REFERENCE_EQUIVALENT",
       "rules[0].reference.product_code"},
      {"reference { product_code: 'GB300' milli_tpp: 60000000 }",
       "rules[0].reference"},
      {"measure: MEASURE_REFERENCE_EQUIVALENT "
       "reference { product_code: 'GB300' }",
       "rules[0].reference.milli_tpp"},
      {"items { min_milli_tpp: 2 below_milli_tpp: 2 }",
       "rules[0].items.below_milli_tpp"},
      {"scope { group_by: GROUP_BY_COUNTRY_GROUP }", "rules[0].scope.group_by"},
      {"scope { group_by: GROUP_BY_LICENSE_LINE }", "rules[0].scope.group_by"},
      {"window { validity_of_authorization {} }",
       "rules[0].window.validity_of_authorization"},
      // Schedules that overlap, run backwards, or begin too late.
      {"limit { schedule { steps { from: '2025-01-01' value: '1' } "
       "steps { from: '2025-01-01' value: '2' } } }",
       "rules[0].limit.schedule.steps[1].from"},
      {"limit { schedule { steps { from: '2025-01-01' value: '1' } "
       "steps { from: '2024-01-01' value: '2' } } }",
       "rules[0].limit.schedule.steps[1].from"},
      {"limit { schedule { steps { from: '2025-01-02' value: '1' } } }",
       "rules[0].limit.schedule.steps[0].from"},
      {"limit { schedule {} }", "rules[0].limit.schedule.steps"},
      // Rules that speak of themselves.
      {"limit { share { of_rule_id: 'r' parts_per_million: 500000 } }",
       "rules[0].limit.share.of_rule_id"},
      {"limit { scaled { rule_id: 'r' numerator: 2 denominator: 1 } }",
       "rules[0].limit.scaled.rule_id"},
      {"limit { share { of_rule_id: 'gone' parts_per_million: 1 } }",
       "rules[0].limit.share.of_rule_id"},
      {"limit { scaled { rule_id: 'gone' numerator: 2 denominator: 1 } }",
       "rules[0].limit.scaled.rule_id"},
      {"limit { scaled { rule_id: 's' numerator: 0 denominator: 1 } }",
       "rules[0].limit.scaled.numerator"},
      {"limit { scaled { rule_id: 's' numerator: 1 denominator: 0 } }",
       "rules[0].limit.scaled.denominator"},
      {"limit { authorized {} }", "rules[0].limit.authorized"},
      {"limit { authorized { numerator: 1 } } "
       "scope { group_by: GROUP_BY_LICENSE }",
       "rules[0].limit.authorized.denominator"},
      {"limit { authorized { denominator: 1 } } "
       "scope { group_by: GROUP_BY_LICENSE }",
       "rules[0].limit.authorized.numerator"},
      {"limit { authorized { while_quantity_remains: true } } "
       "scope { group_by: GROUP_BY_LICENSE }",
       "rules[0].limit.authorized.while_quantity_remains"},
      {"limit_cases { where { destination_countries: 'MY' } "
       "limit { constant: '1' } }",
       "rules[0].limit_cases"},
      {"exemptions { from: '2025-01-01' before: '2025-01-01' }",
       "rules[0].exemptions[0].before"},
      {"enforcement { mode: MODE_NOTIFY }", "rules[0].enforcement.notify_at"},
      {"enforcement { notify_at: '1' }", "rules[0].enforcement.notify_at"},
      {"test_point: TEST_POINT_REPORTING_DATE", "rules[0].reporting_dates"},
      {"reporting_dates: '12-31'", "rules[0].reporting_dates"},
      {"test_point: TEST_POINT_REPORTING_DATE reporting_dates: '02-29' "
       "enforcement { mode: MODE_REPORT_ONLY }",
       "rules[0].reporting_dates[0]"},
      {"test_point: TEST_POINT_REPORTING_DATE reporting_dates: '04-31' "
       "enforcement { mode: MODE_REPORT_ONLY }",
       "rules[0].reporting_dates[0]"},
      {"test_point: TEST_POINT_REPORTING_DATE reporting_dates: '2-01' "
       "enforcement { mode: MODE_REPORT_ONLY }",
       "rules[0].reporting_dates[0]"},
      {"test_point: TEST_POINT_REPORTING_DATE "
       "reporting_dates: ['08-01', '08-01'] "
       "enforcement { mode: MODE_REPORT_ONLY }",
       "rules[0].reporting_dates[1]"},
      {"test_point: TEST_POINT_REPORTING_DATE "
       "reporting_dates: ['08-01', '02-01'] "
       "enforcement { mode: MODE_REPORT_ONLY }",
       "rules[0].reporting_dates[1]"},
      {"test_point: TEST_POINT_REPORTING_DATE reporting_dates: "
       "['01-01', '01-02', '01-03', '01-04', '01-05', '01-06', '01-07', "
       "'01-08', '01-09', '01-10', '01-11', '01-12', '01-13', '01-14', "
       "'01-15', '01-16', '01-17', '01-18', '01-19', '01-20', '01-21', "
       "'01-22', '01-23', '01-24', '01-25'] "
       "enforcement { mode: MODE_REPORT_ONLY }",
       "rules[0].reporting_dates"},
      {"test_point: TEST_POINT_REPORTING_DATE reporting_dates: '02-01' "
       "enforcement { mode: MODE_REPORT_ONLY } window { per_order {} }",
       "rules[0].test_point"},
      {"return_effect: RETURN_EFFECT_KEEP accrual: ACCRUAL_RECEIVED",
       "rules[0].return_effect"},
      {"expiry_effect: EXPIRY_EFFECT_KEEP_CHARGE", "rules[0].expiry_effect"},
      // What can never be: nothing would count, or nothing could be said.
      {"window { fixed { from: '2020-01-01' to: '2025-01-01' } }",
       "rules[0].window.fixed"},
      {"limit { constant: '9' } "
       "enforcement { mode: MODE_NOTIFY notify_at: '9.001' }",
       "rules[0].enforcement.notify_at"},
      {"limit { schedule { steps { from: '2025-01-01' value: '5' } "
       "steps { from: '2025-07-01' value: '9' } } } "
       "enforcement { mode: MODE_NOTIFY notify_at: '10' }",
       "rules[0].enforcement.notify_at"},
      {"limit { zero {} } enforcement { mode: MODE_NOTIFY notify_at: '1' }",
       "rules[0].enforcement.notify_at"},
      {"test_point: TEST_POINT_REPORTING_DATE reporting_dates: '12-31'",
       "rules[0].enforcement.mode"},
      {"accrual: ACCRUAL_INSTALLED_NET measure: MEASURE_VALUE_USD",
       "rules[0].measure"},
      {"scope { where { destination_groups: 'a' "
       "except_destination_groups: ['b', 'a'] } }",
       "rules[0].scope.where.except_destination_groups[1]"},
      {"scope { where { headquarters_groups: 'a' "
       "except_headquarters_groups: 'a' } }",
       "rules[0].scope.where.except_headquarters_groups[0]"},
  };
  for (const Row& row : table) {
    const absl::Status status = domain::CheckPolicy(With(row.rule), "policy");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.rule;
    const auto fields = GetFieldViolations(status);
    ASSERT_FALSE(fields.empty()) << row.rule;
    EXPECT_EQ(fields[0].field, "policy." + row.field) << status;
  }
}

std::vector<std::string> FieldsOf(const absl::Status& status) {
  std::vector<std::string> fields;
  for (const auto& violation : GetFieldViolations(status)) {
    fields.push_back(violation.field);
  }
  return fields;
}

TEST(PolicyCheckTest, WhatIsNamedTwiceIsRefused) {
  v1::Policy policy = GoodPolicy();
  *policy.add_rules() = policy.rules(0);
  EXPECT_THAT(FieldsOf(domain::CheckPolicy(policy, "policy")),
              ElementsAre("policy.rules[1].rule_id"));
  policy = GoodPolicy();
  for (int i = 0; i < 2; ++i) {
    *policy.add_settings() = FromText<v1::Setting>(
        "name: 'n' question: 'q' chosen: 'c' alternatives: 'a'");
  }
  EXPECT_THAT(FieldsOf(domain::CheckPolicy(policy, "policy")),
              ElementsAre("policy.settings[1].name"));
  policy = GoodPolicy();
  for (int i = 0; i < 2; ++i) {
    *policy.add_country_treatments() =
        FromText<v1::CountryTreatment>("country: 'HK' treated_as: 'CN'");
  }
  EXPECT_THAT(FieldsOf(domain::CheckPolicy(policy, "policy")),
              ElementsAre("policy.country_treatments[1].country"));
}

// Adds a rule that is like the first but for its id and limit.
v1::Policy WithSecond(const std::string& first, const std::string& second) {
  v1::Policy policy = With(first);
  v1::Rule& rule = *policy.add_rules();
  rule = policy.rules(0);
  rule.set_rule_id("s");
  rule.clear_limit();
  rule.MergeFrom(FromText<v1::Rule>(second));
  return policy;
}

TEST(PolicyCheckTest, RulesMayNotWaitForEachOther) {
  const std::string scaled_by =
      "limit { scaled { rule_id: '$0' numerator: 2 denominator: 1 } }";
  const std::string share_of =
      "limit { share { of_rule_id: '$0' parts_per_million: 500000 } }";
  for (const std::string& kind : {scaled_by, share_of}) {
    const v1::Policy cyclic =
        WithSecond(absl::Substitute(kind, "s"), absl::Substitute(kind, "r"));
    const absl::Status status = domain::CheckPolicy(cyclic, "policy");
    EXPECT_THAT(FieldsOf(status),
                ElementsAre("policy.rules[0].limit", "policy.rules[1].limit"));
    v1::Policy round =
        WithSecond(absl::Substitute(kind, "s"), absl::Substitute(kind, "t"));
    v1::Rule& third = *round.add_rules();
    third = cyclic.rules(1);
    third.set_rule_id("t");
    EXPECT_THAT(FieldsOf(domain::CheckPolicy(round, "policy")),
                ElementsAre("policy.rules[0].limit", "policy.rules[1].limit",
                            "policy.rules[2].limit"));
    const v1::Policy straight =
        WithSecond("title: 'whole'", absl::Substitute(kind, "r"));
    EXPECT_EQ(domain::CheckPolicy(straight, "policy"), absl::OkStatus());
  }
}

TEST(PolicyCheckTest, AShareNeedsAWholeThatItIsAPartOf) {
  const std::string share =
      "limit { share { of_rule_id: 'r' parts_per_million: 500000 } }";
  const std::vector<std::string> other = {
      "measure: MEASURE_GPUS ",
      "window { calendar_year {} } ",
      "window { per_order {} } ",
  };
  for (const std::string& differs : other) {
    const absl::Status status =
        domain::CheckPolicy(WithSecond("", differs + share), "policy");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << differs;
    const auto fields = GetFieldViolations(status);
    ASSERT_FALSE(fields.empty()) << differs;
    EXPECT_EQ(fields[0].field, "policy.rules[1].limit.share.of_rule_id")
        << status;
  }
  for (const char* share_of_it : {"0", "1000001"}) {
    EXPECT_THAT(
        FieldsOf(domain::CheckPolicy(
            WithSecond("", absl::Substitute("limit { share { of_rule_id: 'r' "
                                            "parts_per_million: $0 } }",
                                            share_of_it)),
            "policy")),
        ElementsAre("policy.rules[1].limit.share.parts_per_million"));
  }
  EXPECT_EQ(domain::CheckPolicy(WithSecond("",
                                           "limit { share { of_rule_id: 'r' "
                                           "parts_per_million: 1000000 } }"),
                                "policy"),
            absl::OkStatus());
  // Groups of countries are the same where both go by the same list.
  v1::Policy by_group = WithSecond(
      "scope { group_by: GROUP_BY_COUNTRY_GROUP "
      "where { destination_groups: ['a', 'b'] } }",
      share);
  EXPECT_EQ(domain::CheckPolicy(by_group, "policy"), absl::OkStatus());
  by_group.mutable_rules(1)
      ->mutable_scope()
      ->mutable_where()
      ->mutable_destination_groups()
      ->SwapElements(0, 1);
  EXPECT_THAT(FieldsOf(domain::CheckPolicy(by_group, "policy")),
              ElementsAre("policy.rules[1].limit.share.of_rule_id"));
  // The whole may not be split where the part is not.
  const absl::Status status = domain::CheckPolicy(
      WithSecond("scope { group_by: GROUP_BY_EXPORTER }", share), "policy");
  EXPECT_EQ(status, absl::OkStatus()) << "both are by exporter";
  v1::Policy finer = WithSecond("scope { group_by: GROUP_BY_EXPORTER }", share);
  finer.mutable_rules(1)->clear_scope();
  EXPECT_EQ(domain::CheckPolicy(finer, "policy").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PolicyCheckTest, WhatIsScaledByDestinationNeedsOne) {
  v1::Policy policy = WithSecond(
      "scope { group_by: GROUP_BY_DESTINATION_COUNTRY } "
      "limit_cases { where { destination_countries: 'MY' } "
      "limit { constant: '1' } }",
      "limit { scaled { rule_id: 'r' numerator: 2 denominator: 1 } }");
  policy.mutable_rules(1)->clear_limit_cases();
  EXPECT_EQ(domain::CheckPolicy(policy, "policy"), absl::OkStatus());
  policy.mutable_rules(1)->clear_scope();
  const auto fields = GetFieldViolations(domain::CheckPolicy(policy, "policy"));
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].field, "policy.rules[1].limit.scaled.rule_id");
  // Also through a rule between them.
  policy.mutable_rules(1)->mutable_scope()->add_group_by(
      v1::Scope::GROUP_BY_DESTINATION_COUNTRY);
  v1::Rule& third = *policy.add_rules();
  third = policy.rules(1);
  third.set_rule_id("t");
  third.mutable_limit()->mutable_scaled()->set_rule_id("s");
  EXPECT_EQ(domain::CheckPolicy(policy, "policy"), absl::OkStatus());
  third.clear_scope();
  EXPECT_THAT(FieldsOf(domain::CheckPolicy(policy, "policy")),
              ElementsAre("policy.rules[2].limit.scaled.rule_id"));
}

TEST(PolicyCheckTest, AThresholdIsComparedWithAllLimitsOfItsRule) {
  const std::string cases =
      "scope { group_by: GROUP_BY_DESTINATION_COUNTRY } "
      "limit { constant: '5' } "
      "limit_cases { where { destination_countries: 'MY' } "
      "limit { scaled { rule_id: 'r' numerator: 2 denominator: 1 } } } "
      "enforcement { mode: MODE_NOTIFY notify_at: '$0' }";
  EXPECT_EQ(domain::CheckPolicy(With(absl::Substitute(cases, "10")), "policy"),
            absl::OkStatus());
  EXPECT_THAT(FieldsOf(domain::CheckPolicy(
                  With(absl::Substitute(cases, "10.001")), "policy")),
              ElementsAre("policy.rules[0].enforcement.notify_at"));
}

TEST(PolicyCheckTest, AThresholdMayBeTheLimitItself) {
  EXPECT_EQ(domain::CheckPolicy(
                With("limit { constant: '9' } "
                     "enforcement { mode: MODE_NOTIFY notify_at: '9' }"),
                "policy"),
            absl::OkStatus());
}

// A limit of 2^63 milli-TPP or more cannot be counted.
TEST(PolicyCheckTest, LimitsBeyondSixtyFourBitsAreRefused) {
  EXPECT_EQ(domain::CheckPolicy(
                With("limit { constant: '9223372036854775.807' }"), "policy"),
            absl::OkStatus());
  EXPECT_EQ(domain::CheckPolicy(
                With("limit { constant: '9223372036854775.808' }"), "policy")
                .code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(domain::CheckPolicy(
                WithSecond("limit { constant: '9223372036854775.807' }",
                           "limit { scaled { rule_id: 'r' numerator: 2 "
                           "denominator: 1 } }"),
                "policy")
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(PolicyCheckTest, APolicyMustSayWhereItComesFromAndHaveRules) {
  v1::Policy policy = GoodPolicy();
  policy.clear_provenance();
  policy.clear_rules();
  EXPECT_THAT(
      FieldsOf(domain::CheckPolicy(policy, "policy")),
      ElementsAre("policy.provenance.citation",
                  "policy.provenance.legal_status",
                  "policy.provenance.enforcement_status", "policy.rules"));
}

}  // namespace
}  // namespace chipledger::testing
