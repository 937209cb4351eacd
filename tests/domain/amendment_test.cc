// Goal: a policy changes without losing what was used, and what would need
// facts counted again is refused by name. Method: one policy with a yearly cap,
// amended in every way, on a ledger whose log is replayed and whose state is
// restored after each story.
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/headroom.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/domain/restarts.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class AmendmentTest : public ::testing::Test {
 protected:
  AmendmentTest() {
    Accept(Cmd(R"pb(register_product {
                      product {
                        product_code: "H100"
                        gpus_per_unit: 1
                        milli_tpp_per_gpu: 15832000
                        source: "s"
                      }
                    })pb"));
    Accept(Cmd(R"pb(register_party { party { party_id: "x" name: "X" } })pb"));
    Accept(Cmd(R"pb(change_country_group {
                      group_id: "g"
                      changes { country: "SG" kind: KIND_JOIN }
                    })pb"));
  }

  // The log leads to the same totals, and the rows to the same state.
  void TearDown() override {
    const auto replayed = scenarios::ReplayTotals(ledger_.entries());
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_EQ(*replayed, ledger_.state().SortedTotals());
    EXPECT_THAT(
        DifferencesAfterRestarts(ledger_.entries(), [] { return true; }),
        IsEmpty());
  }

  // A policy with a rule "cap" of 500 GPUs a year and country, merged with
  // `rule`; other rules follow it.
  static v1::Policy Policy(const std::string& rule = "",
                           const std::string& others = "") {
    v1::Policy policy = FromText<v1::Policy>(R"pb(
      policy_id: "p"
      title: "P"
      effective_from: "2025-01-01"
      provenance {
        citation: "c"
        legal_status: LEGAL_STATUS_IN_FORCE
        enforcement_status: ENFORCEMENT_STATUS_ENFORCED
      }
      rules {
        rule_id: "cap"
        title: "Cap"
        measure: MEASURE_GPUS
        accrual: ACCRUAL_EXPORTED
        scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
        window { calendar_year {} }
        limit { constant: "500" }
        enforcement { mode: MODE_REFUSE }
      })pb");
    policy.mutable_rules(0)->MergeFrom(FromText<v1::Rule>(rule));
    policy.MergeFrom(FromText<v1::Policy>(others));
    return policy;
  }

  static v1::Command Adoption(const v1::Policy& policy) {
    v1::Command command;
    *command.mutable_adopt_policy()->mutable_policy() = policy;
    return command;
  }

  static v1::Command Amendment(const std::string& date,
                               const v1::Policy& policy) {
    v1::Command command;
    *command.mutable_amend_policy()->mutable_policy() = policy;
    command.mutable_amend_policy()->set_effective_date(date);
    command.mutable_amend_policy()->set_reason("r");
    return command;
  }

  static v1::Command Shipment(const std::string& reference,
                              const std::string& date, int units) {
    return Cmd(absl::Substitute(
        R"(record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment {
             exporter: "x" shipment_reference: "$0" export_date: "$1"
             destination_country: "MY"
             items { product_code: "H100" quantity: $2 } } })",
        reference, date, units));
  }

  void Accept(const v1::Command& command) {
    const auto outcome = ledger_.Submit({command});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused) << command.ShortDebugString();
  }

  // The judgement of a write that the rules refuse.
  v1::Judgement Refuse(const v1::Command& command) {
    const auto outcome = ledger_.Submit({command});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_TRUE(outcome.refused) << command.ShortDebugString();
    return outcome.judgements.empty() ? v1::Judgement()
                                      : outcome.judgements.front();
  }

  absl::Status ErrorOf(const v1::Command& command) {
    return ledger_.Submit({command}).status;
  }

  v1::HeadroomRow RowOn(const std::string& date,
                        const std::string& rule_id = "cap") {
    v1::GetHeadroomRequest request;
    request.set_policy_id("p");
    request.set_rule_id(rule_id);
    request.mutable_group()->set_destination_country("MY");
    request.set_on_date(date);
    const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
    const auto row = domain::GetHeadroom(
        {.snapshot = snapshot, .today = *Date::Parse(date)}, request);
    EXPECT_TRUE(row.ok()) << row.status();
    return row.value_or(v1::HeadroomRow());
  }

  // Rows as "rule vVERSION used of limit".
  std::vector<std::string> RowsOn(const std::string& date) {
    v1::HeadroomFilter filter;
    filter.set_on_date(date);
    const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
    std::vector<std::string> lines;
    for (const auto& [key, row] : domain::ListHeadroom(
             {.snapshot = snapshot, .today = *Date::Parse(date)}, filter,
             std::nullopt, 100)) {
      lines.push_back(absl::StrCat(row.rule_id(), " v", row.policy_version(),
                                   " ", row.used(), " of ", row.limit()));
    }
    return lines;
  }

  scenarios::MemoryLedger ledger_;
};

