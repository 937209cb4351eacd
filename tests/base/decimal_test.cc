// Goal: decimals are exact or refused, never rounded or wrapped.
#include "ledger/base/decimal.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"

namespace chipledger {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();

TEST(DecimalTest, ReadsExactDecimals) {
  EXPECT_EQ(ParseDecimal("20919.2", 3), 20'919'200);
  EXPECT_EQ(ParseDecimal("790000000", 3), 790'000'000'000);
  EXPECT_EQ(ParseDecimal("-0.001", 3), -1);
  EXPECT_EQ(ParseDecimal("0", 0), 0);
  EXPECT_EQ(ParseDecimal("9223372036854775.807", 3), kMax);
}

TEST(DecimalTest, RefusesWhatIsNotExactOrDoesNotFit) {
  for (const char* text : {"", "-", ".", "1.", ".5", "1.2345", "1e3", "1,000",
                           " 1", "1 ", "+1", "0x1", "9223372036854775.808"}) {
    EXPECT_FALSE(ParseDecimal(text, 3)) << text;
  }
  EXPECT_FALSE(ParseDecimal("1.5", 0));
}

TEST(DecimalTest, WritesAsFewDecimalsAsAreExact) {
  EXPECT_EQ(FormatDecimal(20'919'200, 3), "20919.2");
  EXPECT_EQ(FormatDecimal(-1, 3), "-0.001");
  EXPECT_EQ(FormatDecimal(0, 3), "0");
  EXPECT_EQ(FormatDecimal(kMin, 3), "-9223372036854775.808");
  EXPECT_EQ(FormatDecimal(kMax, 0), "9223372036854775807");
}

TEST(DecimalTest, SeparatesThousandsForPeople) {
  EXPECT_EQ(FormatDecimalForPeople(790'000'000'000, 3), "790,000,000");
  EXPECT_EQ(FormatDecimalForPeople(20'919'200, 3), "20,919.2");
  EXPECT_EQ(FormatDecimalForPeople(-80'760'000, 0), "-80,760,000");
  EXPECT_EQ(FormatDecimalForPeople(999, 0), "999");
}

TEST(DecimalTest, ArithmeticAtTheEdgeSaysThatItDoesNotFit) {
  EXPECT_FALSE(CheckedAdd(kMax, 1));
  EXPECT_FALSE(CheckedSub(kMin, 1));
  EXPECT_FALSE(CheckedMul(kMax / 2 + 1, 2));
  EXPECT_EQ(CheckedAdd(kMax, kMin), -1);
}

}  // namespace
}  // namespace chipledger
