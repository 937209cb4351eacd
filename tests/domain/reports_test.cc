// Goal: on every reporting date of a policy the ledger itself says once, in
// order and for ever, how the totals stood as known then. Method: a ledger in
// memory whose time passes; what it records is compared, replayed, and restored
// from its rows after each story.
#include "ledger/domain/reports.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/whole_event.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/domain/restarts.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kNsPerDay = int64_t{86'400} * 1'000'000'000;

// A rule that is tested on 1 February and 1 August.
std::string Rule(const std::string& more = "") {
  return absl::StrCat(R"(rules {
      rule_id: 'half' title: 'R' measure: MEASURE_GPUS
      accrual: ACCRUAL_EXPORTED enforcement { mode: MODE_REPORT_ONLY }
      test_point: TEST_POINT_REPORTING_DATE )",
                      more.empty() ? "window { open {} } limit { constant: "
                                     "'100' } reporting_dates: ['02-01', "
                                     "'08-01'] "
                                   : more,
                      "} ");
}

std::string Policy(const std::string& rules, const std::string& more = "") {
  return absl::StrCat(
      "policy { policy_id: 'p' title: 'P' effective_from: '2025-01-01' "
      "provenance { citation: 'c' legal_status: LEGAL_STATUS_IN_FORCE "
      "enforcement_status: ENFORCEMENT_STATUS_ENFORCED } ",
      more, rules, "} ");
}

class ReportsTest : public ::testing::Test {
 protected:
  ReportsTest() {
    Accept(
        "register_product { product { product_code: 'A' gpus_per_unit: 1 "
        "source: 's' } }");
    Accept("register_party { party { party_id: 'x' name: 'X' } }");
  }

  // The log leads to the same entries, and the rows to the same state.
  void TearDown() override {
    const auto replayed = scenarios::ReplayTotals(ledger_.entries());
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_EQ(*replayed, ledger_.state().SortedTotals());
    // A restart looks at entries one by one, so not in the middle of an event.
    if (has_split_events_) return;
    EXPECT_THAT(
        DifferencesAfterRestarts(ledger_.entries(), [] { return true; }),
        IsEmpty());
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused) << text;
  }
  void Adopt(const std::string& policy) {
    Accept(absl::StrCat("adopt_policy { ", policy, "}"));
  }
  void Amend(const std::string& date, const std::string& policy) {
    Accept(absl::StrCat("amend_policy { effective_date: '", date,
                        "' reason: 'r' ", policy, "}"));
  }
  void Ship(const std::string& reference, const std::string& date, int quantity,
            const std::string& country = "MY") {
    Accept(absl::StrCat(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
        "exporter: 'x' shipment_reference: '",
        reference, "' export_date: '", date, "' destination_country: '",
        country, "' items { product_code: 'A' quantity: ", quantity, " } } }"));
  }
  // Lets time pass to the start of a date, at once.
  void GoTo(const std::string& date) {
    const absl::Status passed =
        ledger_.PassTime(Date::Parse(date)->days() * kNsPerDay);
    ASSERT_TRUE(passed.ok()) << passed;
  }

  // The event of an entry, whole.
  v1::Event EventOf(uint64_t index) const {
    const auto event = ledger_.ReadEvent(index);
    EXPECT_TRUE(event.ok()) << event.status();
    return event.ok() ? **event : v1::Event();
  }
  // The reports in the log.
  std::vector<v1::TotalsReported> Reports() const {
    std::vector<v1::TotalsReported> reports;
    for (uint64_t index = 0; index < ledger_.entries().size();) {
      const v1::Event event = EventOf(index);
      if (event.has_totals_reported()) {
        reports.push_back(event.totals_reported());
      }
      index += domain::EntriesOf(event);
    }
    return reports;
  }
  // Their dates.
  std::vector<std::string> Dates() const {
    std::vector<std::string> dates;
    for (const v1::TotalsReported& report : Reports()) {
      dates.push_back(report.command().date());
    }
    return dates;
  }
  // The totals of a report, such as "MY 40+0 of 100 WITHIN_LIMIT".
  std::vector<std::string> Totals(const v1::TotalsReported& report) const {
    v1::Event event;
    *event.mutable_totals_reported() = report;
    std::vector<std::string> lines;
    const v1::Judgement judgement = domain::JudgementOf(
        ledger_.state().catalog(), event, ledger_.state().size());
    for (const v1::RuleEvaluation& total : judgement.rules()) {
      lines.push_back(
          absl::StrCat(total.group().destination_country(), " ", total.used(),
                       "+", total.reserved(), " of ",
                       total.has_limit() ? absl::StrCat(total.limit()) : "none",
                       " ", v1::Verdict_Name(total.verdict()).substr(8)));
    }
    return lines;
  }
  std::string ReasonOfReport(const std::string& policy_id,
                             const std::string& date) {
    const auto outcome =
        ledger_.Submit({Cmd(absl::StrCat("report_totals { policy_id: '",
                                         policy_id, "' date: '", date, "' }"))},
                       /*validate_only=*/false, domain::AskedBy::kLedger);
    return outcome.status.ok() ? "" : GetErrorCause(outcome.status)->reason;
  }

  MemoryLedger ledger_{*Date::Parse("2025-01-10")};
  bool has_split_events_ = false;
};