TEST_F(AmendmentTest, AChangedLimitHoldsFromItsDateAndKeepsWhatWasUsed) {
  Accept(Adoption(Policy()));
  Accept(Shipment("1", "2025-03-01", 400));
  Accept(Amendment("2025-07-01", Policy("limit { constant: '700' }")));
  // 400 of 500 before, 400 of 700 after: never 700 anew.
  Refuse(Shipment("2", "2025-06-30", 101));
  Accept(Shipment("2", "2025-07-01", 250));
  const v1::Judgement judgement = Refuse(Shipment("3", "2025-07-02", 51));
  ASSERT_EQ(judgement.violations_size(), 1);
  EXPECT_EQ(judgement.violations(0).used(), 650);
  EXPECT_EQ(judgement.violations(0).limit(), 700);
  EXPECT_EQ(judgement.violations(0).policy_version(), 2u);
  Accept(Shipment("3", "2025-07-02", 50));
  EXPECT_EQ(RowOn("2025-06-30").headroom(), -200);
  EXPECT_EQ(RowOn("2025-06-30").policy_version(), 1u);
  EXPECT_EQ(RowOn("2025-07-01").headroom(), 0);
  EXPECT_EQ(RowOn("2025-07-01").policy_version(), 2u);
  EXPECT_THAT(RowsOn("2025-07-01"), ElementsAre("cap v2 700 of 700"));
}

TEST_F(AmendmentTest, EvidenceSaysWhichVersionJudged) {
  Accept(Adoption(Policy()));
  const auto version_of = [&](const v1::Command& shipment) {
    const auto outcome = ledger_.Submit({shipment});
    EXPECT_FALSE(outcome.refused);
    return outcome.judgements.at(0).rules(0).policy_version();
  };
  EXPECT_EQ(version_of(Shipment("1", "2025-08-01", 1)), 1u);
  Accept(Amendment("2025-07-01", Policy("limit { constant: '9' }")));
  EXPECT_EQ(version_of(Shipment("2", "2025-06-30", 1)), 1u);
  EXPECT_EQ(version_of(Shipment("3", "2025-07-01", 1)), 2u);
  // Adopted and judged by in one request.
  const auto outcome = ledger_.Submit(
      {Amendment("2025-07-01", Policy("limit { constant: '4' }")),
       Shipment("4", "2025-07-01", 2)});
  ASSERT_TRUE(outcome.refused);
  ASSERT_EQ(outcome.judgements.at(0).violations_size(), 1);
  EXPECT_EQ(outcome.judgements[0].violations(0).policy_version(), 3u);
  EXPECT_EQ(outcome.judgements[0].violations(0).limit(), 4);
}

TEST_F(AmendmentTest, WhatWasCountedBeforeIsGivenBackToTheSameTotal) {
  Accept(Adoption(Policy()));
  Accept(Shipment("1", "2025-03-01", 400));
  Accept(Shipment("2", "2025-08-01", 100));
  Accept(Amendment("2025-07-01", Policy("limit { constant: '300' }")));
  // Over the limit is not an error; more is refused.
  EXPECT_EQ(RowOn("2025-07-01").status(), v1::HeadroomRow::STATUS_OVER_LIMIT);
  Refuse(Shipment("3", "2025-08-01", 1));
  Accept(Cmd(R"pb(void_shipment {
                    exporter: "x"
                    shipment_reference: "1"
                    reason: "r"
                  })pb"));
  EXPECT_EQ(RowOn("2025-07-01").used(), 100);
  Accept(Shipment("3", "2025-08-01", 200));
  EXPECT_EQ(RowOn("2025-07-01").headroom(), 0);
}

