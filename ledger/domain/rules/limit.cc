#include "ledger/domain/rules/limit.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <type_traits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/domain/license_state.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/rules/measure.h"
#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {
namespace {

constexpr int64_t kMaxPartsPerMillion = 1'000'000;
// More of a limit's own measure is taken as a slip of the pen.
constexpr int64_t kMaxFactor = 1'000'000'000;

// Returns a rule of a policy, or null.
const v1::Rule* FindRuleOf(const v1::Policy& policy,
                           const std::string& rule_id) {
  for (const v1::Rule& rule : policy.rules()) {
    if (rule.rule_id() == rule_id) return &rule;
  }
  return nullptr;
}

// What a limit is checked with.
struct Checking {
  const v1::Policy& policy;
  const v1::Rule& rule;
  const std::string& rule_path;
  // Whether it stands in a limit case.
  bool in_case;
  FieldChecks& checks;

  // Finds another rule of the policy, or adds what is wrong.
  const v1::Rule* FindRule(const std::string& rule_id,
                           const std::string& path) const {
    const v1::Rule* found = FindRuleOf(policy, rule_id);
    if (found == nullptr) {
      checks.Add(
          path, absl::StrCat("\"", rule_id, "\" is not a rule of this policy"));
    }
    return found;
  }
};

uint32_t PlaceOf(const std::string& rule_id, const v1::Policy& policy) {
  const auto& rules = policy.rules();
  const auto found =
      std::find_if(rules.begin(), rules.end(),
                   [&](const v1::Rule& r) { return r.rule_id() == rule_id; });
  return static_cast<uint32_t>(found - rules.begin());
}

// Checks the numerator or the denominator of a factor.
void CheckFactor(int64_t value, const std::string& path, FieldChecks& checks) {
  if (value < 1 || value > kMaxFactor) {
    checks.Add(path, absl::StrCat(value, " is not from 1 to ", kMaxFactor));
  }
}

// The first case of a rule that matches the destination of a total; null: none
// does.
const CompiledLimitCase* CaseOf(const LimitOf& of, const CompiledRule& rule) {
  if (rule.limit_cases.empty()) return nullptr;
  const absl::string_view country =
      ValueOf(of.rule.group_by, of.key.group(),
              v1::Scope::GROUP_BY_DESTINATION_COUNTRY);
  for (const CompiledLimitCase& limit_case : rule.limit_cases) {
    if (SelectsDestination(of.catalog, of.policy, limit_case.where, country,
                           of.date)) {
      return &limit_case;
    }
  }
  return nullptr;
}

// The limit of a rule for the destination of a total: that of the case that
// matches, else its own.
const CompiledLimit& LimitAt(const LimitOf& of, const CompiledRule& rule) {
  const CompiledLimitCase* matched = CaseOf(of, rule);
  return matched != nullptr ? *matched->limit : *rule.limit;
}

void TellCase(const CompiledPolicy& policy, const CompiledRule& rule,
              const CompiledLimitCase& matched,
              v1::LimitBinding::MatchedCase& told) {
  const auto number = static_cast<int>(&matched - rule.limit_cases.data());
  const v1::Rule& text =
      policy.adopted.policy().rules(static_cast<int>(rule.number));
  told.set_number(static_cast<uint32_t>(number));
  told.set_citation(text.limit_cases(number).citation());
}

LimitCurve Constant(std::optional<int64_t> value) {
  return {.has_limit = true, .first = value};
}

// A kind of limit is a class with what Kind has: how it is checked, on which
// rule it depends, how large it can become, whether it can be scaled, and the
// members of CompiledLimit. WithKind lists them all.
class Kind : public CompiledLimit {
 public:
  static constexpr bool kCanBeScaled = false;
  static void Check(const v1::Limit&, const std::string& /*path*/,
                    const Checking&) {}
  // The rule whose limit or total it is made of, or null.
  static const std::string* NeededRule(const v1::Limit&) { return nullptr; }
  // The largest value that the policy alone gives it; nothing when it does not
  // fit. Requires: the policy is right but for this.
  static std::optional<int64_t> Largest(const v1::Limit&, const v1::Rule&,
                                        const v1::Policy&) {
    return 0;
  }
  // The largest value that the policy says of it, if it says any and all.
  // Requires: the policy is right but for its thresholds.
  static std::optional<int64_t> LargestSaid(const v1::Limit&, const v1::Rule&,
                                            const v1::Policy&) {
    return std::nullopt;
  }
};

// One value, which the rule says.
class ValueLimit : public Kind {
 public:
  explicit ValueLimit(int64_t value) : value_(value) {}
  std::optional<LimitCurve> CurveOf(const LimitOf&) const override {
    return Constant(value_);
  }
  std::optional<int64_t> constant() const override { return value_; }