// When a report is due
// ---------------------------------------------------------

TEST_F(ReportsTest, ADateIsReportedWhenItIsOverAndOnce) {
  Adopt(Policy(Rule()));
  GoTo("2025-02-01");
  EXPECT_THAT(Dates(), IsEmpty());
  EXPECT_EQ(ReasonOfReport("p", "2025-02-01"), "WRONG_STATUS");
  GoTo("2025-02-02");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01"));
  GoTo("2025-07-31");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01"));
  EXPECT_EQ(ReasonOfReport("p", "2025-02-01"), "WRONG_STATUS");
  EXPECT_EQ(ReasonOfReport("q", "2025-02-01"), "POLICY_NOT_FOUND");
}

TEST_F(ReportsTest, DatesThatWereMissedAreReportedInOrder) {
  Adopt(Policy(Rule()));
  ledger_.GoToDate(*Date::Parse("2026-09-01"));
  EXPECT_EQ(ReasonOfReport("p", "2025-08-01"), "WRONG_STATUS")
      << "February comes first";
  EXPECT_EQ(ReasonOfReport("p", "2025-02-02"), "WRONG_STATUS")
      << "no reporting date";
  GoTo("2026-09-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01", "2025-08-01", "2026-02-01",
                                   "2026-08-01"));
}

TEST_F(ReportsTest, NobodyElseMayReport) {
  Adopt(Policy(Rule()));
  ledger_.GoToDate(*Date::Parse("2025-02-02"));
  const auto outcome = ledger_.Submit(
      {Cmd("report_totals { policy_id: 'p' date: '2025-02-01' }")});
  EXPECT_EQ(GetErrorCause(outcome.status)->reason, "COMMAND_RESERVED");
}

TEST_F(ReportsTest, PoliciesAreReportedOnByDateThenInTheirOrder) {
  Adopt(Policy(
      Rule("window { open {} } limit { none {} } reporting_dates: '08-01' ")));
  std::string other = Policy(Rule());
  other.replace(other.find("'p'"), 3, "'a'");
  Adopt(other);
  GoTo("2025-09-01");
  std::vector<std::string> reports;
  for (const v1::TotalsReported& report : Reports()) {
    reports.push_back(
        absl::StrCat(report.command().policy_id(), report.command().date()));
  }
  EXPECT_THAT(reports,
              ElementsAre("a2025-02-01", "p2025-08-01", "a2025-08-01"));
}

// What a policy would have said before it was there can be read, and nobody
// knew it then.
TEST_F(ReportsTest, APolicyIsReportedOnFromTheDayOfItsAdoption) {
  GoTo("2025-08-01");
  Adopt(Policy(Rule()));
  EXPECT_EQ(ledger_.state().catalog().policies.back()->adopted.reports_from(),
            "2025-08-01");
  GoTo("2026-01-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-08-01"));
}

TEST_F(ReportsTest, NotOnDatesOnWhichItIsNotInForce) {
  Adopt(Policy(Rule(), "effective_to: '2026-02-01' "));
  GoTo("2026-09-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01", "2025-08-01"));
}

TEST_F(ReportsTest, NotFromItsRescissionOn) {
  Adopt(Policy(Rule()));
  GoTo("2025-07-01");
  Accept(
      "rescind_policy { policy_id: 'p' effective_date: '2025-08-01' "
      "reason: 'r' }");
  GoTo("2026-09-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01"));
}

