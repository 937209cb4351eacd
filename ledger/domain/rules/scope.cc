#include "ledger/domain/rules/scope.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "ledger/base/limits.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/rules/check_lists.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {
namespace {

template <typename List, typename V>
bool IsAmong(const List& list, const V& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool AdmitsAny(const std::vector<std::string>& list,
               absl::Span<const absl::string_view> values) {
  return list.empty() ||
         std::any_of(values.begin(), values.end(),
                     [&](absl::string_view v) { return IsAmong(list, v); });
}

bool IsHeadquarteredIn(const Catalog& catalog, const CompiledPolicy& policy,
                       const std::vector<std::string>& groups,
                       const Fact& fact) {
  const auto is_in = [&](absl::string_view party) {
    const absl::string_view country =
        policy.Treated(catalog.HeadquartersOf(party, fact.date), fact.date);
    return !country.empty() &&
           IsInAnyGroup(catalog, groups, country, fact.date);
  };
  return AnyReceiver(fact, [&](absl::string_view party) {
    return is_in(party) || is_in(catalog.UltimateParentOf(party, fact.date));
  });
}

Mismatch FindDestinationMismatch(const Catalog& catalog,
                                 const CompiledPolicy& policy,
                                 const CompiledFactFilter& where,
                                 absl::string_view country, Date date) {
  const absl::string_view treated = policy.Treated(country, date);
  if (!Admits(where.countries, treated)) return Mismatch::kCountry;
  if (!where.groups.empty() &&
      !IsInAnyGroup(catalog, where.groups, treated, date)) {
    return Mismatch::kGroup;
  }
  return IsInAnyGroup(catalog, where.except_groups, treated, date)
             ? Mismatch::kExceptGroup
             : Mismatch::kNone;
}

Mismatch FindPartyMismatch(const Catalog& catalog, const CompiledPolicy& policy,
                           const CompiledFactFilter& where, const Fact& fact) {
  if (!Admits(where.exporters, fact.exporter)) return Mismatch::kExporter;
  if (!AdmitsAny(where.consignees, fact.consignees)) {
    return Mismatch::kConsignee;
  }
  if (!AdmitsAny(where.end_users, fact.end_users)) return Mismatch::kEndUser;
  if (!where.ultimate_parents.empty() &&
      !AnyReceiver(fact, [&](absl::string_view party) {
        return IsAmong(where.ultimate_parents,
                       catalog.UltimateParentOf(party, fact.date));
      })) {
    return Mismatch::kUltimateParent;
  }
  if (!where.headquarters_groups.empty() &&
      !IsHeadquarteredIn(catalog, policy, where.headquarters_groups, fact)) {
    return Mismatch::kHeadquarters;
  }
  return !where.except_headquarters_groups.empty() &&
                 IsHeadquarteredIn(catalog, policy,
                                   where.except_headquarters_groups, fact)
             ? Mismatch::kExceptHeadquarters
             : Mismatch::kNone;
}

bool IsMovement(int movement) {
  return v1::Movement_IsValid(movement) && movement != v1::MOVEMENT_UNSPECIFIED;
}

template <typename List>
std::vector<std::string> ToStrings(const List& list) {
  return {list.begin(), list.end()};
}

// The only one of a list; empty when there is none or several.
template <typename List>
absl::string_view OnlyOf(const List& list) {
  return list.size() == 1 ? list.front() : absl::string_view();
}

std::string KeyOf(v1::Scope::GroupBy key, const Catalog& catalog,
                  const CompiledPolicy& policy, const CompiledRule& rule,
                  const Fact& fact, const CountedItem* item) {
  const auto parent = [&] {
    const absl::string_view consignee = OnlyOf(fact.consignees);
    return consignee.empty() ? consignee
                             : catalog.UltimateParentOf(consignee, fact.date);
  };
  switch (key) {
    case v1::Scope::GROUP_BY_DESTINATION_COUNTRY:
      return std::string(policy.Treated(fact.country, fact.date));
    case v1::Scope::GROUP_BY_LICENSE:
      return std::string(fact.license_id);
    case v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY:
      return std::string(policy.Treated(
          catalog.HeadquartersOf(parent(), fact.date), fact.date));
    case v1::Scope::GROUP_BY_EXPORTER:
      return std::string(fact.exporter);
    case v1::Scope::GROUP_BY_CONSIGNEE:
      return std::string(OnlyOf(fact.consignees));
    case v1::Scope::GROUP_BY_END_USER:
      return std::string(OnlyOf(fact.end_users));
    case v1::Scope::GROUP_BY_ULTIMATE_PARENT:
      return std::string(parent());
    case v1::Scope::GROUP_BY_PRODUCT:
      return item->product == nullptr ? "" : item->product->product_code();
    case v1::Scope::GROUP_BY_LICENSE_LINE:
      // Of an item on several lines, the part on one is counted at a time.
      return item->lines.empty()
                 ? ""
                 : absl::StrCat(item->lines.front().line_number);
    default: {
      const absl::string_view country = policy.Treated(fact.country, fact.date);
      for (const std::string& group : rule.where.groups) {
        if (IsInAnyGroup(catalog, {group}, country, fact.date)) return group;
      }
      return "";
    }
  }
}

// Checks that no group is both wanted and not wanted.
template <typename List>
void CheckApart(const List& wanted, const List& unwanted,
                const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < unwanted.size(); ++i) {
    if (IsAmong(wanted, unwanted[i])) {
      checks.Add(absl::StrCat(path, "[", i, "]"),
                 absl::StrCat("\"", unwanted[i], "\" is wanted too"));
    }
  }
}

}  // namespace