 private:
  int64_t value_;
};

class ConstantLimit final : public ValueLimit {
 public:
  static constexpr bool kCanBeScaled = true;
  static void Check(const v1::Limit& limit, const std::string& path,
                    const Checking& c) {
    CheckAmount(limit.constant(), c.rule, absl::StrCat(path, ".constant"),
                c.checks);
  }
  static std::optional<int64_t> Largest(const v1::Limit& limit,
                                        const v1::Rule& rule,
                                        const v1::Policy& policy) {
    return LargestSaid(limit, rule, policy);
  }
  static std::optional<int64_t> LargestSaid(const v1::Limit& limit,
                                            const v1::Rule& rule,
                                            const v1::Policy&) {
    return ParseAmount(limit.constant(), rule);
  }

  ConstantLimit(const v1::Limit& limit, const v1::Policy&, const v1::Rule& rule)
      : ValueLimit(*ParseAmount(limit.constant(), rule)) {}
};

class ZeroLimit final : public ValueLimit {
 public:
  static constexpr bool kCanBeScaled = true;
  static std::optional<int64_t> LargestSaid(const v1::Limit&, const v1::Rule&,
                                            const v1::Policy&) {
    return 0;
  }

  ZeroLimit(const v1::Limit&, const v1::Policy&, const v1::Rule&)
      : ValueLimit(0) {}
};

class PredicateLimit final : public ValueLimit {
 public:
  static void Check(const v1::Limit& limit, const std::string& path,
                    const Checking& c) {
    if (c.in_case) {
      c.checks.Add(path, "a predicate cannot stand in a limit case");
    }
    CheckItemFilter(limit.predicate().allowed(),
                    absl::StrCat(path, ".predicate.allowed"), c.checks);
  }

  PredicateLimit(const v1::Limit& limit, const v1::Policy&, const v1::Rule&)
      : ValueLimit(0),
        allowed_(CompileItemFilter(limit.predicate().allowed())),
        as_stated_(limit.predicate().allowed()) {}
  void Bind(const LimitOf&, Date, v1::LimitBinding& binding) const override {
    *binding.mutable_allowed_items() = as_stated_;
  }
  bool Allows(const CountedItem& item) const override {
    return allowed_.Matches(item.Traits());
  }

 private:
  CompiledItemFilter allowed_;
  v1::ItemFilter as_stated_;
};

class NoLimit final : public Kind {
 public:
  static constexpr bool kCanBeScaled = true;
  NoLimit(const v1::Limit&, const v1::Policy&, const v1::Rule&) {}
  std::optional<LimitCurve> CurveOf(const LimitOf&) const override {
    return LimitCurve();
  }
};

class UnknownLimit final : public Kind {
 public:
  static constexpr bool kCanBeScaled = true;
  UnknownLimit(const v1::Limit&, const v1::Policy&, const v1::Rule&) {}
  std::optional<LimitCurve> CurveOf(const LimitOf&) const override {
    return Constant(std::nullopt);
  }
};

class ScheduleLimit final : public Kind {
 public:
  static constexpr bool kCanBeScaled = true;
  static void Check(const v1::Limit& limit, const std::string& limit_path,
                    const Checking& c) {
    const v1::Limit::Schedule& schedule = limit.schedule();
    const std::string path = absl::StrCat(limit_path, ".schedule");
    if (schedule.steps().empty()) {
      c.checks.Add(absl::StrCat(path, ".steps"), "is required");
      return;
    }
    for (int i = 0; i < schedule.steps_size(); ++i) {
      const v1::Limit::Schedule::Step& step = schedule.steps(i);
      const std::string at = absl::StrCat(path, ".steps[", i, "]");
      c.checks.Date(step.from(), true, absl::StrCat(at, ".from"));
      // ISO dates sort as text.
      if (i > 0 && step.from() <= schedule.steps(i - 1).from()) {
        c.checks.Add(absl::StrCat(at, ".from"),
                     absl::StrCat("\"", step.from(),
                                  "\" is not after the step before it; steps "
                                  "do not overlap"));
      }
      if (step.value() != kUnknown) {
        CheckAmount(step.value(), c.rule, absl::StrCat(at, ".value"), c.checks);
      }
    }
    const std::string& first = FirstCovered(c);
    if (schedule.steps(0).from() > first) {
      c.checks.Add(
          absl::StrCat(path, ".steps[0].from"),
          absl::StrCat("\"", schedule.steps(0).from(), "\" is after ", first,
                       ", the first date that the rule covers"));
    }
  }
  static std::optional<int64_t> Largest(const v1::Limit& limit,
                                        const v1::Rule& rule,
                                        const v1::Policy&) {
    int64_t max = 0;
    for (const auto& step : limit.schedule().steps()) {
      max = std::max(max, ParseAmount(step.value(), rule).value_or(0));
    }
    return max;
  }
  static std::optional<int64_t> LargestSaid(const v1::Limit& limit,
                                            const v1::Rule& rule,
                                            const v1::Policy&) {
    int64_t max = 0;
    for (const auto& step : limit.schedule().steps()) {
      const auto value = ParseAmount(step.value(), rule);
      if (!value) return std::nullopt;
      max = std::max(max, *value);
    }
    return max;
  }

