// Goal: a limit that follows from something else says from what, one whose
// value is not known holds back what a refusing rule counts, and a license can
// be a limit of its own. Method: a ledger with one policy, whose rules a test
// writes.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/domain/headroom.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using ::testing::HasSubstr;

class LimitTest : public ::testing::Test {
 protected:
  LimitTest() {
    Accept(R"(register_product { product {
                product_code: "H100" gpus_per_unit: 1
                milli_tpp_per_gpu: 15824000 source: "s" } })");
    Accept(R"(register_product { product {
                product_code: "RACK" gpus_per_unit: 8
                milli_tpp_per_gpu: 1000 source: "s" } })");
    Accept(R"(register_product { product {
                product_code: "NEW" gpus_per_unit: 1 source: "s" } })");
    Accept(R"(register_party { party { party_id: "x" name: "X" } })");
  }

  MemoryLedger::Outcome Submit(const std::string& text) {
    return ledger_.Submit({Cmd(text)});
  }
  MemoryLedger::Outcome Accept(const std::string& text) {
    MemoryLedger::Outcome outcome = Submit(text);
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_FALSE(outcome.refused) << text;
    return outcome;
  }

  // Adopts the policy "p". A rule's text says what is not usual: rules count
  // GPUs exported, for ever, and refuse.
  void Adopt(const std::vector<std::string>& rules) {
    v1::Command command = Cmd(R"(adopt_policy { policy {
      policy_id: "p" title: "P" effective_from: "2024-01-01"
      provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                   enforcement_status: ENFORCEMENT_STATUS_ENFORCED } } })");
    for (const std::string& text : rules) {
      auto rule = FromText<v1::Rule>(R"(
        title: "R" measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
        window { open {} } enforcement { mode: MODE_REFUSE })");
      const auto own = FromText<v1::Rule>(text);
      if (own.has_enforcement()) rule.clear_enforcement();
      rule.MergeFrom(own);
      *command.mutable_adopt_policy()->mutable_policy()->add_rules() = rule;
    }
    const auto outcome = ledger_.Submit({command});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  }

  std::string ShipText(const std::string& country, const std::string& item,
                       const std::string& more = "") {
    return absl::StrCat(
        R"(record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment {
             exporter: "x" shipment_reference: "S)",
        ++shipments_, R"(" export_date: "2025-06-01" destination_country: ")",
        country, R"(" items { )", item, " } ", more, " } }");
  }
  MemoryLedger::Outcome Ship(const std::string& country,
                             const std::string& item,
                             const std::string& more = "") {
    return Submit(ShipText(country, item, more));
  }

  v1::HeadroomRow Row(const std::string& rule, const std::string& group,
                      const std::string& date = "2025-06-01") {
    v1::GetHeadroomRequest request;
    request.set_policy_id("p");
    request.set_rule_id(rule);
    *request.mutable_group() = FromText<v1::GroupKey>(group);
    request.set_on_date(date);
    const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
    const auto row = domain::GetHeadroom(
        {.snapshot = snapshot, .today = *Date::Parse("2025-06-01")}, request);
    EXPECT_TRUE(row.ok()) << row.status();
    return row.ok() ? *row : v1::HeadroomRow();
  }

  void ExpectBinding(const std::string& rule, const std::string& group,
                     const std::string& expected,
                     const std::string& date = "2025-06-01") {
    EXPECT_EQ(Row(rule, group, date).limit_binding().ShortDebugString(),
              FromText<v1::LimitBinding>(expected).ShortDebugString())
        << rule << " of " << group << " on " << date;
  }

  MemoryLedger ledger_;
  int shipments_ = 0;
};

constexpr char kByCountry[] =
    "scope { group_by: GROUP_BY_DESTINATION_COUNTRY } ";
constexpr char kByLicense[] = "scope { group_by: GROUP_BY_LICENSE } ";
constexpr char kByLine[] =
    "scope { group_by: [GROUP_BY_LICENSE, GROUP_BY_LICENSE_LINE] } ";

// What sets a limit -----------------------------------------------------------

