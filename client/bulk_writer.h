// Records many shipments over one stream.
#ifndef CHIPLEDGER_CLIENT_BULK_WRITER_H_
#define CHIPLEDGER_CLIENT_BULK_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "client/client.h"
#include "client/retry.h"

namespace grpc {
class ClientContext;
template <typename W, typename R>
class ClientReaderWriter;
}  // namespace grpc

namespace chipledger::client {

// How a BulkWriter sends.
struct BulkWriterOptions {
  // Largest batch. Higher: fewer messages; lower: smoother progress.
  size_t max_requests_per_batch = 1'000;
  // While something is under way, a batch waits until it is as large. Higher:
  // less work a request; lower: smoother progress.
  size_t min_requests_per_batch = 250;
  // Requests written and not answered; Write blocks at this number, or at these
  // bytes. Higher: more memory, and more to send again after a break.
  size_t max_requests_under_way = 8'000;
  size_t max_bytes_under_way = 16 * 1024 * 1024;
  // Judge and answer, store nothing.
  bool validate_only = false;
  // Answer acceptances with their events.
  bool with_evidence = false;
  // The stream is opened anew when a batch has waited this long.
  absl::Duration answer_timeout = absl::Seconds(60);
};

// BulkWriter streams independent requests in batches, with back-pressure, and
// passes each answer on in the order of writing. When the stream breaks it
// opens a new one and sends what was not answered again with the same
// request_ids, for ClientOptions::max_outage without progress.
//
// Durability: an accepted answer is durable. After an error from Write, Flush
// or Finish, a request without an answer may or may not have been recorded;
// sending it again with the same request_id is safe.
// Thread-safety: one thread writes. Answers arrive on another thread; the
// callback must not call the writer.
class BulkWriter {
 public:
  using Request = v1::StreamShipmentsRequest::Request;
  using Answer = v1::StreamShipmentsResponse::Answer;
  // `sent_again`: the request was sent more than once, after a broken stream,
  // so that a repeated answer may be to this writer's own earlier sending.
  using OnAnswer =
      std::function<void(const Request&, const Answer&, bool sent_again)>;

  // `client` must outlive the writer.
  BulkWriter(Client& client, BulkWriterOptions options, OnAnswer on_answer);
  // Ends the stream. Requests without an answer are as after an error: call
  // Finish first.
  ~BulkWriter();
  BulkWriter(const BulkWriter&) = delete;
  BulkWriter& operator=(const BulkWriter&) = delete;

  // Takes a request; blocks while too much is under way. A request without a
  // request_id gets a random one.
  // Errors: the error that ended the stream for good.
  absl::Status Write(Request request);
  // Waits until everything written is answered. Errors: as Write.
  absl::Status Flush();
  // Flushes and ends the stream. Nothing can be written afterwards.
  absl::Status Finish();

 private:
  using Stream = grpc::ClientReaderWriter<v1::StreamShipmentsRequest,
                                          v1::StreamShipmentsResponse>;
  // A request that is not yet in a batch.
  struct Waiting {
    Request request;
    size_t bytes;
  };
  // A batch that was sent at least once and is not answered.
  struct Batch {
    v1::StreamShipmentsRequest message;
    // Of its requests.
    std::vector<size_t> bytes;
    // When it was sent or last answered in part.
    absl::Time last_answer;
    bool sent_again = false;
  };

  void Run();
  absl::Status RunStream(Backoff& backoff);
  void SendBatches(Stream& stream);
  void CancelWhenLate(grpc::ClientContext& context);
  void StartResend();
  std::shared_ptr<Batch> NextToSend() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MoreToSend() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsBatchReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status TakeAnswers(const v1::StreamShipmentsResponse& response);
  void DropAnswered(int count);
  bool IsDone() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Client& client_;
  const BulkWriterOptions options_;
  const OnAnswer on_answer_;

  absl::Mutex mutex_;
  std::deque<Waiting> waiting_ ABSL_GUARDED_BY(mutex_);
  // Calls of Flush that wait.
  size_t flushing_ ABSL_GUARDED_BY(mutex_) = 0;
  // In the order of sending.
  std::deque<std::shared_ptr<Batch>> batches_ ABSL_GUARDED_BY(mutex_);
  // Of batches_, how many were sent on the present stream.
  size_t sent_batches_ ABSL_GUARDED_BY(mutex_) = 0;
  // Of the front of batches_, how many requests were answered.
  int answered_in_front_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t requests_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  bool finishing_ ABSL_GUARDED_BY(mutex_) = false;
  bool abandoned_ ABSL_GUARDED_BY(mutex_) = false;
  bool stream_ended_ ABSL_GUARDED_BY(mutex_) = false;
  // Whether the stream was given up because an answer took too long.
  bool answered_too_late_ ABSL_GUARDED_BY(mutex_) = false;
  bool ended_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;
};

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_BULK_WRITER_H_
