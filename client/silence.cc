#include "client/silence.h"

#include "client/retry.h"
#include "grpcpp/client_context.h"

namespace chipledger::client {
namespace {

// How often the time is looked at, in parts of the limit: a call ends so much
// later at most, and no wait of the caller's wakes the thread.
constexpr int kLooksPerLimit = 4;

}  // namespace

SilenceLimit::SilenceLimit(grpc::ClientContext& context, absl::Duration limit)
    : context_(context), limit_(limit) {
  if (limit != absl::InfiniteDuration()) {
    thread_ = std::thread([this] { Run(); });
  }
}

SilenceLimit::~SilenceLimit() {
  {
    absl::MutexLock lock(&mutex_);
    over_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void SilenceLimit::BeginWait() {
  absl::MutexLock lock(&mutex_);
  until_ = Now() + limit_;
}

void SilenceLimit::EndWait() {
  absl::MutexLock lock(&mutex_);
  until_ = absl::InfiniteFuture();
}

bool SilenceLimit::exceeded() const {
  absl::MutexLock lock(&mutex_);
  return exceeded_;
}

void SilenceLimit::Run() {
  absl::MutexLock lock(&mutex_);
  while (!mutex_.AwaitWithTimeout(absl::Condition(&over_),
                                  limit_ / kLooksPerLimit)) {
    if (Now() < until_) continue;
    exceeded_ = true;
    context_.TryCancel();
    return;
  }
}

}  // namespace chipledger::client