void CheckFactFilter(const v1::FactFilter& where, const std::string& path,
                     FieldChecks& checks) {
  const auto at = [&](absl::string_view field) {
    return absl::StrCat(path, ".", field);
  };
  for (int i = 0; i < where.destination_countries_size(); ++i) {
    checks.Country(where.destination_countries(i),
                   absl::StrCat(at("destination_countries"), "[", i, "]"));
  }
  CheckDistinct(where.destination_countries(), at("destination_countries"),
                checks);
  CheckPrintables(where.destination_groups(), limits::kMaxGroupIdBytes,
                  at("destination_groups"), checks);
  CheckPrintables(where.except_destination_groups(), limits::kMaxGroupIdBytes,
                  at("except_destination_groups"), checks);
  CheckApart(where.destination_groups(), where.except_destination_groups(),
             at("except_destination_groups"), checks);
  CheckPrintables(where.license_ids(), limits::kMaxLicenseIdBytes,
                  at("license_ids"), checks);
  CheckPrintables(where.headquarters_groups(), limits::kMaxGroupIdBytes,
                  at("headquarters_groups"), checks);
  CheckPrintables(where.except_headquarters_groups(), limits::kMaxGroupIdBytes,
                  at("except_headquarters_groups"), checks);
  CheckApart(where.headquarters_groups(), where.except_headquarters_groups(),
             at("except_headquarters_groups"), checks);
  CheckSlugs(where.exporters(), limits::kMaxPartyIdBytes, at("exporters"),
             checks);
  CheckSlugs(where.consignees(), limits::kMaxPartyIdBytes, at("consignees"),
             checks);
  CheckSlugs(where.end_users(), limits::kMaxPartyIdBytes, at("end_users"),
             checks);
  CheckSlugs(where.ultimate_parents(), limits::kMaxPartyIdBytes,
             at("ultimate_parents"), checks);
  CheckKinds(where.authorization_kinds(), v1::AuthorizationKind_IsValid,
             at("authorization_kinds"), checks);
  CheckKinds(where.movements(), IsMovement, at("movements"), checks);
}

