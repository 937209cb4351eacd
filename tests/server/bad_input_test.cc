// Goal: whatever is wrong with a call gets a clear error over gRPC, and nothing
// is stored. What makes a command wrong is tested in tests/domain.
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/base/limits.h"
#include "tests/support/server_fixture.h"

namespace chipledger::testing {
namespace {

using ::testing::HasSubstr;

constexpr char kRecordShipment[] =
    "/chipledger.v1.ShipmentService/RecordShipment";

class BadInputTest : public ServerTest {
 protected:
  BadInputTest() {
    RecordCatalog();
    size_ = server().ledger().Latest()->size;
  }
  // Whatever the test sent, nothing was stored.
  void TearDown() override {
    EXPECT_EQ(server().ledger().Latest()->size, size_);
  }

  grpc::Status Record(const v1::RecordShipmentRequest& request) {
    Context context;
    v1::RecordShipmentResponse response;
    return shipments_->RecordShipment(&context, request, &response);
  }

  // The error names exactly this field, and its description says this.
  static void ExpectInvalid(const grpc::Status& status,
                            const std::string& field,
                            const std::string& description) {
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
    const auto bad = DetailOf<google::rpc::BadRequest>(status);
    ASSERT_TRUE(bad) << status.error_message();
    ASSERT_EQ(bad->field_violations_size(), 1) << bad->DebugString();
    EXPECT_EQ(bad->field_violations(0).field(), field);
    EXPECT_THAT(bad->field_violations(0).description(), HasSubstr(description));
  }

