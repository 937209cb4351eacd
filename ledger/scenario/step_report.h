// The differences of one step.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_STEP_REPORT_H_
#define CHIPLEDGER_LEDGER_SCENARIO_STEP_REPORT_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/scenario/v1/scenario.pb.h"
#include "chipledger/v1/common.pb.h"

namespace chipledger::scenarios {

// How many decimals the amounts of a measure have.
int ScaleOf(v1::Measure measure);

// A limit or what is left of it.
struct LimitedAmount {
  // Unset: there is none, or it is not known.
  std::optional<int64_t> amount;
  // Says which of the two.
  bool unknown = false;
};

// StepReport collects differences. What a scenario leaves empty is not
// compared.
//
// Thread-safety: thread-compatible.
class StepReport {
 public:
  // Returns the line on which a field of the expectation stands, by its path
  // from there, such as "accepted.violations[0]"; 0 when it is not known.
  using LineOf = std::function<int(absl::string_view path)>;

  // Adds to `failure`, which must outlive this.
  StepReport(scenario::v1::Report::Failure& failure, LineOf line_of)
      : failure_(failure), line_of_(std::move(line_of)) {}

  // Which field of the expectation is compared from now on.
  void LookAt(std::string path) { path_ = std::move(path); }

  void Differ(absl::string_view what, absl::string_view expected,
              absl::string_view actual);
  void CompareText(absl::string_view what, absl::string_view expected,
                   absl::string_view actual);
  // Compares a part of a text.
  void CompareContains(absl::string_view what, absl::string_view expected,
                       absl::string_view actual);
  // Compares a decimal. What is none is named as such.
  void CompareAmount(absl::string_view what, absl::string_view expected,
                     int64_t actual, int scale);
  // Compares a decimal, "none" or "unknown".
  void CompareLimited(absl::string_view what, absl::string_view expected,
                      LimitedAmount actual, int scale);
  // Compares a number that may be left out, such as std::optional's or
  // protobuf's.
  template <typename Number>
  void CompareNumber(absl::string_view what, bool wanted, Number expected,
                     Number actual) {
    if (wanted && expected != actual) {
      Differ(what, absl::StrCat(expected), absl::StrCat(actual));
    }
  }

 private:
  scenario::v1::Report::Failure& failure_;
  const LineOf line_of_;
  std::string path_;
};

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_STEP_REPORT_H_
