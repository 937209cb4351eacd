// A file of shipments, as fast as it is imported.
#ifndef CHIPLEDGER_TOOLS_BENCH_IMPORT_H_
#define CHIPLEDGER_TOOLS_BENCH_IMPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace chipledger::bench {

// Writes a CSV file of `count` shipments of the workload, one row each, imports
// it as `chipledger shipment import` does, and removes it. Returns the seconds
// from opening the file to the end of the import. Every row must be recorded.
absl::StatusOr<double> ImportCsv(const std::string& address,
                                 const std::string& path, uint64_t first_number,
                                 size_t count);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_IMPORT_H_
