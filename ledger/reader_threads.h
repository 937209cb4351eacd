// Threads for reads that take their time.
#ifndef CHIPLEDGER_LEDGER_READER_THREADS_H_
#define CHIPLEDGER_LEDGER_READER_THREADS_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace chipledger {

// ReaderThreads runs tasks on a few threads, in the order in which they come.
//
// Thread-safety: thread-safe.
class ReaderThreads {
 public:
  // Called once: with OK on one of the threads, or with SHUTTING_DOWN.
  using Task = absl::AnyInvocable<void(absl::Status)>;

  explicit ReaderThreads(size_t threads);
  // Waits for tasks under way; calls those that have not begun with
  // SHUTTING_DOWN.
  ~ReaderThreads();

  void Run(Task task) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Loop() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  std::deque<Task> tasks_ ABSL_GUARDED_BY(mutex_);
  bool ending_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_READER_THREADS_H_
