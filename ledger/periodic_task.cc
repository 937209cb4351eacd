#include "ledger/periodic_task.h"

#include <utility>

namespace chipledger {

PeriodicTask::PeriodicTask(absl::Duration pause,
                           absl::AnyInvocable<void()> work)
    : pause_(pause), work_(std::move(work)), thread_([this] { Run(); }) {}

PeriodicTask::~PeriodicTask() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  thread_.join();
}

void PeriodicTask::Run() {
  while (true) {
    work_();
    absl::MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout(absl::Condition(&ending_), pause_)) return;
  }
}

}  // namespace chipledger
