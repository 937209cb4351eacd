#include "ledger/base/instant.h"

#include <cstddef>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/time/time.h"

namespace chipledger {
namespace {

constexpr int64_t kNsPerMinute = 60'000'000'000;
constexpr int32_t kMaxOffsetMinutes = 14 * 60;
// Room for nanoseconds; ParseTime reads any number of digits.
constexpr size_t kMaxInstantBytes = 40;

}  // namespace

std::optional<int64_t> ParseInstantNs(absl::string_view text) {
  // Nanoseconds of later years leave 64 bits.
  static const absl::Time kFirst =
      absl::FromCivil(absl::CivilYear(1900), absl::UTCTimeZone());
  static const absl::Time kEnd =
      absl::FromCivil(absl::CivilYear(2200), absl::UTCTimeZone());
  absl::Time time;
  std::string error;
  // ParseTime also reads "infinite-future" and white space around a time.
  if (text.empty() || text.size() > kMaxInstantBytes ||
      !absl::ascii_isdigit(text.front()) || absl::ascii_isspace(text.back()) ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, &error) ||
      time < kFirst || time >= kEnd) {
    return std::nullopt;
  }
  return absl::ToUnixNanos(time);
}

std::optional<int32_t> ParseUtcOffset(absl::string_view text) {
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') ||
      text[3] != ':' || !absl::ascii_isdigit(text[1]) ||
      !absl::ascii_isdigit(text[4])) {
    return std::nullopt;
  }
  int32_t hours = 0;
  int32_t minutes = 0;
  if (!absl::SimpleAtoi(text.substr(1, 2), &hours) ||
      !absl::SimpleAtoi(text.substr(4, 2), &minutes) || minutes > 59) {
    return std::nullopt;
  }
  const int32_t offset = hours * 60 + minutes;
  if (offset > kMaxOffsetMinutes) return std::nullopt;
  return text[0] == '-' ? -offset : offset;
}

Date DateAt(int64_t instant_ns, int32_t utc_offset_minutes) {
  return Date::FromUnixNs(instant_ns + utc_offset_minutes * kNsPerMinute);
}

}  // namespace chipledger
