// Goal: every entry that reached the threshold of a rule is listed once, with
// the total that it made, at every moment and page by page.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/ledger/ledger_fixture.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class NoticesTest : public LedgerTest {
 protected:
  NoticesTest() : LedgerTest(1'000) {}

  void SetUp() override {
    LedgerTest::SetUp();
    Accept(Cmd(R"(adopt_policy { policy {
      policy_id: "watched" title: "W" effective_from: "2024-01-01"
      provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
                   enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
      rules {
        rule_id: "yearly" title: "Y"
        measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
        scope { group_by: GROUP_BY_EXPORTER }
        window { calendar_year {} } limit { none {} }
        enforcement { mode: MODE_NOTIFY notify_at: "10" }
        provenance { citation: "the yearly rule" }
      }
      rules {
        rule_id: "order" title: "O"
        measure: MEASURE_GPUS accrual: ACCRUAL_EXPORTED
        window { per_order {} } limit { none {} }
        enforcement { mode: MODE_NOTIFY notify_at: "7" }
      }
    } })"));
  }

  void Accept(const v1::Command& command) {
    const WriteAnswer answer = Write(command);
    ASSERT_EQ(answer.status, absl::OkStatus());
  }

  // Notices as "index rule: total".
  std::vector<std::string> List(const std::string& filters = "",
                                size_t page_size = 2,
                                Date through = Date::Max()) {
    const auto request = FromText<v1::ListNoticesRequest>(filters);
    const Ledger::Moment moment{.snapshot = ledger_->Latest(),
                                .through = through};
    std::vector<std::string> lines;
    std::optional<uint64_t> begin = request.start_index();
    while (begin) {
      const auto page =
          ledger_->ListNotices(moment, request, *begin, page_size);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& notice : page->notices) {
        lines.push_back(absl::StrCat(notice.index(), " ", notice.rule_id(),
                                     ": ", notice.total()));
      }
      begin = page->next;
    }
    return lines;
  }
};

TEST_F(NoticesTest, EveryEntryThatReachesAThresholdIsListed) {
  Accept(Ship("S-1", 6));  // 5
  Accept(Ship("S-2", 3));  // 6
  Accept(Ship("S-3", 1));  // 7: 10 in the year
  Accept(Ship("S-4", 8));  // 8: 18 in the year, and a large order
  const std::vector<std::string> all = {"7 yearly: 10", "8 yearly: 18",
                                        "8 order: 8"};
  for (const size_t page_size : {1, 2, 100}) {
    EXPECT_EQ(List("", page_size), all) << page_size;
  }
  EXPECT_THAT(List("rule_id: 'order'"), ElementsAre("8 order: 8"));
  EXPECT_THAT(List("policy_id: 'cap'"), IsEmpty());
  EXPECT_THAT(List("start_index: 8"),
              ElementsAre("8 yearly: 18", "8 order: 8"));
  Reopen();
  EXPECT_EQ(List(), all);
}

TEST_F(NoticesTest, ANoticeSaysWhatItIsAbout) {
  Accept(Ship("S-1", 12));
  v1::ListNoticesRequest request;
  request.set_rule_id("yearly");
  const auto page = ledger_->ListNotices(Now(), request, 0, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->notices.size(), 1u);
  v1::ListNoticesResponse::Notice notice = page->notices[0];
  EXPECT_GT(notice.record_time().seconds(), 0);
  notice.clear_record_time();
  EXPECT_EQ(notice.ShortDebugString(),
            FromText<v1::ListNoticesResponse::Notice>(
                R"(index: 5 policy_id: "watched" policy_version: 1
                   rule_id: "yearly" measure: MEASURE_GPUS
                   group { exporter: "acme" } window_start: "2025-01-01"
                   threshold: 10 total: 12 kind: "shipment_recorded"
                   subject: "shipment acme/S-1" date: "2025-06-01"
                   citation: "the yearly rule")")
                .ShortDebugString());
}

TEST_F(NoticesTest, WhatAsksForNoneIsNotListed) {
  Accept(Ship("S-1", 12));
  // Refused by the cap.
  EXPECT_EQ(ReasonOf(Write(Ship("S-2", 2'000)).status), "REFUSED_BY_RULES");
  // Taken back, but for the order, which is tested anew.
  Accept(CorrectShip("S-1", 11));
  Accept(VoidShip("S-1"));
  EXPECT_THAT(List(),
              ElementsAre("5 yearly: 12", "5 order: 12", "7 order: 11"));
}

TEST_F(NoticesTest, ACorrectionThatAddsIsOneNotice) {
  Accept(Ship("S-1", 9));
  Accept(CorrectShip("S-1", 11));
  EXPECT_THAT(List("rule_id: 'yearly'"), ElementsAre("6 yearly: 11"));
}

TEST_F(NoticesTest, APastMomentHasItsOwn) {
  Accept(Ship("S-1", 12));
  EXPECT_THAT(List("", 10, *Date::Parse("2024-12-31")), IsEmpty());
  const auto before = ledger_->SnapshotAt(size() - 1);
  ASSERT_TRUE(before.ok()) << before.status();
  const auto page = ledger_->ListNotices({.snapshot = *before}, {}, 0, 10);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_THAT(page->notices, IsEmpty());
}

}  // namespace
}  // namespace chipledger::testing
