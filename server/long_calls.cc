#include "server/long_calls.h"

#include <algorithm>

#include "server/rpc_status.h"

namespace chipledger {
namespace {

// How often calls are told the size of a ledger that does not grow; bounds how
// late a sign of life is.
constexpr absl::Duration kIdleInterval = absl::Milliseconds(500);

}  // namespace

LongCalls::LongCalls(Ledger& ledger)
    : size_(ledger.Latest()->size),
      subscription_(ledger.Subscribe([this](uint64_t size) { OnGroup(size); })),
      thread_([this] { TellSizes(); }) {}

LongCalls::~LongCalls() {
  subscription_.reset();
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  thread_.join();
}

bool LongCalls::Add(LongCall* call) {
  absl::MutexLock lock(&mutex_);
  if (shutting_down_) return false;
  calls_.insert(call);
  // What grew before this call came is its own to look at.
  again_ = true;
  return true;
}

void LongCalls::Remove(LongCall* call) {
  absl::MutexLock lock(&mutex_);
  calls_.erase(call);
}

void LongCalls::ShutDown() {
  const absl::Status why = ShuttingDown();
  absl::MutexLock lock(&mutex_);
  shutting_down_ = true;
  for (LongCall* call : calls_) call->End(why);
}

void LongCalls::AwaitNone(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  mutex_.AwaitWithDeadline(absl::Condition(this, &LongCalls::IsEmpty),
                           deadline);
}

void LongCalls::OnGroup(uint64_t size) {
  absl::MutexLock lock(&mutex_);
  size_ = std::max(size_, size);
}

void LongCalls::TellSizes() {
  absl::MutexLock lock(&mutex_);
  while (!stopped_) {
    mutex_.AwaitWithTimeout(absl::Condition(this, &LongCalls::HasNews),
                            kIdleInterval);
    told_ = size_;
    again_ = false;
    for (LongCall* call : calls_) again_ |= call->OnSize(size_);
    mutex_.AwaitWithTimeout(absl::Condition(&stopped_), kInterval);
  }
}

}  // namespace chipledger
