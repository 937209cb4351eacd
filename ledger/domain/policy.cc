#include "ledger/domain/policy.h"

#include <algorithm>
#include <utility>

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

template <typename T>
std::optional<int64_t> ToOptional(bool has, T value) {
  return has ? std::optional<int64_t>(value) : std::nullopt;
}

// Dates were checked at adoption.
Date ParsedDate(const std::string& text, Date when_unset) {
  return text.empty() ? when_unset : *Date::Parse(text);
}

CompiledItemFilter CompileItems(const v1::ItemFilter& filter) {
  return {.classifications = ToStrings(filter.classifications()),
          .product_codes = ToStrings(filter.product_codes()),
          .min_milli_tpp =
              ToOptional(filter.has_min_milli_tpp(), filter.min_milli_tpp()),
          .below_milli_tpp = ToOptional(filter.has_below_milli_tpp(),
                                        filter.below_milli_tpp()),
          .below_memory_bandwidth_mb_s =
              ToOptional(filter.has_below_memory_bandwidth_mb_s(),
                         filter.below_memory_bandwidth_mb_s())};
}

CompiledFactFilter CompileFacts(const v1::FactFilter& where) {
  return {.countries = ToStrings(where.destination_countries()),
          .groups = ToStrings(where.destination_groups()),
          .except_groups = ToStrings(where.except_destination_groups()),
          .license_ids = ToStrings(where.license_ids()),
          .headquarters_groups = ToStrings(where.headquarters_groups()),
          .except_headquarters_groups =
              ToStrings(where.except_headquarters_groups()),
          .exporters = ToStrings(where.exporters()),
          .consignees = ToStrings(where.consignees()),
          .end_users = ToStrings(where.end_users()),
          .ultimate_parents = ToStrings(where.ultimate_parents()),
          .authorization_kinds = {where.authorization_kinds().begin(),
                                  where.authorization_kinds().end()},
          .movements = {where.movements().begin(), where.movements().end()}};
}

CompiledExemption CompileExemption(const v1::Exemption& exemption) {
  CompiledExemption compiled;
  compiled.authorization_kinds.assign(exemption.authorization_kinds().begin(),
                                      exemption.authorization_kinds().end());
  if (exemption.has_items()) compiled.items = CompileItems(exemption.items());
  compiled.from = ParsedDate(exemption.from(), Date::Min());
  compiled.before = ParsedDate(exemption.before(), Date::Max());
  compiled.parties = ToStrings(exemption.parties());
  if (exemption.has_where()) compiled.where = CompileFacts(exemption.where());
  return compiled;
}

// A decimal in the measure's own unit as an amount.
int64_t AmountOf(const std::string& decimal, const CompiledRule& rule) {
  if (rule.measure == v1::MEASURE_REFERENCE_EQUIVALENT) {
    return *ParseDecimal(decimal, 0) * rule.reference_milli_tpp;
  }
  return *ParseDecimal(decimal, rule.Scale());
}

uint32_t PlaceOf(const std::string& rule_id, const v1::Policy& policy) {
  const auto& rules = policy.rules();
  const auto found =
      std::find_if(rules.begin(), rules.end(),
                   [&](const v1::Rule& r) { return r.rule_id() == rule_id; });
  return static_cast<uint32_t>(found - rules.begin());
}

