// Calendar dates.
#ifndef CHIPLEDGER_LEDGER_BASE_DATE_H_
#define CHIPLEDGER_LEDGER_BASE_DATE_H_

#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace chipledger {

// Date is a day of the proleptic Gregorian calendar. A value type.
class Date {
 public:
  constexpr Date() = default;
  static constexpr Date FromDays(int32_t days_since_1970) {
    return Date(days_since_1970);
  }
  // Returns the date that "YYYY-MM-DD" names, if it exists and its year is in
  // [1900, 3000).
  static std::optional<Date> Parse(absl::string_view text);
  // The same for a text that was checked before and may be empty: `when_empty`.
  static Date ParseOr(absl::string_view text, Date when_empty) {
    return text.empty() ? when_empty : *Parse(text);
  }
  static Date FromUnixNs(int64_t ns);
  // Before and after every date that Parse accepts.
  static constexpr Date Min() {
    return Date(std::numeric_limits<int32_t>::min());
  }
  static constexpr Date Max() {
    return Date(std::numeric_limits<int32_t>::max());
  }

  constexpr int32_t days() const { return days_; }
  int year() const;
  // The first of January of this date's year, and of the year after.
  Date StartOfYear() const;
  Date StartOfNextYear() const;
  // The first date of this date's calendar quarter, and of the quarter after.
  Date StartOfQuarter() const;
  Date StartOfNextQuarter() const;
  // "YYYY-MM-DD".
  std::string ToString() const;

  friend constexpr auto operator<=>(Date, Date) = default;

 private:
  explicit constexpr Date(int32_t days) : days_(days) {}
  int32_t days_ = 0;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_DATE_H_
