#include "tools/bench/skewed_workload.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chipledger/v1/license_service.grpc.pb.h"
#include "chipledger/v1/policy_service.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "ledger/base/status_macros.h"
#include "tools/bench/workload.h"

namespace chipledger::bench {
namespace {

constexpr size_t kExporters = 400;
constexpr size_t kConsignees = 2'000;
constexpr size_t kProducts = 60;
// Licenses of one exporter, each to another country.
constexpr size_t kLicenses = 3;
constexpr size_t kLicensedProducts = 12;
constexpr int64_t kBaseMilliTpp = 4'992'000;
constexpr char kPolicyId[] = "bench-many";
constexpr char kFirstRuleId[] = "rule_00";
// Nothing goes there.
constexpr char kOtherCountry[] = "NZ";
constexpr char kExportDate[] = "2025-06-30";
// Commands in one request: its size is bounded.
constexpr size_t kCommandsPerRequest = 50;

// One of `count`, spread evenly over all numbers; `salt` tells choices apart.
size_t Even(uint64_t number, uint64_t salt, size_t count) {
  uint64_t mixed = (number + 1) * 0x9E3779B97F4A7C15ull ^ salt;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ull;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBull;
  return (mixed ^ (mixed >> 31)) % count;
}

// The same, the first ones much more often: half of all fall on an eighth.
size_t Skewed(uint64_t number, uint64_t salt, size_t count) {
  constexpr size_t kSteps = 1 << 16;
  const double at = static_cast<double>(Even(number, salt, kSteps)) / kSteps;
  return std::min(count - 1, static_cast<size_t>(at * at * at *
                                                 static_cast<double>(count)));
}

std::string ExporterId(size_t exporter) {
  return absl::StrFormat("exporter-%03d", exporter);
}

std::string ConsigneeId(size_t consignee) {
  return absl::StrFormat("consignee-%04d", consignee);
}

std::string ProductCode(size_t product) {
  return absl::StrFormat("ACCELERATOR-%02d", product);
}

std::string LicenseId(size_t exporter, size_t license) {
  return absl::StrFormat("D%03d%d", exporter, license);
}

std::string IdlePolicyId(size_t number) {
  return absl::StrFormat("bench-idle-%04d", number);
}

// The country that a license of an exporter is for.
size_t CountryOf(size_t exporter, size_t license) {
  return (exporter + license * 13) % std::size(kCountries);
}

v1::Rule MakeRule(size_t number) {
  using Scope = v1::Scope;
  static constexpr Scope::GroupBy kGroups[] = {
      Scope::GROUP_BY_DESTINATION_COUNTRY, Scope::GROUP_BY_EXPORTER,
      Scope::GROUP_BY_CONSIGNEE, Scope::GROUP_BY_PRODUCT,
      Scope::GROUP_BY_LICENSE};
  v1::Rule rule;
  rule.set_rule_id(absl::StrFormat("rule_%02d", number));
  rule.set_title(absl::StrCat("Rule ", number));
  rule.set_measure(number % 2 == 0 ? v1::MEASURE_TPP : v1::MEASURE_GPUS);
  rule.set_accrual(v1::ACCRUAL_EXPORTED);
  rule.mutable_items()->add_classifications("3A090.a");
  // One total for all beside those by a key.
  if (number % 6 != 5) {
    rule.mutable_scope()->add_group_by(kGroups[number % 6]);
  }
  switch (number % 3) {
    case 0:
      rule.mutable_window()->mutable_calendar_year();
      break;
    case 1:
      rule.mutable_window()->mutable_open();
      break;
    default:
      rule.mutable_window()->mutable_calendar_quarter();
  }
  rule.mutable_limit()->set_constant("9000000000000");
  rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REFUSE);
  return rule;
}

v1::Policy MakePolicy(const std::string& policy_id, size_t rules) {
  v1::Policy policy;
  policy.set_policy_id(policy_id);
  policy.set_title("Rules that count every shipment");
  policy.set_effective_from("2025-01-01");
  v1::Provenance& provenance = *policy.mutable_provenance();
  provenance.set_citation("made up for the benchmarks");
  provenance.set_legal_status(v1::Provenance::LEGAL_STATUS_PROPOSED);
  provenance.set_enforcement_status(
      v1::Provenance::ENFORCEMENT_STATUS_NOT_ENFORCED);
  for (size_t i = 0; i < rules; ++i) *policy.add_rules() = MakeRule(i);
  return policy;
}

v1::License MakeLicense(size_t exporter, size_t number) {
  v1::License license;
  license.set_license_id(LicenseId(exporter, number));
  license.set_exporter(ExporterId(exporter));
  license.add_destination_countries(kCountries[CountryOf(exporter, number)]);
  license.set_grant_date("2025-01-01");
  license.set_expiry_date("2099-12-31");
  for (size_t i = 0; i < kLicensedProducts; ++i) {
    v1::LicenseLine& line = *license.add_lines();
    line.set_line_number(static_cast<int32_t>(i) + 1);
    line.set_product_code(ProductCode(i));
    line.set_quantity(1'000'000'000);
  }
  return license;
}

// Submits `count` commands in as many requests as they need.
template <typename Request, typename Make, typename Call>
absl::Status SubmitAll(size_t count, uint64_t first_request, const Make& make,
                       const Call& call) {
  for (size_t done = 0; done < count;) {
    Request request;
    request.set_request_id(
        absl::StrFormat("cccccccc-0000-4000-8000-%012x", first_request + done));
    const size_t end = std::min(count, done + kCommandsPerRequest);
    for (; done < end; ++done) make(done, *request.add_commands());
    grpc::ClientContext context;
    const grpc::Status status = call(context, request);
    if (!status.ok()) return absl::UnknownError(status.error_message());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RecordSkewedCatalog(const std::shared_ptr<grpc::Channel>& channel,
                                 size_t rules, size_t idle_policies) {
  const auto policies = v1::PolicyService::NewStub(channel);
  const auto submit = [&](grpc::ClientContext& context,
                          const v1::SubmitPolicyCommandsRequest& request) {
    v1::SubmitPolicyCommandsResponse response;
    return policies->SubmitPolicyCommands(&context, request, &response);
  };
  const auto make = [&](size_t number, v1::Command& command) {
    if (number < kProducts) {
      v1::Product& product =
          *command.mutable_register_product()->mutable_product();
      product.set_product_code(ProductCode(number));
      product.set_gpus_per_unit(1);
      product.set_milli_tpp_per_gpu(kBaseMilliTpp +
                                    static_cast<int64_t>(number) * 1'000);
      product.set_classification("3A090.a");
      product.set_source("made up");
      return;
    }
    number -= kProducts;
    v1::Party& party = *command.mutable_register_party()->mutable_party();
    party.set_party_id(number < kExporters ? ExporterId(number)
                                           : ConsigneeId(number - kExporters));
    party.set_name(party.party_id());
  };
  const size_t named = kProducts + kExporters + kConsignees;
  RETURN_IF_ERROR(
      SubmitAll<v1::SubmitPolicyCommandsRequest>(named, 0, make, submit));
  const auto adopt = [&](size_t number, v1::Command& command) {
    v1::Policy& policy = *command.mutable_adopt_policy()->mutable_policy();
    if (number == idle_policies) {
      policy = MakePolicy(kPolicyId, rules);
      return;
    }
    policy = MakePolicy(IdlePolicyId(number), 1);
    if (number % 2 == 0) {
      policy.mutable_rules(0)
          ->mutable_scope()
          ->mutable_where()
          ->add_destination_countries(kOtherCountry);
    }
  };
  RETURN_IF_ERROR(SubmitAll<v1::SubmitPolicyCommandsRequest>(
      idle_policies + 1, 100'000, adopt, submit));
  RETURN_IF_ERROR(SubmitAll<v1::SubmitPolicyCommandsRequest>(
      idle_policies / 2, 200'000,
      [](size_t number, v1::Command& command) {
        v1::RescindPolicy& rescind = *command.mutable_rescind_policy();
        rescind.set_policy_id(IdlePolicyId(2 * number + 1));
        rescind.set_effective_date("2025-02-01");
        rescind.set_reason("it has been replaced");
      },
      submit));
  const auto licenses = v1::LicenseService::NewStub(channel);
  return SubmitAll<v1::SubmitLicenseCommandsRequest>(
      kExporters * kLicenses, named + 1,
      [](size_t number, v1::Command& command) {
        *command.mutable_grant_license()->mutable_license() =
            MakeLicense(number / kLicenses, number % kLicenses);
      },
      [&](grpc::ClientContext& context,
          const v1::SubmitLicenseCommandsRequest& request) {
        v1::SubmitLicenseCommandsResponse response;
        return licenses->SubmitLicenseCommands(&context, request, &response);
      });
}

void MakeSkewedRequest(uint64_t number, std::string& request_id,
                       v1::RecordShipment& command) {
  request_id = RequestIdOf(number);
  command.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  v1::Shipment& shipment = *command.mutable_shipment();
  const size_t exporter = Skewed(number, 1, kExporters);
  shipment.set_exporter(ExporterId(exporter));
  shipment.set_shipment_reference(absl::StrCat("S", number));
  shipment.set_export_date(kExportDate);
  shipment.set_consignee(ConsigneeId(Skewed(number, 2, kConsignees)));
  v1::Item& item = *shipment.add_items();
  item.set_quantity(static_cast<int64_t>(1 + Even(number, 3, 64)));
  if (Even(number, 4, 2) == 0) {
    const size_t license = Skewed(number, 5, kLicenses);
    v1::Authorization& authorization = *shipment.mutable_authorization();
    authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
    authorization.set_license_id(LicenseId(exporter, license));
    shipment.set_destination_country(kCountries[CountryOf(exporter, license)]);
    item.set_product_code(ProductCode(Skewed(number, 6, kLicensedProducts)));
  } else {
    shipment.set_destination_country(
        kCountries[Skewed(number, 7, std::size(kCountries))]);
    item.set_product_code(ProductCode(Skewed(number, 6, kProducts)));
  }
}

v1::GetHeadroomRequest MakeSkewedQuestion(uint64_t number) {
  std::string ignored;
  v1::RecordShipment command;
  MakeSkewedRequest(number, ignored, command);
  v1::GetHeadroomRequest request;
  request.set_policy_id(kPolicyId);
  request.set_rule_id(kFirstRuleId);
  request.mutable_group()->set_destination_country(
      command.shipment().destination_country());
  request.set_on_date(kExportDate);
  return request;
}

}  // namespace chipledger::bench
