// Goal: what time brings about is recorded by the ledger itself, also when it
// was closed when the time came.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/ledger/ledger_fixture.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

class TimekeeperTest : public LedgerTest {
 protected:
  TimekeeperTest() { options_.tick = absl::Milliseconds(5); }

  // Waits for the ledger's next entry.
  v1::Entry NextEntry() {
    const uint64_t index = awaited_ == 0 ? size() : awaited_;
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (size() <= index && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(2));
    }
    awaited_ = 0;
    return StoredEntry(index);
  }
  // The entry after the latest is the one that NextEntry waits for.
  void AwaitFromHere() { AwaitFrom(size()); }
  void AwaitFrom(uint64_t index) { awaited_ = index; }

  // Waits until the clock has been asked as often as that, by the ledger that
  // looks for what is due: nobody else does while nothing is written.
  static void AwaitReadings(const TestClock& clock, int64_t count) {
    const int64_t end = clock.readings() + count;
    while (clock.readings() < end) absl::SleepFor(absl::Milliseconds(1));
  }

  v1::Command Reserve(int64_t quantity, int64_t seconds) {
    v1::Command command;
    v1::ReserveShipment& reserve = *command.mutable_reserve_shipment();
    *reserve.mutable_shipment() =
        Ship("planned", quantity).record_shipment().shipment();
    reserve.set_hold_seconds(seconds);
    return command;
  }

  uint64_t awaited_ = 0;
};

TEST_F(TimekeeperTest, AReservationThatIsOverGivesItsRoomBack) {
  const WriteAnswer reserved = Write(Reserve(70, 60));
  ASSERT_EQ(reserved.status, absl::OkStatus());
  EXPECT_EQ(ReasonOf(Write(Ship("S-1", 40)).status), "REFUSED_BY_RULES");
  AwaitFromHere();
  clock_.Advance(absl::Seconds(61));
  const v1::Entry expiry = NextEntry();
  EXPECT_EQ(expiry.principal(), "ledger");
  ASSERT_TRUE(expiry.event().has_reservation_expired())
      << expiry.ShortDebugString();
  EXPECT_EQ(expiry.event().reservation_expired().command().reservation_index(),
            *reserved.index);
  EXPECT_EQ(Write(Ship("S-1", 40)).status, absl::OkStatus());
  ExpectTotalsEqualReplay();
}

TEST_F(TimekeeperTest, AReservationHoldsUntilItsLastNanosecond) {
  const WriteAnswer reserved = Write(Reserve(70, 60));
  ASSERT_EQ(reserved.status, absl::OkStatus());
  const uint64_t before = size();
  const int64_t end_ns = reserved.record_time_ns + 60 * kNsPerSecond;
  clock_.Set(end_ns - 1);
  // Looks that began after the clock was set.
  AwaitReadings(clock_, 3);
  EXPECT_EQ(size(), before);
  EXPECT_EQ(ReasonOf(Write(Ship("S-1", 40)).status), "REFUSED_BY_RULES");
  AwaitFromHere();
  clock_.Set(end_ns);
  const v1::Entry expiry = NextEntry();
  ASSERT_TRUE(expiry.event().has_reservation_expired())
      << expiry.ShortDebugString();
  EXPECT_EQ(expiry.record_time().seconds(), end_ns / kNsPerSecond);
  EXPECT_EQ(expiry.record_time().nanos(), end_ns % kNsPerSecond);
}

// An expiry is recorded when the ledger next looks, so it is late by the time
// between two looks at most. A machine that is busy makes that longer and never
// shorter, so the shortest of several tells what the ledger does by itself.
TEST_F(TimekeeperTest,
       UnlessSaidOtherwiseALedgerLooksMoreOftenThanOnceASecond) {
  options_.tick = LedgerOptions().tick;
  Reopen();
  absl::Duration shortest = absl::InfiniteDuration();
  AwaitReadings(clock_, 1);
  for (int i = 0; i < 10 && shortest > absl::Milliseconds(900); ++i) {
    const absl::Time look = absl::Now();
    AwaitReadings(clock_, 1);
    shortest = std::min(shortest, absl::Now() - look);
  }
  // What is left of the second is for the write.
  EXPECT_LE(shortest, absl::Milliseconds(900));
}