TEST_F(ReportsTest, NotBeforeItHasCountedWhatWasThereBeforeIt) {
  Ship("S-1", "2025-01-05", 40);
  Adopt(Policy(Rule()));
  ASSERT_TRUE(ledger_.state().catalog().policies.back()->IsBackfilling());
  GoTo("2025-02-05");
  EXPECT_THAT(Dates(), IsEmpty());
  EXPECT_EQ(ReasonOfReport("p", "2025-02-01"), "WRONG_STATUS");
  ASSERT_TRUE(ledger_.CountLateAdoptions().ok());
  GoTo("2025-02-06");
  ASSERT_THAT(Reports(), SizeIs(1));
  EXPECT_THAT(Totals(Reports()[0]), ElementsAre(" 40+0 of 100 WITHIN_LIMIT"));
}

TEST_F(ReportsTest, ThereIsNoneWithoutAReportingDate) {
  Adopt(
      Policy("rules { rule_id: 'r' title: 'R' measure: MEASURE_GPUS accrual: "
             "ACCRUAL_EXPORTED window { open {} } limit { none {} } "
             "enforcement { mode: MODE_REPORT_ONLY } } "));
  EXPECT_EQ(ledger_.state().catalog().policies.back()->adopted.reports_from(),
            "");
  GoTo("2026-09-01");
  EXPECT_THAT(Dates(), IsEmpty());
}

// The version that is in force on the date has the say.
TEST_F(ReportsTest, AnAmendmentHasDatesOfItsOwn) {
  Adopt(Policy(Rule()));
  Amend("2025-03-01", Policy(Rule("window { open {} } limit { constant: '100' "
                                  "} reporting_dates: '06-30' ")));
  GoTo("2026-09-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01", "2025-06-30", "2026-06-30"));
  EXPECT_EQ(Reports()[0].policy_index(), 3u);
  EXPECT_EQ(Reports()[1].policy_index(), 4u);
}

TEST_F(ReportsTest, AnAmendmentThatReachesBackIsReportedOnAfterTheLastReport) {
  Adopt(Policy(Rule()));
  GoTo("2025-02-02");
  Ship("S-1", "2025-02-01", 40);
  GoTo("2025-07-05");
  Amend("2025-01-15",
        Policy(Rule("window { open {} } limit { constant: '100' } "
                    "reporting_dates: ['01-20', '06-30'] ")));
  GoTo("2025-09-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-02-01", "2025-06-30"));
}

TEST_F(ReportsTest, TheFirstAmendmentWithReportingDatesBeginsWithItsDay) {
  Adopt(
      Policy("rules { rule_id: 'r' title: 'R' measure: MEASURE_GPUS accrual: "
             "ACCRUAL_EXPORTED window { open {} } limit { none {} } "
             "enforcement { mode: MODE_REPORT_ONLY } } "));
  GoTo("2025-06-01");
  Amend("2025-01-15", Policy(Rule()));
  GoTo("2025-09-01");
  EXPECT_THAT(Dates(), ElementsAre("2025-08-01"));
}

// What a report says
// -----------------------------------------------------------

constexpr char kByCountry[] =
    "scope { group_by: GROUP_BY_DESTINATION_COUNTRY } window { open {} } "
    "reporting_dates: '02-01' ";

TEST_F(ReportsTest, WhatIsDatedThroughTheDateCounts) {
  Adopt(Policy(Rule(absl::StrCat(kByCountry, "limit { constant: '100' } "))));
  Ship("S-1", "2025-01-10", 60);
  Ship("S-2", "2025-02-01", 41);
  Ship("S-3", "2025-02-02", 7);
  Ship("S-4", "2025-02-01", 100, "SG");
  Ship("S-5", "2025-02-02", 100, "TH");
  GoTo("2025-02-02");
  ASSERT_THAT(Reports(), SizeIs(1));
  EXPECT_THAT(
      Totals(Reports()[0]),
      ElementsAre("MY 101+0 of 100 REPORTED", "SG 100+0 of 100 WITHIN_LIMIT"));
  ASSERT_THAT(Reports()[0].rules(), SizeIs(1));
  EXPECT_EQ(Reports()[0].rules(0).ShortDebugString(),
            "totals: 2 over_limit: 1");
}

