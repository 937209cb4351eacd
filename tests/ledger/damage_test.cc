// Goal: no damage to what is stored becomes a wrong answer. Method: a small
// ledger with marks and a file of ids; each row of each column family is cut
// short, changed in a byte, removed, doubled, and put under a malformed key,
// one at a time, in a copy of the ledger. Whatever is then asked is answered
// as before, or is DATA_DAMAGED.
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/store/database.h"
#include "ledger/store/keyspace.h"
#include "rocksdb/db.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using Rows = std::vector<std::pair<std::string, std::string>>;

constexpr int64_t kNsPerDay = int64_t{86'400} * 1'000'000'000;
constexpr char kDamaged[] = "DATA_DAMAGED";

// A change to one row.
struct Damage {
  std::string what;
  // The row is removed.
  bool removes = false;
  // Rows that are written.
  Rows writes;
};

std::string WithByteChanged(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 0x01);
  return bytes;
}

// `other` is the value of another row.
std::vector<Damage> DamagesOf(const std::string& key, const std::string& value,
                              const std::string& other) {
  std::vector<Damage> damages;
  damages.push_back(
      {"cut to half", false, {{key, value.substr(0, value.size() / 2)}}});
  damages.push_back(
      {"cut by a byte", false, {{key, value.substr(0, value.size() - 1)}}});
  damages.push_back({"emptied", false, {{key, ""}}});
  for (const size_t at :
       {size_t{0}, size_t{7}, value.size() / 2, value.size() - 1}) {
    damages.push_back({absl::StrCat("byte ", at, " changed"),
                       false,
                       {{key, WithByteChanged(value, at)}}});
  }
  damages.push_back({"with the value of another row", false, {{key, other}}});
  damages.push_back({"removed", true, {}});
  damages.push_back(
      {"doubled", false, {{WithByteChanged(key, key.size() - 1), value}}});
  damages.push_back({"under a key that is cut",
                     true,
                     {{key.substr(0, key.size() - 1), value}}});
  damages.push_back({"under a longer key", true, {{key + "x", value}}});
  return damages;
}

class DamageTest : public LedgerTest {
 protected:
  using Family = rocksdb::ColumnFamilyHandle* store::Database::*;

  DamageTest() : LedgerTest(1'000'000) {
    options_.mark_entries = 4;
    options_.id_generation_entries = 6;
  }

  void SetUp() override {
    LedgerTest::SetUp();
    // After all that is recorded below.
    clock_.Set(Date::Parse("2025-07-01")->days() * kNsPerDay);
    for (const v1::Command& command :
         {GrantLicense("L1"), Ship("S1", 5), Ship("S2", 7), Receive("S1"),
          Reserve("R1", 3), CorrectShip("S2", 6), Ship("S3", 1), VoidShip("S3"),
          Ship("S4", 2)}) {
      requests_.push_back({{command}});
      ASSERT_EQ(Write(requests_.back()).status, absl::OkStatus());
    }
    expected_ = Answers();
    Close();
    whole_ = options_.data_dir;
  }

  // All that a reader can ask, each with its answer or the reason of its
  // error. Repeats come last: a ledger that finds damage stops writing.
  std::map<std::string, std::string> Answers() {
    std::map<std::string, std::string> answers;
    const uint64_t last = size();
    for (uint64_t at = 1; at <= last; ++at) {
      const auto snapshot = ledger_->SnapshotAt(at);
      answers[absl::StrCat("state at ", at)] =
          snapshot.ok() ? TextOf(*ledger_, {.snapshot = *snapshot})
                        : ReasonOf(snapshot.status());
    }
    answers["latest"] = TextOf(*ledger_, Now());
    for (uint64_t index = 0; index < last; ++index) {
      const auto entries = ledger_->ReadEntries(index, index + 1, 1);
      answers[absl::StrCat("entry ", index)] =
          entries.ok() ? entries->front() : ReasonOf(entries.status());
    }
    for (const char* reference : {"S1", "S2", "S3", "S4"}) {
      const auto shipment = GetShipment("acme", reference);
      answers[absl::StrCat("shipment ", reference)] =
          shipment.ok() ? shipment->ShortDebugString()
                        : ReasonOf(shipment.status());
    }
    ledger_->Latest()->totals.VisitAll(
        [&](const domain::TotalKey& key, const domain::Total&) {
          const auto page = ledger_->ListTotalEntries(Now(), key, 0, 1'000);
          std::string& text =
              answers[absl::StrCat("entries of ", absl::CEscape(key.bytes()))];
          if (!page.ok()) text = ReasonOf(page.status());
          for (size_t i = 0; page.ok() && i < page->movements.size(); ++i) {
            absl::StrAppend(&text, page->movements[i].ShortDebugString(), "\n");
          }
          return true;
        });
    for (size_t i = 0; i < requests_.size(); ++i) {
      const WriteAnswer repeat = Write(requests_[i]);
      answers[absl::StrCat("request ", i)] = repeat.status.ok()
                                                 ? absl::StrCat(*repeat.index)
                                                 : ReasonOf(repeat.status);
    }
    return answers;
  }

  Rows RowsOf(Family family) {
    Rows rows;
    const auto database =
        store::Database::Open(whole_ + "/db", 64, nullptr, nullptr);
    if (!database.ok()) return rows;
    const std::unique_ptr<rocksdb::Iterator> it((*database)->db->NewIterator(
        rocksdb::ReadOptions(), **database.*family));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      rows.emplace_back(it->key().ToString(), it->value().ToString());
    }
    return rows;
  }

