#include "ledger/domain/rules/rule_index.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/string_view.h"

namespace chipledger::domain {
namespace {

// The destinations that a filter can select: those it names, those that ever
// were members of its groups, and those that the policy treats as one of them.
// Requires: it names some.
std::set<std::string> DestinationsOf(const Catalog& catalog,
                                     const CompiledPolicy& policy,
                                     const CompiledFactFilter& where) {
  std::set<std::string> countries(where.countries.begin(),
                                  where.countries.end());
  for (const std::string& id : where.groups) {
    const auto* group = catalog.groups.Find(id);
    if (group == nullptr) continue;
    for (const v1::MembershipChange& change : (*group)->proto().changes()) {
      countries.insert(change.country());
    }
  }
  for (const CompiledPolicy::Treatment& treatment : policy.treatments) {
    if (countries.contains(treatment.treated_as)) {
      countries.insert(treatment.country);
    }
  }
  return countries;
}

template <typename Names, typename ByName>
void FileUnder(const Names& names, const PlacedRule& placed, ByName& by_name) {
  for (const std::string& name :
       std::set<std::string>(names.begin(), names.end())) {
    by_name[name].push_back(placed);
  }
}

template <typename ByName>
void AppendUnder(absl::string_view name, const ByName& by_name,
                 RuleIndex::Rules& rules) {
  const auto found = by_name.find(name);
  if (found == by_name.end()) return;
  rules.insert(rules.end(), found->second.begin(), found->second.end());
}

}  // namespace

RuleIndex::RuleIndex(const Catalog& catalog, Date date)
    : policies_(catalog.policies), groups_(catalog.groups) {
  for (const auto& policy : policies_) {
    for (const Date edge : {policy->from, policy->to}) {
      if (edge <= date) {
        from_ = std::max(from_, edge);
      } else {
        to_ = std::min(to_, edge);
      }
    }
    if (!policy->InForceOn(date)) continue;
    for (const CompiledRule& rule : policy->rules) {
      File(catalog, {policy.get(), &rule});
    }
  }
}

void RuleIndex::File(const Catalog& catalog, const PlacedRule& placed) {
  const CompiledFactFilter& where = placed.rule->where;
  if (!where.exporters.empty()) {
    return FileUnder(where.exporters, placed, by_exporter_);
  }
  if (!where.license_ids.empty()) {
    return FileUnder(where.license_ids, placed, by_license_);
  }
  // A policy that counts by a catalog of its own has groups of its own.
  const bool names_destinations =
      !where.countries.empty() || !where.groups.empty();
  if (names_destinations && placed.policy->counts_by == nullptr) {
    return FileUnder(DestinationsOf(catalog, *placed.policy, where), placed,
                     by_country_);
  }
  any_.push_back(placed);
}

RuleIndex::Rules RuleIndex::Match(const Fact& fact) const {
  Rules rules(any_.begin(), any_.end());
  AppendUnder(fact.exporter, by_exporter_, rules);
  AppendUnder(fact.license_id, by_license_, rules);
  AppendUnder(fact.country, by_country_, rules);
  // Mostly all are of one list, each of which is in order.
  if (!std::is_sorted(rules.begin(), rules.end(), ComesBefore)) {
    std::sort(rules.begin(), rules.end(), ComesBefore);
  }
  return rules;
}

}  // namespace chipledger::domain
