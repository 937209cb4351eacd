// Deciding about policies.
#include <algorithm>
#include <cstddef>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/amendment.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/policy_names.h"
#include "ledger/domain/reports.h"

namespace chipledger::domain {

absl::Status DecideAdoptPolicy(v1::AdoptPolicy& command, Case& c) {
  const v1::Policy& policy = command.policy();
  const Catalog& catalog = c.state.catalog();
  if (const CompiledPolicy* known = catalog.FindPolicy(policy.policy_id())) {
    return PolicyExists(policy.policy_id(), known->adopted.index());
  }
  // Those that have ended burden no event of today.
  const auto standing =
      std::count_if(catalog.policies.begin(), catalog.policies.end(),
                    [&](const auto& adopted) { return adopted->to > c.today; });
  if (static_cast<size_t>(standing) >= limits::kMaxPolicies) {
    return InvalidFields(
        {{"policy", absl::StrCat("the ledger holds ", limits::kMaxPolicies,
                                 " policies in force or to come, no more fit; "
                                 "rescind one that no longer applies")}});
  }
  FieldChecks names;
  CheckNamesKnown(catalog, policy, "policy", names);
  RETURN_IF_ERROR(names.ToStatus());
  v1::PolicyAdopted& adopted = *c.event.mutable_policy_adopted();
  adopted.unsafe_arena_set_allocated_command(&command);
  if (HasReportingDates(policy)) adopted.set_reports_from(c.today.ToString());
  return absl::OkStatus();
}

absl::Status DecideAmendPolicy(v1::AmendPolicy& command, Case& c) {
  RETURN_IF_ERROR(CheckAmendment(c.state.registers(), command));
  v1::PolicyAmended& amended = *c.event.mutable_policy_amended();
  amended.unsafe_arena_set_allocated_command(&command);
  if (!HasReportingDates(command.policy())) return absl::OkStatus();
  // Reports go on where they were.
  const CompiledPolicy* latest =
      c.state.catalog().FindLatestVersion(command.policy().policy_id());
  amended.set_reports_from(latest->adopted.reports_from().empty()
                               ? c.today.ToString()
                               : latest->adopted.reports_from());
  return absl::OkStatus();
}

absl::Status DecideRescindPolicy(v1::RescindPolicy& command, Case& c) {
  // Its versions begin with the first and end with the last.
  const CompiledPolicy* first =
      c.state.catalog().FindPolicy(command.policy_id());
  if (first == nullptr) return PolicyNotFound(command.policy_id());
  const CompiledPolicy* policy =
      c.state.catalog().FindLatestVersion(command.policy_id());
  // A rescission can be followed by an earlier one, so that a mistyped date
  // does not keep a policy in force.
  const Date date = *Date::Parse(command.effective_date());
  if (date < first->from) {
    return WrongDate("effective_date", command.effective_date(),
                     absl::StrCat("is before the policy's effective_from, ",
                                  first->from.ToString()));
  }
  if (date >= policy->to) {
    return WrongDate("effective_date", command.effective_date(),
                     absl::StrCat("is not before the policy's end, ",
                                  policy->to.ToString()));
  }
  c.event.mutable_policy_rescinded()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
