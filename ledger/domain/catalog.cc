#include "ledger/domain/catalog.h"

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

}  // namespace chipledger::domain
