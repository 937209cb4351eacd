// Goal: what time brings about is recorded by the ledger itself, also when it
// was closed when the time came.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerDay = 86'400 * kNsPerSecond;

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
  clock_.Set(clock_.NowNs() + 61 * kNsPerSecond);
  const v1::Entry expiry = NextEntry();
  EXPECT_EQ(expiry.principal(), "ledger");
  ASSERT_TRUE(expiry.event().has_reservation_expired())
      << expiry.ShortDebugString();
  EXPECT_EQ(expiry.event().reservation_expired().command().reservation_index(),
            *reserved.index);
  EXPECT_EQ(Write(Ship("S-1", 40)).status, absl::OkStatus());
  ExpectTotalsEqualReplay();
}

TEST_F(TimekeeperTest, AReservationHoldsUntilItsLastSecond) {
  ASSERT_EQ(Write(Reserve(70, 60)).status, absl::OkStatus());
  const uint64_t before = size();
  clock_.Set(clock_.NowNs() + 59 * kNsPerSecond);
  absl::SleepFor(absl::Milliseconds(50));
  EXPECT_EQ(size(), before);
  EXPECT_EQ(ReasonOf(Write(Ship("S-1", 40)).status), "REFUSED_BY_RULES");
}

TEST_F(TimekeeperTest, WhatWasDueWhileTheLedgerWasClosedIsRecordedAtTheStart) {
  ASSERT_EQ(Write(Reserve(70, 60)).status, absl::OkStatus());
  ASSERT_EQ(Write(Reserve(20, 3'600)).status, absl::OkStatus());
  AwaitFromHere();
  Close();
  clock_.Set(clock_.NowNs() + 100 * kNsPerSecond);
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
  clock_.Set(clock_.NowNs() + 200 * kNsPerSecond);
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
  clock_.Set(clock_.NowNs() + 61 * kNsPerSecond);
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
  clock_.Set(clock_.NowNs() + 10 * kNsPerDay);
  absl::SleepFor(absl::Milliseconds(500));
  EXPECT_EQ(size(), before);
  clock_.Set(clock_.NowNs() + kNsPerDay);
  const v1::Entry expiry = NextEntry();
  ASSERT_TRUE(expiry.event().has_license_expired())
      << expiry.ShortDebugString();
  EXPECT_EQ(expiry.event().license_expired().effective_date(), "2025-01-11");
  EXPECT_EQ(expiry.principal(), "ledger");
  ExpectTotalsEqualReplay();
}

TEST_F(TimekeeperTest, NobodyElseMayRecordWhatIsTheLedgersOwn) {
  const WriteAnswer reserved = Write(Reserve(70, 60));
  v1::Command expire;
  expire.mutable_expire_reservation()->set_reservation_index(*reserved.index);
  EXPECT_EQ(ReasonOf(Write(expire).status), "COMMAND_RESERVED");
  v1::Command backfill;
  backfill.mutable_record_backfill()->set_policy_id("cap");
  EXPECT_EQ(ReasonOf(Write(backfill).status), "COMMAND_RESERVED");
}

}  // namespace
}  // namespace chipledger::testing