TEST_F(LimitTest, ARuleThatSaysItsLimitIsBoundByNothing) {
  Adopt({"rule_id: 'constant' limit { constant: '10' }",
         "rule_id: 'zero' limit { zero {} }",
         "rule_id: 'none' limit { none {} }",
         "rule_id: 'unknown' limit { unknown {} }"});
  for (const char* rule : {"constant", "zero", "none", "unknown"}) {
    EXPECT_FALSE(Row(rule, "").has_limit_binding()) << rule;
  }
}

TEST_F(LimitTest, AScheduleIsBoundByTheStepOfTheDateThatBinds) {
  Adopt(
      {"rule_id: 'r' limit { schedule { "
       "steps { from: '2024-01-01' value: '10' } "
       "steps { from: '2025-04-01' value: '50' } "
       "steps { from: '2026-01-01' value: '40' } } }"});
  ExpectBinding("r", "", "step { from: '2024-01-01' }", "2024-01-01");
  ExpectBinding("r", "", "step { from: '2024-01-01' }", "2025-03-31");
  ExpectBinding("r", "", "step { from: '2026-01-01' }", "2026-01-01");
  // In June the 50 hold, and least is left from January on.
  const v1::HeadroomRow june = Row("r", "");
  EXPECT_EQ(june.binding_date(), "2026-01-01");
  EXPECT_EQ(june.headroom(), 40);
  ExpectBinding("r", "", "step { from: '2026-01-01' }", "2025-06-01");
}

TEST_F(LimitTest, AMultipleNamesWhatItIsAMultipleOf) {
  Adopt({absl::StrCat("rule_id: 'country' limit { constant: '100' } "
                      "limit_cases { where { destination_countries: 'SG' } "
                      "  limit { constant: '40' } citation: 'own' } "
                      "limit_cases { where { destination_countries: 'AE' } "
                      "  limit { scaled { rule_id: 'country' numerator: 3 "
                      "           denominator: 2 } } } ",
                      kByCountry),
         absl::StrCat("rule_id: 'quarter' limit { scaled { rule_id: 'country' "
                      "numerator: 1 denominator: 4 } } ",
                      kByCountry),
         absl::StrCat("rule_id: 'tenth' limit { scaled { rule_id: 'quarter' "
                      "numerator: 2 denominator: 5 } } ",
                      kByCountry)});
  ExpectBinding("country", "destination_country: 'MY'", "");
  ExpectBinding("country", "destination_country: 'SG'",
                "matched_case { citation: 'own' }");
  ExpectBinding("country", "destination_country: 'AE'",
                "matched_case { number: 1 } "
                "factors { rule_id: 'country' numerator: 3 denominator: 2 }");
  EXPECT_EQ(Row("tenth", "destination_country: 'MY'").limit(), 10);
  ExpectBinding("tenth", "destination_country: 'MY'",
                "factors { rule_id: 'quarter' numerator: 2 denominator: 5 } "
                "factors { rule_id: 'country' numerator: 1 denominator: 4 }");
  EXPECT_EQ(Row("tenth", "destination_country: 'AE'").limit(), 14);
  ExpectBinding("tenth", "destination_country: 'AE'",
                "factors { rule_id: 'quarter' numerator: 2 denominator: 5 } "
                "factors { rule_id: 'country' numerator: 1 denominator: 4 "
                "          matched_case { number: 1 } } "
                "factors { rule_id: 'country' numerator: 3 denominator: 2 }");
}

TEST_F(LimitTest, AShareNamesTheWholeAndHowMuchThatIs) {
  Adopt({"rule_id: 'all' limit { none {} }",
         absl::StrCat("rule_id: 'each' limit { share { of_rule_id: 'all' "
                      "parts_per_million: 500000 } } "
                      "enforcement { mode: MODE_REPORT_ONLY } ",
                      kByCountry)});
  Accept(ShipText("MY", "product_code: 'H100' quantity: 30"));
  Accept(ShipText("SG", "product_code: 'H100' quantity: 11"));
  EXPECT_EQ(Row("each", "destination_country: 'SG'").limit(), 20);
  ExpectBinding("each", "destination_country: 'SG'",
                "share { of_rule_id: 'all' of_group {} whole: 41 "
                "parts_per_million: 500000 }");
}

