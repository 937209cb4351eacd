// Policies made ready for deciding. The only code that knows how parts of the
// policy language are written.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_POLICY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/group_key.h"

namespace chipledger::domain {

struct Catalog;

// A half-open span of dates [from, to) and what names it.
struct WindowSpan {
  Date from = Date::Min();
  Date to = Date::Max();
  // Names the window in a TotalKey: `from` in days, 0 for one without a start.
  int32_t start_key = 0;
  bool open = false;
};

// What item filters look at. Borrows.
struct ItemTraits {
  absl::string_view classification;
  // Empty for declared compute.
  absl::string_view product_code;
  // TPP of `gpus` GPUs together; unset: not known.
  std::optional<int64_t> milli_tpp;
  int64_t gpus = 1;
  // Of one GPU; unset: not known.
  std::optional<int64_t> memory_bandwidth_mb_s;
};

// Selects items; see v1::ItemFilter.
struct CompiledItemFilter {
  std::vector<std::string> classifications;
  std::vector<std::string> product_codes;
  std::optional<int64_t> min_milli_tpp;
  std::optional<int64_t> below_milli_tpp;
  std::optional<int64_t> below_memory_bandwidth_mb_s;

  bool Matches(const ItemTraits& item) const;
};

// Selects facts; see v1::FactFilter.
struct CompiledFactFilter {
  std::vector<std::string> countries;
  std::vector<std::string> groups;
  std::vector<std::string> except_groups;
  std::vector<std::string> license_ids;
  std::vector<std::string> headquarters_groups;
  std::vector<std::string> except_headquarters_groups;
  std::vector<std::string> exporters;
  std::vector<std::string> consignees;
  std::vector<std::string> end_users;
  std::vector<std::string> ultimate_parents;
  std::vector<int> authorization_kinds;
  std::vector<int> movements;
};

// An exemption; see v1::Exemption.
struct CompiledExemption {
  std::vector<int> authorization_kinds;
  std::optional<CompiledItemFilter> items;
  // [from, before).
  Date from = Date::Min();
  Date before = Date::Max();
  std::vector<std::string> parties;
  std::optional<CompiledFactFilter> where;
};

// A limit; see v1::Limit. Which fields hold depends on the kind.
struct CompiledLimit {
  struct Step {
    Date from;
    // In the measure's unit. Unset: not known.
    std::optional<int64_t> value;
  };
  v1::Limit::KindCase kind = v1::Limit::KIND_NOT_SET;
  // kConstant, and 0 for kZero and kPredicate.
  int64_t constant = 0;
  // kSchedule, ascending.
  std::vector<Step> steps;
  // kScaled, kShare: the other rule's place in the policy. For kScaled the rule
  // itself stands for its limit outside its cases.
  uint32_t of_rule = 0;
  int64_t numerator = 0;
  int64_t denominator = 1;
  // kPredicate.
  CompiledItemFilter allowed;
  // kAuthorized, in basis points.
  int64_t tolerance = 0;
};

// A limit of some destinations; see v1::LimitCase.
struct CompiledLimitCase {
  CompiledFactFilter where;
  CompiledLimit limit;
};

// A rule made ready. Immutable.
struct CompiledRule {
  // Its place in the policy.
  uint32_t number = 0;
  std::string rule_id;
  std::string citation;
  v1::Measure measure = v1::MEASURE_UNSPECIFIED;
  // For MEASURE_REFERENCE_EQUIVALENT.
  int64_t reference_milli_tpp = 0;
  std::optional<CompiledItemFilter> items;
  v1::Accrual accrual = v1::ACCRUAL_UNSPECIFIED;
  GroupKeys group_by;
  CompiledFactFilter where;
  v1::Window::KindCase window = v1::Window::KIND_NOT_SET;
  // For a fixed window.
  WindowSpan fixed;
  CompiledLimit limit;
  std::vector<CompiledLimitCase> limit_cases;
  std::vector<CompiledExemption> exemptions;
  v1::Enforcement::Mode mode = v1::Enforcement::MODE_UNSPECIFIED;
  // For MODE_NOTIFY.
  int64_t notify_at = 0;
  v1::TestPoint test_point = v1::TEST_POINT_UNSPECIFIED;
  bool release_on_revocation = false;
  bool release_on_expiry = false;
  bool counts_back_returns = false;
  std::vector<std::string> required_conditions;
  // Days of the year as "MM-DD", ascending.
  std::vector<std::string> reporting_dates;

  bool GroupsBy(v1::Scope::GroupBy key) const;
  // Whether amounts are milli-TPP.
  bool MeasuresTpp() const {
    return measure == v1::MEASURE_TPP ||
           measure == v1::MEASURE_REFERENCE_EQUIVALENT;
  }
  // Decimals of an amount in the measure's own unit: 3 for milli-TPP, else 0.
  int Scale() const { return MeasuresTpp() ? 3 : 0; }
  // Returns the window that a fact of this date belongs to, if any. For the
  // validity of an authorization `granted` is its grant date; unset: the fact
  // has none, and belongs to no window.
  std::optional<WindowSpan> WindowOf(Date date,
                                     std::optional<Date> granted) const;
  // The first date of a window as evidence names it; empty for those without.
  std::string WindowStartOf(int32_t start_key) const;
  // The last reporting date not after a date, if the rule has any.
  std::optional<Date> LastReportingDate(Date date) const;
};

// A policy made ready. Immutable.
struct CompiledPolicy {
  struct Treatment {
    std::string country;
    std::string treated_as;
    Date from = Date::Min();
  };
  // Its place in the order of adoption.
  uint32_t number = 0;
  // As adopted, with its standing.
  v1::AdoptedPolicy adopted;
  // [from, to), to the earlier of its own end and its rescission.
  Date from = Date::Min();
  Date to = Date::Max();
  std::vector<Treatment> treatments;
  std::vector<CompiledRule> rules;
  // The catalog whose groups and parties it counts by. Null: that of the state
  // it stands in.
  std::shared_ptr<const Catalog> counts_by;

  const std::string& policy_id() const { return adopted.policy().policy_id(); }
  bool InForceOn(Date date) const { return from <= date && date < to; }
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
};

// Checks a policy: shape, dates, amounts, ids, and that its rules do not
// contradict each other. Field paths start with `path` (such as "policy").
// Errors: INVALID_FIELD.
absl::Status CheckPolicy(const v1::Policy& policy, absl::string_view path);

// Makes an adopted policy ready. Requires: CheckPolicy accepts it.
std::shared_ptr<const CompiledPolicy> CompilePolicy(
    uint32_t number, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by = nullptr);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_POLICY_H_
