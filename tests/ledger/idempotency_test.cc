// The same request_id gets the first answer again, for ever; with other content
// it gets an error that says what differs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/ledger/ledger_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class IdempotencyTest : public LedgerTest {
 protected:
  void ExpectRepeats(const WriteAnswer& first, const WriteAnswer& again) {
    EXPECT_EQ(again.status, first.status);
    EXPECT_EQ(again.index, first.index);
    EXPECT_EQ(again.record_time_ns, first.record_time_ns);
    EXPECT_TRUE(again.repeated_answer);
    EXPECT_EQ(again.size, first.size);
  }
};

TEST_F(IdempotencyTest, AcceptanceIsRepeated) {
  const TestRequest request{{Ship("S-1", 5), Ship("S-2", 6)}};
  const auto first = Write(MakeBatch({request}));
  const auto again = Write(MakeBatch({request}));
  ExpectRepeats(first->answers[0], again->answers[0]);
  ASSERT_EQ(again->answers[0].events.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(again->answers[0].events[i]->SerializeAsString(),
              first->answers[0].events[i]->SerializeAsString());
  }
  EXPECT_EQ(size(), kFirstSize + 2);
}

TEST_F(IdempotencyTest, RefusalIsRepeatedEvenWhenItWouldPassNow) {
  ASSERT_EQ(Write(Ship("S-1", 60)).status, absl::OkStatus());
  const TestRequest request{{Ship("S-2", 41)}};
  const WriteAnswer first = Write(request);
  ASSERT_EQ(ReasonOf(first.status), "REFUSED_BY_RULES");
  ASSERT_EQ(Write(VoidShip("S-1")).status, absl::OkStatus());
  const auto again = Write(MakeBatch({request}));
  ExpectRepeats(first, again->answers[0]);
  EXPECT_TRUE(again->answers[0].events[0]->has_refused());
}

TEST_F(IdempotencyTest, ErrorIsNotRemembered) {
  TestRequest request{{Ship("S-1", 5)}};
  request.commands[0]
      .mutable_record_shipment()
      ->mutable_shipment()
      ->set_exporter("later");
  EXPECT_EQ(ReasonOf(Write(request).status), "PARTY_NOT_FOUND");
  ASSERT_EQ(Write(RegisterParty("later")).status, absl::OkStatus());
  EXPECT_EQ(Write(request).status, absl::OkStatus());
}

TEST_F(IdempotencyTest, RepeatsWithinOneBatchAreAnswered) {
  const TestRequest request{{Ship("S-1", 5)}};
  TestRequest other = request;
  other.commands = {Ship("S-9", 5)};
  const auto batch = Write(MakeBatch({request, request, other, request}));
  EXPECT_EQ(batch->answers[0].index, kFirstSize);
  EXPECT_FALSE(batch->answers[0].repeated_answer);
  ExpectRepeats(batch->answers[0], batch->answers[1]);
  EXPECT_EQ(ReasonOf(batch->answers[2].status), "REQUEST_ID_REUSED");
  ExpectRepeats(batch->answers[0], batch->answers[3]);
  EXPECT_EQ(size(), kFirstSize + 1);
}

TEST_F(IdempotencyTest, OtherContentNamesTheFieldsThatDiffer) {
  TestRequest request{{Ship("S-1", 5)}};
  ASSERT_EQ(Write(request).status, absl::OkStatus());
  v1::Shipment& shipment =
      *request.commands[0].mutable_record_shipment()->mutable_shipment();
  shipment.set_destination_country("SA");
  shipment.mutable_items(0)->set_quantity(6);
  shipment.set_source("A note");
  const WriteAnswer answer = Write(request);
  EXPECT_EQ(answer.status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReasonOf(answer.status), "REQUEST_ID_REUSED");
  EXPECT_EQ(MetadataOf(answer.status, "index"), absl::StrCat(kFirstSize));
  EXPECT_EQ(MetadataOf(answer.status, "request_id"),
            request.request_id.ToString());
  const std::string fields = MetadataOf(answer.status, "differing_fields");
  const std::string shipment_path = "commands[0].record_shipment.shipment.";
  const std::vector<std::string> listed = absl::StrSplit(fields, ',');
  EXPECT_THAT(listed,
              UnorderedElementsAre(shipment_path + "destination_country",
                                   shipment_path + "items[0].quantity",
                                   shipment_path + "source"))
      << "and not the messages that hold them";
  EXPECT_EQ(answer.index, std::nullopt);
}

TEST_F(IdempotencyTest, MoreCommandsOrAnotherKindDiffer) {
  TestRequest request{{Ship("S-1", 5)}};
  ASSERT_EQ(Write(request).status, absl::OkStatus());
  TestRequest more = request;
  more.commands.push_back(Ship("S-2"));
  EXPECT_EQ(MetadataOf(Write(more).status, "differing_fields"), "commands");
  TestRequest kind = request;
  kind.commands = {VoidShip("S-1")};
  EXPECT_THAT(MetadataOf(Write(kind).status, "differing_fields"),
              HasSubstr("commands[0].void_shipment"));
}

TEST_F(IdempotencyTest, AnotherPrincipalIsNotAnswered) {
  const TestRequest request{{Ship("S-1", 5)}};
  ASSERT_EQ(Write(request, "alice").status, absl::OkStatus());
  const WriteAnswer answer = Write(request, "bob");
  EXPECT_EQ(ReasonOf(answer.status), "REQUEST_ID_REUSED");
  EXPECT_EQ(MetadataOf(answer.status, "differing_fields"), "principal");
}

TEST_F(IdempotencyTest, ValidateOnlyWithAKnownIdGetsTheFirstAnswer) {
  TestRequest request{{Ship("S-1", 5)}};
  const WriteAnswer first = Write(request);
  request.validate_only = true;
  ExpectRepeats(first, Write(request));
  request.commands = {Ship("S-1", 6)};
  EXPECT_EQ(ReasonOf(Write(request).status), "REQUEST_ID_REUSED");
}

TEST_F(IdempotencyTest, IdsAreKnownAcrossGenerationsAndReopening) {
  options_.id_generation_entries = 8;
  Reopen();
  std::vector<TestRequest> requests;
  for (int i = 0; i < 60; ++i) {
    requests.push_back({{Ship(absl::StrCat("S-", i), 1)}});
  }
  std::vector<WriteAnswer> first;
  for (const TestRequest& request : requests) first.push_back(Write(request));
  for (int round = 0; round < 2; ++round) {
    const auto again = Write(MakeBatch(requests));
    for (size_t i = 0; i < requests.size(); ++i) {
      ExpectRepeats(first[i], again->answers[i]);
    }
    EXPECT_EQ(ReasonOf(Write(Ship("S-3")).status), "SHIPMENT_REFERENCE_REUSED");
    Reopen();
  }
  EXPECT_EQ(size(), kFirstSize + 60);
}

}  // namespace
}  // namespace chipledger::testing
