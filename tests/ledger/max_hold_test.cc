// Goal: a ledger can be set to reserve for shorter than the contract allows;
// what it has recorded is not touched by that.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::ElementsAre;

class MaxHoldTest : public LedgerTest {
 protected:
  void SetMaxHold(int64_t seconds) {
    options_.max_hold_seconds = seconds;
    Reopen();
  }

  static v1::Command ReserveFor(int64_t seconds) {
    v1::Command command = Reserve("planned", 10);
    command.mutable_reserve_shipment()->set_hold_seconds(seconds);
    return command;
  }
};

TEST_F(MaxHoldTest, AnHourIsTheMostWhereAnHourIsSet) {
  SetMaxHold(3'600);
  EXPECT_EQ(Write(ReserveFor(3'600)).status, absl::OkStatus());
  const uint64_t before = size();
  for (const bool validate_only : {false, true}) {
    const WriteAnswer answer =
        Write({{ReserveFor(3'601)}, Uuid::Random(), validate_only});
    EXPECT_EQ(answer.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ReasonOf(answer.status), "INVALID_FIELD");
    EXPECT_THAT(
        GetFieldViolations(answer.status),
        ElementsAre(FieldViolation{"hold_seconds",
                                   "3601 is more than 3600, the longest that "
                                   "this ledger is set to hold"}));
  }
  EXPECT_EQ(size(), before);
}

TEST_F(MaxHoldTest, UnlessSaidOtherwiseItIsAYear) {
  EXPECT_EQ(Write(ReserveFor(limits::kMaxHoldSeconds)).status,
            absl::OkStatus());
  EXPECT_EQ(ReasonOf(Write(ReserveFor(limits::kMaxHoldSeconds + 1)).status),
            "INVALID_FIELD");
}

TEST_F(MaxHoldTest, EachHoldOfARequestIsNamedByItsPlace) {
  SetMaxHold(60);
  const WriteAnswer answer =
      Write({{ReserveFor(61), Ship("S-1"), ReserveFor(60), ReserveFor(3'600)}});
  EXPECT_THAT(
      GetFieldViolations(answer.status),
      ElementsAre(FieldViolation{"commands[0].hold_seconds",
                                 "61 is more than 60, the longest that this "
                                 "ledger is set to hold"},
                  FieldViolation{"commands[3].hold_seconds",
                                 "3600 is more than 60, the longest that this "
                                 "ledger is set to hold"}));
  EXPECT_EQ(size(), kFirstSize);
}

TEST_F(MaxHoldTest, WhatWasReservedBeforeHoldsAsLongAsItWasTold) {
  const TestRequest request{{ReserveFor(3'600)}};
  const WriteAnswer first = Write(request);
  ASSERT_EQ(first.status, absl::OkStatus());
  SetMaxHold(60);
  const WriteAnswer again = Write(request);
  EXPECT_EQ(again.status, absl::OkStatus());
  EXPECT_EQ(again.index, first.index);
  EXPECT_TRUE(again.repeated_answer);
  ExpectTotalsEqualReplay();

  clock_.Advance(absl::Seconds(3'599));
  v1::Command ship = Ship("S-1", 10);
  ship.mutable_record_shipment()->set_reservation_index(*first.index);
  EXPECT_EQ(Write(ship).status, absl::OkStatus());
  ExpectTotalsEqualReplay();
}

}  // namespace
}  // namespace chipledger::testing
