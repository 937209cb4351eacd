#include "ledger/scenario/new_policy.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/check.h"

namespace chipledger::scenarios {
namespace {

// A policy to start from: one rule, whose limit is easy to reach in a story.
constexpr char kNewPolicy[] =
    R"(# proto-file: chipledger/v1/command.proto
# proto-message: chipledger.v1.PolicyFile
#
# What this policy is, and where it comes from.

policy {
  policy_id: "NAME"
  title: "A limit a year for each country"
  description: "At most 1,000 advanced GPUs exported to a country in a calendar year."
  effective_from: "2026-01-01"
  provenance {
    citation: "Where it is written"
    legal_status: LEGAL_STATUS_PROPOSED
    enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
    confidence: "What is certain, and what is inferred"
    sources: "Where to read it"
  }

  rules {
    rule_id: "gpus_a_year"
    title: "Advanced GPUs exported to a country in a calendar year"
    measure: MEASURE_GPUS
    items { classifications: "3A090.a" classifications: "4A090.a" }
    accrual: ACCRUAL_EXPORTED
    scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
    window { calendar_year {} }
    limit { constant: "1000" }
    enforcement { mode: MODE_REFUSE }
  }
}
)";

constexpr char kNewScenario[] =
    R"(# proto-file: chipledger/scenario/v1/scenario.proto
# proto-message: chipledger.scenario.v1.Scenario
#
# Take the rule out of the policy and this must fail: else nothing tests it.

title: "The last GPU that fits, and the first that does not"
setup { register_product { product {
  product_code: "H100" title: "NVIDIA H100" manufacturer: "NVIDIA"
  gpus_per_unit: 1 milli_tpp_per_gpu: 15832000 classification: "3A090.a"
  source: "Data sheet: 1,979 TOPS x 8" } } }
setup { register_party { party {
  party_id: "exporter-x" name: "Exporter X" headquarters { country: "US" } } } }
policies { name: "NAME" }

steps {
  name: "1,000 fit"
  commands { record_shipment { shipment {
    exporter: "exporter-x" shipment_reference: "X-1" export_date: "2026-03-01"
    destination_country: "MY"
    items { product_code: "H100" quantity: 1000 }
  }
    assurance: ASSURANCE_BEFORE_EXPORT } }
  expect {
    accepted {}
    headroom {
      policy_id: "NAME" rule_id: "gpus_a_year"
      group { destination_country: "MY" } on_date: "2026-12-31"
      headroom: "0" used: "1000" }
  }
}

steps {
  name: "one more does not"
  commands { record_shipment { shipment {
    exporter: "exporter-x" shipment_reference: "X-2" export_date: "2026-12-31"
    destination_country: "MY"
    items { product_code: "H100" quantity: 1 }
  }
    assurance: ASSURANCE_BEFORE_EXPORT } }
  expect {
    refused {
      violations {
        rule_id: "gpus_a_year"
        limit: "1000" used: "1000" asked: "1" headroom: "0" excess: "1" } }
  }
}

steps {
  name: "the next year begins anew"
  commands { record_shipment { shipment {
    exporter: "exporter-x" shipment_reference: "X-3" export_date: "2027-01-01"
    destination_country: "MY"
    items { product_code: "H100" quantity: 1 }
  }
    assurance: ASSURANCE_BEFORE_EXPORT } }
  expect {
    accepted {}
  }
}
)";

}  // namespace

absl::StatusOr<NewPolicy> MakeNewPolicy(absl::string_view policy_id) {
  domain::FieldChecks checks;
  checks.Slug(policy_id, limits::kMaxPolicyIdBytes, "policy_id");
  RETURN_IF_ERROR(checks.ToStatus());
  const std::string quoted = absl::StrCat("\"", policy_id, "\"");
  const auto named = [&](const char* text) {
    return absl::StrReplaceAll(text, {{"\"NAME\"", quoted}});
  };
  return NewPolicy{.policy = named(kNewPolicy),
                   .scenario = named(kNewScenario)};
}

}  // namespace chipledger::scenarios
