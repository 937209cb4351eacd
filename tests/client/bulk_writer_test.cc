// Goal: a bulk writer records each request once and answers each in order, with
// bounded memory, whatever happens to its stream. Method: a real server; for
// broken streams a service that breaks them by a script.
#include "client/bulk_writer.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "ledger/base/uuid.h"
#include "tests/support/server_fixture.h"

namespace chipledger::client {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::Gt;
using ::testing::IsEmpty;
using ::testing::Le;
using testing::ServerTest;
using testing::ShipmentOf;
using ::testing::SizeIs;

BulkWriter::Request RequestOf(const v1::RecordShipmentRequest& request) {
  BulkWriter::Request result;
  result.set_request_id(request.request_id());
  *result.add_commands()->mutable_record_shipment() = request.command();
  return result;
}

// Collects answers by their shipment's reference, in order.
class Answers {
 public:
  BulkWriter::OnAnswer Collector() {
    return [this](const BulkWriter::Request& request,
                  const BulkWriter::Answer& answer, bool sent_again) {
      absl::MutexLock lock(&mutex_);
      if (sent_again) sent_again_.insert(request.request_id());
      references_.push_back(request.commands(0)
                                .record_shipment()
                                .shipment()
                                .shipment_reference());
      answers_.push_back(answer);
    };
  }
  std::vector<std::string> references() {
    absl::MutexLock lock(&mutex_);
    return references_;
  }
  std::vector<BulkWriter::Answer> answers() {
    absl::MutexLock lock(&mutex_);
    return answers_;
  }
  // The ids of what was sent again.
  std::set<std::string> sent_again() {
    absl::MutexLock lock(&mutex_);
    return sent_again_;
  }

 private:
  absl::Mutex mutex_;
  std::vector<std::string> references_ ABSL_GUARDED_BY(mutex_);
  std::vector<BulkWriter::Answer> answers_ ABSL_GUARDED_BY(mutex_);
  std::set<std::string> sent_again_ ABSL_GUARDED_BY(mutex_);
};

class BulkWriterTest : public ServerTest {
 protected:
  void SetUp() override { RecordCatalog(); }

