#include "ledger/domain/fact_dates.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace chipledger::domain {
namespace {

constexpr char kSeparator = '/';

void AddParty(const Catalog& catalog, absl::string_view party_id, Date date,
              Subjects& subjects) {
  if (party_id.empty()) return;
  for (const absl::string_view party : catalog.OwnersOf(party_id, date)) {
    subjects.push_back(party);
    const absl::string_view country = catalog.HeadquartersOf(party, date);
    if (!country.empty()) subjects.push_back(country);
  }
}

bool IsCountry(absl::string_view subject) {
  return absl::ascii_isupper(static_cast<unsigned char>(subject[0]));
}

bool IsAmong(const std::vector<std::string>& list, const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Whether a filter of the rule has a property.
template <typename Has>
bool AnyFilter(const CompiledRule& rule, Has&& has) {
  return has(rule.where) ||
         std::any_of(rule.limit_cases.begin(), rule.limit_cases.end(),
                     [&](const auto& one) { return has(one.where); }) ||
         std::any_of(rule.exemptions.begin(), rule.exemptions.end(),
                     [&](const auto& one) {
                       return one.where.has_value() && has(*one.where);
                     });
}

bool AsksForGroup(const CompiledRule& rule, const std::string& group_id) {
  return AnyFilter(rule, [&](const CompiledFactFilter& where) {
    return IsAmong(where.groups, group_id) ||
           IsAmong(where.except_groups, group_id) ||
           IsAmong(where.headquarters_groups, group_id) ||
           IsAmong(where.except_headquarters_groups, group_id);
  });
}

bool AsksForHeadquarters(const CompiledRule& rule) {
  return rule.GroupsBy(v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY) ||
         AnyFilter(rule, [](const CompiledFactFilter& where) {
           return !where.headquarters_groups.empty() ||
                  !where.except_headquarters_groups.empty();
         });
}

bool AsksForOwner(const CompiledRule& rule) {
  return AsksForHeadquarters(rule) ||
         rule.GroupsBy(v1::Scope::GROUP_BY_ULTIMATE_PARENT) ||
         AnyFilter(rule,
                   [](const CompiledFactFilter& where) {
                     return !where.ultimate_parents.empty();
                   }) ||
         std::any_of(
             rule.exemptions.begin(), rule.exemptions.end(),
             [](const auto& exemption) { return !exemption.parties.empty(); });
}

// Returns the policies one of whose rules has a property.
template <typename Has>
std::vector<const CompiledPolicy*> PoliciesThat(const Catalog& catalog,
                                                Has&& has) {
  std::vector<const CompiledPolicy*> policies;
  for (const auto& policy : catalog.policies) {
    if (std::any_of(policy->rules.begin(), policy->rules.end(), has)) {
      policies.push_back(policy.get());
    }
  }
  return policies;
}

// Finds the first fact of the subjects from `from` on, as long as `admits`
// them, for which a policy in force on its date differs(policy, subject, date).
template <typename Admits, typename Differs>
std::optional<JudgedFact> FindFact(
    const FactDates& fact_dates, const std::string& from, Admits&& admits,
    const std::vector<const CompiledPolicy*>& policies, Differs&& differs) {
  std::optional<JudgedFact> found;
  if (policies.empty()) return found;
  fact_dates.VisitFrom(
      from, [&](const std::string& key, const FactsOnDate& facts) {
        const size_t separator = key.rfind(kSeparator);
        const absl::string_view subject =
            absl::string_view(key).substr(0, separator);
        if (!admits(subject)) return false;
        const std::string text = key.substr(separator + 1);
        const Date date = *Date::Parse(text);
        for (const CompiledPolicy* policy : policies) {
          if (!policy->InForceOn(date) || !differs(*policy, subject, date)) {
            continue;
          }
          found = JudgedFact{.index = std::nullopt,
                             .subject = std::string(subject),
                             .date = text,
                             .policy_id = policy->policy_id()};
          if (!facts.indexes.empty()) found->index = facts.indexes.front();
          return false;
        }
        return true;
      });
  return found;
}

}  // namespace

bool FactsOnDate::Add(uint64_t index) {
  if (indexes.size() < kMaxIndexes) {
    indexes.push_back(index);
    return true;
  }
  return !std::exchange(has_more, true);
}

bool FactsOnDate::Remove(uint64_t index) {
  const auto place = std::find(indexes.begin(), indexes.end(), index);
  if (place == indexes.end()) return false;
  indexes.erase(place);
  return true;
}

std::string FactDateKey(absl::string_view subject, Date date) {
  return absl::StrCat(subject, absl::string_view(&kSeparator, 1),
                      date.ToString());
}

Subjects SubjectsOf(const Catalog& catalog, const v1::Shipment& shipment,
                    Date date) {
  Subjects subjects{shipment.destination_country()};
  AddParty(catalog, shipment.consignee(), date, subjects);
  AddParty(catalog, shipment.end_user(), date, subjects);
  return subjects;
}

Subjects SubjectsOf(const Catalog& catalog, const v1::License& license,
                    Date date) {
  Subjects subjects(license.destination_countries().begin(),
                    license.destination_countries().end());
  for (const std::string& party : license.consignees()) {
    AddParty(catalog, party, date, subjects);
  }
  for (const std::string& party : license.end_users()) {
    AddParty(catalog, party, date, subjects);
  }
  return subjects;
}

Subjects SubjectsOf(const Catalog& catalog,
                    const v1::DeclareCompute& declaration, Date date) {
  Subjects subjects;
  for (const v1::DeclareCompute::Line& line : declaration.lines()) {
    subjects.push_back(line.country());
  }
  AddParty(catalog, declaration.party(), date, subjects);
  return subjects;
}

Subjects SubjectsOf(const Catalog& catalog,
                    const v1::ReportDiversion& diversion, Date date) {
  Subjects subjects{diversion.found_country()};
  AddParty(catalog, diversion.found_party(), date, subjects);
  return subjects;
}

std::vector<DatedCountry> CountriesWithFactsFrom(const FactDates& fact_dates,
                                                 Date from) {
  std::vector<DatedCountry> found;
  fact_dates.VisitFrom("A", [&](const std::string& key, const FactsOnDate&) {
    if (!IsCountry(key)) return false;
    const size_t separator = key.rfind(kSeparator);
    const Date date = *Date::Parse(key.substr(separator + 1));
    if (date >= from) {
      found.push_back({.country = key.substr(0, separator), .date = date});
    }
    return true;
  });
  return found;
}

std::optional<JudgedFact> FindJudgedOtherwise(const Catalog& catalog,
                                              const FactDates& fact_dates,
                                              const DatedGroup& changed) {
  const std::string& group_id = changed.proto().group_id();
  const auto* before = catalog.groups.Find(group_id);
  return FindFact(
      fact_dates, "A", IsCountry,
      PoliciesThat(catalog,
                   [&](const CompiledRule& rule) {
                     return AsksForGroup(rule, group_id);
                   }),
      [&](const CompiledPolicy& policy, absl::string_view country, Date date) {
        const absl::string_view treated = policy.Treated(country, date);
        const bool was =
            before != nullptr && (*before)->Contains(treated, date);
        return was != changed.Contains(treated, date);
      });
}

std::optional<JudgedFact> FindJudgedOtherwise(const Catalog& catalog,
                                              const FactDates& fact_dates,
                                              const v1::Party& changed) {
  const std::string& party_id = changed.party_id();
  Catalog after = catalog;
  after.parties.Set(party_id, std::make_shared<v1::Party>(changed));
  return FindFact(
      fact_dates, party_id + kSeparator,
      [&](absl::string_view subject) { return subject == party_id; },
      PoliciesThat(catalog, AsksForOwner),
      [&](const CompiledPolicy& policy, absl::string_view party, Date date) {
        if (catalog.UltimateParentOf(party, date) !=
            after.UltimateParentOf(party, date)) {
          return true;
        }
        return catalog.HeadquartersOf(party, date) !=
                   after.HeadquartersOf(party, date) &&
               std::any_of(policy.rules.begin(), policy.rules.end(),
                           AsksForHeadquarters);
      });
}

}  // namespace chipledger::domain
