// Goal: the server says that it is healthy, describes itself, and drains.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "ledger/base/clock.h"
#include "tests/support/server_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;

class LifecycleTest : public ServerTest {
 protected:
  // Records 16 MB, more than a narrow caller takes who does not read.
  void RecordLongLog() {
    RecordCatalog();
    constexpr int kBatches = 4;
    constexpr int kEach = 2'000;
    Context context;
    auto stream = shipments_->StreamShipments(&context);
    for (int i = 0; i < kBatches; ++i) {
      v1::StreamShipmentsRequest batch;
      for (int j = 0; j < kEach; ++j) {
        const v1::RecordShipmentRequest one =
            ShipmentOf("H100", 1, "MY", absl::StrCat("S", i, ".", j));
        v1::StreamShipmentsRequest::Request& request = *batch.add_requests();
        request.set_request_id(one.request_id());
        v1::RecordShipment& record =
            *request.add_commands()->mutable_record_shipment();
        record = one.command();
        record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
        record.mutable_shipment()->set_source(std::string(2'000, 's'));
      }
      ASSERT_TRUE(stream->Write(batch));
    }
    stream->WritesDone();
    v1::StreamShipmentsResponse response;
    while (stream->Read(&response)) {
    }
    ASSERT_TRUE(stream->Finish().ok());
    ASSERT_GT(server().ledger().Latest()->size, kBatches * kEach);
  }
};

TEST_F(LifecycleTest, HealthIsServing) {
  // A HealthCheckResponse with status SERVING.
  const RawAnswer answer =
      CallRaw(channel(), "/grpc.health.v1.Health/Check", "");
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  EXPECT_EQ(answer.bytes, "\x08\x01");
}

TEST_F(LifecycleTest, ReflectionListsEveryService) {
  // A ServerReflectionRequest with list_services "*".
  const RawAnswer answer =
      CallRaw(channel(),
              "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
              "\x3a\x01*");
  EXPECT_TRUE(answer.status.ok()) << answer.status.error_message();
  for (const char* service :
       {"ShipmentService", "LicenseService", "PolicyService", "HeadroomService",
        "AuditService", "AdminService"}) {
    EXPECT_THAT(answer.bytes,
                HasSubstr(absl::StrCat("chipledger.v1.", service)));
  }
}

TEST_F(LifecycleTest, AShutdownEndsWatchesAndStreamsAndLosesNoAnswer) {
  RecordCatalog();
  Context watch_context;
  auto watch = headroom_->WatchHeadroom(&watch_context, {});
  v1::WatchHeadroomResponse message;
  ASSERT_TRUE(watch->Read(&message));
  Context entries_context;
  auto entries = audit_->WatchEntries(&entries_context, {});
  Context bulk_context;
  auto bulk = shipments_->StreamShipments(&bulk_context);
  v1::StreamShipmentsRequest batch;
  batch.add_requests();
  ASSERT_TRUE(bulk->Write(batch));
  v1::StreamShipmentsResponse bulk_answer;
  ASSERT_TRUE(bulk->Read(&bulk_answer));

  // Writers that go on until they are told that the server is going.
  std::vector<std::thread> writers;
  std::vector<std::vector<std::string>> acknowledged(4);
  for (int i = 0; i < 4; ++i) {
    writers.emplace_back([&, i] {
      for (int j = 0;; ++j) {
        const std::string reference = absl::StrCat(i, ".", j);
        Context context;
        v1::RecordShipmentRequest request =
            ShipmentOf("H100", 1, "MY", reference);
        request.mutable_command()->set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
        v1::RecordShipmentResponse response;
        if (!shipments_->RecordShipment(&context, request, &response).ok()) {
          return;
        }
        acknowledged[i].push_back(reference);
      }
    });
  }
  while (server().ledger().Latest()->size < 50) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  const absl::Time start = absl::Now();
  server().Shutdown();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  for (std::thread& writer : writers) writer.join();

  while (watch->Read(&message)) {
  }
  const grpc::Status watch_end = watch->Finish();
  EXPECT_EQ(watch_end.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(watch_end), "SHUTTING_DOWN");
  v1::WatchEntriesResponse entry_message;
  while (entries->Read(&entry_message)) {
  }
  EXPECT_EQ(ReasonOf(entries->Finish()), "SHUTTING_DOWN");
  EXPECT_FALSE(bulk->Read(&bulk_answer));
  EXPECT_EQ(ReasonOf(bulk->Finish()), "SHUTTING_DOWN");

  StartServer();
  for (const auto& references : acknowledged) {
    for (const std::string& reference : references) {
      v1::GetShipmentRequest get;
      get.set_exporter("acme");
      get.set_shipment_reference(reference);
      Context context;
      v1::GetShipmentResponse got;
      EXPECT_TRUE(shipments_->GetShipment(&context, get, &got).ok())
          << reference;
    }
  }
}

TEST_F(LifecycleTest, AShutdownUnderABulkStreamAnswersAllThatItRecorded) {
  RecordCatalog();
  for (int round = 0; round < 10; ++round) {
    const uint64_t before = server().ledger().Latest()->size;
    Context context;
    auto stream = shipments_->StreamShipments(&context);
    std::thread writer([&] {
      for (int i = 0;; ++i) {
        v1::StreamShipmentsRequest batch;
        for (int j = 0; j < 100; ++j) {
          const v1::RecordShipmentRequest one =
              ShipmentOf("H100", 1, "MY", absl::StrCat(round, ".", i, ".", j));
          auto& request = *batch.add_requests();
          request.set_request_id(one.request_id());
          auto& record = *request.add_commands()->mutable_record_shipment();
          record = one.command();
          record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
        }
        if (!stream->Write(batch)) return;
      }
    });
    std::atomic<uint64_t> answered = 0;
    std::thread reader([&] {
      v1::StreamShipmentsResponse response;
      while (stream->Read(&response)) {
        for (const auto& answer : response.answers()) {
          EXPECT_TRUE(answer.has_result()) << answer.DebugString();
          answered += answer.has_result();
        }
      }
    });
    while (answered < 1'000) absl::SleepFor(absl::Milliseconds(1));
    server().Shutdown();
    reader.join();
    writer.join();
    EXPECT_EQ(ReasonOf(stream->Finish()), "SHUTTING_DOWN");
    StartServer();
    EXPECT_EQ(server().ledger().Latest()->size - before, answered);
  }
}

TEST_F(LifecycleTest, ACallThatTakesTooLongIsCutAtTheDrainTimeout) {
  StartServer([](ServerOptions& options) {
    options.drain_timeout = absl::Milliseconds(100);
  });
  RecordLongLog();
  // A reader that does not read keeps its call open.
  const auto audit = v1::AuditService::NewStub(NarrowChannel(address()));
  Context context;
  auto reader = audit->ReadEntries(&context, {});
  v1::ReadEntriesResponse chunk;
  ASSERT_TRUE(reader->Read(&chunk));
  const absl::Time start = absl::Now();
  server().Shutdown();
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(100));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  while (reader->Read(&chunk)) {
  }
  EXPECT_FALSE(reader->Finish().ok());
}

TEST_F(LifecycleTest, WhileItDrainsItSaysSo) {
  StartServer(
      [](ServerOptions& options) { options.drain_timeout = absl::Minutes(5); });
  RecordLongLog();
  // A reader that does not read has the server wait.
  const auto audit = v1::AuditService::NewStub(NarrowChannel(address()));
  Context context(300);
  auto reader = audit->ReadEntries(&context, {});
  v1::ReadEntriesResponse chunk;
  ASSERT_TRUE(reader->Read(&chunk));
  std::thread shutdown([this] { server().Shutdown(); });
  // A HealthCheckResponse with status NOT_SERVING.
  while (CallRaw(channel(), "/grpc.health.v1.Health/Check", "").bytes !=
         "\x08\x02") {
    absl::SleepFor(absl::Milliseconds(1));
  }
  // Writes, reads, watches and streams that come now are told why they fail.
  const auto until_told = [](const auto& call) {
    // The health is told first.
    std::string reason;
    while ((reason = call()) == "OK") absl::SleepFor(absl::Milliseconds(1));
    return reason;
  };
  int written = 0;
  EXPECT_EQ(
      until_told([&] {
        Context late;
        v1::RecordShipmentResponse response;
        return ReasonOf(shipments_->RecordShipment(
            &late, ShipmentOf("H100", 1, "SG", absl::StrCat("late", written++)),
            &response));
      }),
      "SHUTTING_DOWN");
  EXPECT_EQ(until_told([&] {
              Context late;
              v1::GetLedgerResponse response;
              return ReasonOf(admin_->GetLedger(&late, {}, &response));
            }),
            "SHUTTING_DOWN");
  Context watch_context;
  auto watch = headroom_->WatchHeadroom(&watch_context, {});
  v1::WatchHeadroomResponse message;
  while (watch->Read(&message)) {
  }
  EXPECT_EQ(ReasonOf(watch->Finish()), "SHUTTING_DOWN");
  Context stream_context;
  auto stream = shipments_->StreamShipments(&stream_context);
  v1::StreamShipmentsResponse answer;
  EXPECT_FALSE(stream->Read(&answer));
  EXPECT_EQ(ReasonOf(stream->Finish()), "SHUTTING_DOWN");

  // What had begun is read to its end.
  uint64_t entries = chunk.entries_size();
  while (reader->Read(&chunk)) entries += chunk.entries_size();
  EXPECT_EQ(ReasonOf(reader->Finish()), "OK");
  EXPECT_EQ(entries, chunk.size());
  shutdown.join();
}

// A clock that can be stopped: who asks it then has to wait.
class StoppedClock final : public Clock {
 public:
  int64_t NowNs() const override {
    absl::MutexLock lock(&mutex_);
    asked_while_stopped_ |= stopped_;
    mutex_.Await(absl::Condition(
        +[](const StoppedClock* clock) { return !clock->stopped_; }, this));
    return SystemClock()->NowNs();
  }
  void Stop() {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  void AwaitAsked() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&asked_while_stopped_));
  }
  void GoOn() {
    absl::MutexLock lock(&mutex_);
    stopped_ = false;
  }

