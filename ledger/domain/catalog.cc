#include "ledger/domain/catalog.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

namespace chipledger::domain {
namespace {

Date FromDate(const std::string& effective_from) {
  return effective_from.empty() ? Date::Min() : *Date::Parse(effective_from);
}

// The last of a list by date, ascending, that holds on a date; null for none.
template <typename List>
auto LatestOn(const List& list, Date date) -> const typename List::value_type* {
  const typename List::value_type* latest = nullptr;
  for (const auto& dated : list) {
    if (FromDate(dated.effective_from()) <= date) latest = &dated;
  }
  return latest;
}

// Who owns a party on a date; empty when nobody does.
absl::string_view OwnerOf(const Catalog& catalog, absl::string_view party_id,
                          Date date) {
  const auto* party = catalog.parties.Find(party_id);
  if (party == nullptr) return {};
  const v1::UltimateParent* parent =
      LatestOn((*party)->ultimate_parents(), date);
  return parent == nullptr ? absl::string_view() : parent->party_id();
}

}  // namespace

DatedGroup::DatedGroup(v1::CountryGroup group) : group_(std::move(group)) {
  for (const v1::MembershipChange& change : group_.changes()) {
    by_country_[change.country()].push_back(
        {.from = FromDate(change.effective_date()),
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

DatedProduct::DatedProduct(std::vector<v1::Product> revisions)
    : revisions_(std::move(revisions)) {
  for (const v1::Product& revision : revisions_) {
    effective_from_.push_back(FromDate(revision.effective_from()));
  }
}

const v1::Product* DatedProduct::On(Date date) const {
  for (size_t i = revisions_.size(); i-- > 0;) {
    if (effective_from_[i] <= date) return &revisions_[i];
  }
  return nullptr;
}

const CompiledPolicy* Catalog::FindPolicy(absl::string_view policy_id) const {
  for (const auto& policy : policies) {
    if (policy->policy_id() == policy_id) return policy.get();
  }
  return nullptr;
}

const CompiledPolicy* Catalog::FindLatestVersion(
    absl::string_view policy_id) const {
  const CompiledPolicy* latest = nullptr;
  for (const auto& policy : policies) {
    if (policy->policy_id() == policy_id) latest = policy.get();
  }
  return latest;
}

const CompiledPolicy* Catalog::FindVersionOn(absl::string_view policy_id,
                                             Date date) const {
  const CompiledPolicy* version = nullptr;
  for (const auto& policy : policies) {
    if (policy->policy_id() != policy_id) continue;
    if (version == nullptr || policy->HoldsFrom(date)) version = policy.get();
  }
  return version;
}

PlacedRule Catalog::FindRuleOn(absl::string_view policy_id,
                               absl::string_view rule_id, Date date) const {
  PlacedRule last;
  for (const auto& policy : policies) {
    if (policy->policy_id() != policy_id) continue;
    const CompiledRule* rule = policy->FindRule(rule_id);
    if (rule != nullptr && (last.rule == nullptr || policy->HoldsFrom(date))) {
      last = {policy.get(), rule};
    }
  }
  return last;
}

PlacedRule Catalog::RuleOf(const TotalKey& key, Date date) const {
  const CompiledPolicy* first = policies[key.policy()].get();
  const TotalOwner owner{key.policy(), key.rule()};
  PlacedRule placed{first, &first->rules[owner.rule]};
  // Versions of a policy are few and policies mostly have one.
  if (first->adopted.superseded_from().empty()) return placed;
  for (size_t i = owner.policy + 1; i < policies.size(); ++i) {
    const CompiledPolicy& policy = *policies[i];
    if (!policy.HoldsFrom(date) || policy.policy_id() != first->policy_id()) {
      continue;
    }
    const CompiledRule* rule = policy.FindRule(owner);
    if (rule != nullptr) placed = {&policy, rule};
  }
  return placed;
}

const CompiledPolicy* Catalog::FindAdopted(uint64_t policy_index) const {
  const auto at_least =
      std::lower_bound(policies.begin(), policies.end(), policy_index,
                       [](const auto& policy, uint64_t index) {
                         return policy->adopted.index() < index;
                       });
  if (at_least != policies.end() &&
      (*at_least)->adopted.index() == policy_index) {
    return at_least->get();
  }
  // What a rerun of the log adopts beside it is in no order.
  for (const auto& policy : policies) {
    if (policy->adopted.index() == policy_index) return policy.get();
  }
  return nullptr;
}

const CompiledRule* Catalog::FindRule(uint64_t policy_index,
                                      uint32_t rule) const {
  const CompiledPolicy* policy = FindAdopted(policy_index);
  return policy == nullptr || rule >= policy->rules.size()
             ? nullptr
             : &policy->rules[rule];
}

const v1::Product* Catalog::FindProduct(absl::string_view product_code,
                                        Date date) const {
  const auto* product = products.Find(product_code);
  return product == nullptr ? nullptr : (*product)->On(date);
}

std::vector<absl::string_view> Catalog::OwnersOf(absl::string_view party_id,
                                                 Date date) const {
  std::vector<absl::string_view> owners;
  // Registering a party refuses chains that lead back, so this ends.
  while (!party_id.empty()) {
    owners.push_back(party_id);
    party_id = OwnerOf(*this, party_id, date);
  }
  return owners;
}

absl::string_view Catalog::UltimateParentOf(absl::string_view party_id,
                                            Date date) const {
  // Without OwnersOf's list, because every rule that looks at owners asks.
  while (true) {
    const absl::string_view owner = OwnerOf(*this, party_id, date);
    if (owner.empty()) return party_id;
    party_id = owner;
  }
}

absl::string_view Catalog::HeadquartersOf(absl::string_view party_id,
                                          Date date) const {
  const auto* party = parties.Find(party_id);
  if (party == nullptr) return {};
  const v1::Headquarters* at = LatestOn((*party)->headquarters(), date);
  return at == nullptr ? absl::string_view() : at->country();
}

bool IsInAnyGroup(const Catalog& catalog,
                  const std::vector<std::string>& group_ids,
                  absl::string_view country, Date date) {
  return std::any_of(
      group_ids.begin(), group_ids.end(), [&](const std::string& id) {
        const auto* group = catalog.groups.Find(id);
        return group != nullptr && (*group)->Contains(country, date);
      });
}

}  // namespace chipledger::domain
