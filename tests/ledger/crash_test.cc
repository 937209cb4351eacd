// Whatever moment a process is killed at, all it answered is there once, a
// request is there whole or not at all, and totals equal a replay.
#include <gtest/gtest.h>

#include <csignal>
#include <limits>
#include <random>
#include <set>
#include <sstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "tests/ledger/crash_requests.h"
#include "tests/support/subprocess.h"

namespace chipledger::testing {
namespace {

constexpr int kRounds = 60;

class CrashTest : public LedgerTest {
 protected:
  CrashTest() : LedgerTest(/*cap=*/1'000'000'000) {
    options_.id_generation_entries = kCrashIdGeneration;
    // The writer has the machine's clock, the test its own.
    options_.trust_clock = true;
  }

  // When a writer is killed.
  enum class Life { kFromItsStart, kFromItsFirstAnswer };

  // Runs a writer from a request number on, kills it, and returns what it
  // printed.
  std::string RunAndKill(uint64_t number, Life from, absl::Duration life) {
    Subprocess writer(
        {CHIPLEDGER_CRASH_WRITER, options_.data_dir, absl::StrCat(number)});
    if (from == Life::kFromItsFirstAnswer) {
      EXPECT_TRUE(writer.WaitForLine("", absl::Seconds(60)))
          << writer.standard_error();
    }
    absl::SleepFor(life);
    writer.Signal(SIGKILL);
    EXPECT_EQ(writer.Wait(absl::Seconds(20)), 128 + SIGKILL)
        << "the writer ended by itself: " << writer.standard_error();
    return writer.standard_output();
  }

  // Checks the entries since the last call.
  void CheckNewEntries() {
    const auto entries = ledger_->ReadEntries(
        checked_, size(), std::numeric_limits<size_t>::max());
    ASSERT_TRUE(entries.ok()) << entries.status();
    uint32_t parts_left = 0;
    for (const std::string& bytes : *entries) {
      v1::Entry entry;
      ASSERT_TRUE(entry.ParseFromString(bytes));
      ASSERT_EQ(entry.index(), checked_++);
      if (parts_left == 0) {
        ASSERT_EQ(entry.request_part(), 0u);
        ASSERT_TRUE(request_ids_.insert(entry.request_id()).second) << "twice";
        parts_left = entry.request_parts();
      }
      --parts_left;
    }
    EXPECT_EQ(parts_left, 0u) << "half a request";
  }

  // Checks that each whole line of a writer's output is in the log.
  void CheckAnswered(const std::string& output) {
    for (const absl::string_view line : absl::StrSplit(output, '\n')) {
      const std::pair<absl::string_view, absl::string_view> parts =
          absl::StrSplit(line, ' ');
      uint64_t number = 0;
      uint64_t index = 0;
      // The last line may be cut.
      if (line.data() + line.size() == output.data() + output.size()) break;
      ASSERT_TRUE(absl::SimpleAtoi(parts.first, &number) &&
                  absl::SimpleAtoi(parts.second, &index))
          << line;
      ASSERT_LT(index, size()) << "answered and lost";
      EXPECT_EQ(StoredEntry(index).request_id(),
                CrashRequest(number).request_id.ToString());
      ++answered_;
    }
  }

  uint64_t checked_ = 0;
  std::set<std::string> request_ids_;
  uint64_t answered_ = 0;
};

TEST_F(CrashTest, NothingAnsweredIsLostOrTwiceAfterAnyKill) {
  uint64_t number = 0;
  const unsigned seed = 20'250'101;
  std::minstd_rand random(seed);
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(absl::StrCat("round ", round, " of seed ", seed));
    Close();
    // Counted from the start alone a busy machine's writers answer nothing.
    const std::string output = RunAndKill(
        number,
        round % 2 == 0 ? Life::kFromItsStart : Life::kFromItsFirstAnswer,
        absl::Milliseconds(random() % 75));
    Reopen();
    if (HasFatalFailure()) return;
    CheckNewEntries();
    CheckAnswered(output);
    if (HasFailure()) return;
    // What was not answered is sent again, stored or not.
    while (Write(CrashRequest(number)).repeated_answer) ++number;
    ++number;
  }
  EXPECT_GE(answered_, static_cast<uint64_t>(kRounds / 2));
  ExpectTotalsEqualReplay();
}

}  // namespace
}  // namespace chipledger::testing
