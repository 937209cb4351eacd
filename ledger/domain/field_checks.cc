// The checks that messages share.
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/countries.h"
#include "ledger/base/date.h"
#include "ledger/base/limits.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {
namespace {

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

}  // namespace

std::string Quote(absl::string_view value) {
  constexpr size_t kMaxQuoted = 80;
  if (value.size() <= kMaxQuoted) return absl::StrCat("\"", value, "\"");
  return absl::StrCat("\"", value.substr(0, kMaxQuoted), "...\" (",
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

}  // namespace chipledger::domain
