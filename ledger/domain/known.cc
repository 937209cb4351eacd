#include "ledger/domain/known.h"

#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/countries.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

template <typename Map>
bool IsIn(const Map& map, absl::string_view name) {
  return name.empty() || map.Find(std::string(name)) != nullptr;
}

}  // namespace

absl::Status CheckPartyKnown(const Snapshot& snapshot,
                             absl::string_view party_id) {
  return IsIn(snapshot.catalog().parties, party_id) ? absl::OkStatus()
                                                    : PartyNotFound(party_id);
}

absl::Status CheckLicenseKnown(const Snapshot& snapshot,
                               absl::string_view license_id) {
  return IsIn(snapshot.licenses, license_id) ? absl::OkStatus()
                                             : LicenseNotFound(license_id);
}

absl::Status CheckCountryKnown(absl::string_view field,
                               absl::string_view country) {
  return country.empty() || IsCountryCode(country)
             ? absl::OkStatus()
             : NotACountry(field, country);
}

absl::Status CheckGroupKnown(const Snapshot& snapshot,
                             const v1::GroupKey& group,
                             absl::string_view path) {
  RETURN_IF_ERROR(CheckCountryKnown(absl::StrCat(path, ".destination_country"),
                                    group.destination_country()));
  RETURN_IF_ERROR(CheckCountryKnown(absl::StrCat(path, ".headquarters_country"),
                                    group.headquarters_country()));
  for (const auto* party_id : {&group.exporter(), &group.consignee(),
                               &group.end_user(), &group.ultimate_parent()}) {
    RETURN_IF_ERROR(CheckPartyKnown(snapshot, *party_id));
  }
  RETURN_IF_ERROR(CheckLicenseKnown(snapshot, group.license_id()));
  if (!IsIn(snapshot.catalog().products, group.product_code())) {
    return ProductNotFound(group.product_code());
  }
  if (!IsIn(snapshot.catalog().groups, group.country_group())) {
    return CountryGroupNotFound(group.country_group());
  }
  return absl::OkStatus();
}

absl::Status CheckRuleKnown(const Snapshot& snapshot,
                            absl::string_view policy_id,
                            absl::string_view rule_id) {
  const Catalog& catalog = snapshot.catalog();
  if (!policy_id.empty()) {
    const CompiledPolicy* policy = catalog.FindPolicy(policy_id);
    if (policy == nullptr) return PolicyNotFound(policy_id);
    return rule_id.empty() || policy->FindRule(rule_id) != nullptr
               ? absl::OkStatus()
               : RuleNotFound(policy_id, rule_id);
  }
  const bool known = rule_id.empty() ||
                     absl::c_any_of(catalog.policies, [&](const auto& policy) {
                       return policy->FindRule(rule_id) != nullptr;
                     });
  return known ? absl::OkStatus() : NoPolicyHasRule(rule_id);
}

}  // namespace chipledger::domain