  uint64_t size_ = 0;
};

TEST_F(BadInputTest, AStringThatIsNotUtf8NamesItsField) {
  const std::string good =
      ShipmentOf("H100", 1, "MY", "S_BYTE").SerializeAsString();
  const std::string bytes = absl::StrReplaceAll(good, {{"S_BYTE",
                                                        "S\xff"
                                                        "BYTE"}});
  ASSERT_NE(bytes, good);
  const RawAnswer answer = CallRaw(channel(), kRecordShipment, bytes);
  EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(answer.status), "MALFORMED_MESSAGE");
  EXPECT_THAT(answer.status.error_message(),
              HasSubstr("chipledger.v1.Shipment.shipment_reference"));
}

TEST_F(BadInputTest, BytesThatAreNoMessageAreMalformedForEveryKindOfCall) {
  for (const char* method :
       {kRecordShipment, "/chipledger.v1.ShipmentService/StreamShipments",
        "/chipledger.v1.ShipmentService/GetShipment",
        "/chipledger.v1.HeadroomService/GetHeadroom",
        "/chipledger.v1.HeadroomService/WatchHeadroom",
        "/chipledger.v1.AuditService/ReadEntries"}) {
    const RawAnswer answer = CallRaw(channel(), method, "\xff\xff\xff");
    EXPECT_EQ(answer.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method;
    EXPECT_EQ(ReasonOf(answer.status), "MALFORMED_MESSAGE") << method;
  }
}

TEST_F(BadInputTest, AFieldThatTheServerDoesNotKnowIsRefusedWithItsPath) {
  const auto refused = [&](const std::string& method,
                           const google::protobuf::Message& request) {
    const RawAnswer answer = CallRaw(channel(), "/chipledger.v1." + method,
                                     request.SerializeAsString());
    EXPECT_EQ(ReasonOf(answer.status), "UNKNOWN_FIELD") << method;
    const auto info = DetailOf<google::rpc::ErrorInfo>(answer.status);
    return info ? info->metadata().at("field") : "";
  };
  const auto put = [](google::protobuf::Message& message) {
    message.GetReflection()->MutableUnknownFields(&message)->AddVarint(999, 1);
  };
  v1::RecordShipmentRequest envelope = ShipmentOf("H100", 1, "MY", "S-1");
  put(envelope);
  EXPECT_EQ(refused("ShipmentService/RecordShipment", envelope), "999");
  v1::RecordShipmentRequest command = ShipmentOf("H100", 1, "MY", "S-1");
  put(*command.mutable_command()->mutable_shipment()->mutable_items(0));
  EXPECT_EQ(refused("ShipmentService/RecordShipment", command),
            "record_shipment.shipment.items[0].999");
  // A filter that is not understood would be another question.
  v1::ListHeadroomRequest list;
  put(*list.mutable_filter());
  EXPECT_EQ(refused("HeadroomService/ListHeadroom", list), "filter.999");
  v1::StreamShipmentsRequest batch;
  put(*batch.add_requests());
  EXPECT_EQ(refused("ShipmentService/StreamShipments", batch),
            "requests[0].999");
}

TEST_F(BadInputTest, ARequestIdMustBeAUuid) {
  v1::RecordShipmentRequest request = ShipmentOf("H100", 1, "MY", "S1");
  request.set_request_id("not-a-uuid");
  ExpectInvalid(Record(request), "request_id", "\"not-a-uuid\" is not a UUID");
  request.clear_request_id();
  ExpectInvalid(Record(request), "request_id", "is required");
  request.set_request_id("00000000-0000-0000-0000-000000000000");
  ExpectInvalid(Record(request), "request_id", "is the nil UUID");
}

TEST_F(BadInputTest, AnEmptyRequestSaysWhatIsMissing) {
  v1::RecordShipmentRequest request;
  request.set_request_id(NewRequestId());
  ExpectInvalid(Record(request), "command", "is required");
}

TEST_F(BadInputTest, UnknownThingsAreNamed) {
  ExpectInvalid(Record(ShipmentOf("H100", 1, "XX", "S1")),
                "shipment.destination_country", "XX");

  const grpc::Status product = Record(ShipmentOf("H999", 1, "MY", "S1"));
  EXPECT_EQ(product.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(product), "PRODUCT_NOT_FOUND");
  EXPECT_THAT(product.error_message(), HasSubstr("H999"));

  v1::RecordShipmentRequest request = ShipmentOf("H100", 1, "MY", "S1");
  request.mutable_command()->mutable_shipment()->set_consignee("nobody");
  EXPECT_EQ(ReasonOf(Record(request)), "PARTY_NOT_FOUND");

  request = ShipmentOf("H100", 1, "MY", "S1");
  v1::Authorization& license =
      *request.mutable_command()->mutable_shipment()->mutable_authorization();
  license.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  license.set_license_id("L404");
  EXPECT_EQ(ReasonOf(Record(request)), "LICENSE_NOT_FOUND");
}

TEST_F(BadInputTest, QuantitiesThatAreZeroNegativeOrTooLarge) {
  for (const int64_t quantity :
       {int64_t{0}, int64_t{-5}, int64_t{limits::kMaxQuantityUnits + 1},
        std::numeric_limits<int64_t>::max()}) {
    ExpectInvalid(Record(ShipmentOf("H100", quantity, "MY", "S1")),
                  "shipment.items[0].quantity", absl::StrCat(quantity));
  }
}

TEST_F(BadInputTest, ADateThatDoesNotExist) {
  v1::RecordShipmentRequest request = ShipmentOf("H100", 1, "MY", "S1");
  request.mutable_command()->mutable_shipment()->set_export_date("2025-02-30");
  ExpectInvalid(Record(request), "shipment.export_date", "2025-02-30");
}

TEST_F(BadInputTest, AStringOverItsLimit) {
  const std::string reference(limits::kMaxShipmentReferenceBytes + 1, 'r');
  ExpectInvalid(Record(ShipmentOf("H100", 1, "MY", reference)),
                "shipment.shipment_reference",
                absl::StrCat(limits::kMaxShipmentReferenceBytes));
}

TEST_F(BadInputTest, AMessageOverTheSizeLimitIsRefusedAsAWhole) {
  v1::RecordShipmentRequest request = ShipmentOf("H100", 1, "MY", "S1");
  std::string& source =
      *request.mutable_command()->mutable_shipment()->mutable_source();
  source = std::string(limits::kMaxMessageBytes, 's');
  // The message is as large as it may be: what is wrong is its field's size.
  source.resize(source.size() -
                (request.ByteSizeLong() - limits::kMaxMessageBytes));
  ASSERT_EQ(request.ByteSizeLong(), limits::kMaxMessageBytes);
  EXPECT_EQ(ReasonOf(Record(request)), "INVALID_FIELD");
  source.push_back('s');
  const grpc::Status status = Record(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "MESSAGE_TOO_LARGE");
  EXPECT_THAT(status.error_message(),
              HasSubstr(absl::StrCat(limits::kMaxMessageBytes)));
}

TEST_F(BadInputTest, AnAtomicRequestTakesOneToAHundredCommandsOfItsService) {
  const auto submit = [this](const v1::SubmitShipmentCommandsRequest& request) {
    Context context;
    v1::SubmitShipmentCommandsResponse response;
    return shipments_->SubmitShipmentCommands(&context, request, &response);
  };
  v1::SubmitShipmentCommandsRequest request;
  request.set_request_id(NewRequestId());
  ExpectInvalid(submit(request), "commands", "at least one");

  request.add_commands()->mutable_rescind_policy()->set_policy_id("caps");
  ExpectInvalid(submit(request), "commands[0]", "rescind_policy");

  request.mutable_commands(0)->Clear();
  ExpectInvalid(submit(request), "commands[0]", "no kind");

  for (int i = 0; i < 101; ++i) {
    *request.add_commands()->mutable_record_shipment() =
        ShipmentOf("H100", 1, "MY", absl::StrCat("S", i)).command();
  }
  const grpc::Status status = submit(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY_COMMANDS");
}

TEST_F(BadInputTest, ManyWrongFieldsFitIntoTheErrorAndSayHowManyAreLeftOut) {
  v1::RecordShipmentRequest request = ShipmentOf("H100", 1, "MY", "S1");
  for (int i = 1; i < 100; ++i) {
    v1::Item& item =
        *request.mutable_command()->mutable_shipment()->add_items();
    item.set_product_code(std::string(500, 'p'));
    item.set_quantity(-1);
  }
  const grpc::Status status = Record(request);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  const auto bad = DetailOf<google::rpc::BadRequest>(status);
  ASSERT_TRUE(bad);
  EXPECT_GT(bad->field_violations_size(), 5);
  EXPECT_EQ(
      bad->field_violations_size() + std::stoi(info->metadata().at("omitted")),
      2 * 99);
}

TEST_F(BadInputTest, PageSizesAndTokensAreChecked) {
  v1::ListProductsRequest products;
  products.set_page_size(-1);
  Context negative;
  v1::ListProductsResponse list;
  ExpectInvalid(policies_->ListProducts(&negative, products, &list),
                "page_size", "-1");

  products.set_page_size(1);
  Context first;
  ASSERT_TRUE(policies_->ListProducts(&first, products, &list).ok());
  ASSERT_FALSE(list.next_page_token().empty());

  products.set_page_token(list.next_page_token() + "x");
  Context changed;
  ExpectInvalid(policies_->ListProducts(&changed, products, &list),
                "page_token", "next_page_token");

  v1::ListPartiesRequest parties;
  parties.set_page_token(list.next_page_token());
  Context other_list;
  v1::ListPartiesResponse party_list;
  ExpectInvalid(policies_->ListParties(&other_list, parties, &party_list),
                "page_token", "next_page_token");
}

TEST_F(BadInputTest, ReadsSayWhatIsMissingOrUnknown) {
  Context missing;
  v1::GetLicenseResponse license;
  ExpectInvalid(licenses_->GetLicense(&missing, {}, &license), "license_id",
                "is required");

  v1::GetShipmentRequest shipment;
  shipment.set_exporter("acme");
  shipment.set_shipment_reference("S404");
  Context unknown;
  v1::GetShipmentResponse got;
  EXPECT_EQ(ReasonOf(shipments_->GetShipment(&unknown, shipment, &got)),
            "SHIPMENT_NOT_FOUND");

  v1::GetPolicyRequest policy;
  policy.set_policy_id("p404");
  Context no_policy;
  v1::GetPolicyResponse policy_got;
  EXPECT_EQ(ReasonOf(policies_->GetPolicy(&no_policy, policy, &policy_got)),
            "POLICY_NOT_FOUND");

  Context no_name;
  v1::ListReportsResponse reports;
  ExpectInvalid(policies_->ListReports(&no_name, {}, &reports), "policy_id",
                "is required");
  v1::ListReportsRequest of_unknown;
  of_unknown.set_policy_id("p404");
  Context no_reported;
  EXPECT_EQ(
      ReasonOf(policies_->ListReports(&no_reported, of_unknown, &reports)),
      "POLICY_NOT_FOUND");
}

TEST_F(BadInputTest, EntriesPastTheEndAreOutOfRange) {
  v1::ReadEntriesRequest request;
  request.set_start_index(size_ + 1);
  Context context;
  auto reader = audit_->ReadEntries(&context, request);
  v1::ReadEntriesResponse chunk;
  EXPECT_FALSE(reader->Read(&chunk));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_EQ(ReasonOf(status), "INDEX_OUT_OF_RANGE");
}

}  // namespace
}  // namespace chipledger::testing
