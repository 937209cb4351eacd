// Those who wait until the ledger has a size.
#ifndef CHIPLEDGER_LEDGER_SIZE_WAITERS_H_
#define CHIPLEDGER_LEDGER_SIZE_WAITERS_H_

#include <cstdint>
#include <map>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace chipledger {

// SizeWaiters calls each waiter once: when the size is reached, at its
// deadline, or at the end.
//
// Thread-safety: thread-safe. Has a thread of its own for the deadlines.
class SizeWaiters {
 public:
  using Ready = absl::AnyInvocable<void(absl::Status)>;

  explicit SizeWaiters(uint64_t size);
  // Calls who still waits with SHUTTING_DOWN.
  ~SizeWaiters();

  // See Ledger::WhenSize.
  void Add(uint64_t min_size, absl::Time deadline, Ready ready)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Says that the ledger has this size; calls who waited for it, here.
  void Advance(uint64_t size) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // The size waited for, and a number that tells waiters apart.
  using Key = std::pair<uint64_t, uint64_t>;
  struct Waiter {
    absl::Time deadline;
    Ready ready;
  };
  using Waiters = std::map<Key, Waiter>;

  // Takes a waiter out of both orders.
  Ready Remove(Waiters::iterator it) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void DeadlineLoop() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  absl::CondVar deadlines_changed_;
  uint64_t size_ ABSL_GUARDED_BY(mutex_);
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_) = 0;
  Waiters waiters_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<absl::Time, Key>> by_deadline_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread deadline_thread_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_SIZE_WAITERS_H_