CompiledLimit CompileLimit(const v1::Limit& limit, const v1::Policy& policy,
                           const CompiledRule& rule) {
  CompiledLimit compiled;
  compiled.kind = limit.kind_case();
  switch (limit.kind_case()) {
    case v1::Limit::kConstant:
      compiled.constant = AmountOf(limit.constant(), rule);
      break;
    case v1::Limit::kSchedule:
      for (const v1::Limit::Schedule::Step& step : limit.schedule().steps()) {
        compiled.steps.push_back(
            {.from = *Date::Parse(step.from()),
             .value = step.value() == "unknown"
                          ? std::nullopt
                          : std::optional(AmountOf(step.value(), rule))});
      }
      break;
    case v1::Limit::kScaled:
      compiled.of_rule = PlaceOf(limit.scaled().rule_id(), policy);
      compiled.numerator = limit.scaled().numerator();
      compiled.denominator = limit.scaled().denominator();
      break;
    case v1::Limit::kShare:
      compiled.of_rule = PlaceOf(limit.share().of_rule_id(), policy);
      compiled.numerator = limit.share().parts_per_million();
      compiled.denominator = 1'000'000;
      break;
    case v1::Limit::kPredicate:
      compiled.allowed = CompileItems(limit.predicate().allowed());
      break;
    case v1::Limit::kAuthorized:
      compiled.tolerance = limit.authorized().tolerance_basis_points();
      break;
    default:
      break;
  }
  return compiled;
}

void CompileScope(const v1::Scope& scope, CompiledRule& compiled) {
  for (const int key : scope.group_by()) {
    compiled.group_by.push_back(static_cast<v1::Scope::GroupBy>(key));
  }
  std::sort(compiled.group_by.begin(), compiled.group_by.end());
  compiled.where = CompileFacts(scope.where());
  // What the accrual says when the rule selects no movements.
  if (compiled.where.movements.empty() &&
      compiled.accrual == v1::ACCRUAL_EXPORTED) {
    compiled.where.movements = {v1::MOVEMENT_EXPORT, v1::MOVEMENT_REEXPORT};
  }
}

void CompileWindow(const v1::Window& window, CompiledRule& compiled) {
  compiled.window = window.kind_case();
  if (!window.has_fixed()) return;
  compiled.fixed.from = ParsedDate(window.fixed().from(), Date());
  compiled.fixed.to = ParsedDate(window.fixed().to(), Date());
  compiled.fixed.start_key = compiled.fixed.from.days();
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
  compiled.reference_milli_tpp = rule.reference().milli_tpp();
  if (rule.has_items()) compiled.items = CompileItems(rule.items());
  compiled.accrual = rule.accrual();
  CompileScope(rule.scope(), compiled);
  CompileWindow(rule.window(), compiled);
  compiled.limit = CompileLimit(rule.limit(), policy, compiled);
  for (const v1::LimitCase& limit_case : rule.limit_cases()) {
    compiled.limit_cases.push_back(
        {.where = CompileFacts(limit_case.where()),
         .limit = CompileLimit(limit_case.limit(), policy, compiled)});
  }
  for (const v1::Exemption& exemption : rule.exemptions()) {
    compiled.exemptions.push_back(CompileExemption(exemption));
  }
  compiled.mode = rule.enforcement().mode();
  if (compiled.mode == v1::Enforcement::MODE_NOTIFY) {
    compiled.notify_at = AmountOf(rule.enforcement().notify_at(), compiled);
  }
  compiled.test_point = rule.test_point();
  compiled.release_on_revocation =
      rule.revocation_effect() == v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED;
  compiled.release_on_expiry =
      rule.expiry_effect() == v1::EXPIRY_EFFECT_RELEASE_UNSHIPPED;
  compiled.counts_back_returns =
      rule.return_effect() == v1::RETURN_EFFECT_COUNT_BACK;
  compiled.required_conditions = ToStrings(rule.required_conditions());
  compiled.reporting_dates = ToStrings(rule.reporting_dates());
  std::sort(compiled.reporting_dates.begin(), compiled.reporting_dates.end());
  return compiled;
}

}  // namespace

