// Shipments are read back as they stand.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

class ShipmentsTest : public LedgerTest {
 protected:
  std::vector<std::string> List(const v1::ListShipmentsRequest& filters) {
    const auto page = ledger_->ListShipments(Now(), filters, 0, 100);
    EXPECT_TRUE(page.ok()) << page.status();
    EXPECT_EQ(page->next, size());
    std::vector<std::string> references;
    for (const v1::ShipmentView& view : page->shipments) {
      references.push_back(view.shipment().shipment_reference());
    }
    return references;
  }
};

TEST_F(ShipmentsTest, RecordedShipmentIsReadBack) {
  const WriteAnswer answer = Write(Ship("S-1", 5));
  const auto view = GetShipment("acme", "S-1");
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_EQ(view->shipment().items(0).quantity(), 5);
  EXPECT_EQ(view->assurance(), v1::ASSURANCE_BEFORE_EXPORT);
  EXPECT_EQ(view->status(), v1::SHIPMENT_STATUS_RECORDED);
  EXPECT_EQ(view->index(), *answer.index);
  EXPECT_EQ(view->revision(), 1u);
  EXPECT_EQ(view->judgement().rules(0).asked(), 5);
  EXPECT_EQ(view->record_time().seconds(),
            answer.record_time_ns / 1'000'000'000);
}

TEST_F(ShipmentsTest, CorrectedAndVoidedShipmentsSayWhatTheyAre) {
  const WriteAnswer first = Write(Ship("S-1", 5));
  Write(CorrectShip("S-1", 7));
  for (int round = 0; round < 2; ++round) {
    const auto view = GetShipment("acme", "S-1");
    ASSERT_TRUE(view.ok()) << view.status();
    EXPECT_EQ(view->shipment().items(0).quantity(), 7);
    EXPECT_EQ(view->revision(), 2u);
    EXPECT_EQ(view->index(), *first.index);
    EXPECT_EQ(view->judgement().rules(0).asked(), 7);
    Reopen();
  }
  Write(VoidShip("S-1"));
  const auto view = GetShipment("acme", "S-1");
  EXPECT_EQ(view->status(), v1::SHIPMENT_STATUS_VOIDED);
  EXPECT_EQ(view->revision(), 3u);
  EXPECT_EQ(view->shipment().items(0).quantity(), 7);
}

TEST_F(ShipmentsTest, UnknownShipmentIsNotFound) {
  const absl::Status status = GetShipment("acme", "S-1").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReasonOf(status), "SHIPMENT_NOT_FOUND");
  EXPECT_EQ(MetadataOf(status, "shipment_reference"), "S-1");
  EXPECT_FALSE(GetShipment(std::string(9'999, 'x'), "S-1").ok());
}

TEST_F(ShipmentsTest, RefusedShipmentIsNotAShipment) {
  EXPECT_EQ(ReasonOf(Write(Ship("S-1", 101)).status), "REFUSED_BY_RULES");
  EXPECT_EQ(ReasonOf(GetShipment("acme", "S-1").status()),
            "SHIPMENT_NOT_FOUND");
}

TEST_F(ShipmentsTest, ListFiltersAsShipmentsStandNow) {
  v1::Command to_qatar = Ship("S-2", 1);
  to_qatar.mutable_record_shipment()
      ->mutable_shipment()
      ->set_destination_country("QA");
  v1::Command moved = CorrectShip("S-3", 1);
  moved.mutable_correct_shipment()->mutable_shipment()->set_destination_country(
      "QA");
  Write(Ship("S-1", 1));
  Write(to_qatar);
  Write(Ship("S-3", 1));
  Write(moved);
  using References = std::vector<std::string>;
  EXPECT_EQ(List({}), (References{"S-1", "S-2", "S-3"}));
  v1::ListShipmentsRequest filters;
  filters.set_destination_country("QA");
  EXPECT_EQ(List(filters), (References{"S-2", "S-3"}));
  filters.set_exporter("somebody");
  EXPECT_EQ(List(filters), References());
  filters.Clear();
  filters.set_license_id("L-1");
  EXPECT_EQ(List(filters), References());
}

TEST_F(ShipmentsTest, ListGoesOnWhereItStopped) {
  for (int i = 0; i < 7; ++i) Write(Ship(absl::StrCat("S-", i), 1));
  uint64_t next = 0;
  std::vector<std::string> references;
  while (next < size()) {
    const auto page = ledger_->ListShipments(Now(), {}, next, 2);
    ASSERT_TRUE(page.ok()) << page.status();
    EXPECT_LE(page->shipments.size(), 2u);
    ASSERT_GT(page->next, next);
    next = page->next;
    for (const auto& view : page->shipments) {
      references.push_back(view.shipment().shipment_reference());
    }
  }
  EXPECT_EQ(references, (std::vector<std::string>{"S-0", "S-1", "S-2", "S-3",
                                                  "S-4", "S-5", "S-6"}));
}

}  // namespace
}  // namespace chipledger::testing