TEST_F(LimitTest, AShareThroughADateIsOfTheWholeThroughThatDate) {
  Adopt({"rule_id: 'all' limit { none {} }",
         absl::StrCat("rule_id: 'each' limit { share { of_rule_id: 'all' "
                      "parts_per_million: 500000 } } "
                      "test_point: TEST_POINT_REPORTING_DATE "
                      "reporting_dates: '07-01' "
                      "enforcement { mode: MODE_REPORT_ONLY } ",
                      kByCountry)});
  Accept(ShipText("MY", "product_code: 'H100' quantity: 30"));
  v1::Command later = Cmd(ShipText("SG", "product_code: 'H100' quantity: 40"));
  later.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2025-09-01");
  ASSERT_FALSE(ledger_.Submit({later}).refused);
  // All of the 30 there were on 1 July; less than half of the 70 since.
  const v1::HeadroomRow row =
      Row("each", "destination_country: 'MY'", "2025-12-31");
  EXPECT_EQ(row.status(), v1::HeadroomRow::STATUS_WITHIN_LIMIT);
  EXPECT_EQ(row.last_reporting_date(), "2025-07-01");
  EXPECT_EQ(row.last_reporting_status(), v1::HeadroomRow::STATUS_OVER_LIMIT);

  v1::GetTimelineRequest request;
  request.set_policy_id("p");
  request.set_rule_id("each");
  request.mutable_group()->set_destination_country("MY");
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  const auto timeline = domain::GetTimeline(
      {.snapshot = snapshot, .today = *Date::Parse("2025-12-31")}, request);
  ASSERT_TRUE(timeline.ok()) << timeline.status();
  ASSERT_EQ(timeline->points_size(), 2);
  EXPECT_EQ(timeline->points(0).date(), "2025-06-01");
  EXPECT_EQ(timeline->points(0).limit(), 15);
  EXPECT_EQ(timeline->points(0).status(), v1::HeadroomRow::STATUS_OVER_LIMIT);
  EXPECT_EQ(timeline->points(1).date(), "2025-09-01");
  EXPECT_EQ(timeline->points(1).limit(), 35);
}

TEST_F(LimitTest, APredicateSaysWhatIsAllowed) {
  Adopt(
      {"rule_id: 'r' limit { predicate { allowed { "
       "below_milli_tpp: 2000 } } }"});
  ExpectBinding("r", "", "allowed_items { below_milli_tpp: 2000 }");
}

// Limits that are not known ---------------------------------------------------

TEST_F(LimitTest, UnderALimitThatIsNotKnownNothingMoreIsAllowed) {
  Adopt({"rule_id: 'r' limit { unknown {} } provenance { citation: 'x' }"});
  const MemoryLedger::Outcome outcome =
      Ship("MY", "product_code: 'H100' quantity: 2");
  ASSERT_TRUE(outcome.refused);
  const auto& violations = outcome.judgements[0].violations();
  ASSERT_EQ(violations.size(), 1);
  EXPECT_EQ(violations[0].rule_id(), "r");
  EXPECT_EQ(violations[0].verdict(), v1::VERDICT_VIOLATED);
  EXPECT_TRUE(violations[0].unknown_limit());
  EXPECT_FALSE(violations[0].has_limit());
  EXPECT_FALSE(violations[0].has_headroom());
  EXPECT_FALSE(violations[0].has_excess());
  EXPECT_EQ(violations[0].asked(), 2);
  EXPECT_EQ(violations[0].description(),
            "p/r: 2 GPUs asked under a limit whose value is not known; nothing "
            "more is allowed until it is");
  const v1::HeadroomRow row = Row("r", "");
  EXPECT_EQ(row.status(), v1::HeadroomRow::STATUS_UNKNOWN_LIMIT);
  EXPECT_FALSE(row.has_headroom());
}

