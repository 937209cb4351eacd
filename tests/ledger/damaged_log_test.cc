// Goal: a ledger that comes upon damage in its log stops writing and says
// where, and changes nothing by half. Method: an entry of a closed ledger is
// replaced by one that cannot be.
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chipledger/v1/event.pb.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/store/database.h"
#include "ledger/store/entry_block.h"
#include "ledger/store/entry_group.h"
#include "ledger/store/keyspace.h"
#include "rocksdb/db.h"
#include "tests/ledger/ledger_fixture.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;

v1::Command GrantToAcme() {
  return Cmd(R"pb(grant_license {
                    license {
                      license_id: "D1"
                      exporter: "acme"
                      destination_countries: "AE"
                      grant_date: "2025-01-01"
                      expiry_date: "2026-12-31"
                      lines { line_number: 1 product_code: "H100" quantity: 50 }
                    }
                  })pb");
}

class DamagedLogTest : public LedgerTest {
 protected:
  // Each write makes a mark, from which the state is loaded: the entries before
  // it are not read at the start.
  DamagedLogTest() { options_.mark_entries = 1; }

  // Closes the ledger, changes an entry that is alone in its block, and opens
  // it again.
  void Damage(uint64_t index, const std::function<void(v1::Event&)>& change) {
    v1::Entry entry = StoredEntry(index);
    change(*entry.mutable_event());
    Close();
    store::EntryGroup group(index);
    group.Append(entry.SerializeAsString());
    const store::EncodedBlock block = store::EncodeBlocks(group).front();
    {
      const auto database = store::Database::Open(options_.data_dir + "/db", 64,
                                                  nullptr, nullptr);
      ASSERT_TRUE(database.ok()) << database.status();
      const store::Fixed64 key = store::EntriesKey(index);
      ASSERT_TRUE((*database)
                      ->db
                      ->Put(rocksdb::WriteOptions(), (*database)->entries,
                            rocksdb::Slice(key.data(), key.size()),
                            block.header + std::string(block.entries))
                      .ok());
    }
    Reopen();
  }

  // Ships 5 GPUs under a license; returns the entry.
  uint64_t ShipUnderLicense() {
    EXPECT_TRUE(Write(GrantToAcme()).status.ok());
    const WriteAnswer answer = Write(UnderLicense(Ship("S1", 5), "D1"));
    EXPECT_TRUE(answer.status.ok()) << answer.status;
    return *answer.index;
  }

  // Submits one more write.
  absl::Status SubmitNext() {
    return ledger_->Submit(MakeBatch({{{Ship("S2")}}}), WhenFull::kRefuse,
                           [](std::unique_ptr<WriteBatch>) {});
  }

  // Voiding the shipment comes upon the damage; then nothing is written any
  // more, and what is read is what was there.
  void ExpectStopsAt(const std::string& what) {
    const uint64_t before = size();
    const WriteAnswer voided = Write(VoidShip("S1"));
    EXPECT_EQ(ReasonOf(voided.status), "DATA_DAMAGED") << voided.status;
    EXPECT_THAT(std::string(voided.status.message()), HasSubstr(what));
    EXPECT_EQ(ReasonOf(SubmitNext()), "READ_ONLY");
    EXPECT_EQ(size(), before);
    int64_t used = 0;
    ledger_->Latest()->totals.VisitAll([&](const auto&, const auto& total) {
      used += total.sum.used;
      return true;
    });
    EXPECT_EQ(used, 5);
    const auto* license = ledger_->Latest()->licenses.Find(std::string("D1"));
    ASSERT_NE(license, nullptr);
    EXPECT_EQ((*license)->lines[0].drawn.shipped, 5);
  }
};

TEST_F(DamagedLogTest, AnEntryOfARuleThatNeverWasStopsWriting) {
  Damage(ShipUnderLicense(), [](v1::Event& event) {
    event.mutable_shipment_recorded()
        ->mutable_evidence()
        ->mutable_totals(0)
        ->add_rules(7);
  });
  ExpectStopsAt("rule 7 of the policy that entry 3 adopted");
}

TEST_F(DamagedLogTest, AnEntryOfAPolicyThatNeverWasStopsWriting) {
  Damage(ShipUnderLicense(), [](v1::Event& event) {
    event.mutable_shipment_recorded()
        ->mutable_evidence()
        ->mutable_totals(0)
        ->set_policies(0, 2);
  });
  ExpectStopsAt("entry 2 adopted, which adopted none");
}

// Here deciding finds nothing wrong, and folding what was decided does: by then
// the total has been given back.
TEST_F(DamagedLogTest, WhatCannotBeFoldedIsTakenBackAndStopsWriting) {
  Damage(ShipUnderLicense(), [](v1::Event& event) {
    event.mutable_shipment_recorded()
        ->mutable_evidence()
        ->mutable_draws(0)
        ->set_line_number(99);
  });
  ExpectStopsAt("line 99 of license D1");
}

TEST_F(DamagedLogTest, TheOperatorIsToldOnce) {
  std::vector<std::string> logged;
  options_.log = [&](absl::string_view line) { logged.emplace_back(line); };
  Damage(ShipUnderLicense(), [](v1::Event& event) {
    event.mutable_shipment_recorded()
        ->mutable_evidence()
        ->mutable_draws(0)
        ->set_line_number(99);
  });
  Write(VoidShip("S1"));
  EXPECT_FALSE(SubmitNext().ok());
  Close();
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_THAT(logged[0], HasSubstr("read-only"));
  EXPECT_THAT(logged[0], HasSubstr("line 99 of license D1"));
}

}  // namespace
}  // namespace chipledger::testing
