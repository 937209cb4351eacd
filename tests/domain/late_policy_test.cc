// Goal: what a policy that was adopted late has counted of the log, it gives
// back, all of it and no more, whatever has come between. Method: shipments and
// licenses before the adoption; then a rescission from a date before theirs, or
// none; then their end.
#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

class LatePolicyTest : public ::testing::Test {
 protected:
  LatePolicyTest() {
    Accept(
        "register_product { product { product_code: 'A' gpus_per_unit: 1 "
        "source: 's' } }");
    Accept("register_party { party { party_id: 'x' name: 'X' } }");
    Accept(
        "grant_license { license { license_id: 'L' exporter: 'x' "
        "destination_countries: 'MY' grant_date: '2025-06-01' "
        "expiry_date: '2025-12-31' "
        "lines { line_number: 1 product_code: 'A' quantity: 100 } } }");
    Accept(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
        "exporter: 'x' shipment_reference: 'S' export_date: '2025-06-01' "
        "destination_country: 'MY' "
        "items { product_code: 'A' quantity: 10 } } }");
  }

  void Accept(const std::string& text) {
    const auto outcome = ledger_.Submit({Cmd(text)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused) << text;
  }
  void Adopt(const std::string& rules) {
    Accept(absl::StrCat(
        "adopt_policy { policy { policy_id: 'p' title: 'P' effective_from: "
        "'2025-01-01' provenance { citation: 'c' "
        "legal_status: LEGAL_STATUS_IN_FORCE "
        "enforcement_status: ENFORCEMENT_STATUS_ENFORCED } ",
        rules, " } }"));
  }
  // A rule for each accrual.
  void AdoptBoth() {
    const std::string rule =
        "title: 'R' measure: MEASURE_GPUS window { open {} } limit { none {} } "
        "enforcement { mode: MODE_REPORT_ONLY } ";
    Adopt(absl::StrCat(
        "rules { rule_id: 'licensed' accrual: ACCRUAL_LICENSED "
        "revocation_effect: REVOCATION_EFFECT_RELEASE_UNSHIPPED ",
        rule, "} rules { rule_id: 'exported' accrual: ACCRUAL_EXPORTED ", rule,
        "} "));
  }
  void Rescind() {
    Accept(
        "rescind_policy { policy_id: 'p' effective_date: '2025-03-01' "
        "reason: 'r' }");
  }
  void EndAll() {
    Accept(
        "void_shipment { exporter: 'x' shipment_reference: 'S' reason: 'r' }");
    Accept(
        "revoke_license { license_id: 'L' effective_date: '2025-07-01' "
        "reason: 'r' }");
  }
  // What all totals hold together.
  int64_t Used() const {
    int64_t used = 0;
    for (const auto& [key, total] : ledger_.state().SortedTotals()) {
      used += total.sum.used;
    }
    return used;
  }

  MemoryLedger ledger_;
};

TEST_F(LatePolicyTest, ARescissionAfterCountingTakesNothingBack) {
  AdoptBoth();
  ASSERT_TRUE(ledger_.CountLateAdoptions().ok());
  EXPECT_EQ(Used(), 110);
  Rescind();
  EXPECT_EQ(Used(), 110);
  EndAll();
  EXPECT_EQ(Used(), 0);
  EXPECT_TRUE(scenarios::ReplayTotals(ledger_.entries()).ok());
}

TEST_F(LatePolicyTest, NorDoesOneWhileItCounts) {
  AdoptBoth();
  Rescind();
  ASSERT_TRUE(ledger_.CountLateAdoptions().ok());
  EXPECT_EQ(Used(), 110);
  EndAll();
  EXPECT_EQ(Used(), 0);
  EXPECT_TRUE(scenarios::ReplayTotals(ledger_.entries()).ok());
}

// Goods left under a number that was granted only later: they counted by no
// validity, so they give back nothing.
TEST_F(LatePolicyTest, ALicenseThatCameLaterIsNotThatOfTheShipment) {
  Accept(
      "record_shipment { assurance: ASSURANCE_AFTER_THE_FACT shipment { "
      "exporter: 'x' shipment_reference: 'T' export_date: '2025-07-01' "
      "destination_country: 'MY' "
      "authorization { kind: AUTHORIZATION_KIND_LICENSE license_id: 'M' } "
      "items { product_code: 'A' quantity: 10 } } }");
  Accept(
      "grant_license { license { license_id: 'M' exporter: 'x' "
      "destination_countries: 'MY' grant_date: '2025-06-01' "
      "expiry_date: '2025-12-31' "
      "lines { line_number: 1 product_code: 'A' quantity: 100 } } }");
  Adopt(
      "rules { rule_id: 'r' title: 'R' measure: MEASURE_GPUS "
      "accrual: ACCRUAL_EXPORTED scope { group_by: GROUP_BY_LICENSE } "
      "window { validity_of_authorization {} } limit { none {} } "
      "enforcement { mode: MODE_REPORT_ONLY } }");
  ASSERT_TRUE(ledger_.CountLateAdoptions().ok());
  EXPECT_EQ(Used(), 0);
  Accept(
      "void_shipment { exporter: 'x' shipment_reference: 'T' reason: 'r' "
      "recorded_in_error: 'e' }");
  EXPECT_EQ(Used(), 0);
}

}  // namespace
}  // namespace chipledger::testing
