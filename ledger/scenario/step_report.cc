#include "ledger/scenario/step_report.h"

#include "absl/strings/match.h"
#include "ledger/base/decimal.h"

namespace chipledger::scenarios {

int ScaleOf(v1::Measure measure) {
  switch (measure) {
    case v1::MEASURE_TPP:
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return 3;
    default:
      return 0;
  }
}

void StepReport::Differ(absl::string_view what, absl::string_view expected,
                        absl::string_view actual) {
  scenario::v1::Report::Difference& difference = *failure_.add_differences();
  difference.set_what(std::string(what));
  difference.set_expected(std::string(expected));
  difference.set_actual(std::string(actual));
  difference.set_line(line_of_(path_));
}

void StepReport::CompareText(absl::string_view what, absl::string_view expected,
                             absl::string_view actual) {
  if (!expected.empty() && expected != actual) Differ(what, expected, actual);
}

void StepReport::CompareContains(absl::string_view what,
                                 absl::string_view expected,
                                 absl::string_view actual) {
  if (!absl::StrContains(actual, expected)) {
    Differ(what, absl::StrCat("... ", expected, " ..."), actual);
  }
}

void StepReport::CompareAmount(absl::string_view what,
                               absl::string_view expected, int64_t actual,
                               int scale) {
  CompareLimited(what, expected, {actual}, scale);
}

void StepReport::CompareLimited(absl::string_view what,
                                absl::string_view expected,
                                LimitedAmount actual, int scale) {
  if (expected.empty()) return;
  const bool same = actual.amount.has_value()
                        ? ParseDecimal(expected, scale) == actual.amount
                        : expected == (actual.unknown ? "unknown" : "none");
  if (same) return;
  const bool can_be = ParseDecimal(expected, scale).has_value() ||
                      expected == "none" || expected == "unknown";
  Differ(what,
         can_be
             ? std::string(expected)
             : absl::StrCat(expected, ", which is no number, none or unknown"),
         actual.amount.has_value() ? FormatDecimal(*actual.amount, scale)
         : actual.unknown          ? "unknown"
                                   : "none");
}

}  // namespace chipledger::scenarios
