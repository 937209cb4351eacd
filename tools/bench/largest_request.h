// What the largest request costs.
#ifndef CHIPLEDGER_TOOLS_BENCH_LARGEST_REQUEST_H_
#define CHIPLEDGER_TOOLS_BENCH_LARGEST_REQUEST_H_

#include "absl/status/status.h"
#include "tools/bench/report.h"

namespace chipledger::bench {

// Decides a request with as many shipments as fit, each of which draws from a
// license of as many lines as one can have, and compares it with the same under
// a license of one line: what a request costs should follow from its commands,
// and not from what they draw on. In memory; nothing is stored.
absl::Status MeasureLargestRequest(Report& report);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_LARGEST_REQUEST_H_
