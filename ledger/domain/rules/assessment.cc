// Gathering what an event adds to totals. judge.cc evaluates it.
#include "ledger/domain/rules/assessment.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/rules/measure.h"
#include "ledger/domain/rules/scope.h"

namespace chipledger::domain {
namespace {

std::optional<Measured> MeasureItem(const CompiledRule& rule,
                                    const CountedItem& item) {
  return item.declared != nullptr ? Measure(rule.measure, *item.declared)
                                  : Measure(rule.measure, item.ToMeasure());
}

size_t NumberOfItems(absl::Span<const Fact> facts) {
  size_t items = 0;
  for (const Fact& fact : facts) items += fact.items.size();
  return items;
}

// The window that units of a charge count in when they move by a date: receipts
// and the installed base are dated by the movement, all else by the charge.
std::optional<int32_t> WindowOf(const CompiledRule& rule, const Charge& charge,
                                v1::Balance balance, Date date) {
  const bool by_movement = balance == v1::BALANCE_USED &&
                           (charge.accrual == v1::ACCRUAL_RECEIVED ||
                            charge.accrual == v1::ACCRUAL_INSTALLED_NET) &&
                           !rule.window.IsOfAuthorization();
  if (!by_movement) return charge.window_start;
  const auto span = rule.window.Of(date, std::nullopt);
  if (!span) return std::nullopt;
  return span->start_key;
}

bool RequiresConditions(const CompiledRule& rule, Occasion occasion) {
  return !rule.enforcement.required_conditions.empty() &&
         (occasion == Occasion::kShipment ||
          occasion == Occasion::kReservation);
}

// The first item of a fact that a rule counts, or null.
const CountedItem* FirstCounted(const Catalog& catalog,
                                const CompiledPolicy& policy,
                                const CompiledRule& rule, const Fact& fact) {
  const auto item = std::find_if(
      fact.items.begin(), fact.items.end(), [&](const CountedItem& i) {
        return CountsItem(catalog, policy, rule, fact, i);
      });
  return item == fact.items.end() ? nullptr : &*item;
}

// The group of that one. Requires: there is one.
std::string FirstGroupOf(const Catalog& catalog, const CompiledPolicy& policy,
                         const CompiledRule& rule, const Fact& fact) {
  return GroupOf(catalog, policy, rule, fact,
                 FirstCounted(catalog, policy, rule, fact));
}

// Adds conditions to those of other items and facts, each once.
template <typename UnmetConditions>
void AddUnmet(const UnmetConditions& more, UnmetConditions& unmet) {
  for (const auto& one : more) {
    const bool known =
        std::any_of(unmet.begin(), unmet.end(), [&](const auto& other) {
          return *other.kind == *one.kind && other.license_id == one.license_id;
        });
    if (!known) unmet.push_back(one);
  }
}

}  // namespace

// A condition of a rule that counts nothing on this occasion is reported.
constexpr Assessment::Part Assessment::kOnlyReported{
    v1::BALANCE_NONE, Test::kNothing, false, false};

std::optional<Assessment::Part> Assessment::PartOf(const CompiledRule& rule,
                                                   Occasion occasion,
                                                   Test test) {
  const bool licensed = rule.accrual == v1::ACCRUAL_LICENSED;
  const auto tested_at = [&](v1::TestPoint point) {
    return rule.enforcement.test_point == point ||
           (rule.enforcement.test_point == v1::TEST_POINT_UNSPECIFIED &&
            licensed == (point == v1::TEST_POINT_GRANT));
  };
  const auto test_at = [&](v1::TestPoint point) {
    return tested_at(point) ? test : Test::kNothing;
  };
  switch (occasion) {
    case Occasion::kGrant:
      if (licensed) {
        return Part{v1::BALANCE_USED, test_at(v1::TEST_POINT_GRANT), true,
                    true};
      }
      if (!tested_at(v1::TEST_POINT_GRANT)) return std::nullopt;
      return Part{v1::BALANCE_NONE, test, true, false};
    case Occasion::kShipment:
    case Occasion::kReservation: {
      if (licensed) {
        if (!tested_at(v1::TEST_POINT_SHIPMENT)) return std::nullopt;
        return Part{v1::BALANCE_NONE,
                    test == Test::kLimit ? Test::kStanding : test, false,
                    false};
      }
      const bool exported = rule.accrual == v1::ACCRUAL_EXPORTED;
      const bool used = exported && occasion == Occasion::kShipment;
      return Part{used ? v1::BALANCE_USED : v1::BALANCE_RESERVED,
                  test_at(v1::TEST_POINT_SHIPMENT), true,
                  occasion == Occasion::kShipment &&
                      (!exported || rule.counts_back_returns)};
    }
    case Occasion::kInstalled:
    case Occasion::kDiversion:
      if (rule.accrual != v1::ACCRUAL_INSTALLED_NET) return std::nullopt;
      return Part{v1::BALANCE_USED, test, true,
                  occasion == Occasion::kDiversion};
  }
  return std::nullopt;
}

bool Assessment::LooksAt(const CompiledRule& rule, Occasion occasion) {
  return PartOf(rule, occasion, Test::kLimit).has_value() ||
         RequiresConditions(rule, occasion);
}

absl::Status Assessment::Count(absl::Span<const Fact> facts, Occasion occasion,
                               Test test) {
  items_ = NumberOfItems(facts);
  RuleIndex::Rules rules;
  for (const Fact& fact : facts) {
    RuleIndex::Rules more = state_.RulesOn(fact.date).Match(fact);
    if (rules.empty()) {
      rules = std::move(more);
    } else {
      rules.insert(rules.end(), more.begin(), more.end());
    }
  }
  if (facts.size() > 1) {
    std::sort(rules.begin(), rules.end(), ComesBefore);
    rules.erase(std::unique(rules.begin(), rules.end()), rules.end());
  }
  for (const auto& [policy, rule] : rules) {
    RETURN_IF_ERROR(
        CountRule(policy->counts_by ? *policy->counts_by : state_.catalog(),
                  *policy, *rule, facts, occasion, test));
  }
  return absl::OkStatus();
}

absl::Status Assessment::CountUnder(const Catalog& catalog,
                                    const CompiledPolicy& policy,
                                    absl::Span<const Fact> facts,
                                    Occasion occasion, Test test) {
  items_ = NumberOfItems(facts);
  const bool any_in_force =
      std::any_of(facts.begin(), facts.end(),
                  [&](const Fact& f) { return policy.InForceOn(f.date); });
  if (!any_in_force) return absl::OkStatus();
  for (const CompiledRule& rule : policy.rules) {
    RETURN_IF_ERROR(CountRule(catalog, policy, rule, facts, occasion, test));
  }
  return absl::OkStatus();
}

absl::Status Assessment::CountRule(const Catalog& catalog,
                                   const CompiledPolicy& policy,
                                   const CompiledRule& rule,
                                   absl::Span<const Fact> facts,
                                   Occasion occasion, Test test) {
  const std::optional<Part> part = PartOf(rule, occasion, test);
  const bool has_conditions = RequiresConditions(rule, occasion);
  if (!part && !has_conditions) return absl::OkStatus();
  for (const Fact& fact : facts) {
    if (!policy.InForceOn(fact.date) ||
        !Selects(catalog, policy, rule.where, fact)) {
      continue;
    }
    std::vector<UnmetCondition> unmet;
    if (has_conditions) unmet = FindUnmet(catalog, policy, rule, fact, test);
    // Else it is known only once all is gathered whether they are required.
    const bool misses_condition =
        !unmet.empty() && !rule.enforcement.conditions_from;
    if (misses_condition) {
      const std::string group = FirstGroupOf(catalog, policy, rule, fact);
      for (const UnmetCondition& one : unmet) Miss(policy, rule, group, one);
      unmet.clear();
    }
    if (!part && !misses_condition) continue;
    const auto window = rule.window.Of(fact.date, fact.GrantedOn());
    if (!window) continue;
    Counting counting{.catalog = catalog,
                      .policy = policy,
                      .rule = rule,
                      .fact = fact,
                      .part = part.value_or(kOnlyReported),
                      .window_start = window->start_key,
                      .group = std::nullopt,
                      .misses_condition = misses_condition,
                      .unmet = std::move(unmet)};
    const bool by_line = rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE_LINE);
    for (const CountedItem& item : fact.items) {
      if (!by_line || item.lines.size() <= 1) {
        RETURN_IF_ERROR(CountItem(counting, item));
        continue;
      }
      for (size_t line = 0; line < item.lines.size(); ++line) {
        RETURN_IF_ERROR(CountItem(counting, item.PartOn(line)));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Assessment::CountItem(Counting& counting,
                                   const CountedItem& item) {
  const CompiledRule& rule = counting.rule;
  if (!CountsItem(counting.catalog, counting.policy, rule, counting.fact,
                  item) ||
      !rule.limit->Concerns(rule.measure, counting.fact, item)) {
    return absl::OkStatus();
  }
  if (!counting.group || GroupsItems(rule)) {
    counting.group =
        GroupOf(counting.catalog, counting.policy, rule, counting.fact, &item);
  }
  const Part& part = counting.part;
  std::optional<Measured> measured = Measured();
  if (part.has_amount && !rule.limit->Allows(item)) {
    measured = MeasureItem(rule, item);
  }
  if (!measured) return TotalOverflow(rule.rule_id);
  Addition& addition =
      AdditionTo({.policy = &counting.policy,
                  .rule = &rule,
                  .catalog = &counting.catalog,
                  .key = rule.KeyOf(counting.window_start, *counting.group),
                  .balance = part.balance,
                  .date = counting.fact.date,
                  .test = part.test,
                  .license = counting.fact.license});
  const auto amount = CheckedAdd(addition.amount, measured->amount);
  const auto gpus =
      CheckedAdd(addition.unmeasured_gpus, measured->unmeasured_gpus);
  if (!amount || !gpus) return TotalOverflow(rule.rule_id);
  addition.amount = *amount;
  addition.unmeasured_gpus = *gpus;
  addition.misses_condition |= counting.misses_condition;
  AddUnmet(counting.unmet, addition.unmet);
  if (measured->unknown && addition.unknown_product.empty() &&
      item.product != nullptr) {
    addition.unknown_product = item.product->product_code();
  }
  if (part.has_charge && !rule.window.IsPerOrder() &&
      (measured->amount != 0 || measured->unmeasured_gpus != 0)) {
    addition.items.push_back(item.number);
  }
  return absl::OkStatus();
}

Assessment::Addition& Assessment::AdditionTo(Addition to) {
  for (size_t i = additions_.size(); i-- > judged_;) {
    Addition& known = additions_[i];
    if (known.rule == to.rule && known.balance == to.balance &&
        known.date == to.date && known.test == to.test && known.key == to.key) {
      return known;
    }
  }
  return additions_.emplace_back(std::move(to));
}

bool Assessment::IsMet(const std::string& kind, const Catalog& catalog,
                       const Fact& fact) const {
  if (fact.license != nullptr && fact.license->HasCondition(kind, fact.date)) {
    return true;
  }
  const auto& met = state_.registers().party_conditions;
  if (met.empty()) return false;
  const auto by_owners = [&](absl::string_view party) {
    if (party.empty()) return false;
    const auto owners = catalog.OwnersOf(party, fact.date);
    return std::any_of(owners.begin(), owners.end(), [&](const auto& owner) {
      const auto* conditions = met.Find(std::string(owner));
      return conditions != nullptr &&
             HoldsOn((*conditions)->conditions(), kind, fact.date);
    });
  };
  return by_owners(fact.exporter) || AnyReceiver(fact, by_owners);
}

std::vector<Assessment::UnmetCondition> Assessment::FindUnmet(
    const Catalog& catalog, const CompiledPolicy& policy,
    const CompiledRule& rule, const Fact& fact, Test test) const {
  std::vector<UnmetCondition> unmet;
  if (test == Test::kNothing ||
      FirstCounted(catalog, policy, rule, fact) == nullptr) {
    return unmet;
  }
  for (const std::string& kind : rule.enforcement.required_conditions) {
    if (IsMet(kind, catalog, fact)) continue;
    unmet.push_back({.kind = &kind,
                     .license_id = fact.license == nullptr ? absl::string_view()
                                                           : fact.license_id});
  }
  return unmet;
}

void Assessment::Miss(const CompiledPolicy& policy, const CompiledRule& rule,
                      absl::string_view group, const UnmetCondition& unmet) {
  if (!policy.Decides() || FindOverride(policy, rule) != nullptr ||
      !Denies(rule.enforcement.mode)) {
    return;
  }
  violated_ = true;
  v1::MissingCondition& condition = missing_conditions_.emplace_back();
  condition.set_policy_index(policy.adopted.index());
  condition.set_rule(rule.number);
  *condition.mutable_group() = DecodeGroup(rule.group_by, group);
  condition.set_kind(*unmet.kind);
  condition.set_license_id(std::string(unmet.license_id));
}

const v1::Override* Assessment::FindOverride(const CompiledPolicy& policy,
                                             const CompiledRule& rule) const {
  if (overrides_ == nullptr ||
      rule.enforcement.mode != v1::Enforcement::MODE_PRESUME_DENIAL) {
    return nullptr;
  }
  for (const v1::Override& o : *overrides_) {
    if (o.policy_id() == policy.policy_id() && o.rule_id() == rule.rule_id) {
      return &o;
    }
  }
  return nullptr;
}

absl::Status Assessment::CountBack(const v1::Evidence& earlier,
                                   Date earlier_date,
                                   bool (*wants)(const Evaluation&)) {
  return VisitCounted(
      earlier, wants, [&](const Evaluation& evaluation, const CompiledRule*) {
        return GatherOpposite(evaluation, evaluation.window_start,
                              evaluation.date.value_or(earlier_date));
      });
}

absl::Status Assessment::CountBackFrom(const v1::Evidence& earlier, Date from,
                                       bool (*wants)(const Evaluation&)) {
  return VisitCounted(
      earlier, wants,
      [&](const Evaluation& evaluation, const CompiledRule* rule) {
        if (rule == nullptr) {
          return UnknownRule(evaluation.policy_index, evaluation.rule);
        }
        const auto window = rule->window.Of(from, std::nullopt);
        return window ? GatherOpposite(evaluation, window->start_key, from)
                      : absl::OkStatus();
      });
}

absl::Status Assessment::VisitCounted(
    const v1::Evidence& evidence, bool (*wants)(const Evaluation&),
    absl::FunctionRef<absl::Status(const Evaluation&, const CompiledRule*)>
        visit) const {
  absl::Status status;
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    if (!evaluation.Moves() || (wants != nullptr && !wants(evaluation))) {
      return true;
    }
    const CompiledRule* rule =
        state_.catalog().FindRule(evaluation.policy_index, evaluation.rule);
    if (rule != nullptr && rule->accrual == v1::ACCRUAL_LICENSED) return true;
    status = visit(evaluation, rule);
    return status.ok();
  });
  return status;
}

absl::Status Assessment::GatherOpposite(const Evaluation& evaluation,
                                        int32_t window_start, Date date) {
  return Gather({.policy_index = evaluation.policy_index,
                 .rule = evaluation.rule,
                 .window_start = window_start,
                 .group = *evaluation.group,
                 .balance = evaluation.balance,
                 .date = date,
                 .amount = CheckedSub(0, evaluation.asked),
                 .unmeasured_gpus = CheckedSub(0, evaluation.unmeasured_gpus),
                 .test = Test::kNothing});
}

absl::Status Assessment::MoveUnits(const Charge& charge, v1::Balance balance,
                                   Date date, UnitRange from, UnitRange to,
                                   Test test) {
  const CompiledRule* rule =
      state_.catalog().FindRule(charge.policy_index, charge.rule);
  if (rule == nullptr) return UnknownRule(charge.policy_index, charge.rule);
  const std::optional<int32_t> window = WindowOf(*rule, charge, balance, date);
  if (!window) return absl::OkStatus();
  const std::optional<Amounts> before = charge.AmountOf(from);
  const std::optional<Amounts> after = charge.AmountOf(to);
  if (!before || !after) return TotalOverflow(rule->rule_id);
  return Gather({.policy_index = charge.policy_index,
                 .rule = charge.rule,
                 .window_start = *window,
                 .group = charge.group,
                 .balance = balance,
                 .date = date,
                 .amount = CheckedSub(after->used, before->used),
                 .unmeasured_gpus = CheckedSub(after->unmeasured_gpus,
                                               before->unmeasured_gpus),
                 .test = test});
}

absl::Status Assessment::Gather(const Gathered& more) {
  const CompiledPolicy* policy =
      state_.catalog().FindAdopted(more.policy_index);
  if (policy == nullptr || more.rule >= policy->rules.size()) {
    return UnknownRule(more.policy_index, more.rule);
  }
  const CompiledRule& rule = policy->rules[more.rule];
  if (rule.window.IsPerOrder()) return absl::OkStatus();
  if (!more.amount || !more.unmeasured_gpus) return TotalOverflow(rule.rule_id);
  if (*more.amount == 0 && *more.unmeasured_gpus == 0) return absl::OkStatus();
  Addition& addition =
      AdditionTo({.policy = policy,
                  .rule = &rule,
                  .catalog = &state_.catalog(),
                  .key = rule.KeyOf(more.window_start,
                                    EncodeGroup(rule.group_by, more.group)),
                  .balance = more.balance,
                  .date = more.date,
                  .test = more.test});
  const auto sum = CheckedAdd(addition.amount, *more.amount);
  const auto gpu_sum =
      CheckedAdd(addition.unmeasured_gpus, *more.unmeasured_gpus);
  if (!sum || !gpu_sum) return TotalOverflow(rule.rule_id);
  addition.amount = *sum;
  addition.unmeasured_gpus = *gpu_sum;
  return absl::OkStatus();
}

absl::Status Assessment::UnknownRule(uint64_t policy_index,
                                     uint32_t rule) const {
  return DataDamaged(
      state_.size(),
      absl::StrCat("evidence names rule ", rule, " of the policy that entry ",
                   policy_index, " adopted, and there is none"));
}

}  // namespace chipledger::domain
