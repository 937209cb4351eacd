// Goal: a read that waited for a size does its work on a worker, and so does
// not hold up the ledger's own thread.
#include "server/read_call.h"

#include <atomic>
#include <memory>
#include <thread>

#include "absl/synchronization/notification.h"
#include "chipledger/v1/headroom_service.grpc.pb.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "ledger/ledger.h"
#include "server/long_calls.h"
#include "server/runtime.h"
#include "server/worker_pool.h"
#include "tests/support/temp_dir.h"

namespace chipledger::testing {
namespace {

using RawService = v1::HeadroomService::WithRawCallbackMethod_GetHeadroom<
    v1::HeadroomService::Service>;

// Waits until the ledger has two entries and notes the thread that serves.
class WaitingService final : public RawService {
 public:
  explicit WaitingService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerUnaryReactor* GetHeadroom(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override {
    const UnaryCall call{runtime_, context, request, response};
    v1::ReadPoint two_entries;
    two_entries.set_min_size(2);
    grpc::ServerUnaryReactor* reactor = ServeAtMoment(
        call, two_entries, ReadSource::kMemory,
        [this, call](grpc::ServerUnaryReactor* reactor, Ledger::Moment) {
          served_on_ = std::this_thread::get_id();
          FinishCall(call, reactor, absl::OkStatus(),
                     v1::GetHeadroomResponse());
        });
    waiting_.Notify();
    return reactor;
  }

  void AwaitCall() { waiting_.WaitForNotification(); }
  std::thread::id served_on() const { return served_on_; }

 private:
  Runtime* const runtime_;
  absl::Notification waiting_;
  std::thread::id served_on_;
};

TEST(ReadCallTest, AReadThatWaitedIsServedByAWorker) {
  TempDir dir;
  auto ledger =
      Ledger::Open({.data_dir = dir.File("data"), .mode = OpenMode::kNew});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  auto workers = std::make_unique<WorkerPool>(1);
  LongCalls long_calls(**ledger);
  CallsUnderWay calls;
  const std::atomic<uint64_t> turned_away{0};
  Runtime runtime{.ledger = **ledger,
                  .workers = *workers,
                  .long_calls = long_calls,
                  .calls = calls,
                  .replays = *workers,
                  .heartbeat = absl::Seconds(10),
                  .connections_turned_away = turned_away};
  WaitingService service(&runtime);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const auto stub = v1::HeadroomService::NewStub(grpc::CreateChannel(
      absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));

  grpc::Status answered;
  std::thread caller([&] {
    grpc::ClientContext context;
    v1::GetHeadroomResponse response;
    answered = stub->GetHeadroom(&context, {}, &response);
  });
  service.AwaitCall();
  auto batch = std::make_unique<WriteBatch>();
  auto* command =
      google::protobuf::Arena::CreateMessage<v1::Command>(&batch->arena);
  command->mutable_register_party()->mutable_party()->set_party_id("acme");
  command->mutable_register_party()->mutable_party()->set_name("Acme");
  batch->requests.push_back(
      {.request_id = Uuid::Random(), .commands = {command}});
  ASSERT_TRUE((*ledger)
                  ->Submit(std::move(batch), WhenFull::kRefuse,
                           [](std::unique_ptr<WriteBatch> decided) {
                             EXPECT_TRUE(decided->answers[0].status.ok())
                                 << decided->answers[0].status;
                           })
                  .ok());
  caller.join();
  EXPECT_TRUE(answered.ok()) << answered.error_message();
  std::thread::id worker;
  absl::Notification asked;
  workers->Post([&] {
    worker = std::this_thread::get_id();
    asked.Notify();
  });
  asked.WaitForNotification();
  EXPECT_EQ(service.served_on(), worker);
  server->Shutdown();
}

}  // namespace
}  // namespace chipledger::testing