  ScheduleLimit(const v1::Limit& limit, const v1::Policy&,
                const v1::Rule& rule) {
    curve_.has_limit = true;
    for (const v1::Limit::Schedule::Step& step : limit.schedule().steps()) {
      curve_.steps.push_back({.from = *Date::Parse(step.from()),
                              .value = ParseAmount(step.value(), rule)});
    }
    // The first step holds from the first date that the rule covers.
    first_from_ = curve_.steps.front().from;
    curve_.first = curve_.steps.front().value;
    curve_.steps.erase(curve_.steps.begin());
  }
  std::optional<LimitCurve> CurveOf(const LimitOf&) const override {
    return curve_;
  }
  void Bind(const LimitOf&, Date on, v1::LimitBinding& binding) const override {
    Date from = first_from_;
    for (const LimitCurve::Step& step : curve_.steps) {
      if (step.from <= on) from = step.from;
    }
    binding.mutable_step()->set_from(from.ToString());
  }

 private:
  static constexpr absl::string_view kUnknown = "unknown";

  // The first date that the policy and the rule's window cover.
  static const std::string& FirstCovered(const Checking& c) {
    return c.rule.window().has_fixed()
               ? std::max(c.policy.effective_from(),
                          c.rule.window().fixed().from())
               : c.policy.effective_from();
  }

  LimitCurve curve_;
  Date first_from_;
};

bool CanBeScaled(const v1::Limit& limit);
using ValueOfLimit = std::optional<int64_t> (*)(const v1::Limit&,
                                                const v1::Rule&,
                                                const v1::Policy&);
std::optional<int64_t> LargestOf(const v1::Limit& limit, const v1::Rule& rule,
                                 const v1::Policy& policy);
std::optional<int64_t> LargestSaidOf(const v1::Limit& limit,
                                     const v1::Rule& rule,
                                     const v1::Policy& policy);

class ScaledLimit final : public Kind {
 public:
  static constexpr bool kCanBeScaled = true;
  static const std::string* NeededRule(const v1::Limit& limit) {
    return &limit.scaled().rule_id();
  }
  static void Check(const v1::Limit& limit, const std::string& limit_path,
                    const Checking& c) {
    const v1::Limit::Scaled& scaled = limit.scaled();
    const std::string path = absl::StrCat(limit_path, ".scaled");
    CheckFactor(scaled.numerator(), absl::StrCat(path, ".numerator"), c.checks);
    CheckFactor(scaled.denominator(), absl::StrCat(path, ".denominator"),
                c.checks);
    const std::string at = absl::StrCat(path, ".rule_id");
    const v1::Rule* other = c.FindRule(scaled.rule_id(), at);
    if (other == nullptr) return;
    if (other == &c.rule && !c.in_case) {
      c.checks.Add(at,
                   "is the rule itself; only a limit case can scale the "
                   "rule's own limit");
    }
    if (other->measure() != c.rule.measure()) {
      c.checks.Add(
          at, absl::StrCat("\"", scaled.rule_id(), "\" has another measure"));
    }
    CheckHasDestination(*other, at, c);
    bool all_scale = CanBeScaled(other->limit());
    for (const v1::LimitCase& limit_case : other->limit_cases()) {
      // A rule's own case can scale the rule, not its own cases.
      all_scale =
          all_scale && (other == &c.rule || CanBeScaled(limit_case.limit()));
    }
    if (!all_scale) {
      c.checks.Add(at, absl::StrCat("\"", scaled.rule_id(),
                                    "\" has a limit that cannot be scaled; "
                                    "only constants, schedules and what is "
                                    "scaled from them can"));
    }
  }
  static std::optional<int64_t> Largest(const v1::Limit& limit,
                                        const v1::Rule& rule,
                                        const v1::Policy& policy) {
    return Scale(limit, rule, policy, LargestOf);
  }
  static std::optional<int64_t> LargestSaid(const v1::Limit& limit,
                                            const v1::Rule& rule,
                                            const v1::Policy& policy) {
    return Scale(limit, rule, policy, LargestSaidOf);
  }

