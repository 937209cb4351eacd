// Deciding about reports on reporting dates.
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/reports.h"

namespace chipledger::domain {

absl::Status DecideReportTotals(v1::ReportTotals& command, Case& c) {
  const std::string& policy_id = command.policy_id();
  if (c.state.catalog().FindPolicy(policy_id) == nullptr) {
    return PolicyNotFound(policy_id);
  }
  // The next one only: so each date is reported once, and in order.
  const std::optional<DueReport> due =
      NextReport(c.state.registers(), policy_id, c.today);
  if (!due || due->date != ParsedDate(command.date())) {
    return WrongStatus(
        absl::StrCat("policy ", policy_id),
        due ? absl::StrCat("to be reported on through ", due->date.ToString())
            : "reported on through every date that is over",
        absl::StrCat("to be reported on through ", command.date()));
  }
  v1::TotalsReported& reported = *c.event.mutable_totals_reported();
  reported.unsafe_arena_set_allocated_command(&command);
  FillReport(c.state, *due, reported);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
