// Goal: a replay under another policy says what would have come out
// differently, and stores nothing.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using Difference = v1::WhatIfResponse::Difference;
using TotalPair = v1::WhatIfResponse::TotalPair;

class WhatIfTest : public LedgerTest {
 protected:
  struct Outcome {
    absl::Status status;
    std::vector<Difference> differences;
    std::vector<TotalPair> totals;
    uint64_t replayed = 0;
    bool done = false;
    int messages = 0;
  };

  // The fixture's cap with another limit.
  static v1::WhatIfRequest Cap(int64_t limit) {
    v1::WhatIfRequest request;
    *request.mutable_policy_file()->mutable_policy() =
        AdoptCap(limit).adopt_policy().policy();
    return request;
  }

  Outcome Replay(const v1::WhatIfRequest& request) {
    Outcome outcome;
    const uint64_t before = size();
    outcome.status = ledger_->WhatIf(request, [&](v1::WhatIfResponse message) {
      ++outcome.messages;
      for (auto& difference : *message.mutable_differences()) {
        outcome.differences.push_back(std::move(difference));
      }
      for (auto& pair : *message.mutable_totals()) {
        outcome.totals.push_back(std::move(pair));
      }
      outcome.replayed = message.replayed();
      outcome.done = message.done();
      return true;
    });
    EXPECT_EQ(size(), before);
    return outcome;
  }
};

TEST_F(WhatIfTest, SaysWhatWouldHaveBeenRefusedAndAllowed) {
  ASSERT_EQ(Write(Ship("S-1", 60)).status, absl::OkStatus());
  ASSERT_EQ(ReasonOf(Write(Ship("S-2", 50)).status), "REFUSED_BY_RULES");
  ASSERT_EQ(Write(Ship("S-3", 30)).status, absl::OkStatus());

  const Outcome lower = Replay(Cap(50));
  ASSERT_EQ(lower.status, absl::OkStatus());
  EXPECT_TRUE(lower.done);
  EXPECT_EQ(lower.replayed, size());
  // Without the first, the second fits, and then the third does not.
  ASSERT_EQ(lower.differences.size(), 3u);
  EXPECT_EQ(lower.differences[0].index(), kFirstSize);
  EXPECT_EQ(lower.differences[0].kind(), Difference::KIND_WOULD_BE_REFUSED);
  EXPECT_EQ(lower.differences[0].violations(0).rule_id(), "gpus");
  EXPECT_EQ(lower.differences[0].violations(0).limit(), 50);
  EXPECT_EQ(lower.differences[1].kind(), Difference::KIND_WOULD_BE_ACCEPTED);
  EXPECT_EQ(lower.differences[2].kind(), Difference::KIND_WOULD_BE_REFUSED);
  ASSERT_EQ(lower.totals.size(), 1u);
  EXPECT_EQ(lower.totals[0].actual().used(), 90);
  EXPECT_EQ(lower.totals[0].hypothetical().used(), 50);

  const Outcome higher = Replay(Cap(200));
  ASSERT_EQ(higher.differences.size(), 1u);
  EXPECT_EQ(higher.differences[0].index(), kFirstSize + 1);
  EXPECT_EQ(higher.differences[0].kind(), Difference::KIND_WOULD_BE_ACCEPTED);
  ASSERT_EQ(higher.totals.size(), 1u);
  EXPECT_EQ(higher.totals[0].hypothetical().used(), 140);
  EXPECT_EQ(higher.totals[0].hypothetical().headroom(), 60);
}

TEST_F(WhatIfTest, TheSamePolicyMakesNoDifference) {
  Write(Ship("S-1", 60));
  Write(Ship("S-2", 60));
  Write(CorrectShip("S-1", 30));
  Write(VoidShip("S-1"));
  const Outcome same = Replay(Cap(100));
  EXPECT_EQ(same.status, absl::OkStatus());
  EXPECT_TRUE(same.differences.empty());
  ASSERT_EQ(same.totals.size(), 1u);
  EXPECT_EQ(same.totals[0].actual().SerializeAsString(),
            same.totals[0].hypothetical().SerializeAsString());
}

TEST_F(WhatIfTest, WhatStoodOnARefusedWriteWouldHaveFailed) {
  Write(Ship("S-1", 60));
  Write(CorrectShip("S-1", 10));
  const Outcome outcome = Replay(Cap(50));
  ASSERT_EQ(outcome.differences.size(), 2u);
  EXPECT_EQ(outcome.differences[1].kind(), Difference::KIND_WOULD_FAIL);
  EXPECT_NE(outcome.differences[1].error().find("S-1"), std::string::npos)
      << outcome.differences[1].error();
}

TEST_F(WhatIfTest, ARepeatOfWhatWasRefusedIsToldByTheEntryThatRefused) {
  Write(Ship("S-1", 150));
  Write(Ship("S-1", 90));
  const Outcome outcome = Replay(Cap(200));
  ASSERT_EQ(outcome.differences.size(), 2u);
  EXPECT_EQ(outcome.differences[0].kind(), Difference::KIND_WOULD_BE_ACCEPTED);
  EXPECT_EQ(outcome.differences[1].kind(), Difference::KIND_WOULD_FAIL);
  EXPECT_EQ(outcome.differences[1].error(),
            absl::StrCat("would be a repeat of what entry ", kFirstSize,
                         " refused, which would have been accepted"));
}