  ScaledLimit(const v1::Limit& limit, const v1::Policy& policy,
              const v1::Rule& rule)
      : of_rule_(PlaceOf(limit.scaled().rule_id(), policy)),
        of_itself_(limit.scaled().rule_id() == rule.rule_id()),
        numerator_(limit.scaled().numerator()),
        denominator_(limit.scaled().denominator()) {}
  std::optional<LimitCurve> CurveOf(const LimitOf& of) const override {
    std::optional<LimitCurve> curve = LimitOfOther(of).CurveOf(of);
    if (!curve) return std::nullopt;
    const auto scale = [&](std::optional<int64_t>& value) {
      if (!value) return true;
      value = CheckedMulDiv(*value, numerator_, denominator_);
      return value.has_value();
    };
    if (!scale(curve->first)) return std::nullopt;
    for (LimitCurve::Step& step : curve->steps) {
      if (!scale(step.value)) return std::nullopt;
    }
    return curve;
  }
  void Bind(const LimitOf& of, Date on,
            v1::LimitBinding& binding) const override {
    const CompiledRule& other = of.policy.rules[of_rule_];
    v1::LimitBinding::Factor& factor = *binding.add_factors();
    factor.set_rule_id(other.rule_id);
    factor.set_numerator(numerator_);
    factor.set_denominator(denominator_);
    const CompiledLimitCase* matched = of_itself_ ? nullptr : CaseOf(of, other);
    if (matched != nullptr) {
      TellCase(of.policy, other, *matched, *factor.mutable_matched_case());
    }
    LimitOfOther(of).Bind(of, on, binding);
  }

 private:
  // Scales the largest of what `value_of` says of the other rule's limits.
  static std::optional<int64_t> Scale(const v1::Limit& limit,
                                      const v1::Rule& rule,
                                      const v1::Policy& policy,
                                      ValueOfLimit value_of) {
    const v1::Limit::Scaled& scaled = limit.scaled();
    const v1::Rule& other = *FindRuleOf(policy, scaled.rule_id());
    auto max = value_of(other.limit(), other, policy);
    for (const v1::LimitCase& limit_case : other.limit_cases()) {
      if (&other == &rule || !max) break;
      const auto of_case = value_of(limit_case.limit(), other, policy);
      max = of_case ? std::optional(std::max(*max, *of_case)) : std::nullopt;
    }
    return max ? CheckedMulDiv(*max, scaled.numerator(), scaled.denominator())
               : std::nullopt;
  }

  // Checks that the rule has the key by which the limit that is scaled, or one
  // that this scales in turn, differs.
  static void CheckHasDestination(const v1::Rule& other, const std::string& at,
                                  const Checking& c) {
    if (GroupsBy(c.rule, v1::Scope::GROUP_BY_DESTINATION_COUNTRY)) return;
    std::set<const v1::Rule*> seen;
    for (const v1::Rule* next = &other;
         next != nullptr && seen.insert(next).second;
         next = FindRuleOf(c.policy, next->limit().scaled().rule_id())) {
      if (next->limit_cases().empty()) continue;
      c.checks.Add(at, absl::StrCat("\"", next->rule_id(),
                                    "\" has limits by destination, and this "
                                    "rule does not group by it"));
      return;
    }
  }

  const CompiledLimit& LimitOfOther(const LimitOf& of) const {
    const CompiledRule& other = of.policy.rules[of_rule_];
    return of_itself_ ? *other.limit : LimitAt(of, other);
  }

  // The other rule's place in the policy.
  uint32_t of_rule_;
  // In a limit case: of the rule's own limit, outside its cases.
  bool of_itself_;
  int64_t numerator_;
  int64_t denominator_;
};

class ShareLimit final : public Kind {
 public:
  static const std::string* NeededRule(const v1::Limit& limit) {
    return &limit.share().of_rule_id();
  }
  static void Check(const v1::Limit& limit, const std::string& limit_path,
                    const Checking& c) {
    const v1::Limit::Share& share = limit.share();
    const std::string path = absl::StrCat(limit_path, ".share");
    if (share.parts_per_million() < 1 ||
        share.parts_per_million() > kMaxPartsPerMillion) {
      c.checks.Add(absl::StrCat(path, ".parts_per_million"),
                   absl::StrCat(share.parts_per_million(), " is not from 1 to ",
                                kMaxPartsPerMillion));
    }
    const std::string at = absl::StrCat(path, ".of_rule_id");
    const v1::Rule* whole = c.FindRule(share.of_rule_id(), at);
    if (whole == nullptr) return;
    if (whole == &c.rule) {
      c.checks.Add(at, "is the rule itself: a share of itself limits nothing");
      return;
    }
    const auto has_another = [&](absl::string_view what) {
      c.checks.Add(
          at, absl::StrCat("\"", share.of_rule_id(), "\" has another ", what));
    };
    if (whole->measure() != c.rule.measure()) has_another("measure");
    if (whole->window().SerializeAsString() !=
        c.rule.window().SerializeAsString()) {
      has_another("window");
    }
    if (c.rule.window().has_per_order()) {
      c.checks.Add(at,
                   "nothing adds up by order: a share needs another window");
    }
    if (GroupsBy(*whole, v1::Scope::GROUP_BY_COUNTRY_GROUP) &&
        !std::ranges::equal(whole->scope().where().destination_groups(),
                            c.rule.scope().where().destination_groups())) {
      c.checks.Add(at, absl::StrCat("\"", share.of_rule_id(),
                                    "\" is grouped by other "
                                    "destination_groups"));
    }
    for (const int number : whole->scope().group_by()) {
      const auto key = static_cast<v1::Scope::GroupBy>(number);
      if (!GroupsBy(c.rule, key)) {
        c.checks.Add(
            at, absl::StrCat("\"", share.of_rule_id(), "\" groups by ",
                             v1::Scope::GroupBy_Name(key),
                             ", and this rule does not: its total would be a "
                             "share of several"));
      }
    }
  }