TEST_F(ReportsTest, WhatIsOverIsToldAsAViolation) {
  Adopt(Policy(Rule()));
  Ship("S-1", "2025-01-10", 130);
  GoTo("2025-02-02");
  const uint64_t index =
      *ledger_.state().registers().reports.Find("p/2025-02-01");
  const v1::Judgement judgement =
      domain::JudgementOf(ledger_.state().catalog(), EventOf(index), index);
  ASSERT_THAT(judgement.violations(), SizeIs(1));
  const v1::Violation& violation = judgement.violations(0);
  EXPECT_EQ(violation.excess(), 30);
  EXPECT_EQ(violation.verdict(), v1::VERDICT_REPORTED);
  EXPECT_THAT(violation.description(),
              HasSubstr("p/half on 2025-02-01: 130 GPUs used, 0 GPUs reserved, "
                        "of 100 GPUs, over by 30 GPUs"));
}

TEST_F(ReportsTest, WhatComesLateChangesNothingThatWasReported) {
  Adopt(Policy(Rule()));
  GoTo("2025-02-02");
  const std::vector<std::string> before = ledger_.entries();
  Ship("S-1", "2025-01-20", 500);
  EXPECT_THAT(Totals(Reports()[0]), IsEmpty());
  EXPECT_TRUE(
      std::equal(before.begin(), before.end(), ledger_.entries().begin()));
  GoTo("2025-08-02");
  EXPECT_THAT(Totals(Reports()[1]), ElementsAre(" 500+0 of 100 REPORTED"));
}

TEST_F(ReportsTest, TheWholeOfAShareIsThatThroughTheDate) {
  Adopt(Policy(
      absl::StrCat("rules { rule_id: 'all' title: 'R' measure: MEASURE_GPUS "
                   "accrual: ACCRUAL_EXPORTED window { open {} } limit { none "
                   "{} } enforcement { mode: MODE_REPORT_ONLY } } ",
                   Rule(absl::StrCat(kByCountry,
                                     "limit { share { of_rule_id: 'all' "
                                     "parts_per_million: 500000 } } ")))));
  Ship("S-1", "2025-01-10", 30);
  Ship("S-2", "2025-01-11", 20, "SG");
  Ship("S-3", "2025-02-02", 900, "TH");
  GoTo("2025-02-02");
  EXPECT_THAT(Totals(Reports()[0]), ElementsAre("MY 30+0 of 25 REPORTED",
                                                "SG 20+0 of 25 WITHIN_LIMIT"));
}

TEST_F(ReportsTest, AYearIsReportedOnByItself) {
  Adopt(
      Policy(Rule("window { calendar_year {} } limit { constant: '100' } "
                  "reporting_dates: '12-31' ")));
  Ship("S-1", "2025-01-10", 130);
  Ship("S-2", "2026-01-01", 20);
  GoTo("2027-01-02");
  ASSERT_THAT(Dates(), ElementsAre("2025-12-31", "2026-12-31"));
  EXPECT_THAT(Totals(Reports()[0]), ElementsAre(" 130+0 of 100 REPORTED"));
  EXPECT_THAT(Totals(Reports()[1]), ElementsAre(" 20+0 of 100 WITHIN_LIMIT"));
}

TEST_F(ReportsTest, TheValidityOfALicenseIsReportedOnWhileItLasts) {
  Adopt(Policy(Rule(
      "scope { group_by: GROUP_BY_LICENSE } window { validity_of_authorization "
      "{} } limit { none {} } reporting_dates: ['02-01', '08-01'] ")));
  Accept(
      "grant_license { license { license_id: 'L' exporter: 'x' "
      "destination_countries: 'MY' grant_date: '2025-01-10' "
      "expiry_date: '2025-08-01' "
      "lines { line_number: 1 product_code: 'A' quantity: 100 } } }");
  const auto shipped = ledger_.Submit({UnderLicense(
      Cmd("record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
          "exporter: 'x' shipment_reference: 'S' export_date: '2025-01-20' "
          "destination_country: 'MY' "
          "items { product_code: 'A' quantity: 10 } } }"),
      "L")});
  ASSERT_TRUE(shipped.status.ok() && !shipped.refused);
  GoTo("2026-02-02");
  ASSERT_THAT(Reports(), SizeIs(3));
  EXPECT_THAT(Totals(Reports()[1]), ElementsAre(" 10+0 of none WITHIN_LIMIT"));
  EXPECT_THAT(Totals(Reports()[2]), IsEmpty());
}