TEST_F(WhatIfTest, APolicyBesideTheAdoptedOnesDecidesToo) {
  Write(Ship("S-1", 60));
  v1::WhatIfRequest request = Cap(50);
  request.mutable_policy_file()->mutable_policy()->set_policy_id("beside");
  const Outcome outcome = Replay(request);
  ASSERT_EQ(outcome.differences.size(), 1u);
  EXPECT_EQ(outcome.differences[0].violations(0).policy_id(), "beside");
  // The cap's total differs too, because the shipment is not in it.
  bool cap_differs = false;
  for (const TotalPair& pair : outcome.totals) {
    if (pair.actual().policy_id() != "cap") continue;
    cap_differs = true;
    EXPECT_EQ(pair.actual().used(), 60);
    EXPECT_EQ(pair.hypothetical().used(), 0);
  }
  EXPECT_TRUE(cap_differs);
}

TEST_F(WhatIfTest, FactsBeforeTheDateAreJudgedAsTheyWere) {
  Write(Ship("S-1", 60));
  v1::Command later = Ship("S-2", 60);
  later.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2025-08-01");
  Write(later);
  v1::WhatIfRequest request = Cap(50);
  request.set_from_date("2025-07-01");
  const Outcome outcome = Replay(request);
  ASSERT_EQ(outcome.status, absl::OkStatus());
  EXPECT_TRUE(outcome.differences.empty())
      << outcome.differences[0].ShortDebugString();
  request.set_from_date("2025-06-01");
  EXPECT_EQ(Replay(request).differences.size(), 1u);
}

TEST_F(WhatIfTest, ReplaysAsFarAsIsAskedInWholeRequests) {
  Write(TestRequest{{Ship("S-1", 60), Ship("S-2", 1)}});
  Write(Ship("S-3", 10));
  v1::WhatIfRequest request = Cap(50);
  request.set_end_index(kFirstSize + 1);
  const Outcome outcome = Replay(request);
  ASSERT_EQ(outcome.status, absl::OkStatus());
  EXPECT_EQ(outcome.replayed, kFirstSize + 2);
  ASSERT_EQ(outcome.totals.size(), 1u);
  EXPECT_EQ(outcome.totals[0].actual().used(), 61);
  request.set_end_index(1'000);
  EXPECT_EQ(ReasonOf(Replay(request).status), "INDEX_OUT_OF_RANGE");
}

// What the ledger reported by itself was asked by nobody: it is replayed, and
// is no write that comes out differently.
TEST_F(WhatIfTest, ReportsInTheLogAreReplayedAndMakeNoDifference) {
  v1::Command halves = AdoptCap(500);
  v1::Policy& policy = *halves.mutable_adopt_policy()->mutable_policy();
  policy.set_policy_id("halves");
  v1::Rule& rule = *policy.mutable_rules(0);
  rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REPORT_ONLY);
  rule.set_test_point(v1::TEST_POINT_REPORTING_DATE);
  rule.add_reporting_dates("02-01");
  rule.add_reporting_dates("08-01");
  ASSERT_EQ(Write(halves).status, absl::OkStatus());
  ASSERT_EQ(Write(Ship("S-1", 60)).status, absl::OkStatus());
  ASSERT_EQ(Write(Ship("S-2", 10)).status, absl::OkStatus());
  const uint64_t reports = size();
  Close();
  clock_.Set("2025-09-01T00:00:00Z");
  Reopen();
  absl::Notification reported;
  ledger_->WhenSize(reports + 2, absl::InfiniteFuture(),
                    [&](absl::Status) { reported.Notify(); });
  reported.WaitForNotification();
  ASSERT_TRUE(StoredEntry(reports).event().has_totals_reported());
  ASSERT_EQ(Write(Ship("S-3", 5)).status, absl::OkStatus());

  // Under another policy, and under the reported one itself.
  const Outcome other = Replay(Cap(50));
  ASSERT_EQ(other.status, absl::OkStatus());
  EXPECT_EQ(other.replayed, reports + 3);
  ASSERT_EQ(other.differences.size(), 1u);
  EXPECT_EQ(other.differences[0].kind(), Difference::KIND_WOULD_BE_REFUSED);
  v1::WhatIfRequest same;
  *same.mutable_policy_file()->mutable_policy() = policy;
  same.mutable_policy_file()
      ->mutable_policy()
      ->mutable_rules(0)
      ->mutable_limit()
      ->set_constant("1");
  const Outcome reported_one = Replay(same);
  ASSERT_EQ(reported_one.status, absl::OkStatus());
  EXPECT_TRUE(reported_one.differences.empty())
      << reported_one.differences[0].ShortDebugString();
  ASSERT_EQ(reported_one.totals.size(), 1u);
  EXPECT_EQ(reported_one.totals[0].hypothetical().used(), 75);
  EXPECT_EQ(reported_one.totals[0].hypothetical().limit(), 1);
}

TEST_F(WhatIfTest, EndsWhenNobodyListens) {
  for (int i = 0; i < 300; ++i) Write(Ship(absl::StrCat("S-", i), 1));
  int messages = 0;
  const absl::Status status =
      ledger_->WhatIf(Cap(0), [&](const v1::WhatIfResponse& message) {
        ++messages;
        EXPECT_FALSE(message.done());
        EXPECT_LT(message.replayed(), size());
        return false;
      });
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_EQ(messages, 1);
}

TEST_F(WhatIfTest, AWrongPolicyIsAnErrorAtOnce) {
  v1::WhatIfRequest request = Cap(50);
  request.mutable_policy_file()
      ->mutable_policy()
      ->mutable_rules(0)
      ->clear_limit();
  const Outcome outcome = Replay(request);
  EXPECT_EQ(ReasonOf(outcome.status), "INVALID_FIELD");
  EXPECT_EQ(outcome.messages, 0);
  request = Cap(50);
  request.set_from_date("soon");
  EXPECT_EQ(ReasonOf(Replay(request).status), "INVALID_FIELD");
}

}  // namespace
}  // namespace chipledger::testing