  ShareLimit(const v1::Limit& limit, const v1::Policy& policy,
             const v1::Rule& rule)
      : of_rule_(PlaceOf(limit.share().of_rule_id(), policy)),
        parts_per_million_(limit.share().parts_per_million()),
        is_part_(CountsAllOf(policy.rules(static_cast<int>(of_rule_)), rule)) {}
  std::optional<LimitCurve> CurveOf(const LimitOf& of) const override {
    const std::optional<int64_t> after = of.whole_after(WholeOf(of));
    if (!after) return std::nullopt;
    const auto share =
        CheckedMulDiv(*after, parts_per_million_, kMaxPartsPerMillion);
    return share ? std::optional(Constant(share)) : std::nullopt;
  }
  void Bind(const LimitOf& of, Date, v1::LimitBinding& binding) const override {
    const CompiledRule& whole = of.policy.rules[of_rule_];
    const TotalKey key = WholeOf(of);
    v1::LimitBinding::Share& share = *binding.mutable_share();
    share.set_of_rule_id(whole.rule_id);
    *share.mutable_of_group() = DecodeGroup(whole.group_by, key.group());
    if (const auto total = of.whole_after(key)) share.set_whole(*total);
    share.set_parts_per_million(parts_per_million_);
  }
  // The largest x with (taken + x) · 10⁶ <= (whole + x) · parts per million.
  std::optional<int64_t> StillFits(const LimitOf& of,
                                   int64_t taken) const override {
    const std::optional<int64_t> whole =
        is_part_ ? of.whole_after(WholeOf(of)) : std::nullopt;
    if (!whole || parts_per_million_ == kMaxPartsPerMillion) {
      return std::nullopt;
    }
    const __int128 left = static_cast<__int128>(*whole) * parts_per_million_ -
                          static_cast<__int128>(taken) * kMaxPartsPerMillion;
    // What is over its share is over by what the limit says now.
    if (left < 0) return std::nullopt;
    const __int128 fits = left / (kMaxPartsPerMillion - parts_per_million_);
    constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
    return fits > kMax ? kMax : static_cast<int64_t>(fits);
  }

 private:
  // Whether all that a rule counts counts in the whole, too, as far as that can
  // be told from how they are written.
  static bool CountsAllOf(const v1::Rule& whole, const v1::Rule& rule) {
    const auto is_exempt_too = [&](const v1::Exemption& exemption) {
      return std::ranges::any_of(
          rule.exemptions(), [&](const v1::Exemption& other) {
            return other.SerializeAsString() == exemption.SerializeAsString();
          });
    };
    return whole.accrual() == rule.accrual() &&
           AsksNoMore(whole.scope().where(), rule.scope().where()) &&
           AsksNoMore(whole.items(), rule.items()) &&
           std::ranges::all_of(whole.exemptions(), is_exempt_too) &&
           !whole.limit().has_predicate() && !whole.limit().has_authorized();
  }

  // Whether every field that one filter sets is set alike in another.
  template <typename Filter>
  static bool AsksNoMore(const Filter& filter, Filter other) {
    const auto* reflection = filter.GetReflection();
    std::vector<const google::protobuf::FieldDescriptor*> set;
    reflection->ListFields(filter, &set);
    const auto* type = filter.GetDescriptor();
    for (int i = 0; i < type->field_count(); ++i) {
      if (!std::ranges::count(set, type->field(i))) {
        reflection->ClearField(&other, type->field(i));
      }
    }
    return other.SerializeAsString() == filter.SerializeAsString();
  }

  TotalKey WholeOf(const LimitOf& of) const {
    const CompiledRule& whole = of.policy.rules[of_rule_];
    return whole.KeyOf(
        of.key.window_start(),
        ProjectGroup(of.rule.group_by, of.key.group(), whole.group_by));
  }