// What time brings about is recorded in its order, so that what was reserved on
// the date is in the report though it has run out since.
TEST_F(ReportsTest, WhatWasReservedThenWasReserved) {
  Adopt(Policy(Rule()));
  GoTo("2025-01-31");
  Accept(absl::StrCat(
      "reserve_shipment { hold_seconds: ", 3 * 86'400,
      " shipment { exporter: 'x' shipment_reference: 'S' export_date: "
      "'2025-02-01' destination_country: 'MY' "
      "items { product_code: 'A' quantity: 101 } } }"));
  GoTo("2025-03-01");
  EXPECT_THAT(Totals(Reports()[0]), ElementsAre(" 0+101 of 100 REPORTED"));
  EXPECT_EQ(ledger_.state().registers().reservations.size(), 0u);
}

TEST_F(ReportsTest, NoticesUnknownLimitsAndFiguresAreCounted) {
  const std::string steps =
      "window { open {} } reporting_dates: '02-01' limit { ";
  std::string notify = Rule(absl::StrCat(steps, "none {} } "));
  notify.replace(notify.find("mode: MODE_REPORT_ONLY"), 22,
                 "mode: MODE_NOTIFY notify_at: '10'");
  notify.replace(notify.find("'half'"), 6, "'notify'");
  std::string unknown = Rule(absl::StrCat(steps, "unknown {} } "));
  unknown.replace(unknown.find("'half'"), 6, "'unknown'");
  std::string tpp = Rule(absl::StrCat(steps, "constant: '1' } "));
  tpp.replace(tpp.find("MEASURE_GPUS"), 12, "MEASURE_TPP");
  Adopt(Policy(absl::StrCat(notify, unknown, tpp)));
  Ship("S-1", "2025-01-20", 10);
  GoTo("2025-02-02");
  const v1::TotalsReported report = Reports()[0];
  EXPECT_THAT(Totals(report),
              ElementsAre(" 10+0 of none NOTICE_DUE", " 10+0 of none UNKNOWN",
                          " 0+0 of 1000 REPORTED"));
  ASSERT_THAT(report.rules(), SizeIs(3));
  EXPECT_EQ(report.rules(0).ShortDebugString(), "totals: 1 notice_due: 1");
  EXPECT_EQ(report.rules(1).ShortDebugString(),
            "rule: 1 totals: 1 unknown_limit: 1");
  EXPECT_EQ(report.rules(2).ShortDebugString(),
            "rule: 2 totals: 1 unmeasured: 1");
}

// A rule of many totals: a report tells those that are over their limit before
// the others, as many as its bound, and counts them all.
TEST_F(ReportsTest, OfManyTotalsThoseThatAreOverAreTold) {
  Adopt(
      Policy(Rule("scope { group_by: GROUP_BY_EXPORTER } window { open {} } "
                  "limit { constant: '1' } reporting_dates: '02-01' ")));
  has_split_events_ = true;
  constexpr int kTotals = 1'050;
  constexpr int kOver = 30;
  for (int i = 0; i < kTotals; ++i) {
    // So long that they do not fit into one entry.
    const std::string party =
        absl::StrCat("party-", std::string(50, 'x'), 10'000 + i);
    Accept(absl::StrCat("register_party { party { party_id: '", party,
                        "' name: 'N' } }"));
    // The last ones, which would be cut off first.
    Accept(absl::StrCat(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
        "exporter: '",
        party,
        "' shipment_reference: 'S' export_date: '2025-01-20' "
        "destination_country: 'MY' items { product_code: 'A' quantity: ",
        i < kTotals - kOver ? 1 : 2, " } } }"));
  }
  GoTo("2025-02-02");
  const v1::TotalsReported report = Reports()[0];
  EXPECT_GT(EventOf(*ledger_.state().registers().reports.Find("p/2025-02-01"))
                .continued_by(),
            0u);
  EXPECT_EQ(report.rules(0).ShortDebugString(), "totals: 1050 over_limit: 30");
  const std::vector<std::string> totals = Totals(report);
  EXPECT_THAT(totals, SizeIs(limits::kMaxReportedTotals));
  EXPECT_EQ(std::count(totals.begin(), totals.end(), " 2+0 of 1 REPORTED"),
            kOver);
  EXPECT_EQ(totals.back(), " 2+0 of 1 REPORTED") << "in the order of totals";
}

}  // namespace
}  // namespace chipledger::testing
