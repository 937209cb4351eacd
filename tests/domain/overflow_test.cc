// Goal: a sum that would leave 64 bits is an error before anything is decided:
// nothing is recorded, nothing is changed by half, and what fits still goes.
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

constexpr int64_t kBillion = 1'000'000'000;

class OverflowTest : public ::testing::Test {
 protected:
  OverflowTest() {
    // A quintillion GPUs a billion units, whose TPP nobody knows.
    Register("product_code: 'MANY' gpus_per_unit: 1000000");
    // A quadrillion milli-TPP a thousand units.
    Register(
        "product_code: 'FAST' gpus_per_unit: 1 "
        "milli_tpp_per_gpu: 1000000000000");
    Accept(Cmd("register_party { party { party_id: 'x' name: 'X' } }"));
  }

  void Register(const std::string& product) {
    Accept(Cmd(absl::StrCat("register_product { product { source: 's' ",
                            product, " } }")));
  }

  // Adopts a policy with one rule for all, which counts and refuses nothing.
  void Count(const std::string& rule) {
    Accept(Cmd(absl::StrCat(
        "adopt_policy { policy { policy_id: 'p' title: 'P' effective_from: "
        "'2020-01-01' provenance { citation: 'c' legal_status: "
        "LEGAL_STATUS_IN_FORCE enforcement_status: ENFORCEMENT_STATUS_ENFORCED "
        "} rules { rule_id: 'r' title: 'R' window { open {} } limit { none {} "
        "} enforcement { mode: MODE_REPORT_ONLY } ",
        rule, " } } }")));
  }

  void Accept(const v1::Command& command) {
    const auto outcome = ledger_.Submit({command});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused) << command.ShortDebugString();
  }

  // Refused as an error that names what overflows, without a trace.
  void ExpectOverflow(const v1::Command& command, const std::string& of) {
    const uint64_t size = ledger_.state().size();
    const auto totals = ledger_.state().SortedTotals();
    const auto outcome = ledger_.Submit({command});
    const auto cause = GetErrorCause(outcome.status);
    ASSERT_TRUE(cause.has_value()) << outcome.status;
    EXPECT_EQ(cause->reason, "TOTAL_OVERFLOW") << outcome.status;
    EXPECT_NE(std::string(outcome.status.message()).find(of), std::string::npos)
        << outcome.status;
    EXPECT_EQ(ledger_.state().size(), size);
    EXPECT_TRUE(ledger_.state().SortedTotals() == totals);
  }

  static v1::Command Ship(const std::string& reference,
                          const std::string& product, int64_t units,
                          int items = 1) {
    v1::Command command = Cmd(
        "record_shipment { assurance: ASSURANCE_AFTER_THE_FACT shipment { "
        "exporter: 'x' export_date: '2025-05-05' destination_country: 'MY' } "
        "}");
    v1::Shipment& shipment =
        *command.mutable_record_shipment()->mutable_shipment();
    shipment.set_shipment_reference(reference);
    for (int i = 0; i < items; ++i) {
      v1::Item& item = *shipment.add_items();
      item.set_product_code(product);
      item.set_quantity(units);
    }
    return command;
  }

  void Grant(int64_t units) {
    Accept(Cmd(absl::StrCat(
        "grant_license { license { license_id: 'D1' exporter: 'x' "
        "destination_countries: 'MY' grant_date: '2025-01-01' expiry_date: "
        "'2026-12-31' lines { line_number: 1 product_code: 'FAST' quantity: ",
        units, " } } }")));
  }

  static v1::Command Move(const std::string& what, const std::string& reference,
                          const std::string& date,
                          const std::string& rest = "") {
    return Cmd(absl::StrCat(
        what, " { shipment { exporter: 'x' ", "shipment_reference: '",
        reference, "' } effective_date: '", date,
        "' units { item: 0 quantity: 9000000 } ", rest, "}"));
  }

  MemoryLedger ledger_;
};

