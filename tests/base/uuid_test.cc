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
