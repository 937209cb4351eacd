// Goal: every write of the contract is recorded, answered with its evidence,
// and says the same again when it is repeated. Method: a real server and stubs.
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/server_fixture.h"

namespace chipledger::testing {
namespace {

constexpr char kGrant[] = R"pb(
  request_id: "$0"
  command {
    license {
      license_id: "$1"
      exporter: "acme"
      destination_countries: "MY"
      grant_date: "2025-01-10"
      expiry_date: "2026-01-10"
      lines { line_number: 1 product_code: "H100" quantity: 100 }
    }
  }
)pb";

class WriteTest : public ServerTest {
 protected:
  WriteTest() { RecordCatalog(); }

  // Calls a write and expects it to be stored.
  template <typename Stub, typename Request, typename Response>
  Response Write(Stub& stub,
                 grpc::Status (Stub::*method)(grpc::ClientContext*,
                                              const Request&, Response*),
                 const Request& request) {
    Context context;
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(response.result().has_index());
    EXPECT_GT(response.result().size(), response.result().index());
    EXPECT_GT(response.result().record_time().seconds(), 0);
    EXPECT_FALSE(response.result().repeated_answer());
    return response;
  }

  grpc::Status Record(const v1::RecordShipmentRequest& request,
                      v1::RecordShipmentResponse* response) {
    Context context;
    return shipments_->RecordShipment(&context, request, response);
  }

  uint64_t Size() {
    Context context;
    v1::GetLedgerResponse response;
    EXPECT_TRUE(admin_->GetLedger(&context, {}, &response).ok());
    return response.size();
  }

