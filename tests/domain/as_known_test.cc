// Goal: example E36: what was known at a moment can be told for ever. Method:
// the log as of T1 is a prefix of the log as of T2, and replaying a prefix
// gives what was answered then.
#include <string>
#include <utility>
#include <vector>

#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/event.pb.h"
#include "gtest/gtest.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using scenarios::ReplayTotals;

using Totals = std::vector<std::pair<domain::TotalKey, domain::Total>>;

constexpr char kPoliciesDir[] = CHIPLEDGER_POLICIES_DIR;

v1::Command GpusToMalaysia(const std::string& reference, int64_t quantity,
                           const std::string& export_date) {
  v1::Command command;
  v1::RecordShipment& record = *command.mutable_record_shipment();
  record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  v1::Shipment& shipment = *record.mutable_shipment();
  shipment.set_exporter("exporter-x");
  shipment.set_shipment_reference(reference);
  shipment.set_export_date(export_date);
  shipment.set_destination_country("MY");
  v1::Item& item = *shipment.add_items();
  item.set_product_code("H100");
  item.set_quantity(quantity);
  return command;
}

class AsKnownTest : public ::testing::Test {
 protected:
  AsKnownTest() {
    scenarios::ScenarioFile file;
    file.scenario.add_setup_files("scenarios/setup/catalog.textproto");
    file.scenario.add_policies()->set_path("press-50000-gpus.textproto");
    const absl::Status prepared =
        PrepareScenario(file, {.folders = {kPoliciesDir}}, ledger_);
    EXPECT_TRUE(prepared.ok()) << prepared;
  }

  void RecordOn(const std::string& record_date, const v1::Command& command) {
    ledger_.GoToDate(*Date::Parse(record_date));
    const auto outcome = ledger_.Submit({command});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_FALSE(outcome.refused);
  }

  // The totals from the entries stored before the date.
  Totals KnownOn(const std::string& date) {
    std::vector<std::string> known;
    for (const std::string& stored : ledger_.entries()) {
      v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromString(stored));
      const int64_t before = Date::Parse(date)->days() * int64_t{86'400};
      if (entry.record_time().seconds() < before) known.push_back(stored);
    }
    auto totals = ReplayTotals(known);
    EXPECT_TRUE(totals.ok()) << totals.status();
    return totals.ok() ? *totals : Totals();
  }

  MemoryLedger ledger_{*Date::Parse("2025-01-01")};
};

TEST_F(AsKnownTest, ALateEventChangesWhatIsKnownLaterAndNothingBefore) {
  RecordOn("2025-03-01", GpusToMalaysia("X-1", 1000, "2025-02-10"));
  const Totals at_t1 = ledger_.state().SortedTotals();
  ASSERT_EQ(at_t1.size(), 1u);
  EXPECT_EQ(at_t1[0].second.sum.used, 1000);

  RecordOn("2025-09-01", GpusToMalaysia("X-2", 300, "2025-02-11"));

  EXPECT_EQ(KnownOn("2025-06-01"), at_t1);
  const Totals at_t2 = KnownOn("2025-10-01");
  ASSERT_EQ(at_t2.size(), 1u);
  EXPECT_EQ(at_t2[0].first, at_t1[0].first);
  EXPECT_EQ(at_t2[0].second.sum.used - at_t1[0].second.sum.used, 300);
  EXPECT_EQ(at_t2, ledger_.state().SortedTotals());
}

TEST_F(AsKnownTest, EveryPrefixOfTheLogReplaysToTheTotalsOfItsMoment) {
  std::vector<Totals> lived = {ledger_.state().SortedTotals()};
  const size_t first = ledger_.entries().size();
  for (int i = 1; i <= 20; ++i) {
    RecordOn("2025-03-01",
             GpusToMalaysia("X-" + std::to_string(i), 100 * i, "2025-02-10"));
    lived.push_back(ledger_.state().SortedTotals());
  }
  for (size_t i = 0; i < lived.size(); ++i) {
    const std::vector<std::string> prefix(
        ledger_.entries().begin(), ledger_.entries().begin() + first + i);
    const auto replayed = ReplayTotals(prefix);
    ASSERT_TRUE(replayed.ok()) << replayed.status();
    EXPECT_EQ(*replayed, lived[i]) << "after " << i << " shipments";
  }
}

TEST_F(AsKnownTest, AnEntryOfAWriterThatHadBeenReplacedIsNamedByTheReplay) {
  RecordOn("2025-03-01", GpusToMalaysia("X-1", 1000, "2025-02-10"));
  RecordOn("2025-03-02", GpusToMalaysia("X-2", 300, "2025-02-11"));
  std::vector<std::string> entries = ledger_.entries();
  const auto set_epoch = [&](size_t index, uint64_t epoch) {
    v1::Entry entry;
    ASSERT_TRUE(entry.ParseFromString(entries[index]));
    entry.set_epoch(epoch);
    entries[index] = entry.SerializeAsString();
  };
  set_epoch(entries.size() - 1, 2);
  EXPECT_TRUE(ReplayTotals(entries).ok());
  set_epoch(entries.size() - 2, 3);
  const auto replayed = ReplayTotals(entries);
  ASSERT_FALSE(replayed.ok());
  EXPECT_NE(std::string(replayed.status().message())
                .find("is of epoch 2, after one of epoch 3"),
            std::string::npos)
      << replayed.status();
}

TEST_F(AsKnownTest, AChangedEntryIsNamedByTheReplay) {
  RecordOn("2025-03-01", GpusToMalaysia("X-1", 1000, "2025-02-10"));
  RecordOn("2025-03-02", GpusToMalaysia("X-2", 300, "2025-02-11"));
  std::vector<std::string> forged = ledger_.entries();
  const size_t target = forged.size() - 2;
  v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(forged[target]));
  entry.mutable_event()
      ->mutable_shipment_recorded()
      ->mutable_evidence()
      ->mutable_totals(0)
      ->set_asked(0, 999);
  forged[target] = entry.SerializeAsString();
  const auto replayed = ReplayTotals(forged);
  ASSERT_FALSE(replayed.ok());
  EXPECT_EQ(replayed.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_NE(
      std::string(replayed.status().message()).find(std::to_string(target)),
      std::string::npos)
      << replayed.status();
}

}  // namespace
}  // namespace chipledger::testing
