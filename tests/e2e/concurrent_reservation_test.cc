// Goal: reservations hold when many callers want the last chips at the same
// moment: never more are reserved than fit, none fewer, and each is given back
// once and whole, whether it is released, used or runs out. Method: a real
// server, 32 connections and a starting gun.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iterator>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/at_once.h"
#include "tests/support/replay_check.h"
#include "tests/support/server_fixture.h"
#include "tests/support/test_clock.h"

namespace chipledger::testing {
namespace {

using ::testing::ElementsAreArray;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAreArray;

constexpr int kCallers = 32;
constexpr int64_t kHoldSeconds = 3'600;

constexpr char kGrant[] = R"pb(
  request_id: "$0"
  command {
    license {
      license_id: "D100001"
      exporter: "acme"
      destination_countries: "MY"
      grant_date: "2025-01-10"
      expiry_date: "2026-01-10"
      lines { line_number: 1 product_code: "H100" quantity: 500 }
    }
  }
)pb";

// What the last chips are of.
struct Bound {
  const char* name;
  const char* rule_id;
  int64_t limit;
  bool of_license;
};
constexpr Bound kCap{"Cap", "gpus", 1'000, false};
constexpr Bound kLicenseLine{"LicenseLine", "quantity_exhausted", 500, true};

class ConcurrentReservationTest : public ServerTest,
                                  public ::testing::WithParamInterface<Bound> {
 protected:
  ConcurrentReservationTest() {
    StartServer([this](ServerOptions& options) {
      options.ledger.clock = &clock_;
      options.ledger.trust_clock = true;
      options.ledger.tick = absl::Milliseconds(40);
    });
    RecordCatalog();
    if (GetParam().of_license) {
      Context context;
      v1::GrantLicenseResponse response;
      const grpc::Status status =
          licenses_->GrantLicense(&context,
                                  Proto<v1::GrantLicenseRequest>(
                                      absl::Substitute(kGrant, NewRequestId())),
                                  &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
    }
    for (int i = 0; i < kCallers; ++i) {
      callers_.push_back(v1::ShipmentService::NewStub(OwnChannel(address())));
    }
  }
  ~ConcurrentReservationTest() override { StopServer(); }

  // A shipment of H100 to Malaysia, under the license if that is the bound.
  v1::Shipment ShipmentOfH100(int64_t quantity) {
    v1::Shipment shipment =
        ShipmentOf("H100", quantity, "MY", absl::StrCat("S", ++shipments_made_))
            .command()
            .shipment();
    if (GetParam().of_license) {
      v1::Authorization& authorization = *shipment.mutable_authorization();
      authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
      authorization.set_license_id("D100001");
    }
    return shipment;
  }

  // Each returns the index of what is recorded, or 0 and why it is not.
  struct Answer {
    uint64_t index = 0;
    grpc::Status status;
  };
  Answer Reserve(v1::ShipmentService::Stub& caller, int64_t quantity) {
    v1::ReserveShipmentRequest request;
    request.set_request_id(NewRequestId());
    *request.mutable_command()->mutable_shipment() = ShipmentOfH100(quantity);
    request.mutable_command()->set_hold_seconds(kHoldSeconds);
    Context context;
    v1::ReserveShipmentResponse response;
    const grpc::Status status =
        caller.ReserveShipment(&context, request, &response);
    return {response.result().index(), status};
  }
  Answer Release(v1::ShipmentService::Stub& caller, uint64_t reservation) {
    v1::ReleaseReservationRequest request;
    request.set_request_id(NewRequestId());
    request.mutable_command()->set_reservation_index(reservation);
    request.mutable_command()->set_reason("canceled");
    Context context;
    v1::ReleaseReservationResponse response;
    const grpc::Status status =
        caller.ReleaseReservation(&context, request, &response);
    return {response.result().index(), status};
  }
  Answer Ship(v1::ShipmentService::Stub& caller, int64_t quantity,
              uint64_t reservation = 0) {
    v1::RecordShipmentRequest request;
    request.set_request_id(NewRequestId());
    v1::RecordShipment& command = *request.mutable_command();
    *command.mutable_shipment() = ShipmentOfH100(quantity);
    command.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
    if (reservation > 0) command.set_reservation_index(reservation);
    Context context;
    v1::RecordShipmentResponse response;
    const grpc::Status status =
        caller.RecordShipment(&context, request, &response);
    return {response.result().index(), status};
  }

  // What all callers are told who reserve at once, each as much.
  std::vector<Answer> ReserveAtOnce(int64_t quantity) {
    std::vector<Answer> answers(kCallers);
    AtOnce(kCallers,
           [&](int i) { answers[i] = Reserve(*callers_[i], quantity); });
    return answers;
  }

  // How the bound stands when the ledger has at least this size.
  struct Standing {
    int64_t used;
    int64_t reserved;
    int64_t left;
    friend bool operator==(const Standing&, const Standing&) = default;
  };
  Standing Look(uint64_t min_size = 0) {
    return GetParam().of_license ? LookAtLicense(min_size)
                                 : LookAtCap(min_size);
  }

  // The reservations that are open.
  std::vector<uint64_t> OpenReservations() {
    Context context;
    v1::ListReservationsRequest request;
    request.set_page_size(1'000);
    v1::ListReservationsResponse response;
    const grpc::Status status =
        shipments_->ListReservations(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    std::vector<uint64_t> indexes;
    for (const v1::ReservationView& view : response.reservations()) {
      indexes.push_back(view.index());
    }
    return indexes;
  }

  // The time of all that is reserved is over. Record times are a little ahead
  // of a clock that stands still.
  void LetThemRunOut() { clock_.Advance(absl::Seconds(kHoldSeconds + 1)); }
  void AwaitNoneOpen() {
    const absl::Time deadline = absl::Now() + absl::Seconds(30);
    while (!OpenReservations().empty()) {
      ASSERT_LT(absl::Now(), deadline);
      absl::SleepFor(absl::Milliseconds(5));
    }
  }

  // The reservations that the ledger has let run out.
  std::vector<uint64_t> RunOut() {
    std::vector<uint64_t> indexes;
    const auto entries =
        server().ledger().ReadEntries(0, size(), size_t{64} << 20);
    EXPECT_TRUE(entries.ok()) << entries.status();
    for (const std::string& bytes : *entries) {
      v1::Entry entry;
      EXPECT_TRUE(entry.ParseFromString(bytes));
      if (!entry.event().has_reservation_expired()) continue;
      EXPECT_EQ(entry.principal(), "ledger");
      indexes.push_back(
          entry.event().reservation_expired().command().reservation_index());
    }
    return indexes;
  }

  uint64_t size() { return server().ledger().Latest()->size; }

  TestClock clock_{"2100-03-01T12:00:00Z"};
  std::vector<std::unique_ptr<v1::ShipmentService::Stub>> callers_;

 private:
  Standing LookAtCap(uint64_t min_size) {
    v1::GetHeadroomRequest request;
    request.set_policy_id("caps");
    request.set_rule_id("gpus");
    request.mutable_group()->set_destination_country("MY");
    request.set_on_date("2025-03-01");
    request.mutable_read_point()->set_min_size(min_size);
    Context context;
    v1::GetHeadroomResponse response;
    const grpc::Status status =
        headroom_->GetHeadroom(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    const v1::HeadroomRow& row = response.row();
    return {row.used(), row.reserved(), row.headroom()};
  }

  Standing LookAtLicense(uint64_t min_size) {
    v1::GetLicenseRequest request;
    request.set_license_id("D100001");
    request.mutable_read_point()->set_min_size(min_size);
    Context context;
    v1::GetLicenseResponse response;
    const grpc::Status status =
        licenses_->GetLicense(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (response.license().drawdown_size() != 1) return {};
    const auto& line = response.license().drawdown(0);
    return {line.shipped(), line.reserved(), line.available()};
  }

  std::atomic<int> shipments_made_{0};
};

void PrintTo(const Bound& bound, std::ostream* out) { *out << bound.name; }

TEST_P(ConcurrentReservationTest, AsManyReserveTheLastChipsAsFit) {
  struct Round {
    int64_t left;
    int64_t asked;
    int fit;
  };
  int64_t used = 0;
  for (const Round& round : std::vector<Round>{
           {64, 2, 32}, {31, 1, 31}, {10, 3, 3}, {2, 3, 0}, {1, 1, 1}}) {
    SCOPED_TRACE(
        absl::StrCat("each asks for ", round.asked, " of ", round.left));
    const Answer shipped =
        Ship(*shipments_, GetParam().limit - round.left - used);
    ASSERT_TRUE(shipped.status.ok()) << shipped.status.error_message();
    used = GetParam().limit - round.left;

    std::set<uint64_t> reserved;
    const int64_t held = round.fit * round.asked;
    for (const Answer& answer : ReserveAtOnce(round.asked)) {
      if (answer.status.ok()) {
        EXPECT_TRUE(reserved.insert(answer.index).second) << answer.index;
        continue;
      }
      EXPECT_EQ(answer.status.error_code(),
                grpc::StatusCode::FAILED_PRECONDITION);
      EXPECT_EQ(ReasonOf(answer.status), "REFUSED_BY_RULES");
      const auto refusal = DetailOf<v1::Refusal>(answer.status);
      ASSERT_TRUE(refusal.has_value());
      ASSERT_EQ(refusal->violations_size(), 1);
      const v1::Violation& violation = refusal->violations(0);
      EXPECT_EQ(violation.rule_id(), GetParam().rule_id);
      EXPECT_EQ(violation.limit(), GetParam().limit);
      EXPECT_EQ(violation.used(), used);
      EXPECT_EQ(violation.reserved(), held);
      EXPECT_EQ(violation.asked(), round.asked);
      EXPECT_EQ(violation.headroom(), round.left - held);
      EXPECT_EQ(violation.excess(), round.asked - (round.left - held));
    }
    EXPECT_EQ(reserved.size(), round.fit);
    EXPECT_EQ(Look(), (Standing{used, held, round.left - held}));
    EXPECT_THAT(OpenReservations(), ElementsAreArray(reserved));

    for (const uint64_t index : reserved) {
      EXPECT_TRUE(Release(*shipments_, index).status.ok());
    }
    EXPECT_EQ(Look(), (Standing{used, 0, round.left}));
  }
  ExpectTotalsEqualReplay(server().ledger());
}

TEST_P(ConcurrentReservationTest, WhatIsReleasedUsedOrRunsOutComesBackExactly) {
  constexpr int64_t kEach = 3;
  const int64_t used = GetParam().limit - kCallers * kEach;
  ASSERT_TRUE(Ship(*shipments_, used).status.ok());
  const std::vector<Answer> reserved = ReserveAtOnce(kEach);
  for (const Answer& answer : reserved) {
    ASSERT_TRUE(answer.status.ok()) << answer.status.error_message();
  }
  EXPECT_EQ(Look(), (Standing{used, kCallers * kEach, 0}));

  // A fourth of them releases, one ships all of it, one all but a chip, and one
  // lets it run out.
  constexpr int kFourth = kCallers / 4;
  AtOnce(kCallers, [&](int i) {
    v1::ShipmentService::Stub& caller = *callers_[i];
    const uint64_t index = reserved[i].index;
    if (i % 4 == 3) return;
    const Answer answer = i % 4 == 0 ? Release(caller, index)
                                     : Ship(caller, kEach - (i % 4 - 1), index);
    EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  });
  const int64_t shipped = kFourth * (kEach + kEach - 1);
  EXPECT_EQ(Look(),
            (Standing{used + shipped, kFourth * (1 + kEach), kFourth * kEach}));

  const std::vector<uint64_t> open = OpenReservations();
  EXPECT_EQ(open.size(), 2 * kFourth);
  const uint64_t before = size();
  LetThemRunOut();
  const int64_t left = kCallers * kEach - shipped;
  EXPECT_EQ(Look(before + open.size()), (Standing{used + shipped, 0, left}));
  EXPECT_THAT(OpenReservations(), IsEmpty());
  EXPECT_THAT(RunOut(), UnorderedElementsAreArray(open));

  // All of it is free again, and no more than that.
  int64_t again = 0;
  for (const Answer& answer : ReserveAtOnce(kEach)) again += answer.status.ok();
  EXPECT_EQ(again, left / kEach);
  ExpectTotalsEqualReplay(server().ledger());
}

TEST_P(ConcurrentReservationTest, AReservationEndsOnceHoweverManyEndIt) {
  constexpr int64_t kQuantity = 3;
  constexpr int kRounds = 12;
  int64_t used = 0;
  std::set<uint64_t> ended_by_callers;
  std::set<uint64_t> reserved;
  for (int round = 0; round < kRounds; ++round) {
    const Answer reservation = Reserve(*shipments_, kQuantity);
    ASSERT_TRUE(reservation.status.ok()) << reservation.status.error_message();
    const uint64_t index = reservation.index;
    reserved.insert(index);
    std::vector<Answer> answers(kCallers);
    AtOnce(kCallers, [&](int i) {
      if (i == 0) {
        LetThemRunOut();
      } else {
        answers[i] = i % 2 == 0 ? Release(*callers_[i], index)
                                : Ship(*callers_[i], kQuantity, index);
      }
    });
    for (int i = 1; i < kCallers; ++i) {
      if (answers[i].status.ok()) {
        EXPECT_TRUE(ended_by_callers.insert(index).second);
        if (i % 2 != 0) used += kQuantity;
      } else {
        EXPECT_EQ(ReasonOf(answers[i].status), "RESERVATION_NOT_FOUND");
      }
    }
    AwaitNoneOpen();
    EXPECT_EQ(Look(), (Standing{used, 0, GetParam().limit - used}));
  }
  // What none of the callers ended, time did.
  std::vector<uint64_t> ran_out;
  std::set_difference(reserved.begin(), reserved.end(),
                      ended_by_callers.begin(), ended_by_callers.end(),
                      std::back_inserter(ran_out));
  EXPECT_THAT(RunOut(), ElementsAreArray(ran_out));
  ExpectTotalsEqualReplay(server().ledger());
}

INSTANTIATE_TEST_SUITE_P(Bounds, ConcurrentReservationTest,
                         ::testing::Values(kCap, kLicenseLine),
                         [](const auto& bound) { return bound.param.name; });

}  // namespace
}  // namespace chipledger::testing
