// Goal: nothing in a policy is ever ignored: each part that the engine does not
// evaluate is refused by its path, and each contradiction by its field. Method:
// one good policy, and one change of it a row.
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/policy.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

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

struct NotEvaluated {
  std::string rule;
  std::string path;
};

TEST(PolicyCheckTest, EveryPartThatIsNotEvaluatedIsNamedByItsPath) {
  const std::vector<NotEvaluated> table = {
      {"measure: MEASURE_REFERENCE_EQUIVALENT", "measure"},
      {"measure: MEASURE_VALUE_USD", "measure"},
      {"reference { product_code: 'GB300' milli_tpp: 60000000 }", "reference"},
      {"items { min_milli_tpp: 1 }", "items.min_milli_tpp"},
      {"items { below_milli_tpp: 1 }", "items.below_milli_tpp"},
      {"items { below_memory_bandwidth_mb_s: 1 }",
       "items.below_memory_bandwidth_mb_s"},
      {"accrual: ACCRUAL_RECEIVED", "accrual"},
      {"accrual: ACCRUAL_INSTALLED_NET", "accrual"},
      {"scope { group_by: GROUP_BY_HEADQUARTERS_COUNTRY }",
       "scope.group_by[0]"},
      {"scope { group_by: GROUP_BY_EXPORTER }", "scope.group_by[0]"},
      {"scope { group_by: GROUP_BY_CONSIGNEE }", "scope.group_by[0]"},
      {"scope { group_by: GROUP_BY_END_USER }", "scope.group_by[0]"},
      {"scope { group_by: GROUP_BY_ULTIMATE_PARENT }", "scope.group_by[0]"},
      {"scope { group_by: GROUP_BY_PRODUCT }", "scope.group_by[0]"},
      {"scope { group_by: [GROUP_BY_LICENSE, GROUP_BY_COUNTRY_GROUP] }",
       "scope.group_by[1]"},
      {"scope { where { headquarters_groups: 'g' } }",
       "scope.where.headquarters_groups"},
      {"scope { where { exporters: 'g' } }", "scope.where.exporters"},
      {"scope { where { consignees: 'g' } }", "scope.where.consignees"},
      {"scope { where { end_users: 'g' } }", "scope.where.end_users"},
      {"scope { where { ultimate_parents: 'g' } }",
       "scope.where.ultimate_parents"},
      {"window { calendar_quarter {} }", "window.calendar_quarter"},
      {"window { validity_of_authorization {} }",
       "window.validity_of_authorization"},
      {"window { per_order {} }", "window.per_order"},
      {"limit { schedule { steps { from: '2025-01-01' value: '1' } } }",
       "limit.schedule"},
      {"limit { scaled { rule_id: 'r' numerator: 2 denominator: 1 } }",
       "limit.scaled"},
      {"limit { share { of_rule_id: 'r' parts_per_million: 1 } }",
       "limit.share"},
      {"limit { predicate { allowed {} } }", "limit.predicate"},
      {"limit { unknown {} }", "limit.unknown"},
      {"exemptions { items { min_milli_tpp: 1 } }",
       "exemptions[0].items.min_milli_tpp"},
      {"exemptions { items {} before: '2025-01-01' }", "exemptions[0].before"},
      {"exemptions { items {} parties: 'x' }", "exemptions[0].parties"},
      {"enforcement { mode: MODE_PRESUME_DENIAL }", "enforcement.mode"},
      {"enforcement { mode: MODE_NOTIFY }", "enforcement.mode"},
      {"enforcement { notify_at: '1' }", "enforcement.notify_at"},
      {"test_point: TEST_POINT_GRANT", "test_point"},
      {"test_point: TEST_POINT_SHIPMENT", "test_point"},
      {"test_point: TEST_POINT_REPORTING_DATE", "test_point"},
      {"required_conditions: 'lab certificate'", "required_conditions"},
  };
  for (const NotEvaluated& row : table) {
    const absl::Status status = domain::CheckPolicy(With(row.rule), "policy");
    EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented)
        << row.rule << ": " << status;
    const auto cause = GetErrorCause(status);
    ASSERT_TRUE(cause) << row.rule;
    EXPECT_EQ(cause->reason, "POLICY_PART_NOT_EVALUATED");
    EXPECT_EQ(cause->metadata.at("field"), "policy.rules[0]." + row.path);
  }
}

TEST(PolicyCheckTest, EveryFieldOfARuleIsEitherEvaluatedOrRefused) {
  // A field added to the policy language must be decided about in CheckPolicy
  // and in the table above; then this number changes.
  EXPECT_EQ(v1::Rule::descriptor()->field_count(), 15);
  EXPECT_EQ(v1::Scope::descriptor()->field_count(), 2);
  EXPECT_EQ(v1::FactFilter::descriptor()->field_count(), 9);
  EXPECT_EQ(v1::ItemFilter::descriptor()->field_count(), 5);
  EXPECT_EQ(v1::Window::descriptor()->field_count(), 6);
  EXPECT_EQ(v1::Limit::descriptor()->field_count(), 8);
  EXPECT_EQ(v1::Exemption::descriptor()->field_count(), 5);
  EXPECT_EQ(v1::Enforcement::descriptor()->field_count(), 2);
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
      {"accrual: ACCRUAL_LICENSED", "rules[0].revocation_effect"},
      {"revocation_effect: REVOCATION_EFFECT_KEEP_CHARGE",
       "rules[0].revocation_effect"},
  };
  for (const Row& row : table) {
    const absl::Status status = domain::CheckPolicy(With(row.rule), "policy");
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.rule;
    const auto fields = GetFieldViolations(status);
    ASSERT_FALSE(fields.empty()) << row.rule;
    EXPECT_EQ(fields[0].field, "policy." + row.field) << status;
  }
}

TEST(PolicyCheckTest, APolicyMustSayWhereItComesFromAndHaveRules) {
  v1::Policy policy = GoodPolicy();
  policy.clear_provenance();
  policy.clear_rules();
  std::vector<std::string> fields;
  for (const auto& violation :
       GetFieldViolations(domain::CheckPolicy(policy, "policy"))) {
    fields.push_back(violation.field);
  }
  EXPECT_EQ(fields,
            (std::vector<std::string>{
                "policy.provenance.citation", "policy.provenance.legal_status",
                "policy.provenance.enforcement_status", "policy.rules"}));
}

}  // namespace
}  // namespace chipledger::testing
