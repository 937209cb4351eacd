// Goal: a country is found by what people write, and what may be another one is
// refused with what it was or may be.
#include "client/import/country_names.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/import/country_names_data.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/countries.h"
#include "ledger/base/countries_data.h"

namespace chipledger::import {
namespace {

using internal::kCountries;
using internal::kCountryCount;
using ::testing::HasSubstr;

std::string CodeOf(absl::string_view text) {
  const auto code = ParseCountryName(text);
  return code.ok() ? *code : std::string(code.status().message());
}

TEST(CountryNamesTest, FindsWhatPeopleWrite) {
  const std::pair<std::string, std::string> written[] = {
      {"de", "DE"},
      {"DEU", "DE"},
      {" Germany ", "DE"},
      {"UAE", "AE"},
      {"United Arab Emirates", "AE"},
      {"UK", "GB"},
      {"U.K.", "GB"},
      {"u.s.a.", "US"},
      {"The United States of America", "US"},
      {"Macau", "MO"},
      {"MACAO", "MO"},
      {"Turkey", "TR"},
      {"T\xC3\x9CRK\xC4\xB0YE", "TR"},  // TÜRKİYE
      {"T\xC3\x9CRKIYE", "TR"},
      {"turkiye", "TR"},
      {"Tu\xCC\x88rkiye", "TR"},  // With a combining mark.
      {"Republic of Korea", "KR"},
      {"Korea, Republic of", "KR"},
      {"Korea (Republic of)", "KR"},
      {"KOREA, SOUTH", "KR"},
      {"Democratic People's Republic of Korea", "KP"},
      {"Democratic People\xE2\x80\x99s Republic of Korea", "KP"},
      {"Viet Nam", "VN"},
      {"vietnam", "VN"},
      {"Kosovo", "XK"},
      {"Philippines (the)", "PH"},
      {"Russia", "RU"},
      {"Cote d'Ivoire", "CI"},
      {"C\xC3\xB4te d\xE2\x80\x99Ivoire", "CI"},
      {"Ivory Coast", "CI"},
      {"St. Lucia", "LC"},
      {"Bosnia & Herzegovina", "BA"},
      {"Democratic Republic of the Congo", "CD"},
      {"Czech Republic", "CZ"},
      {"Hong Kong SAR", "HK"},
      {"United Kingdom of Great Britain and Northern Ireland", "GB"}};
  for (const auto& [text, code] : written)
    EXPECT_EQ(CodeOf(text), code) << text;
}

TEST(CountryNamesTest, RefusesWhatIsNoCountryOrMayBeSeveral) {
  const std::pair<std::string, std::string> refused[] = {
      {"AN", "write CW, SX or BQ"},
      {"EL", "write GR"},
      {"yu", "until 2003"},
      {"USSR", "write RU"},
      {"Korea", "KR or KP"},
      {"European Union", "no country"},
      {"Atlantis", "no ISO 3166-1 code or country name"},
      {"", "no ISO 3166-1"},
      {"\xFF\xFE", "no ISO 3166-1"}};
  for (const auto& [text, hint] : refused) {
    EXPECT_FALSE(ParseCountryName(text).ok()) << text;
    EXPECT_THAT(CodeOf(text), HasSubstr(hint));
  }
}

TEST(CountryNamesTest, FindsEveryNameOfTheStandardInCapitalsToo) {
  for (size_t i = 0; i < kCountryCount; ++i) {
    const auto& row = kCountries[i];
    for (const std::string name : {row.alpha2, row.alpha3, row.name,
                                   row.official_name, row.common_name}) {
      if (name.empty()) continue;
      EXPECT_EQ(CodeOf(name), row.alpha2) << name;
      EXPECT_EQ(CodeOf(absl::AsciiStrToUpper(name)), row.alpha2) << name;
    }
  }
}

TEST(CountryNamesTest, EachNameOfTheListIsReadAsItSays) {
  int names = 0;
  for (const absl::string_view line :
       absl::StrSplit(kCountryNames, '\n', absl::SkipEmpty())) {
    if (line[0] == '#') continue;
    ++names;
    const std::vector<std::string> fields =
        absl::StrSplit(line, absl::MaxSplits(',', 2));
    ASSERT_EQ(fields.size(), 3) << line;
    EXPECT_TRUE(fields[1].empty() || IsCountryCode(fields[1])) << line;
    EXPECT_NE(fields[1].empty(), fields[2].empty()) << line;
    // Else it stands for a name that the standard or a line above has.
    const auto code = ParseCountryName(fields[0]);
    EXPECT_EQ(code.ok() ? *code : "", fields[1]) << line;
  }
  EXPECT_GT(names, 50);
}

}  // namespace
}  // namespace chipledger::import