TEST_F(OverflowTest, OfOneItem) {
  Count("measure: MEASURE_TPP accrual: ACCRUAL_EXPORTED");
  ExpectOverflow(Ship("S1", "FAST", 9'300'000), "\"r\"");
  Accept(Ship("S1", "FAST", 9'200'000));
}

TEST_F(OverflowTest, OfTheItemsOfAShipment) {
  Count("measure: MEASURE_TPP accrual: ACCRUAL_EXPORTED");
  ExpectOverflow(Ship("S1", "FAST", 93'000, 100), "\"r\"");
  Accept(Ship("S1", "FAST", 92'000, 100));
}

TEST_F(OverflowTest, OfTheTotal) {
  Count("measure: MEASURE_TPP accrual: ACCRUAL_EXPORTED");
  Accept(Ship("S1", "FAST", 9'000'000));
  ExpectOverflow(Ship("S2", "FAST", 300'000), "\"r\"");
  Accept(Ship("S2", "FAST", 200'000));
}

TEST_F(OverflowTest, OfTheGpusThatATotalLeavesOut) {
  Count("measure: MEASURE_TPP accrual: ACCRUAL_EXPORTED");
  for (int i = 0; i < 92; ++i) {
    Accept(Ship(absl::StrCat("S", i), "MANY", kBillion, 100));
  }
  ExpectOverflow(Ship("S92", "MANY", kBillion, 100), "\"r\"");
  Accept(Ship("S92", "MANY", kBillion, 1));
}

// The whole fits, and the part of one date does not: what was received on one
// day and went back on another, twice.
TEST_F(OverflowTest, OfTheDateOfATotal) {
  Count("measure: MEASURE_TPP accrual: ACCRUAL_INSTALLED_NET");
  Accept(Ship("S1", "FAST", 9'000'000));
  Accept(Move("receive_shipment", "S1", "2025-06-01"));
  Accept(Move("return_shipment", "S1", "2025-07-01", "reason: 'r' "));
  v1::Command second = Ship("S2", "FAST", 9'000'000);
  second.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2025-06-01");
  Accept(second);
  ExpectOverflow(Move("receive_shipment", "S2", "2025-06-01"), "\"r\"");
  Accept(Move("receive_shipment", "S2", "2025-06-02"));
}

TEST_F(OverflowTest, OfTheValueDrawnFromALicense) {
  Grant(kBillion);
  const auto ship = [](int number, int items) {
    v1::Command command =
        UnderLicense(Ship(absl::StrCat("S", number), "FAST", 1, items), "D1");
    for (v1::Item& item : *command.mutable_record_shipment()
                               ->mutable_shipment()
                               ->mutable_items()) {
      item.set_value_usd(1'000'000 * kBillion);
    }
    return command;
  };
  for (int i = 0; i < 92; ++i) Accept(ship(i, 100));
  ExpectOverflow(ship(92, 100), "license D1 line 1");
  Accept(ship(92, 1));
}

// When the license ends it counts what was shipped under it, also more than it
// authorized.
TEST_F(OverflowTest, OfWhatALicenseWillCountWhenItEnds) {
  Count(
      "measure: MEASURE_TPP accrual: ACCRUAL_LICENSED "
      "revocation_effect: REVOCATION_EFFECT_RELEASE_UNSHIPPED");
  Grant(1'000'000);
  ExpectOverflow(UnderLicense(Ship("S1", "FAST", 9'300'000), "D1"),
                 "license D1 line 1");
  Accept(UnderLicense(Ship("S1", "FAST", 9'200'000), "D1"));
  Accept(
      Cmd("revoke_license { license_id: 'D1' effective_date: '2025-06-01' "
          "reason: 'r' }"));
  const auto totals = ledger_.state().SortedTotals();
  ASSERT_EQ(totals.size(), 1u);
  EXPECT_EQ(totals[0].second.sum.used, 9'200'000'000'000'000'000);
}

}  // namespace
}  // namespace chipledger::testing
