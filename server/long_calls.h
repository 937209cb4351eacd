// Calls that stay open until something happens: watches, bulk streams, and
// reads that wait for a size.
#ifndef CHIPLEDGER_SERVER_LONG_CALLS_H_
#define CHIPLEDGER_SERVER_LONG_CALLS_H_

#include <cstdint>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "ledger/ledger.h"

namespace chipledger {

// LongCall is told when the ledger grows and when it has to end. Both run with
// the registry locked: they must not block, nor call the registry.
class LongCall {
 public:
  virtual ~LongCall() = default;
  // The ledger has this size; also called from time to time when it has not
  // grown. Returns whether to be called again soon even so.
  virtual bool OnSize(uint64_t size) {
    static_cast<void>(size);
    return false;
  }
  // Ends the call with an error as soon as possible.
  virtual void End(const absl::Status& why) = 0;
};

// LongCalls knows every open long call. Growth is told at most once in
// kInterval, so that a busy ledger does not wake its watchers for each group.
//
// Thread-safety: thread-safe.
class LongCalls {
 public:
  static constexpr absl::Duration kInterval = absl::Milliseconds(50);

  explicit LongCalls(Ledger& ledger);
  // Requires: every call was removed.
  ~LongCalls();
  LongCalls(const LongCalls&) = delete;
  LongCalls& operator=(const LongCalls&) = delete;

  // Adds a call, which must live until it is removed. Returns false when the
  // server shuts down: then the call is not added.
  [[nodiscard]] bool Add(LongCall* call) ABSL_LOCKS_EXCLUDED(mutex_);
  // Removes a call if it was added. It is not called any more when this
  // returns.
  void Remove(LongCall* call) ABSL_LOCKS_EXCLUDED(mutex_);

  // Ends all calls with SHUTTING_DOWN and takes no more.
  void ShutDown() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until every call was removed, or for the deadline.
  void AwaitNone(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void OnGroup(uint64_t size) ABSL_LOCKS_EXCLUDED(mutex_);
  void TellSizes() ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsEmpty() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return calls_.empty();
  }
  bool HasNews() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return stopped_ || (!calls_.empty() && (again_ || told_ < size_));
  }

  absl::Mutex mutex_;
  absl::flat_hash_set<LongCall*> calls_ ABSL_GUARDED_BY(mutex_);
  uint64_t size_ ABSL_GUARDED_BY(mutex_);
  uint64_t told_ ABSL_GUARDED_BY(mutex_) = 0;
  bool again_ ABSL_GUARDED_BY(mutex_) = false;
  bool shutting_down_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Ledger::Subscription> subscription_;
  std::thread thread_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_LONG_CALLS_H_
