#include "ledger/pipeline.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"

namespace chipledger {
namespace {

absl::Status QueueFull(size_t queued, size_t max) {
  return MakeError(
      absl::StatusCode::kResourceExhausted, "QUEUE_FULL",
      absl::StrCat("the write queue is full: ", queued, " of at most ", max,
                   " commands wait to be decided; send the request again with "
                   "the same request_id a little later"),
      {{"queued_commands", absl::StrCat(queued)},
       {"max_queued_commands", absl::StrCat(max)}});
}

absl::Status ShuttingDown() {
  return MakeError(absl::StatusCode::kUnavailable, "SHUTTING_DOWN",
                   "the ledger is shutting down; send the request again with "
                   "the same request_id when the server is back");
}

}  // namespace

absl::Status Pipeline::Push(QueuedBatch batch) {
  absl::MutexLock lock(&mutex_);
  if (!read_only_.ok()) return read_only_;
  if (closed_) return ShuttingDown();
  if (batch.when_full == WhenFull::kRefuse) {
    const size_t queued = bounded_commands_;
    if (queued > 0 && queued + batch.commands > max_queued_commands_) {
      return QueueFull(queued, max_queued_commands_);
    }
    bounded_commands_ += batch.commands;
  }
  queued_commands_ += batch.commands;
  queue_.push_back(std::move(batch));
  sequencer_wakes_.Signal();
  return absl::OkStatus();
}

void Pipeline::Dequeue(const QueuedBatch& batch) {
  queued_commands_ -= batch.commands;
  if (batch.when_full == WhenFull::kRefuse) bounded_commands_ -= batch.commands;
}

void Pipeline::Close() {
  absl::MutexLock lock(&mutex_);
  closed_ = true;
  sequencer_wakes_.Signal();
}

bool Pipeline::RefuseWrites(absl::Status read_only) {
  absl::MutexLock lock(&mutex_);
  if (!read_only_.ok()) return false;
  read_only_ = std::move(read_only);
  return true;
}

absl::Status Pipeline::read_only() const {
  absl::MutexLock lock(&mutex_);
  return read_only_;
}

Pipeline::Task Pipeline::Next(bool has_group,
                              std::vector<QueuedBatch>& batches) {
  absl::MutexLock lock(&mutex_);
  while (true) {
    if (!queue_.empty()) {
      batches.clear();
      batches.swap(queue_);
      return Task::kDecide;
    }
    if (has_group && (committer_idle_ || closed_)) return Task::kHandOn;
    if (closed_) return Task::kEnd;
    sequencer_wakes_.Wait(&mutex_);
  }
}

void Pipeline::HandOn(std::unique_ptr<Group> group) {
  absl::MutexLock lock(&mutex_);
  while (handed_on_ != nullptr) sequencer_wakes_.Wait(&mutex_);
  no_more_groups_ = group == nullptr;
  handed_on_ = std::move(group);
  committer_idle_ = false;
  committer_wakes_.Signal();
}

std::unique_ptr<Group> Pipeline::Take() {
  absl::MutexLock lock(&mutex_);
  while (handed_on_ == nullptr && !no_more_groups_) {
    committer_idle_ = true;
    sequencer_wakes_.Signal();
    committer_wakes_.Wait(&mutex_);
  }
  std::unique_ptr<Group> group = std::move(handed_on_);
  sequencer_wakes_.Signal();
  return group;
}

}  // namespace chipledger
