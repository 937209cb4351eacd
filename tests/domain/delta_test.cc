// Goal: what a delta or a snapshot says stays so, whatever the state does next:
// others read it while the sequencer goes on. Method: a license that is drawn,
// handed out, and drawn again in every way that a request can end.
#include <string>
#include <vector>

#include "chipledger/scenario/v1/scenario.pb.h"
#include "gtest/gtest.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/runner.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;

constexpr char kPoliciesDir[] = CHIPLEDGER_POLICIES_DIR;
constexpr char kLicense[] = "D100001";

v1::Command Grant() {
  v1::Command command;
  v1::License& license = *command.mutable_grant_license()->mutable_license();
  license.set_license_id(kLicense);
  license.set_exporter("exporter-x");
  license.add_destination_countries("MY");
  license.set_grant_date("2025-02-10");
  license.set_expiry_date("2026-02-10");
  v1::LicenseLine& line = *license.add_lines();
  line.set_line_number(1);
  line.set_product_code("H100");
  line.set_quantity(100);
  return command;
}

v1::Command Ship(const std::string& reference, int64_t quantity) {
  v1::Command command;
  v1::RecordShipment& record = *command.mutable_record_shipment();
  record.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  v1::Shipment& shipment = *record.mutable_shipment();
  shipment.set_exporter("exporter-x");
  shipment.set_shipment_reference(reference);
  shipment.set_export_date("2025-03-01");
  shipment.set_destination_country("MY");
  shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  shipment.mutable_authorization()->set_license_id(kLicense);
  v1::Item& item = *shipment.add_items();
  item.set_product_code("H100");
  item.set_quantity(quantity);
  return command;
}

class DeltaTest : public ::testing::Test {
 protected:
  DeltaTest() {
    scenarios::ScenarioFile file;
    file.scenario.add_setup_files("scenarios/setup/catalog.textproto");
    const absl::Status prepared =
        PrepareScenario(file, {.folders = {kPoliciesDir}}, ledger_);
    EXPECT_TRUE(prepared.ok()) << prepared;
    Accept({Grant()});
  }

  void Accept(const std::vector<v1::Command>& commands) {
    const auto outcome = ledger_.Submit(commands);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused);
  }

  static int64_t ShippedIn(const domain::Delta& delta) {
    EXPECT_EQ(delta.licenses.size(), 1u);
    return delta.licenses.at(0)->FindLine(1)->drawn.shipped;
  }

  int64_t ShippedNow() {
    return ledger_.state().FindLicense(kLicense)->FindLine(1)->drawn.shipped;
  }

  MemoryLedger ledger_;
};

TEST_F(DeltaTest, StaysAsItWasWhenARefusedRequestIsFollowedByAnother) {
  Accept({Ship("X-1", 10)});
  const domain::Delta before = ledger_.TakeDelta();
  ASSERT_EQ(ShippedIn(before), 10);

  const auto refused = ledger_.Submit({{Ship("X-2", 20), Ship("X-3", 90)}});
  ASSERT_TRUE(refused.refused);
  EXPECT_EQ(ShippedNow(), 10);
  Accept({Ship("X-4", 5)});

  EXPECT_EQ(ShippedIn(before), 10);
  EXPECT_EQ(ShippedNow(), 15);
  EXPECT_EQ(ShippedIn(ledger_.TakeDelta()), 15);
}

TEST_F(DeltaTest, StaysAsItWasWhenARequestIsOnlyValidated) {
  Accept({Ship("X-1", 10)});
  const domain::Delta before = ledger_.TakeDelta();

  ledger_.Submit({{Ship("X-2", 20), Ship("X-3", 30)}}, /*validate_only=*/true);
  EXPECT_EQ(ShippedNow(), 10);
  Accept({Ship("X-4", 5)});

  EXPECT_EQ(ShippedIn(before), 10);
  EXPECT_EQ(ShippedIn(ledger_.TakeDelta()), 15);
}

TEST_F(DeltaTest, StaysAsItWasWhenARequestIsAccepted) {
  Accept({Ship("X-1", 10)});
  const domain::Delta before = ledger_.TakeDelta();

  Accept({Ship("X-2", 20), Ship("X-3", 30)});
  Accept({Ship("X-4", 5)});

  EXPECT_EQ(ShippedIn(before), 10);
  EXPECT_EQ(ShippedIn(ledger_.TakeDelta()), 65);
}

}  // namespace
}  // namespace chipledger::testing
