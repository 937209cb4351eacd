// Goal: a clock that is far off is noticed before it stamps an entry.
#include "ledger/check_clock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "ledger/base/limits.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;

class CheckClockTest : public LedgerTest {
 protected:
  // Opens the ledger again with the clock moved; returns the error.
  absl::Status OpenWithClockMovedBy(absl::Duration by, bool trust = false) {
    ledger_.reset();
    clock_.Set(start_ + absl::ToInt64Nanoseconds(by));
    LedgerOptions options = options_;
    options.trust_clock = trust;
    return Ledger::Open(options).status();
  }
  const int64_t start_ = clock_.NowNs();
};

TEST_F(CheckClockTest, AClockNearTheLastEntryIsBelieved) {
  // The last entry's time is the clock's and some nanoseconds.
  EXPECT_TRUE(
      OpenWithClockMovedBy(absl::Hours(limits::kMaxClockAheadHours)).ok());
  EXPECT_TRUE(OpenWithClockMovedBy(-absl::Hours(limits::kMaxClockBehindHours) +
                                   absl::Seconds(1))
                  .ok());
}

TEST_F(CheckClockTest, AClockFarFromTheLastEntryIsNot) {
  const absl::Status ahead = OpenWithClockMovedBy(
      absl::Hours(limits::kMaxClockAheadHours) + absl::Seconds(1));
  EXPECT_EQ(ahead.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(ahead.message()), HasSubstr("400 days after"));
  EXPECT_THAT(std::string(ahead.message()), HasSubstr("--trust-clock"));
  const absl::Status behind = OpenWithClockMovedBy(
      -absl::Hours(limits::kMaxClockBehindHours) - absl::Seconds(1));
  EXPECT_THAT(std::string(behind.message()), HasSubstr("24 hours before"));
}

TEST_F(CheckClockTest, WhoInsistsIsBelieved) {
  EXPECT_TRUE(OpenWithClockMovedBy(absl::Hours(24 * 3'000), true).ok());
}

TEST_F(CheckClockTest, AClockBeforeTheProgramIsNotBelieved) {
  ledger_.reset();
  options_.built_ns = clock_.NowNs() + 1;
  const absl::Status status = Ledger::Open(options_).status();
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("before this program was built"));
  options_.built_ns = clock_.NowNs();
  EXPECT_TRUE(Ledger::Open(options_).ok());
}

}  // namespace
}  // namespace chipledger::testing
