// What every service works with.
#ifndef CHIPLEDGER_SERVER_RUNTIME_H_
#define CHIPLEDGER_SERVER_RUNTIME_H_

#include <atomic>
#include <cstdint>

#include "absl/time/time.h"
#include "ledger/ledger.h"
#include "server/calls_under_way.h"
#include "server/long_calls.h"
#include "server/worker_pool.h"

namespace chipledger {

// Runtime is the ledger and the threads around it. Lives until the last call
// has ended.
struct Runtime {
  Ledger& ledger;
  WorkerPool& workers;
  LongCalls& long_calls;
  CallsUnderWay& calls;
  // For replays, which take minutes and would hold up the workers.
  WorkerPool& replays;
  // A watch without news sends a sign of life this often.
  absl::Duration heartbeat;
  // See Connections.
  const std::atomic<uint64_t>& connections_turned_away;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_RUNTIME_H_