TEST_F(AmendmentTest, ARuleThatEndsKeepsItsTotalAndCountsNoMore) {
  const std::string other = R"(rules {
    rule_id: "all" title: "A" measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
    window { calendar_year {} } limit { constant: "1000" }
    enforcement { mode: MODE_REFUSE } })";
  Accept(Adoption(Policy("", other)));
  Accept(Shipment("1", "2025-03-01", 400));
  Accept(Amendment("2025-07-01", Policy()));
  Accept(Shipment("2", "2025-07-01", 50));
  EXPECT_THAT(RowsOn("2025-06-30"),
              ElementsAre("cap v1 450 of 500", "all v1 400 of 1000"));
  EXPECT_THAT(RowsOn("2025-07-01"), ElementsAre("cap v2 450 of 500"));
}

TEST_F(AmendmentTest, ANewRuleCountsFromItsDate) {
  Accept(Adoption(Policy()));
  Accept(Shipment("1", "2025-03-01", 400));
  const std::string other = R"(rules {
    rule_id: "half" title: "H" measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
    scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
    window { calendar_year {} }
    limit { share { of_rule_id: "cap" parts_per_million: 500000 } }
    enforcement { mode: MODE_REPORT_ONLY } })";
  Accept(Amendment("2025-07-01", Policy("", other)));
  Accept(Shipment("2", "2025-07-01", 50));
  // Its whole is the total that the rule beside it kept.
  EXPECT_THAT(RowsOn("2025-07-01"),
              ElementsAre("cap v2 450 of 500", "half v2 50 of 225"));
}

TEST_F(AmendmentTest, WhatATotalIsMadeOfStays) {
  Accept(Adoption(Policy()));
  const struct {
    std::string rule;
    std::string field;
  } table[] = {
      {"measure: MEASURE_TPP", "measure"},
      {"items { min_milli_tpp: 1 }", "items"},
      {"accrual: ACCRUAL_RECEIVED", "accrual"},
      {"scope { group_by: GROUP_BY_EXPORTER }", "scope.group_by"},
      {"window { open {} }", "window.calendar_year"},
  };
  for (const auto& row : table) {
    const absl::Status status =
        ErrorOf(Amendment("2026-01-01", Policy(row.rule)));
    const auto fields = GetFieldViolations(status);
    ASSERT_FALSE(fields.empty()) << row.rule << ": " << status;
    EXPECT_EQ(fields[0].field, absl::StrCat("policy.rules[0].", row.field));
  }
  // The order of the keys means nothing.
  v1::Policy two = Policy("scope { group_by: GROUP_BY_EXPORTER }");
  two.set_policy_id("q");
  Accept(Adoption(two));
  two.mutable_rules(0)->mutable_scope()->mutable_group_by()->SwapElements(0, 1);
  EXPECT_EQ(ErrorOf(Amendment("2026-01-01", two)), absl::OkStatus());
}

TEST_F(AmendmentTest, WhatWouldNeedFactsCountedAgainIsNamedAndRefused) {
  Accept(Adoption(Policy()));
  Accept(Shipment("1", "2025-07-10", 1));
  const std::string other = R"(rules {
    rule_id: "new" title: "N" measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
    window { open {} } limit { none {} }
    enforcement { mode: MODE_REPORT_ONLY } })";
  const struct {
    v1::Policy policy;
    std::string named;
  } table[] = {
      {Policy("scope { where { destination_groups: 'g' } }"),
       "rule \"cap\" changes scope.where"},
      {Policy("exemptions { parties: 'x' }"),
       "rule \"cap\" changes exemptions"},
      {Policy("limit { predicate { allowed { min_milli_tpp: 1 } } }"),
       "rule \"cap\" changes limit.predicate"},
      {Policy("", other), "rule \"new\" is new"},
      {Policy("", "country_treatments { country: 'MY' treated_as: 'SG' }"),
       "country_treatments change"},
  };
  for (const auto& row : table) {
    const absl::Status status = ErrorOf(Amendment("2025-07-10", row.policy));
    EXPECT_EQ(GetErrorCause(status).value_or(ErrorCause()).reason,
              "RECOUNT_NEEDED")
        << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(row.named));
    // From the day after, nothing has been counted.
    v1::Command later = Amendment("2025-07-11", row.policy);
    EXPECT_EQ(ledger_.Submit({later}, /*validate_only=*/true).status,
              absl::OkStatus())
        << row.named;
  }
}

