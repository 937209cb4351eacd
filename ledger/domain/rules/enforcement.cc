#include "ledger/domain/rules/enforcement.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ledger/base/limits.h"
#include "ledger/domain/rules/check_lists.h"
#include "ledger/domain/rules/measure.h"

namespace chipledger::domain {
namespace {

// Not a leap year: a date that is not there every year is no reporting date.
constexpr absl::string_view kAnyYear = "2025-";
constexpr absl::string_view kLeapDay = "02-29";

void CheckReportingDate(const std::string& date, const std::string& path,
                        FieldChecks& checks) {
  if (date == kLeapDay) {
    checks.Add(path,
               "\"02-29\" is there in leap years only; name \"02-28\" or "
               "\"03-01\"");
  } else if (!Date::Parse(absl::StrCat(kAnyYear, date))) {
    checks.Add(path, absl::StrCat("\"", date,
                                  "\" is not a day of the year, as MM-DD"));
  }
}

void CheckReportingDates(const v1::Rule& rule, const std::string& path,
                         FieldChecks& checks) {
  const bool reports = rule.test_point() == v1::TEST_POINT_REPORTING_DATE;
  const auto& dates = rule.reporting_dates();
  const std::string field = absl::StrCat(path, ".reporting_dates");
  if (reports != !dates.empty()) {
    checks.Add(field,
               "is required for TEST_POINT_REPORTING_DATE and only there");
  }
  if (reports && Denies(rule.enforcement().mode())) {
    checks.Add(absl::StrCat(path, ".enforcement.mode"),
               "is tested on reporting dates only and can refuse nothing; "
               "report it");
  }
  if (reports && rule.window().has_per_order()) {
    checks.Add(
        absl::StrCat(path, ".test_point"),
        "does not go with window.per_order: each order is tested when it "
        "is recorded, and nothing adds up to report on");
  }
  if (dates.size() > limits::kMaxReportingDates) {
    checks.Add(field, absl::StrCat("has ", dates.size(), " dates, at most ",
                                   limits::kMaxReportingDates));
    return;
  }
  CheckDistinct(dates, field, checks);
  for (int i = 0; i < dates.size(); ++i) {
    const std::string at = absl::StrCat(field, "[", i, "]");
    CheckReportingDate(dates[i], at, checks);
    // Days of the year sort as text.
    if (i > 0 && dates[i] < dates[i - 1]) {
      checks.Add(at,
                 absl::StrCat("\"", dates[i], "\" comes after \"", dates[i - 1],
                              "\"; list the dates as they come in the year"));
    }
  }
}

}  // namespace

std::optional<Date> CompiledEnforcement::LastReportingDate(Date date) const {
  std::optional<Date> last;
  for (const int year : {date.year() - 1, date.year()}) {
    for (const std::string& day : reporting_dates) {
      const auto reporting = Date::Parse(absl::StrCat(year, "-", day));
      if (reporting && *reporting <= date) last = *reporting;
    }
  }
  return last;
}

std::vector<Date> CompiledEnforcement::ReportingDates(Date from,
                                                      Date to) const {
  std::vector<Date> dates;
  if (reporting_dates.empty()) return dates;
  for (int year = from.year(); year <= to.year(); ++year) {
    for (const std::string& day : reporting_dates) {
      const auto date = Date::Parse(absl::StrCat(year, "-", day));
      if (date && from <= *date && *date < to) dates.push_back(*date);
    }
  }
  return dates;
}

bool CompiledEnforcement::ReportsOn(Date date) const {
  return !ReportingDates(date, Date::FromDays(date.days() + 1)).empty();
}

void CheckEnforcement(const v1::Rule& rule, const std::string& path,
                      FieldChecks& checks) {
  const v1::Enforcement& enforcement = rule.enforcement();
  if (enforcement.mode() == v1::Enforcement::MODE_UNSPECIFIED ||
      !v1::Enforcement::Mode_IsValid(enforcement.mode())) {
    checks.Add(absl::StrCat(path, ".enforcement.mode"), "is required");
  }
  if (enforcement.mode() == v1::Enforcement::MODE_NOTIFY) {
    CheckAmount(enforcement.notify_at(), rule,
                absl::StrCat(path, ".enforcement.notify_at"), checks);
  } else if (!enforcement.notify_at().empty()) {
    checks.Add(absl::StrCat(path, ".enforcement.notify_at"),
               "goes with MODE_NOTIFY only");
  }
  if (!v1::TestPoint_IsValid(rule.test_point())) {
    checks.Add(absl::StrCat(path, ".test_point"),
               absl::StrCat(rule.test_point(), " is not a test point"));
  }
  CheckReportingDates(rule, path, checks);
  CheckSlugs(rule.required_conditions(), limits::kMaxConditionKindBytes,
             absl::StrCat(path, ".required_conditions"), checks);
  const std::string from = absl::StrCat(path, ".conditions_from");
  if (rule.conditions_from().empty()) return;
  CheckAmount(rule.conditions_from(), rule, from, checks);
  if (rule.required_conditions().empty()) {
    checks.Add(from, "goes with required_conditions only");
  }
  if (rule.accrual() == v1::ACCRUAL_LICENSED) {
    checks.Add(from,
               "does not go with ACCRUAL_LICENSED: a shipment adds nothing to "
               "what is licensed");
  }
}

CompiledEnforcement CompileEnforcement(const v1::Rule& rule) {
  CompiledEnforcement compiled{
      .mode = rule.enforcement().mode(),
      .test_point = rule.test_point(),
      .reporting_dates = {rule.reporting_dates().begin(),
                          rule.reporting_dates().end()},
      .required_conditions = {rule.required_conditions().begin(),
                              rule.required_conditions().end()}};
  if (compiled.mode == v1::Enforcement::MODE_NOTIFY) {
    // Checked at adoption.
    compiled.notify_at = *ParseAmount(rule.enforcement().notify_at(), rule);
  }
  if (!rule.conditions_from().empty()) {
    compiled.conditions_from = *ParseAmount(rule.conditions_from(), rule);
  }
  return compiled;
}

}  // namespace chipledger::domain
