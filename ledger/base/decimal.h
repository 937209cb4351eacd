// Exact decimals and overflow-checked integers.
#ifndef CHIPLEDGER_LEDGER_BASE_DECIMAL_H_
#define CHIPLEDGER_LEDGER_BASE_DECIMAL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace chipledger {

// Returns the value of a plain decimal ("-20919.2") times 10^scale, if it has
// at most `scale` decimals and fits. No exponent, no blanks, no thousands
// separators.
std::optional<int64_t> ParseDecimal(absl::string_view text, int scale);

// Writes value / 10^scale with as few decimals as are exact: (20919200, 3) is
// "20919.2".
std::string FormatDecimal(int64_t value, int scale);

// As FormatDecimal, with thousands separators, for people: "20,919.2".
std::string FormatDecimalForPeople(int64_t value, int scale);

// The exact result, or nothing when it does not fit.
inline std::optional<int64_t> CheckedAdd(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}
inline std::optional<int64_t> CheckedSub(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_sub_overflow(a, b, &result)) return std::nullopt;
  return result;
}
inline std::optional<int64_t> CheckedMul(int64_t a, int64_t b) {
  int64_t result;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// The largest integer not above a * b / divisor, exact also where a * b does
// not fit; nothing when it does not fit itself. Requires: divisor above 0.
inline std::optional<int64_t> CheckedMulDiv(int64_t a, int64_t b,
                                            int64_t divisor) {
  const __int128 product = static_cast<__int128>(a) * b;
  __int128 quotient = product / divisor;
  if (product % divisor < 0) --quotient;
  const auto result = static_cast<int64_t>(quotient);
  if (result != quotient) return std::nullopt;
  return result;
}

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_DECIMAL_H_
