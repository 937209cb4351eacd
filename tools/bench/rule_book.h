// What it costs a shipment that the whole rule book is adopted.
#ifndef CHIPLEDGER_TOOLS_BENCH_RULE_BOOK_H_
#define CHIPLEDGER_TOOLS_BENCH_RULE_BOOK_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "tools/bench/report.h"

namespace chipledger::bench {

struct RuleBookOptions {
  // The folder of the policy files.
  std::string folder;
  size_t events = 0;
};

// Decides, folds and serializes shipments under licenses in memory, under one
// cap by country and year and under all policies of the folder, which only
// report: history rests on what they count. Nothing is stored.
//
// Under `valgrind --tool=callgrind` the inclusive instructions of
// ShipUnderOneCap and ShipUnderTheBook compare without noise.
absl::Status MeasureRuleBook(const RuleBookOptions& options, Report& report);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_RULE_BOOK_H_
