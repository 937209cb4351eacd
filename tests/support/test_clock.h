// A clock for tests.
#ifndef CHIPLEDGER_TESTS_SUPPORT_TEST_CLOCK_H_
#define CHIPLEDGER_TESTS_SUPPORT_TEST_CLOCK_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "ledger/base/clock.h"

namespace chipledger::testing {

// TestClock stands still until it is set.
//
// Thread-safety: thread-safe.
class TestClock : public Clock {
 public:
  explicit TestClock(absl::string_view utc = "2025-01-01T00:00:00Z") {
    Set(utc);
  }

  int64_t NowNs() const override {
    ++readings_;
    return now_ns_;
  }

  void Set(int64_t now_ns) { now_ns_ = now_ns; }
  // To a time such as "2025-01-01T00:00:00Z"; a typo fails the test.
  void Set(absl::string_view utc) {
    absl::Time time;
    std::string error;
    EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, utc, &time, &error))
        << error;
    Set(absl::ToUnixNanos(time));
  }
  void Advance(absl::Duration by) { now_ns_ += absl::ToInt64Nanoseconds(by); }

  // How often it was asked.
  int64_t readings() const { return readings_; }

 private:
  std::atomic<int64_t> now_ns_;
  mutable std::atomic<int64_t> readings_{0};
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_TEST_CLOCK_H_