 private:
  mutable absl::Mutex mutex_;
  bool stopped_ = false;
  mutable bool asked_while_stopped_ = false;
};

TEST_F(LifecycleTest, AWriteUnderWayIsAnsweredHoweverSlowTheLedgerIs) {
  StoppedClock clock;
  StartServer([&](ServerOptions& options) {
    options.ledger.clock = &clock;
    // The fixture's clock wrote the log.
    options.ledger.trust_clock = true;
    // Nobody else asks the clock.
    options.ledger.tick = absl::Hours(1);
    options.drain_timeout = absl::Minutes(5);
  });
  RecordCatalog();
  clock.Stop();
  grpc::Status written;
  std::thread writer([&] {
    Context context(300);
    v1::RecordShipmentRequest request = ShipmentOf("H100", 1, "MY", "slow");
    request.mutable_command()->set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
    v1::RecordShipmentResponse response;
    written = shipments_->RecordShipment(&context, request, &response);
  });
  clock.AwaitAsked();
  std::thread shutdown([this] { server().Shutdown(); });
  // Longer than calls without work are left open.
  absl::SleepFor(absl::Seconds(1));
  clock.GoOn();
  writer.join();
  shutdown.join();
  EXPECT_TRUE(written.ok()) << written.error_message();
}

// A call that is open and has nothing for the server to do.
class OpenCall {
 public:
  OpenCall(const std::shared_ptr<grpc::Channel>& channel,
           const std::string& method, bool send_a_message)
      : stub_(channel), call_(stub_.PrepareCall(&context_, method, &queue_)) {
    call_->StartCall(this);
    Await();
    if (!send_a_message) return;
    grpc::Slice slice("");
    call_->Write(grpc::ByteBuffer(&slice, 1), this);
    Await();
  }
  ~OpenCall() {
    context_.TryCancel();
    grpc::Status status;
    call_->Finish(&status, this);
    Await();
    queue_.Shutdown();
  }

