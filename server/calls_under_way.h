// Unary calls that are being served, so that a shutdown waits for these alone.
#ifndef CHIPLEDGER_SERVER_CALLS_UNDER_WAY_H_
#define CHIPLEDGER_SERVER_CALLS_UNDER_WAY_H_

#include <atomic>
#include <cstdint>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/support/server_callback.h"

namespace chipledger {

// CallsUnderWay counts. Long calls are counted elsewhere (long_calls.h).
//
// Thread-safety: thread-safe.
class CallsUnderWay {
 public:
  // Adds a call. Returns false when the server shuts down: then the call is not
  // added and must be failed.
  [[nodiscard]] bool Begin() {
    ++count_;
    if (!shutting_down_) return true;
    --count_;
    return false;
  }
  // The call's answer has been written to its connection.
  void End() { --count_; }

  // Takes no more.
  void ShutDown() { shutting_down_ = true; }
  // Waits until every call has ended, or for the deadline.
  void AwaitNone(absl::Time deadline) const {
    // Looking again is cheaper than telling from each call that ends.
    constexpr absl::Duration kLookAgain = absl::Milliseconds(1);
    while (count_ > 0 && absl::Now() < deadline) absl::SleepFor(kLookAgain);
  }

 private:
  std::atomic<int64_t> count_{0};
  std::atomic<bool> shutting_down_{false};
};

// CountedReactor is the reactor of a call that Begin has added.
//
// Lifecycle: deletes itself when done.
class CountedReactor final : public grpc::ServerUnaryReactor {
 public:
  explicit CountedReactor(CallsUnderWay& calls) : calls_(calls) {}
  void OnDone() override {
    // The count last: after it the server may be gone.
    CallsUnderWay& calls = calls_;
    delete this;
    calls.End();
  }

 private:
  CallsUnderWay& calls_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_CALLS_UNDER_WAY_H_