TEST_F(AmendmentTest, OnlyFactsThatAChangedRuleCouldCountHoldItBack) {
  Accept(Adoption(Policy()));
  Accept(Shipment("1", "2025-07-10", 1));
  const auto rule_of = [](const std::string& country) {
    return Policy("", absl::Substitute(R"(rules {
      rule_id: "new" title: "N" measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
      scope { where { destination_countries: "$0" } }
      window { open {} } limit { none {} }
      enforcement { mode: MODE_REPORT_ONLY } })",
                                       country));
  };
  EXPECT_THAT(
      std::string(ErrorOf(Amendment("2025-07-01", rule_of("MY"))).message()),
      HasSubstr("rule \"new\" is new, and there is a fact of MY on "
                "2025-07-10"));
  Accept(Amendment("2025-07-01", rule_of("SG")));
  // Nor does a country that is not shipped to matter in how it is treated.
  v1::Policy treated = rule_of("SG");
  treated.MergeFrom(FromText<v1::Policy>(
      "country_treatments { country: 'HK' treated_as: 'CN' }"));
  Accept(Amendment("2025-07-01", treated));
}

// What a license authorizes times a factor is a limit like others: it holds
// from its date.
TEST_F(AmendmentTest, AFactorOfWhatIsAuthorizedChangesFromItsDate) {
  const auto policy_of = [](int numerator) {
    return Policy("", absl::Substitute(R"(rules {
      rule_id: "licensed" title: "L" measure: MEASURE_GPUS
      accrual: ACCRUAL_EXPORTED scope { group_by: GROUP_BY_LICENSE }
      window { open {} }
      limit { authorized { numerator: $0 denominator: 10 } }
      enforcement { mode: MODE_REFUSE } })",
                                       numerator));
  };
  Accept(Adoption(policy_of(5)));
  Accept(Shipment("1", "2025-07-10", 1));
  Accept(Amendment("2025-07-01", policy_of(7)));
}

// What was counted under one version comes back, moves and is fulfilled under
// the next, in the same total.
TEST_F(AmendmentTest, ALicenseOfBeforeIsRevokedInItsTotal) {
  const auto policy_of = [](int limit) {
    v1::Policy policy =
        Policy(absl::Substitute("limit { constant: '$0' }", limit));
    policy.mutable_rules(0)->set_accrual(v1::ACCRUAL_LICENSED);
    policy.mutable_rules(0)->mutable_window()->mutable_open();
    policy.mutable_rules(0)->set_revocation_effect(
        v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED);
    return policy;
  };
  const auto grant = [](const std::string& id, const std::string& date,
                        int units) {
    return Cmd(absl::Substitute(
        R"(grant_license { license { license_id: "$0" exporter: "x"
             destination_countries: "MY" grant_date: "$1"
             expiry_date: "2025-12-31"
             lines { line_number: 1 product_code: "H100" quantity: $2 } } })",
        id, date, units));
  };
  Accept(Adoption(policy_of(500)));
  Accept(grant("L1", "2025-02-01", 400));
  Accept(Amendment("2025-07-01", policy_of(450)));
  Refuse(grant("L2", "2025-07-01", 51));
  Accept(UnderLicense(Shipment("1", "2025-07-02", 100), "L1"));
  Accept(
      Cmd("revoke_license { license_id: 'L1' reason: 'r' "
          "effective_date: '2025-07-03' }"));
  EXPECT_EQ(RowOn("2025-07-03").used(), 100);
  EXPECT_EQ(RowOn("2025-07-03").limit(), 450);
  Accept(grant("L2", "2025-07-03", 350));
  Refuse(grant("L3", "2025-07-03", 1));
}

