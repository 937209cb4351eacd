// Writes are decided in order, stored as they were answered, and are there
// again after reopening.
#include "ledger/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/notification.h"
#include "ledger/envelope.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;

TEST_F(LedgerTest, NewLedgerOpensWithItsIdentity) {
  const v1::Entry opened = StoredEntry(0);
  EXPECT_EQ(opened.principal(), "ledger");
  EXPECT_EQ(opened.request_parts(), 1u);
  EXPECT_EQ(opened.event().ledger_opened().ledger_id(),
            ledger_->GetStatus().ledger_id);
  EXPECT_EQ(opened.event().ledger_opened().made_by(), "chipledger");
  EXPECT_TRUE(Uuid::Parse(ledger_->GetStatus().ledger_id));
  EXPECT_TRUE(Uuid::Parse(opened.request_id()));
  EXPECT_EQ(ledger_->GetStatus().format_version, 11u);
}

TEST_F(LedgerTest, EntryHasTheEnvelopeOfItsRequest) {
  TestRequest request{{Ship("S-1", 5)}};
  const WriteAnswer answer = Write(request, "alice");
  ASSERT_EQ(answer.status, absl::OkStatus());
  EXPECT_EQ(answer.index, kFirstSize);
  EXPECT_EQ(answer.size, kFirstSize + 1);
  EXPECT_FALSE(answer.repeated_answer);
  const v1::Entry entry = StoredEntry(kFirstSize);
  EXPECT_EQ(entry.index(), kFirstSize);
  EXPECT_EQ(entry.principal(), "alice");
  EXPECT_EQ(entry.request_id(), request.request_id.ToString());
  EXPECT_EQ(entry.request_part(), 0u);
  EXPECT_EQ(entry.request_parts(), 1u);
  EXPECT_EQ(RecordTimeNs(entry), answer.record_time_ns);
  EXPECT_EQ(ledger_->Latest()->last_record_time_ns, answer.record_time_ns);
}

TEST_F(LedgerTest, AnswerHasTheEventsThatAreStored) {
  const auto batch = Write(MakeBatch({{{Ship("S-1", 5)}}}));
  ASSERT_EQ(batch->answers[0].events.size(), 1u);
  EXPECT_EQ(batch->answers[0].events[0]->SerializeAsString(),
            StoredEntry(kFirstSize).event().SerializeAsString());
}

// Of policies only those in force or to come are limited in number.
TEST_F(LedgerTest, PoliciesThatEndedLeaveRoomForOthers) {
  int number = 0;
  const auto adopt = [&](const std::string& from, const std::string& to) {
    v1::Command command = AdoptCap(100);
    v1::Policy& policy = *command.mutable_adopt_policy()->mutable_policy();
    policy.set_policy_id(absl::StrCat("p-", number++));
    policy.set_effective_from(from);
    policy.set_effective_to(to);
    return command;
  };
  std::vector<TestRequest> requests;
  for (int i = 0; i < 10; ++i) {
    requests.push_back({{adopt("2020-01-01", "2025-01-01")}});
  }
  // The fixture has one.
  for (size_t i = 1; i < limits::kMaxPolicies; ++i) {
    requests.push_back(
        {{i % 2 == 0 ? adopt("2025-01-01", "") : adopt("2030-01-01", "")}});
  }
  const auto batch = Write(MakeBatch(requests));
  for (const WriteAnswer& answer : batch->answers) {
    ASSERT_EQ(answer.status, absl::OkStatus());
  }
  const absl::Status one_more = Write(adopt("2025-01-01", "")).status;
  EXPECT_EQ(ReasonOf(one_more), "INVALID_FIELD");
  EXPECT_THAT(std::string(one_more.message()), HasSubstr("1000 policies"));

  v1::Command rescind;
  rescind.mutable_rescind_policy()->set_policy_id("cap");
  rescind.mutable_rescind_policy()->set_effective_date("2025-02-01");
  rescind.mutable_rescind_policy()->set_reason("superseded");
  ASSERT_EQ(Write(rescind).status, absl::OkStatus());
  EXPECT_EQ(ReasonOf(Write(adopt("2025-01-01", "")).status), "INVALID_FIELD")
      << "it has not ended yet";
  constexpr int64_t kDayNs = 86'400'000'000'000;
  clock_.Set(clock_.NowNs() + 31 * kDayNs);
  EXPECT_EQ(Write(adopt("2025-02-01", "")).status, absl::OkStatus());
  EXPECT_EQ(ReasonOf(Write(adopt("2025-02-01", "")).status), "INVALID_FIELD");
  Reopen();
  EXPECT_EQ(ReasonOf(Write(adopt("2025-02-01", "")).status), "INVALID_FIELD");
  ExpectTotalsEqualReplay();
}

