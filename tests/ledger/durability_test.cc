// Goal: what was acknowledged is there, what was refused is not, and the ledger
// stops loudly and starts again, whichever call to the file system fails and
// whenever the power is cut. Method: a short run is repeated with the first,
// second, third ... changing call of its database failing.
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "tests/ledger/faulty_files.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using Failure = FaultyFiles::Failure;

// A write of the run, and how it was answered.
struct Sent {
  std::string reference;
  TestRequest request;
  absl::Status status;
  std::optional<uint64_t> index;
  // Whether the error leaves open what became of it.
  bool may_be_recorded = false;
};

class DurabilityTest : public LedgerTest {
 protected:
  static constexpr int kWrites = 7;

  // Few entries, so that a short run makes marks and files of ids.
  DurabilityTest() : LedgerTest(1'000'000) {
    options_.mark_entries = 3;
    options_.id_generation_entries = 4;
  }

  void SetUp() override {
    LedgerTest::SetUp();
    Close();
    prepared_ = options_.data_dir;
  }

  // Puts a copy of the prepared ledger where the next run is to open it.
  void StartAfresh() {
    Close();
    options_.data_dir = temp_.File(absl::StrCat("run-", ++runs_));
    std::filesystem::copy(prepared_, options_.data_dir,
                          std::filesystem::copy_options::recursive);
  }

  // Opens the ledger with the files and writes, one after the other, until one
  // is not recorded.
  std::vector<Sent> Run(const std::shared_ptr<FaultyFiles>& files) {
    std::vector<Sent> sent;
    options_.files = files;
    auto ledger = Ledger::Open(options_);
    options_.files = nullptr;
    if (!ledger.ok()) return sent;
    ledger_ = *std::move(ledger);
    for (int i = 0; i < kWrites; ++i) {
      Sent& one = sent.emplace_back();
      one.reference = absl::StrCat("S", i);
      one.request.commands = {Ship(one.reference)};
      Send(one);
      if (!one.status.ok()) break;
    }
    return sent;
  }

  void Send(Sent& one) {
    absl::Notification done;
    std::unique_ptr<WriteBatch> answered;
    one.status = ledger_->Submit(MakeBatch({one.request}), WhenFull::kWait,
                                 [&](std::unique_ptr<WriteBatch> batch) {
                                   answered = std::move(batch);
                                   done.Notify();
                                 });
    if (!one.status.ok()) return;
    done.WaitForNotification();
    one.status = answered->answers[0].status;
    one.index = answered->answers[0].index;
    one.may_be_recorded = MetadataOf(one.status, "may_be_recorded") == "true";
  }

  // The ledger starts again with what was acknowledged and nothing that was
  // refused; what is sent again is there once.
  void ExpectKept(std::vector<Sent>& sent, const std::string& what) {
    SCOPED_TRACE(what);
    Reopen();
    if (HasFatalFailure()) return;
    for (const Sent& one : sent) {
      const auto shipment = GetShipment("acme", one.reference);
      if (one.status.ok()) {
        ASSERT_TRUE(shipment.ok()) << one.reference << " was acknowledged";
        EXPECT_EQ(shipment->index(), *one.index);
      } else {
        EXPECT_EQ(ReasonOf(one.status), "READ_ONLY") << one.status;
        EXPECT_TRUE(one.may_be_recorded || !shipment.ok()) << one.reference;
      }
    }
    const uint64_t before = size();
    for (Sent& one : sent) {
      const Sent first = one;
      Send(one);
      ASSERT_TRUE(one.status.ok()) << one.status;
      if (first.status.ok()) {
        EXPECT_EQ(*one.index, *first.index);
      }
    }
    EXPECT_LE(size(), before + 1);
    ExpectTotalsEqualReplay();
  }

  std::string prepared_;
  int runs_ = 0;
};

TEST_F(DurabilityTest, WhatWasAcknowledgedSurvivesALossOfPowerAtAnyCall) {
  int failed = 0;
  for (int n = 1;; ++n) {
    StartAfresh();
    const auto files = std::make_shared<FaultyFiles>();
    files->FailAt(n, Failure::kPower);
    std::vector<Sent> sent = Run(files);
    const bool complete = sent.size() == kWrites && sent.back().status.ok();
    files->CutPower();
    Close();
    files->ForgetUnsynced();
    ExpectKept(sent, absl::StrCat("the power was cut at call ", n));
    if (HasFailure() || (complete && !files->has_failed())) break;
    ++failed;
  }
  // Opening, and a write and a sync for each of the writes.
  EXPECT_GT(failed, 2 * kWrites);
}

