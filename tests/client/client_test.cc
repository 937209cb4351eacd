// Goal: a caller gets the server's answer, or knows what is not known. Method:
// a real server; and for failures that a real one cannot be asked for, a
// service that answers by a script.
#include "client/client.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"

namespace chipledger::client {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Proto;
using testing::ServerTest;
using testing::ShipmentOf;
using ::testing::SizeIs;

// An error as a chipledger server makes it.
grpc::Status LedgerError(grpc::StatusCode code, const std::string& reason,
                         bool with_retry_info = false) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(reason);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("chipledger");
  status.add_details()->PackFrom(info);
  if (with_retry_info) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_nanos(1'000'000);
    status.add_details()->PackFrom(retry);
  }
  return {code, reason, status.SerializeAsString()};
}

// What a broken connection gives.
grpc::Status Broken() {
  return {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
}

// What gRPC gives to a call that a server which is going away no longer takes.
grpc::Status CutOff() { return {grpc::StatusCode::CANCELLED, "CANCELLED"}; }

// Answers RecordShipment by a script, then with success, and remembers the
// request ids. ReadEntries breaks after two entries each time; WatchHeadroom
// always breaks, and only every tenth call sends a message before.
class ScriptedServer : public v1::ShipmentService::Service,
                       public v1::AuditService::Service,
                       public v1::HeadroomService::Service {
 public:
  explicit ScriptedServer(std::deque<grpc::Status> script)
      : script_(std::move(script)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(static_cast<v1::ShipmentService::Service*>(this));
    builder.RegisterService(static_cast<v1::AuditService::Service*>(this));
    builder.RegisterService(static_cast<v1::HeadroomService::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~ScriptedServer() override {
    if (!released_.HasBeenNotified()) released_.Notify();
    server_->Shutdown();
  }

  ClientOptions options() const {
    return {.server = absl::StrCat("127.0.0.1:", port_),
            .initial_backoff = absl::Milliseconds(1)};
  }

  // From now on RecordShipment does not answer.
  void Hang() { hang_ = true; }

  std::vector<std::string> request_ids() {
    absl::MutexLock lock(&mutex_);
    return request_ids_;
  }

  grpc::Status RecordShipment(grpc::ServerContext*,
                              const v1::RecordShipmentRequest* request,
                              v1::RecordShipmentResponse* response) override {
    if (hang_) released_.WaitForNotification();
    absl::MutexLock lock(&mutex_);
    request_ids_.push_back(request->request_id());
    response->mutable_result()->set_index(7);
    if (script_.empty()) return grpc::Status::OK;
    grpc::Status status = script_.front();
    script_.pop_front();
    return status;
  }

  grpc::Status ReadEntries(
      grpc::ServerContext*, const v1::ReadEntriesRequest* request,
      grpc::ServerWriter<v1::ReadEntriesResponse>* writer) override {
    v1::ReadEntriesResponse response;
    response.set_first_index(request->start_index());
    for (uint64_t i = request->start_index();
         i < request->end_index() && response.entries_size() < 2; ++i) {
      response.add_entries(absl::StrCat("entry ", i));
    }
    writer->Write(response);
    return request->start_index() + 2 < request->end_index() ? Broken()
                                                             : grpc::Status::OK;
  }

  grpc::Status WatchHeadroom(
      grpc::ServerContext*, const v1::WatchHeadroomRequest*,
      grpc::ServerWriter<v1::WatchHeadroomResponse>* writer) override {
    const int call = watches_++;
    v1::WatchHeadroomResponse response;
    response.set_size(call);
    if (call % 10 == 0) writer->Write(response);
    return call % 2 == 0 ? Broken() : CutOff();
  }

 private:
  int port_ = 0;
  std::atomic<int> watches_ = 0;
  std::atomic<bool> hang_ = false;
  absl::Notification released_;
  absl::Mutex mutex_;
  std::deque<grpc::Status> script_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

TEST(ClientRetryTest, RetriesAWriteUnderTheSameRequestId) {
  ScriptedServer server(
      {Broken(), LedgerError(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN"),
       LedgerError(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL", true)});
  Client client(server.options());
  const auto response = client.RecordShipment({});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->result().index(), 7);
  const auto ids = server.request_ids();
  ASSERT_THAT(ids, SizeIs(4));
  EXPECT_THAT(ids, Each(ids[0]));
  EXPECT_THAT(ids[0], SizeIs(36));
}

TEST(ClientRetryTest, ACallThatAServerCutsOffIsTriedAgain) {
  ScriptedServer server({CutOff(), CutOff()});
  Client client(server.options());
  EXPECT_TRUE(client.RecordShipment({}).ok());
  ScriptedServer gone({5, CutOff()});
  Client other(gone.options());
  const absl::Status status = other.RecordShipment({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(GetErrorDetails(status).outcome_unknown_request_id);
}

TEST(ClientRetryTest, AServerThatShutsDownIsTriedUntilItIsBack) {
  ScriptedServer server(
      {20, LedgerError(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN")});
  ClientOptions options = server.options();
  options.deadline = absl::Seconds(30);
  options.max_backoff = absl::Milliseconds(5);
  Client client(options);
  EXPECT_TRUE(client.RecordShipment({}).ok());
}

TEST(ClientRetryTest, SaysThatTheOutcomeIsUnknownAndNamesTheRequest) {
  ScriptedServer server({5, Broken()});
  Client client(server.options());
  v1::RecordShipmentRequest request;
  request.set_request_id("9e0b1f9e-0000-4000-8000-000000000001");
  const auto response = client.RecordShipment(request);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(response.status().message()),
              HasSubstr("may or may not have been recorded"));
  EXPECT_EQ(GetErrorDetails(response.status()).outcome_unknown_request_id,
            request.request_id());
  EXPECT_THAT(server.request_ids(), SizeIs(5));
}

TEST(ClientRetryTest, ADeadlineThatPassesLeavesTheOutcomeUnknown) {
  ScriptedServer server({});
  server.Hang();
  Client client(server.options());
  const auto response =
      client.RecordShipment({}, {.deadline = absl::Milliseconds(200)});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(GetErrorDetails(response.status()).outcome_unknown_request_id);
}

TEST(ClientRetryTest, AServerThatSaysNothingWasRecordedIsBelieved) {
  ScriptedServer server(
      {1000, LedgerError(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN")});
  Client client(server.options());
  const auto response =
      client.RecordShipment({}, {.deadline = absl::Seconds(1)});
  const ErrorDetails details = GetErrorDetails(response.status());
  EXPECT_EQ(details.reason, v1::SHUTTING_DOWN);
  EXPECT_EQ(details.outcome_unknown_request_id, std::nullopt);
}

TEST(ClientRetryTest, AnAnswerAfterABrokenConnectionIsTheOutcome) {
  ScriptedServer server(
      {Broken(),
       LedgerError(grpc::StatusCode::FAILED_PRECONDITION, "WRONG_STATUS")});
  Client client(server.options());
  const auto response = client.RecordShipment({});
  const ErrorDetails details = GetErrorDetails(response.status());
  EXPECT_EQ(details.reason, v1::WRONG_STATUS);
  EXPECT_EQ(details.outcome_unknown_request_id, std::nullopt);
}

TEST(ClientRetryTest, AQuestionHasNoUnknownOutcome) {
  ScriptedServer server({5, Broken()});
  Client client(server.options());
  v1::RecordShipmentRequest request;
  request.set_validate_only(true);
  const auto response = client.RecordShipment(request);
  EXPECT_EQ(GetErrorDetails(response.status()).outcome_unknown_request_id,
            std::nullopt);
}

TEST(ClientRetryTest, DoesNotRetryWhatCannotSucceed) {
  ScriptedServer server(
      {{grpc::StatusCode::RESOURCE_EXHAUSTED, "message too large"}});
  Client client(server.options());
  EXPECT_FALSE(client.RecordShipment({}).ok());
  ScriptedServer read_only(
      {LedgerError(grpc::StatusCode::UNAVAILABLE, "READ_ONLY")});
  Client other(read_only.options());
  EXPECT_FALSE(other.RecordShipment({}).ok());
  EXPECT_THAT(server.request_ids(), SizeIs(1));
  EXPECT_THAT(read_only.request_ids(), SizeIs(1));
}

TEST(ClientRetryTest, AServerThatIsNotThereHasRecordedNothing) {
  ClientOptions options;
  {
    ScriptedServer gone({});
    options = gone.options();
  }
  options.deadline = absl::Milliseconds(200);
  Client client(options);
  const auto response = client.RecordShipment({});
  EXPECT_EQ(response.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(response.status().message()),
              HasSubstr(options.server));
  EXPECT_EQ(GetErrorDetails(response.status()).outcome_unknown_request_id,
            std::nullopt);
}

TEST(ClientStreamTest, ReadsOnFromTheNextIndexAfterABreak) {
  ScriptedServer server({});
  Client client(server.options());
  v1::ReadEntriesRequest request;
  request.set_start_index(3);
  request.set_end_index(8);
  std::vector<std::string> entries;
  const absl::Status status =
      client.ReadEntries(request, [&](const v1::ReadEntriesResponse& response) {
        entries.insert(entries.end(), response.entries().begin(),
                       response.entries().end());
        return true;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(entries, ElementsAre("entry 3", "entry 4", "entry 5", "entry 6",
                                   "entry 7"));
}

TEST(ClientStreamTest, AHeadroomWatchConnectsAgainAndBridgesOutagesByTime) {
  ScriptedServer server({});
  ClientOptions options = server.options();
  options.max_backoff = absl::Milliseconds(5);
  Client client(options);
  std::vector<uint64_t> sizes;
  const absl::Status status =
      client.WatchHeadroom({}, [&](const v1::WatchHeadroomResponse& response) {
        sizes.push_back(response.size());
        return sizes.size() < 3;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(sizes, ElementsAre(0, 10, 20));
}

TEST(ClientStreamTest, AWatchGivesUpAfterTheLongestOutage) {
  ScriptedServer server({});
  ClientOptions options = server.options();
  options.max_outage = absl::ZeroDuration();
  Client client(options);
  const absl::Status status = client.WatchHeadroom(
      {}, [](const v1::WatchHeadroomResponse&) { return true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
}

TEST(ClientStreamTest, AWatchThatCannotSucceedEndsAtOnce) {
  ScriptedServer server({});
  Client client(server.options());
  const absl::Status status = client.WatchEntries(
      {}, [](const v1::WatchEntriesResponse&) { return true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST(ClientStreamTest, ACallerCanStop) {
  ScriptedServer server({});
  Client client(server.options());
  v1::ReadEntriesRequest request;
  request.set_end_index(100);
  int messages = 0;
  const absl::Status status =
      client.ReadEntries(request, [&](const v1::ReadEntriesResponse&) {
        ++messages;
        return false;
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(messages, 1);
}

class ClientTest : public ServerTest {
 protected:
  void SetUp() override { RecordCatalog(); }
};

TEST_F(ClientTest, ARefusalListsEveryViolatedRuleWithItsNumbers) {
  Client client({.server = address()});
  const auto response =
      client.RecordShipment(ShipmentOf("H100", 1200, "FR", "S-1"));
  EXPECT_EQ(response.status().code(), absl::StatusCode::kFailedPrecondition);
  const ErrorDetails details = GetErrorDetails(response.status());
  EXPECT_EQ(details.reason, v1::REFUSED_BY_RULES);
  ASSERT_TRUE(details.refusal);
  ASSERT_EQ(details.refusal->violations_size(), 1);
  EXPECT_EQ(details.refusal->violations(0).rule_id(), "gpus");
  EXPECT_EQ(details.refusal->violations(0).excess(), 200);
  EXPECT_EQ(details.outcome_unknown_request_id, std::nullopt);
}

TEST_F(ClientTest, AnInvalidRequestNamesEveryWrongField) {
  Client client({.server = address()});
  auto request = ShipmentOf("H100", -1, "XX", "S-1");
  const auto response = client.RecordShipment(request);
  EXPECT_EQ(response.status().code(), absl::StatusCode::kInvalidArgument);
  const ErrorDetails details = GetErrorDetails(response.status());
  EXPECT_EQ(details.reason, v1::INVALID_FIELD);
  ASSERT_THAT(details.fields, SizeIs(2));
  EXPECT_THAT(details.fields[0].field, HasSubstr("destination_country"));
  EXPECT_THAT(details.fields[1].field, HasSubstr("quantity"));
}

TEST_F(ClientTest, ARepeatedWriteGetsItsFirstAnswer) {
  Client client({.server = address()});
  const auto request = ShipmentOf("H100", 10, "FR", "S-1");
  const auto first = client.RecordShipment(request);
  const auto second = client.RecordShipment(request);
  ASSERT_TRUE(first.ok() && second.ok()) << first.status() << second.status();
  EXPECT_FALSE(first->result().repeated_answer());
  EXPECT_TRUE(second->result().repeated_answer());
  EXPECT_EQ(first->result().index(), second->result().index());
}

TEST_F(ClientTest, ErrorsSurviveTheWayThereAndBack) {
  Client client({.server = address()});
  const auto response =
      client.RecordShipment(ShipmentOf("NOPE", 1, "FR", "S-1"));
  const absl::Status again = FromRpcStatus(ToRpcStatus(response.status()));
  EXPECT_EQ(again, response.status());
  EXPECT_EQ(GetErrorDetails(again).metadata["product_code"], "NOPE");
}

}  // namespace
}  // namespace chipledger::client
