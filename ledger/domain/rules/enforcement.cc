#include "ledger/domain/rules/enforcement.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ledger/base/limits.h"
#include "ledger/domain/rules/check_lists.h"
#include "ledger/domain/rules/measure.h"

namespace chipledger::domain {
namespace {

// A leap year, so that "02-29" can be a reporting date.
constexpr absl::string_view kLeapYear = "2024-";

void CheckReportingDates(const v1::Rule& rule, const std::string& path,
                         FieldChecks& checks) {
  const bool reports = rule.test_point() == v1::TEST_POINT_REPORTING_DATE;
  if (reports != !rule.reporting_dates().empty()) {
    checks.Add(absl::StrCat(path, ".reporting_dates"),
               "is required for TEST_POINT_REPORTING_DATE and only there");
  }
  if (reports && Denies(rule.enforcement().mode())) {
    checks.Add(absl::StrCat(path, ".enforcement.mode"),
               "is tested on reporting dates only and can refuse nothing; "
               "report it");
  }
  CheckDistinct(rule.reporting_dates(), absl::StrCat(path, ".reporting_dates"),
                checks);
  for (int i = 0; i < rule.reporting_dates_size(); ++i) {
    if (!Date::Parse(absl::StrCat(kLeapYear, rule.reporting_dates(i)))) {
      checks.Add(absl::StrCat(path, ".reporting_dates[", i, "]"),
                 absl::StrCat("\"", rule.reporting_dates(i),
                              "\" is not a day of the year, as MM-DD"));
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
  std::sort(compiled.reporting_dates.begin(), compiled.reporting_dates.end());
  return compiled;
}

}  // namespace chipledger::domain
