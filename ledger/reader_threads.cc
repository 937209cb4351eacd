#include "ledger/reader_threads.h"

#include <utility>

#include "ledger/base/error.h"

namespace chipledger {

ReaderThreads::ReaderThreads(size_t threads) {
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Loop(); });
  }
}

ReaderThreads::~ReaderThreads() {
  {
    absl::MutexLock lock(&mutex_);
    ending_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
  for (Task& task : tasks_) {
    task(MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                   "the ledger is shutting down"));
  }
}

void ReaderThreads::Run(Task task) {
  absl::MutexLock lock(&mutex_);
  tasks_.push_back(std::move(task));
}

void ReaderThreads::Loop() {
  const auto something_to_do = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ending_ || !tasks_.empty();
  };
  while (true) {
    Task task;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&something_to_do));
      if (ending_) return;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task(absl::OkStatus());
  }
}

}  // namespace chipledger
