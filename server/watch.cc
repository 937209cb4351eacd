#include "server/watch.h"

#include <utility>

#include "absl/time/clock.h"
#include "server/rpc_status.h"

namespace chipledger {

void Watch::Fail(const absl::Status& status) { Finish(ToGrpcStatus(status)); }

void Watch::Start() {
  {
    absl::MutexLock lock(&mutex_);
    last_write_ = absl::Now();
  }
  if (!runtime_.long_calls.Add(this)) return Fail(ShuttingDown());
  PostRun(false);
}

void Watch::PostRun(bool sign_of_life) {
  runtime_.workers.Post([this, sign_of_life] { Run(sign_of_life); });
}

void Watch::Run(bool sign_of_life) {
  absl::StatusOr<Step> step = Next(sign_of_life);
  {
    absl::MutexLock lock(&mutex_);
    if (!step.ok()) {
      if (!end_status_) end_status_ = ToGrpcStatus(step.status());
      step_ = Step{};
    } else {
      step_ = *std::move(step);
    }
    if (step_.message && !end_status_) {
      last_write_ = absl::Now();
      StartWrite(&*step_.message);
      return;
    }
  }
  AfterStep();
}

void Watch::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mutex_);
    if (!ok && !end_status_) end_status_ = grpc::Status::CANCELLED;
  }
  AfterStep();
}

void Watch::AfterStep() {
  grpc::Status status;
  {
    absl::MutexLock lock(&mutex_);
    if (!end_status_) {
      switch (step_.then) {
        case Then::kGoOn:
          return PostRun(false);
        case Then::kWait:
          busy_ = false;
          return;
        case Then::kEnd:
          break;
      }
    }
    finished_ = true;
    status = end_status_.value_or(grpc::Status::OK);
  }
  // From here on this may be deleted.
  Finish(std::move(status));
}

bool Watch::OnSize(uint64_t size) {
  absl::MutexLock lock(&mutex_);
  if (finished_) return false;
  if (busy_) return true;
  const bool grown = size > step_.seen_size;
  const bool quiet = absl::Now() - last_write_ >= runtime_.heartbeat;
  if (!grown && !quiet) return false;
  busy_ = true;
  PostRun(quiet);
  return true;
}

void Watch::OnCancel() { EndWith(grpc::Status::CANCELLED); }

void Watch::End(const absl::Status& why) { EndWith(ToGrpcStatus(why)); }

void Watch::EndWith(grpc::Status status) {
  {
    absl::MutexLock lock(&mutex_);
    if (finished_) return;
    if (!end_status_) end_status_ = status;
    if (busy_) return;
    finished_ = true;
  }
  // From here on this may be deleted.
  Finish(std::move(status));
}

void Watch::OnDone() {
  runtime_.long_calls.Remove(this);
  delete this;
}

}  // namespace chipledger
