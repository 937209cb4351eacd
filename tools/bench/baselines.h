// What the ledger is compared with, measured in the same run: the least that
// any durable service over gRPC and RocksDB has to do.
#ifndef CHIPLEDGER_TOOLS_BENCH_BASELINES_H_
#define CHIPLEDGER_TOOLS_BENCH_BASELINES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "tools/bench/stats.h"

namespace chipledger::bench {

// EmptyServer answers every unary call on any method with an empty message.
//
// Lifecycle: serves until destroyed.
class EmptyServer {
 public:
  EmptyServer();
  ~EmptyServer();
  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }

 private:
  class Service;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
  std::string address_;
};

// The values of one synced write.
using BareGroup = std::vector<std::string>;

// Writes the groups to a new RocksDB, one write and one sync a group and a key
// of its own for each value, and nothing else. Returns the seconds it took.
absl::StatusOr<double> WriteBareRocksDb(const std::string& directory,
                                        const std::vector<BareGroup>& groups);

// Appends `bytes` to a file and syncs its data, `count` times.
absl::StatusOr<Latencies> MeasureDataSync(const std::string& path, size_t bytes,
                                          size_t count);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_BASELINES_H_