  template <typename Request>
  static Request Filled(const char* text, const std::string& id = "L1") {
    return Proto<Request>(absl::Substitute(text, NewRequestId(), id));
  }
};

TEST_F(WriteTest, AShipmentIsRecordedCorrectedAndVoided) {
  const auto recorded =
      Write(*shipments_, &v1::ShipmentService::Stub::RecordShipment,
            ShipmentOf("RACK", 2, "MY", "S1"));
  ASSERT_EQ(recorded.judgement().rules_size(), 1);
  EXPECT_EQ(recorded.judgement().rules(0).rule_id(), "gpus");
  EXPECT_EQ(recorded.judgement().rules(0).asked(), 144);
  EXPECT_EQ(recorded.judgement().rules(0).headroom_after(), 856);

  const auto corrected =
      Write(*shipments_, &v1::ShipmentService::Stub::CorrectShipment,
            Filled<v1::CorrectShipmentRequest>(R"pb(
              request_id: "$0"
              command {
                shipment {
                  exporter: "acme"
                  shipment_reference: "S1"
                  export_date: "2025-03-01"
                  destination_country: "MY"
                  items { product_code: "RACK" quantity: 1 }
                }
                assurance: ASSURANCE_BEFORE_EXPORT
                reason: "counted twice"
                expected_revision: 1
              }
            )pb"));
  ASSERT_EQ(corrected.judgement().reversal_size(), 1);
  EXPECT_EQ(corrected.judgement().reversal(0).asked(), -144);
  ASSERT_EQ(corrected.judgement().rules_size(), 1);
  EXPECT_EQ(corrected.judgement().rules(0).asked(), 72);

  const auto voided = Write(
      *shipments_, &v1::ShipmentService::Stub::VoidShipment,
      Filled<v1::VoidShipmentRequest>(R"pb(
        request_id: "$0"
        command { exporter: "acme" shipment_reference: "S1" reason: "canceled" }
      )pb"));
  ASSERT_EQ(voided.judgement().rules_size(), 1);
  EXPECT_EQ(voided.judgement().rules(0).asked(), -72);
}

TEST_F(WriteTest, ALicenseIsGrantedSuspendedReinstatedAmendedAndRevoked) {
  using Stub = v1::LicenseService::Stub;
  Write(*licenses_, &Stub::GrantLicense,
        Filled<v1::GrantLicenseRequest>(kGrant));
  Write(*licenses_, &Stub::SuspendLicense,
        Filled<v1::SuspendLicenseRequest>(R"pb(
          request_id: "$0"
          command {
            license_id: "$1"
            effective_date: "2025-02-01"
            reason: "review"
          })pb"));
  Write(*licenses_, &Stub::ReinstateLicense,
        Filled<v1::ReinstateLicenseRequest>(R"pb(
          request_id: "$0"
          command {
            license_id: "$1"
            effective_date: "2025-02-10"
            reason: "reviewed"
          })pb"));
  Write(*licenses_, &Stub::AmendLicense, Filled<v1::AmendLicenseRequest>(R"pb(
    request_id: "$0"
    command {
      license {
        license_id: "L1"
        exporter: "acme"
        destination_countries: "MY"
        grant_date: "2025-01-10"
        expiry_date: "2026-06-30"
        lines { line_number: 1 product_code: "H100" quantity: 200 }
      }
      reason: "more"
    })pb"));
  Write(*licenses_, &Stub::RevokeLicense,
        Filled<v1::RevokeLicenseRequest>(R"pb(
          request_id: "$0"
          command {
            license_id: "L1"
            effective_date: "2025-09-01"
            reason: "diverted"
          })pb"));
  Context context;
  v1::GetLicenseRequest get;
  get.set_license_id("L1");
  v1::GetLicenseResponse got;
  ASSERT_TRUE(licenses_->GetLicense(&context, get, &got).ok());
  EXPECT_EQ(got.license().revision(), 5);
  EXPECT_EQ(got.license().license().expiry_date(), "2026-06-30");
}

TEST_F(WriteTest, ThePolicyServiceRecordsEachOfItsCommands) {
  using Stub = v1::PolicyService::Stub;
  Write(*policies_, &Stub::RegisterProduct,
        Filled<v1::RegisterProductRequest>(R"pb(
          request_id: "$0"
          command {
            product { product_code: "B200" gpus_per_unit: 1 source: "test" }
          })pb"));
  Write(*policies_, &Stub::RegisterParty, Filled<v1::RegisterPartyRequest>(R"pb(
    request_id: "$0"
    command { party { party_id: "initech" name: "Initech" } })pb"));
  Write(*policies_, &Stub::ChangeCountryGroup,
        Filled<v1::ChangeCountryGroupRequest>(R"pb(
          request_id: "$0"
          command {
            group_id: "D:5"
            changes { country: "CN" kind: KIND_JOIN }
          })pb"));
  Write(*policies_, &Stub::AdoptPolicy, Filled<v1::AdoptPolicyRequest>(R"pb(
    request_id: "$0"
    command {
      policy {
        policy_id: "watch"
        title: "Watch"
        effective_from: "2030-01-01"
        provenance {
          citation: "test"
          legal_status: LEGAL_STATUS_PROPOSED
          enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
        }
        rules {
          rule_id: "all"
          title: "All"
          measure: MEASURE_GPUS
          accrual: ACCRUAL_EXPORTED
          window { open {} }
          limit { none {} }
          enforcement { mode: MODE_REPORT_ONLY }
        }
      }
    })pb"));
  Write(*policies_, &Stub::RescindPolicy,
        Filled<v1::RescindPolicyRequest>(R"pb(
          request_id: "$0"
          command {
            policy_id: "watch"
            effective_date: "2031-01-01"
            reason: "test"
          })pb"));
}

TEST_F(WriteTest, AnAtomicRequestOfLicensesAnswersWithItsEvents) {
  const auto response =
      Write(*licenses_, &v1::LicenseService::Stub::SubmitLicenseCommands,
            Filled<v1::SubmitLicenseCommandsRequest>(R"pb(
              request_id: "$0"
              commands {
                grant_license {
                  license {
                    license_id: "L1"
                    exporter: "acme"
                    destination_countries: "MY"
                    grant_date: "2025-01-10"
                    expiry_date: "2026-01-10"
                    lines { line_number: 1 product_code: "H100" quantity: 1 }
                  }
                }
              }
              commands {
                suspend_license {
                  license_id: "L1"
                  effective_date: "2025-02-01"
                  reason: "review"
                }
              })pb"));
  ASSERT_EQ(response.events_size(), 2);
  EXPECT_EQ(
      response.events(0).license_granted().command().license().license_id(),
      "L1");
  EXPECT_TRUE(response.events(1).has_license_suspended());
  EXPECT_EQ(response.result().size(), response.result().index() + 2);
}

TEST_F(WriteTest, AnAtomicRequestOfShipmentsIsAllOrNothing) {
  v1::SubmitShipmentCommandsRequest request;
  request.set_request_id(NewRequestId());
  *request.add_commands()->mutable_record_shipment() =
      ShipmentOf("H100", 900, "MY", "S1").command();
  *request.add_commands()->mutable_record_shipment() =
      ShipmentOf("H100", 200, "MY", "S2").command();
  const uint64_t before = Size();
  Context context;
  v1::SubmitShipmentCommandsResponse response;
  const grpc::Status status =
      shipments_->SubmitShipmentCommands(&context, request, &response);
  EXPECT_EQ(ReasonOf(status), "REFUSED_BY_RULES");
  const auto refusal = DetailOf<v1::Refusal>(status);
  ASSERT_TRUE(refusal);
  ASSERT_EQ(refusal->violations_size(), 1);
  EXPECT_EQ(refusal->violations(0).command_index(), 1);
  // One Refused entry, and no shipment.
  EXPECT_EQ(Size(), before + 1);
  Context list_context;
  v1::ListShipmentsResponse list;
  ASSERT_TRUE(shipments_->ListShipments(&list_context, {}, &list).ok());
  EXPECT_EQ(list.shipments_size(), 0);
}

TEST_F(WriteTest, ARefusalListsEveryViolationWithItsNumbers) {
  v1::RecordShipmentResponse response;
  const grpc::Status status =
      Record(ShipmentOf("H100", 1001, "MY", "S1"), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  const google::rpc::Status rpc_status = RpcStatusOf(status);
  EXPECT_EQ(rpc_status.code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(rpc_status.message(), status.error_message());
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), "REFUSED_BY_RULES");
  EXPECT_EQ(info->domain(), "chipledger");
  const auto refusal = DetailOf<v1::Refusal>(status);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(info->metadata().at("index"), std::to_string(refusal->index()));
  EXPECT_EQ(refusal->size(), refusal->index() + 1);
  ASSERT_EQ(refusal->violations_size(), 1);
  const v1::Violation& violation = refusal->violations(0);
  EXPECT_EQ(violation.policy_id(), "caps");
  EXPECT_EQ(violation.rule_id(), "gpus");
  EXPECT_EQ(violation.group().destination_country(), "MY");
  EXPECT_EQ(violation.limit(), 1000);
  EXPECT_EQ(violation.asked(), 1001);
  EXPECT_EQ(violation.excess(), 1);
}

TEST_F(WriteTest, ValidateOnlyAnswersTheSameAndStoresNothing) {
  const uint64_t before = Size();
  v1::RecordShipmentRequest request = ShipmentOf("H100", 1000, "MY", "S1");
  request.set_validate_only(true);
  v1::RecordShipmentResponse validated;
  ASSERT_TRUE(Record(request, &validated).ok());
  EXPECT_FALSE(validated.result().has_index());
  EXPECT_FALSE(validated.result().has_record_time());
  EXPECT_EQ(validated.result().size(), before);
  EXPECT_EQ(Size(), before);

  v1::RecordShipmentRequest too_much = ShipmentOf("H100", 1001, "MY", "S2");
  too_much.set_validate_only(true);
  v1::RecordShipmentResponse refused;
  const auto refusal = DetailOf<v1::Refusal>(Record(too_much, &refused));
  ASSERT_TRUE(refusal);
  EXPECT_FALSE(refusal->has_index());
  EXPECT_EQ(refusal->violations_size(), 1);
  EXPECT_EQ(Size(), before);

  // The same request id is still free to be stored.
  request.set_validate_only(false);
  v1::RecordShipmentResponse stored;
  ASSERT_TRUE(Record(request, &stored).ok());
  EXPECT_EQ(stored.evidence().SerializeAsString(),
            validated.evidence().SerializeAsString());
}

TEST_F(WriteTest, TheSameRequestIdGetsTheFirstAnswerAgain) {
  const v1::RecordShipmentRequest request = ShipmentOf("H100", 10, "MY", "S1");
  v1::RecordShipmentResponse first;
  ASSERT_TRUE(Record(request, &first).ok());
  const uint64_t size = Size();
  v1::RecordShipmentResponse again;
  ASSERT_TRUE(Record(request, &again).ok());
  EXPECT_TRUE(again.result().repeated_answer());
  EXPECT_EQ(again.result().index(), first.result().index());
  EXPECT_EQ(again.result().record_time().nanos(),
            first.result().record_time().nanos());
  EXPECT_EQ(again.evidence().SerializeAsString(),
            first.evidence().SerializeAsString());
  EXPECT_EQ(Size(), size);
}

TEST_F(WriteTest, TheSameRequestIdGetsTheFirstRefusalAgain) {
  const v1::RecordShipmentRequest request =
      ShipmentOf("H100", 1001, "MY", "S1");
  v1::RecordShipmentResponse response;
  const auto first = DetailOf<v1::Refusal>(Record(request, &response));
  const auto again = DetailOf<v1::Refusal>(Record(request, &response));
  ASSERT_TRUE(first && again);
  EXPECT_EQ(again->index(), first->index());
  EXPECT_EQ(again->violations(0).SerializeAsString(),
            first->violations(0).SerializeAsString());
}

TEST_F(WriteTest, TheSameRequestIdWithOtherContentIsAnError) {
  v1::RecordShipmentRequest request = ShipmentOf("H100", 10, "MY", "S1");
  v1::RecordShipmentResponse response;
  ASSERT_TRUE(Record(request, &response).ok());
  request.mutable_command()->mutable_shipment()->mutable_items(0)->set_quantity(
      11);
  const grpc::Status status = Record(request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), "REQUEST_ID_REUSED");
  EXPECT_EQ(info->metadata().at("request_id"), request.request_id());
  EXPECT_EQ(info->metadata().at("index"),
            std::to_string(response.result().index()));
  EXPECT_THAT(info->metadata().at("differing_fields"),
              ::testing::HasSubstr("quantity"));
}

TEST_F(WriteTest, AnotherRevisionThanExpectedIsAnErrorWithTheActualOne) {
  v1::RecordShipmentResponse recorded;
  ASSERT_TRUE(Record(ShipmentOf("H100", 1, "MY", "S1"), &recorded).ok());
  Context context;
  v1::VoidShipmentResponse response;
  const grpc::Status status =
      shipments_->VoidShipment(&context, Filled<v1::VoidShipmentRequest>(R"pb(
        request_id: "$0"
        command {
          exporter: "acme"
          shipment_reference: "S1"
          reason: "canceled"
          expected_revision: 7
        })pb"),
                               &response);
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  ASSERT_TRUE(info);
  EXPECT_EQ(info->reason(), "REVISION_MISMATCH");
  EXPECT_EQ(info->metadata().at("actual_revision"), "1");
}

TEST_F(WriteTest, EveryEntryIsStampedWithThePrincipal) {
  v1::RecordShipmentResponse response;
  ASSERT_TRUE(Record(ShipmentOf("H100", 1, "MY", "S1"), &response).ok());
  Context context;
  v1::ReadEntriesRequest request;
  request.set_start_index(response.result().index());
  auto reader = audit_->ReadEntries(&context, request);
  v1::ReadEntriesResponse chunk;
  ASSERT_TRUE(reader->Read(&chunk));
  v1::Entry entry;
  ASSERT_TRUE(entry.ParseFromString(chunk.entries(0)));
  EXPECT_EQ(entry.index(), response.result().index());
  EXPECT_EQ(entry.principal(), "development");
}

// An event that violates 4,000 totals takes several entries. Its answers, also
// the error with its details, have to pass what gRPC lets through unasked.
TEST_F(WriteTest, WhatIsSaidOfALargeEventReachesEveryClient) {
  constexpr int kProducts = 100;
  constexpr int kRules = 40;
  v1::SubmitPolicyCommandsRequest products;
  products.set_request_id(NewRequestId());
  for (int i = 0; i < kProducts; ++i) {
    *products.add_commands() = Proto<v1::Command>(absl::Substitute(
        "register_product { product { product_code: 'P$0' gpus_per_unit: 1 "
        "milli_tpp_per_gpu: 1000 source: 's' } }",
        i));
  }
  Context context;
  v1::SubmitPolicyCommandsResponse registered;
  grpc::Status status =
      policies_->SubmitPolicyCommands(&context, products, &registered);
  ASSERT_TRUE(status.ok()) << status.error_message();
  auto adopt = Proto<v1::AdoptPolicyRequest>(absl::Substitute(
      "request_id: '$0' command { policy { policy_id: 'by-product' title: 'P' "
      "effective_from: '2020-01-01' provenance { citation: 'c' legal_status: "
      "LEGAL_STATUS_IN_FORCE enforcement_status: ENFORCEMENT_STATUS_ENFORCED } "
      "} }",
      NewRequestId()));
  for (int i = 0; i < kRules; ++i) {
    *adopt.mutable_command()->mutable_policy()->add_rules() =
        Proto<v1::Rule>(absl::Substitute(
            "rule_id: 'r$0' title: 'R' measure: MEASURE_GPUS accrual: "
            "ACCRUAL_EXPORTED scope { group_by: GROUP_BY_PRODUCT } window { "
            "open {} } limit { zero {} } enforcement { mode: MODE_REFUSE }",
            i));
  }
  Write(*policies_, &v1::PolicyService::Stub::AdoptPolicy, adopt);

  v1::RecordShipmentRequest request = ShipmentOf("P0", 1, "FR", "S1");
  v1::Shipment& shipment = *request.mutable_command()->mutable_shipment();
  for (int i = 1; i < kProducts; ++i) {
    *shipment.add_items() = shipment.items(0);
    shipment.mutable_items(i)->set_product_code(absl::StrCat("P", i));
  }
  v1::RecordShipmentResponse response;
  EXPECT_EQ(ReasonOf(Record(request, &response)), "REFUSED_BY_RULES");

  request.set_request_id(NewRequestId());
  request.mutable_command()->set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  const auto recorded =
      Write(*shipments_, &v1::ShipmentService::Stub::RecordShipment, request);
  const v1::Judgement& judgement = recorded.judgement();
  EXPECT_GT(judgement.violations_size(), kRules);
  // Every violation, and the evaluation that it rests on; and those of "caps".
  EXPECT_GE(judgement.violations_size() + judgement.rules_size() +
                static_cast<int>(judgement.left_out()),
            2 * kProducts * kRules);

  Context reading;
  v1::GetShipmentRequest named;
  named.set_exporter("acme");
  named.set_shipment_reference("S1");
  v1::GetShipmentResponse found;
  status = shipments_->GetShipment(&reading, named, &found);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(found.shipment().judgement().left_out(), judgement.left_out());

  Context auditing;
  v1::ReadEntriesRequest all;
  const auto stream = audit_->ReadEntries(&auditing, all);
  v1::ReadEntriesResponse entries;
  while (stream->Read(&entries)) {
  }
  EXPECT_TRUE(stream->Finish().ok());
}

}  // namespace
}  // namespace chipledger::testing
