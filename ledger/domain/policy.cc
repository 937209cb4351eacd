#include "ledger/domain/policy.h"

#include <algorithm>

#include "ledger/base/decimal.h"

namespace chipledger::domain {
namespace {

bool Contains(const std::vector<std::string>& list, absl::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

template <typename List>
std::vector<std::string> ToStrings(const List& list) {
  return {list.begin(), list.end()};
}

// Dates were checked at adoption.
Date ParsedDate(const std::string& text, Date when_unset) {
  return text.empty() ? when_unset : *Date::Parse(text);
}

CompiledItemFilter CompileItems(const v1::ItemFilter& filter) {
  return {.classifications = ToStrings(filter.classifications()),
          .product_codes = ToStrings(filter.product_codes())};
}

CompiledExemption CompileExemption(const v1::Exemption& exemption) {
  CompiledExemption compiled;
  compiled.authorization_kinds.assign(exemption.authorization_kinds().begin(),
                                      exemption.authorization_kinds().end());
  compiled.any_item = !exemption.has_items();
  compiled.items = CompileItems(exemption.items());
  return compiled;
}

std::optional<int64_t> CompileLimit(const v1::Rule& rule) {
  if (rule.limit().has_none()) return std::nullopt;
  if (rule.limit().has_zero()) return 0;
  return ParseDecimal(rule.limit().constant(),
                      rule.measure() == v1::MEASURE_TPP ? 3 : 0);
}

CompiledRule CompileRule(uint32_t number, const v1::Policy& policy,
                         const v1::Rule& rule) {
  CompiledRule compiled;
  compiled.number = number;
  compiled.rule_id = rule.rule_id();
  compiled.citation = rule.provenance().citation().empty()
                          ? policy.provenance().citation()
                          : rule.provenance().citation();
  compiled.measure = rule.measure();
  compiled.accrual = rule.accrual();
  compiled.any_item = !rule.has_items();
  compiled.items = CompileItems(rule.items());
  for (const int key : rule.scope().group_by()) {
    if (key == v1::Scope::GROUP_BY_DESTINATION_COUNTRY) {
      compiled.group_by_country = true;
    }
    if (key == v1::Scope::GROUP_BY_LICENSE) compiled.group_by_license = true;
  }
  const v1::FactFilter& where = rule.scope().where();
  compiled.countries = ToStrings(where.destination_countries());
  compiled.groups = ToStrings(where.destination_groups());
  compiled.except_groups = ToStrings(where.except_destination_groups());
  compiled.license_ids = ToStrings(where.license_ids());
  compiled.window = rule.window().kind_case();
  if (rule.window().has_fixed()) {
    compiled.fixed.from = ParsedDate(rule.window().fixed().from(), Date());
    compiled.fixed.to = ParsedDate(rule.window().fixed().to(), Date());
    compiled.fixed.start_key = compiled.fixed.from.days();
  }
  compiled.limit = CompileLimit(rule);
  for (const v1::Exemption& exemption : rule.exemptions()) {
    compiled.exemptions.push_back(CompileExemption(exemption));
  }
  compiled.mode = rule.enforcement().mode();
  compiled.release_on_revocation =
      rule.revocation_effect() == v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED;
  return compiled;
}

}  // namespace

bool CompiledItemFilter::Matches(absl::string_view classification,
                                 absl::string_view product_code) const {
  return (classifications.empty() ||
          Contains(classifications, classification)) &&
         (product_codes.empty() || Contains(product_codes, product_code));
}

std::optional<WindowSpan> CompiledRule::WindowOf(Date date) const {
  switch (window) {
    case v1::Window::kFixed:
      if (date < fixed.from || date >= fixed.to) return std::nullopt;
      return fixed;
    case v1::Window::kCalendarYear: {
      const Date from = date.StartOfYear();
      return WindowSpan{.from = from,
                        .to = date.StartOfNextYear(),
                        .start_key = from.days(),
                        .open = false};
    }
    default:
      // CheckPolicy accepts no other kind but open.
      return WindowSpan{.open = true};
  }
}

const CompiledRule* CompiledPolicy::FindRule(absl::string_view rule_id) const {
  for (const CompiledRule& rule : rules) {
    if (rule.rule_id == rule_id) return &rule;
  }
  return nullptr;
}

std::shared_ptr<const CompiledPolicy> CompilePolicy(
    uint32_t number, const v1::AdoptedPolicy& adopted) {
  auto compiled = std::make_shared<CompiledPolicy>();
  const v1::Policy& policy = adopted.policy();
  compiled->number = number;
  compiled->adopted = adopted;
  compiled->from = ParsedDate(policy.effective_from(), Date::Min());
  compiled->to = std::min(ParsedDate(policy.effective_to(), Date::Max()),
                          ParsedDate(adopted.rescinded_from(), Date::Max()));
  for (int i = 0; i < policy.rules_size(); ++i) {
    compiled->rules.push_back(
        CompileRule(static_cast<uint32_t>(i), policy, policy.rules(i)));
  }
  return compiled;
}

}  // namespace chipledger::domain
