// Evaluating what was gathered against the limits.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/rules/assessment.h"

namespace chipledger::domain {

absl::Status Assessment::Judge(v1::Evidence& evidence) {
  const auto by_total = [](const Addition& a, const Addition& b) {
    return a.key < b.key;
  };
  const auto begin = additions_.begin() + static_cast<std::ptrdiff_t>(judged_);
  // One fact adds in the order of totals, but for several groups of a rule.
  if (!std::is_sorted(begin, additions_.end(), by_total)) {
    std::stable_sort(begin, additions_.end(), by_total);
  }
  // Of this round all are added before any is judged.
  round_begin_ = judged_;
  judged_ = additions_.size();
  if (round_begin_ < judged_) {
    EvaluationWriter writer(*evidence.mutable_totals());
    for (size_t i = round_begin_; i < judged_; ++i) {
      RETURN_IF_ERROR(JudgeAddition(i, writer));
    }
  }
  // Some are found missing only when their total is judged.
  std::stable_sort(missing_conditions_.begin(), missing_conditions_.end(),
                   [](const auto& a, const auto& b) {
                     return std::pair(a.policy_index(), a.rule()) <
                            std::pair(b.policy_index(), b.rule());
                   });
  for (v1::MissingCondition& condition : missing_conditions_) {
    *evidence.add_missing_conditions() = std::move(condition);
  }
  missing_conditions_.clear();
  return absl::OkStatus();
}

template <typename Visit>
void Assessment::VisitMovesOf(size_t place, Visit&& visit) const {
  const TotalKey& key = additions_[place].key;
  const auto visit_if = [&](size_t i) {
    if (additions_[i].Moves()) visit(i);
  };
  for (size_t i = 0; i < round_begin_; ++i) {
    if (additions_[i].key == key) visit_if(i);
  }
  // Of this round they stand together.
  size_t i = place;
  while (i > round_begin_ && additions_[i - 1].key == key) --i;
  for (; i < additions_.size() && additions_[i].key == key; ++i) visit_if(i);
}

absl::StatusOr<LimitCurve> Assessment::LimitFor(
    const Addition& addition) const {
  const auto whole_after =
      [this](const TotalKey& whole) -> std::optional<int64_t> {
    const Total* total = state_.FindTotal(whole);
    Amounts sum = total == nullptr ? Amounts() : total->sum;
    for (const Addition& added : additions_) {
      if (!added.Moves() || added.key != whole) continue;
      if (!sum.Add({.used = added.amount})) return std::nullopt;
    }
    return CheckedAdd(sum.used, sum.reserved);
  };
  const auto curve = FindLimit({.catalog = *addition.catalog,
                                .policy = *addition.policy,
                                .rule = *addition.rule,
                                .key = addition.key,
                                .date = addition.date,
                                .license = addition.license,
                                .whole_after = whole_after});
  if (!curve) return TotalOverflow(addition.rule->rule_id);
  return *curve;
}

absl::Status Assessment::CheckFits(size_t place, const Total* total) const {
  const Addition& addition = additions_[place];
  Amounts sum, on_date;
  if (total != nullptr) {
    sum = total->sum;
    on_date = total->by_date.On(addition.date);
  }
  bool fits = true;
  VisitMovesOf(place, [&](size_t i) {
    if (i > place) return;
    const Amounts added = additions_[i].Added();
    fits = sum.Add(added) && fits;
    if (additions_[i].date == addition.date) {
      fits = on_date.Add(added) && fits;
    }
  });
  return fits && CheckedAdd(sum.used, sum.reserved)
             ? absl::OkStatus()
             : TotalOverflow(addition.rule->rule_id);
}

absl::StatusOr<Assessment::Standing> Assessment::Stand(
    size_t place, const Total* total, const LimitCurve& curve) const {
  const Addition& addition = additions_[place];
  const auto overflow = [&] { return TotalOverflow(addition.rule->rule_id); };
  Amounts before;
  // What the whole event adds to the total.
  int64_t net = addition.Moves() ? 0 : addition.amount;
  if (!addition.rule->window.IsPerOrder()) {
    if (total != nullptr) before = total->sum;
    bool fits = true;
    VisitMovesOf(place, [&](size_t i) {
      const Addition& other = additions_[i];
      const auto sum = CheckedAdd(net, other.amount);
      fits = fits && sum;
      if (sum && addition.Moves()) net = *sum;
      if (i < place) fits = before.Add(other.Added()) && fits;
    });
    if (!fits) return overflow();
  }
  Standing standing{.used = before.used,
                    .reserved = before.reserved,
                    .binding_date = addition.date,
                    .event_adds = net > 0};
  if (!Compare(curve.On(addition.date), addition.amount, standing)) {
    return overflow();
  }
  if (!curve.has_limit) standing.unknown_limit = false;
  return standing;
}

std::vector<Assessment::Day> Assessment::DaysOf(size_t place,
                                                const Total* total,
                                                const LimitCurve& curve) const {
  const Addition& addition = additions_[place];
  std::vector<Day> days;
  if (total != nullptr) {
    total->by_date.VisitAll([&](Date date, const Amounts& amounts) {
      days.push_back({.date = date, .before = amounts});
      return true;
    });
  }
  VisitMovesOf(place, [&](size_t i) {
    const Addition& other = additions_[i];
    Day day{.date = other.date};
    if (addition.Moves()) day.net = other.amount;
    if (i < place) day.before = other.Added();
    days.push_back(day);
  });
  days.push_back(
      {.date = addition.date, .net = addition.Moves() ? 0 : addition.amount});
  for (const LimitCurve::Step& step : curve.steps) {
    if (step.from > addition.date) days.push_back({.date = step.from});
  }
  std::sort(days.begin(), days.end(),
            [](const Day& a, const Day& b) { return a.date < b.date; });
  return days;
}

absl::StatusOr<Assessment::Standing> Assessment::StandBySchedule(
    size_t place, const Total* total, const LimitCurve& curve) const {
  const Addition& addition = additions_[place];
  // On the addition's own date, and on the date that binds.
  std::optional<Standing> own, binding;
  const auto rank = [](const Standing& s) {
    return std::pair(!(s.exceeded && s.event_adds), s.headroom);
  };
  Amounts before;
  int64_t net = 0;
  const std::vector<Day> days = DaysOf(place, total, curve);
  for (size_t i = 0; i < days.size(); ++i) {
    const auto next_net = CheckedAdd(net, days[i].net);
    if (!before.Add(days[i].before) || !next_net) {
      return TotalOverflow(addition.rule->rule_id);
    }
    net = *next_net;
    const Date date = days[i].date;
    const bool last_of_date = i + 1 == days.size() || days[i + 1].date != date;
    if (!last_of_date || date < addition.date) continue;
    Standing standing{.used = before.used,
                      .reserved = before.reserved,
                      .binding_date = date,
                      .event_adds = net > 0};
    if (!Compare(curve.On(date), addition.amount, standing)) {
      return TotalOverflow(addition.rule->rule_id);
    }
    if (date == addition.date) own = standing;
    if (standing.limit && (!binding || rank(standing) < rank(*binding))) {
      binding = standing;
    }
  }
  const bool refused =
      binding && binding->exceeded &&
      (binding->event_adds || addition.test == Test::kStanding);
  return own->unknown_limit && !refused ? *own : *binding;
}

bool Assessment::Compare(std::optional<int64_t> limit, int64_t amount,
                         Standing& standing) {
  const auto taken = CheckedAdd(standing.used, standing.reserved);
  if (!taken || !CheckedAdd(*taken, amount)) return false;
  standing.limit = limit;
  standing.unknown_limit = !limit;
  if (!limit) return true;
  const auto headroom = CheckedSub(*limit, *taken);
  const auto left = headroom ? CheckedSub(*headroom, amount) : std::nullopt;
  if (!left) return false;
  standing.headroom = *headroom;
  standing.exceeded = *left < 0;
  return true;
}

const v1::ItemSet* Assessment::ItemsOf(const Addition& addition,
                                       v1::ItemSet& set) const {
  if (addition.items.empty()) return nullptr;
  if (addition.items.size() < items_) {
    set.mutable_numbers()->Add(addition.items.begin(), addition.items.end());
  }
  return &set;
}

void Assessment::SetLimit(const Standing& standing, const CompiledRule& rule,
                          Evaluation& evaluation) {
  if (!standing.limit) {
    evaluation.limit_source = standing.unknown_limit ? v1::LIMIT_SOURCE_UNKNOWN
                                                     : v1::LIMIT_SOURCE_NONE;
  } else if (standing.limit != rule.limit->constant()) {
    evaluation.limit_source = v1::LIMIT_SOURCE_EVENT;
    evaluation.limit = *standing.limit;
  }
}

absl::Status Assessment::JudgeAddition(size_t place, EvaluationWriter& writer) {
  const Addition& addition = additions_[place];
  const CompiledRule& rule = *addition.rule;
  ASSIGN_OR_RETURN(const LimitCurve curve, LimitFor(addition));
  const bool per_order = rule.window.IsPerOrder();
  const Total* total = per_order ? nullptr : state_.FindTotal(addition.key);
  if (addition.Moves()) RETURN_IF_ERROR(CheckFits(place, total));
  ASSIGN_OR_RETURN(const Standing standing,
                   curve.IsSchedule() && !per_order
                       ? StandBySchedule(place, total, curve)
                       : Stand(place, total, curve));
  Evaluation evaluation{
      .policy_index = addition.policy->adopted.index(),
      .rule = rule.number,
      .window_start = addition.key.window_start(),
      .balance = addition.balance,
      .used = standing.used,
      .reserved = standing.reserved,
      .asked = addition.amount,
      .unmeasured_gpus = addition.unmeasured_gpus,
  };
  if (date_ != addition.date) evaluation.date = addition.date;
  if (standing.binding_date != addition.date) {
    evaluation.binding_date = standing.binding_date;
  }
  SetLimit(standing, rule, evaluation);
  const bool misses_conditions =
      !addition.unmet.empty() &&
      Reaches(addition, standing, *rule.enforcement.conditions_from,
              Counts::kAlsoReserved);
  if (misses_conditions) {
    additions_[place].misses_condition = true;
    for (const UnmetCondition& unmet : addition.unmet) {
      Miss(*addition.policy, rule, addition.key.group(), unmet);
    }
  }
  Decide(addition, curve, standing, evaluation);
  v1::ItemSet items;
  evaluation.items = ItemsOf(addition, items);
  writer.Append(evaluation, rule.group_by, addition.key.group());
  return absl::OkStatus();
}

bool Assessment::Reaches(const Addition& addition, const Standing& standing,
                         int64_t amount, Counts counts) const {
  const bool also_reserved = counts == Counts::kAlsoReserved;
  if (addition.balance == v1::BALANCE_RESERVED && !also_reserved &&
      !addition.rule->window.IsPerOrder()) {
    // What is only on its way has not reached anything.
    return false;
  }
  // Wide enough for sums of what fits.
  __int128 before = standing.used;
  if (also_reserved) before += standing.reserved;
  __int128 adds = addition.amount;
  if (addition.Moves()) {
    // Of the event as a whole: what a correction takes back counts against what
    // it adds.
    const Total* total = state_.FindTotal(addition.key);
    before = total == nullptr ? 0 : total->sum.used;
    if (total != nullptr && also_reserved) before += total->sum.reserved;
    adds = 0;
    for (const Addition& other : additions_) {
      if (other.key != addition.key || !other.Moves()) continue;
      if (also_reserved || other.balance == addition.balance) {
        adds += other.amount;
      }
    }
  }
  return adds > 0 && before + adds >= amount;
}

bool Assessment::IsNoticeDue(const Addition& addition,
                             const Standing& standing) const {
  const CompiledEnforcement& enforcement = addition.rule->enforcement;
  return enforcement.mode == v1::Enforcement::MODE_NOTIFY &&
         Reaches(addition, standing, enforcement.notify_at, Counts::kUsed);
}

void Assessment::Decide(const Addition& addition, const LimitCurve& curve,
                        const Standing& standing, Evaluation& evaluation) {
  const CompiledRule& rule = *addition.rule;
  const CompiledPolicy& policy = *addition.policy;
  const bool denies = Denies(rule.enforcement.mode);
  const bool tested =
      addition.test != Test::kNothing && policy.Decides() &&
      rule.enforcement.test_point != v1::TEST_POINT_REPORTING_DATE;
  // Under a limit that is not known nothing more is allowed, and what stands
  // cannot be said to be within it.
  const bool over =
      addition.test == Test::kStanding
          ? standing.exceeded || (standing.unknown_limit &&
                                  standing.used + standing.reserved > 0)
          : standing.event_adds &&
                (standing.exceeded || standing.unknown_limit);
  const bool overridden = FindOverride(policy, rule) != nullptr;
  if (tested && denies && !overridden && !addition.unknown_product.empty() &&
      curve.has_limit) {
    evaluation.unknown_product = addition.unknown_product;
    violated_ = true;
  }
  if (over && tested && denies && overridden) {
    evaluation.verdict = v1::VERDICT_OVERRIDDEN;
  } else if (over && tested && denies) {
    evaluation.verdict = v1::VERDICT_VIOLATED;
    violated_ = true;
  } else if (IsNoticeDue(addition, standing)) {
    evaluation.verdict = v1::VERDICT_NOTICE_DUE;
  } else if (standing.unknown_limit) {
    evaluation.verdict = v1::VERDICT_UNKNOWN;
  } else if (standing.exceeded || addition.unmeasured_gpus > 0 ||
             addition.misses_condition) {
    evaluation.verdict = v1::VERDICT_REPORTED;
  }
}

}  // namespace chipledger::domain