TEST_F(LimitTest, WhatHadLeftCountsUnderIt) {
  Adopt({"rule_id: 'r' limit { unknown {} }"});
  v1::Command command = Cmd(ShipText("MY", "product_code: 'H100' quantity: 2"));
  command.mutable_record_shipment()->set_assurance(
      v1::ASSURANCE_AFTER_THE_FACT);
  const auto outcome = ledger_.Submit({command});
  ASSERT_TRUE(outcome.status.ok() && !outcome.refused);
  EXPECT_EQ(outcome.judgements[0].rules(0).verdict(), v1::VERDICT_VIOLATED);
  EXPECT_TRUE(outcome.judgements[0].rules(0).unknown_limit());
  EXPECT_EQ(outcome.judgements[0].violations_size(), 1);
  EXPECT_EQ(Row("r", "").used(), 2);
  // What takes back is never refused.
  Accept(R"(correct_shipment { assurance: ASSURANCE_BEFORE_EXPORT
    reason: "recount" shipment {
      exporter: "x" shipment_reference: "S1" export_date: "2025-06-01"
      destination_country: "MY"
      items { product_code: "H100" quantity: 1 } } })");
  EXPECT_EQ(Row("r", "").used(), 1);
}

TEST_F(LimitTest, APresumptionUnderItIsOverridden) {
  Adopt(
      {"rule_id: 'r' limit { unknown {} } "
       "enforcement { mode: MODE_PRESUME_DENIAL }"});
  EXPECT_TRUE(Ship("MY", "product_code: 'H100' quantity: 2").refused);
  v1::Command command = Cmd(ShipText("MY", "product_code: 'H100' quantity: 2"));
  *command.mutable_record_shipment()->add_overrides() = FromText<v1::Override>(
      "policy_id: 'p' rule_id: 'r' reason: 'why' citation: 'c'");
  const auto outcome = ledger_.Submit({command});
  ASSERT_TRUE(outcome.status.ok() && !outcome.refused) << outcome.status;
  EXPECT_EQ(outcome.judgements[0].rules(0).verdict(), v1::VERDICT_OVERRIDDEN);
  EXPECT_THAT(outcome.judgements[0].violations(0).description(),
              HasSubstr("but by an override of the rule"));
}

TEST_F(LimitTest, AReportSaysThatItIsNotKnown) {
  Adopt(
      {"rule_id: 'r' limit { unknown {} } "
       "enforcement { mode: MODE_REPORT_ONLY }"});
  const auto outcome =
      Accept(ShipText("MY", "product_code: 'H100' quantity: 2"));
  EXPECT_EQ(outcome.judgements[0].rules(0).verdict(), v1::VERDICT_UNKNOWN);
  EXPECT_TRUE(outcome.judgements[0].rules(0).unknown_limit());
  EXPECT_EQ(outcome.judgements[0].violations_size(), 0);
}

TEST_F(LimitTest, AStepThatIsNotKnownHoldsWhatIsDatedWithinIt) {
  Adopt(
      {"rule_id: 'r' limit { schedule { "
       "steps { from: '2024-01-01' value: '10' } "
       "steps { from: '2025-06-02' value: 'unknown' } } }"});
  Accept(ShipText("MY", "product_code: 'H100' quantity: 3"));
  v1::Command later = Cmd(ShipText("MY", "product_code: 'H100' quantity: 3"));
  later.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2025-06-02");
  const auto outcome = ledger_.Submit({later});
  ASSERT_TRUE(outcome.refused);
  EXPECT_TRUE(outcome.judgements[0].violations(0).unknown_limit());
}

TEST_F(LimitTest, WhatCannotBeMeasuredIsSaidBesideIt) {
  Adopt({"rule_id: 'r' measure: MEASURE_TPP limit { unknown {} }"});
  const auto outcome = Ship("MY", "product_code: 'NEW' quantity: 2");
  ASSERT_TRUE(outcome.refused);
  ASSERT_EQ(outcome.judgements[0].violations_size(), 1);
  EXPECT_EQ(outcome.judgements[0].violations(0).rule_id(), "tpp_unknown");
}

// What a license authorizes ---------------------------------------------------

class AuthorizedTest : public LimitTest {
 protected:
  void Grant(const std::string& lines) {
    Accept(absl::StrCat(
        R"(grant_license { license {
             license_id: "L" exporter: "x" destination_countries: "MY"
             grant_date: "2025-01-01" expiry_date: "2026-01-01" )",
        lines, " } }"));
  }
  MemoryLedger::Outcome ShipUnder(const std::string& item) {
    return Ship("MY", item,
                "authorization { kind: AUTHORIZATION_KIND_LICENSE "
                "license_id: 'L' }");
  }
};

