// Goal: text is read exactly: decimals without floats, UTF-8 by RFC 3629.
#include "client/import/text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace chipledger::import {
namespace {

TEST(RoundHalfUpTest, RoundsOnTheDigits) {
  EXPECT_EQ(RoundHalfUp("30000.000000000004", 0), 30000);
  EXPECT_EQ(RoundHalfUp("0.5", 0), 1);
  EXPECT_EQ(RoundHalfUp("0.49999999999999999999999999999999", 0), 0);
  EXPECT_EQ(RoundHalfUp("2.5", 0), 3);
  EXPECT_EQ(RoundHalfUp("9223372036854775806.5", 0), 9223372036854775807);
  EXPECT_EQ(RoundHalfUp("20919.2", 3), 20919200);
  EXPECT_EQ(RoundHalfUp("19.9072", 3), 19907);
  EXPECT_EQ(RoundHalfUp("19.9075", 3), 19908);
  EXPECT_EQ(RoundHalfUp("884.736", 3), 884736);
}

TEST(RoundHalfUpTest, TakesPlainDecimalsThatFitOnly) {
  for (const char* text : {"", "-1", "1e5", "1,000", "abc", ".", "1.", " 1",
                           "1.x", "9223372036854775807.5", "+1"}) {
    EXPECT_EQ(RoundHalfUp(text, 0), std::nullopt) << text;
  }
}

TEST(ParseUnitsTest, ReadsWholeUnitsAsSpreadsheetsWriteThem) {
  for (const auto& [text, units] : {std::pair<std::string, int64_t>{"5", 5},
                                    {"0", 0},
                                    {"100.0", 100},
                                    {"100.00", 100},
                                    {"1000.000", 1000},
                                    {"1,000", 1000},
                                    {"12,345,678.0", 12345678}}) {
    const auto read = ParseUnits(text, /*comma_is_decimal=*/false);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(*read, units) << text;
  }
  for (const auto& [text, units] :
       {std::pair<std::string, int64_t>{"100,0", 100},
        {"100.0", 100},
        {"1.000,00", 1000},
        {"1.234.567", 1234567}}) {
    const auto read = ParseUnits(text, /*comma_is_decimal=*/true);
    EXPECT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read.value_or(-1), units) << text;
  }
}

TEST(ParseUnitsTest, RefusesWhatIsNoWholeNumberOrMayBeTwo) {
  for (const char* text :
       {"", "-5", "+5", "1e3", "many", "1.5", "1,00", ",000", "1,0000", "1..0",
        "1.", ".0", ".", ",", "1.000", "1.000.0", "1 000", "0x10",
        "99999999999999999999"}) {
    EXPECT_FALSE(ParseUnits(text, /*comma_is_decimal=*/false).ok()) << text;
  }
  for (const char* text : {"1.000", "1,000", "1,5", "1.5", "1,00,0"}) {
    EXPECT_FALSE(ParseUnits(text, /*comma_is_decimal=*/true).ok()) << text;
  }
  EXPECT_THAT(std::string(ParseUnits("1.000", false).status().message()),
              ::testing::HasSubstr("write it without"));
}

TEST(OneLineTest, TurnsControlCharactersIntoBlanks) {
  EXPECT_EQ(OneLine("\n a\tb\r\nc "), "a b  c");
}

TEST(WordTest, ReadsEnumsInAnyCaseAndListsThem) {
  EXPECT_EQ(*ParseAuthorizationKind("none-required"),
            v1::AUTHORIZATION_KIND_NONE_REQUIRED);
  EXPECT_EQ(*ParseAuthorizationKind("NVEU"), v1::AUTHORIZATION_KIND_NVEU);
  EXPECT_EQ(*ParseAssurance("After_The_Fact"), v1::ASSURANCE_AFTER_THE_FACT);
  EXPECT_THAT(std::string(ParseAssurance("later").status().message()),
              ::testing::AllOf(::testing::HasSubstr("later"),
                               ::testing::HasSubstr("before-export")));
  EXPECT_FALSE(ParseAssurance("unspecified").ok());
}

}  // namespace
}  // namespace chipledger::import