  // The place of the rule that it is a share of.
  uint32_t of_rule_;
  int64_t parts_per_million_;
  bool is_part_;
};

class AuthorizedLimit final : public Kind {
 public:
  static void Check(const v1::Limit& limit, const std::string& limit_path,
                    const Checking& c) {
    if (c.in_case) {
      c.checks.Add(limit_path, "authorized cannot stand in a limit case");
    }
    const std::string path = absl::StrCat(limit_path, ".authorized");
    if (c.rule.accrual() == v1::ACCRUAL_LICENSED ||
        !GroupsBy(c.rule, v1::Scope::GROUP_BY_LICENSE)) {
      c.checks.Add(path, "needs an accrual of shipments and GROUP_BY_LICENSE");
    }
    const v1::Limit::Authorized& authorized = limit.authorized();
    if (authorized.numerator() == 0 && authorized.denominator() == 0) {
      if (authorized.while_quantity_remains()) {
        c.checks.Add(absl::StrCat(path, ".while_quantity_remains"),
                     "goes with a factor");
      }
      return;
    }
    CheckFactor(authorized.numerator(), absl::StrCat(path, ".numerator"),
                c.checks);
    CheckFactor(authorized.denominator(), absl::StrCat(path, ".denominator"),
                c.checks);
  }

  AuthorizedLimit(const v1::Limit& limit, const v1::Policy&, const v1::Rule&)
      : numerator_(std::max<int64_t>(limit.authorized().numerator(), 1)),
        denominator_(std::max<int64_t>(limit.authorized().denominator(), 1)),
        while_quantity_remains_(limit.authorized().while_quantity_remains()) {}
  std::optional<LimitCurve> CurveOf(const LimitOf& of) const override {
    const Sum sum = SumOf(of);
    if (!sum.limits) return LimitCurve();
    if (!sum.fits) return std::nullopt;
    if (!sum.amount || !FactorApplies(sum)) return Constant(sum.amount);
    const auto limit = CheckedMulDiv(*sum.amount, numerator_, denominator_);
    return limit ? std::optional(Constant(limit)) : std::nullopt;
  }
  void Bind(const LimitOf& of, Date, v1::LimitBinding& binding) const override {
    const Sum sum = SumOf(of);
    if (!sum.limits) return;
    const bool applies = FactorApplies(sum);
    v1::LimitBinding::Authorized& told = *binding.mutable_authorized();
    told.set_license_id(of.license->license.license_id());
    told.set_line_number(LineNumberOf(of));
    if (sum.amount) told.set_amount(*sum.amount);
    told.set_numerator(applies ? numerator_ : 1);
    told.set_denominator(applies ? denominator_ : 1);
  }
  bool Concerns(const CompiledMeasure& measure, const Fact& fact,
                const CountedItem& item) const override {
    return fact.license != nullptr &&
           std::any_of(item.lines.begin(), item.lines.end(),
                       [&](const LinePart& part) {
                         return measure.unit != v1::MEASURE_VALUE_USD ||
                                part.states_value;
                       });
  }

 private:
  // What the lines of a total authorize together.
  struct Sum {
    // Whether any of them limits it.
    bool limits = false;
    // Whether it fits 64 bits.
    bool fits = true;
    // Without the factor. Unset: not known.
    std::optional<int64_t> amount = 0;
    bool quantity_remains = false;
  };

  // What states no value limits none.
  static bool Limits(const CompiledMeasure& measure,
                     const LicenseState::Line& line) {
    return measure.unit != v1::MEASURE_VALUE_USD || line.value_authorized_usd;
  }

  // 0: of all lines together.
  static int32_t LineNumberOf(const LimitOf& of) {
    int32_t number = 0;
    return absl::SimpleAtoi(ValueOf(of.rule.group_by, of.key.group(),
                                    v1::Scope::GROUP_BY_LICENSE_LINE),
                            &number)
               ? number
               : 0;
  }

  static Sum SumOf(const LimitOf& of) {
    Sum sum;
    if (of.license == nullptr) return sum;
    const bool by_line = of.rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE_LINE);
    const int32_t number = LineNumberOf(of);
    for (const LicenseState::Line& line : of.license->lines) {
      if ((by_line && line.line_number != number) ||
          !Limits(of.rule.measure, line)) {
        continue;
      }
      sum.limits = true;
      sum.quantity_remains |= line.available() > 0;
      const std::optional<Measured> measured = MeasureLine(of, line);
      if (!measured) {
        sum.fits = false;
      } else if (measured->unknown) {
        sum.amount = std::nullopt;
      } else if (sum.amount) {
        sum.amount = CheckedAdd(*sum.amount, measured->amount);
        sum.fits = sum.fits && sum.amount;
      }
    }
    return sum;
  }

  // What a line authorizes; nothing when it does not fit.
  static std::optional<Measured> MeasureLine(const LimitOf& of,
                                             const LicenseState::Line& line) {
    const CountedItem item{
        .product = of.catalog.FindProduct(line.product_code, of.date),
        .units = line.authorized,
        .value_usd = line.value_authorized_usd};
    // Before its first revision nothing is known of a product.
    if (item.product == nullptr) return Measured{.unknown = true};
    return Measure(of.rule.measure, item.ToMeasure());
  }

