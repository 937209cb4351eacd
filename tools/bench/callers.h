// Callers that each have one unary call under way all the time.
#ifndef CHIPLEDGER_TOOLS_BENCH_CALLERS_H_
#define CHIPLEDGER_TOOLS_BENCH_CALLERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "tools/bench/stats.h"

namespace chipledger::bench {

// What came of many calls.
struct CallTimes {
  double seconds = 0;
  Latencies latencies;
  // Of a stream: when the first tenth had been answered, and nine of them.
  double first_tenth_seconds = 0;
  double nine_tenths_seconds = 0;
};

// Serialized request with a number.
using MakeCall = std::function<std::string(uint64_t number)>;

// Makes `count` calls of a method ("/package.Service/Method") by `callers`
// concurrent callers over a few connections: every caller starts its next call
// when the last was answered. Numbers start at `first_number`. Requests are
// made before the clock starts; answers are not parsed. Errors: of the first
// call that failed.
absl::StatusOr<CallTimes> MakeUnaryCalls(const std::string& address,
                                         const std::string& method,
                                         size_t callers, uint64_t first_number,
                                         size_t count, const MakeCall& make);

// Connects on a connection of its own.
std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address);

}  // namespace chipledger::bench

#endif  // CHIPLEDGER_TOOLS_BENCH_CALLERS_H_