// A clock that jumps ahead for one reading and is back at the next, as when it
// is set wrong and mended.
class SlippingClock : public TestClock {
 public:
  int64_t NowNs() const override {
    return TestClock::NowNs() + slip_ns_.exchange(0);
  }
  void SlipOnce(absl::Duration by) { slip_ns_ = absl::ToInt64Nanoseconds(by); }

 private:
  mutable std::atomic<int64_t> slip_ns_{0};
};

TEST_F(TimekeeperTest, WhatWasTakenForDueTooEarlyIsRecordedInItsTime) {
  SlippingClock clock;
  options_.clock = &clock;
  Reopen();
  const WriteAnswer reserved = Write(Reserve(70, 60));
  EXPECT_EQ(reserved.status, absl::OkStatus());
  const uint64_t before = size();
  // So that what is looked through is what was written last.
  AwaitReadings(clock, 3);
  clock.SlipOnce(absl::Seconds(61));
  // The look that is misled, the decision that is not, and the next look.
  AwaitReadings(clock, 3);
  EXPECT_EQ(size(), before);
  AwaitFromHere();
  clock.Advance(absl::Seconds(61));
  const v1::Entry expiry = NextEntry();
  EXPECT_EQ(expiry.event().reservation_expired().command().reservation_index(),
            *reserved.index);
  Close();
}

TEST_F(TimekeeperTest, WhatWasDueWhileTheLedgerWasClosedIsRecordedAtTheStart) {
  ASSERT_EQ(Write(Reserve(70, 60)).status, absl::OkStatus());
  ASSERT_EQ(Write(Reserve(20, 3'600)).status, absl::OkStatus());
  AwaitFromHere();
  Close();
  clock_.Advance(absl::Seconds(100));
  Reopen();
  EXPECT_TRUE(NextEntry().event().has_reservation_expired());
  EXPECT_EQ(ledger_->Latest()->registers.reservations.size(), 1u)
      << "the other one has an hour";
}

TEST_F(TimekeeperTest, WhatRanOutIsRecordedInTheOrderInWhichItDid) {
  const WriteAnswer last = Write(Reserve(10, 120));
  const WriteAnswer first = Write(Reserve(20, 60));
  const WriteAnswer second = Write(Reserve(30, 90));
  AwaitFromHere();
  Close();
  clock_.Advance(absl::Seconds(200));
  Reopen();
  for (const WriteAnswer* next : {&first, &second, &last}) {
    const v1::Entry expiry = NextEntry();
    EXPECT_EQ(
        expiry.event().reservation_expired().command().reservation_index(),
        *next->index);
    AwaitFrom(expiry.index() + 1);
  }
  ExpectTotalsEqualReplay();
}

// Until the ledger comes to record it, too.
TEST_F(TimekeeperTest, WhatIsOverCannotBeUsed) {
  options_.tick = absl::Hours(1);
  Reopen();
  const WriteAnswer reserved = Write(Reserve(70, 60));
  ASSERT_EQ(reserved.status, absl::OkStatus());
  const uint64_t before = size();
  v1::Command ship = Ship("S-1", 70);
  ship.mutable_record_shipment()->set_reservation_index(*reserved.index);
  clock_.Advance(absl::Seconds(61));
  EXPECT_EQ(ReasonOf(Write(ship).status), "RESERVATION_NOT_FOUND");
  EXPECT_EQ(size(), before);
}

TEST_F(TimekeeperTest, AClockThatIsSetBackLetsNothingHoldLonger) {
  options_.tick = absl::Hours(1);
  Reopen();
  const int64_t start_ns = clock_.NowNs();
  const WriteAnswer reserved = Write(Reserve(70, 60));
  clock_.Set(start_ns + 61 * kNsPerSecond);
  ASSERT_EQ(Write(Ship("S-1", 1)).status, absl::OkStatus());
  AwaitFromHere();
  Close();
  clock_.Set(start_ns + kNsPerSecond);
  options_.tick = absl::Milliseconds(5);
  options_.trust_clock = true;
  Reopen();
  const v1::Entry expiry = NextEntry();
  EXPECT_EQ(expiry.event().reservation_expired().command().reservation_index(),
            *reserved.index);
}

TEST_F(TimekeeperTest, ALicenseExpiresWhenItsLastDayIsOverEverywhere) {
  v1::Command grant;
  v1::License& license = *grant.mutable_grant_license()->mutable_license();
  license.set_license_id("L-1");
  license.set_exporter("acme");
  license.add_destination_countries("AE");
  license.set_grant_date("2025-01-01");
  license.set_expiry_date("2025-01-10");
  v1::LicenseLine& line = *license.add_lines();
  line.set_line_number(1);
  line.set_product_code("H100");
  line.set_quantity(10);
  ASSERT_EQ(Write(grant).status, absl::OkStatus());
  AwaitFromHere();
  const uint64_t before = size();
  // 2025-01-11: somewhere it is still the tenth.
  clock_.Advance(absl::Hours(10 * 24));
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_EQ(size(), before);
  clock_.Advance(absl::Hours(24));
  const v1::Entry expiry = NextEntry();
  ASSERT_TRUE(expiry.event().has_license_expired())
      << expiry.ShortDebugString();
  EXPECT_EQ(expiry.event().license_expired().effective_date(), "2025-01-11");
  EXPECT_EQ(expiry.principal(), "ledger");
  ExpectTotalsEqualReplay();
}

// A policy that is tested on 1 February and 1 August.
constexpr char kReportedPolicy[] = R"(adopt_policy { policy {
  policy_id: "halves" title: "H" effective_from: "2025-01-01"
  provenance { citation: "c" legal_status: LEGAL_STATUS_IN_FORCE
               enforcement_status: ENFORCEMENT_STATUS_ENFORCED }
  rules { rule_id: "half" title: "H" measure: MEASURE_GPUS
    accrual: ACCRUAL_EXPORTED scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
    window { open {} } limit { constant: "50" }
    enforcement { mode: MODE_REPORT_ONLY }
    test_point: TEST_POINT_REPORTING_DATE
    reporting_dates: "02-01" reporting_dates: "08-01" } } })";

