// States that were.
#ifndef CHIPLEDGER_LEDGER_PAST_STATES_H_
#define CHIPLEDGER_LEDGER_PAST_STATES_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "ledger/domain/state.h"
#include "ledger/store/store.h"

namespace chipledger {

// PastStates loads past states and keeps the last few that were asked for, so
// that the reads of one view cost one.
//
// Thread-safety: thread-safe. Those who ask for the same state at the same time
// wait for one of them to load it.
class PastStates {
 public:
  // Keeps up to `max_kept`, at least 1. `store` must outlive this.
  PastStates(const store::Store& store, size_t max_kept)
      : store_(store), max_kept_(max_kept) {}

  // Returns the state at a size. Requires: the entries below it are durable.
  // Errors: DATA_DAMAGED.
  absl::StatusOr<std::shared_ptr<const domain::Snapshot>> At(uint64_t size)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Slot {
    explicit Slot(uint64_t of_size) : size(of_size) {}
    const uint64_t size;
    absl::Mutex mutex;
    // Null until it is loaded.
    std::shared_ptr<const domain::Snapshot> snapshot ABSL_GUARDED_BY(mutex);
  };

  // Returns the slot of a size, made when absent, as the last used.
  std::shared_ptr<Slot> SlotOf(uint64_t size) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::StatusOr<std::shared_ptr<const domain::Snapshot>> Load(
      uint64_t size) const;

  const store::Store& store_;
  const size_t max_kept_;
  absl::Mutex mutex_;
  // The last used first.
  std::list<std::shared_ptr<Slot>> slots_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_PAST_STATES_H_