TEST_F(AmendmentTest, GoodsOnTheirWayArriveInTheirTotal) {
  const auto policy_of = [](int limit) {
    v1::Policy policy =
        Policy(absl::Substitute("limit { constant: '$0' }", limit));
    policy.mutable_rules(0)->set_accrual(v1::ACCRUAL_INSTALLED_NET);
    policy.mutable_rules(0)->mutable_window()->mutable_open();
    return policy;
  };
  Accept(Adoption(policy_of(500)));
  Accept(Shipment("1", "2025-06-01", 400));
  Accept(Amendment("2025-07-01", policy_of(450)));
  const std::string named =
      "shipment { exporter: 'x' shipment_reference: '1' } ";
  Accept(Cmd(absl::StrCat("receive_shipment { ", named,
                          "effective_date: '2025-07-02' }")));
  EXPECT_EQ(RowOn("2025-07-02").used(), 400);
  EXPECT_EQ(RowOn("2025-07-02").reserved(), 0);
  Refuse(Shipment("2", "2025-07-02", 51));
  Accept(Cmd(absl::StrCat("return_shipment { ", named,
                          "effective_date: '2025-07-03' reason: 'r' "
                          "units { item: 0 quantity: 30 } }")));
  EXPECT_EQ(RowOn("2025-07-03").headroom(), 80);
}

TEST_F(AmendmentTest, AReservationOfBeforeIsUsedInItsTotal) {
  Accept(Adoption(Policy()));
  v1::Command reserve;
  *reserve.mutable_reserve_shipment()->mutable_shipment() =
      Shipment("plan", "2025-08-01", 400).record_shipment().shipment();
  reserve.mutable_reserve_shipment()->set_hold_seconds(3'600);
  const uint64_t index = ledger_.state().size();
  Accept(reserve);
  Accept(Amendment("2025-07-01", Policy("limit { constant: '450' }")));
  EXPECT_EQ(RowOn("2025-08-01").reserved(), 400);
  Refuse(Shipment("1", "2025-08-01", 51));
  v1::Command used = Shipment("2", "2025-08-01", 300);
  used.mutable_record_shipment()->set_reservation_index(index);
  Accept(used);
  EXPECT_EQ(RowOn("2025-08-01").used(), 300);
  EXPECT_EQ(RowOn("2025-08-01").reserved(), 100);
  EXPECT_EQ(RowOn("2025-08-01").policy_version(), 2u);
}

TEST_F(AmendmentTest, AMistypedDateBlocksNothing) {
  Accept(Adoption(Policy()));
  Accept(Amendment("2999-01-01", Policy("limit { constant: '1' }")));
  Accept(Amendment("2025-07-01", Policy("limit { constant: '700' }")));
  Accept(Shipment("1", "2025-07-01", 600));
  EXPECT_EQ(RowOn("2025-07-01").policy_version(), 3u);
  EXPECT_EQ(RowOn("2999-06-01").limit(), 700);
}

TEST_F(AmendmentTest, DatesAndStandingAreChecked) {
  v1::Policy ends = Policy();
  ends.set_effective_to("2026-01-01");
  Accept(Adoption(ends));
  const auto reason = [&](const v1::Command& command) {
    return GetErrorCause(ErrorOf(command)).value_or(ErrorCause()).reason;
  };
  EXPECT_EQ(reason(Amendment("2024-12-31", ends)), "WRONG_DATE");
  EXPECT_EQ(reason(Amendment("2026-01-01", ends)), "WRONG_DATE");
  v1::Policy moved = ends;
  moved.set_effective_from("2025-02-01");
  EXPECT_EQ(reason(Amendment("2025-07-01", moved)), "INVALID_FIELD");
  v1::Policy gone = ends;
  gone.set_policy_id("gone");
  EXPECT_EQ(reason(Amendment("2025-07-01", gone)), "POLICY_NOT_FOUND");
  // A longer life is an amendment, as long as nothing was recorded after its
  // end.
  Accept(Amendment("2025-07-01", Policy()));
  Accept(Shipment("1", "2026-02-01", 1));
  EXPECT_EQ(RowOn("2026-02-01").used(), 1);
  Accept(Cmd(R"pb(rescind_policy {
                    policy_id: "p"
                    effective_date: "2026-06-01"
                    reason: "r"
                  })pb"));
  EXPECT_EQ(reason(Amendment("2026-03-01", Policy())), "WRONG_STATUS");
  EXPECT_FALSE(RowOn("2026-06-01").in_force());
}

TEST_F(AmendmentTest, AMistypedRescissionIsFollowedByAnEarlierOne) {
  Accept(Adoption(Policy()));
  const auto rescind = [](const std::string& date) {
    return Cmd(
        absl::StrCat("rescind_policy { policy_id: 'p' reason: 'r' "
                     "effective_date: '",
                     date, "' }"));
  };
  Accept(Shipment("1", "2025-05-12", 1));
  Accept(rescind("2062-05-13"));
  Accept(rescind("2025-05-13"));
  EXPECT_TRUE(RowOn("2025-05-12").in_force());
  EXPECT_FALSE(RowOn("2025-05-13").in_force());
  // What is over since then cannot begin again: nothing counted meanwhile.
  for (const char* later : {"2025-05-13", "2026-01-01"}) {
    EXPECT_EQ(
        GetErrorCause(ErrorOf(rescind(later))).value_or(ErrorCause()).reason,
        "WRONG_DATE")
        << later;
  }
}

TEST_F(AmendmentTest, ALongerLifeDoesNotReachFactsThatWereNotCounted) {
  v1::Policy ends = Policy();
  ends.set_effective_to("2025-06-01");
  Accept(Adoption(ends));
  Accept(Shipment("1", "2025-06-15", 1));
  const absl::Status status = ErrorOf(Amendment("2025-05-01", Policy()));
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("effective_to was 2025-06-01"));
}

