// Goal: UUIDs are read in any case and written in one.
#include "ledger/base/uuid.h"

#include <set>
#include <string>

#include "gtest/gtest.h"

namespace chipledger {
namespace {

TEST(UuidTest, ReadsAnyCaseAndWritesLowerCase) {
  const auto uuid = Uuid::Parse("F47AC10B-58cc-4372-A567-0e02b2c3d479");
  ASSERT_TRUE(uuid);
  EXPECT_EQ(uuid->ToString(), "f47ac10b-58cc-4372-a567-0e02b2c3d479");
  EXPECT_EQ(*Uuid::Parse(uuid->ToString()), *uuid);
}

TEST(UuidTest, RefusesOtherText) {
  for (const char* text : {"", "f47ac10b58cc4372a5670e02b2c3d479",
                           "{f47ac10b-58cc-4372-a567-0e02b2c3d479}",
                           "f47ac10b-58cc-4372-a567-0e02b2c3d47",
                           "g47ac10b-58cc-4372-a567-0e02b2c3d479",
                           "f47ac10b-58cc-4372-a5670-e02b2c3d479"}) {
    EXPECT_FALSE(Uuid::Parse(text)) << text;
  }
}

// Each of the 32 digits counts, and so does each of the 4 hyphens.
TEST(UuidTest, EachPlaceIsLookedAt) {
  const std::string text = "0123abcd-89ef-4567-b012-3456789abcde";
  for (size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other[at] = text[at] == '-' ? '0' : 'g';
    EXPECT_FALSE(Uuid::Parse(other)) << other;
    if (text[at] == '-') continue;
    for (const char digit : std::string("0123456789abcdef")) {
      other[at] = digit;
      const auto uuid = Uuid::Parse(other);
      ASSERT_TRUE(uuid) << other;
      EXPECT_EQ(uuid->ToString(), other);
      EXPECT_EQ(*uuid == *Uuid::Parse(text), digit == text[at]);
    }
  }
}

TEST(UuidTest, RandomOnesDifferAndSayTheirVersion) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = Uuid::Random().ToString();
    EXPECT_EQ(text[14], '4') << text;
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    EXPECT_TRUE(seen.insert(text).second);
  }
}

}  // namespace
}  // namespace chipledger
