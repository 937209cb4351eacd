// Policies made ready for deciding. A rule is a choice along seven dimensions,
// and each has a file of its own beside this one, which checks it at adoption,
// makes it ready and evaluates it.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/catalog.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/rules/enforcement.h"
#include "ledger/domain/rules/exemption.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/domain/rules/limit.h"
#include "ledger/domain/rules/measure.h"
#include "ledger/domain/rules/scope.h"
#include "ledger/domain/rules/total_key.h"
#include "ledger/domain/rules/window.h"

namespace chipledger::domain {

// Which rule made a total: the numbers of its policy and of itself in it. The
// versions of a policy that keep a rule share its totals.
struct TotalOwner {
  uint32_t policy = 0;
  uint32_t rule = 0;
  friend bool operator==(const TotalOwner&, const TotalOwner&) = default;
};

// A rule made ready. Immutable.
struct CompiledRule {
  // Its place in the policy.
  uint32_t number = 0;
  // Whose totals it moves: its own, or those of the version before.
  TotalOwner owner;
  std::string rule_id;
  std::string citation;
  CompiledMeasure measure;
  std::optional<CompiledItemFilter> items;
  v1::Accrual accrual = v1::ACCRUAL_UNSPECIFIED;
  // What the accrual does when a license ends or goods return.
  bool release_on_revocation = false;
  bool release_on_expiry = false;
  bool counts_back_returns = false;
  GroupKeys group_by;
  CompiledFactFilter where;
  CompiledWindow window;
  std::shared_ptr<const CompiledLimit> limit;
  std::vector<CompiledLimitCase> limit_cases;
  std::vector<CompiledExemption> exemptions;
  CompiledEnforcement enforcement;

  bool GroupsBy(v1::Scope::GroupBy key) const;
  TotalKey KeyOf(int32_t window_start, absl::string_view group) const {
    return {owner.policy, owner.rule, window_start, group};
  }
};

// A version of a policy made ready. Immutable.
struct CompiledPolicy {
  struct Treatment {
    std::string country;
    std::string treated_as;
    Date from = Date::Min();
  };
  // Its place in the order of adoptions and amendments.
  uint32_t number = 0;
  // As adopted or amended, with its standing.
  v1::AdoptedPolicy adopted;
  // [from, to), to the earliest of its own end, its rescission and the version
  // after it.
  Date from = Date::Min();
  Date to = Date::Max();
  std::vector<Treatment> treatments;
  std::vector<CompiledRule> rules;
  // The catalog whose groups and parties it counts by. Null: that of the state
  // it stands in.
  std::shared_ptr<const Catalog> counts_by;
  // As it counted the log before its adoption, whatever ended it since. Null:
  // as it is.
  std::shared_ptr<const CompiledPolicy> as_adopted;

  const std::string& policy_id() const { return adopted.policy().policy_id(); }
  bool InForceOn(Date date) const { return from <= date && date < to; }
  // Whether it is or was in force by a date.
  bool HoldsFrom(Date date) const { return from <= date && from < to; }
  // Whether the policy decides: it does not when it was adopted to report only,
  // nor while it still counts the log before its adoption.
  bool Decides() const {
    return adopted.mode() != v1::ADOPTION_MODE_REPORT_ONLY && !IsBackfilling();
  }
  bool IsBackfilling() const {
    return adopted.has_backfill() && !adopted.backfill().done();
  }
  // Whether it was adopted after an entry and has counted it since, or will.
  bool CountsAnew(uint64_t index) const {
    return adopted.has_backfill() && index < adopted.backfill().through_index();
  }
  // The country whose rules and totals a country shares on a date: itself
  // unless the policy treats it as another.
  absl::string_view Treated(absl::string_view country, Date date) const;
  const CompiledRule* FindRule(absl::string_view rule_id) const;
  // Returns the rule that moves the totals of a rule, or null.
  const CompiledRule* FindRule(const TotalOwner& owner) const;
};

// A rule and the version of a policy that it stands in. Borrows.
struct PlacedRule {
  const CompiledPolicy* policy = nullptr;
  const CompiledRule* rule = nullptr;
  friend bool operator==(const PlacedRule&, const PlacedRule&) = default;
};

// Checks a policy: shape, dates, amounts, ids, and that its rules do not
// contradict each other. Field paths start with `path` (such as "policy").
// Errors: INVALID_FIELD.
absl::Status CheckPolicy(const v1::Policy& policy, absl::string_view path);

// Makes an adopted policy ready, or an amended one: `before` is then the
// version that it amends. Requires: CheckPolicy accepts it.
std::shared_ptr<const CompiledPolicy> CompilePolicy(
    uint32_t number, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by = nullptr,
    const CompiledPolicy* before = nullptr);

// Makes the same version ready with another standing.
std::shared_ptr<const CompiledPolicy> WithStanding(
    const CompiledPolicy& policy, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_H_
