// Every id is found, wherever it is: in memory, on its way to the disk, in
// several ingested files, and after reopening; absent ids are not.
#include "ledger/store/id_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "ledger/base/error.h"
#include "ledger/store/store.h"
#include "tests/store/entries.h"
#include "tests/support/temp_dir.h"

namespace chipledger::store {
namespace {

using ::chipledger::testing::TempDir;

class IdIndexTest : public ::testing::Test {
 protected:
  void Open(size_t generation_entries) {
    store_.reset();
    auto store = Store::Open({.data_dir = temp_.path() + "/data",
                              .mode = OpenMode::kExistingOrNew,
                              .sync = false,
                              .id_generation_entries = generation_entries});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  // Appends groups of `step` entries up to `end`, with their ids.
  void AppendTo(uint64_t end, uint64_t step) {
    while (size_ < end) {
      const uint64_t next = std::min(end, size_ + step);
      for (uint64_t index = size_; index < next; ++index) {
        v1::Entry entry = TestEntry(index);
        ids().Add(TestRequestId(index), index, {entry.mutable_event()});
      }
      ids().EndGroup(next);
      ASSERT_EQ(store_->log().Append(TestGroup(size_, next), TestHead(next)),
                absl::OkStatus());
      size_ = next;
    }
  }

  void ExpectAllFound() {
    for (uint64_t index = 0; index < size_; ++index) {
      EXPECT_EQ(ids().FindRequest(TestRequestId(index)).value(), index);
      if (index == 0) continue;
      const std::string reference = TestReference(index);
      EXPECT_EQ(ids().FindShipment("acme", reference).value(), index);
      EXPECT_EQ(ids().LookUpShipment("acme", reference).value(), index);
    }
    EXPECT_EQ(ids().FindRequest(TestRequestId(size_)).value(), std::nullopt);
    EXPECT_EQ(ids().FindShipment("acme", TestReference(size_)).value(),
              std::nullopt);
    EXPECT_EQ(ids().FindShipment("acm", "e" + TestReference(1)).value(),
              std::nullopt);
    EXPECT_EQ(ids().status(), absl::OkStatus());
  }

  size_t CountTables() {
    size_t count = 0;
    for (const auto& file :
         std::filesystem::directory_iterator(temp_.path() + "/data/db")) {
      count += file.path().extension() == ".sst" ? 1 : 0;
    }
    return count;
  }

  IdIndex& ids() { return store_->ids(); }

  TempDir temp_;
  std::unique_ptr<Store> store_;
  uint64_t size_ = 0;
};

TEST_F(IdIndexTest, RecentIdsAreFoundInMemory) {
  Open(1'000);
  AppendTo(100, 7);
  ExpectAllFound();
  EXPECT_EQ(CountTables(), 0u);
}

TEST_F(IdIndexTest, IdsAreFoundAcrossGenerations) {
  Open(10);
  AppendTo(503, 7);
  ExpectAllFound();
}

TEST_F(IdIndexTest, ReopeningFindsIngestedAndNotYetIngestedIds) {
  Open(50);
  AppendTo(333, 7);
  Open(50);
  ExpectAllFound();
  AppendTo(400, 7);
  Open(50);
  ExpectAllFound();
  Open(100'000);
  ExpectAllFound();
}

TEST_F(IdIndexTest, ReopeningWithoutAnIndexDerivesItFromTheLog) {
  Open(1'000'000);
  AppendTo(300, 300);
  EXPECT_EQ(CountTables(), 0u);
  Open(20);
  ExpectAllFound();
}

TEST_F(IdIndexTest, ClosingStoresWhatIsWorthAFile) {
  Open(1'000);
  AppendTo(500, 100);
  store_.reset();
  const size_t tables = CountTables();
  Open(1'000);
  EXPECT_GT(tables, 0u);
  ExpectAllFound();
}

TEST_F(IdIndexTest, WhatIsNotDurableIsNotStored) {
  Open(10);
  AppendTo(20, 10);
  // Ids of entries that are not durable yet, in three generations.
  for (uint64_t index = 20; index < 100; ++index) {
    v1::Entry entry = TestEntry(index);
    ids().Add(TestRequestId(index), index, {entry.mutable_event()});
    if (index % 30 == 0) ids().EndGroup(index + 1);
  }
  // Those of the first become durable, and no others.
  ASSERT_EQ(store_->log().Append(TestGroup(20, 31), TestHead(31)),
            absl::OkStatus());
  size_ = 31;
  // Closing stores all that may be stored.
  store_.reset();
  Open(10);
  ExpectAllFound();
}

TEST_F(IdIndexTest, NothingIsStoredOnceStopped) {
  Open(10);
  for (uint64_t index = 0; index < 25; ++index) {
    v1::Entry entry = TestEntry(index);
    ids().Add(TestRequestId(index), index, {entry.mutable_event()});
    if (index % 10 == 9) ids().EndGroup(index + 1);
  }
  ids().Stop();
  ASSERT_EQ(store_->log().Append(TestGroup(0, 25), TestHead(25)),
            absl::OkStatus());
  store_.reset();
  // They are derived from the log again.
  Open(1'000'000);
  EXPECT_EQ(ids().Position().value(), 0u);
  EXPECT_EQ(ids().FindRequest(TestRequestId(0)).value(), 0u);
}

TEST_F(IdIndexTest, EntryThatIsNoneFailsEveryTimeAndIsNotSkipped) {
  Open(1'000'000);
  EntryGroup group(0);
  for (uint64_t index = 0; index < 40; ++index) {
    group.Append(index == 30 ? "not an entry"
                             : TestEntry(index).SerializeAsString());
  }
  ASSERT_EQ(store_->log().Append(group, TestHead(40)), absl::OkStatus());
  for (int round = 0; round < 2; ++round) {
    store_.reset();
    const absl::Status status = Store::Open({.data_dir = temp_.path() + "/data",
                                             .mode = OpenMode::kExistingOrNew,
                                             .id_generation_entries = 4})
                                    .status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_EQ(GetErrorCause(status)->metadata["index"], "30");
  }
}

TEST_F(IdIndexTest, PrefetchingChangesNoAnswer) {
  Open(10);
  AppendTo(105, 7);
  std::vector<IdKey> keys;
  for (uint64_t index = 0; index < 300; ++index) {
    keys.push_back(IdKey::Request(TestRequestId(index)));
    keys.push_back(IdKey::Shipment("acme", TestReference(index)));
  }
  ids().Prefetch(keys);
  ExpectAllFound();
  // Ids that were absent then are added, stored and let go from memory.
  AppendTo(250, 7);
  ExpectAllFound();
}

TEST_F(IdIndexTest, OtherThreadsLookUpWhileGenerationsMove) {
  Open(16);
  AppendTo(64, 8);
  std::atomic<bool> done{false};
  std::thread reader([&] {
    uint64_t rounds = 0;
    while (!done || rounds < 100) {
      const uint64_t index = 1 + rounds++ % 63;
      EXPECT_EQ(ids().LookUpShipment("acme", TestReference(index)).value(),
                index);
    }
  });
  AppendTo(600, 8);
  done = true;
  reader.join();
  ExpectAllFound();
}

}  // namespace
}  // namespace chipledger::store
