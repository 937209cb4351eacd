// Policies made ready for deciding. The only code that knows which parts of the
// policy language are evaluated.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_POLICY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_POLICY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"

namespace chipledger::domain {

// A half-open span of dates [from, to) and what names it.
struct WindowSpan {
  Date from = Date::Min();
  Date to = Date::Max();
  // Names the window in a TotalId: `from` in days, 0 for an open window.
  int32_t start_key = 0;
  bool open = false;
};

// Selects products; see v1::ItemFilter.
struct CompiledItemFilter {
  std::vector<std::string> classifications;
  std::vector<std::string> product_codes;
  bool Matches(absl::string_view classification,
               absl::string_view product_code) const;
};

// An exemption; see v1::Exemption.
struct CompiledExemption {
  std::vector<int> authorization_kinds;
  bool any_item = true;
  CompiledItemFilter items;
};

// A rule made ready. Immutable.
struct CompiledRule {
  // Its place in the policy.
  uint32_t number = 0;
  std::string rule_id;
  std::string citation;
  v1::Measure measure = v1::MEASURE_UNSPECIFIED;
  v1::Accrual accrual = v1::ACCRUAL_UNSPECIFIED;
  bool any_item = true;
  CompiledItemFilter items;
  bool group_by_country = false;
  bool group_by_license = false;
  std::vector<std::string> countries;
  std::vector<std::string> groups;
  std::vector<std::string> except_groups;
  std::vector<std::string> license_ids;
  v1::Window::KindCase window = v1::Window::KIND_NOT_SET;
  // For a fixed window.
  WindowSpan fixed;
  // In the measure's unit. Unset: no limit.
  std::optional<int64_t> limit;
  std::vector<CompiledExemption> exemptions;
  v1::Enforcement::Mode mode = v1::Enforcement::MODE_UNSPECIFIED;
  bool release_on_revocation = false;

  // Returns the window that a fact of this date belongs to, if any.
  std::optional<WindowSpan> WindowOf(Date date) const;
};

// A policy made ready. Immutable.
struct CompiledPolicy {
  // Its place in the order of adoption.
  uint32_t number = 0;
  // As adopted, with its standing.
  v1::AdoptedPolicy adopted;
  // [from, to), to the earlier of its own end and its rescission.
  Date from = Date::Min();
  Date to = Date::Max();
  std::vector<CompiledRule> rules;

  const std::string& policy_id() const { return adopted.policy().policy_id(); }
  bool InForceOn(Date date) const { return from <= date && date < to; }
  // Whether an exceeded limit of the rule refuses.
  bool Refuses(const CompiledRule& rule) const {
    return adopted.mode() != v1::ADOPTION_MODE_REPORT_ONLY &&
           rule.mode == v1::Enforcement::MODE_REFUSE;
  }
  const CompiledRule* FindRule(absl::string_view rule_id) const;
};

// Checks a policy: shape, dates, amounts, ids, and that every part it uses is
// evaluated. Field paths start with `path` (such as "policy").
// Errors: INVALID_FIELD, POLICY_PART_NOT_EVALUATED.
absl::Status CheckPolicy(const v1::Policy& policy, absl::string_view path);

// Makes an adopted policy ready. Requires: CheckPolicy accepts it.
std::shared_ptr<const CompiledPolicy> CompilePolicy(
    uint32_t number, const v1::AdoptedPolicy& adopted);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_POLICY_H_
