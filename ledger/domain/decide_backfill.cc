// Deciding about the totals that a policy adopted late counts from the log.
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {

absl::Status DecideRecordBackfill(v1::RecordBackfill& command, Case& c) {
  const std::string& policy_id = command.policy_id();
  const CompiledPolicy* policy = c.state.catalog().FindPolicy(policy_id);
  if (policy == nullptr) return PolicyNotFound(policy_id);
  const std::string resource = absl::StrCat("policy ", policy_id);
  if (!policy->IsBackfilling()) {
    return WrongStatus(resource, "counted in full", "counting the log");
  }
  const uint32_t parts = policy->adopted.backfill().parts();
  if (command.part() != parts) {
    return WrongStatus(resource, absl::StrCat("at part ", parts),
                       absl::StrCat("at part ", command.part()));
  }
  for (const v1::RecordBackfill::Amount& amount : command.amounts()) {
    if (policy->FindRule(amount.rule_id()) == nullptr) {
      return RuleNotFound(policy_id, amount.rule_id());
    }
  }
  c.event.mutable_backfill_recorded()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
