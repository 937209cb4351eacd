// What it costs that more rules count a shipment.
#ifndef CHIPLEDGER_TOOLS_BENCH_MANY_RULES_H_
#define CHIPLEDGER_TOOLS_BENCH_MANY_RULES_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "tools/bench/report.h"

namespace chipledger::bench {

struct ManyRulesOptions {
  // Where ledgers are made.
  std::string directory;
  size_t rules = 0;
  size_t events = 0;
  size_t batch = 0;
  size_t batches_under_way = 0;
  size_t headroom_calls = 0;
  size_t callers = 0;
};

// Writes the skewed workload into a ledger with one rule and into one with
// `rules` rules, and compares what both cost.
absl::Status MeasureManyRules(const ManyRulesOptions& options, Report& report);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_MANY_RULES_H_
