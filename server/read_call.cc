#include "server/read_call.h"

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace chipledger {
namespace {

constexpr absl::Duration kAnswerMargin = absl::Milliseconds(100);

// WaitingRead is a call that waits for the ledger to reach a size. Whatever
// comes first settles it: the size, its deadline, its caller going away, or the
// server shutting down.
//
// Lifecycle: deletes itself. The ledger's callback may come after that, so both
// share the Claim.
class WaitingRead final : public grpc::ServerUnaryReactor, public LongCall {
 public:
  WaitingRead(const UnaryCall& call, ServeRequest serve)
      : runtime_(*call.runtime),
        serve_(std::move(serve)),
        claim_(std::make_shared<Claim>()) {
    claim_->call = this;
  }

  void Start(uint64_t min_size, absl::Time deadline) {
    if (!runtime_.long_calls.Add(this)) return End(ShuttingDown());
    runtime_.ledger.WhenSize(
        min_size, deadline, [claim = claim_](const absl::Status& status) {
          WaitingRead* call = claim->Take();
          if (call == nullptr) return;
          // The thread is the one that commits groups.
          call->runtime_.workers.Post([call, status] { call->Settle(status); });
        });
  }

  void End(const absl::Status& why) override {
    if (claim_->Take() != nullptr) Finish(ToGrpcStatus(why));
  }
  void OnCancel() override {
    if (claim_->Take() != nullptr) Finish(grpc::Status::CANCELLED);
  }
  void OnDone() override {
    runtime_.long_calls.Remove(this);
    delete this;
  }

 private:
  // Claim lets exactly one party settle the call.
  struct Claim {
    // Returns the call to the first who asks, else null.
    WaitingRead* Take() {
      absl::MutexLock lock(&mutex);
      return std::exchange(call, nullptr);
    }
    absl::Mutex mutex;
    WaitingRead* call ABSL_GUARDED_BY(mutex) = nullptr;
  };

  void Settle(const absl::Status& status) {
    if (status.ok()) {
      serve_(this);
    } else {
      Finish(ToGrpcStatus(status));
    }
  }

  Runtime& runtime_;
  ServeRequest serve_;
  const std::shared_ptr<Claim> claim_;
};

// How long to wait for a size: a little shorter than the call may take, so that
// the caller gets our answer rather than its own timeout.
absl::Time WaitUntil(const grpc::CallbackServerContext& context) {
  const absl::Time now = absl::Now();
  const absl::Duration left = absl::FromChrono(context.deadline()) - now;
  return now +
         std::min(left - std::min(left / 10, kAnswerMargin), kMaxSizeWait);
}

}  // namespace

ReadView ViewLatest(const UnaryCall& call) {
  return ReadView{.ledger = call.runtime->ledger,
                  .snapshot = call.runtime->ledger.Latest(),
                  .principal = ResolvePrincipal(*call.context)};
}

grpc::ServerUnaryReactor* ServeAtSize(const UnaryCall& call, uint64_t min_size,
                                      ServeRequest serve) {
  if (min_size == 0 || min_size <= call.runtime->ledger.Latest()->size) {
    grpc::ServerUnaryReactor* reactor = call.context->DefaultReactor();
    serve(reactor);
    return reactor;
  }
  auto* waiting = new WaitingRead(call, std::move(serve));
  waiting->Start(min_size, WaitUntil(*call.context));
  return waiting;
}

}  // namespace chipledger
