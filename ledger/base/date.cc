#include "ledger/base/date.h"

#include <chrono>

namespace chipledger {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

int32_t DaysOf(year_month_day date) {
  return static_cast<int32_t>(sys_days(date).time_since_epoch().count());
}

year_month_day CalendarOf(int32_t days) {
  return year_month_day(sys_days(std::chrono::days(days)));
}

// Returns the number that `digits` spells, or -1.
int ParseDigits(absl::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace

std::optional<Date> Date::Parse(absl::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') {
    return std::nullopt;
  }
  const int year = ParseDigits(text.substr(0, 4));
  const int month = ParseDigits(text.substr(5, 2));
  const int day = ParseDigits(text.substr(8, 2));
  if (year < 1900 || year >= 3000 || month < 0 || day < 0) return std::nullopt;
  const year_month_day date{std::chrono::year(year),
                            std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return Date(DaysOf(date));
}

Date Date::FromUnixNs(int64_t ns) {
  return Date(static_cast<int32_t>(
      std::chrono::floor<std::chrono::days>(std::chrono::nanoseconds(ns))
          .count()));
}

int Date::year() const { return static_cast<int>(CalendarOf(days_).year()); }

Date Date::StartOfYear() const {
  return Date(DaysOf(CalendarOf(days_).year() / 1 / 1));
}

Date Date::StartOfNextYear() const {
  return Date(
      DaysOf((CalendarOf(days_).year() + std::chrono::years(1)) / 1 / 1));
}

Date Date::StartOfQuarter() const {
  const year_month_day date = CalendarOf(days_);
  const unsigned months_into = (unsigned(date.month()) - 1) % 3;
  return Date(DaysOf(
      (date.year() / date.month() - std::chrono::months(months_into)) / 1));
}

Date Date::StartOfNextQuarter() const {
  const year_month_day date = CalendarOf(StartOfQuarter().days_);
  return Date(
      DaysOf((date.year() / date.month() + std::chrono::months(3)) / 1));
}

std::string Date::ToString() const {
  const year_month_day date = CalendarOf(days_);
  const int year = static_cast<int>(date.year());
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned day = static_cast<unsigned>(date.day());
  // Written out because every event carries several dates.
  std::string text = "0000-00-00";
  text[0] = static_cast<char>('0' + year / 1000 % 10);
  text[1] = static_cast<char>('0' + year / 100 % 10);
  text[2] = static_cast<char>('0' + year / 10 % 10);
  text[3] = static_cast<char>('0' + year % 10);
  text[5] = static_cast<char>('0' + month / 10);
  text[6] = static_cast<char>('0' + month % 10);
  text[8] = static_cast<char>('0' + day / 10);
  text[9] = static_cast<char>('0' + day % 10);
  return text;
}

}  // namespace chipledger