  uint64_t CountShipments(Client& client) {
    v1::ListShipmentsRequest request;
    request.set_page_size(1000);
    uint64_t count = 0;
    do {
      const auto page = client.ListShipments(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      count += static_cast<uint64_t>(page->shipments_size());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return count;
  }
};

TEST_F(BulkWriterTest, AnswersEachRequestInTheOrderOfWriting) {
  Client client({.server = address()});
  Answers answers;
  std::vector<std::string> written;
  BulkWriter writer(client, {.max_requests_per_batch = 64},
                    answers.Collector());
  for (int i = 0; i < 2000; ++i) {
    written.push_back(absl::StrCat("S-", i));
    ASSERT_TRUE(writer
                    .Write(RequestOf(ShipmentOf(
                        "H100", 1, i % 2 == 0 ? "FR" : "DE", written.back())))
                    .ok());
  }
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_THAT(answers.references(), ElementsAreArray(written));
  EXPECT_EQ(CountShipments(client), 2000);
}

TEST_F(BulkWriterTest, ARequestThatFailsAffectsNoOther) {
  Client client({.server = address()});
  Answers answers;
  BulkWriter writer(client, {}, answers.Collector());
  ASSERT_TRUE(writer.Write(RequestOf(ShipmentOf("H100", 1, "FR", "a"))).ok());
  ASSERT_TRUE(writer.Write(RequestOf(ShipmentOf("NOPE", 1, "FR", "b"))).ok());
  ASSERT_TRUE(
      writer.Write(RequestOf(ShipmentOf("H100", 2000, "FR", "c"))).ok());
  ASSERT_TRUE(writer.Write(RequestOf(ShipmentOf("H100", 1, "FR", "d"))).ok());
  ASSERT_TRUE(writer.Flush().ok());
  const auto got = answers.answers();
  ASSERT_THAT(got, SizeIs(4));
  EXPECT_FALSE(got[0].has_error());
  EXPECT_EQ(GetErrorDetails(FromRpcStatus(got[1].error())).reason,
            v1::PRODUCT_NOT_FOUND);
  EXPECT_TRUE(GetErrorDetails(FromRpcStatus(got[2].error())).refusal);
  EXPECT_FALSE(got[3].has_error());
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_FALSE(writer.Write(RequestOf(ShipmentOf("H100", 1, "FR", "e"))).ok());
}

TEST_F(BulkWriterTest, GoesOnWithAServerThatIsStartedAgain) {
  const std::string server = address();
  Client client({.server = server, .max_backoff = absl::Milliseconds(50)});
  Answers answers;
  BulkWriter writer(
      client, {.max_requests_per_batch = 20, .max_requests_under_way = 100},
      answers.Collector());
  const std::vector<std::string> countries = {"FR", "DE", "JP"};
  for (int i = 0; i < 1500; ++i) {
    if (i == 500 || i == 1000) {
      StartServer([&](ServerOptions& options) { options.listen = server; });
    }
    ASSERT_TRUE(writer
                    .Write(RequestOf(ShipmentOf("H100", 1, countries[i % 3],
                                                absl::StrCat("S-", i))))
                    .ok());
  }
  const absl::Status finished = writer.Finish();
  ASSERT_TRUE(finished.ok()) << finished;
  for (const auto& answer : answers.answers()) {
    EXPECT_FALSE(answer.has_error()) << answer.error().message();
  }
  EXPECT_THAT(answers.references(), SizeIs(1500));
  EXPECT_EQ(CountShipments(client), 1500);
}

// What a ledger answers that asks to try again.
google::rpc::Status QueueFull() {
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::RESOURCE_EXHAUSTED);
  google::rpc::ErrorInfo info;
  info.set_reason("QUEUE_FULL");
  info.set_domain("chipledger");
  status.add_details()->PackFrom(info);
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_nanos(1'000'000);
  status.add_details()->PackFrom(retry);
  return status;
}

// Answers batches by a script: each number is how many requests a stream
// answers before it breaks in the middle of nowhere; after the script streams
// do not break.
class BreakingServer : public v1::ShipmentService::Service {
 public:
  explicit BreakingServer(std::vector<int> answers_per_stream)
      : answers_per_stream_(std::move(answers_per_stream)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~BreakingServer() override {
    Release();
    server_->Shutdown();
  }

  ClientOptions options() const {
    return {.server = absl::StrCat("127.0.0.1:", port_),
            .initial_backoff = absl::Milliseconds(1)};
  }
  // Of every `n` requests that are new, the last is first answered with a
  // full queue.
  void BeBusyForEvery(int n) { busy_for_every_ = n; }
  // From now on there is one answer more than requests.
  void AnswerOneTooMany() { one_too_many_ = true; }
  // Answers of a batch come in messages of at most this many; a stream that
  // breaks has sent the first of its last batch.
  void AnswerInPartsOf(int n) { part_size_ = n; }
  // The sizes of the batches received.
  std::vector<int> batch_sizes() {
    absl::MutexLock lock(&mutex_);
    return batch_sizes_;
  }
  // Streams read nothing until Release.
  void Hold() { held_ = true; }
  void Release() {
    if (!released_.HasBeenNotified()) released_.Notify();
  }
  // How often each request id was received.
  std::map<std::string, int> received() {
    absl::MutexLock lock(&mutex_);
    return received_;
  }

  grpc::Status StreamShipments(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamShipmentsResponse,
                               v1::StreamShipmentsRequest>* stream) override {
    if (held_) released_.WaitForNotification();
    const size_t number = streams_++;
    int left = number < answers_per_stream_.size() ? answers_per_stream_[number]
                                                   : 1'000'000;
    v1::StreamShipmentsRequest batch;
    while (stream->Read(&batch)) {
      v1::StreamShipmentsResponse response;
      {
        absl::MutexLock lock(&mutex_);
        batch_sizes_.push_back(batch.requests_size());
        for (const auto& request : batch.requests()) {
          const bool is_new = ++received_[request.request_id()] == 1;
          if (is_new && busy_for_every_ > 0 &&
              received_.size() % busy_for_every_ == 0) {
            *response.add_answers()->mutable_error() = QueueFull();
          } else {
            response.add_answers()->mutable_result()->set_index(1);
          }
        }
      }
      if (one_too_many_) response.add_answers();
      left -= batch.requests_size();
      if (part_size_ > 0) {
        if (!WriteInParts(response, left < 0 ? 1 : batch.requests_size(),
                          *stream)) {
          break;
        }
      } else if (left >= 0) {
        stream->Write(response);
      }
      if (left < 0) return {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
    }
    return grpc::Status::OK;
  }

 private:
  bool WriteInParts(
      const v1::StreamShipmentsResponse& response, int max_parts,
      grpc::ServerReaderWriter<v1::StreamShipmentsResponse,
                               v1::StreamShipmentsRequest>& stream) {
    const int all = response.answers_size();
    for (int begin = 0; begin < all && max_parts-- > 0; begin += part_size_) {
      v1::StreamShipmentsResponse part;
      for (int i = begin; i < std::min(all, begin + part_size_); ++i) {
        *part.add_answers() = response.answers(i);
      }
      if (!stream.Write(part)) return false;
    }
    return true;
  }

  const std::vector<int> answers_per_stream_;
  int port_ = 0;
  std::atomic<size_t> streams_ = 0;
  std::atomic<bool> held_ = false;
  std::atomic<int> busy_for_every_ = 0;
  std::atomic<bool> one_too_many_ = false;
  std::atomic<int> part_size_ = 0;
  absl::Notification released_;
  absl::Mutex mutex_;
  std::map<std::string, int> received_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> batch_sizes_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

BulkWriter::Request Numbered(int i) {
  BulkWriter::Request request;
  request.set_request_id(Uuid::Random().ToString());
  request.add_commands()
      ->mutable_record_shipment()
      ->mutable_shipment()
      ->set_shipment_reference(absl::StrCat(i));
  return request;
}

TEST(BulkWriterBreakTest, SendsUnansweredRequestsAgainUnderTheirIds) {
  BreakingServer server({10, 0, 25});
  Client client(server.options());
  Answers answers;
  BulkWriter writer(client, {.max_requests_per_batch = 5}, answers.Collector());
  std::vector<std::string> ids, references;
  for (int i = 0; i < 100; ++i) {
    BulkWriter::Request request = Numbered(i);
    ids.push_back(request.request_id());
    references.push_back(absl::StrCat(i));
    ASSERT_TRUE(writer.Write(std::move(request)).ok());
  }
  const absl::Status finished = writer.Finish();
  ASSERT_TRUE(finished.ok()) << finished;
  EXPECT_THAT(answers.references(), ElementsAreArray(references));
  const auto received = server.received();
  const std::set<std::string> told = answers.sent_again();
  EXPECT_EQ(told.count(ids[0]), 0) << "answered before the first break";
  for (int i = 0; i < 100; ++i) {
    EXPECT_GE(told.count(ids[i]), received.at(ids[i]) > 1 ? 1 : 0) << i;
  }
  int sent_again = 0;
  EXPECT_THAT(received, SizeIs(100));
  for (const std::string& id : ids) sent_again += received.at(id) > 1 ? 1 : 0;
  EXPECT_GT(sent_again, 0);
}

TEST(BulkWriterBreakTest, BridgesAnOutageByTimeAndNotByTries) {
  BreakingServer server({10, 0, 0, 0, 0, 0, 0});
  ClientOptions options = server.options();
  options.max_attempts = 1;
  Client client(options);
  Answers answers;
  BulkWriter writer(client, {.max_requests_per_batch = 5}, answers.Collector());
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(writer.Write(Numbered(i)).ok());
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_THAT(answers.references(), SizeIs(50));
}

TEST(BulkWriterBreakTest, GivesUpAfterSomeTimeWithoutProgress) {
  std::vector<int> script(1000);
  script[0] = 10;
  BreakingServer server(script);
  ClientOptions options = server.options();
  options.max_outage = absl::Milliseconds(50);
  Client client(options);
  Answers answers;
  BulkWriter writer(client, {.max_requests_per_batch = 5}, answers.Collector());
  for (int i = 0; i < 50; ++i) {
    if (!writer.Write(Numbered(i)).ok()) break;
  }
  const absl::Status finished = writer.Finish();
  EXPECT_EQ(finished.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(writer.Write(Numbered(0)), finished);
  EXPECT_LE(answers.references().size(), 10);
}

TEST(BulkWriterBreakTest, BlocksTheCallerWhileTooMuchIsUnderWay) {
  BreakingServer server({});
  server.Hold();
  Client client(server.options());
  Answers answers;
  BulkWriter writer(client,
                    {.max_requests_per_batch = 5, .max_requests_under_way = 20},
                    answers.Collector());
  std::atomic<int> written = 0;
  absl::Notification twenty;
  std::thread caller([&] {
    for (int i = 0; i < 60; ++i) {
      EXPECT_TRUE(writer.Write(Numbered(i)).ok());
      if (++written == 20) twenty.Notify();
    }
  });
  twenty.WaitForNotification();
  // Time for a caller that does not block to show itself.
  absl::SleepFor(absl::Milliseconds(100));
  EXPECT_EQ(written, 20);
  server.Release();
  caller.join();
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_THAT(answers.references(), SizeIs(60));
}

TEST(BulkWriterBreakTest, BatchesAreLargeWhileSomethingIsUnderWay) {
  constexpr int kRequests = 460;
  BreakingServer server({});
  server.Hold();
  Client client(server.options());
  Answers answers;
  BulkWriter writer(client, {.min_requests_per_batch = 100},
                    answers.Collector());
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(writer.Write(Numbered(i)).ok());
    // Time for a sender that does not wait to show itself.
    absl::SleepFor(absl::Milliseconds(1));
  }
  server.Release();
  ASSERT_TRUE(writer.Finish().ok());
  EXPECT_THAT(answers.references(), SizeIs(kRequests));
  const std::vector<int> sizes = server.batch_sizes();
  for (size_t i = 1; i + 1 < sizes.size(); ++i) {
    EXPECT_GE(sizes[i], 100) << "batch " << i;
  }
}

TEST(BulkWriterBreakTest, ALoneRequestDoesNotWaitForOthers) {
  BreakingServer server({});
  Client client(server.options());
  absl::Notification answered;
  BulkWriter writer(client, {.min_requests_per_batch = 100},
                    [&](const BulkWriter::Request&, const BulkWriter::Answer&,
                        bool) { answered.Notify(); });
  ASSERT_TRUE(writer.Write(Numbered(0)).ok());
  EXPECT_TRUE(answered.WaitForNotificationWithTimeout(absl::Seconds(30)));
  EXPECT_TRUE(writer.Finish().ok());
}

TEST(BulkWriterBreakTest, BlocksTheCallerAtItsBytesAndNotBefore) {
  const size_t bytes = Numbered(10).ByteSizeLong();
  for (const size_t short_by : {0, 1}) {
    BreakingServer server({});
    server.Hold();
    Client client(server.options());
    Answers answers;
    BulkWriter writer(client, {.max_bytes_under_way = 5 * bytes - short_by},
                      answers.Collector());
    const int room = short_by == 0 ? 5 : 4;
    std::atomic<int> written = 0;
    absl::Notification full;
    std::thread caller([&] {
      for (int i = 10; i < 30; ++i) {
        EXPECT_TRUE(writer.Write(Numbered(i)).ok());
        if (++written == room) full.Notify();
      }
    });
    full.WaitForNotification();
    // Time for a caller that does not block to show itself.
    absl::SleepFor(absl::Milliseconds(100));
    EXPECT_EQ(written, room);
    server.Release();
    caller.join();
    EXPECT_TRUE(writer.Finish().ok());
    EXPECT_THAT(answers.references(), SizeIs(20));
  }
}

TEST(BulkWriterBreakTest, ARequestLargerThanAllItsBytesGoesAlone) {
  BreakingServer server({});
  Client client(server.options());
  Answers answers;
  BulkWriter writer(client, {.max_bytes_under_way = 1}, answers.Collector());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer.Write(Numbered(i)).ok());
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_THAT(server.batch_sizes(), ElementsAre(1, 1, 1));
}

TEST(BulkWriterBreakTest, WhatAnErrorLeavesUnansweredTakesNoRoomForGood) {
  BreakingServer server({});
  server.BeBusyForEvery(7);
  Client client(server.options());
  Answers answers;
  const size_t bytes = Numbered(100).ByteSizeLong();
  BulkWriter writer(client,
                    {.max_requests_per_batch = 5,
                     .max_requests_under_way = 20,
                     .max_bytes_under_way = 20 * bytes},
                    answers.Collector());
  std::vector<std::string> references;
  for (int i = 100; i < 500; ++i) {
    references.push_back(absl::StrCat(i));
    ASSERT_TRUE(writer.Write(Numbered(i)).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_THAT(answers.references(), ElementsAreArray(references));
  EXPECT_THAT(server.batch_sizes(), Each(Le(5)));
  for (const BulkWriter::Answer& answer : answers.answers()) {
    EXPECT_FALSE(answer.has_error());
  }
}

TEST(BulkWriterBreakTest, TheAnswersOfABatchMayComeInSeveralMessages) {
  // Breaks in the second batch of a stream, after the first part of its
  // answers.
  BreakingServer server({7, 7, 7});
  server.AnswerInPartsOf(2);
  Client client(server.options());
  Answers answers;
  const size_t bytes = Numbered(100).ByteSizeLong();
  BulkWriter writer(client,
                    {.max_requests_per_batch = 5,
                     .max_requests_under_way = 10,
                     .max_bytes_under_way = 10 * bytes},
                    answers.Collector());
  std::vector<std::string> references;
  for (int i = 100; i < 200; ++i) {
    references.push_back(absl::StrCat(i));
    ASSERT_TRUE(writer.Write(Numbered(i)).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  EXPECT_THAT(answers.references(), ElementsAreArray(references));
  EXPECT_THAT(answers.sent_again(), SizeIs(Gt(0)));
}

TEST(BulkWriterBreakTest, AnswersThatDoNotFitTheRequestsEndTheWriter) {
  BreakingServer server({});
  server.AnswerOneTooMany();
  Client client(server.options());
  Answers answers;
  BulkWriter writer(client, {.max_requests_under_way = 2}, answers.Collector());
  absl::Status status;
  for (int i = 0; i < 10 && status.ok(); ++i) {
    status = writer.Write(Numbered(i));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << status;
  EXPECT_EQ(writer.Finish(), status);
  EXPECT_THAT(answers.references(), IsEmpty());
}

TEST(BulkWriterBreakTest, AServerThatNeverAnswersIsGivenUp) {
  BreakingServer server({});
  server.Hold();
  ClientOptions options = server.options();
  options.max_outage = absl::ZeroDuration();
  Client client(options);
  BulkWriter writer(client, {.answer_timeout = absl::Milliseconds(10)},
                    [](const auto&, const auto&, bool) {});
  ASSERT_TRUE(writer.Write(Numbered(0)).ok());
  EXPECT_EQ(writer.Finish().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace chipledger::client
