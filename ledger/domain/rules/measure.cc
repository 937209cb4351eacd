#include "ledger/domain/rules/measure.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/domain/rules/check_lists.h"

namespace chipledger::domain {
namespace {

bool Contains(const std::vector<std::string>& list, absl::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

std::optional<int64_t> ToOptional(bool has, int64_t value) {
  return has ? std::optional<int64_t>(value) : std::nullopt;
}

// Decimals in which policies write amounts; reference chips are whole.
int WrittenScale(const v1::Rule& rule) {
  return rule.measure() == v1::MEASURE_TPP ? 3 : 0;
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
  return MatchesTpp(item) && MatchesMemoryBandwidth(item);
}

bool CompiledItemFilter::MatchesTpp(const ItemTraits& item) const {
  if (!min_milli_tpp && !below_milli_tpp) return true;
  if (!item.milli_tpp) return false;
  // TPP of all is compared with the bound of one, times their number: exact.
  const auto below = [&](int64_t bound) {
    return static_cast<__int128>(*item.milli_tpp) <
           static_cast<__int128>(bound) * item.gpus;
  };
  if (min_milli_tpp && below(*min_milli_tpp)) return false;
  return !below_milli_tpp || below(*below_milli_tpp);
}

bool CompiledItemFilter::MatchesMemoryBandwidth(const ItemTraits& item) const {
  return !below_memory_bandwidth_mb_s ||
         (item.memory_bandwidth_mb_s &&
          *item.memory_bandwidth_mb_s < *below_memory_bandwidth_mb_s);
}

void CheckItemFilter(const v1::ItemFilter& filter, const std::string& path,
                     FieldChecks& checks) {
  CheckPrintables(filter.classifications(), limits::kMaxNameBytes,
                  absl::StrCat(path, ".classifications"), checks);
  CheckPrintables(filter.product_codes(), limits::kMaxProductCodeBytes,
                  absl::StrCat(path, ".product_codes"), checks);
  const auto at_least_zero = [&](bool has, int64_t value,
                                 absl::string_view field) {
    if (has && value < 0) {
      checks.Add(absl::StrCat(path, ".", field),
                 absl::StrCat(value, " is negative"));
    }
  };
  at_least_zero(filter.has_min_milli_tpp(), filter.min_milli_tpp(),
                "min_milli_tpp");
  at_least_zero(filter.has_below_milli_tpp(), filter.below_milli_tpp(),
                "below_milli_tpp");
  at_least_zero(filter.has_below_memory_bandwidth_mb_s(),
                filter.below_memory_bandwidth_mb_s(),
                "below_memory_bandwidth_mb_s");
  if (filter.has_min_milli_tpp() && filter.has_below_milli_tpp() &&
      filter.below_milli_tpp() <= filter.min_milli_tpp()) {
    checks.Add(
        absl::StrCat(path, ".below_milli_tpp"),
        absl::StrCat(filter.below_milli_tpp(), " is not above min_milli_tpp, ",
                     filter.min_milli_tpp(), "; no item matches"));
  }
}

CompiledItemFilter CompileItemFilter(const v1::ItemFilter& filter) {
  return {.classifications = {filter.classifications().begin(),
                              filter.classifications().end()},
          .product_codes = {filter.product_codes().begin(),
                            filter.product_codes().end()},
          .min_milli_tpp =
              ToOptional(filter.has_min_milli_tpp(), filter.min_milli_tpp()),
          .below_milli_tpp = ToOptional(filter.has_below_milli_tpp(),
                                        filter.below_milli_tpp()),
          .below_memory_bandwidth_mb_s =
              ToOptional(filter.has_below_memory_bandwidth_mb_s(),
                         filter.below_memory_bandwidth_mb_s())};
}

void CheckMeasure(const v1::Rule& rule, const std::string& path,
                  FieldChecks& checks) {
  if (rule.measure() == v1::MEASURE_UNSPECIFIED ||
      !v1::Measure_IsValid(rule.measure())) {
    checks.Add(absl::StrCat(path, ".measure"), "is required");
  }
  if (rule.measure() != v1::MEASURE_REFERENCE_EQUIVALENT) {
    if (rule.has_reference()) {
      checks.Add(absl::StrCat(path, ".reference"),
                 "goes with MEASURE_REFERENCE_EQUIVALENT only");
    }
    return;
  }
  checks.Printable(rule.reference().product_code(),
                   limits::kMaxProductCodeBytes, true,
                   absl::StrCat(path, ".reference.product_code"));
  if (rule.reference().milli_tpp() < 1 ||
      rule.reference().milli_tpp() > limits::kMaxMilliTppPerGpu) {
    checks.Add(absl::StrCat(path, ".reference.milli_tpp"),
               absl::StrCat(rule.reference().milli_tpp(), " is not from 1 to ",
                            limits::kMaxMilliTppPerGpu,
                            "; equivalents cannot be counted without it"));
  }
}

CompiledMeasure CompileMeasure(const v1::Rule& rule) {
  return {.unit = rule.measure(),
          .reference_milli_tpp = rule.reference().milli_tpp()};
}

std::optional<int64_t> ParseAmount(const std::string& text,
                                   const v1::Rule& rule) {
  const auto value = ParseDecimal(text, WrittenScale(rule));
  if (!value || *value < 0) return std::nullopt;
  return rule.measure() == v1::MEASURE_REFERENCE_EQUIVALENT
             ? CheckedMul(*value, rule.reference().milli_tpp())
             : value;
}

void CheckAmount(const std::string& text, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks) {
  if (ParseAmount(text, rule)) return;
  checks.Add(path, absl::StrCat(
                       "\"", text, "\" is not a number from 0 on with at most ",
                       WrittenScale(rule), " decimals that fits 64 bits"));
}

std::optional<Measured> Measure(const CompiledMeasure& measure,
                                const MeasuredItem& item) {
  if (measure.unit == v1::MEASURE_VALUE_USD) {
    return Measured{.amount = item.value_usd.value_or(0),
                    .unknown = !item.value_usd};
  }
  const auto gpus = CheckedMul(item.units, item.gpus_per_unit);
  if (!gpus) return std::nullopt;
  if (measure.unit == v1::MEASURE_GPUS) return Measured{.amount = *gpus};
  if (!item.milli_tpp_per_gpu) {
    return Measured{.unmeasured_gpus = *gpus, .unknown = true};
  }
  const auto milli_tpp = CheckedMul(*gpus, *item.milli_tpp_per_gpu);
  if (!milli_tpp) return std::nullopt;
  return Measured{.amount = *milli_tpp};
}

Measured Measure(const CompiledMeasure& measure,
                 const v1::DeclareCompute::Line& declared) {
  if (measure.unit == v1::MEASURE_GPUS) {
    return Measured{.amount = declared.gpus()};
  }
  if (measure.IsTpp()) return Measured{.amount = declared.milli_tpp()};
  return Measured{.unknown = true};
}

}  // namespace chipledger::domain
