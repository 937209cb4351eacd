#include "server/read_call.h"

#include <algorithm>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"

namespace chipledger {
namespace {

constexpr absl::Duration kAnswerMargin = absl::Milliseconds(100);

bool IsPast(const v1::ReadPoint& read_point) {
  return read_point.has_at_size() || read_point.has_at_record_time();
}

// WaitingRead is a call whose moment is not at hand. Whatever comes first
// settles it: the moment, its deadline, its caller going away, or the server
// shutting down.
//
// Lifecycle: deletes itself. The ledger's callback may come after that, so both
// share the Claim.
class WaitingRead final : public grpc::ServerUnaryReactor, public LongCall {
 public:
  WaitingRead(const UnaryCall& call, ServeMoment serve)
      : runtime_(*call.runtime),
        serve_(std::move(serve)),
        claim_(std::make_shared<Claim>()) {
    claim_->call = this;
  }

  void Start(const v1::ReadPoint& read_point, absl::Time deadline) {
    if (!runtime_.long_calls.Add(this)) return End(ShuttingDown());
    // A past moment comes on a thread that may be kept; one that was waited for
    // comes with others on the thread that tells of groups.
    const bool stay = IsPast(read_point);
    runtime_.ledger.ReadAt(
        read_point, deadline,
        [claim = claim_, stay](absl::StatusOr<Ledger::Moment> moment) mutable {
          WaitingRead* call = claim->Take();
          if (call == nullptr) return;
          if (stay || !moment.ok()) return call->Settle(std::move(moment));
          call->runtime_.workers.Post(
              [call, moment = std::move(moment)]() mutable {
                call->Settle(std::move(moment));
              });
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

  void Settle(absl::StatusOr<Ledger::Moment> moment) {
    if (moment.ok()) {
      serve_(this, *std::move(moment));
    } else {
      Finish(ToGrpcStatus(moment.status()));
    }
  }

  Runtime& runtime_;
  ServeMoment serve_;
  const std::shared_ptr<Claim> claim_;
};

// Serves a moment that the ledger has at hand.
grpc::ServerUnaryReactor* ServeNow(const UnaryCall& call, ReadSource source,
                                   Ledger::Moment moment, ServeMoment serve) {
  if (!call.runtime->calls.Begin()) return FailCall(call, ShuttingDown());
  auto* reactor = new CountedReactor(call.runtime->calls);
  if (source == ReadSource::kMemory) {
    serve(reactor, std::move(moment));
    return reactor;
  }
  call.runtime->workers.Post([reactor, moment = std::move(moment),
                              serve = std::move(serve)]() mutable {
    serve(reactor, std::move(moment));
  });
  return reactor;
}

}  // namespace

absl::Time WaitUntil(const grpc::CallbackServerContext& context) {
  const absl::Time now = absl::Now();
  const absl::Duration left = absl::FromChrono(context.deadline()) - now;
  return now +
         std::min(left - std::min(left / 10, kAnswerMargin), kMaxSizeWait);
}

grpc::ServerUnaryReactor* ServeAtMoment(const UnaryCall& call,
                                        const v1::ReadPoint& read_point,
                                        ReadSource source, ServeMoment serve) {
  auto latest = call.runtime->ledger.Latest();
  if (!IsPast(read_point) && read_point.through_date().empty() &&
      read_point.min_size() <= latest->size) {
    return ServeNow(call, source, {.snapshot = std::move(latest)},
                    std::move(serve));
  }
  auto* waiting = new WaitingRead(call, std::move(serve));
  waiting->Start(read_point, WaitUntil(*call.context));
  return waiting;
}

}  // namespace chipledger