TEST_F(LedgerTest, RequestOfSeveralCommandsIsAdjacentEntries) {
  const auto batch = Write(
      MakeBatch({{{Ship("S-1"), Ship("S-2")}}, {{Ship("S-3"), Ship("S-4")}}}));
  EXPECT_EQ(batch->answers[0].index, kFirstSize);
  EXPECT_EQ(batch->answers[0].size, kFirstSize + 2);
  EXPECT_EQ(batch->answers[1].index, kFirstSize + 2);
  const v1::Entry second = StoredEntry(kFirstSize + 1);
  EXPECT_EQ(second.request_part(), 1u);
  EXPECT_EQ(second.request_parts(), 2u);
  EXPECT_EQ(second.request_id(), StoredEntry(kFirstSize).request_id());
}

TEST_F(LedgerTest, OneWrongCommandLeavesNothingOfItsRequest) {
  v1::Command wrong = Ship("S-2");
  wrong.mutable_record_shipment()->mutable_shipment()->set_exporter("nobody");
  const auto batch =
      Write(MakeBatch({{{Ship("S-1"), wrong}}, {{Ship("S-1")}}}));
  EXPECT_EQ(ReasonOf(batch->answers[0].status), "PARTY_NOT_FOUND");
  EXPECT_EQ(batch->answers[0].index, std::nullopt);
  EXPECT_EQ(batch->answers[1].status, absl::OkStatus());
  EXPECT_EQ(batch->answers[1].index, kFirstSize);
  EXPECT_EQ(size(), kFirstSize + 1);
}

// So that a log that several writers can reach shows who had been replaced.
TEST_F(LedgerTest, EachWriterMarksItsEntriesWithAnEpochOfItsOwn) {
  EXPECT_EQ(StoredEntry(0).epoch(), 1u);
  ASSERT_TRUE(Write(Ship("S1")).status.ok());
  EXPECT_EQ(StoredEntry(kFirstSize).epoch(), 1u);
  Reopen();
  // One that wrote nothing left no mark.
  Reopen();
  ASSERT_TRUE(Write(Ship("S2")).status.ok());
  EXPECT_EQ(StoredEntry(kFirstSize + 1).epoch(), 2u);
  ExpectTotalsEqualReplay();
}

TEST_F(LedgerTest, RefusalIsAnEntryAndSaysTheRuleAndTheNumbers) {
  ASSERT_EQ(Write(Ship("S-1", 60)).status, absl::OkStatus());
  const auto batch = Write(MakeBatch({{{Ship("S-2", 41)}}}));
  const WriteAnswer& answer = batch->answers[0];
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(answer.status), "REFUSED_BY_RULES");
  EXPECT_EQ(MetadataOf(answer.status, "rule_ids"), "cap/gpus");
  EXPECT_EQ(MetadataOf(answer.status, "index"), absl::StrCat(kFirstSize + 1));
  EXPECT_THAT(std::string(answer.status.message()), HasSubstr("41"));
  ASSERT_EQ(answer.events.size(), 1u);
  EXPECT_EQ(answer.violations[0].headroom(), 40);
  EXPECT_TRUE(StoredEntry(kFirstSize + 1).event().has_refused());
  EXPECT_EQ(Write(Ship("S-2", 40)).status, absl::OkStatus())
      << "the reference is free, and what is left is enough";
}

TEST_F(LedgerTest, ValidateOnlyAnswersTheSameAndStoresNothing) {
  TestRequest request{{Ship("S-1", 60)}};
  request.validate_only = true;
  const auto batch = Write(MakeBatch({request}));
  const WriteAnswer& answer = batch->answers[0];
  EXPECT_EQ(answer.status, absl::OkStatus());
  EXPECT_EQ(answer.index, std::nullopt);
  EXPECT_EQ(answer.record_time_ns, 0);
  EXPECT_EQ(answer.size, kFirstSize);
  EXPECT_EQ(answer.events.size(), 1u);
  TestRequest refused{{Ship("S-1", 101)}};
  refused.validate_only = true;
  const WriteAnswer refusal = Write(refused);
  EXPECT_EQ(ReasonOf(refusal.status), "REFUSED_BY_RULES");
  EXPECT_EQ(MetadataOf(refusal.status, "index"), "");
  EXPECT_EQ(size(), kFirstSize);
  request.validate_only = false;
  EXPECT_EQ(Write(request).index, kFirstSize) << "the id is still free";
}

