// Goal: what is where holds on every date, not only in the end, in whatever
// order it is recorded. Method: the timeline of the installed base of a
// country.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/domain/headroom.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DatedMovementsTest : public ::testing::Test {
 protected:
  DatedMovementsTest() {
    Accept(R"(register_product { product {
                product_code: "H100" gpus_per_unit: 1 source: "s" } })");
    Accept(R"(register_party { party { party_id: "x" name: "X" } })");
    Accept(R"(adopt_policy { policy {
      policy_id: "p" title: "P" effective_from: "2024-01-01"
      provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                   enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
      rules { rule_id: "installed" title: "I" measure: MEASURE_GPUS
        accrual: ACCRUAL_INSTALLED_NET
        scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
        window { open {} } limit { none {} }
        enforcement { mode: MODE_REPORT_ONLY } } } })");
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status << text;
    ASSERT_FALSE(outcome.refused) << text;
  }
  // The command fails; returns the reason.
  std::string ReasonFor(const std::string& text) {
    last_error_ = ledger_.Submit({Cmd(text)}).status;
    return GetErrorCause(last_error_).value_or(ErrorCause()).reason;
  }

  void Ship(int units) {
    Accept(absl::Substitute(
        R"(record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment {
             exporter: "x" shipment_reference: "S" export_date: "2025-03-01"
             destination_country: "MY"
             items { product_code: "H100" quantity: $0 } } })",
        units));
  }
  uint64_t Last() const { return ledger_.state().size() - 1; }
  static std::string Void(uint64_t movement) {
    return absl::StrCat(
        "void_movement { shipment { exporter: 'x' shipment_reference: 'S' } "
        "movement_index: ",
        movement, " reason: 'r' }");
  }
  // A command about so many units on a date.
  static std::string Moves(const std::string& command, int units,
                           const std::string& date) {
    return absl::Substitute(
        R"($0 { shipment { exporter: "x" shipment_reference: "S" }
             effective_date: "$1" units { item: 0 quantity: $2 } $3 })",
        command, date, units,
        command == "retire_units"      ? "cause: CAUSE_SCRAP evidence: 'e'"
        : command == "return_shipment" ? "reason: 'r'"
                                       : "");
  }
  static std::string Declares(const std::string& date, int gpus) {
    return absl::Substitute(
        R"(declare_compute { party: "x" source: "s" effective_date: "$0"
             lines { country: "MY" gpus: $1 } })",
        date, gpus);
  }

  // Points as "date: used reserved".
  std::vector<std::string> Timeline() {
    v1::GetTimelineRequest request;
    request.set_policy_id("p");
    request.set_rule_id("installed");
    request.mutable_group()->set_destination_country("MY");
    const domain::Snapshot snapshot = ledger_.state().ToSnapshot();
    const auto timeline = domain::GetTimeline(
        {.snapshot = snapshot, .today = *Date::Parse("2025-12-31")}, request);
    EXPECT_TRUE(timeline.ok()) << timeline.status();
    std::vector<std::string> points;
    if (!timeline.ok()) return points;
    for (const auto& point : timeline->points()) {
      points.push_back(absl::StrCat(point.date(), ": ", point.used(), " ",
                                    point.reserved()));
    }
    return points;
  }

  MemoryLedger ledger_;
  absl::Status last_error_;
};

TEST_F(DatedMovementsTest, WhatIsDeclaredHoldsUntilTheNextDeclaration) {
  Accept(Declares("2025-06-01", 100));
  Accept(Declares("2025-07-01", 60));
  EXPECT_THAT(Timeline(), ElementsAre("2025-06-01: 100 0", "2025-07-01: 60 0"));
  // It is not known what a statement of an earlier date would have held until.
  EXPECT_EQ(ReasonFor(Declares("2025-06-15", 80)), "WRONG_DATE");
  EXPECT_THAT(std::string(last_error_.message()),
              HasSubstr("is before 2025-07-01, the date of what x declared"));
  // One of the same date is a correction of it.
  Accept(Declares("2025-07-01", 70));
  EXPECT_THAT(Timeline(), ElementsAre("2025-06-01: 100 0", "2025-07-01: 70 0"));
}

