#include "tools/bench/workload.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/policy_service.grpc.pb.h"
#include "google/protobuf/text_format.h"
#include "grpcpp/client_context.h"

namespace chipledger::bench {
namespace {

constexpr size_t kExporters = 16;
struct Product {
  const char* code;
  int64_t milli_tpp;
};
constexpr Product kProducts[] = {{"A100-SXM-80GB", 4'992'000},
                                 {"H100-SXM5-80GB", 15'832'000},
                                 {"H200-SXM-141GB", 15'832'000},
                                 {"B200-SXM-180GB", 36'000'000},
                                 {"MI300X-192GB", 20'919'200}};
constexpr char kPolicyId[] = "bench-caps";
constexpr char kRuleId[] = "country_year_tpp";
constexpr char kExportDate[] = "2025-06-30";

constexpr char kPolicy[] = R"pb(
  policy {
    policy_id: "bench-caps"
    title: "One cap for each country and year"
    effective_from: "2025-01-01"
    provenance {
      citation: "made up for the benchmarks"
      legal_status: LEGAL_STATUS_PROPOSED
      enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
    }
    rules {
      rule_id: "country_year_tpp"
      title: "TPP exported to a country in a year"
      measure: MEASURE_TPP
      items { classifications: "3A090.a" }
      accrual: ACCRUAL_EXPORTED
      scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
      window { calendar_year {} }
      limit { constant: "9000000000000" }
      exemptions { authorization_kinds: AUTHORIZATION_KIND_NVEU }
      enforcement { mode: MODE_REFUSE }
    }
  }
)pb";

std::string ExporterId(uint64_t number) {
  return absl::StrFormat("exporter-%02d", number % kExporters);
}

}  // namespace

absl::Status RecordCatalog(const std::shared_ptr<grpc::Channel>& channel) {
  v1::SubmitPolicyCommandsRequest request;
  request.set_request_id("bbbbbbbb-0000-4000-8000-000000000000");
  for (const Product& product : kProducts) {
    v1::Product& out =
        *request.add_commands()->mutable_register_product()->mutable_product();
    out.set_product_code(product.code);
    out.set_gpus_per_unit(1);
    out.set_milli_tpp_per_gpu(product.milli_tpp);
    out.set_classification("3A090.a");
    out.set_source("published figures");
  }
  for (size_t i = 0; i < kExporters; ++i) {
    v1::Party& party =
        *request.add_commands()->mutable_register_party()->mutable_party();
    party.set_party_id(ExporterId(i));
    party.set_name(ExporterId(i));
  }
  if (!google::protobuf::TextFormat::ParseFromString(
          kPolicy, request.add_commands()->mutable_adopt_policy())) {
    return absl::InternalError("the benchmark's policy does not parse");
  }
  grpc::ClientContext context;
  v1::SubmitPolicyCommandsResponse response;
  const grpc::Status status =
      v1::PolicyService::NewStub(channel)->SubmitPolicyCommands(
          &context, request, &response);
  return status.ok() ? absl::OkStatus()
                     : absl::UnknownError(status.error_message());
}

std::string RequestIdOf(uint64_t number) {
  const uint64_t scattered = number * 0x9E3779B97F4A7C15ull;
  return absl::StrFormat("%08x-%04x-4000-8000-%012x", scattered >> 32,
                         (scattered >> 16) & 0xffff, number);
}

void MakeRequest(uint64_t number, std::string& request_id,
                 v1::RecordShipment& command) {
  request_id = RequestIdOf(number);
  command.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  v1::Shipment& shipment = *command.mutable_shipment();
  shipment.set_exporter(ExporterId(number));
  shipment.set_shipment_reference(absl::StrCat("S", number));
  shipment.set_export_date(kExportDate);
  shipment.set_destination_country(kCountries[number % std::size(kCountries)]);
  v1::Item& item = *shipment.add_items();
  item.set_product_code(kProducts[number % std::size(kProducts)].code);
  item.set_quantity(1 + number % 64);
}

v1::GetHeadroomRequest MakeQuestion(uint64_t number) {
  v1::GetHeadroomRequest request;
  request.set_policy_id(kPolicyId);
  request.set_rule_id(kRuleId);
  request.mutable_group()->set_destination_country(
      kCountries[number % std::size(kCountries)]);
  request.set_on_date(kExportDate);
  return request;
}

}  // namespace chipledger::bench