TEST_F(AuthorizedTest, HalfOfTheQuantityOfALine) {
  Adopt({absl::StrCat(
      "rule_id: 'r' limit { authorized { numerator: 1 denominator: 2 } } ",
      kByLine)});
  Grant(
      "lines { line_number: 1 product_code: 'H100' quantity: 9 } "
      "lines { line_number: 2 product_code: 'RACK' quantity: 3 }");
  const std::string first = "license_id: 'L' license_line: 1";
  EXPECT_EQ(Row("r", first).limit(), 4);
  ExpectBinding("r", first,
                "authorized { license_id: 'L' line_number: 1 amount: 9 "
                "numerator: 1 denominator: 2 }");
  // Racks of 8 GPUs: 24 are authorized.
  EXPECT_EQ(Row("r", "license_id: 'L' license_line: 2").limit(), 12);
  EXPECT_TRUE(ShipUnder("product_code: 'H100' quantity: 5").refused);
  EXPECT_FALSE(ShipUnder("product_code: 'H100' quantity: 4").refused);
  EXPECT_EQ(Row("r", first).headroom(), 0);
}

TEST_F(AuthorizedTest, AllLinesOfALicenseTogether) {
  Adopt({absl::StrCat("rule_id: 'r' limit { authorized {} } ", kByLicense)});
  Grant(
      "lines { line_number: 1 product_code: 'H100' quantity: 9 } "
      "lines { line_number: 2 product_code: 'RACK' quantity: 3 }");
  EXPECT_EQ(Row("r", "license_id: 'L'").limit(), 33);
  ExpectBinding("r", "license_id: 'L'",
                "authorized { license_id: 'L' amount: 33 numerator: 1 "
                "denominator: 1 }");
  // A revocation in part authorizes less.
  Accept(R"(revoke_license { license_id: "L" effective_date: "2025-02-01"
              reason: "r" parts { line_number: 2 quantity: 1 } })");
  EXPECT_EQ(Row("r", "license_id: 'L'").limit(), 25);
}

TEST_F(AuthorizedTest, TheFactorEndsWithTheQuantity) {
  Adopt(
      {absl::StrCat("rule_id: 'r' measure: MEASURE_VALUE_USD limit { "
                    "authorized { numerator: 11 denominator: 10 "
                    "while_quantity_remains: true } } ",
                    kByLine)});
  Grant(
      "lines { line_number: 1 product_code: 'H100' quantity: 2 "
      "value_usd: 100 }");
  const std::string line = "license_id: 'L' license_line: 1";
  EXPECT_FALSE(
      ShipUnder("product_code: 'H100' quantity: 1 value_usd: 60").refused);
  EXPECT_EQ(Row("r", line).headroom(), 50);
  EXPECT_TRUE(
      ShipUnder("product_code: 'H100' quantity: 1 value_usd: 51").refused);
  EXPECT_FALSE(
      ShipUnder("product_code: 'H100' quantity: 1 value_usd: 50").refused);
  // No unit remains: the line authorizes what it says.
  EXPECT_EQ(Row("r", line).limit(), 100);
  ExpectBinding("r", line,
                "authorized { license_id: 'L' line_number: 1 amount: 100 "
                "numerator: 1 denominator: 1 }");
}

TEST_F(AuthorizedTest, WhatStatesNoValueIsNotLimited) {
  Adopt({absl::StrCat(
      "rule_id: 'r' measure: MEASURE_VALUE_USD limit { authorized {} } ",
      kByLicense)});
  Grant(
      "lines { line_number: 1 product_code: 'H100' quantity: 9 "
      "value_usd: 100 } "
      "lines { line_number: 2 product_code: 'RACK' quantity: 3 }");
  EXPECT_FALSE(
      ShipUnder("product_code: 'RACK' quantity: 1 value_usd: 900").refused);
  EXPECT_EQ(Row("r", "license_id: 'L'").used(), 0);
  EXPECT_EQ(Row("r", "license_id: 'L'").limit(), 100);
  EXPECT_TRUE(
      ShipUnder("product_code: 'H100' quantity: 1 value_usd: 101").refused);
}