TEST_F(DatedMovementsTest, GoodsOnTheirWayAreReservedUntilTheyArrive) {
  Ship(10);
  Accept(Moves("receive_shipment", 6, "2025-03-10"));
  Accept(Moves("return_shipment", 4, "2025-03-20"));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 6 4",
                                      "2025-03-20: 6 0"));
}

TEST_F(DatedMovementsTest, UnitsAreNowhereBeforeTheyArrive) {
  Ship(10);
  EXPECT_EQ(ReasonFor(Moves("receive_shipment", 10, "2025-02-28")),
            "WRONG_DATE");
  Accept(Moves("receive_shipment", 10, "2025-03-10"));
  EXPECT_EQ(ReasonFor(Moves("retire_units", 5, "2025-03-05")), "WRONG_DATE");
  EXPECT_THAT(
      std::string(last_error_.message()),
      HasSubstr("would leave -5 units of item 0 on hand on 2025-03-05"));
  Accept(Moves("retire_units", 5, "2025-03-10"));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 5 0"));
}

TEST_F(DatedMovementsTest, WhatIsRecordedLateMustFitWhatCameAfterIt) {
  Ship(10);
  Accept(Moves("receive_shipment", 4, "2025-03-10"));
  Accept(Moves("receive_shipment", 6, "2025-03-20"));
  Accept(Moves("retire_units", 3, "2025-03-15"));
  // Of the four on hand on the twelfth three were to be retired on the
  // fifteenth.
  EXPECT_EQ(ReasonFor(Moves("retire_units", 2, "2025-03-12")), "WRONG_DATE");
  EXPECT_THAT(
      std::string(last_error_.message()),
      HasSubstr("would leave -1 units of item 0 on hand on 2025-03-15"));
  Accept(Moves("retire_units", 1, "2025-03-12"));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 4 6",
                                      "2025-03-12: 3 6", "2025-03-15: 0 6",
                                      "2025-03-20: 6 0"));
}

TEST_F(DatedMovementsTest, GoodsThatLeftDoNotVanishByAVoid) {
  const std::string left =
      R"(record_shipment { assurance: ASSURANCE_AFTER_THE_FACT shipment {
           exporter: "x" shipment_reference: "S" export_date: "2025-03-01"
           destination_country: "MY"
           items { product_code: "H100" quantity: 10 } } })";
  const std::string voids =
      "void_shipment { exporter: 'x' shipment_reference: 'S' reason: 'r' $0 }";
  Accept(left);
  EXPECT_EQ(ReasonFor(absl::Substitute(voids, "")), "WRONG_STATUS");
  EXPECT_THAT(std::string(last_error_.message()),
              HasSubstr("shipment x/S is recorded as having left"));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10"));
  // Unless there never were any.
  Accept(absl::Substitute(voids, "recorded_in_error: 'doubles filing 7'"));
  EXPECT_THAT(Timeline(), ElementsAre("2025-12-31: 0 0"));
}

TEST_F(DatedMovementsTest, WhatACorrectionSaysHasLeftHasLeft) {
  Ship(10);
  Accept(R"(correct_shipment { assurance: ASSURANCE_AFTER_THE_FACT reason: "r"
              shipment { exporter: "x" shipment_reference: "S"
                export_date: "2025-03-02" destination_country: "MY"
                items { product_code: "H100" quantity: 9 } } })");
  EXPECT_EQ(ReasonFor("void_shipment { exporter: 'x' shipment_reference: 'S' "
                      "reason: 'r' }"),
            "WRONG_STATUS");
}

