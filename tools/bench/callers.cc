#include "tools/bench/callers.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "grpcpp/generic/generic_stub.h"

namespace chipledger::bench {
namespace {

// More connections than this gain nothing on one machine.
constexpr size_t kMaxConnections = 4;

// All callers of one measurement.
class Calls {
 public:
  Calls(const std::string& address, const std::string& method, size_t callers,
        std::vector<grpc::ByteBuffer> requests)
      : method_(method),
        requests_(std::move(requests)),
        finished_(static_cast<int>(callers)) {
    for (size_t i = 0; i < std::min(callers, kMaxConnections); ++i) {
      stubs_.push_back(std::make_unique<grpc::GenericStub>(ConnectTo(address)));
    }
    for (size_t i = 0; i < callers; ++i) {
      callers_.push_back({.stub = stubs_[i % stubs_.size()].get()});
    }
  }

  absl::StatusOr<CallTimes> Run() {
    CallTimes times;
    const Stopwatch watch;
    for (Caller& caller : callers_) StartNext(caller);
    finished_.Wait();
    times.seconds = watch.Seconds();
    for (const Caller& caller : callers_) times.latencies.Add(caller.latencies);
    absl::MutexLock lock(&mutex_);
    if (!error_.ok()) {
      return absl::UnknownError(
          absl::StrCat(method_, ": ", error_.error_message()));
    }
    return times;
  }

 private:
  struct Caller {
    grpc::GenericStub* stub;
    std::unique_ptr<grpc::ClientContext> context = nullptr;
    grpc::ByteBuffer response = {};
    Stopwatch watch = {};
    Latencies latencies = {};
  };

  void StartNext(Caller& caller) {
    const size_t next = next_.fetch_add(1);
    if (next >= requests_.size()) {
      finished_.DecrementCount();
      return;
    }
    caller.context = std::make_unique<grpc::ClientContext>();
    caller.response.Clear();
    caller.watch = Stopwatch();
    caller.stub->UnaryCall(caller.context.get(), method_, grpc::StubOptions(),
                           &requests_[next], &caller.response,
                           [this, &caller](grpc::Status status) {
                             caller.latencies.Add(caller.watch.Nanoseconds());
                             if (!status.ok()) Fail(std::move(status));
                             StartNext(caller);
                           });
  }

  void Fail(grpc::Status status) {
    next_ = requests_.size();
    absl::MutexLock lock(&mutex_);
    if (error_.ok()) error_ = std::move(status);
  }

  const std::string method_;
  std::vector<grpc::ByteBuffer> requests_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<Caller> callers_;
  std::atomic<size_t> next_ = 0;
  absl::BlockingCounter finished_;
  absl::Mutex mutex_;
  grpc::Status error_;
};

}  // namespace

std::shared_ptr<grpc::Channel> ConnectTo(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

absl::StatusOr<CallTimes> MakeUnaryCalls(const std::string& address,
                                         const std::string& method,
                                         size_t callers, uint64_t first_number,
                                         size_t count, const MakeCall& make) {
  std::vector<grpc::ByteBuffer> requests;
  requests.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    const grpc::Slice bytes(make(first_number + i));
    requests.emplace_back(&bytes, 1);
  }
  return Calls(address, method, callers, std::move(requests)).Run();
}

}  // namespace chipledger::bench