CompiledFactFilter CompileFactFilter(const v1::FactFilter& where) {
  return {.countries = ToStrings(where.destination_countries()),
          .groups = ToStrings(where.destination_groups()),
          .except_groups = ToStrings(where.except_destination_groups()),
          .license_ids = ToStrings(where.license_ids()),
          .headquarters_groups = ToStrings(where.headquarters_groups()),
          .except_headquarters_groups =
              ToStrings(where.except_headquarters_groups()),
          .exporters = ToStrings(where.exporters()),
          .consignees = ToStrings(where.consignees()),
          .end_users = ToStrings(where.end_users()),
          .ultimate_parents = ToStrings(where.ultimate_parents()),
          .authorization_kinds = {where.authorization_kinds().begin(),
                                  where.authorization_kinds().end()},
          .movements = {where.movements().begin(), where.movements().end()}};
}

void CheckScope(const v1::Rule& rule, const std::string& path,
                FieldChecks& checks) {
  const v1::Scope& scope = rule.scope();
  std::set<int> keys;
  for (int i = 0; i < scope.group_by_size(); ++i) {
    const int key = scope.group_by(i);
    if (key == v1::Scope::GROUP_BY_UNSPECIFIED ||
        !v1::Scope::GroupBy_IsValid(key) || !keys.insert(key).second) {
      checks.Add(absl::StrCat(path, ".group_by[", i, "]"),
                 absl::StrCat(key, " is not a key, or named twice"));
    }
  }
  if (GroupsBy(rule, v1::Scope::GROUP_BY_COUNTRY_GROUP) &&
      scope.where().destination_groups().empty()) {
    checks.Add(absl::StrCat(path, ".group_by"),
               "GROUP_BY_COUNTRY_GROUP needs where.destination_groups");
  }
  if (GroupsBy(rule, v1::Scope::GROUP_BY_LICENSE_LINE) &&
      !GroupsBy(rule, v1::Scope::GROUP_BY_LICENSE)) {
    checks.Add(absl::StrCat(path, ".group_by"),
               "GROUP_BY_LICENSE_LINE needs GROUP_BY_LICENSE");
  }
  CheckFactFilter(scope.where(), absl::StrCat(path, ".where"), checks);
}

GroupKeys CompileGroupBy(const v1::Scope& scope) {
  GroupKeys keys;
  for (const int key : scope.group_by()) {
    keys.push_back(static_cast<v1::Scope::GroupBy>(key));
  }
  std::sort(keys.begin(), keys.end());
  return keys;
}

bool GroupsBy(const v1::Rule& rule, v1::Scope::GroupBy key) {
  return IsAmong(rule.scope().group_by(), key);
}

bool SelectsDestination(const Catalog& catalog, const CompiledPolicy& policy,
                        const CompiledFactFilter& where,
                        absl::string_view country, Date date) {
  return FindDestinationMismatch(catalog, policy, where, country, date) ==
         Mismatch::kNone;
}

Mismatch FindMismatch(const Catalog& catalog, const CompiledPolicy& policy,
                      const CompiledFactFilter& where, const Fact& fact) {
  if (!Admits(where.movements, fact.movement)) return Mismatch::kMovement;
  if (!Admits(where.authorization_kinds, fact.authorization_kind)) {
    return Mismatch::kAuthorizationKind;
  }
  if (!Admits(where.license_ids, fact.license_id)) return Mismatch::kLicense;
  const Mismatch destination =
      FindDestinationMismatch(catalog, policy, where, fact.country, fact.date);
  return destination != Mismatch::kNone
             ? destination
             : FindPartyMismatch(catalog, policy, where, fact);
}