bool CompiledItemFilter::Matches(const ItemTraits& item) const {
  if (!classifications.empty() &&
      !Contains(classifications, item.classification)) {
    return false;
  }
  if (!product_codes.empty() && !Contains(product_codes, item.product_code)) {
    return false;
  }
  if ((min_milli_tpp || below_milli_tpp) && !item.milli_tpp) return false;
  // TPP of all is compared with the bound of one, times their number: exact.
  const auto below = [&](int64_t bound) {
    return static_cast<__int128>(*item.milli_tpp) <
           static_cast<__int128>(bound) * item.gpus;
  };
  if (min_milli_tpp && below(*min_milli_tpp)) return false;
  if (below_milli_tpp && !below(*below_milli_tpp)) return false;
  return !below_memory_bandwidth_mb_s ||
         (item.memory_bandwidth_mb_s &&
          *item.memory_bandwidth_mb_s < *below_memory_bandwidth_mb_s);
}

bool CompiledRule::GroupsBy(v1::Scope::GroupBy key) const {
  return std::find(group_by.begin(), group_by.end(), key) != group_by.end();
}

std::optional<WindowSpan> CompiledRule::WindowOf(
    Date date, std::optional<Date> granted) const {
  switch (window) {
    case v1::Window::kFixed:
      if (date < fixed.from || date >= fixed.to) return std::nullopt;
      return fixed;
    case v1::Window::kCalendarYear: {
      const Date from = date.StartOfYear();
      return WindowSpan{
          .from = from, .to = date.StartOfNextYear(), .start_key = from.days()};
    }
    case v1::Window::kCalendarQuarter: {
      const Date from = date.StartOfQuarter();
      return WindowSpan{.from = from,
                        .to = date.StartOfNextQuarter(),
                        .start_key = from.days()};
    }
    case v1::Window::kValidityOfAuthorization:
      if (!granted) return std::nullopt;
      return WindowSpan{.from = *granted, .start_key = granted->days()};
    default:
      // For ever, or each order by itself.
      return WindowSpan{.open = true};
  }
}

std::string CompiledRule::WindowStartOf(int32_t start_key) const {
  return window == v1::Window::kOpen || window == v1::Window::kPerOrder
             ? std::string()
             : Date::FromDays(start_key).ToString();
}

std::optional<Date> CompiledRule::LastReportingDate(Date date) const {
  std::optional<Date> last;
  for (const int year : {date.year() - 1, date.year()}) {
    for (const std::string& day : reporting_dates) {
      const auto reporting = Date::Parse(std::to_string(year) + "-" + day);
      if (reporting && *reporting <= date) last = *reporting;
    }
  }
  return last;
}

absl::string_view CompiledPolicy::Treated(absl::string_view country,
                                          Date date) const {
  for (const Treatment& treatment : treatments) {
    if (treatment.country == country && treatment.from <= date) {
      return treatment.treated_as;
    }
  }
  return country;
}

const CompiledRule* CompiledPolicy::FindRule(absl::string_view rule_id) const {
  for (const CompiledRule& rule : rules) {
    if (rule.rule_id == rule_id) return &rule;
  }
  return nullptr;
}

std::shared_ptr<const CompiledPolicy> CompilePolicy(
    uint32_t number, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by) {
  auto compiled = std::make_shared<CompiledPolicy>();
  const v1::Policy& policy = adopted.policy();
  compiled->number = number;
  compiled->adopted = adopted;
  compiled->counts_by = std::move(counts_by);
  compiled->from = ParsedDate(policy.effective_from(), Date::Min());
  compiled->to = std::min(ParsedDate(policy.effective_to(), Date::Max()),
                          ParsedDate(adopted.rescinded_from(), Date::Max()));
  for (const v1::CountryTreatment& treatment : policy.country_treatments()) {
    compiled->treatments.push_back(
        {.country = treatment.country(),
         .treated_as = treatment.treated_as(),
         .from = ParsedDate(treatment.effective_from(), Date::Min())});
  }
  for (int i = 0; i < policy.rules_size(); ++i) {
    compiled->rules.push_back(
        CompileRule(static_cast<uint32_t>(i), policy, policy.rules(i)));
  }
  return compiled;
}

}  // namespace chipledger::domain
