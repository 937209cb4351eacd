// Goal: deciding reads nothing. What a request names is fetched before it is
// decided, once; what only deciding finds out is fetched between two attempts.
#include "ledger/domain/fetched_history.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/arena.h"
#include "gtest/gtest.h"
#include "ledger/domain/decide.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Writes down what is asked of a log. Nothing may be while a request is
// decided: then what its commands before have folded shows in the state.
class Watched final : public domain::History {
 public:
  Watched(const scenarios::MemoryLedger& log, const domain::State& state)
      : log_(log), state_(state), size_(state.size()) {}

  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter, absl::string_view reference) const override {
    Note(absl::StrCat("shipment ", exporter, "/", reference));
    return log_.FindShipment(exporter, reference);
  }
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override {
    Note(absl::StrCat("event ", index));
    return log_.ReadEvent(index);
  }
  absl::StatusOr<domain::Catalog> CatalogAt(uint64_t size) const override {
    Note(absl::StrCat("catalog ", size));
    return log_.CatalogAt(size);
  }

  mutable std::vector<std::string> asked;

 private:
  void Note(std::string what) const {
    EXPECT_EQ(state_.size(), size_) << what;
    asked.push_back(std::move(what));
  }

  const scenarios::MemoryLedger& log_;
  const domain::State& state_;
  const uint64_t size_;
};

class FetchedHistoryTest : public ::testing::Test {
 protected:
  FetchedHistoryTest() {
    for (const char* made :
         {"register_product { product { product_code: 'H100' gpus_per_unit: 1 "
          "milli_tpp_per_gpu: 15824000 source: 's' } }",
          "register_party { party { party_id: 'x' name: 'X' } }",
          "grant_license { license { license_id: 'L' authorization_kind: "
          "AUTHORIZATION_KIND_LICENSE exporter: 'x' destination_countries: "
          "'MY' grant_date: '2025-01-01' expiry_date: '2027-01-01' lines { "
          "line_number: 1 product_code: 'H100' quantity: 100 } } }"}) {
      Accept(made);
    }
    Accept(Record("one", 5));
    Accept(Record("two", 7));
  }

  static std::string Record(const std::string& reference, int units) {
    return absl::StrCat(
        "record_shipment { assurance: ASSURANCE_BEFORE_EXPORT shipment { "
        "exporter: 'x' shipment_reference: '",
        reference,
        "' export_date: '2025-06-01' destination_country: 'MY' authorization { "
        "kind: AUTHORIZATION_KIND_LICENSE license_id: 'L' } "
        "items { product_code: 'H100' quantity: ",
        units, " } } }");
  }

  void Accept(const std::string& command) {
    const auto outcome = ledger_.Submit({Cmd(command)});
    ASSERT_TRUE(outcome.status.ok()) << outcome.status << command;
    ASSERT_FALSE(outcome.refused) << command;
  }

  // Decides a request without recording it; returns what the log was asked.
  std::vector<std::string> Decide(const std::vector<std::string>& commands) {
    google::protobuf::Arena arena;
    std::vector<v1::Command*> on_arena;
    for (const std::string& command : commands) {
      on_arena.push_back(
          google::protobuf::Arena::CreateMessage<v1::Command>(&arena));
      *on_arena.back() = Cmd(command);
    }
    domain::State state;
    for (uint64_t index = 0; index < ledger_.state().size(); ++index) {
      EXPECT_TRUE(state.Fold(**ledger_.ReadEvent(index)).ok());
    }
    Watched log(ledger_, state);
    const auto decided = domain::DecideRequest(
        state, log, on_arena, 1'780'000'000'000'000'000,
        domain::AskedBy::kAnyone, &arena, domain::Effect::kValidateOnly);
    EXPECT_TRUE(decided.ok()) << decided.status();
    return log.asked;
  }

  scenarios::MemoryLedger ledger_{*Date::Parse("2026-01-01")};
};

TEST_F(FetchedHistoryTest, ANewShipmentIsOneLook) {
  EXPECT_THAT(Decide({Record("three", 1)}), ElementsAre("shipment x/three"));
}

TEST_F(FetchedHistoryTest, ShipmentsAndWhatTheyHoldAreReadBeforeAnyIsDecided) {
  const std::string one = "exporter: 'x' shipment_reference: 'one'";
  const std::string two = "exporter: 'x' shipment_reference: 'two'";
  EXPECT_THAT(
      Decide({absl::StrCat("void_shipment { ", one, " reason: 'r' }"),
              absl::StrCat("receive_shipment { shipment { ", two,
                           " } effective_date: '2025-07-01' units { item: 0 "
                           "quantity: 1 } }")}),
      ElementsAre("shipment x/one", "event 4", "shipment x/two", "event 5"));
}

TEST_F(FetchedHistoryTest, ACommandThatNamesNoShipmentReadsNothing) {
  EXPECT_THAT(Decide({"suspend_license { license_id: 'L' effective_date: "
                      "'2025-08-01' reason: 'r' }"}),
              IsEmpty());
}

TEST_F(FetchedHistoryTest, WhatOnlyDecidingFindsOutIsReadBetweenTwoAttempts) {
  Accept(
      "adopt_policy { policy { policy_id: 'p' title: 'P' effective_from: "
      "'2020-01-01' provenance { citation: 'c' legal_status: "
      "LEGAL_STATUS_IN_FORCE enforcement_status: ENFORCEMENT_STATUS_ENFORCED } "
      "rules { rule_id: 'r' title: 'R' measure: MEASURE_GPUS accrual: "
      "ACCRUAL_LICENSED revocation_effect: REVOCATION_EFFECT_RELEASE_UNSHIPPED "
      "window { open {} } limit { none {} } enforcement { mode: "
      "MODE_REPORT_ONLY } } } }");
  // The policy counted the grant, entry 3, by the catalog at its adoption.
  EXPECT_THAT(Decide({"suspend_license { license_id: 'L' effective_date: "
                      "'2025-08-01' reason: 'r' }",
                      "revoke_license { license_id: 'L' effective_date: "
                      "'2025-09-01' reason: 'r' }"}),
              ElementsAre("event 3", "catalog 6"));
}

TEST_F(FetchedHistoryTest, WhatIsNotAtHandIsAnErrorUntilItIsFetched) {
  domain::FetchedHistory fetched(ledger_);
  EXPECT_FALSE(fetched.ReadEvent(4).ok());
  EXPECT_TRUE(fetched.has_missed());
  ASSERT_TRUE(fetched.FetchMissed().ok());
  EXPECT_FALSE(fetched.has_missed());
  ASSERT_TRUE(fetched.ReadEvent(4).ok());
  EXPECT_TRUE((*fetched.ReadEvent(4))->has_shipment_recorded());
  // A reference that no command names is a mistake of ours, not a miss.
  EXPECT_FALSE(fetched.FindShipment("x", "one").ok());
  EXPECT_FALSE(fetched.has_missed());
}

}  // namespace
}  // namespace chipledger::testing
