// The ledger that is measured, in the benchmark's own process.
#ifndef CHIPLEDGER_TOOLS_BENCH_MEASURED_LEDGER_H_
#define CHIPLEDGER_TOOLS_BENCH_MEASURED_LEDGER_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/ledger.h"
#include "server/server.h"

namespace chipledger::bench {

// Serves the ledger in a directory, made when it is absent, on a free port.
absl::StatusOr<std::unique_ptr<Server>> ServeLedger(
    const std::string& directory);

// Judges every decision of the log again. Returns the seconds it took on one
// core. Errors: DATA_DAMAGED, also when the totals differ from the ledger's.
absl::StatusOr<double> Replay(Ledger& ledger);

// Processor time that this process has used, in seconds.
double ProcessorSeconds();

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_MEASURED_LEDGER_H_