class ReportTest : public TimekeeperTest {
 protected:
  void SetUp() override {
    TimekeeperTest::SetUp();
    Adopt();
  }
  void Adopt() {
    ASSERT_EQ(Write(Cmd(kReportedPolicy)).status, absl::OkStatus());
  }
  void SetDate(const std::string& date) {
    constexpr int64_t kNsPerDay = 86'400 * kNsPerSecond;
    clock_.Set(Date::Parse(date)->days() * kNsPerDay);
  }
  // Ships before the first of the dates.
  void ShipEarly(const std::string& reference, int64_t quantity) {
    v1::Command ship = Ship(reference, quantity);
    ship.mutable_record_shipment()->mutable_shipment()->set_export_date(
        "2025-01-15");
    ASSERT_EQ(Write(ship).status, absl::OkStatus());
  }
  // What the next entry is: "2025-02-01" for a report, else its kind.
  std::string Next() {
    const v1::Entry entry = NextEntry();
    AwaitFrom(entry.index() + 1);
    EXPECT_EQ(entry.principal(), "ledger");
    return entry.event().has_totals_reported()
               ? entry.event().totals_reported().command().date()
               : "another";
  }
  // The dates that are listed of a moment, page by page.
  std::vector<std::string> List(const Ledger::Moment& moment,
                                size_t page_size = 100) {
    std::vector<std::string> dates;
    for (std::optional<Date> begin = Date::Min(); begin;) {
      const auto page =
          ledger_->ListReports(moment, "halves", *begin, page_size);
      EXPECT_EQ(page.status(), absl::OkStatus());
      if (!page.ok()) break;
      for (const auto& report : page->reports) dates.push_back(report.date());
      begin = page->next;
    }
    return dates;
  }
};

TEST_F(ReportTest, AReportingDateIsReportedWhenItIsOver) {
  ShipEarly("S-1", 51);
  AwaitFromHere();
  const uint64_t before = size();
  SetDate("2025-02-01");
  AwaitReadings(clock_, 3);
  EXPECT_EQ(size(), before);
  SetDate("2025-02-02");
  EXPECT_EQ(Next(), "2025-02-01");
  AwaitReadings(clock_, 3);
  EXPECT_EQ(size(), before + 1) << "once";
  ExpectTotalsEqualReplay();
}

