// A real ledger in a directory of its own, and the verbs of its tests.
#ifndef CHIPLEDGER_TESTS_LEDGER_LEDGER_FIXTURE_H_
#define CHIPLEDGER_TESTS_LEDGER_LEDGER_FIXTURE_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "tests/support/replay_check.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_clock.h"

namespace chipledger::testing {

// A request as a test writes it down.
struct TestRequest {
  std::vector<v1::Command> commands;
  Uuid request_id = Uuid::Random();
  bool validate_only = false;
};

// Commands ------------------------------------------------------------------

v1::Command RegisterParty(absl::string_view party_id);
v1::Command RegisterProduct(absl::string_view product_code);
// A policy that refuses more than `limit` GPUs a country.
v1::Command AdoptCap(int64_t limit);
// A shipment by "acme" of "H100" to the UAE.
v1::Command Ship(absl::string_view reference, int64_t quantity = 1);
v1::Command VoidShip(absl::string_view reference);
v1::Command CorrectShip(absl::string_view reference, int64_t quantity);
// Holds room for such a shipment for a year.
v1::Command Reserve(absl::string_view reference, int64_t quantity);
// Says that all of a shipment arrived.
v1::Command Receive(absl::string_view reference);
// A license of "acme" for 1,000 "H100" to the UAE.
v1::Command GrantLicense(const std::string& license_id);

// Everything that a reader can ask a moment for, as text; the reason of the
// error when it cannot be read.
std::string TextOf(const Ledger& ledger, const Ledger::Moment& moment);

// Makes a batch of requests.
std::unique_ptr<WriteBatch> MakeBatch(const std::vector<TestRequest>& requests,
                                      absl::string_view principal = "tester");

// The reason of an error, or "".
std::string ReasonOf(const absl::Status& status);
// A value of an error's metadata, or "".
std::string MetadataOf(const absl::Status& status, const std::string& key);

// LedgerTest has a ledger with "acme", "H100" and a cap of 100 GPUs a country,
// or of as many as a test says: entries 0 to 3.
class LedgerTest : public ::testing::Test {
 protected:
  explicit LedgerTest(int64_t cap = 100) : cap_(cap) {}

  static constexpr uint64_t kFirstSize = 4;

  void SetUp() override;

  // Closes the ledger, if it is open, and opens it.
  void Reopen();
  void Close() { ledger_.reset(); }

  // Submits a batch and waits for it.
  std::unique_ptr<WriteBatch> Write(std::unique_ptr<WriteBatch> batch);
  // Submits one request and waits for its answer, without its events.
  WriteAnswer Write(const TestRequest& request,
                    absl::string_view principal = "tester");
  WriteAnswer Write(const v1::Command& command) {
    return Write(TestRequest{{command}});
  }

  // The latest moment, and a shipment at it.
  Ledger::Moment Now() const { return {.snapshot = ledger_->Latest()}; }
  absl::StatusOr<v1::ShipmentView> GetShipment(
      absl::string_view exporter, absl::string_view reference) const {
    return ledger_->GetShipment(Now(), exporter, reference);
  }

  std::vector<std::string> StoredEntries();
  v1::Entry StoredEntry(uint64_t index);
  // Judges the whole log again and compares totals with the ledger's.
  void ExpectTotalsEqualReplay() { testing::ExpectTotalsEqualReplay(*ledger_); }
  uint64_t size() const { return ledger_->Latest()->size; }

  const int64_t cap_;
  TempDir temp_;
  TestClock clock_;
  LedgerOptions options_;
  std::unique_ptr<Ledger> ledger_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_LEDGER_LEDGER_FIXTURE_H_
