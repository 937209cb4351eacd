#include "client/cli/policy_text.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/print.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

// Of a limit, in any measure.
constexpr int kMaxLimitDecimals = 3;

// A decimal of a policy file with its rule's unit.
std::string AmountText(const v1::Rule& rule, const std::string& text) {
  const auto milli = ParseDecimal(text, kMaxLimitDecimals);
  const std::string amount =
      milli ? FormatDecimalForPeople(*milli, kMaxLimitDecimals) : text;
  switch (rule.measure()) {
    case v1::MEASURE_TPP:
      return amount + " TPP";
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return absl::StrCat(amount, " x ", rule.reference().product_code());
    case v1::MEASURE_VALUE_USD:
      return amount + " USD";
    default:
      return amount + (amount == "1" ? " GPU" : " GPUs");
  }
}

std::string ScheduleText(const v1::Rule& rule, const v1::Limit& limit) {
  std::vector<std::string> steps;
  for (const auto& step : limit.schedule().steps()) {
    steps.push_back(absl::StrCat(step.value() == "unknown"
                                     ? step.value()
                                     : AmountText(rule, step.value()),
                                 " from ", step.from()));
  }
  return absl::StrJoin(steps, ", ");
}

std::string FactorText(int64_t numerator, int64_t denominator) {
  return denominator == 1 ? absl::StrCat(numerator)
                          : absl::StrCat(numerator, "/", denominator);
}

std::string PercentText(int64_t parts_per_million) {
  return FormatDecimalForPeople(parts_per_million, 4) + " %";
}

std::string AuthorizedText(const v1::Limit::Authorized& authorized) {
  std::string text = "what the license authorizes";
  if (authorized.denominator() != 0) {
    absl::StrAppend(
        &text, " times ",
        FactorText(authorized.numerator(), authorized.denominator()),
        authorized.while_quantity_remains() ? " while units of it remain" : "");
  }
  return text;
}

std::string LimitText(const v1::Rule& rule, const v1::Limit& limit) {
  switch (limit.kind_case()) {
    case v1::Limit::kConstant:
      return AmountText(rule, limit.constant());
    case v1::Limit::kSchedule:
      return ScheduleText(rule, limit);
    case v1::Limit::kScaled:
      return absl::StrCat(
          FactorText(limit.scaled().numerator(), limit.scaled().denominator()),
          " x the limit of ", limit.scaled().rule_id());
    case v1::Limit::kShare:
      return absl::StrCat(PercentText(limit.share().parts_per_million()),
                          " of ", limit.share().of_rule_id());
    case v1::Limit::kAuthorized:
      return AuthorizedText(limit.authorized());
    case v1::Limit::kPredicate:
      return "only allowed items";
    case v1::Limit::kZero:
      return AmountText(rule, "0");
    case v1::Limit::kUnknown:
      return "unknown";
    case v1::Limit::kNone:
    case v1::Limit::KIND_NOT_SET:
      return "none";
  }
  return "";
}

using Binding = v1::LimitBinding;

// For people, who count from 1.
std::string CaseText(const Binding::MatchedCase& matched) {
  return absl::StrCat("case ", matched.number() + 1);
}

std::string ShareText(v1::Measure measure, const Binding::Share& share) {
  return absl::StrCat(PercentText(share.parts_per_million()), " of ",
                      share.has_whole() ? FormatAmount(measure, share.whole())
                                        : "more than fits",
                      " of ", share.of_rule_id(), " of ",
                      FormatGroup(share.of_group()));
}

std::string AuthorizedText(v1::Measure measure,
                           const Binding::Authorized& authorized) {
  std::string text = absl::StrCat("license ", authorized.license_id());
  if (authorized.line_number() != 0) {
    absl::StrAppend(&text, " line ", authorized.line_number());
  }
  absl::StrAppend(&text, ": ",
                  authorized.has_amount()
                      ? FormatAmount(measure, authorized.amount())
                      : "unknown");
  if (authorized.numerator() != authorized.denominator()) {
    absl::StrAppend(
        &text, " x ",
        FactorText(authorized.numerator(), authorized.denominator()));
  }
  return text;
}

// What the limit, or the last one that is scaled, depends on.
std::string KindText(v1::Measure measure, const Binding& binding) {
  switch (binding.kind_case()) {
    case Binding::kStep:
      return absl::StrCat("the step from ", binding.step().from());
    case Binding::kShare:
      return ShareText(measure, binding.share());
    case Binding::kAuthorized:
      return AuthorizedText(measure, binding.authorized());
    case Binding::kAllowedItems:
      return "only allowed items";
    case Binding::KIND_NOT_SET:
      break;
  }
  return "";
}

}  // namespace

std::string LimitsText(const v1::Rule& rule) {
  std::string text = LimitText(rule, rule.limit());
  for (const v1::LimitCase& one : rule.limit_cases()) {
    absl::StrAppend(&text, "; ", LimitText(rule, one.limit()),
                    " in a case of its own");
  }
  return text;
}

std::string LimitBindingText(const v1::HeadroomRow& row) {
  const Binding& binding = row.limit_binding();
  std::vector<std::string> parts;
  if (binding.has_matched_case()) {
    parts.push_back(CaseText(binding.matched_case()));
  }
  for (const Binding::Factor& factor : binding.factors()) {
    parts.push_back(absl::StrCat(
        FactorText(factor.numerator(), factor.denominator()),
        " x the limit of ", factor.rule_id(),
        factor.has_matched_case() ? ", " : "",
        factor.has_matched_case() ? CaseText(factor.matched_case()) : ""));
  }
  std::string kind = KindText(row.measure(), binding);
  if (!kind.empty()) parts.push_back(std::move(kind));
  return absl::StrJoin(parts, ", ");
}

}  // namespace chipledger::cli
