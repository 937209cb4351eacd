// Readers hear of each new size, and hear it in time.
#include "ledger/publisher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

class PublisherTest : public LedgerTest {};

TEST_F(PublisherTest, SizeThatIsThereIsAnsweredAtOnce) {
  bool called = false;
  ledger_->WhenSize(kFirstSize, absl::InfinitePast(), [&](absl::Status status) {
    EXPECT_EQ(status, absl::OkStatus());
    called = true;
  });
  EXPECT_TRUE(called);
}

TEST_F(PublisherTest, LaterSizeIsAnsweredWhenItIsReadable) {
  absl::Notification reached;
  ledger_->WhenSize(kFirstSize + 2, absl::InfiniteFuture(),
                    [&](absl::Status status) {
                      EXPECT_EQ(status, absl::OkStatus());
                      EXPECT_GE(ledger_->Latest()->size, kFirstSize + 2);
                      reached.Notify();
                    });
  Write(Ship("S-1"));
  EXPECT_FALSE(reached.HasBeenNotified());
  Write(Ship("S-2"));
  reached.WaitForNotification();
}

TEST_F(PublisherTest, DeadlineIsAnsweredWithTheSizes) {
  absl::Notification called;
  const absl::Time start = absl::Now();
  ledger_->WhenSize(100, absl::InfiniteFuture(), [](absl::Status) {});
  ledger_->WhenSize(
      99, start + absl::Milliseconds(30), [&](absl::Status status) {
        EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
        EXPECT_EQ(ReasonOf(status), "MIN_SIZE_NOT_REACHED");
        EXPECT_EQ(MetadataOf(status, "min_size"), "99");
        EXPECT_EQ(MetadataOf(status, "size"), absl::StrCat(kFirstSize));
        called.Notify();
      });
  called.WaitForNotification();
  EXPECT_GE(absl::Now(), start + absl::Milliseconds(30));
}

TEST_F(PublisherTest, ClosingAnswersThoseWhoWait) {
  absl::Status answer;
  ledger_->WhenSize(100, absl::InfiniteFuture(),
                    [&](absl::Status status) { answer = status; });
  Close();
  EXPECT_EQ(ReasonOf(answer), "SHUTTING_DOWN");
}

TEST_F(PublisherTest, SubscriberHearsEachGroupUntilItLeaves) {
  std::atomic<uint64_t> heard{0};
  std::atomic<int> calls{0};
  auto subscription = ledger_->Subscribe([&](uint64_t size) {
    EXPECT_GT(size, heard.exchange(size));
    ++calls;
  });
  Write(Ship("S-1"));
  EXPECT_EQ(heard, kFirstSize + 1);
  Write(Ship("S-2"));
  EXPECT_EQ(heard, kFirstSize + 2);
  subscription.reset();
  const int calls_before = calls;
  Write(Ship("S-3"));
  EXPECT_EQ(calls, calls_before);
}

TEST_F(PublisherTest, LeavingWaitsForACallUnderWay) {
  std::atomic<bool> inside{false};
  absl::Notification entered;
  auto subscription = ledger_->Subscribe([&](uint64_t) {
    inside = true;
    if (!entered.HasBeenNotified()) entered.Notify();
    std::this_thread::yield();
    inside = false;
  });
  std::thread writer([&] { Write(Ship("S-1")); });
  entered.WaitForNotification();
  subscription.reset();
  EXPECT_FALSE(inside);
  writer.join();
}

TEST_F(PublisherTest, SubscriptionMayOutliveTheLedger) {
  const auto subscription = ledger_->Subscribe([](uint64_t) {});
  Close();
}

TEST_F(PublisherTest, SnapshotStaysAsItWas) {
  Write(Ship("S-1", 10));
  const auto before = ledger_->Latest();
  Write(Ship("S-2", 20));
  const auto used = [](const domain::Snapshot& snapshot) {
    int64_t sum = 0;
    snapshot.totals.VisitAll(
        [&](const domain::TotalKey&, const domain::Total& total) {
          sum += total.sum.used;
          return true;
        });
    return sum;
  };
  EXPECT_EQ(used(*before), 10);
  EXPECT_EQ(used(*ledger_->Latest()), 30);
  EXPECT_EQ(before->size, kFirstSize + 1);
}

}  // namespace
}  // namespace chipledger::testing
