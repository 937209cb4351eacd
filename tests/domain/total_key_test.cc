// Goal: a total has one name, in memory, on disk and in page tokens, and it
// sorts as totals are listed.
#include "ledger/domain/rules/total_key.h"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace chipledger::testing {
namespace {

using domain::TotalKey;

// On disk, so that each must stay what it is.
TEST(TotalKeyTest, IsTheseBytes) {
  EXPECT_EQ(absl::BytesToHexString(TotalKey(0, 0, 0, "").bytes()),
            "000000000080000000");
  EXPECT_EQ(absl::BytesToHexString(TotalKey(258, 3, 20'454, "MY").bytes()),
            "000001020380004fe64d59");
  EXPECT_EQ(absl::BytesToHexString(TotalKey(1, 99, -1, "x").bytes()),
            "00000001637fffffff78");
}

TEST(TotalKeyTest, IsReadBackAndSortsAsItsParts) {
  std::mt19937 random(7);
  const std::vector<int32_t> windows = {
      std::numeric_limits<int32_t>::min(), -40'000, -1, 0, 1, 256, 20'454,
      std::numeric_limits<int32_t>::max()};
  const std::vector<std::string> groups = {
      "", "AE", "MY", std::string("M\0", 2), "\xc3\xa9", "z"};
  std::vector<std::tuple<uint32_t, uint32_t, int32_t, std::string>> parts;
  for (int i = 0; i < 500; ++i) {
    parts.emplace_back(random() % 3 * 255, random() % 100,
                       windows[random() % windows.size()],
                       groups[random() % groups.size()]);
  }
  std::sort(parts.begin(), parts.end());
  const TotalKey* before = nullptr;
  std::vector<TotalKey> keys;
  keys.reserve(parts.size());
  for (const auto& [policy, rule, window, group] : parts) {
    const auto key =
        TotalKey::FromBytes(TotalKey(policy, rule, window, group).bytes());
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(key->policy(), policy);
    EXPECT_EQ(key->rule(), rule);
    EXPECT_EQ(key->window_start(), window);
    EXPECT_EQ(key->group(), group);
    keys.push_back(*key);
    if (before != nullptr) {
      EXPECT_LE(*before, keys.back());
      EXPECT_EQ(*before == keys.back(),
                parts[keys.size() - 2] == parts[keys.size() - 1]);
    }
    before = &keys.back();
  }
}

TEST(TotalKeyTest, FewerBytesAreNoKey) {
  EXPECT_FALSE(TotalKey::FromBytes("").has_value());
  EXPECT_FALSE(TotalKey::FromBytes(std::string(8, '\0')).has_value());
  EXPECT_TRUE(TotalKey::FromBytes(std::string(9, '\0')).has_value());
}

}  // namespace
}  // namespace chipledger::testing
