#include "ledger/base/decimal.h"

#include <cstddef>

#include "absl/strings/str_cat.h"

namespace chipledger {

std::optional<int64_t> ParseDecimal(absl::string_view text, int scale) {
  const bool negative = !text.empty() && text[0] == '-';
  if (negative) text.remove_prefix(1);
  const size_t point = text.find('.');
  const absl::string_view whole = text.substr(0, point);
  const absl::string_view decimals =
      point == absl::string_view::npos ? "" : text.substr(point + 1);
  if (whole.empty() || (point != absl::string_view::npos && decimals.empty()) ||
      decimals.size() > static_cast<size_t>(scale)) {
    return std::nullopt;
  }
  std::string digits = absl::StrCat(whole, decimals);
  digits.append(static_cast<size_t>(scale) - decimals.size(), '0');
  std::optional<int64_t> value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    value = CheckedMul(*value, 10);
    if (value) value = CheckedAdd(*value, c - '0');
    if (!value) return std::nullopt;
  }
  return negative ? -*value : *value;
}

std::string FormatDecimal(int64_t value, int scale) {
  // The digits of the magnitude; negating int64's minimum would overflow.
  std::string digits = absl::StrCat(value);
  const bool negative = digits[0] == '-';
  if (negative) digits.erase(0, 1);
  const size_t decimals = static_cast<size_t>(scale);
  if (digits.size() <= decimals) {
    digits.insert(0, decimals + 1 - digits.size(), '0');
  }
  std::string fraction = digits.substr(digits.size() - decimals);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return absl::StrCat(negative ? "-" : "",
                      digits.substr(0, digits.size() - decimals),
                      fraction.empty() ? "" : ".", fraction);
}

std::string FormatDecimalForPeople(int64_t value, int scale) {
  std::string text = FormatDecimal(value, scale);
  const size_t first = text[0] == '-' ? 1 : 0;
  const size_t point = text.find('.');
  for (size_t i = point == std::string::npos ? text.size() : point;
       i > first + 3;) {
    i -= 3;
    text.insert(i, ",");
  }
  return text;
}

}  // namespace chipledger