TEST_F(AuthorizedTest, AFigureThatIsNotKnownMakesALimitThatIsNotKnown) {
  Adopt(
      {absl::StrCat("rule_id: 'r' measure: MEASURE_TPP "
                    "limit { authorized {} } ",
                    kByLicense)});
  Grant(
      "lines { line_number: 1 product_code: 'H100' quantity: 9 } "
      "lines { line_number: 2 product_code: 'NEW' quantity: 3 }");
  EXPECT_EQ(Row("r", "license_id: 'L'").status(),
            v1::HeadroomRow::STATUS_UNKNOWN_LIMIT);
  ExpectBinding("r", "license_id: 'L'",
                "authorized { license_id: 'L' numerator: 1 denominator: 1 }");
  const auto outcome = ShipUnder("product_code: 'H100' quantity: 1");
  ASSERT_TRUE(outcome.refused);
  EXPECT_TRUE(outcome.judgements[0].violations(0).unknown_limit());
}

TEST_F(AuthorizedTest, WithoutALicenseNothingIsLimited) {
  Adopt({absl::StrCat("rule_id: 'r' limit { authorized {} } ", kByLicense)});
  EXPECT_FALSE(Ship("MY", "product_code: 'H100' quantity: 5").refused);
}

TEST_F(AuthorizedTest, UnitsThatMoveOnTakeTheirRoomWithThem) {
  Adopt(
      {absl::StrCat("rule_id: 'r' accrual: ACCRUAL_INSTALLED_NET limit { "
                    "authorized { numerator: 1 denominator: 2 } } ",
                    kByLicense)});
  Grant("lines { line_number: 1 product_code: 'H100' quantity: 8 }");
  Accept(R"(grant_license { license {
              license_id: "M" exporter: "x" destination_countries: "SG"
              grant_date: "2025-01-01" expiry_date: "2026-01-01"
              lines { line_number: 1 product_code: "H100" quantity: 2 } } })");
  const auto at = [&](const std::string& license) {
    const v1::HeadroomRow row =
        Row("r", absl::StrCat("license_id: '", license, "'"), "2025-12-31");
    return absl::StrCat(row.used(), "+", row.reserved(), " of ", row.limit());
  };
  const std::string first = "exporter: 'x' shipment_reference: 'S1'";
  EXPECT_FALSE(ShipUnder("product_code: 'H100' quantity: 4").refused);
  EXPECT_EQ(at("L"), "0+4 of 4");
  EXPECT_TRUE(ShipUnder("product_code: 'H100' quantity: 1").refused);
  Accept(absl::StrCat("receive_shipment { shipment { ", first,
                      " } effective_date: '2025-06-10' }"));
  EXPECT_EQ(at("L"), "4+0 of 4");
  Accept(absl::StrCat("retire_units { shipment { ", first,
                      " } effective_date: '2025-06-11' cause: CAUSE_DAMAGE "
                      "evidence: 'e' units { item: 0 quantity: 1 } }"));
  EXPECT_EQ(at("L"), "3+0 of 4");
  // What is re-exported counts under the license that it goes under.
  const auto reexport = [&](int quantity) {
    return Submit(absl::StrCat(
        "reexport_shipment { origin { ", first,
        " } units { item: 0 quantity: ", quantity,
        " } assurance: ASSURANCE_BEFORE_EXPORT shipment { exporter: 'x' "
        "shipment_reference: 'R",
        quantity,
        "' export_date: '2025-06-12' destination_country: 'SG' authorization { "
        "kind: AUTHORIZATION_KIND_LICENSE license_id: 'M' } items { "
        "product_code: 'H100' quantity: ",
        quantity, " } } }"));
  };
  const auto two = reexport(2);
  ASSERT_TRUE(two.status.ok()) << two.status;
  EXPECT_TRUE(two.refused);
  EXPECT_EQ(at("L"), "3+0 of 4");
  const auto one = reexport(1);
  ASSERT_TRUE(one.status.ok()) << one.status;
  EXPECT_FALSE(one.refused);
  EXPECT_EQ(at("L"), "2+0 of 4");
  EXPECT_EQ(at("M"), "0+1 of 1");
}

