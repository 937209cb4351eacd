// Goal: dates that exist are read and written exactly; others are refused.
#include "ledger/base/date.h"

#include <string>

#include "gtest/gtest.h"

namespace chipledger {
namespace {

TEST(DateTest, EveryDayFrom1900To2999IsWrittenAsItIsRead) {
  const int32_t first = Date::Parse("1900-01-01")->days();
  const int32_t last = Date::Parse("2999-12-31")->days();
  EXPECT_EQ(last - first + 1, 401'767);
  for (int32_t days = first; days <= last; ++days) {
    const Date date = Date::FromDays(days);
    const auto read = Date::Parse(date.ToString());
    ASSERT_TRUE(read) << date.ToString();
    ASSERT_EQ(*read, date);
  }
}

TEST(DateTest, DatesThatDoNotExistAreRefused) {
  for (const char* text :
       {"2025-02-29", "1900-02-29", "2025-04-31", "2025-13-01", "2025-00-10",
        "2025-01-00", "2025-1-1", "2025-01-1", "20250101", "2025/01/01",
        "1899-12-31", "3000-01-01", "2025-01-01 ", " 2025-01-01", "2025-01-0a",
        "-025-01-01", ""}) {
    EXPECT_FALSE(Date::Parse(text)) << text;
  }
  EXPECT_TRUE(Date::Parse("2024-02-29"));
  EXPECT_TRUE(Date::Parse("2000-02-29"));
}

TEST(DateTest, AYearRunsFromItsFirstDayToTheNextYearsFirst) {
  const Date date = *Date::Parse("2025-12-31");
  EXPECT_EQ(date.year(), 2025);
  EXPECT_EQ(date.StartOfYear().ToString(), "2025-01-01");
  EXPECT_EQ(date.StartOfNextYear().ToString(), "2026-01-01");
}

TEST(DateTest, AMomentBelongsToItsUtcDayBeforeAndAfter1970) {
  EXPECT_EQ(Date::FromUnixNs(0).ToString(), "1970-01-01");
  EXPECT_EQ(Date::FromUnixNs(-1).ToString(), "1969-12-31");
  EXPECT_EQ(Date::FromUnixNs(86'400'000'000'000 - 1).ToString(), "1970-01-01");
}

}  // namespace
}  // namespace chipledger
