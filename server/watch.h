// Server streams that are made a message at a time.
#ifndef CHIPLEDGER_SERVER_WATCH_H_
#define CHIPLEDGER_SERVER_WATCH_H_

#include <cstdint>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/long_calls.h"
#include "server/runtime.h"

namespace chipledger {

// Watch is a server stream: it makes a message on a worker, writes it, and so
// on; when there is nothing to say it waits for the ledger to grow or for a
// sign of life to be due. One message is under way at a time, so a slow reader
// makes its own messages rarer and larger and holds up nobody.
//
// Lifecycle: deletes itself when done.
class Watch : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
              public LongCall {
 public:
  // Starts it. Call once, after construction.
  void Start();
  // Fails it at once. Call instead of Start.
  void Fail(const absl::Status& status);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override;
  bool OnSize(uint64_t size) override ABSL_LOCKS_EXCLUDED(mutex_);
  void End(const absl::Status& why) override ABSL_LOCKS_EXCLUDED(mutex_);

 protected:
  // What comes after a message.
  enum class Then {
    // The next message is made at once.
    kGoOn,
    // The next is made when the ledger has grown past `seen_size`, or when a
    // sign of life is due.
    kWait,
    // The stream ends.
    kEnd,
  };
  struct Step {
    // Nothing: no message this time.
    std::optional<grpc::ByteBuffer> message;
    Then then = Then::kGoOn;
    // The ledger size that everything up to here has covered.
    uint64_t seen_size = 0;
  };

  explicit Watch(Runtime* runtime) : runtime_(*runtime) {}

  // Makes the next message; runs on a worker, one at a time. `sign_of_life`:
  // none was sent for some time, so send one even without news.
  virtual absl::StatusOr<Step> Next(bool sign_of_life) = 0;

  Runtime& runtime_;

 private:
  void Run(bool sign_of_life) ABSL_LOCKS_EXCLUDED(mutex_);
  void PostRun(bool sign_of_life);
  // Ends now if nothing is under way, else as soon as that is done.
  void EndWith(grpc::Status status) ABSL_LOCKS_EXCLUDED(mutex_);
  // Goes on after a step whose message, if any, is written.
  void AfterStep() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  // Whether a step or its write is under way.
  bool busy_ ABSL_GUARDED_BY(mutex_) = true;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<grpc::Status> end_status_ ABSL_GUARDED_BY(mutex_);
  Step step_ ABSL_GUARDED_BY(mutex_);
  absl::Time last_write_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_WATCH_H_
