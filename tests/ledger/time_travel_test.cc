// Goal: any past moment reads exactly as it was then, whatever marks lie
// between. Method: a ledger that marks its state every few entries; what was
// the latest state after each write is compared with what is read later, before
// and after a restart.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "ledger/domain/headroom.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using Snapshot = std::shared_ptr<const domain::Snapshot>;

constexpr int64_t kNsPerDay = int64_t{86'400} * 1'000'000'000;

class TimeTravelTest : public LedgerTest {
 protected:
  TimeTravelTest() : LedgerTest(1'000'000) { options_.mark_entries = 8; }

  // Writes a story and keeps every state after a write.
  void TellStory() {
    clock_.Set(clock_.NowNs() + 180 * kNsPerDay);
    Keep(Write(GrantLicense("L-1")));
    for (int i = 0; i < 40; ++i) {
      const std::string reference = absl::StrCat("S-", i);
      v1::Command ship = Ship(reference, i + 1);
      if (i % 4 == 1) {
        v1::Authorization& authorization = *ship.mutable_record_shipment()
                                                ->mutable_shipment()
                                                ->mutable_authorization();
        authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
        authorization.set_license_id("L-1");
      }
      Keep(Write(ship));
      if (i % 5 == 0) Keep(Write(CorrectShip(reference, i + 2)));
      if (i % 7 == 3) Keep(Write(VoidShip(reference)));
      if (i % 9 == 4 && i % 7 != 3) Keep(Write(Receive(reference)));
      if (i % 6 == 2) Keep(Write(Reserve(absl::StrCat("R-", i), 3)));
    }
  }

  void Keep(const WriteAnswer& answer) {
    ASSERT_EQ(answer.status, absl::OkStatus());
    kept_[size()] = TextOf(*ledger_, Now());
    times_[size()] = ledger_->Latest()->last_record_time_ns;
  }

  void ExpectAllAsKept() {
    for (const auto& [size, text] : kept_) {
      const auto snapshot = ledger_->SnapshotAt(size);
      ASSERT_TRUE(snapshot.ok()) << snapshot.status();
      EXPECT_EQ(TextOf(*ledger_, {.snapshot = *snapshot}), text);
      EXPECT_EQ((*snapshot)->last_record_time_ns, times_[size]);
    }
  }

  absl::StatusOr<Ledger::Moment> Read(const v1::ReadPoint& point) {
    absl::StatusOr<Ledger::Moment> read;
    absl::Notification done;
    ledger_->ReadAt(point, absl::Now() + absl::Seconds(30),
                    [&](absl::StatusOr<Ledger::Moment> moment) {
                      read = std::move(moment);
                      done.Notify();
                    });
    done.WaitForNotification();
    return read;
  }

  v1::ReadPoint AtTime(int64_t time_ns) {
    v1::ReadPoint point;
    point.mutable_at_record_time()->set_seconds(time_ns / 1'000'000'000);
    point.mutable_at_record_time()->set_nanos(
        static_cast<int32_t>(time_ns % 1'000'000'000));
    return point;
  }

  std::map<uint64_t, std::string> kept_;
  std::map<uint64_t, int64_t> times_;
};

TEST_F(TimeTravelTest, EveryPastSizeReadsAsItWasThen) {
  TellStory();
  ASSERT_GT(size(), 8 * options_.mark_entries) << "no story without marks";
  ExpectAllAsKept();
  Reopen();
  EXPECT_EQ(TextOf(*ledger_, Now()), kept_.rbegin()->second);
  ExpectAllAsKept();
  // Other marks from now on.
  options_.mark_entries = 3;
  Reopen();
  for (int i = 0; i < 10; ++i) Keep(Write(Ship(absl::StrCat("T-", i), 1)));
  ExpectAllAsKept();
}

TEST_F(TimeTravelTest, ARecordTimeFindsTheLastEntryNotAfterIt) {
  for (int day = 0; day < 20; ++day) {
    clock_.Set(clock_.NowNs() + kNsPerDay);
    Keep(Write(Ship(absl::StrCat("S-", day), 1)));
  }
  for (const auto& [size, time_ns] : times_) {
    for (const int64_t after : {int64_t{0}, kNsPerDay / 2, kNsPerDay - 1}) {
      const auto moment = Read(AtTime(time_ns + after));
      ASSERT_TRUE(moment.ok()) << moment.status();
      EXPECT_EQ(moment->snapshot->size, size);
    }
    const auto before = Read(AtTime(time_ns - 1));
    ASSERT_TRUE(before.ok()) << before.status();
    EXPECT_EQ(before->snapshot->size, size - 1);
  }
  EXPECT_EQ(ReasonOf(Read(AtTime(1'000)).status()), "MOMENT_BEFORE_LEDGER");
}

TEST_F(TimeTravelTest, AMomentThatIsNotThereYetIsAnError) {
  v1::ReadPoint point;
  point.set_at_size(size() + 1);
  const absl::Status status = Read(point).status();
  EXPECT_EQ(ReasonOf(status), "INDEX_OUT_OF_RANGE") << status;
  point.set_at_size(0);
  EXPECT_EQ(ReasonOf(Read(point).status()), "INVALID_FIELD");
  point.Clear();
  point.set_through_date("yesterday");
  EXPECT_EQ(ReasonOf(Read(point).status()), "INVALID_FIELD");
}

// The entries behind a total add up to it, at every moment.
TEST_F(TimeTravelTest, TheEntriesBehindATotalAddUpToIt) {
  TellStory();
  const domain::HeadroomView view{.snapshot = *ledger_->Latest(),
                                  .today = *Date::Parse("2025-06-30")};
  v1::GroupKey group;
  group.set_destination_country("AE");
  const auto total = domain::FindTotalKey(view, "cap", "gpus", group, "");
  ASSERT_TRUE(total.ok()) << total.status();
  for (const auto& kept : kept_) {
    const uint64_t at = kept.first;
    const auto snapshot = ledger_->SnapshotAt(at);
    ASSERT_TRUE(snapshot.ok()) << snapshot.status();
    const Ledger::Moment moment{.snapshot = *snapshot};
    int64_t used = 0;
    int64_t reserved = 0;
    uint64_t last = 0;
    std::optional<uint64_t> begin = 0;
    while (begin) {
      const auto page = ledger_->ListTotalEntries(moment, *total, *begin, 3);
      ASSERT_TRUE(page.ok()) << page.status();
      for (const auto& movement : page->movements) {
        EXPECT_GE(movement.index(), last);
        last = movement.index();
        used += movement.used();
        reserved += movement.reserved();
      }
      begin = page->next;
    }
    const domain::Total* found = moment.snapshot->totals.Find(*total);
    EXPECT_EQ(used, found == nullptr ? 0 : found->sum.used) << at;
    EXPECT_EQ(reserved, found == nullptr ? 0 : found->sum.reserved) << at;
  }
}

}  // namespace
}  // namespace chipledger::testing
