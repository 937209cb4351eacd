// What an item counts in a rule's measure.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_MEASURE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_MEASURE_H_

#include <cstdint>
#include <optional>

#include "chipledger/v1/command.pb.h"
#include "ledger/domain/policy.h"

namespace chipledger::domain {

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
std::optional<Measured> Measure(const CompiledRule& rule,
                                const MeasuredItem& item);

// The same for declared compute.
Measured Measure(const CompiledRule& rule,
                 const v1::DeclareCompute::Line& declared);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_MEASURE_H_
