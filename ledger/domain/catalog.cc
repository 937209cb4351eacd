#include "ledger/domain/catalog.h"

#include <algorithm>
#include <utility>

namespace chipledger::domain {

DatedGroup::DatedGroup(v1::CountryGroup group) : group_(std::move(group)) {
  for (const v1::MembershipChange& change : group_.changes()) {
    by_country_[change.country()].push_back(
        {.from = change.effective_date().empty()
                     ? Date::Min()
                     : *Date::Parse(change.effective_date()),
         .member = change.kind() == v1::MembershipChange::KIND_JOIN});
  }
}

bool DatedGroup::Contains(absl::string_view country, Date date) const {
  const auto found = by_country_.find(country);
  if (found == by_country_.end()) return false;
  bool member = false;
  for (const Change& change : found->second) {
    if (change.from <= date) member = change.member;
  }
  return member;
}

const CompiledPolicy* Catalog::FindPolicy(absl::string_view policy_id) const {
  for (const auto& policy : policies) {
    if (policy->policy_id() == policy_id) return policy.get();
  }
  return nullptr;
}

bool CoversCountry(const Catalog& catalog, const CompiledRule& rule,
                   absl::string_view country, Date date) {
  if (!rule.countries.empty() &&
      std::find(rule.countries.begin(), rule.countries.end(), country) ==
          rule.countries.end()) {
    return false;
  }
  const auto in_any = [&](const std::vector<std::string>& group_ids) {
    return std::any_of(
        group_ids.begin(), group_ids.end(), [&](const std::string& id) {
          const auto* group = catalog.groups.Find(id);
          return group != nullptr && (*group)->Contains(country, date);
        });
  };
  return (rule.groups.empty() || in_any(rule.groups)) &&
         !in_any(rule.except_groups);
}

}  // namespace chipledger::domain
