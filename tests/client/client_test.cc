// Goal: a caller gets the server's answer, or knows what is not known. Method:
// a real server; and for failures that a real one cannot be asked for, a
// service that answers by a script.
#include "client/client.h"

#include <array>
#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/errors.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"

namespace chipledger::client {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Proto;
using testing::ServerTest;
using testing::ShipmentOf;
using ::testing::SizeIs;

// An error as a chipledger server makes it.
grpc::Status LedgerError(
    grpc::StatusCode code, const std::string& reason,
    std::optional<absl::Duration> retry_delay = std::nullopt,
    const std::map<std::string, std::string>& metadata = {}) {
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(reason);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("chipledger");
  info.mutable_metadata()->insert(metadata.begin(), metadata.end());
  status.add_details()->PackFrom(info);
  if (retry_delay) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(
        absl::ToInt64Seconds(*retry_delay));
    retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(
        absl::ToInt64Nanoseconds(*retry_delay % absl::Seconds(1))));
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
// always breaks or ends, and only every tenth call sends a message before.
class ScriptedServer : public v1::ShipmentService::Service,
                       public v1::AuditService::Service,
                       public v1::HeadroomService::Service {
 public:
  explicit ScriptedServer(std::deque<grpc::Status> script)
      : script_(std::move(script)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.SetMaxReceiveMessageSize(-1);
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
  // The next WatchHeadroom does not answer.
  void HangOneWatch() { hang_one_watch_ = true; }
  // From now on RecordShipment succeeds with an empty answer.
  void SayNothing() { says_nothing_ = true; }
  // From now on ReadEntries begins this many entries late.
  void SkipEntries(int count) { skipped_entries_ = count; }
  // From now on ReadEntries says that the ledger has so many entries.
  void ClaimSize(uint64_t size) { claimed_size_ = size; }
  // From now on the whole answer of ReadEntries has so many bytes.
  void SendBytes(size_t bytes) { message_bytes_ = bytes; }

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
    if (!says_nothing_) response->mutable_result()->set_index(7);
    if (script_.empty()) return grpc::Status::OK;
    grpc::Status status = script_.front();
    script_.pop_front();
    return status;
  }

  grpc::Status ReadEntries(
      grpc::ServerContext*, const v1::ReadEntriesRequest* request,
      grpc::ServerWriter<v1::ReadEntriesResponse>* writer) override {
    v1::ReadEntriesResponse response;
    if (message_bytes_ > 0) {
      // A tag and four bytes of length stand before the entry.
      response.add_entries(std::string(message_bytes_ - 5, 'x'));
      EXPECT_EQ(response.ByteSizeLong(), message_bytes_);
      writer->Write(response);
      return grpc::Status::OK;
    }
    response.set_size(claimed_size_);
    response.set_first_index(request->start_index() + skipped_entries_);
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
    if (hang_one_watch_.exchange(false)) released_.WaitForNotification();
    const int call = watches_++;
    v1::WatchHeadroomResponse response;
    response.set_size(call);
    if (call % 10 == 0) writer->Write(response);
    return std::array{Broken(), CutOff(), grpc::Status::OK}[call % 3];
  }

 private:
  int port_ = 0;
  std::atomic<int> watches_ = 0;
  std::atomic<bool> hang_ = false;
  std::atomic<bool> hang_one_watch_ = false;
  std::atomic<bool> says_nothing_ = false;
  std::atomic<int> skipped_entries_ = 0;
  std::atomic<uint64_t> claimed_size_ = 0;
  std::atomic<size_t> message_bytes_ = 0;
  absl::Notification released_;
  absl::Mutex mutex_;
  std::deque<grpc::Status> script_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

TEST(ClientRetryTest, RetriesAWriteUnderTheSameRequestId) {
  ScriptedServer server(
      {Broken(), LedgerError(grpc::StatusCode::UNAVAILABLE, "SHUTTING_DOWN"),
       LedgerError(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL",
                   absl::Milliseconds(1))});
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

TEST(ClientRetryTest, WhoDoesNotKnowTheRequestDoesNotSettleItsOutcome) {
  const grpc::Status answers[] = {
      LedgerError(grpc::StatusCode::UNAVAILABLE, "READ_ONLY"),
      LedgerError(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL"),
      LedgerError(grpc::StatusCode::INTERNAL, "INTERNAL_ERROR"),
      LedgerError(grpc::StatusCode::DATA_LOSS, "DATA_DAMAGED"),
      {grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls"},
      {grpc::StatusCode::UNIMPLEMENTED, "no such method"},
      {grpc::StatusCode::PERMISSION_DENIED, "by a proxy"}};
  for (const grpc::Status& answer : answers) {
    ScriptedServer server({Broken(), answer});
    Client client(server.options());
    const absl::Status status = client.RecordShipment({}).status();
    EXPECT_EQ(GetErrorDetails(status).outcome_unknown_request_id,
              server.request_ids().front())
        << answer.error_message();
    EXPECT_THAT(std::string(status.message()),
                AllOf(HasSubstr("may or may not have been recorded"),
                      HasSubstr(answer.error_message())));
    EXPECT_THAT(server.request_ids(), SizeIs(2));
  }
}

TEST(ClientRetryTest, ALedgerThatDoesNotKnowItselfLeavesTheOutcomeUnknown) {
  const grpc::Status answers[] = {
      LedgerError(grpc::StatusCode::UNAVAILABLE, "READ_ONLY", std::nullopt,
                  {{"may_be_recorded", "true"}}),
      LedgerError(grpc::StatusCode::INTERNAL, "INTERNAL_ERROR"),
      {grpc::StatusCode::INTERNAL, "RST_STREAM"},
      {grpc::StatusCode::UNKNOWN, "Stream removed"}};
  for (const grpc::Status& answer : answers) {
    ScriptedServer server({answer});
    Client client(server.options());
    const absl::Status status = client.RecordShipment({}).status();
    EXPECT_TRUE(GetErrorDetails(status).outcome_unknown_request_id)
        << answer.error_message();
    EXPECT_THAT(server.request_ids(), SizeIs(1));
  }
}

TEST(ClientRetryTest, AnAcceptanceThatNamesNoEntryIsNotBelieved) {
  ScriptedServer server({});
  server.SayNothing();
  Client client(server.options());
  const absl::Status status = client.RecordShipment({}).status();
  EXPECT_TRUE(GetErrorDetails(status).outcome_unknown_request_id) << status;
  v1::RecordShipmentRequest question;
  question.set_validate_only(true);
  EXPECT_TRUE(client.RecordShipment(question).ok());
}

TEST(ClientRetryTest, TheLastOfTheTriesMaySucceed) {
  ScriptedServer server({4, Broken()});
  Client client(server.options());
  ASSERT_EQ(client.options().max_attempts, 5);
  EXPECT_TRUE(client.RecordShipment({}).ok());
  ScriptedServer once({Broken()});
  ClientOptions options = once.options();
  options.max_attempts = 1;
  Client other(options);
  EXPECT_FALSE(other.RecordShipment({}).ok());
  EXPECT_THAT(once.request_ids(), SizeIs(1));
}

TEST(ClientRetryTest, WaitsAsLongAsTheServerAsksUnlessThatPassesTheDeadline) {
  const auto busy = [](absl::Duration wait) {
    return LedgerError(grpc::StatusCode::RESOURCE_EXHAUSTED, "QUEUE_FULL",
                       wait);
  };
  ScriptedServer server({busy(absl::Milliseconds(1200))});
  Client client(server.options());
  const absl::Time begin = absl::Now();
  EXPECT_TRUE(client.RecordShipment({}).ok());
  EXPECT_GE(absl::Now() - begin, absl::Milliseconds(1200));
  ScriptedServer busier({busy(absl::Minutes(10))});
  Client other(busier.options());
  EXPECT_EQ(GetErrorDetails(other.RecordShipment({}).status()).reason,
            v1::QUEUE_FULL);
  EXPECT_THAT(busier.request_ids(), SizeIs(1));
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

TEST(ClientStreamTest, AWatchThatHearsNothingIsCalledAgain) {
  ScriptedServer server({});
  server.HangOneWatch();
  ClientOptions options = server.options();
  options.max_silence = absl::Seconds(1);
  Client client(options);
  int messages = 0;
  const absl::Time begin = absl::Now();
  const absl::Status status = client.WatchHeadroom(
      {}, [&](const v1::WatchHeadroomResponse&) { return ++messages == 0; });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_GE(absl::Now() - begin, absl::Seconds(1));
  ScriptedServer silent({});
  silent.HangOneWatch();
  options.server = silent.options().server;
  options.max_outage = absl::ZeroDuration();
  Client other(options);
  const absl::Status gone = other.WatchHeadroom(
      {}, [](const v1::WatchHeadroomResponse&) { return true; });
  EXPECT_EQ(gone.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(gone.message()), HasSubstr("no sign of life for 1s"));
}

TEST(ClientStreamTest, ACallerThatTakesItsTimeHasNotBeenLeftAlone) {
  ScriptedServer server({});
  ClientOptions options = server.options();
  options.max_silence = absl::Milliseconds(500);
  Client client(options);
  const absl::Status status =
      client.WatchHeadroom({}, [&](const v1::WatchHeadroomResponse& response) {
        absl::SleepFor(absl::Seconds(1));
        return response.size() == 0;
      });
  EXPECT_TRUE(status.ok()) << status;
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

TEST(ClientStreamTest, EntriesThatWereNotAskedForAreAnError) {
  ScriptedServer server({});
  server.SkipEntries(1);
  Client client(server.options());
  v1::ReadEntriesRequest request;
  request.set_start_index(3);
  request.set_end_index(8);
  const absl::Status status =
      client.ReadEntries(request, [](const v1::ReadEntriesResponse&) {
        ADD_FAILURE() << "passed on";
        return true;
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("from index 4 on where 3 was the next"));
}

TEST(ClientStreamTest, AReadThatEndsBeforeItsEndIsAnError) {
  ScriptedServer server({});
  server.ClaimSize(9);
  Client client(server.options());
  v1::ReadEntriesRequest request;
  request.set_start_index(3);
  const absl::Status status = client.ReadEntries(
      request, [](const v1::ReadEntriesResponse&) { return true; });
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("up to entry 9"));
}

TEST(ClientStreamTest, AnswersOfUpTo64MiBAreTaken) {
  constexpr size_t kMiB = 1024 * 1024;
  ScriptedServer server({});
  Client client(server.options());
  const auto read = [&](size_t bytes) {
    server.SendBytes(bytes);
    size_t read = 0;
    const absl::Status status =
        client.ReadEntries({}, [&](const v1::ReadEntriesResponse& response) {
          read = response.ByteSizeLong();
          return true;
        });
    EXPECT_EQ(read, status.ok() ? bytes : 0);
    return status.code();
  };
  EXPECT_EQ(read(5 * kMiB), absl::StatusCode::kOk);
  EXPECT_EQ(read(7 * kMiB), absl::StatusCode::kOk);
  EXPECT_EQ(read(64 * kMiB), absl::StatusCode::kOk);
  EXPECT_EQ(read(64 * kMiB + 1), absl::StatusCode::kResourceExhausted);
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

TEST_F(ClientTest, ARequestOfSevenMiBIsAnsweredWithItsFault) {
  Client client({.server = address()});
  auto request = ShipmentOf("H100", 1, "FR", "S-1");
  for (const int mib : {5, 7}) {
    request.mutable_command()->mutable_shipment()->set_shipment_reference(
        std::string(mib * 1024 * 1024, 'S'));
    EXPECT_EQ(GetErrorDetails(client.RecordShipment(request).status()).reason,
              v1::INVALID_FIELD);
  }
  request.mutable_command()->mutable_shipment()->set_shipment_reference(
      std::string(8 * 1024 * 1024, 'S'));
  const absl::Status status = client.RecordShipment(request).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(GetErrorDetails(status).outcome_unknown_request_id, std::nullopt);
}

TEST_F(ClientTest, AWatchEndsAtItsDeadline) {
  Client client({.server = address()});
  bool caught_up = false;
  const absl::Status watched =
      client.WatchEntries({},
                          [&](const v1::WatchEntriesResponse& response) {
                            caught_up |= response.caught_up();
                            return true;
                          },
                          {.deadline = absl::Seconds(1)});
  EXPECT_EQ(watched.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(caught_up);
  StopServer();
  const absl::Time begin = absl::Now();
  const absl::Status gone = client.WatchHeadroom(
      {}, [](const v1::WatchHeadroomResponse&) { return true; },
      {.deadline = absl::Milliseconds(300)});
  EXPECT_EQ(gone.code(), absl::StatusCode::kUnavailable) << gone;
  EXPECT_LT(absl::Now() - begin, client.options().deadline);
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
