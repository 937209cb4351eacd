#include "client/bulk_writer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/stubs.h"
#include "ledger/base/uuid.h"

namespace chipledger::client {
namespace {

// Bytes of one batch, well below limits::kMaxMessageBytes.
constexpr size_t kMaxBatchBytes = 1024 * 1024;
// How often a sender that waits looks at the answer timeout.
constexpr absl::Duration kTimeoutCheckInterval = absl::Seconds(1);

}  // namespace

BulkWriter::BulkWriter(Client& client, BulkWriterOptions options,
                       OnAnswer on_answer)
    : client_(client),
      options_(options),
      on_answer_(std::move(on_answer)),
      thread_([this] { Run(); }) {}

BulkWriter::~BulkWriter() {
  {
    absl::MutexLock lock(&mutex_);
    abandoned_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

absl::Status BulkWriter::Write(Request request) {
  if (request.request_id().empty()) {
    request.set_request_id(Uuid::Random().ToString());
  }
  const size_t bytes = request.ByteSizeLong();
  const auto has_room = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ended_ ||
           (requests_under_way_ < options_.max_requests_under_way &&
            (bytes_under_way_ == 0 ||
             bytes_under_way_ + bytes <= options_.max_bytes_under_way));
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&has_room));
  if (!error_.ok()) return error_;
  if (ended_ || finishing_) {
    return absl::FailedPreconditionError("the bulk writer was finished");
  }
  ++requests_under_way_;
  bytes_under_way_ += bytes;
  waiting_.push_back({std::move(request), bytes});
  return absl::OkStatus();
}

absl::Status BulkWriter::Flush() {
  const auto is_empty = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return ended_ || requests_under_way_ == 0;
  };
  absl::MutexLock lock(&mutex_);
  ++flushing_;
  mutex_.Await(absl::Condition(&is_empty));
  --flushing_;
  return error_;
}

absl::Status BulkWriter::Finish() {
  {
    absl::MutexLock lock(&mutex_);
    finishing_ = true;
  }
  if (thread_.joinable()) thread_.join();
  absl::MutexLock lock(&mutex_);
  return error_;
}

bool BulkWriter::IsDone() const {
  return abandoned_ || (finishing_ && requests_under_way_ == 0);
}

void BulkWriter::Run() {
  Backoff backoff(client_.options(), absl::InfiniteFuture());
  absl::Status status;
  while (true) {
    {
      // A connection is opened for the first request, not before.
      const auto has_work = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
        return requests_under_way_ > 0 || IsDone();
      };
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      if (IsDone()) break;
    }
    status = client_.Connect(backoff.ConnectBy());
    if (!status.ok()) break;
    backoff.BridgeOutages();
    status = RunStream(backoff);
    if (!status.ok() && !backoff.WaitAfter(status)) break;
    status = absl::OkStatus();
  }
  absl::MutexLock lock(&mutex_);
  error_ = status;
  ended_ = true;
}

absl::Status BulkWriter::RunStream(Backoff& backoff) {
  grpc::ClientContext context;
  const auto stream = client_.stubs().shipments->StreamShipments(&context);
  StartResend();
  std::thread sender([&] { SendBatches(*stream); });
  std::thread watchdog([&] { CancelWhenLate(context); });
  v1::StreamShipmentsResponse response;
  absl::Status answers;
  while (answers.ok() && stream->Read(&response)) {
    backoff.Reset();
    answers = TakeAnswers(response);
  }
  if (!answers.ok()) {
    context.TryCancel();
    while (stream->Read(&response)) {
    }
  }
  {
    absl::MutexLock lock(&mutex_);
    stream_ended_ = true;
  }
  sender.join();
  watchdog.join();
  const absl::Status status = FromGrpcStatus(stream->Finish());
  if (!answers.ok()) return answers;
  absl::MutexLock lock(&mutex_);
  if (IsDone()) return absl::OkStatus();
  if (answered_too_late_) {
    return absl::UnavailableError(
        absl::StrCat("the server did not answer a batch within ",
                     absl::FormatDuration(options_.answer_timeout)));
  }
  // A stream that ends before its last answer is broken, however politely.
  return status.ok() ? absl::UnavailableError(
                           "the server ended the stream before its last answer")
                     : status;
}