std::string WhyNotCovered(const Catalog& catalog, const CompiledPolicy& policy,
                          const CompiledRule& rule, const v1::GroupKey& group,
                          Date date) {
  if (!policy.InForceOn(date)) {
    if (policy.from >= policy.to) {
      return "its policy was rescinded before it came into force";
    }
    return absl::StrCat("its policy is in force from ", policy.from.ToString(),
                        policy.to == Date::Max()
                            ? std::string()
                            : " to before " + policy.to.ToString());
  }
  const CompiledFactFilter& where = rule.where;
  const auto outside = [](absl::string_view what, absl::string_view value) {
    if (value.empty()) {
      return absl::StrCat("it has a total for each ", what, "; name one");
    }
    return absl::StrCat(what, " ", value, " is not in its scope");
  };
  if (rule.GroupsBy(v1::Scope::GROUP_BY_DESTINATION_COUNTRY) &&
      !SelectsDestination(catalog, policy, where, group.destination_country(),
                          date)) {
    return outside("destination", group.destination_country());
  }
  if (rule.GroupsBy(v1::Scope::GROUP_BY_COUNTRY_GROUP) &&
      !IsAmong(where.groups, group.country_group())) {
    return outside("country group", group.country_group());
  }
  const struct {
    v1::Scope::GroupBy key;
    const std::vector<std::string>& list;
    absl::string_view what;
    const std::string& value;
  } keys[] = {{v1::Scope::GROUP_BY_LICENSE, where.license_ids, "license",
               group.license_id()},
              {v1::Scope::GROUP_BY_EXPORTER, where.exporters, "exporter",
               group.exporter()},
              {v1::Scope::GROUP_BY_CONSIGNEE, where.consignees, "consignee",
               group.consignee()},
              {v1::Scope::GROUP_BY_END_USER, where.end_users, "end user",
               group.end_user()},
              {v1::Scope::GROUP_BY_ULTIMATE_PARENT, where.ultimate_parents,
               "ultimate parent", group.ultimate_parent()}};
  for (const auto& key : keys) {
    if (rule.GroupsBy(key.key) && !Admits(key.list, key.value)) {
      return outside(key.what, key.value);
    }
  }
  if (rule.items && rule.GroupsBy(v1::Scope::GROUP_BY_PRODUCT)) {
    const v1::Product* product =
        catalog.FindProduct(group.product_code(), date);
    if (product != nullptr &&
        !rule.items->Matches(CountedItem{.product = product}.Traits())) {
      return outside("product", group.product_code());
    }
  }
  return "";
}

bool LooksAtDestinationAlone(const CompiledFactFilter& where) {
  return where.license_ids.empty() && where.headquarters_groups.empty() &&
         where.except_headquarters_groups.empty() && where.exporters.empty() &&
         where.consignees.empty() && where.end_users.empty() &&
         where.ultimate_parents.empty() && where.authorization_kinds.empty() &&
         Admits(where.movements, v1::MOVEMENT_EXPORT);
}

const CompiledExemption* FindExemption(const Catalog& catalog,
                                       const CompiledPolicy& policy,
                                       const CompiledRule& rule,
                                       const Fact& fact,
                                       const CountedItem& item) {
  const auto found =
      std::find_if(rule.exemptions.begin(), rule.exemptions.end(),
                   [&](const CompiledExemption& exemption) {
                     return exemption.Exempts(catalog, policy, fact, item);
                   });
  return found == rule.exemptions.end() ? nullptr : &*found;
}

bool CountsItem(const Catalog& catalog, const CompiledPolicy& policy,
                const CompiledRule& rule, const Fact& fact,
                const CountedItem& item) {
  return (!rule.items || rule.items->Matches(item.Traits())) &&
         FindExemption(catalog, policy, rule, fact, item) == nullptr;
}

bool GroupsItems(const CompiledRule& rule) {
  return rule.GroupsBy(v1::Scope::GROUP_BY_PRODUCT) ||
         rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE_LINE);
}

std::string GroupOf(const Catalog& catalog, const CompiledPolicy& policy,
                    const CompiledRule& rule, const Fact& fact,
                    const CountedItem* item) {
  std::string group;
  for (size_t i = 0; i < rule.group_by.size(); ++i) {
    if (i > 0) group.push_back('\0');
    group += KeyOf(rule.group_by[i], catalog, policy, rule, fact, item);
  }
  return group;
}

}  // namespace chipledger::domain