TEST_F(DatedMovementsTest, WhatWentOnIsNotThereBeforeItCame) {
  Ship(10);
  Accept(Moves("receive_shipment", 10, "2025-03-10"));
  const std::string reexport =
      R"(reexport_shipment {
           origin { exporter: "x" shipment_reference: "S" }
           units { item: 0 quantity: 10 } assurance: ASSURANCE_BEFORE_EXPORT
           shipment { exporter: "x" shipment_reference: "R" export_date: "$0"
             destination_country: "SG"
             items { product_code: "H100" quantity: 10 } } })";
  EXPECT_EQ(ReasonFor(absl::Substitute(reexport, "2025-03-09")), "WRONG_DATE");
  Accept(absl::Substitute(reexport, "2025-03-10"));
}

TEST_F(DatedMovementsTest, ARequestMayMoveUnitsInAnyOrderOfDates) {
  Ship(10);
  const auto outcome =
      ledger_.Submit({Cmd(Moves("receive_shipment", 6, "2025-03-20")),
                      Cmd(Moves("receive_shipment", 4, "2025-03-10"))});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 4 6",
                                      "2025-03-20: 10 0"));
  // And what it cannot, it does not.
  const auto wrong =
      ledger_.Submit({Cmd(Moves("return_shipment", 5, "2025-03-25")),
                      Cmd(Moves("retire_units", 5, "2025-03-15"))});
  EXPECT_EQ(GetErrorCause(wrong.status).value_or(ErrorCause()).reason,
            "WRONG_DATE")
      << wrong.status;
}

TEST_F(DatedMovementsTest, AVoidedMovementNeverWas) {
  Ship(10);
  Accept(Moves("receive_shipment", 6, "2025-03-10"));
  const uint64_t receipt = Last();
  Accept(Moves("receive_shipment", 4, "2025-03-20"));
  Accept(Moves("return_shipment", 3, "2025-03-25"));
  const uint64_t return_index = Last();
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 6 4",
                                      "2025-03-20: 10 0", "2025-03-25: 7 0"));
  Accept(Void(return_index));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 6 4",
                                      "2025-03-20: 10 0"));
  Accept(Void(receipt));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-20: 4 6"));
  // It moves nothing any more, nor does what voided it.
  EXPECT_EQ(ReasonFor(Void(receipt)), "INVALID_FIELD");
  EXPECT_EQ(ReasonFor(Void(Last())), "INVALID_FIELD");
  EXPECT_THAT(std::string(last_error_.message()),
              HasSubstr("is no movement of shipment x/S that still holds"));
}

TEST_F(DatedMovementsTest, AReturnTakesFromElsewhereOnceItsReceiptIsVoid) {
  Ship(10);
  Accept(Moves("receive_shipment", 10, "2025-03-10"));
  const uint64_t receipt = Last();
  Accept(Moves("return_shipment", 3, "2025-03-25"));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 10 0",
                                      "2025-03-25: 7 0"));
  // Without the receipt they came back from the way.
  Accept(Void(receipt));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-25: 0 7"));
}

TEST_F(DatedMovementsTest, AMovementThatOthersRestOnIsVoidedLast) {
  Ship(10);
  Accept(Moves("receive_shipment", 10, "2025-03-10"));
  const uint64_t receipt = Last();
  Accept(R"(reexport_shipment {
              origin { exporter: "x" shipment_reference: "S" }
              units { item: 0 quantity: 4 } assurance: ASSURANCE_BEFORE_EXPORT
              shipment { exporter: "x" shipment_reference: "R"
                export_date: "2025-03-12" destination_country: "SG"
                items { product_code: "H100" quantity: 4 } } })");
  const uint64_t reexport = Last();
  EXPECT_EQ(ReasonFor(Void(receipt)), "WRONG_STATUS");
  EXPECT_THAT(std::string(last_error_.message()),
              HasSubstr("without it -4 units of item 0 would be on hand on "
                        "2025-03-12"));
  Accept(R"(receive_shipment {
              shipment { exporter: "x" shipment_reference: "R" }
              effective_date: "2025-03-15" })");
  const uint64_t arrival = Last();
  EXPECT_EQ(ReasonFor(Void(reexport)), "WRONG_STATUS");
  Accept(absl::StrCat(
      "void_movement { shipment { exporter: 'x' shipment_reference: 'R' } "
      "movement_index: ",
      arrival, " reason: 'r' }"));
  Accept(Void(reexport));
  // The shipment that it made is void with it.
  EXPECT_TRUE(ledger_.state().GetShipment(reexport).voided);
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 10 0"));
  Accept(Void(receipt));
  Accept("void_shipment { exporter: 'x' shipment_reference: 'S' reason: 'r' }");
  EXPECT_EQ(ledger_.state().SortedTotals().front().second.sum.used, 0);
}

