#include "client/import/text.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/generated_enum_reflection.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

// Returns the number of the enum value that `word` names.
absl::StatusOr<int> ParseWord(const google::protobuf::EnumDescriptor& type,
                              absl::string_view prefix,
                              absl::string_view word) {
  const auto value_of = [&](int i) {
    return absl::string_view(type.value(i)->name()).substr(prefix.size());
  };
  const auto is = [&](absl::string_view value) {
    return std::equal(value.begin(), value.end(), word.begin(), word.end(),
                      [](char a, char b) {
                        return a == (b == '-' ? '_' : absl::ascii_toupper(b));
                      });
  };
  for (int i = 1; i < type.value_count(); ++i) {
    if (is(value_of(i))) return type.value(i)->number();
  }
  std::string known;
  for (int i = 1; i < type.value_count(); ++i) {
    const absl::string_view value = value_of(i);
    absl::StrAppend(
        &known, known.empty() ? "" : ", ",
        absl::StrReplaceAll(absl::AsciiStrToLower(value), {{"_", "-"}}));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", word, "\" is not one of: ", known));
}

template <typename Enum>
absl::StatusOr<Enum> ParseEnum(absl::string_view prefix,
                               absl::string_view text) {
  ASSIGN_OR_RETURN(const int number,
                   ParseWord(*google::protobuf::GetEnumDescriptor<Enum>(),
                             prefix, absl::StripAsciiWhitespace(text)));
  return static_cast<Enum>(number);
}

// Reads a whole number of `what`.
absl::StatusOr<int64_t> ParseWhole(absl::string_view text,
                                   bool comma_is_decimal,
                                   absl::string_view what) {
  // Most are written plainly.
  if (absl::c_all_of(text, absl::ascii_isdigit)) {
    if (const auto plain = ParseDecimal(text, 0)) return *plain;
  }
  const absl::Status not_whole = absl::InvalidArgumentError(
      absl::StrCat("\"", OneLine(text), "\" is no whole number of ", what));
  char decimal = '.';
  char thousands = ',';
  const size_t last = text.find_last_of(".,");
  if (comma_is_decimal && last != absl::string_view::npos) {
    const bool comes_again = text.find(text[last]) != last;
    if ((text[last] == decimal) == comes_again) std::swap(decimal, thousands);
  }
  const size_t point = std::min(text.find(decimal), text.size());
  const absl::string_view whole = text.substr(0, point);
  const absl::string_view decimals = text.substr(point);
  const bool is_alone = text.find_first_of(".,") == point;
  const bool is_zero =
      decimals.size() != 1 && decimals.find_last_not_of('0') + 1 <= 1;
  if (decimals.size() == 4 && is_alone && whole.size() <= 3 &&
      (is_zero || comma_is_decimal)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not clear: \"", decimals.substr(0, 1),
        "\" may be the decimal sign or that of thousands; write it without"));
  }
  if (!is_zero) return not_whole;
  const std::vector<absl::string_view> groups =
      absl::StrSplit(whole, thousands);
  for (size_t i = 0; i < groups.size() && groups.size() > 1; ++i) {
    const size_t size = groups[i].size();
    if (i == 0 ? size == 0 || size > 3 : size != 3) return not_whole;
  }
  const std::string digits = absl::StrJoin(groups, "");
  const auto units = ParseDecimal(digits, 0);
  if (!units || !absl::ascii_isdigit(digits[0])) return not_whole;
  return *units;
}

}  // namespace

std::string OneLine(absl::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) c = ' ';
  }
  absl::StripAsciiWhitespace(&line);
  return line;
}

std::optional<int64_t> RoundHalfUp(absl::string_view decimal, int scale) {
  const size_t decimals = static_cast<size_t>(scale);
  const size_t point = decimal.find('.');
  if (absl::StartsWith(decimal, "-")) return std::nullopt;
  if (point == absl::string_view::npos ||
      decimal.size() - point - 1 <= decimals) {
    return ParseDecimal(decimal, scale);
  }
  const absl::string_view rest = decimal.substr(point + 1 + decimals);
  for (const char c : rest) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) {
      return std::nullopt;
    }
  }
  const std::optional<int64_t> kept = ParseDecimal(
      decimal.substr(0, decimals == 0 ? point : point + 1 + decimals), scale);
  return kept && rest[0] >= '5' ? CheckedAdd(*kept, 1) : kept;
}

absl::StatusOr<int64_t> ParseUnits(absl::string_view text,
                                   bool comma_is_decimal) {
  return ParseWhole(text, comma_is_decimal, "units");
}

absl::StatusOr<int64_t> ParseDollars(absl::string_view text,
                                     bool comma_is_decimal) {
  return ParseWhole(text, comma_is_decimal, "US dollars");
}

absl::StatusOr<v1::AuthorizationKind> ParseAuthorizationKind(
    absl::string_view text) {
  return ParseEnum<v1::AuthorizationKind>("AUTHORIZATION_KIND_", text);
}

absl::StatusOr<v1::Assurance> ParseAssurance(absl::string_view text) {
  return ParseEnum<v1::Assurance>("ASSURANCE_", text);
}

absl::StatusOr<v1::RetireUnits::Cause> ParseRetirementCause(
    absl::string_view text) {
  return ParseEnum<v1::RetireUnits::Cause>("CAUSE_", text);
}

}  // namespace chipledger::import