 private:
  void Await() {
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue_.Next(&tag, &ok));
  }

  grpc::GenericStub stub_;
  Context context_{300};
  grpc::CompletionQueue queue_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

TEST_F(LifecycleTest, AShutdownDoesNotWaitForCallsWithoutWork) {
  StartServer(
      [](ServerOptions& options) { options.drain_timeout = absl::Minutes(5); });
  const OpenCall health(channel(), "/grpc.health.v1.Health/Watch", true);
  const OpenCall reflection(
      channel(),
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", false);
  const OpenCall half_sent(
      channel(), "/chipledger.v1.ShipmentService/RecordShipment", false);
  const absl::Time start = absl::Now();
  server().Shutdown();
  EXPECT_LT(absl::Now() - start, absl::Minutes(1));
}

TEST_F(LifecycleTest, TheSameLedgerGoesOnAfterARestart) {
  RecordCatalog();
  Context before_context;
  v1::GetLedgerResponse before;
  ASSERT_TRUE(admin_->GetLedger(&before_context, {}, &before).ok());
  StartServer();
  Context after_context;
  v1::GetLedgerResponse after;
  ASSERT_TRUE(admin_->GetLedger(&after_context, {}, &after).ok());
  EXPECT_EQ(after.ledger_id(), before.ledger_id());
  EXPECT_EQ(after.size(), before.size());
}

TEST_F(LifecycleTest, AFullQueueSaysWhenToTryAgain) {
  RecordCatalog();
  StartServer(
      [](ServerOptions& options) { options.ledger.max_queued_commands = 1; });
  // Unary writes from several connections at once: some meet a full queue.
  std::vector<std::thread> writers;
  absl::Mutex mutex;
  std::vector<grpc::Status> full;
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([&, i] {
      for (int j = 0; j < 200; ++j) {
        {
          absl::MutexLock lock(&mutex);
          if (!full.empty()) return;
        }
        Context context;
        v1::RecordShipmentResponse response;
        const grpc::Status status = shipments_->RecordShipment(
            &context, ShipmentOf("H100", 1, "MY", absl::StrCat(i, ".", j)),
            &response);
        if (ReasonOf(status) != "QUEUE_FULL") continue;
        absl::MutexLock lock(&mutex);
        full.push_back(status);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  ASSERT_FALSE(full.empty());
  EXPECT_EQ(full[0].error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const auto retry = DetailOf<google::rpc::RetryInfo>(full[0]);
  ASSERT_TRUE(retry);
  EXPECT_GT(retry->retry_delay().nanos(), 0);
  // Nothing waits any more, so there is room.
  Context context;
  v1::RecordShipmentResponse response;
  const grpc::Status status = shipments_->RecordShipment(
      &context, ShipmentOf("H100", 1, "SG", "last"), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
}

}  // namespace
}  // namespace chipledger::testing