  bool FactorApplies(const Sum& sum) const {
    return !while_quantity_remains_ || sum.quantity_remains;
  }

  int64_t numerator_;
  int64_t denominator_;
  bool while_quantity_remains_;
};

// Calls visit(std::type_identity<K>()) with the kind of a limit.
template <typename Visit>
auto WithKind(const v1::Limit& limit, Visit&& visit) {
  switch (limit.kind_case()) {
    case v1::Limit::kConstant:
      return visit(std::type_identity<ConstantLimit>());
    case v1::Limit::kSchedule:
      return visit(std::type_identity<ScheduleLimit>());
    case v1::Limit::kScaled:
      return visit(std::type_identity<ScaledLimit>());
    case v1::Limit::kShare:
      return visit(std::type_identity<ShareLimit>());
    case v1::Limit::kPredicate:
      return visit(std::type_identity<PredicateLimit>());
    case v1::Limit::kZero:
      return visit(std::type_identity<ZeroLimit>());
    case v1::Limit::kUnknown:
      return visit(std::type_identity<UnknownLimit>());
    case v1::Limit::kAuthorized:
      return visit(std::type_identity<AuthorizedLimit>());
    case v1::Limit::kNone:
    case v1::Limit::KIND_NOT_SET:
      break;
  }
  return visit(std::type_identity<NoLimit>());
}

bool CanBeScaled(const v1::Limit& limit) {
  return limit.kind_case() != v1::Limit::KIND_NOT_SET &&
         WithKind(limit,
                  [](auto kind) { return decltype(kind)::type::kCanBeScaled; });
}

std::optional<int64_t> LargestOf(const v1::Limit& limit, const v1::Rule& rule,
                                 const v1::Policy& policy) {
  return WithKind(limit, [&](auto kind) {
    return decltype(kind)::type::Largest(limit, rule, policy);
  });
}

std::optional<int64_t> LargestSaidOf(const v1::Limit& limit,
                                     const v1::Rule& rule,
                                     const v1::Policy& policy) {
  return WithKind(limit, [&](auto kind) {
    return decltype(kind)::type::LargestSaid(limit, rule, policy);
  });
}

void CheckLimit(const v1::Limit& limit, const std::string& path,
                const Checking& checking) {
  if (limit.kind_case() == v1::Limit::KIND_NOT_SET) {
    checking.checks.Add(path, "is required: set exactly one kind");
    return;
  }
  WithKind(limit, [&](auto kind) {
    decltype(kind)::type::Check(limit, path, checking);
  });
}

// The rules that a rule's limits need: of these it is a share or a multiple.
std::vector<std::string> NeedsOf(const v1::Rule& rule) {
  std::vector<std::string> needs;
  const auto add = [&](const v1::Limit& limit, bool in_case) {
    const std::string* needed = WithKind(limit, [&](auto kind) {
      return decltype(kind)::type::NeededRule(limit);
    });
    // A case may scale the rule's own limit.
    if (needed != nullptr && (!in_case || *needed != rule.rule_id())) {
      needs.push_back(*needed);
    }
  };
  add(rule.limit(), false);
  for (const v1::LimitCase& limit_case : rule.limit_cases()) {
    add(limit_case.limit(), true);
  }
  return needs;
}

// Finds limits that depend on themselves through others.
void CheckCycles(const v1::Policy& policy, absl::string_view path,
                 FieldChecks& checks) {
  std::map<std::string, std::vector<std::string>> needs;
  for (const v1::Rule& rule : policy.rules()) {
    needs[rule.rule_id()] = NeedsOf(rule);
  }
  for (int i = 0; i < policy.rules_size(); ++i) {
    const std::string& start = policy.rules(i).rule_id();
    std::set<std::string> seen;
    std::vector<std::string> open = needs[start];
    // One that names itself was found with its limit.
    std::erase(open, start);
    while (!open.empty()) {
      const std::string id = open.back();
      open.pop_back();
      if (id == start) {
        checks.Add(absl::StrCat(path, ".rules[", i, "].limit"),
                   absl::StrCat("the limit of \"", start,
                                "\" depends on itself through other rules"));
        break;
      }
      if (seen.insert(id).second && needs.contains(id)) {
        open.insert(open.end(), needs[id].begin(), needs[id].end());
      }
    }
  }
}

