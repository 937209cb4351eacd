// Goal: bulk batches are answered in order, one wrong request harms no other,
// and a stream that is cut loses nothing that was answered.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/limits.h"
#include "tests/support/server_fixture.h"

namespace chipledger::testing {
namespace {

using Request = v1::StreamShipmentsRequest;
using Response = v1::StreamShipmentsResponse;

// Adds a request to record one shipment of `quantity` H100.
void Add(Request& batch, const std::string& reference, int64_t quantity = 1) {
  const v1::RecordShipmentRequest one =
      ShipmentOf("H100", quantity, "MY", reference);
  Request::Request& request = *batch.add_requests();
  request.set_request_id(one.request_id());
  *request.add_commands()->mutable_record_shipment() = one.command();
}

std::string ReasonOfAnswer(const Response::Answer& answer) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(answer.error());
  return info ? info->reason() : "OK";
}

class StreamTest : public ServerTest {
 protected:
  StreamTest() { RecordCatalog(); }

  uint64_t Size() { return server().ledger().Latest()->size; }

  // Sends one batch on a stream of its own.
  Response SendBatch(const Request& batch) {
    Context context;
    auto stream = shipments_->StreamShipments(&context);
    EXPECT_TRUE(stream->Write(batch));
    EXPECT_TRUE(stream->WritesDone());
    Response response;
    EXPECT_TRUE(stream->Read(&response));
    const grpc::Status status = stream->Finish();
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
};

TEST_F(StreamTest, BatchesAreAnsweredInOrderWithGrowingIndexes) {
  Context context;
  auto stream = shipments_->StreamShipments(&context);
  constexpr int kBatches = 20;
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      Request batch;
      for (int j = 0; j < 10; ++j) Add(batch, absl::StrCat("S", i, ".", j));
      EXPECT_TRUE(stream->Write(batch));
    }
    EXPECT_TRUE(stream->WritesDone());
  });
  uint64_t next = Size();
  Response response;
  int batches = 0;
  while (stream->Read(&response)) {
    ++batches;
    ASSERT_EQ(response.answers_size(), 10);
    for (const Response::Answer& answer : response.answers()) {
      EXPECT_EQ(ReasonOfAnswer(answer), "OK");
      EXPECT_EQ(answer.result().index(), next++);
      EXPECT_TRUE(answer.result().has_record_time());
      EXPECT_EQ(answer.events_size(), 0);
    }
    EXPECT_GE(response.size(), next);
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(batches, kBatches);
}

TEST_F(StreamTest, AWrongOrRefusedRequestHarmsNoOther) {
  Request batch;
  Add(batch, "S1");
  Add(batch, "S2", 100'000);
  Add(batch, "S3");
  batch.mutable_requests(2)->set_request_id("nonsense");
  Add(batch, "S4", -4);
  Add(batch, "S5");
  batch.mutable_requests(4)->mutable_commands(0)->mutable_grant_license();
  Add(batch, "S6");
  batch.add_requests()->set_request_id(NewRequestId());
  Add(batch, "S1");
  Add(batch, "S8");
  const Response response = SendBatch(batch);
  ASSERT_EQ(response.answers_size(), 9);
  const auto reason = [&](int i) {
    return ReasonOfAnswer(response.answers(i));
  };
  EXPECT_EQ(reason(0), "OK");
  EXPECT_EQ(reason(1), "REFUSED_BY_RULES");
  EXPECT_EQ(reason(2), "INVALID_FIELD");
  EXPECT_EQ(reason(3), "INVALID_FIELD");
  EXPECT_EQ(reason(4), "INVALID_FIELD");
  EXPECT_EQ(reason(5), "OK");
  EXPECT_EQ(reason(6), "INVALID_FIELD");
  EXPECT_EQ(reason(7), "SHIPMENT_REFERENCE_REUSED");
  EXPECT_EQ(reason(8), "OK");
  const auto refusal = DetailOf<v1::Refusal>(response.answers(1).error());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->violations(0).rule_id(), "gpus");
  EXPECT_EQ(refusal->index(), response.answers(0).result().index() + 1);
}

TEST_F(StreamTest, ABatchOfOnlyWrongRequestsIsAnswered) {
  Request batch;
  batch.add_requests();
  const Response response = SendBatch(batch);
  ASSERT_EQ(response.answers_size(), 1);
  EXPECT_EQ(ReasonOfAnswer(response.answers(0)), "INVALID_FIELD");
  EXPECT_EQ(response.size(), Size());
}

