// Whether a ledger is what its log gives.
#ifndef CHIPLEDGER_TESTS_SUPPORT_REPLAY_CHECK_H_
#define CHIPLEDGER_TESTS_SUPPORT_REPLAY_CHECK_H_

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gtest/gtest.h"
#include "ledger/domain/replay.h"
#include "ledger/ledger.h"

namespace chipledger::testing {

// Judges the whole log again, which must give its own bytes, and compares
// totals with the ledger's. Nothing may be written meanwhile.
inline void ExpectTotalsEqualReplay(const Ledger& ledger) {
  const auto entries = ledger.ReadEntries(0, ledger.Latest()->size,
                                          std::numeric_limits<size_t>::max());
  ASSERT_TRUE(entries.ok()) << entries.status();
  domain::Replayer replayer([&](uint64_t index) -> absl::StatusOr<std::string> {
    return (*entries)[index];
  });
  for (const std::string& entry : *entries) {
    ASSERT_EQ(replayer.Feed(entry), absl::OkStatus());
  }
  std::vector<std::pair<domain::TotalKey, domain::Total>> totals;
  ledger.Latest()->totals.VisitAll(
      [&](const domain::TotalKey& key, const domain::Total& total) {
        totals.emplace_back(key, total);
        return true;
      });
  EXPECT_EQ(totals, replayer.state().SortedTotals());
}

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_REPLAY_CHECK_H_
