// Goal: ISO 3166-1 codes and names are found, and nothing else.
#include "ledger/base/countries.h"

#include "gtest/gtest.h"

namespace chipledger {
namespace {

TEST(CountriesTest, KnowsAssignedCodesInUpperCaseOnly) {
  EXPECT_TRUE(IsCountryCode("FR"));
  EXPECT_TRUE(IsCountryCode("TW"));
  EXPECT_FALSE(IsCountryCode("fr"));
  EXPECT_FALSE(IsCountryCode("XX"));
  EXPECT_FALSE(IsCountryCode("FRA"));
  EXPECT_FALSE(IsCountryCode(""));
  EXPECT_FALSE(IsCountryCode("F\xC3"));
}

TEST(CountriesTest, FindsByEitherCodeAndByEveryNameInAnyCase) {
  EXPECT_EQ(FindCountry("fr"), "FR");
  EXPECT_EQ(FindCountry("ARE"), "AE");
  EXPECT_EQ(FindCountry("united arab emirates"), "AE");
  EXPECT_EQ(FindCountry("Korea, Republic of"), "KR");
  EXPECT_EQ(FindCountry("South Korea"), "KR");
  EXPECT_EQ(FindCountry("Republic of Côte d'Ivoire"), "CI");
  EXPECT_EQ(FindCountry("Atlantis"), std::nullopt);
  EXPECT_EQ(FindCountry(""), std::nullopt);
}

TEST(CountriesTest, KosovoHasTheCodeThatCustomsUse) {
  EXPECT_TRUE(IsCountryCode("XK"));
  EXPECT_EQ(FindCountry("kosovo"), "XK");
  EXPECT_EQ(FindCountry("XKX"), "XK");
  EXPECT_EQ(CountryName("XK"), "Kosovo");
}

TEST(CountriesTest, NamesPreferTheCommonOne) {
  EXPECT_EQ(CountryName("KR"), "South Korea");
  EXPECT_EQ(CountryName("FR"), "France");
  EXPECT_EQ(CountryName("XX"), "XX");
}

}  // namespace
}  // namespace chipledger
