// Counting the log for policies that were adopted late.
#ifndef CHIPLEDGER_LEDGER_BACKFILLER_H_
#define CHIPLEDGER_LEDGER_BACKFILLER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/own_writer.h"
#include "ledger/periodic_task.h"
#include "ledger/publisher.h"
#include "ledger/store/store.h"

namespace chipledger {

// Backfiller looks for policies that have not yet counted what was recorded
// before their adoption, counts it from the log, and records the totals in
// parts. Writes go on meanwhile. When it is stopped before the last part is
// recorded, the next start of the ledger counts again and records the parts
// that are missing.
//
// Thread-safety: thread-safe.
class Backfiller {
 public:
  // Looks every `tick`. All must outlive this; the writer's pipeline must run.
  // `log` may be empty.
  Backfiller(absl::Duration tick, const store::Store& store,
             const Publisher& publisher, OwnWriter& writer,
             std::function<void(absl::string_view)> log);
  // Stops counting.
  ~Backfiller() { stopping_ = true; }

  // Entries looked at so far for a policy; 0 when it is not being counted.
  uint64_t LookedAt(absl::string_view policy_id) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Look();
  absl::Status Count(const v1::AdoptedPolicy& adopted);
  // Returns the parts; empty when it was stopped.
  absl::StatusOr<std::vector<v1::RecordBackfill>> CountLog(
      const v1::AdoptedPolicy& adopted);
  void SetLookedAt(const std::string& policy_id, uint64_t looked_at)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const store::Store& store_;
  const Publisher& publisher_;
  OwnWriter& writer_;
  const std::function<void(absl::string_view)> log_;
  std::atomic<bool> stopping_{false};
  // Set when counting failed: the log is damaged, and the operator was told.
  bool failed_ = false;

  mutable absl::Mutex mutex_;
  // The policy being counted.
  std::string policy_id_ ABSL_GUARDED_BY(mutex_);
  uint64_t looked_at_ ABSL_GUARDED_BY(mutex_) = 0;
  // Last: it works on the others.
  PeriodicTask task_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BACKFILLER_H_