TEST_F(DatedMovementsTest, AVoidedDiversionIsFoundNowhere) {
  Ship(10);
  Accept(Moves("receive_shipment", 10, "2025-03-10"));
  Accept(R"(report_diversion {
              shipment { exporter: "x" shipment_reference: "S" }
              units { item: 0 quantity: 4 } effective_date: "2025-04-01"
              found_country: "MY" evidence: "e" })");
  const uint64_t diversion = Last();
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 10 0"));
  Accept(Void(diversion));
  EXPECT_THAT(Timeline(), ElementsAre("2025-03-01: 0 10", "2025-03-10: 10 0"));
  EXPECT_EQ(ledger_.state().SortedTotals().front().second.sum.used, 10);
}

TEST_F(DatedMovementsTest, WhatIsDeclaredOfAProductCountsByTheCatalog) {
  Accept(R"(register_product { product {
              product_code: "RACK" gpus_per_unit: 72 milli_tpp_per_gpu: 1000
              source: "s" } })");
  Accept(
      R"(declare_compute { party: "x" source: "s" effective_date: "2025-06-01"
              lines { country: "MY" product_code: "RACK" units: 3 }
              lines { country: "MY" gpus: 4 } })");
  EXPECT_THAT(Timeline(), ElementsAre("2025-06-01: 220 0"));
  // A later revision of the product changes nothing that was declared.
  Accept(R"(register_product { product {
              product_code: "RACK" gpus_per_unit: 36 milli_tpp_per_gpu: 1000
              effective_from: "2025-07-01" source: "s" } })");
  Accept(
      R"(declare_compute { party: "x" source: "s" effective_date: "2025-07-01"
              lines { country: "MY" product_code: "RACK" units: 3 } })");
  EXPECT_THAT(Timeline(),
              ElementsAre("2025-06-01: 220 0", "2025-07-01: 108 0"));
  EXPECT_EQ(ReasonFor(R"(declare_compute {
              party: "x" source: "s" effective_date: "2025-08-01"
              lines { country: "MY" product_code: "NOPE" units: 3 } })"),
            "PRODUCT_NOT_FOUND");
  EXPECT_EQ(ReasonFor(R"(declare_compute {
              party: "x" source: "s" effective_date: "2025-08-01"
              lines { country: "MY" product_code: "RACK" gpus: 3 } })"),
            "INVALID_FIELD");
  EXPECT_EQ(ReasonFor(R"(declare_compute {
              party: "x" source: "s" effective_date: "2025-08-01"
              lines { country: "MY" units: 3 } })"),
            "INVALID_FIELD");
}

TEST_F(DatedMovementsTest, WhatOnlyGoesBackOnItsWayExceedsNothing) {
  Accept(R"(adopt_policy { policy {
    policy_id: "cap" title: "P" effective_from: "2024-01-01"
    provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                 enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
    rules { rule_id: "installed" title: "I" measure: MEASURE_GPUS
      accrual: ACCRUAL_INSTALLED_NET window { open {} }
      limit { constant: "100" } enforcement { mode: MODE_REFUSE } } } })");
  Ship(60);
  Accept(Moves("receive_shipment", 60, "2025-03-10"));
  const auto outcome = ledger_.Submit({Cmd(Void(Last()))});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_TRUE(outcome.judgements[0].violations().empty())
      << outcome.judgements[0].ShortDebugString();
}

}  // namespace
}  // namespace chipledger::testing
