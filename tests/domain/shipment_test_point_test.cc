// Goal: a rule on what is licensed that is tested at shipments refuses them
// while its total is over the limit of their date or of a later one. Method:
// one license, and one shipment under schedules with a step before and after
// its date.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

// Whether a shipment in September under a license of 100 GPUs is refused.
bool RefusesAShipment(const std::string& limit_until_october,
                      const std::string& limit_from_october) {
  MemoryLedger ledger;
  const std::vector<std::string> before = {
      "register_product { product { product_code: 'A' gpus_per_unit: 1 "
      "source: 's' } }",
      "register_party { party { party_id: 'x' name: 'X' } }",
      absl::StrCat(
          R"(adopt_policy { policy {
               policy_id: "p" title: "P" effective_from: "2025-01-01"
               provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                            enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
               rules { rule_id: "r" title: "R" measure: MEASURE_GPUS
                 accrual: ACCRUAL_LICENSED
                 revocation_effect: REVOCATION_EFFECT_KEEP_CHARGE
                 test_point: TEST_POINT_SHIPMENT window { open {} }
                 enforcement { mode: MODE_REFUSE }
                 limit { schedule {
                   steps { from: "2025-01-01" value: ")",
          limit_until_october, R"(" } steps { from: "2025-10-01" value: ")",
          limit_from_october, R"(" } } } } } })"),
      "grant_license { license { license_id: 'L' exporter: 'x' "
      "destination_countries: 'MY' grant_date: '2025-02-01' "
      "expiry_date: '2025-12-31' "
      "lines { line_number: 1 product_code: 'A' quantity: 100 } } }"};
  for (const std::string& text : before) {
    const auto outcome = ledger.Submit({Cmd(text)});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_FALSE(outcome.refused) << text;
  }
  const auto outcome = ledger.Submit({UnderLicense(
      Cmd("record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
          "exporter: 'x' shipment_reference: 'S' export_date: '2025-09-01' "
          "destination_country: 'MY' "
          "items { product_code: 'A' quantity: 1 } } }"),
      "L")});
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  return outcome.refused;
}

TEST(ShipmentTestPointTest, ALimitOfTheDateOrALaterOneRefuses) {
  EXPECT_FALSE(RefusesAShipment("100", "100"));
  EXPECT_TRUE(RefusesAShipment("99", "100"));
  EXPECT_TRUE(RefusesAShipment("100", "99"));
}

TEST(ShipmentTestPointTest, ALimitThatIsNotKnownHoldsOnItsOwnDates) {
  EXPECT_TRUE(RefusesAShipment("unknown", "100"));
  EXPECT_TRUE(RefusesAShipment("unknown", "99"));
  EXPECT_FALSE(RefusesAShipment("100", "unknown"));
  EXPECT_TRUE(RefusesAShipment("99", "unknown"));
}

}  // namespace
}  // namespace chipledger::testing
