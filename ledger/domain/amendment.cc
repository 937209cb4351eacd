#include "ledger/domain/amendment.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/check.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/policy_names.h"
#include "ledger/domain/rules/policy_change.h"

namespace chipledger::domain {
namespace {

// Checks that each rule that keeps its id can keep its totals.
void CheckTotalsKept(const CompiledPolicy& latest, const v1::Policy& policy,
                     FieldChecks& checks) {
  for (const RuleChange& change : ChangesOf(latest.adopted.policy(), policy)) {
    if (change.before == nullptr || change.after == nullptr) continue;
    const auto place =
        std::find_if(
            policy.rules().begin(), policy.rules().end(),
            [&](const v1::Rule& rule) { return &rule == change.after; }) -
        policy.rules().begin();
    for (const std::string& field : change.fields) {
      if (!MakesTotals(field)) continue;
      checks.Add(absl::StrCat("policy.rules[", place, "].", field),
                 absl::StrCat("differs from version ", latest.adopted.version(),
                              ", so \"", change.rule_id(),
                              "\" cannot keep its totals; give the changed "
                              "rule an id of its own"));
    }
  }
}

// The changes of one rule that make facts count otherwise.
std::string RecountText(const RuleChange& change) {
  if (change.before == nullptr) {
    return absl::StrCat("rule \"", change.rule_id(), "\" is new");
  }
  std::vector<std::string> fields;
  if (change.after != nullptr) {
    for (const std::string& field : change.fields) {
      if (SelectsFacts(field)) fields.push_back(field);
    }
  }
  return fields.empty()
             ? ""
             : absl::StrCat("rule \"", change.rule_id(), "\" changes ",
                            absl::StrJoin(fields, ", "));
}

// What a version and the one that follows it from `from` on count otherwise.
void AppendRecounts(const CompiledPolicy& version, const v1::Policy& policy,
                    std::set<std::string>& recounts) {
  const v1::Policy& before = version.adopted.policy();
  for (const RuleChange& change : ChangesOf(before, policy)) {
    const std::string text = RecountText(change);
    if (!text.empty()) recounts.insert(text);
  }
  const auto treatments = [](const v1::Policy& of) {
    v1::Policy only;
    *only.mutable_country_treatments() = of.country_treatments();
    return only.SerializeAsString();
  };
  if (treatments(before) != treatments(policy)) {
    recounts.insert("country_treatments change");
  }
}

// Checks that no fact that is recorded already would count otherwise.
absl::Status CheckNoRecount(const Registers& registers,
                            const v1::AmendPolicy& command) {
  const v1::Policy& policy = command.policy();
  const Date from = *Date::Parse(command.effective_date());
  const std::optional<Date> latest_fact = registers.latest_fact_date;
  if (!latest_fact || *latest_fact < from) return absl::OkStatus();
  std::set<std::string> recounts;
  Date covered = Date::Min();
  for (const auto& version : registers.catalog.policies) {
    if (version->policy_id() != policy.policy_id()) continue;
    covered = std::max(covered, version->to);
    if (std::max(version->from, from) < version->to) {
      AppendRecounts(*version, policy, recounts);
    }
  }
  const Date to = Date::ParseOr(policy.effective_to(), Date::Max());
  if (covered < to && *latest_fact >= covered) {
    recounts.insert(absl::StrCat("effective_to was ", covered.ToString()));
  }
  return recounts.empty()
             ? absl::OkStatus()
             : RecountNeeded(policy.policy_id(), command.effective_date(),
                             latest_fact->ToString(),
                             absl::StrJoin(recounts, "; "));
}

// Checks the dates of an amendment against the policy that it amends.
absl::Status CheckAmendmentDates(const CompiledPolicy& latest,
                                 const v1::AmendPolicy& command) {
  const v1::Policy& policy = command.policy();
  const std::string& begins = latest.adopted.policy().effective_from();
  if (policy.effective_from() != begins) {
    return InvalidFields(
        {{"policy.effective_from",
          absl::StrCat("\"", policy.effective_from(), "\" is not ", begins,
                       ", the policy's; effective_date says from when the "
                       "amendment holds")}});
  }
  // ISO dates sort as text.
  if (command.effective_date() < begins) {
    return WrongDate(
        "effective_date", command.effective_date(),
        absl::StrCat("is before the policy's effective_from, ", begins));
  }
  if (!policy.effective_to().empty() &&
      command.effective_date() >= policy.effective_to()) {
    return WrongDate("effective_date", command.effective_date(),
                     absl::StrCat("is not before the policy's effective_to, ",
                                  policy.effective_to()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckAmendment(const Registers& registers,
                            const v1::AmendPolicy& command) {
  const v1::Policy& policy = command.policy();
  const Catalog& catalog = registers.catalog;
  const CompiledPolicy* latest = catalog.FindLatestVersion(policy.policy_id());
  if (latest == nullptr) return PolicyNotFound(policy.policy_id());
  const std::string resource = absl::StrCat("policy ", policy.policy_id());
  if (!latest->adopted.rescinded_from().empty()) {
    return WrongStatus(
        resource,
        absl::StrCat("rescinded from ", latest->adopted.rescinded_from()),
        "in force");
  }
  if (catalog.FindPolicy(policy.policy_id())->IsBackfilling()) {
    return WrongStatus(resource, "counting the log", "counted in full");
  }
  RETURN_IF_ERROR(CheckAmendmentDates(*latest, command));
  FieldChecks checks;
  CheckNamesKnown(catalog, policy, "policy", checks);
  CheckTotalsKept(*latest, policy, checks);
  RETURN_IF_ERROR(checks.ToStatus());
  return CheckNoRecount(registers, command);
}

absl::StatusOr<Snapshot> WithAmendment(const Snapshot& snapshot,
                                       const v1::AmendPolicy& command) {
  v1::Command shape;
  *shape.mutable_amend_policy() = command;
  RETURN_IF_ERROR(CheckCommand(shape));
  RETURN_IF_ERROR(CheckAmendment(snapshot.registers, command));
  Snapshot amended = snapshot;
  v1::Event event;
  *event.mutable_policy_amended()->mutable_command() = command;
  RETURN_IF_ERROR(FoldCatalog(event, snapshot.size, amended.registers));
  return amended;
}

}  // namespace chipledger::domain
