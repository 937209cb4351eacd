// One bulk stream, as fast as it goes.
#ifndef CHIPLEDGER_TOOLS_BENCH_BULK_H_
#define CHIPLEDGER_TOOLS_BENCH_BULK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "tools/bench/callers.h"
#include "tools/bench/workload.h"

namespace chipledger::bench {

// Writes `count` requests of a workload over one stream in batches, with at
// most `batches_under_way` not yet answered. The latencies are those of
// batches, from write to durable answer. Messages are made before the clock
// starts, and answers are checked after it stopped: every request must be
// accepted.
absl::StatusOr<CallTimes> WriteStream(const std::string& address,
                                      const MakeShipment& make,
                                      uint64_t first_number, size_t count,
                                      size_t batch_size,
                                      size_t batches_under_way);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_BULK_H_
