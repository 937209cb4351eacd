// The two places where a write waits: for the sequencer and for the committer.
#ifndef CHIPLEDGER_LEDGER_PIPELINE_H_
#define CHIPLEDGER_LEDGER_PIPELINE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "ledger/group.h"

namespace chipledger {

// Pipeline takes batches from callers to the sequencer and groups from the
// sequencer to the committer.
//
// Groups form by themselves: one is handed on when nothing waits and the
// committer is idle, so a lone caller waits for nobody, and under load a group
// grows while the one before it is being synced.
//
// Thread-safety: thread-safe; Next and HandOn belong to the sequencer, Take to
// the committer.
class Pipeline {
 public:
  // `max_queued_commands`: see LedgerOptions.
  explicit Pipeline(size_t max_queued_commands)
      : max_queued_commands_(max_queued_commands) {}

  // Adds a batch at the end of the queue. Only kRefuse batches count against
  // `max_queued_commands`; one that finds none of them waiting is taken at any
  // size, because it would not find more room later.
  // Errors: QUEUE_FULL, SHUTTING_DOWN, READ_ONLY.
  absl::Status Push(QueuedBatch batch) ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets Push fail from now on. What is queued is still decided.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets Push fail with a READ_ONLY error from now on. Returns whether this is
  // the first such error; others change nothing.
  bool RefuseWrites(absl::Status read_only) ABSL_LOCKS_EXCLUDED(mutex_);
  // OK, or the error of RefuseWrites.
  absl::Status read_only() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Commands that wait to be decided, of all batches.
  size_t queued_commands() const { return queued_commands_; }
  // Says that the commands of a batch are decided and queue no more.
  void Dequeue(const QueuedBatch& batch);

  // What the sequencer is to do next.
  enum class Task {
    // Decide the batches.
    kDecide,
    // Hand on its group.
    kHandOn,
    // End: the pipeline is closed and empty.
    kEnd,
  };
  // Waits for something to do. `has_group`: there is a group to hand on.
  // Replaces `batches` for kDecide.
  Task Next(bool has_group, std::vector<QueuedBatch>& batches)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Hands a group to the committer; waits until it has taken the one before.
  // Null says that there will be no more.
  void HandOn(std::unique_ptr<Group> group) ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits for the next group; null after the last one.
  std::unique_ptr<Group> Take() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const size_t max_queued_commands_;
  std::atomic<size_t> queued_commands_{0};
  // Those of kRefuse batches.
  std::atomic<size_t> bounded_commands_{0};

  mutable absl::Mutex mutex_;
  absl::CondVar sequencer_wakes_;
  absl::CondVar committer_wakes_;
  std::vector<QueuedBatch> queue_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<Group> handed_on_ ABSL_GUARDED_BY(mutex_);
  bool committer_idle_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  bool no_more_groups_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status read_only_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_PIPELINE_H_
