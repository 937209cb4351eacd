// Goal: a version of the map never changes, and every version answers like the
// ordered map that it stands for. Method: random changes beside std::map, with
// versions kept on the way.
#include "ledger/base/persistent_map.h"

#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace chipledger {
namespace {

using Map = PersistentMap<std::string, int>;
using Model = std::map<std::string, int>;

Model Contents(const Map& map) {
  Model contents;
  std::string last;
  map.VisitAll([&](const std::string& key, int value) {
    EXPECT_TRUE(contents.empty() || last < key);
    last = key;
    contents[key] = value;
    return true;
  });
  return contents;
}

TEST(PersistentMapTest, EveryVersionStaysAsItWas) {
  std::mt19937 random(1);
  Map map;
  Model model;
  std::vector<std::pair<Map, Model>> versions;
  for (int i = 0; i < 3000; ++i) {
    const std::string key = std::to_string(random() % 700);
    map.Set(key, i);
    model[key] = i;
    if (i % 100 == 0) versions.emplace_back(map, model);
  }
  versions.emplace_back(map, model);
  for (const auto& [version, expected] : versions) {
    EXPECT_EQ(version.size(), expected.size());
    EXPECT_EQ(Contents(version), expected);
  }
}

// A batch changes in place what it made itself, and nothing that another
// version reaches.
TEST(PersistentMapTest, EveryVersionStaysAsItWasBesideBatches) {
  std::mt19937 random(2);
  Map map;
  Model model;
  std::vector<std::pair<Map, Model>> versions;
  for (int i = 0; i < 100; ++i) {
    versions.emplace_back(map, model);
    if (i % 7 == 0 && !model.empty()) {
      const std::string gone = model.begin()->first;
      map.Erase(gone);
      model.erase(gone);
      versions.emplace_back(map, model);
    }
    Map::BatchSetter batch(map);
    for (int j = 0; j < 50; ++j) {
      const std::string key = std::to_string(random() % 700);
      batch.Set(key, i * 100 + j);
      model[key] = i * 100 + j;
    }
  }
  versions.emplace_back(map, model);
  for (const auto& [version, expected] : versions) {
    EXPECT_EQ(version.size(), expected.size());
    EXPECT_EQ(Contents(version), expected);
  }
}

TEST(PersistentMapTest, FindsWhatIsThereAndNothingElse) {
  Map map;
  for (int i = 0; i < 100; i += 2) map.Set(std::to_string(i), i);
  for (int i = 0; i < 100; ++i) {
    const int* found = map.Find(absl::string_view(std::to_string(i)));
    if (i % 2 == 0) {
      ASSERT_NE(found, nullptr) << i;
      EXPECT_EQ(*found, i);
    } else {
      EXPECT_EQ(found, nullptr) << i;
    }
  }
}

TEST(PersistentMapTest, VisitsFromAKeyOnUntilToldToStop) {
  PersistentMap<int, int> map;
  for (int i = 0; i < 1000; i += 10) map.Set(i, i);
  std::vector<int> seen;
  map.VisitFrom(495, [&](int key, int) {
    seen.push_back(key);
    return seen.size() < 3;
  });
  EXPECT_EQ(seen, (std::vector<int>{500, 510, 520}));
}

TEST(PersistentMapTest, KeysInOrderDoNotMakeItDeep) {
  // A list of this length would overflow the stack when it is destroyed.
  PersistentMap<int, int> map;
  for (int i = 0; i < 300'000; ++i) map.Set(i, i);
  EXPECT_EQ(map.size(), 300'000u);
  EXPECT_EQ(*map.Find(299'999), 299'999);
}

}  // namespace
}  // namespace chipledger
