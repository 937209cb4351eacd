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
#include "ledger/domain/fact_dates.h"
#include "ledger/domain/policy_names.h"
#include "ledger/domain/rules/policy_change.h"
#include "ledger/domain/rules/scope.h"

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

// Whether a rule could count a fact of a country; `rule` may be null.
bool CouldCount(const Catalog& catalog, const CompiledPolicy& policy,
                const CompiledRule* rule, const DatedCountry& fact) {
  return rule != nullptr && SelectsDestination(catalog, policy, rule->where,
                                               fact.country, fact.date);
}

// Recount finds what facts from a date on would count otherwise. Borrows.
class Recount {
 public:
  Recount(const Registers& registers, const CompiledPolicy& amended, Date from)
      : catalog_(registers.catalog),
        amended_(amended),
        facts_(CountriesWithFactsFrom(registers.fact_dates, from)) {}

  // Compares with a version that the amendment follows or ends.
  void Compare(const CompiledPolicy& version) {
    const v1::Policy& before = version.adopted.policy();
    const v1::Policy& after = amended_.adopted.policy();
    for (const RuleChange& change : ChangesOf(before, after)) {
      const std::string text = TextOf(change);
      if (text.empty()) continue;
      const CompiledRule* was = version.FindRule(change.rule_id());
      const CompiledRule* is = amended_.FindRule(change.rule_id());
      AddIfAny(text, [&](const DatedCountry& fact) {
        return CouldCount(catalog_, version, was, fact) ||
               CouldCount(catalog_, amended_, is, fact);
      });
    }
    AddIfAny("country_treatments change", [&](const DatedCountry& fact) {
      return version.Treated(fact.country, fact.date) !=
             amended_.Treated(fact.country, fact.date);
    });
  }

  // The policy ended on a date, and ends later now.
  void Extend(Date ended, Date ends) {
    AddIfAny(absl::StrCat("effective_to was ", ended.ToString()),
             [&](const DatedCountry& fact) {
               return ended <= fact.date && fact.date < ends;
             });
  }

  const std::set<std::string>& changes() const { return changes_; }

 private:
  // A change of one rule that makes facts count otherwise.
  static std::string TextOf(const RuleChange& change) {
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

  // Adds a change with the first fact that it concerns, if there is one.
  template <typename Concerns>
  void AddIfAny(absl::string_view text, Concerns&& concerns) {
    const auto fact = std::find_if(facts_.begin(), facts_.end(), concerns);
    if (fact == facts_.end()) return;
    changes_.insert(absl::StrCat(text, ", and there is a fact of ",
                                 fact->country, " on ", fact->date.ToString()));
  }

  const Catalog& catalog_;
  const CompiledPolicy& amended_;
  const std::vector<DatedCountry> facts_;
  std::set<std::string> changes_;
};

// Checks that no fact that is recorded already would count otherwise.
absl::Status CheckNoRecount(const Registers& registers,
                            const v1::AmendPolicy& command) {
  const Date from = *Date::Parse(command.effective_date());
  const std::optional<Date> latest_fact = registers.latest_fact_date;
  if (!latest_fact || *latest_fact < from) return absl::OkStatus();
  v1::AdoptedPolicy adopted;
  *adopted.mutable_policy() = command.policy();
  const auto amended = CompilePolicy(0, adopted);
  Recount recount(registers, *amended, from);
  Date covered = Date::Min();
  for (const auto& version : registers.catalog.policies) {
    if (version->policy_id() != command.policy().policy_id()) continue;
    covered = std::max(covered, version->to);
    if (std::max(version->from, from) < version->to) {
      recount.Compare(*version);
    }
  }
  recount.Extend(covered,
                 Date::ParseOr(command.policy().effective_to(), Date::Max()));
  return recount.changes().empty()
             ? absl::OkStatus()
             : RecountNeeded(command.policy().policy_id(),
                             command.effective_date(), latest_fact->ToString(),
                             absl::StrJoin(recount.changes(), "; "));
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
                                       const v1::DiffPolicyRequest& request) {
  v1::PolicyFile unknown;
  *unknown.mutable_parties() = request.parties();
  for (const v1::ChangeCountryGroup& group : request.country_groups()) {
    if (snapshot.catalog().groups.Find(group.group_id()) == nullptr) {
      *unknown.add_country_groups() = group;
    }
  }
  Snapshot amended = snapshot;
  RETURN_IF_ERROR(FoldPolicyFile(unknown, snapshot.size, amended.registers));
  v1::Command shape;
  *shape.mutable_amend_policy() = request.command();
  RETURN_IF_ERROR(CheckCommand(shape));
  RETURN_IF_ERROR(CheckAmendment(amended.registers, request.command()));
  v1::Event event;
  *event.mutable_policy_amended()->mutable_command() = request.command();
  RETURN_IF_ERROR(FoldCatalog(event, snapshot.size, amended.registers));
  return amended;
}

}  // namespace chipledger::domain
