#include "ledger/size_waiters.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "ledger/base/error.h"

namespace chipledger {
namespace {

absl::Status MinSizeNotReached(uint64_t min_size, uint64_t size) {
  return MakeError(
      absl::StatusCode::kDeadlineExceeded, "MIN_SIZE_NOT_REACHED",
      absl::StrCat("the ledger has ", size, " entries and did not reach ",
                   min_size, " in time; pass the size that a write answered"),
      {{"min_size", absl::StrCat(min_size)}, {"size", absl::StrCat(size)}});
}

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                   "the ledger is shutting down");
}

}  // namespace

SizeWaiters::SizeWaiters(uint64_t size)
    : size_(size), deadline_thread_([this] { DeadlineLoop(); }) {}

SizeWaiters::~SizeWaiters() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
    deadlines_changed_.Signal();
  }
  deadline_thread_.join();
  for (auto& [key, waiter] : waiters_) waiter.ready(ShuttingDown());
}

void SizeWaiters::Add(uint64_t min_size, absl::Time deadline, Ready ready) {
  {
    absl::MutexLock lock(&mutex_);
    if (min_size > size_) {
      const Key key(min_size, next_number_++);
      waiters_.emplace(key, Waiter{deadline, std::move(ready)});
      by_deadline_.emplace(deadline, key);
      if (by_deadline_.begin()->second == key) deadlines_changed_.Signal();
      return;
    }
  }
  ready(absl::OkStatus());
}

void SizeWaiters::Advance(uint64_t size) {
  std::vector<Ready> reached;
  {
    absl::MutexLock lock(&mutex_);
    size_ = size;
    while (!waiters_.empty() && waiters_.begin()->first.first <= size) {
      reached.push_back(Remove(waiters_.begin()));
    }
  }
  for (Ready& ready : reached) ready(absl::OkStatus());
}

SizeWaiters::Ready SizeWaiters::Remove(Waiters::iterator it) {
  by_deadline_.erase({it->second.deadline, it->first});
  Ready ready = std::move(it->second.ready);
  waiters_.erase(it);
  return ready;
}

void SizeWaiters::DeadlineLoop() {
  absl::MutexLock lock(&mutex_);
  while (!ending_) {
    if (by_deadline_.empty()) {
      deadlines_changed_.Wait(&mutex_);
      continue;
    }
    const auto [deadline, key] = *by_deadline_.begin();
    if (absl::Now() < deadline) {
      deadlines_changed_.WaitWithDeadline(&mutex_, deadline);
      continue;
    }
    Ready ready = Remove(waiters_.find(key));
    const absl::Status status = MinSizeNotReached(key.first, size_);
    mutex_.Unlock();
    ready(status);
    mutex_.Lock();
  }
}

}  // namespace chipledger