// Conditions from an amount on ------------------------------------------------

std::string RequiresFromFive(const std::string& rule_id,
                             const std::string& rest) {
  return absl::StrCat("rule_id: '", rule_id,
                      "' limit { none {} } required_conditions: 'k' "
                      "conditions_from: '5' ",
                      rest);
}

TEST_F(LimitTest, ARuleThatOnlyReportsSaysThatAConditionIsMissing) {
  Adopt({RequiresFromFive("told", "enforcement { mode: MODE_REPORT_ONLY }")});
  const auto verdict = [&](const std::string& item) {
    const auto outcome = Ship("MY", item);
    EXPECT_FALSE(outcome.refused);
    return outcome.judgements[0].rules(0).verdict();
  };
  EXPECT_EQ(verdict("product_code: 'H100' quantity: 4"),
            v1::VERDICT_WITHIN_LIMIT);
  EXPECT_EQ(verdict("product_code: 'H100' quantity: 1"), v1::VERDICT_REPORTED);
  Accept(
      "record_condition { party: 'x' condition { kind: 'k' evidence: 'e' "
      "satisfied_date: '2025-01-01' } }");
  EXPECT_EQ(verdict("product_code: 'H100' quantity: 1"),
            v1::VERDICT_WITHIN_LIMIT);
}

TEST_F(AuthorizedTest, EachLicenseThatHasNotMetAConditionIsNamed) {
  Adopt({RequiresFromFive("asked", "")});
  Grant("lines { line_number: 1 product_code: 'H100' quantity: 9 }");
  Accept(R"(grant_license { license {
              license_id: "M" exporter: "x" destination_countries: "MY"
              grant_date: "2025-01-01" expiry_date: "2026-01-01"
              lines { line_number: 1 product_code: "H100" quantity: 9 } } })");
  const auto ship = [&](int quantity) {
    const std::string item =
        absl::StrCat("product_code: 'H100' quantity: ", quantity);
    return ShipUnder(absl::StrCat(item, " } items { license_id: 'M' ", item));
  };
  EXPECT_FALSE(ship(2).refused);
  const auto outcome = ship(1);
  ASSERT_TRUE(outcome.refused);
  const auto& violations = outcome.judgements[0].violations();
  ASSERT_EQ(violations.size(), 2);
  EXPECT_THAT(violations[0].description(), HasSubstr("license L"));
  EXPECT_THAT(violations[1].description(), HasSubstr("license M"));
}

// Notices ---------------------------------------------------------------------

TEST_F(LimitTest, NoticeIsDueWhateverTheLimit) {
  const std::string notify = "enforcement { mode: MODE_NOTIFY notify_at: '5' }";
  Adopt({absl::StrCat("rule_id: 'none' limit { none {} } ", notify),
         absl::StrCat("rule_id: 'unknown' limit { unknown {} } ", notify),
         absl::StrCat("rule_id: 'over' limit { constant: '6' } ", notify)});
  const auto below = Accept(ShipText("MY", "product_code: 'H100' quantity: 4"));
  const auto reached =
      Accept(ShipText("MY", "product_code: 'H100' quantity: 3"));
  ASSERT_EQ(below.judgements[0].rules_size(), 3);
  ASSERT_EQ(reached.judgements[0].rules_size(), 3);
  for (int i = 0; i < 3; ++i) {
    EXPECT_NE(below.judgements[0].rules(i).verdict(), v1::VERDICT_NOTICE_DUE);
    EXPECT_EQ(reached.judgements[0].rules(i).verdict(), v1::VERDICT_NOTICE_DUE)
        << reached.judgements[0].rules(i).rule_id();
  }
  // What is over is reported as well.
  ASSERT_EQ(reached.judgements[0].violations_size(), 1);
  EXPECT_EQ(reached.judgements[0].violations(0).rule_id(), "over");
  EXPECT_EQ(reached.judgements[0].violations(0).verdict(),
            v1::VERDICT_REPORTED);
  EXPECT_EQ(reached.judgements[0].violations(0).excess(), 1);
}

}  // namespace
}  // namespace chipledger::testing