void BulkWriter::StartResend() {
  absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < sent_batches_; ++i) batches_[i]->sent_again = true;
  if (answered_in_front_ > 0) {
    Batch& front = *batches_.front();
    const int answered = std::exchange(answered_in_front_, 0);
    front.message.mutable_requests()->DeleteSubrange(0, answered);
    front.bytes.erase(front.bytes.begin(), front.bytes.begin() + answered);
  }
  sent_batches_ = 0;
  stream_ended_ = answered_too_late_ = false;
}

void BulkWriter::CancelWhenLate(grpc::ClientContext& context) {
  const auto over = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stream_ended_ || abandoned_;
  };
  absl::MutexLock lock(&mutex_);
  while (
      !mutex_.AwaitWithTimeout(absl::Condition(&over), kTimeoutCheckInterval)) {
    if (sent_batches_ > 0 &&
        Now() - batches_.front()->last_answer > options_.answer_timeout) {
      answered_too_late_ = true;
      break;
    }
  }
  if (!stream_ended_) context.TryCancel();
}

bool BulkWriter::MoreToSend() const {
  return stream_ended_ || IsDone() || sent_batches_ < batches_.size() ||
         IsBatchReady();
}

bool BulkWriter::IsBatchReady() const {
  return !waiting_.empty() &&
         (waiting_.size() >= std::min(options_.min_requests_per_batch,
                                      options_.max_requests_per_batch) ||
          waiting_.size() == requests_under_way_ || flushing_ > 0 ||
          finishing_);
}

void BulkWriter::SendBatches(Stream& stream) {
  const auto more = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return MoreToSend();
  };
  while (true) {
    std::shared_ptr<Batch> batch;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&more));
      if (stream_ended_) return;
      if (IsDone()) break;
      batch = NextToSend();
    }
    if (!stream.Write(batch->message)) return;
  }
  stream.WritesDone();
}

std::shared_ptr<BulkWriter::Batch> BulkWriter::NextToSend() {
  if (sent_batches_ == batches_.size()) {
    auto batch = std::make_shared<Batch>();
    batch->message.set_validate_only(options_.validate_only);
    batch->message.set_with_evidence(options_.with_evidence);
    size_t bytes = 0;
    while (!waiting_.empty() && bytes < kMaxBatchBytes &&
           static_cast<size_t>(batch->message.requests_size()) <
               options_.max_requests_per_batch) {
      Waiting& next = waiting_.front();
      bytes += next.bytes;
      batch->bytes.push_back(next.bytes);
      *batch->message.add_requests() = std::move(next.request);
      waiting_.pop_front();
    }
    batches_.push_back(std::move(batch));
  }
  const std::shared_ptr<Batch>& batch = batches_[sent_batches_++];
  batch->last_answer = Now();
  return batch;
}

absl::Status BulkWriter::TakeAnswers(
    const v1::StreamShipmentsResponse& response) {
  std::shared_ptr<const Batch> batch;
  bool sent_again = false;
  int answered = 0;
  {
    absl::MutexLock lock(&mutex_);
    if (sent_batches_ > 0) {
      batch = batches_.front();
      sent_again = batch->sent_again;
      answered = answered_in_front_;
    }
  }
  const int waiting =
      batch == nullptr ? 0 : batch->message.requests_size() - answered;
  if (response.answers_size() == 0 || response.answers_size() > waiting) {
    return absl::InternalError(
        absl::StrCat("the server sent ", response.answers_size(),
                     " answers where ", waiting, " requests were waiting"));
  }
  absl::Status transient;
  const int before = answered;
  for (const Answer& answer : response.answers()) {
    if (const absl::Status error = FromRpcStatus(answer.error());
        !error.ok() && IsTransient(error)) {
      // Answers stay in order: this request and all after it go again. What
      // was recorded of them gives its first answer.
      transient = error;
      break;
    }
    on_answer_(batch->message.requests(answered), answer, sent_again);
    ++answered;
  }
  DropAnswered(answered - before);
  return transient;
}

void BulkWriter::DropAnswered(int count) {
  absl::MutexLock lock(&mutex_);
  Batch& batch = *batches_.front();
  for (int i = 0; i < count; ++i) {
    bytes_under_way_ -= batch.bytes[answered_in_front_++];
  }
  requests_under_way_ -= static_cast<size_t>(count);
  if (answered_in_front_ < batch.message.requests_size()) {
    // The sender may still look at the message; StartResend drops them.
    batch.last_answer = Now();
    return;
  }
  answered_in_front_ = 0;
  batches_.pop_front();
  --sent_batches_;
}

}  // namespace chipledger::client