TEST_F(LedgerTest, ValidateOnlyBetweenWritesSeesThoseBefore) {
  TestRequest ask{{Ship("S-2", 41)}};
  ask.validate_only = true;
  const auto batch =
      Write(MakeBatch({{{Ship("S-1", 60)}}, ask, {{Ship("S-3", 40)}}}));
  EXPECT_EQ(ReasonOf(batch->answers[1].status), "REFUSED_BY_RULES");
  EXPECT_EQ(batch->answers[1].size, kFirstSize + 1);
  EXPECT_EQ(batch->answers[2].status, absl::OkStatus());
}

TEST_F(LedgerTest, RecordTimesRiseStrictlyWhateverTheClockSays) {
  const int64_t start = clock_.NowNs();
  Write(Ship("S-1"));
  clock_.Set(start - 1'000'000'000);
  Write({{Ship("S-2"), Ship("S-3")}});
  clock_.Set(start + 5'000'000'000);
  Write(Ship("S-4"));
  clock_.Set(start);
  Reopen();
  Write(Ship("S-5"));
  int64_t last = 0;
  for (uint64_t index = 0; index < size(); ++index) {
    const int64_t time = RecordTimeNs(StoredEntry(index));
    EXPECT_GT(time, last) << index;
    last = time;
  }
  EXPECT_EQ(last, start + 5'000'000'001);
}

TEST_F(LedgerTest, EverythingIsThereAfterReopening) {
  Write(Ship("S-1", 30));
  Write(Ship("S-2", 20));
  Write(VoidShip("S-1"));
  Write(CorrectShip("S-2", 25));
  Write(Ship("S-3", 100));
  const std::vector<std::string> before = StoredEntries();
  const auto totals_before = ledger_->Latest();
  Reopen();
  EXPECT_EQ(StoredEntries(), before);
  EXPECT_EQ(ledger_->Latest()->last_record_time_ns,
            totals_before->last_record_time_ns);
  ExpectTotalsEqualReplay();
  EXPECT_EQ(ReasonOf(Write(Ship("S-4", 76)).status), "REFUSED_BY_RULES");
  EXPECT_EQ(Write(Ship("S-4", 75)).status, absl::OkStatus());
  EXPECT_EQ(ReasonOf(Write(VoidShip("S-1")).status), "WRONG_STATUS");
  ExpectTotalsEqualReplay();
}

TEST_F(LedgerTest, WhichDatesHaveFactsIsThereAfterReopening) {
  v1::Command adoption = AdoptCap(1);
  v1::Policy& policy = *adoption.mutable_adopt_policy()->mutable_policy();
  policy.set_policy_id("next");
  policy.set_effective_from("2025-12-01");
  v1::Command shipment = Ship("S-1");
  shipment.mutable_record_shipment()->mutable_shipment()->set_export_date(
      "2025-12-31");
  ASSERT_EQ(Write(shipment).status, absl::OkStatus());
  Reopen();
  // A policy that begins before the latest fact has the log to count.
  ASSERT_EQ(Write(adoption).status, absl::OkStatus());
  EXPECT_TRUE(
      ledger_->Latest()->catalog().FindPolicy("next")->adopted.has_backfill());
}

TEST_F(LedgerTest, TotalsEqualAReplayAfterManyMixedWrites) {
  options_.id_generation_entries = 16;
  Reopen();
  for (int round = 0; round < 20; ++round) {
    std::vector<TestRequest> requests;
    for (int i = 0; i < 10; ++i) {
      const std::string reference = absl::StrCat("S-", round, "-", i);
      requests.push_back({{Ship(reference, 1 + i)}});
      // In the same batch: decided before the first is durable.
      if (i % 3 == 0) requests.push_back({{VoidShip(reference)}});
      if (i % 3 == 1) requests.push_back({{CorrectShip(reference, 2)}});
    }
    Write(MakeBatch(requests));
    if (round % 7 == 6) Reopen();
  }
  ExpectTotalsEqualReplay();
  Reopen();
  ExpectTotalsEqualReplay();
}

TEST_F(LedgerTest, BatchLargerThanAGroupIsAnsweredWhole) {
  std::vector<TestRequest> requests;
  for (int i = 0; i < 9'000; ++i) {
    requests.push_back({{Ship(absl::StrCat("S-", i), 1)}});
  }
  const auto batch = Write(MakeBatch(requests));
  for (int i = 0; i < 9'000; ++i) {
    ASSERT_EQ(batch->answers[i].index, kFirstSize + i);
    ASSERT_EQ(batch->answers[i].status.ok(), i < 100) << i;
  }
  EXPECT_EQ(size(), kFirstSize + 9'000);
  ExpectTotalsEqualReplay();
}

TEST_F(LedgerTest, WritersOnManyThreadsNeverExceedTheCap) {
  constexpr int kThreads = 8;
  constexpr int kEach = 50;
  std::atomic<int> accepted{0};
  std::vector<std::thread> writers;
  for (int t = 0; t < kThreads; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto answer = Write(Ship(absl::StrCat("S-", t, "-", i), 1));
        accepted += answer.status.ok() ? 1 : 0;
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(accepted, 100);
  EXPECT_EQ(size(), kFirstSize + kThreads * kEach);
  ExpectTotalsEqualReplay();
}

TEST_F(LedgerTest, AWaitingBatchIsAdmittedBeyondTheBound) {
  options_.max_queued_commands = 2;
  Reopen();
  // The sequencer is held up by a callback on the committer's thread: it can
  // hand on one group and form another, so a few batches leave the queue.
  absl::Notification held;
  absl::Notification go_on;
  ASSERT_EQ(ledger_->Submit(MakeBatch({{{Ship("S-0")}}}), WhenFull::kWait,
                            [&](std::unique_ptr<WriteBatch>) {
                              held.Notify();
                              go_on.WaitForNotification();
                            }),
            absl::OkStatus());
  held.WaitForNotification();
  const std::vector<TestRequest> three{
      {{Ship("A")}}, {{Ship("B")}}, {{Ship("C")}}};
  absl::Notification answered;
  EXPECT_EQ(ledger_->Submit(MakeBatch(three), WhenFull::kWait,
                            [&](std::unique_ptr<WriteBatch> batch) {
                              EXPECT_EQ(batch->answers.size(), 3u);
                              answered.Notify();
                            }),
            absl::OkStatus());
  go_on.Notify();
  answered.WaitForNotification();
}

TEST_F(LedgerTest, TooManyCommandsAreRefusedAtOnce) {
  const auto refuse = [](std::unique_ptr<WriteBatch>) { ADD_FAILURE(); };
  TestRequest large;
  large.commands.assign(limits::kMaxCommandsPerRequest + 1, Ship("S"));
  const absl::Status commands =
      ledger_->Submit(MakeBatch({large}), WhenFull::kWait, refuse);
  EXPECT_EQ(ReasonOf(commands), "TOO_MANY_COMMANDS");
  EXPECT_EQ(MetadataOf(commands, "count"), "101");
  std::vector<TestRequest> many(limits::kMaxRequestsPerBatch + 1,
                                TestRequest{{Ship("S")}});
  EXPECT_EQ(ReasonOf(ledger_->Submit(MakeBatch(many), WhenFull::kWait, refuse)),
            "TOO_MANY_COMMANDS");
  EXPECT_EQ(ReasonOf(ledger_->Submit(MakeBatch({TestRequest{}}),
                                     WhenFull::kWait, refuse)),
            "INVALID_FIELD");
}

TEST_F(LedgerTest, ClosingAnswersEverythingThatWasSubmitted) {
  constexpr int kBatches = 50;
  std::atomic<int> answered{0};
  for (int i = 0; i < kBatches; ++i) {
    ASSERT_EQ(ledger_->Submit(
                  MakeBatch({{{Ship(absl::StrCat("S-", i))}}}), WhenFull::kWait,
                  [&](std::unique_ptr<WriteBatch> batch) {
                    EXPECT_EQ(batch->answers[0].status, absl::OkStatus());
                    ++answered;
                  }),
              absl::OkStatus());
  }
  Close();
  EXPECT_EQ(answered, kBatches);
  Reopen();
  EXPECT_EQ(size(), kFirstSize + kBatches);
}

TEST_F(LedgerTest, EmptyBatchIsAnswered) {
  const auto batch = Write(MakeBatch({}));
  EXPECT_TRUE(batch->answers.empty());
  EXPECT_EQ(size(), kFirstSize);
}

TEST_F(LedgerTest, ReadEntriesKeepsToItsBounds) {
  EXPECT_EQ(ledger_->ReadEntries(1, 3, 1'000'000)->size(), 2u);
  EXPECT_EQ(ledger_->ReadEntries(0, 1'000, 1'000'000)->size(), kFirstSize);
  EXPECT_EQ(ledger_->ReadEntries(0, kFirstSize, 1)->size(), 1u)
      << "at least one, however large";
  EXPECT_TRUE(ledger_->ReadEntries(kFirstSize, 100, 100)->empty());
  EXPECT_EQ(ReasonOf(ledger_->ReadEntries(kFirstSize + 1, 100, 100).status()),
            "INDEX_OUT_OF_RANGE");
}

TEST_F(LedgerTest, OpenDirectoryIsRefused) {
  const auto second = Ledger::Open(options_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(LedgerTest, TodayIsTheClocks) {
  EXPECT_EQ(ledger_->Today().ToString(), "2025-01-01");
}

}  // namespace
}  // namespace chipledger::testing
