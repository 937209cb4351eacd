#include "ledger/domain/limit_of.h"

#include <string>

#include "absl/strings/numbers.h"
#include "ledger/base/decimal.h"

namespace chipledger::domain {
namespace {

constexpr int64_t kBasisPoints = 10'000;

LimitCurve Constant(std::optional<int64_t> value) {
  return {.has_limit = true, .first = value};
}

// The limit of a rule for a destination: its first case that matches, else its
// own.
const CompiledLimit& CaseOf(const LimitOf& of, const CompiledRule& rule,
                            absl::string_view country) {
  for (const CompiledLimitCase& limit_case : rule.limit_cases) {
    if (SelectsDestination(of.catalog, of.policy, limit_case.where, country,
                           of.date)) {
      return limit_case.limit;
    }
  }
  return rule.limit;
}

std::optional<LimitCurve> Find(const LimitOf& of, const CompiledRule& rule,
                               const CompiledLimit& limit,
                               absl::string_view country);

std::optional<LimitCurve> FindScaled(const LimitOf& of,
                                     const CompiledRule& rule,
                                     const CompiledLimit& limit,
                                     absl::string_view country) {
  const CompiledRule& other = of.policy.rules[limit.of_rule];
  const CompiledLimit& scaled =
      other.number == rule.number ? rule.limit : CaseOf(of, other, country);
  std::optional<LimitCurve> curve = Find(of, other, scaled, country);
  if (!curve) return std::nullopt;
  const auto scale = [&](std::optional<int64_t>& value) {
    if (!value) return true;
    value = CheckedMulDiv(*value, limit.numerator, limit.denominator);
    return value.has_value();
  };
  if (!scale(curve->first)) return std::nullopt;
  for (CompiledLimit::Step& step : curve->steps) {
    if (!scale(step.value)) return std::nullopt;
  }
  return curve;
}

std::optional<LimitCurve> FindShare(const LimitOf& of,
                                    const CompiledLimit& limit) {
  const CompiledRule& whole = of.policy.rules[limit.of_rule];
  const std::optional<int64_t> after = of.whole_after(
      TotalKey(of.key.policy(), whole.number, of.key.window_start(),
               ProjectGroup(of.rule.group_by, of.key.group(), whole.group_by)));
  if (!after) return std::nullopt;
  const auto share = CheckedMulDiv(*after, limit.numerator, limit.denominator);
  if (!share) return std::nullopt;
  return Constant(share);
}

std::optional<LimitCurve> FindAuthorized(const LimitOf& of,
                                         const CompiledLimit& limit) {
  int32_t number = 0;
  const bool has_line =
      absl::SimpleAtoi(ValueOf(of.rule.group_by, of.key.group(),
                               v1::Scope::GROUP_BY_LICENSE_LINE),
                       &number);
  const LicenseState::Line* line = has_line && of.license != nullptr
                                       ? of.license->FindLine(number)
                                       : nullptr;
  // What states no value limits none.
  if (line == nullptr || !line->value_authorized_usd) return LimitCurve();
  const int64_t tolerance = line->available() > 0 ? limit.tolerance : 0;
  const auto value = CheckedMulDiv(*line->value_authorized_usd,
                                   kBasisPoints + tolerance, kBasisPoints);
  if (!value) return std::nullopt;
  return Constant(value);
}

std::optional<LimitCurve> Find(const LimitOf& of, const CompiledRule& rule,
                               const CompiledLimit& limit,
                               absl::string_view country) {
  switch (limit.kind) {
    case v1::Limit::kNone:
      return LimitCurve();
    case v1::Limit::kUnknown:
      return Constant(std::nullopt);
    case v1::Limit::kSchedule: {
      // The first step holds from the first date that the rule covers.
      LimitCurve curve = Constant(limit.steps.front().value);
      curve.steps.assign(limit.steps.begin() + 1, limit.steps.end());
      return curve;
    }
    case v1::Limit::kScaled:
      return FindScaled(of, rule, limit, country);
    case v1::Limit::kShare:
      return FindShare(of, limit);
    case v1::Limit::kAuthorized:
      return FindAuthorized(of, limit);
    default:
      return Constant(limit.constant);
  }
}

}  // namespace

std::optional<int64_t> LimitCurve::On(Date date) const {
  std::optional<int64_t> value = first;
  for (const CompiledLimit::Step& step : steps) {
    if (step.from <= date) value = step.value;
  }
  return value;
}

std::optional<LimitCurve> FindLimit(const LimitOf& of) {
  if (of.rule.limit_cases.empty() && of.rule.limit.kind != v1::Limit::kScaled) {
    return Find(of, of.rule, of.rule.limit, {});
  }
  const absl::string_view country =
      ValueOf(of.rule.group_by, of.key.group(),
              v1::Scope::GROUP_BY_DESTINATION_COUNTRY);
  return Find(of, of.rule, CaseOf(of, of.rule, country), country);
}

}  // namespace chipledger::domain
