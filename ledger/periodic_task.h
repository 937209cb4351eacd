// Work that comes again and again.
#ifndef CHIPLEDGER_LEDGER_PERIODIC_TASK_H_
#define CHIPLEDGER_LEDGER_PERIODIC_TASK_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace chipledger {

// PeriodicTask calls `work` on a thread of its own, first at once, then again
// after each pause, until it is destroyed.
class PeriodicTask {
 public:
  PeriodicTask(absl::Duration pause, absl::AnyInvocable<void()> work);
  // Waits for a call under way.
  ~PeriodicTask() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  const absl::Duration pause_;
  absl::AnyInvocable<void()> work_;
  absl::Mutex mutex_;
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_PERIODIC_TASK_H_
