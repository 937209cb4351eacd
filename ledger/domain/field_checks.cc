// The checks that messages share.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "ledger/base/countries.h"
#include "ledger/base/date.h"
#include "ledger/base/limits.h"
#include "ledger/base/utf8.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {
namespace {

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Characters that a reader does not see, or takes for a blank: two keys that
// differ in them alone are read as one. From Unicode's properties
// Default_Ignorable_Code_Point, White_Space but for the blank itself, and
// general category Cf.
struct CodePoints {
  uint32_t first;
  uint32_t last;
};
constexpr CodePoints kHidden[] = {
    {0x80, 0xA0},       {0xAD, 0xAD},       {0x34F, 0x34F},
    {0x600, 0x605},     {0x61C, 0x61C},     {0x6DD, 0x6DD},
    {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},
    {0x115F, 0x1160},   {0x1680, 0x1680},   {0x17B4, 0x17B5},
    {0x180B, 0x180F},   {0x2000, 0x200F},   {0x2028, 0x202F},
    {0x205F, 0x206F},   {0x2800, 0x2800},   {0x3000, 0x3000},
    {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFA0, 0xFFA0},   {0xFFF0, 0xFFFB},   {0x110BD, 0x110BD},
    {0x110CD, 0x110CD}, {0x13430, 0x1343F}, {0x1BCA0, 0x1BCA3},
    {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF}};

// Returns the code point that a well-formed UTF-8 text starts with, and takes
// it off. Protobuf strings are well-formed.
uint32_t TakeCodePoint(absl::string_view& text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  uint32_t point = length == 1 ? lead : lead & (0x7Fu >> length);
  for (size_t i = 1; i < std::min(length, text.size()); ++i) {
    point = point << 6 | (static_cast<uint8_t>(text[i]) & 0x3Fu);
  }
  text.remove_prefix(std::min(length, text.size()));
  return point;
}

// Returns the first character that a reader does not see.
std::optional<uint32_t> FindHidden(absl::string_view text) {
  while (!text.empty()) {
    const uint32_t point = TakeCodePoint(text);
    for (const auto& [first, last] : kHidden) {
      if (point < first) break;
      if (point <= last) return point;
    }
  }
  return std::nullopt;
}

}  // namespace

std::string Quote(absl::string_view value) {
  constexpr size_t kMaxQuoted = 80;
  if (value.size() <= kMaxQuoted) return absl::StrCat("\"", value, "\"");
  return absl::StrCat("\"", TruncateUtf8(value, kMaxQuoted), "...\" (",
                      value.size(), " bytes)");
}

void FieldChecks::Slug(absl::string_view value, size_t max_bytes,
                       absl::string_view field) {
  bool good = !value.empty() && value.size() <= max_bytes;
  for (const char c : value) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-');
  }
  if (!good) {
    Add(std::string(field),
        absl::StrCat(Quote(value), " is not 1 to ", max_bytes,
                     " lower-case letters, digits, \".\", \"_\" or \"-\""));
  }
}

void FieldChecks::Id(absl::string_view value, size_t max_bytes,
                     absl::string_view field) {
  bool good = !value.empty() && value.size() <= max_bytes;
  for (const char c : value) {
    good = good && (absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                    absl::string_view("._:/-").find(c) != value.npos);
  }
  if (!good) {
    Add(std::string(field),
        absl::StrCat(Quote(value), " is not 1 to ", max_bytes,
                     " letters A to Z, digits, \".\", \"_\", \":\", \"/\" or "
                     "\"-\", such as \"D:5\""));
  }
}

void FieldChecks::Printable(absl::string_view value, size_t max_bytes,
                            bool required, absl::string_view field) {
  Text(value, max_bytes, required, field);
  bool control = false;
  for (const char c : value) control = control || IsControl(c);
  if (control ||
      (!value.empty() && (value.front() == ' ' || value.back() == ' '))) {
    Add(std::string(field),
        absl::StrCat(Quote(value),
                     " has control characters or blanks at its ends"));
  } else if (const auto hidden = FindHidden(value)) {
    Add(std::string(field),
        absl::StrFormat("%s holds the character U+%04X, which is not seen or "
                        "looks like a blank; write it without",
                        Quote(value), *hidden));
  }
}

void FieldChecks::Text(absl::string_view value, size_t max_bytes, bool required,
                       absl::string_view field) {
  if (value.size() > max_bytes) {
    Add(std::string(field),
        absl::StrCat(Quote(value), " is longer than ", max_bytes, " bytes"));
  } else if (required && value.empty()) {
    Add(std::string(field), "is required");
  }
}

void FieldChecks::Date(absl::string_view value, bool required,
                       absl::string_view field) {
  if (value.empty() ? required : !chipledger::Date::Parse(value)) {
    Add(std::string(field),
        absl::StrCat(Quote(value),
                     " is not a date from 1900-01-01 to 2999-12-31 that "
                     "exists, as YYYY-MM-DD"));
  }
}

void FieldChecks::Country(absl::string_view value, absl::string_view field) {
  if (!IsCountryCode(value)) {
    Add(std::string(field),
        absl::StrCat(Quote(value),
                     " is not an ISO 3166-1 alpha-2 country code"));
  }
}

void FieldChecks::Quantity(int64_t value, int64_t max,
                           absl::string_view field) {
  if (value < 1 || value > max) {
    Add(std::string(field), absl::StrCat(value, " is not from 1 to ", max));
  }
}

void FieldChecks::Amount(int64_t value, int64_t max, absl::string_view field) {
  if (value < 0 || value > max) {
    Add(std::string(field), absl::StrCat(value, " is not from 0 to ", max));
  }
}

void FieldChecks::Count(size_t size, size_t min, size_t max,
                        absl::string_view field) {
  if (size < min || size > max) {
    Add(std::string(field),
        absl::StrCat("has ", size, ", not from ", min, " to ", max));
  }
}

void FieldChecks::DistinctCountries(
    const google::protobuf::RepeatedPtrField<std::string>& list,
    absl::string_view field) {
  Count(static_cast<size_t>(list.size()), 1, limits::kMaxCountriesPerList,
        field);
  std::set<std::string> distinct;
  for (int i = 0; i < list.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    Country(list[i], at);
    if (!distinct.insert(list[i]).second) {
      Add(at, absl::StrCat(Quote(list[i]), " is named twice"));
    }
  }
}

bool FieldChecks::HasWithin(absl::string_view field) const {
  return std::any_of(
      violations_.begin(), violations_.end(), [&](const FieldViolation& v) {
        absl::string_view rest = v.field;
        return absl::ConsumePrefix(&rest, field) &&
               (rest.empty() || rest[0] == '.' || rest[0] == '[');
      });
}

}  // namespace chipledger::domain
