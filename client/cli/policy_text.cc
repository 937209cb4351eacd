#include "client/cli/policy_text.h"

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
      return amount + " GPUs";
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

std::string LimitText(const v1::Rule& rule, const v1::Limit& limit) {
  switch (limit.kind_case()) {
    case v1::Limit::kConstant:
      return AmountText(rule, limit.constant());
    case v1::Limit::kSchedule:
      return ScheduleText(rule, limit);
    case v1::Limit::kScaled:
      return absl::StrCat(limit.scaled().numerator(), "/",
                          limit.scaled().denominator(), " of the limit of ",
                          limit.scaled().rule_id());
    case v1::Limit::kShare:
      return absl::StrCat(
          FormatDecimalForPeople(limit.share().parts_per_million(), 4),
          " % of ", limit.share().of_rule_id());
    case v1::Limit::kAuthorized:
      return "what the license line authorizes";
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

}  // namespace

std::string LimitsText(const v1::Rule& rule) {
  std::string text = LimitText(rule, rule.limit());
  for (const v1::LimitCase& one : rule.limit_cases()) {
    absl::StrAppend(&text, "; ", LimitText(rule, one.limit()),
                    " in a case of its own");
  }
  return text;
}

}  // namespace chipledger::cli