TEST_F(DurabilityTest, AnyFailedCallStopsWritingAndLosesNothing) {
  int failed = 0;
  for (int n = 1;; ++n) {
    StartAfresh();
    const auto files = std::make_shared<FaultyFiles>();
    files->FailAt(n, Failure::kOnce);
    std::vector<Sent> sent = Run(files);
    const bool complete = sent.size() == kWrites && sent.back().status.ok();
    if (!sent.empty() && !sent.back().status.ok()) {
      // It has stopped for good, also when the file system works again.
      Sent more{.reference = "more", .request = {{Ship("more")}}};
      Send(more);
      EXPECT_EQ(ReasonOf(more.status), "READ_ONLY") << more.status;
    }
    Close();
    ExpectKept(sent, absl::StrCat("call ", n, " failed"));
    if (HasFailure() || (complete && !files->has_failed())) break;
    ++failed;
  }
  EXPECT_GT(failed, 2 * kWrites);
}

TEST_F(DurabilityTest, EachAcknowledgementComesAfterASync) {
  StartAfresh();
  const auto files = std::make_shared<FaultyFiles>();
  Run(files);
  for (int i = 0; i < 5; ++i) {
    const int64_t before = files->syncs();
    Sent one{.reference = absl::StrCat("T", i),
             .request = {{Ship(absl::StrCat("T", i))}}};
    Send(one);
    ASSERT_TRUE(one.status.ok()) << one.status;
    EXPECT_GT(files->syncs(), before);
  }
}

// What was accepted and is not durable yet is there for what is decided next.
TEST_F(DurabilityTest, AShipmentOnItsWayToTheDiskIsCorrectedAndVoided) {
  StartAfresh();
  const auto files = std::make_shared<FaultyFiles>();
  options_.files = files;
  Reopen();
  options_.files = nullptr;
  files->HoldSyncs();
  const std::vector<v1::Command> commands = {
      Ship("S-1", 5), CorrectShip("S-1", 3), VoidShip("S-1"), Ship("S-2", 7)};
  std::vector<absl::Status> answers(commands.size());
  absl::BlockingCounter answered(static_cast<int>(commands.size()));
  for (size_t i = 0; i < commands.size(); ++i) {
    ASSERT_EQ(ledger_->Submit(MakeBatch({TestRequest{{commands[i]}}}),
                              WhenFull::kWait,
                              [&, i](std::unique_ptr<WriteBatch> batch) {
                                answers[i] = batch->answers[0].status;
                                answered.DecrementCount();
                              }),
              absl::OkStatus());
    // The first is handed to the disk by itself.
    if (i == 0) files->AwaitHeldSync();
  }
  while (ledger_->GetStatus().queued_commands > 0) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  // All are decided, and none of them can be read.
  EXPECT_EQ(size(), kFirstSize);
  files->LetSyncsGo();
  answered.Wait();
  for (const absl::Status& answer : answers)
    EXPECT_EQ(answer, absl::OkStatus());
  const auto shipment = GetShipment("acme", "S-1");
  ASSERT_TRUE(shipment.ok()) << shipment.status();
  EXPECT_EQ(shipment->status(), v1::SHIPMENT_STATUS_VOIDED);
  EXPECT_EQ(shipment->shipment().items(0).quantity(), 3);
  EXPECT_EQ(shipment->revision(), 3u);
  ExpectTotalsEqualReplay();
}

// The method finds what it looks for: without syncs, acknowledged writes are
// lost with the power.
TEST_F(DurabilityTest, WithoutSyncsALossOfPowerLosesWhatWasAcknowledged) {
  StartAfresh();
  options_.sync = false;
  // Ids that are ahead of the log would be noticed.
  options_.id_generation_entries = 1'000;
  const auto files = std::make_shared<FaultyFiles>();
  const std::vector<Sent> sent = Run(files);
  ASSERT_EQ(sent.size(), static_cast<size_t>(kWrites));
  files->CutPower();
  Close();
  files->ForgetUnsynced();
  Reopen();
  EXPECT_FALSE(GetShipment("acme", sent.back().reference).ok());
}

}  // namespace
}  // namespace chipledger::testing