  // Opens a copy of the ledger with the damage.
  absl::Status OpenDamaged(Family family, const std::string& key,
                           const Damage& damage) {
    Close();
    if (options_.data_dir != whole_) {
      std::filesystem::remove_all(options_.data_dir);
    }
    options_.data_dir = temp_.File(absl::StrCat("copy-", ++copies_));
    std::filesystem::copy(whole_, options_.data_dir,
                          std::filesystem::copy_options::recursive);
    {
      const auto database = store::Database::Open(options_.data_dir + "/db", 64,
                                                  nullptr, nullptr);
      if (!database.ok()) return database.status();
      rocksdb::ColumnFamilyHandle* handle = **database.*family;
      rocksdb::DB& db = *(*database)->db;
      if (damage.removes) db.Delete({}, handle, key).PermitUncheckedError();
      for (const auto& [to, value] : damage.writes) {
        db.Put({}, handle, to, value).PermitUncheckedError();
      }
    }
    auto ledger = Ledger::Open(options_);
    if (ledger.ok()) ledger_ = *std::move(ledger);
    return ledger.status();
  }

  // Damages each row in each way but those that `leaves_out` says.
  void DamageEach(Family family,
                  const std::function<bool(const std::string& key,
                                           const Damage&)>& leaves_out) {
    int found = 0;
    const Rows rows = RowsOf(family);
    for (size_t i = 0; i < rows.size(); ++i) {
      const auto& [key, value] = rows[i];
      const std::string& other = rows[(i + 1) % rows.size()].second;
      for (const Damage& damage : DamagesOf(key, value, other)) {
        if (leaves_out(key, damage)) continue;
        SCOPED_TRACE(absl::StrCat(absl::CHexEscape(key), " ", damage.what));
        const absl::Status opened = OpenDamaged(family, key, damage);
        if (!opened.ok()) {
          EXPECT_EQ(ReasonOf(opened), kDamaged) << opened;
          ++found;
          continue;
        }
        for (const auto& [question, answer] : Answers()) {
          // After damage the ledger takes no more writes.
          if (answer == kDamaged || answer == "READ_ONLY") {
            ++found;
          } else {
            EXPECT_EQ(answer, expected_[question]) << question;
          }
        }
      }
    }
    EXPECT_GT(found, 0) << "no damage was noticed at all";
  }

  std::vector<TestRequest> requests_;
  std::map<std::string, std::string> expected_;
  std::string whole_;
  int copies_ = 0;
};

bool LeavesOutNone(const std::string& /*key*/, const Damage& /*damage*/) {
  return false;
}

TEST_F(DamageTest, OfTheLog) {
  DamageEach(&store::Database::entries, LeavesOutNone);
}

TEST_F(DamageTest, OfTheState) {
  DamageEach(&store::Database::state, LeavesOutNone);
}

TEST_F(DamageTest, OfTheHeadAndTheMarks) {
  DamageEach(&store::Database::meta, LeavesOutNone);
}

// That an id is missing shows in nothing else that is read.
TEST_F(DamageTest, OfTheIds) {
  DamageEach(&store::Database::ids,
             [](const std::string& key, const Damage& damage) {
               const bool is_watermark =
                   key == std::string(store::IdKey::Watermark().view());
               return damage.removes && !is_watermark;
             });
}

}  // namespace
}  // namespace chipledger::testing
