// Dimension 1 of a rule: what an item counts, and which items count.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_MEASURE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_MEASURE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {

// What item filters look at. Borrows.
struct ItemTraits {
  absl::string_view classification;
  // Empty for declared compute.
  absl::string_view product_code;
  // TPP of `gpus` GPUs together; unset: not known.
  std::optional<int64_t> milli_tpp;
  int64_t gpus = 1;
  // Of one GPU; unset: not known.
  std::optional<int64_t> memory_bandwidth_mb_s;
};

// Selects items; see v1::ItemFilter.
struct CompiledItemFilter {
  std::vector<std::string> classifications;
  std::vector<std::string> product_codes;
  std::optional<int64_t> min_milli_tpp;
  std::optional<int64_t> below_milli_tpp;
  std::optional<int64_t> below_memory_bandwidth_mb_s;

  bool Matches(const ItemTraits& item) const;
  // Whether one of the figures alone is what the filter wants.
  bool MatchesTpp(const ItemTraits& item) const;
  bool MatchesMemoryBandwidth(const ItemTraits& item) const;
};

void CheckItemFilter(const v1::ItemFilter& filter, const std::string& path,
                     FieldChecks& checks);
CompiledItemFilter CompileItemFilter(const v1::ItemFilter& filter);

// How a rule measures. Immutable.
struct CompiledMeasure {
  v1::Measure unit = v1::MEASURE_UNSPECIFIED;
  // For MEASURE_REFERENCE_EQUIVALENT.
  int64_t reference_milli_tpp = 0;

  // Whether amounts are milli-TPP.
  bool IsTpp() const {
    return unit == v1::MEASURE_TPP || unit == v1::MEASURE_REFERENCE_EQUIVALENT;
  }
  // Decimals of an amount in the measure's own unit: 3 for milli-TPP, else 0.
  int Scale() const { return IsTpp() ? 3 : 0; }
};

// Checks a rule's measure and its reference; `path` is the rule's.
void CheckMeasure(const v1::Rule& rule, const std::string& path,
                  FieldChecks& checks);
CompiledMeasure CompileMeasure(const v1::Rule& rule);

// Reads a decimal as policies write amounts (GPUs; TPP with up to three
// decimals; whole reference chips; whole US dollars) as an amount of the rule.
// Nothing when it is none, is negative or does not fit.
std::optional<int64_t> ParseAmount(const std::string& text,
                                   const v1::Rule& rule);
void CheckAmount(const std::string& text, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks);

// Units of a product, with the figures to measure them by.
struct MeasuredItem {
  int64_t units = 0;
  // Of all units, in US dollars. Unset: not stated.
  std::optional<int64_t> value_usd;
  int64_t gpus_per_unit = 0;
  // Unset: not known.
  std::optional<int64_t> milli_tpp_per_gpu;
};

// An amount, in the measure's unit.
struct Measured {
  int64_t amount = 0;
  // GPUs whose figure is not known.
  int64_t unmeasured_gpus = 0;
  // Whether the figure that the rule measures is missing.
  bool unknown = false;
};

// Returns what all units count; nothing when it does not fit.
std::optional<Measured> Measure(const CompiledMeasure& measure,
                                const MeasuredItem& item);

// The same for declared compute.
Measured Measure(const CompiledMeasure& measure,
                 const v1::DeclareCompute::Line& declared);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_MEASURE_H_
