#include "ledger/domain/fact_dates.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"

namespace chipledger::domain {
namespace {

constexpr size_t kCountryBytes = 2;

using Texts = google::protobuf::RepeatedPtrField<std::string>;

void AddHeadquarters(const Catalog& catalog, const std::string& party_id,
                     Date date, std::set<std::string>& countries) {
  if (party_id.empty()) return;
  for (const absl::string_view party :
       {absl::string_view(party_id),
        catalog.UltimateParentOf(party_id, date)}) {
    const absl::string_view country = catalog.HeadquartersOf(party, date);
    if (!country.empty()) countries.emplace(country);
  }
}

bool Names(const Texts& groups, const std::string& group_id) {
  return std::find(groups.begin(), groups.end(), group_id) != groups.end();
}

bool Names(const v1::FactFilter& where, const std::string& group_id) {
  return Names(where.destination_groups(), group_id) ||
         Names(where.except_destination_groups(), group_id) ||
         Names(where.headquarters_groups(), group_id) ||
         Names(where.except_headquarters_groups(), group_id);
}

bool Names(const v1::Rule& rule, const std::string& group_id) {
  return Names(rule.scope().where(), group_id) ||
         std::any_of(rule.limit_cases().begin(), rule.limit_cases().end(),
                     [&](const v1::LimitCase& one) {
                       return Names(one.where(), group_id);
                     }) ||
         std::any_of(rule.exemptions().begin(), rule.exemptions().end(),
                     [&](const v1::Exemption& one) {
                       return Names(one.where(), group_id);
                     });
}

std::vector<const CompiledPolicy*> PoliciesThatName(
    const Catalog& catalog, const std::string& group_id) {
  std::vector<const CompiledPolicy*> policies;
  for (const auto& policy : catalog.policies) {
    const auto& rules = policy->adopted.policy().rules();
    if (std::any_of(rules.begin(), rules.end(), [&](const v1::Rule& rule) {
          return Names(rule, group_id);
        })) {
      policies.push_back(policy.get());
    }
  }
  return policies;
}

}  // namespace

std::string FactDateKey(absl::string_view country, Date date) {
  return absl::StrCat(country, date.ToString());
}

std::set<std::string> CountriesOf(const Catalog& catalog,
                                  const v1::Shipment& shipment, Date date) {
  std::set<std::string> countries{shipment.destination_country()};
  AddHeadquarters(catalog, shipment.consignee(), date, countries);
  AddHeadquarters(catalog, shipment.end_user(), date, countries);
  return countries;
}

std::set<std::string> CountriesOf(const Catalog& catalog,
                                  const v1::License& license, Date date) {
  std::set<std::string> countries(license.destination_countries().begin(),
                                  license.destination_countries().end());
  for (const std::string& party : license.consignees()) {
    AddHeadquarters(catalog, party, date, countries);
  }
  for (const std::string& party : license.end_users()) {
    AddHeadquarters(catalog, party, date, countries);
  }
  return countries;
}

std::set<std::string> CountriesOf(const v1::DeclareCompute& declaration) {
  std::set<std::string> countries;
  for (const v1::DeclareCompute::Line& line : declaration.lines()) {
    countries.insert(line.country());
  }
  return countries;
}

std::optional<JudgedFact> FindJudgedOtherwise(const Catalog& catalog,
                                              const FactDates& fact_dates,
                                              const DatedGroup* before,
                                              const DatedGroup& after) {
  const std::vector<const CompiledPolicy*> policies =
      PoliciesThatName(catalog, after.proto().group_id());
  std::optional<JudgedFact> found;
  if (policies.empty()) return found;
  fact_dates.VisitAll([&](const std::string& key, uint64_t index) {
    const absl::string_view country =
        absl::string_view(key).substr(0, kCountryBytes);
    const std::string text = key.substr(kCountryBytes);
    const Date date = *Date::Parse(text);
    for (const CompiledPolicy* policy : policies) {
      if (!policy->InForceOn(date)) continue;
      const absl::string_view treated = policy->Treated(country, date);
      const bool was = before != nullptr && before->Contains(treated, date);
      if (was == after.Contains(treated, date)) continue;
      found = JudgedFact{.index = index,
                         .country = std::string(country),
                         .date = text,
                         .policy_id = policy->policy_id()};
      return false;
    }
    return true;
  });
  return found;
}

}  // namespace chipledger::domain
