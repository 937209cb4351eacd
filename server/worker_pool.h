// Threads for work that would hold up gRPC's or the ledger's own.
#ifndef CHIPLEDGER_SERVER_WORKER_POOL_H_
#define CHIPLEDGER_SERVER_WORKER_POOL_H_

#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace chipledger {

// WorkerPool runs tasks on its threads, started in the order posted.
//
// Thread-safety: thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(int threads);
  // Runs what was posted, then ends the threads.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  using Task = absl::AnyInvocable<void()>;
  // Never blocks for long.
  void Post(Task task) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Work();
  bool HasTaskOrStopped() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !tasks_.empty() || stopped_;
  }

  absl::Mutex mutex_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_WORKER_POOL_H_
