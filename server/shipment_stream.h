// StreamShipments: batches in, answers out, in order, with flow control.
#ifndef CHIPLEDGER_SERVER_SHIPMENT_STREAM_H_
#define CHIPLEDGER_SERVER_SHIPMENT_STREAM_H_

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "ledger/ledger.h"
#include "server/long_calls.h"
#include "server/runtime.h"
#include "server/write_call.h"

namespace chipledger {

// The commands that shipment requests may have.
const CommandKinds& ShipmentCommandKinds();

// ShipmentStream is one call of StreamShipments. It reads on only while less
// than limits::kMaxStreamRequests, kMaxStreamCommands and kMaxStreamBytes are
// under way: read, and their answers not yet written. Then gRPC's flow control
// slows the writer down.
//
// Lifecycle: deletes itself when done. It finishes only when no batch is under
// way, so the ledger's callbacks never outlive it. A worker that answers the
// last batch may therefore not touch the stream once it has let go of the lock:
// another thread may finish it.
class ShipmentStream final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
      public LongCall {
 public:
  ShipmentStream(Runtime* runtime, Principal principal);

  // Starts reading.
  void Start();

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mutex_);
  void OnDone() override;
  void End(const absl::Status& why) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What is held to the limits of a stream.
  struct Load {
    size_t requests = 0;
    size_t commands = 0;
    size_t bytes = 0;
  };
  // A batch under way.
  struct Slot {
    bool with_evidence = false;
    Load load;
    // By request: the error of one that was not submitted, else OK.
    std::vector<absl::Status> envelope_errors;
    // Whether its answers are there.
    bool answered = false;
    // The messages with them that are not yet written, at least one once
    // answered.
    std::deque<grpc::ByteBuffer> responses;
  };

  // Parses what was read and submits it.
  absl::Status TakeBatch() ABSL_LOCKS_EXCLUDED(mutex_);
  // Makes a slot's answers, on a worker.
  void Answer(Slot& slot, WriteBatch& decided) ABSL_LOCKS_EXCLUDED(mutex_);
  // Reads no more; finishes with this status when nothing is under way. The
  // first call decides.
  void StopReading(grpc::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Add a slot behind the others, and drop the oldest or the newest.
  Slot& PushSlot(Slot slot) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PopSlot() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PopNewestSlot() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Unload(const Load& load) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool HasRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Starts what can be started. Returns the status to call Finish with when all
  // is done: only the caller who gets it, and that one must, without the lock.
  [[nodiscard]] std::optional<grpc::Status> GoOnLocked()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Goes on and finishes. For gRPC's reactions and for End, during which the
  // stream is not deleted.
  void GoOn() ABSL_LOCKS_EXCLUDED(mutex_);

  Runtime& runtime_;
  const Principal principal_;
  // Belongs to the read under way, then to TakeBatch.
  grpc::ByteBuffer read_buffer_;

  absl::Mutex mutex_;
  // A deque, because slots are referred to while others come and go.
  std::deque<Slot> slots_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  // A batch that was read is being parsed and submitted.
  bool taking_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // Of all slots_.
  Load load_ ABSL_GUARDED_BY(mutex_);
  // The caller is gone: answers are dropped.
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
  // Set when no more is read: how the call ends.
  std::optional<grpc::Status> final_status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_SHIPMENT_STREAM_H_
