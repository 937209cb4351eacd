#include "ledger/domain/measure.h"

#include "ledger/base/decimal.h"

namespace chipledger::domain {

std::optional<Measured> Measure(const CompiledRule& rule,
                                const MeasuredItem& item) {
  if (rule.measure == v1::MEASURE_VALUE_USD) {
    return Measured{.amount = item.value_usd.value_or(0),
                    .unknown = !item.value_usd};
  }
  const auto gpus = CheckedMul(item.units, item.gpus_per_unit);
  if (!gpus) return std::nullopt;
  if (rule.measure == v1::MEASURE_GPUS) return Measured{.amount = *gpus};
  if (!item.milli_tpp_per_gpu) {
    return Measured{.unmeasured_gpus = *gpus, .unknown = true};
  }
  const auto milli_tpp = CheckedMul(*gpus, *item.milli_tpp_per_gpu);
  if (!milli_tpp) return std::nullopt;
  return Measured{.amount = *milli_tpp};
}

Measured Measure(const CompiledRule& rule,
                 const v1::DeclareCompute::Line& declared) {
  if (rule.measure == v1::MEASURE_GPUS) {
    return Measured{.amount = declared.gpus()};
  }
  if (rule.MeasuresTpp()) return Measured{.amount = declared.milli_tpp()};
  return Measured{.unknown = true};
}

}  // namespace chipledger::domain