TEST_F(StreamTest, EvidenceComesWhenAsked) {
  Request batch;
  batch.set_with_evidence(true);
  Add(batch, "S1", 5);
  const Response response = SendBatch(batch);
  ASSERT_EQ(response.answers(0).events_size(), 1);
  EXPECT_TRUE(response.answers(0).events(0).has_shipment_recorded());
  ASSERT_EQ(response.answers(0).judgements_size(), 1);
  EXPECT_EQ(response.answers(0).judgements(0).rules(0).asked(), 5);
}

TEST_F(StreamTest, LargeAnswersComeInSeveralMessages) {
  constexpr int kCount = 3'000;
  Request batch;
  batch.set_with_evidence(true);
  for (int i = 0; i < kCount; ++i) {
    Add(batch, absl::StrCat("S", i));
    v1::RecordShipment& record = *batch.mutable_requests(i)
                                      ->mutable_commands(0)
                                      ->mutable_record_shipment();
    record.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
    record.mutable_shipment()->set_source(std::string(2'000, 's'));
  }
  // Every tenth is wrong.
  for (int i = 0; i < kCount; i += 10) {
    batch.mutable_requests(i)->clear_request_id();
  }
  Context context;
  auto stream = shipments_->StreamShipments(&context);
  ASSERT_TRUE(stream->Write(batch));
  // One behind it, which is answered after it.
  Request next;
  Add(next, "next");
  ASSERT_TRUE(stream->Write(next));
  stream->WritesDone();
  std::vector<std::string> references;
  int messages = 0;
  for (Response response; stream->Read(&response); ++messages) {
    EXPECT_LT(response.ByteSizeLong(), 4 * 1024 * 1024);
    EXPECT_GT(response.answers_size(), 0);
    for (const Response::Answer& answer : response.answers()) {
      references.push_back(answer.events().empty() ? ReasonOfAnswer(answer)
                                                   : answer.events(0)
                                                         .shipment_recorded()
                                                         .command()
                                                         .shipment()
                                                         .shipment_reference());
    }
  }
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_GT(messages, 2);
  ASSERT_EQ(references.size(), kCount + 1);
  for (int i = 0; i < kCount; ++i) {
    EXPECT_EQ(references[i],
              i % 10 == 0 ? "INVALID_FIELD" : absl::StrCat("S", i));
  }
  // The cap is 1,000.
  EXPECT_EQ(references.back(), "REFUSED_BY_RULES");
}

TEST_F(StreamTest, EventsBeyondAMessageAreLeftOut) {
  // What was found about each names each of 500 rules.
  for (int i = 0; i < 5; ++i) {
    auto request = Proto<v1::AdoptPolicyRequest>(R"pb(
      command {
        policy {
          title: "T"
          effective_from: "2020-01-01"
          provenance {
            citation: "c"
            legal_status: LEGAL_STATUS_IN_FORCE
            enforcement_status: ENFORCEMENT_STATUS_ENFORCED
          }
        }
      })pb");
    v1::Policy& policy = *request.mutable_command()->mutable_policy();
    policy.set_policy_id(absl::StrCat("policy", i, std::string(50, 'p')));
    for (int j = 0; j < 100; ++j) {
      v1::Rule& rule = *policy.add_rules();
      rule = Proto<v1::Rule>(R"pb(
        title: "R"
        measure: MEASURE_GPUS
        accrual: ACCRUAL_EXPORTED
        window { open {} }
        limit { constant: "1000000" }
        enforcement { mode: MODE_REFUSE })pb");
      rule.set_rule_id(absl::StrCat("rule", j));
    }
    request.set_request_id(NewRequestId());
    Context context;
    v1::AdoptPolicyResponse response;
    const grpc::Status status =
        policies_->AdoptPolicy(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  constexpr int kCount = 100;
  Request batch;
  batch.set_with_evidence(true);
  Add(batch, "S0");
  for (int i = 1; i < kCount; ++i) {
    *batch.mutable_requests(0)->add_commands()->mutable_record_shipment() =
        ShipmentOf("H100", 1, "MY", absl::StrCat("S", i)).command();
  }
  const uint64_t before = Size();
  const Response response = SendBatch(batch);
  ASSERT_EQ(ReasonOfAnswer(response.answers(0)), "OK");
  EXPECT_EQ(Size(), before + kCount);
  const auto& events = response.answers(0).events();
  ASSERT_GT(events.size(), 1);
  const auto& judgements = response.answers(0).judgements();
  ASSERT_EQ(judgements.size(), events.size());
  const size_t each = events[1].ByteSizeLong() + judgements[1].ByteSizeLong();
  ASSERT_GT(kCount * each, limits::kMaxPageBytes);
  EXPECT_LE(events.size() * each, limits::kMaxPageBytes);
  EXPECT_GT((events.size() + 2) * each, limits::kMaxPageBytes);
}

TEST_F(StreamTest, ValidateOnlyStoresNothing) {
  Request batch;
  batch.set_validate_only(true);
  Add(batch, "S1");
  Add(batch, "S2", 100'000);
  const uint64_t before = Size();
  const Response response = SendBatch(batch);
  EXPECT_EQ(ReasonOfAnswer(response.answers(0)), "OK");
  EXPECT_FALSE(response.answers(0).result().has_index());
  EXPECT_EQ(ReasonOfAnswer(response.answers(1)), "REFUSED_BY_RULES");
  EXPECT_EQ(Size(), before);
}

TEST_F(StreamTest, AMalformedBatchEndsTheStreamAfterTheAnswersBeforeIt) {
  Context context;
  auto stream = shipments_->StreamShipments(&context);
  Request good;
  Add(good, "S1");
  ASSERT_TRUE(stream->Write(good));
  ASSERT_TRUE(stream->Write(Request()));
  Response response;
  ASSERT_TRUE(stream->Read(&response));
  EXPECT_EQ(ReasonOfAnswer(response.answers(0)), "OK");
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
}

TEST_F(StreamTest, ABatchOfTooManyRequestsEndsTheStream) {
  Request batch;
  for (size_t i = 0; i <= limits::kMaxRequestsPerBatch; ++i) {
    batch.add_requests();
  }
  Context context;
  auto stream = shipments_->StreamShipments(&context);
  ASSERT_TRUE(stream->Write(batch));
  Response response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(ReasonOf(stream->Finish()), "TOO_MANY_COMMANDS");
}

TEST_F(StreamTest, AStreamThatIsCutKeepsWhatWasAnsweredAndHurtsNobody) {
  for (int round = 0; round < 20; ++round) {
    Context context;
    auto stream = shipments_->StreamShipments(&context);
    Response answered;
    for (int i = 0; i <= round % 4; ++i) {
      Request batch;
      for (int j = 0; j < 20; ++j) {
        Add(batch, absl::StrCat(round, ".", i, ".", j));
      }
      stream->Write(batch);
    }
    const bool read = round % 2 == 0 && stream->Read(&answered);
    context.TryCancel();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
    if (!read) continue;
    v1::GetShipmentRequest get;
    get.set_exporter("acme");
    get.set_shipment_reference(absl::StrCat(round, ".0.19"));
    Context get_context;
    v1::GetShipmentResponse got;
    const grpc::Status status =
        shipments_->GetShipment(&get_context, get, &got);
    EXPECT_TRUE(status.ok()) << status.error_message();
  }
}

TEST_F(StreamTest, AFastWriterIsSlowedByFlowControlAndNotRefused) {
  StartServer(
      [](ServerOptions& options) { options.ledger.max_queued_commands = 1; });
  Context context;
  auto stream = shipments_->StreamShipments(&context);
  constexpr int kBatches = 50;
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      Request batch;
      for (int j = 0; j < 4; ++j) Add(batch, absl::StrCat("S", i, ".", j));
      EXPECT_TRUE(stream->Write(batch));
    }
    EXPECT_TRUE(stream->WritesDone());
  });
  Response response;
  int answers = 0;
  while (stream->Read(&response)) {
    for (const Response::Answer& answer : response.answers()) {
      answers += ReasonOfAnswer(answer) == "OK";
    }
  }
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers, kBatches * 4);
}

TEST_F(StreamTest, WhatIsAnsweredTakesNoRoomAnyMore) {
  Context context(120);
  auto stream = shipments_->StreamShipments(&context);
  // Sends a batch until it has been answered often enough to fill a bound.
  const auto exceed = [&](const Request& batch, size_t each, size_t bound) {
    for (size_t sent = 0; sent <= bound; sent += each) {
      ASSERT_TRUE(stream->Write(batch));
      for (int answered = 0; answered < batch.requests_size();) {
        Response response;
        ASSERT_TRUE(stream->Read(&response));
        answered += response.answers_size();
      }
    }
  };
  Request wrong;
  for (size_t i = 0; i < limits::kMaxRequestsPerBatch; ++i) {
    wrong.add_requests();
  }
  exceed(wrong, limits::kMaxRequestsPerBatch, limits::kMaxStreamRequests);

  Request many;
  many.set_validate_only(true);
  constexpr size_t kRequests = 50;
  for (size_t i = 0; i < kRequests; ++i) {
    Add(many, absl::StrCat("S", i));
    auto& commands = *many.mutable_requests(i)->mutable_commands();
    while (commands.size() < static_cast<int>(limits::kMaxCommandsPerRequest)) {
      *commands.Add() = commands[0];
    }
  }
  exceed(many, kRequests * limits::kMaxCommandsPerRequest,
         limits::kMaxStreamCommands);

  Request large;
  large.set_validate_only(true);
  for (int i = 0; i < 2'000; ++i) {
    Add(large, absl::StrCat("S", i));
    large.mutable_requests(i)
        ->mutable_commands(0)
        ->mutable_record_shipment()
        ->mutable_shipment()
        ->set_source(std::string(2'000, 's'));
  }
  exceed(large, large.ByteSizeLong(), limits::kMaxStreamBytes);
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(StreamTest, ManyShortStreamsThatAreCutEndWithoutHurtingTheServer) {
  // Answers of the last batches meet the end of their stream on other threads.
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([this, caller] {
      for (int round = 0; round < 150; ++round) {
        Context context;
        auto stream = shipments_->StreamShipments(&context);
        for (int i = 0; i < 3; ++i) {
          Request batch;
          Add(batch, absl::StrCat(caller, ".", round, ".", i));
          stream->Write(batch);
        }
        if (round % 3 != 0) stream->WritesDone();
        Response response;
        if (round % 2 == 0) stream->Read(&response);
        context.TryCancel();
        stream->Finish();
      }
    });
  }
  for (std::thread& caller : callers) caller.join();
  // To another country: how much of the first one's cap is left depends on how
  // many batches came through before they were cut.
  Request batch;
  Add(batch, "last");
  batch.mutable_requests(0)
      ->mutable_commands(0)
      ->mutable_record_shipment()
      ->mutable_shipment()
      ->set_destination_country("SG");
  EXPECT_EQ(ReasonOfAnswer(SendBatch(batch).answers(0)), "OK");
}

TEST_F(StreamTest, AStreamThatDoesNotReadIsReadNoFurtherThanItsBytes) {
  // 64 MiB of fewer requests than a stream may have under way.
  constexpr int kBatches = 16;
  constexpr int kEach = 1'900;
  static_assert(kBatches * kEach < limits::kMaxStreamRequests);
  const std::string source(2'000, 's');
  Request batch;
  batch.set_with_evidence(true);
  for (int i = 0; i < kEach; ++i) {
    Add(batch, "S");
    batch.mutable_requests(i)
        ->mutable_commands(0)
        ->mutable_record_shipment()
        ->mutable_shipment()
        ->set_source(source);
  }
  Context context(60);
  auto stream = shipments_->StreamShipments(&context);
  const uint64_t first = Size();
  std::thread writer([&] {
    for (int i = 0; i < kBatches; ++i) {
      for (int j = 0; j < kEach; ++j) {
        Request::Request& one = *batch.mutable_requests(j);
        one.set_request_id(NewRequestId());
        one.mutable_commands(0)
            ->mutable_record_shipment()
            ->mutable_shipment()
            ->set_shipment_reference(absl::StrCat(i, ".", j));
      }
      EXPECT_TRUE(stream->Write(batch));
    }
    EXPECT_TRUE(stream->WritesDone());
  });
  // Until nothing more is read for a second.
  uint64_t size = 0;
  while (size != Size() || size == first) {
    size = Size();
    absl::SleepFor(absl::Seconds(1));
  }
  // How much is above the bound depends on what gRPC takes off our hands.
  EXPECT_LT(size - first, kBatches * kEach * 3 / 4);
  Response response;
  int answers = 0;
  while (stream->Read(&response)) answers += response.answers_size();
  writer.join();
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_EQ(answers, kBatches * kEach);
}

}  // namespace
}  // namespace chipledger::testing
