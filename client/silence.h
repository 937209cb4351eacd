// Ends calls whose server has fallen silent.
#ifndef CHIPLEDGER_CLIENT_SILENCE_H_
#define CHIPLEDGER_CLIENT_SILENCE_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace grpc {
class ClientContext;
}  // namespace grpc

namespace chipledger::client {

// SilenceLimit cancels a call when one wait for its server takes too long. Time
// that the caller takes with what it has heard does not count.
//
// Thread-safety: the calling thread waits; the time runs on a thread of its
// own.
class SilenceLimit {
 public:
  // An infinite limit never ends the call. `context` must outlive this.
  SilenceLimit(grpc::ClientContext& context, absl::Duration limit);
  ~SilenceLimit();
  SilenceLimit(const SilenceLimit&) = delete;
  SilenceLimit& operator=(const SilenceLimit&) = delete;

  // Stand before and after each wait for the server.
  void BeginWait() ABSL_LOCKS_EXCLUDED(mutex_);
  void EndWait() ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether the call was cancelled.
  bool exceeded() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  grpc::ClientContext& context_;
  const absl::Duration limit_;
  mutable absl::Mutex mutex_;
  // When the present wait takes too long; never between waits.
  absl::Time until_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool exceeded_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_SILENCE_H_
