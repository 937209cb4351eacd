// Reading a stretch of the log on a thread of its own.
#ifndef CHIPLEDGER_LEDGER_READ_AHEAD_H_
#define CHIPLEDGER_LEDGER_READ_AHEAD_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/store/store.h"

namespace chipledger {

// ReadAhead reads and parses entries while its owner works on those before
// them, so that a replay uses two cores. It holds a few blocks, however far the
// owner lags.
//
// Thread-safety: single-threaded.
class ReadAhead {
 public:
  // Some adjacent entries, in order, with their events whole; those that only
  // continue another are left out.
  struct Block {
    google::protobuf::Arena arena;
    std::vector<const v1::Entry*> entries;
  };

  // Reads [begin, end). Requires: these are durable. `store` must outlive this.
  ReadAhead(const store::Store& store, uint64_t begin, uint64_t end);
  // Stops reading.
  ~ReadAhead();

  // Returns the next block; null after the last. A block ends at a request's
  // end, but for the last. Errors: DATA_DAMAGED.
  absl::StatusOr<std::unique_ptr<Block>> Next() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run(const store::Store& store, uint64_t begin, uint64_t end)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Returns false when the owner wants no more.
  bool Put(std::unique_ptr<Block> block) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWith(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  bool CanPut() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  bool CanTake() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !blocks_.empty() || ended_;
  }

  absl::Mutex mutex_;
  std::deque<std::unique_ptr<Block>> blocks_ ABSL_GUARDED_BY(mutex_);
  // Set when all was read, or reading failed.
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_READ_AHEAD_H_
