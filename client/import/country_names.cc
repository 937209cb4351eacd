#include "client/import/country_names.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/import/country_names_data.h"
#include "client/import/fold.h"
#include "client/import/text.h"
#include "ledger/base/countries.h"
#include "ledger/base/countries_data.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

// A text of more is no name of a country.
constexpr size_t kMaxNameBytes = 200;

// What a written name is read as.
struct Meaning {
  std::string alpha2;
  // Why it is refused, when there is no code.
  std::string hint;
};

// Returns a name however it is written: its words without accents, in lower
// case and in order.
std::string Folded(absl::string_view name) {
  const std::string folded = absl::StrReplaceAll(
      FoldAccentsAndCase(name), {{"\u2018", "'"}, {"\u2019", "'"}});
  std::string text;
  for (const char c : folded) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '&') {
      text += " and ";
    } else if (absl::ascii_isalnum(byte) || !absl::ascii_isascii(byte)) {
      text += c;
    } else if (c != '.' && c != '\'') {
      text += ' ';
    }
  }
  std::vector<std::string> words;
  for (const absl::string_view word :
       absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (word == "the" || word == "of") continue;
    words.push_back(word == "st" ? "saint" : std::string(word));
  }
  std::sort(words.begin(), words.end());
  return absl::StrJoin(words, " ");
}

using Meanings = absl::flat_hash_map<std::string, Meaning>;

const Meanings& AllMeanings() {
  static const Meanings* const meanings = [] {
    auto* all = new Meanings;
    // emplace keeps the first: codes, names of the standard, then our list.
    for (const auto field :
         {&internal::CountryRow::alpha2, &internal::CountryRow::alpha3,
          &internal::CountryRow::name, &internal::CountryRow::official_name,
          &internal::CountryRow::common_name}) {
      for (size_t i = 0; i < internal::kCountryCount; ++i) {
        const internal::CountryRow& row = internal::kCountries[i];
        all->emplace(Folded(row.*field), Meaning{row.alpha2, ""});
      }
    }
    for (const absl::string_view line :
         absl::StrSplit(kCountryNames, '\n', absl::SkipEmpty())) {
      if (absl::StartsWith(line, "#")) continue;
      const std::vector<std::string> fields =
          absl::StrSplit(line, absl::MaxSplits(',', 2));
      absl::string_view hint = fields.back();
      absl::ConsumePrefix(&hint, "\"");
      absl::ConsumeSuffix(&hint, "\"");
      all->emplace(Folded(fields[0]), Meaning{fields[1], std::string(hint)});
    }
    all->erase("");
    return all;
  }();
  return *meanings;
}

}  // namespace

absl::StatusOr<std::string> ParseCountryName(absl::string_view text) {
  const absl::string_view name = absl::StripAsciiWhitespace(text);
  // Most files have codes.
  if (IsCountryCode(name)) return std::string(name);
  const auto quoted = [&] {
    return absl::StrCat("\"", OneLine(TruncateUtf8(name, kMaxNameBytes)), "\"");
  };
  const auto found = name.size() > kMaxNameBytes
                         ? AllMeanings().end()
                         : AllMeanings().find(Folded(name));
  if (found == AllMeanings().end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(quoted(), " is no ISO 3166-1 code or country name"));
  }
  if (!found->second.alpha2.empty()) return found->second.alpha2;
  return absl::InvalidArgumentError(
      absl::StrCat(quoted(), " is not used: ", found->second.hint));
}

}  // namespace chipledger::import