// The reservation runs out between the first of the dates and the second.
TEST_F(ReportTest, WhatWasMissedIsReportedAtTheStartInTheOrderOfTime) {
  ASSERT_EQ(Write(Reserve(70, 60 * 86'400)).status, absl::OkStatus());
  AwaitFromHere();
  Close();
  SetDate("2026-02-02");
  options_.trust_clock = true;
  Reopen();
  EXPECT_EQ(Next(), "2025-02-01");
  EXPECT_EQ(Next(), "another");
  EXPECT_EQ(Next(), "2025-08-01");
  EXPECT_EQ(Next(), "2026-02-01");
  const std::vector<std::string> dates = {"2025-02-01", "2025-08-01",
                                          "2026-02-01"};
  EXPECT_EQ(List(Now()), dates);
  EXPECT_EQ(List(Now(), 1), dates);
  EXPECT_EQ(List({.snapshot = ledger_->Latest(),
                  .through = *Date::Parse("2025-08-01")}),
            (std::vector<std::string>{"2025-02-01", "2025-08-01"}));
  ExpectTotalsEqualReplay();
  Reopen();
  AwaitReadings(clock_, 3);
  EXPECT_EQ(List(Now()), dates) << "nothing twice after a start";
}

TEST_F(ReportTest, AReadSaysWhatWasReportedAndWhatIsKnownNow) {
  ShipEarly("S-1", 51);
  AwaitFromHere();
  SetDate("2025-02-02");
  ASSERT_EQ(Next(), "2025-02-01");
  const auto shipped = ledger_->Latest();
  ASSERT_EQ(Write(VoidShip("S-1")).status, absl::OkStatus());
  const auto page = ledger_->ListReports(Now(), "halves", Date::Min(), 10);
  ASSERT_EQ(page.status(), absl::OkStatus());
  ASSERT_EQ(page->reports.size(), 1u);
  const auto& report = page->reports[0];
  EXPECT_EQ(report.policy_version(), 1u);
  EXPECT_EQ(report.left_out(), 0u);
  ASSERT_EQ(report.rules_size(), 1);
  EXPECT_EQ(report.rules(0).ShortDebugString(),
            "rule_id: \"half\" totals: 1 over_limit: 1");
  ASSERT_EQ(report.totals_size(), 1);
  EXPECT_EQ(report.totals(0).reported().used(), 51);
  EXPECT_EQ(report.totals(0).reported().verdict(), v1::VERDICT_REPORTED);
  EXPECT_EQ(report.totals(0).now().used(), 0);
  EXPECT_EQ(report.totals(0).now().verdict(), v1::VERDICT_WITHIN_LIMIT);
  const auto then =
      ledger_->ListReports({.snapshot = shipped}, "halves", Date::Min(), 10);
  ASSERT_EQ(then.status(), absl::OkStatus());
  EXPECT_FALSE(then->reports[0].totals(0).has_now());
  EXPECT_EQ(
      ReasonOf(ledger_->ListReports(Now(), "none", Date::Min(), 10).status()),
      "POLICY_NOT_FOUND");
}

TEST_F(TimekeeperTest, NobodyElseMayRecordWhatIsTheLedgersOwn) {
  const WriteAnswer reserved = Write(Reserve(70, 60));
  v1::Command expire;
  expire.mutable_expire_reservation()->set_reservation_index(*reserved.index);
  EXPECT_EQ(ReasonOf(Write(expire).status), "COMMAND_RESERVED");
  v1::Command backfill;
  backfill.mutable_record_backfill()->set_policy_id("cap");
  EXPECT_EQ(ReasonOf(Write(backfill).status), "COMMAND_RESERVED");
  v1::Command report;
  report.mutable_report_totals()->set_policy_id("cap");
  report.mutable_report_totals()->set_date("2025-02-01");
  EXPECT_EQ(ReasonOf(Write(report).status), "COMMAND_RESERVED");
}

}  // namespace
}  // namespace chipledger::testing
