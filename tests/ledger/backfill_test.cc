// Goal: a policy adopted late has the totals that it would have had if it had
// been adopted early, found in the log while writes go on, and decides from
// then on.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

class BackfillTest : public LedgerTest {
 protected:
  BackfillTest() : LedgerTest(100'000) {
    options_.tick = absl::Milliseconds(5);
  }

  // The policy of the fixture under another id and limit.
  static v1::Command AdoptLate(int64_t limit) {
    v1::Command command = AdoptCap(limit);
    command.mutable_adopt_policy()->mutable_policy()->set_policy_id("late");
    return command;
  }

  const domain::CompiledPolicy& Late() {
    latest_ = ledger_->Latest();
    return *latest_->catalog().FindPolicy("late");
  }

  void AwaitCounted() {
    const absl::Time deadline = absl::Now() + absl::Seconds(60);
    while (Late().IsBackfilling() && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(2));
    }
    ASSERT_FALSE(Late().IsBackfilling());
  }

  // What a policy's only rule has used, in all of its totals.
  int64_t UsedBy(absl::string_view policy_id) {
    const auto snapshot = ledger_->Latest();
    const uint32_t number = snapshot->catalog().FindPolicy(policy_id)->number;
    int64_t used = 0;
    snapshot->totals.VisitAll(
        [&](const domain::TotalKey& key, const domain::Total& total) {
          if (key.policy() == number) used += total.sum.used;
          return true;
        });
    return used;
  }

  // Keeps what Late returns alive.
  std::shared_ptr<const domain::Snapshot> latest_;
};

TEST_F(BackfillTest, TheLogIsCountedAndWhatViolatedItIsReported) {
  Write(Ship("S-1", 30));
  Write(Ship("S-2", 40));
  Write(Ship("S-3", 50));
  Write(VoidShip("S-2"));
  ASSERT_EQ(Write(AdoptLate(90)).status, absl::OkStatus());
  AwaitCounted();
  EXPECT_EQ(UsedBy("late"), 80);
  const v1::Backfill& backfill = Late().adopted.backfill();
  EXPECT_TRUE(backfill.done());
  EXPECT_EQ(backfill.violating_facts(), 1u) << backfill.ShortDebugString();
  ASSERT_EQ(backfill.first_violating_indexes_size(), 1);
  EXPECT_EQ(backfill.first_violating_indexes(0), kFirstSize + 2)
      << "the third shipment exceeded 90 when it came";
  // From now on it decides.
  EXPECT_EQ(ReasonOf(Write(Ship("S-4", 11)).status), "REFUSED_BY_RULES");
  EXPECT_EQ(Write(Ship("S-5", 10)).status, absl::OkStatus());
  // What was counted from the log is given back like anything else.
  EXPECT_EQ(Write(VoidShip("S-1")).status, absl::OkStatus());
  EXPECT_EQ(UsedBy("late"), 60);
  ExpectTotalsEqualReplay();
  Reopen();
  EXPECT_EQ(UsedBy("late"), 60);
}

TEST_F(BackfillTest, WritesGoOnMeanwhile) {
  for (int i = 0; i < 40; ++i) {
    std::vector<TestRequest> requests;
    for (int j = 0; j < 100; ++j) {
      requests.push_back({{Ship(absl::StrCat("S-", i, "-", j), 1)}});
    }
    Write(MakeBatch(requests));
  }
  std::atomic<bool> counted{false};
  std::atomic<int> written{0};
  std::thread writer([&] {
    for (int i = 0; !counted || i < 50; ++i) {
      ASSERT_EQ(Write(Ship(absl::StrCat("T-", i), 1)).status, absl::OkStatus());
      ++written;
    }
  });
  ASSERT_EQ(Write(AdoptLate(100'000)).status, absl::OkStatus());
  AwaitCounted();
  counted = true;
  writer.join();
  EXPECT_EQ(UsedBy("late"), 4'000 + written);
  EXPECT_EQ(UsedBy("late"), UsedBy("cap"));
  ExpectTotalsEqualReplay();
}

TEST_F(BackfillTest, ARestartGoesOnWhereItWasLeft) {
  // Nobody counts before the ledger is opened again.
  options_.tick = absl::Hours(1);
  Reopen();
  Write(Ship("S-1", 30));
  ASSERT_EQ(Write(AdoptLate(20)).status, absl::OkStatus());
  ASSERT_TRUE(Late().IsBackfilling());
  // It counts what is recorded and refuses nothing.
  EXPECT_EQ(Write(Ship("S-2", 5)).status, absl::OkStatus());
  EXPECT_EQ(UsedBy("late"), 5);
  options_.tick = absl::Milliseconds(5);
  Reopen();
  AwaitCounted();
  EXPECT_EQ(UsedBy("late"), 35);
  EXPECT_EQ(ReasonOf(Write(Ship("S-3", 1)).status), "REFUSED_BY_RULES");
  ExpectTotalsEqualReplay();
}

}  // namespace
}  // namespace chipledger::testing
