#include "ledger/base/instant.h"

#include "gtest/gtest.h"

namespace chipledger {
namespace {

std::string DateOf(const char* instant, const char* offset) {
  return DateAt(ParseInstantNs(instant).value(), ParseUtcOffset(offset).value())
      .ToString();
}

TEST(Instant, FallsOnTheDateOfThePlace) {
  EXPECT_EQ(DateOf("2026-01-02T23:50:00-05:00", "-05:00"), "2026-01-02");
  EXPECT_EQ(DateOf("2026-01-03T00:05:00-05:00", "-05:00"), "2026-01-03");
  EXPECT_EQ(DateOf("2026-01-03T04:50:00Z", "-05:00"), "2026-01-02");
  EXPECT_EQ(DateOf("2026-01-03T05:00:00Z", "-05:00"), "2026-01-03");
  EXPECT_EQ(DateOf("2026-01-02T18:29:59.5Z", "+05:30"), "2026-01-02");
  EXPECT_EQ(DateOf("2026-01-02T18:30:00Z", "+05:30"), "2026-01-03");
  EXPECT_EQ(DateOf("1969-12-31T23:59:59Z", "+00:00"), "1969-12-31");
}

TEST(Instant, IsReadWhole) {
  EXPECT_TRUE(ParseInstantNs("1900-01-01T00:00:00Z"));
  EXPECT_TRUE(ParseInstantNs("2199-12-31T23:59:59Z"));
  for (const char* text :
       {"", "2026-01-02", "2026-01-02T23:50", "2026-01-02T23:50:00",
        "2026-02-30T00:00:00Z", "2026-01-02T24:00:01Z", "infinite-future",
        " 2026-01-02T23:50:00Z", "2026-01-02T23:50:00Z ", "now",
        "1899-12-31T23:59:59Z", "2200-01-01T00:00:00Z",
        "2026-01-02T23:50:00.00000000000000000000000Z"}) {
    EXPECT_FALSE(ParseInstantNs(text)) << text;
  }
}

TEST(UtcOffset, IsAtMostFourteenHours) {
  EXPECT_EQ(ParseUtcOffset("-05:00"), -300);
  EXPECT_EQ(ParseUtcOffset("+05:45"), 345);
  EXPECT_EQ(ParseUtcOffset("-00:00"), 0);
  EXPECT_EQ(ParseUtcOffset("+14:00"), 840);
  for (const char* text :
       {"", "Z", "05:00", "+5:00", "+05", "+0500", "+14:01", "-15:00", "+05:60",
        "+05:0x", "+ 5:00", "+-5:00", "+05:-1", "-05:00 "}) {
    EXPECT_FALSE(ParseUtcOffset(text)) << text;
  }
}

}  // namespace
}  // namespace chipledger
