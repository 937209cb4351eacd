// Goal: a log that was once written is read, judged again and counted alike by
// every later build, byte for byte. Method: the logs of some stories are kept
// beside this file, with the totals that they end with.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "chipledger/v1/event.pb.h"
#include "gtest/gtest.h"
#include "ledger/domain/replay.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"
#include "tests/golden/golden_file.h"

namespace chipledger::testing {
namespace {

constexpr char kPoliciesDir[] = CHIPLEDGER_POLICIES_DIR;

// Four bytes of length, big-endian, before each entry.
std::string Join(const std::vector<std::string>& entries) {
  std::string bytes;
  for (const std::string& entry : entries) {
    for (const int shift : {24, 16, 8, 0}) {
      bytes.push_back(static_cast<char>(entry.size() >> shift));
    }
    bytes += entry;
  }
  return bytes;
}

std::vector<std::string> Split(const std::string& bytes) {
  std::vector<std::string> entries;
  size_t at = 0;
  while (at + 4 <= bytes.size()) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) {
      length = length << 8 | static_cast<unsigned char>(bytes[at + i]);
    }
    entries.push_back(bytes.substr(at + 4, length));
    at += 4 + length;
  }
  EXPECT_EQ(at, bytes.size());
  return entries;
}

// One line a total: policy and rule, window, group, and what it counts by date.
std::string Describe(const domain::State& state) {
  std::string text;
  for (const auto& [key, total] : state.SortedTotals()) {
    const domain::CompiledPolicy& policy =
        *state.catalog().policies[key.policy()];
    absl::StrAppend(
        &text, policy.policy_id(), "/", policy.rules[key.rule()].rule_id,
        " from ", key.window_start(), " of ",
        absl::StrReplaceAll(key.group(), {{std::string(1, '\0'), "+"}}), ": ");
    total.by_date.VisitAll([&](Date date, const domain::Amounts& amounts) {
      absl::StrAppend(&text, date.ToString(), " ", amounts.used, "/",
                      amounts.reserved, "/", amounts.unmeasured_gpus, " ");
      return true;
    });
    text += "\n";
  }
  return text;
}

class GoldenLogTest : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenLogTest, IsReplayedToTheSameTotals) {
  const std::string name = GetParam();
  const std::vector<std::string> entries =
      Split(ReadGolden(absl::StrCat(name, ".entries")));
  ASSERT_FALSE(entries.empty());
  domain::Replayer replayer([&](uint64_t index) { return entries[index]; });
  for (const std::string& entry : entries) {
    const absl::Status fed = replayer.Feed(entry);
    ASSERT_TRUE(fed.ok()) << fed;
  }
  ExpectGolden(absl::StrCat(name, ".totals"), Describe(replayer.state()));
}

// What is told today writes the same bytes: a change of the format, or of a
// decision, is seen.
TEST_P(GoldenLogTest, IsWhatItsStoryStillWrites) {
  const std::string name = GetParam();
  const std::string path =
      absl::StrCat(kPoliciesDir, "/scenarios/", name, ".textproto");
  const auto story = scenarios::ReadScenario(path);
  ASSERT_TRUE(story.ok()) << story.status();
  scenarios::RunScenario(*story, scenarios::FilesOf(path, {kPoliciesDir}),
                         [&](const scenarios::MemoryLedger& ledger) {
                           ExpectGolden(absl::StrCat(name, ".entries"),
                                        Join(ledger.entries()));
                         });
}

INSTANTIATE_TEST_SUITE_P(
    Stories, GoldenLogTest,
    ::testing::Values("application", "atomic_requests", "conditions",
                      "correction_across", "draw_across_lines",
                      "e22_entity_share", "e30_shipments_around_a_revocation",
                      "late_adoption", "license_checks", "license_expiry",
                      "license_life", "movement_voided", "movements",
                      "not_there", "partial_revocation", "policy_amended",
                      "recovered", "reporting_dates", "reservation",
                      "several_licenses", "unknown_tpp"),
    [](const auto& info) { return info.param; });

}  // namespace
}  // namespace chipledger::testing