// What a policy counted of the log before its adoption is given back whole,
// whatever has ended it since.
TEST_F(AmendmentTest, WhatALatePolicyCountedIsGivenBackAfterItEnded) {
  for (const bool rescinds : {false, true}) {
    const std::string id = rescinds ? "rescinded" : "amended";
    Accept(Shipment(id, "2025-08-01", 40));
    v1::Policy policy = Policy();
    policy.set_policy_id(id);
    Accept(Adoption(policy));
    // It cannot be amended before it has counted.
    EXPECT_EQ(GetErrorCause(ErrorOf(Amendment("2025-07-01", policy)))
                  .value_or(ErrorCause())
                  .reason,
              "WRONG_STATUS");
    if (rescinds) {
      Accept(Cmd(R"pb(rescind_policy {
                        policy_id: "rescinded"
                        effective_date: "2025-07-01"
                        reason: "r"
                      })pb"));
    }
    ASSERT_EQ(ledger_.CountLateAdoptions(), absl::OkStatus());
    if (!rescinds) Accept(Amendment("2025-07-01", policy));
    Accept(Cmd(absl::Substitute(
        "void_shipment { exporter: 'x' shipment_reference: '$0' reason: 'r' }",
        id)));
    for (const auto& [key, total] : ledger_.state().SortedTotals()) {
      EXPECT_EQ(total.sum.used, 0) << id;
    }
  }
}

TEST_F(AmendmentTest, ATimelineFollowsTheVersions) {
  Accept(Adoption(Policy()));
  Accept(Shipment("1", "2025-03-01", 400));
  Accept(Amendment("2025-07-01", Policy("limit { constant: '700' }")));
  v1::GetTimelineRequest request;
  request.set_policy_id("p");
  request.set_rule_id("cap");
  request.mutable_group()->set_destination_country("MY");
  request.set_from_date("2025-01-01");
  request.set_to_date("2025-12-31");
  const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
  const auto timeline = domain::GetTimeline(
      {.snapshot = snapshot, .today = *Date::Parse("2025-12-31")}, request);
  ASSERT_TRUE(timeline.ok()) << timeline.status();
  std::vector<std::string> points;
  for (const auto& point : timeline->points()) {
    points.push_back(
        absl::StrCat(point.date(), ": ", point.used(), " of ", point.limit()));
  }
  EXPECT_THAT(points,
              ElementsAre("2025-01-01: 0 of 500", "2025-03-01: 400 of 500",
                          "2025-07-01: 400 of 700"));
}

TEST_F(AmendmentTest, TheModeMayChange) {
  v1::Command adoption = Adoption(Policy());
  adoption.mutable_adopt_policy()->set_mode(v1::ADOPTION_MODE_REPORT_ONLY);
  Accept(adoption);
  Accept(Shipment("1", "2025-03-01", 600));
  v1::Command amendment = Amendment("2025-07-01", Policy());
  // As before, unless it says so.
  Accept(amendment);
  Accept(Shipment("2", "2025-07-01", 1));
  amendment.mutable_amend_policy()->set_mode(v1::ADOPTION_MODE_ENFORCE);
  Accept(amendment);
  Refuse(Shipment("3", "2025-07-01", 1));
}

}  // namespace
}  // namespace chipledger::testing
