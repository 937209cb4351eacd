// WhatIf: the log replayed under another policy.
#ifndef CHIPLEDGER_SERVER_WHAT_IF_CALL_H_
#define CHIPLEDGER_SERVER_WHAT_IF_CALL_H_

#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "chipledger/v1/policy_service.pb.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/long_calls.h"
#include "server/runtime.h"

namespace chipledger {

// WhatIfCall is one call of WhatIf. The replay runs on a thread of its own pool
// and waits while a message is being written, so that a slow reader makes it
// slow and never fills the memory. It ends when its caller goes away or the
// server shuts down.
//
// Lifecycle: deletes itself when done.
class WhatIfCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                         public LongCall {
 public:
  explicit WhatIfCall(Runtime* runtime) : runtime_(*runtime) {}
  // Starts it with the bytes of its request. Call once.
  void Start(const grpc::ByteBuffer& request);

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override;
  void End(const absl::Status& why) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Replays, and finishes the call.
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // Writes a message when the one before is written. Returns false when the
  // call has ended.
  bool Send(const v1::WhatIfResponse& response) ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsIdle() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return !writing_; }

  Runtime& runtime_;
  v1::WhatIfRequest request_;

  absl::Mutex mutex_;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ByteBuffer message_ ABSL_GUARDED_BY(mutex_);
  // Set when the call is to end before the replay does.
  std::optional<grpc::Status> end_status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_WHAT_IF_CALL_H_