// Finds limits that leave 64 bits once they are scaled. Requires: there are no
// cycles.
void CheckFit(const v1::Policy& policy, absl::string_view path,
              FieldChecks& checks) {
  for (int i = 0; i < policy.rules_size(); ++i) {
    const v1::Rule& rule = policy.rules(i);
    bool fits = LargestOf(rule.limit(), rule, policy).has_value();
    for (const v1::LimitCase& limit_case : rule.limit_cases()) {
      fits = fits && LargestOf(limit_case.limit(), rule, policy);
    }
    if (!fits) {
      checks.Add(absl::StrCat(path, ".rules[", i, "].limit"),
                 "scaled, it does not fit 64 bits");
    }
  }
}

// Finds thresholds that are above every limit of their rule. Requires: there
// are no cycles.
void CheckThresholds(const v1::Policy& policy, absl::string_view path,
                     FieldChecks& checks) {
  for (int i = 0; i < policy.rules_size(); ++i) {
    const v1::Rule& rule = policy.rules(i);
    if (rule.enforcement().mode() != v1::Enforcement::MODE_NOTIFY) continue;
    const auto threshold = ParseAmount(rule.enforcement().notify_at(), rule);
    std::optional<int64_t> limit = LargestSaidOf(rule.limit(), rule, policy);
    for (const v1::LimitCase& limit_case : rule.limit_cases()) {
      const auto of_case = LargestSaidOf(limit_case.limit(), rule, policy);
      limit = limit && of_case ? std::optional(std::max(*limit, *of_case))
                               : std::nullopt;
    }
    if (threshold && limit && *threshold > *limit) {
      checks.Add(absl::StrCat(path, ".rules[", i, "].enforcement.notify_at"),
                 absl::StrCat("\"", rule.enforcement().notify_at(),
                              "\" is above the limit"));
    }
  }
}

}  // namespace

std::optional<int64_t> LimitCurve::On(Date date) const {
  std::optional<int64_t> value = first;
  for (const Step& step : steps) {
    if (step.from <= date) value = step.value;
  }
  return value;
}

void CheckLimits(const v1::Policy& policy, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks) {
  Checking checking{.policy = policy,
                    .rule = rule,
                    .rule_path = path,
                    .in_case = false,
                    .checks = checks};
  CheckLimit(rule.limit(), absl::StrCat(path, ".limit"), checking);
  checking.in_case = true;
  if (!rule.limit_cases().empty() &&
      !GroupsBy(rule, v1::Scope::GROUP_BY_DESTINATION_COUNTRY)) {
    checks.Add(absl::StrCat(path, ".limit_cases"),
               "needs scope.group_by GROUP_BY_DESTINATION_COUNTRY");
  }
  for (int i = 0; i < rule.limit_cases_size(); ++i) {
    const v1::LimitCase& limit_case = rule.limit_cases(i);
    const std::string at = absl::StrCat(path, ".limit_cases[", i, "]");
    CheckFactFilter(limit_case.where(), absl::StrCat(at, ".where"), checks);
    v1::FactFilter others = limit_case.where();
    others.clear_destination_countries();
    others.clear_destination_groups();
    others.clear_except_destination_groups();
    if (!limit_case.has_where() || others.ByteSizeLong() > 0) {
      checks.Add(absl::StrCat(at, ".where"),
                 "must set destination fields, and only these");
    }
    CheckLimit(limit_case.limit(), absl::StrCat(at, ".limit"), checking);
    checks.Text(limit_case.citation(), limits::kMaxTextBytes, false,
                absl::StrCat(at, ".citation"));
  }
}

void CheckLimitsTogether(const v1::Policy& policy, absl::string_view path,
                         FieldChecks& checks) {
  CheckCycles(policy, path, checks);
  if (!checks.ok()) return;
  CheckFit(policy, path, checks);
  CheckThresholds(policy, path, checks);
}

std::shared_ptr<const CompiledLimit> CompileLimit(const v1::Limit& limit,
                                                  const v1::Policy& policy,
                                                  const v1::Rule& rule) {
  return WithKind(limit,
                  [&](auto kind) -> std::shared_ptr<const CompiledLimit> {
                    return std::make_shared<typename decltype(kind)::type>(
                        limit, policy, rule);
                  });
}

std::optional<LimitCurve> FindLimit(const LimitOf& of) {
  return LimitAt(of, of.rule).CurveOf(of);
}

std::optional<int64_t> FindStillFits(const LimitOf& of, int64_t taken) {
  return LimitAt(of, of.rule).StillFits(of, taken);
}

std::optional<v1::LimitBinding> FindLimitBinding(const LimitOf& of, Date on) {
  v1::LimitBinding binding;
  if (const CompiledLimitCase* matched = CaseOf(of, of.rule)) {
    TellCase(of.policy, of.rule, *matched, *binding.mutable_matched_case());
  }
  LimitAt(of, of.rule).Bind(of, on, binding);
  return binding.ByteSizeLong() > 0 ? std::optional(std::move(binding))
                                    : std::nullopt;
}

}  // namespace chipledger::domain
