#include "tools/bench/bulk.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/proto_buffer_reader.h"

namespace chipledger::bench {
namespace {

constexpr char kMethod[] = "/chipledger.v1.ShipmentService/StreamShipments";

std::vector<grpc::ByteBuffer> MakeBatches(const MakeShipment& make,
                                          uint64_t first_number, size_t count,
                                          size_t batch_size) {
  std::vector<grpc::ByteBuffer> batches;
  for (size_t done = 0; done < count; done += batch_size) {
    v1::StreamShipmentsRequest message;
    const size_t end = std::min(count, done + batch_size);
    for (size_t i = done; i < end; ++i) {
      auto& request = *message.add_requests();
      make(first_number + i, *request.mutable_request_id(),
           *request.add_commands()->mutable_record_shipment());
    }
    const grpc::Slice bytes(message.SerializeAsString());
    batches.emplace_back(&bytes, 1);
  }
  return batches;
}

// Sends the batches and keeps the answers.
class StreamReactor final
    : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  StreamReactor(std::vector<grpc::ByteBuffer> batches, size_t under_way)
      : batches_(std::move(batches)),
        max_under_way_(under_way),
        started_(batches_.size()),
        answers_(batches_.size()) {}

  void Run(grpc::GenericStub& stub) {
    stub.PrepareBidiStreamingCall(&context_, kMethod, grpc::StubOptions(),
                                  this);
    watch_ = Stopwatch();
    StartRead(&answers_[0]);
    {
      absl::MutexLock lock(&mutex_);
      WriteIfRoom();
    }
    StartCall();
    done_.WaitForNotification();
  }

  void OnWriteDone(bool ok) override {
    absl::MutexLock lock(&mutex_);
    writing_ = false;
    if (ok) WriteIfRoom();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    size_t answered;
    {
      absl::MutexLock lock(&mutex_);
      times_.latencies.Add(watch_.Nanoseconds() - started_[answered_]);
      answered = ++answered_;
      const size_t all = batches_.size();
      if (answered == all / 10) times_.first_tenth_seconds = watch_.Seconds();
      if (answered == all - all / 10) {
        times_.nine_tenths_seconds = watch_.Seconds();
      }
      if (answered == all) times_.seconds = watch_.Seconds();
      WriteIfRoom();
    }
    if (answered < batches_.size()) StartRead(&answers_[answered]);
  }

  void OnDone(const grpc::Status& status) override {
    status_ = status;
    done_.Notify();
  }

  absl::StatusOr<CallTimes> Result() {
    if (!status_.ok()) return absl::UnknownError(status_.error_message());
    absl::MutexLock lock(&mutex_);
    return times_;
  }
  std::vector<grpc::ByteBuffer>& answers() { return answers_; }

 private:
  void WriteIfRoom() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (writing_ || written_ - answered_ >= max_under_way_) return;
    if (written_ == batches_.size()) {
      if (!ended_) StartWritesDone();
      ended_ = true;
      return;
    }
    writing_ = true;
    started_[written_] = watch_.Nanoseconds();
    StartWrite(&batches_[written_++]);
  }

  std::vector<grpc::ByteBuffer> batches_;
  const size_t max_under_way_;
  grpc::ClientContext context_;
  Stopwatch watch_;
  absl::Mutex mutex_;
  size_t written_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t answered_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<int64_t> started_ ABSL_GUARDED_BY(mutex_);
  CallTimes times_ ABSL_GUARDED_BY(mutex_);
  // Each is written by one read, which no other overlaps.
  std::vector<grpc::ByteBuffer> answers_;
  grpc::Status status_;
  absl::Notification done_;
};

// Every request must have been accepted.
absl::Status CheckAnswers(std::vector<grpc::ByteBuffer>& answers,
                          size_t count) {
  size_t accepted = 0;
  for (grpc::ByteBuffer& bytes : answers) {
    v1::StreamShipmentsResponse response;
    grpc::ProtoBufferReader reader(&bytes);
    if (!response.ParseFromZeroCopyStream(&reader)) {
      return absl::DataLossError("an answer does not parse");
    }
    for (const auto& answer : response.answers()) {
      if (answer.has_error()) {
        return absl::UnknownError(answer.error().ShortDebugString());
      }
      ++accepted;
    }
  }
  return accepted == count ? absl::OkStatus()
                           : absl::UnknownError(absl::StrCat(
                                 accepted, " answers to ", count, " requests"));
}

}  // namespace

absl::StatusOr<CallTimes> WriteStream(const std::string& address,
                                      const MakeShipment& make,
                                      uint64_t first_number, size_t count,
                                      size_t batch_size,
                                      size_t batches_under_way) {
  const std::shared_ptr<grpc::Channel> channel = ConnectTo(address);
  channel->WaitForConnected(std::chrono::system_clock::now() +
                            std::chrono::seconds(10));
  grpc::GenericStub stub(channel);
  StreamReactor reactor(MakeBatches(make, first_number, count, batch_size),
                        batches_under_way);
  reactor.Run(stub);
  absl::StatusOr<CallTimes> times = reactor.Result();
  if (!times.ok()) return times;
  const absl::Status checked = CheckAnswers(reactor.answers(), count);
  if (!checked.ok()) return checked;
  return times;
}

}  // namespace chipledger::bench
