#include "server/what_if_call.h"

#include <utility>

#include "server/rpc_status.h"
#include "server/wire.h"

namespace chipledger {

void WhatIfCall::Start(const grpc::ByteBuffer& request) {
  const absl::Status parsed = ParseMessage(request, request_);
  if (!parsed.ok()) return Finish(ToGrpcStatus(parsed));
  if (!runtime_.long_calls.Add(this)) {
    return Finish(ToGrpcStatus(ShuttingDown()));
  }
  runtime_.replays.Post([this] { Run(); });
}

void WhatIfCall::Run() {
  absl::Status replayed;
  bool ended = false;
  {
    absl::MutexLock lock(&mutex_);
    ended = end_status_.has_value();
  }
  if (!ended) {
    replayed = runtime_.ledger.WhatIf(
        request_,
        [this](v1::WhatIfResponse response) { return Send(response); });
  }
  grpc::Status status =
      replayed.ok() ? grpc::Status::OK : ToGrpcStatus(replayed);
  {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &WhatIfCall::IsIdle));
    if (end_status_) status = *end_status_;
  }
  // From here on this may be deleted.
  Finish(std::move(status));
}

bool WhatIfCall::Send(const v1::WhatIfResponse& response) {
  grpc::ByteBuffer bytes = SerializeMessage(response);
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(this, &WhatIfCall::IsIdle));
  if (end_status_) return false;
  message_ = std::move(bytes);
  writing_ = true;
  StartWrite(&message_);
  return true;
}

void WhatIfCall::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  writing_ = false;
  if (!ok && !end_status_) end_status_ = grpc::Status::CANCELLED;
}

void WhatIfCall::OnCancel() {
  absl::MutexLock lock(&mutex_);
  if (!end_status_) end_status_ = grpc::Status::CANCELLED;
}

void WhatIfCall::End(const absl::Status& why) {
  absl::MutexLock lock(&mutex_);
  if (!end_status_) end_status_ = ToGrpcStatus(why);
}

void WhatIfCall::OnDone() {
  runtime_.long_calls.Remove(this);
  delete this;
}

}  // namespace chipledger
