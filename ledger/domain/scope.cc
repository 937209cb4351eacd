#include "ledger/domain/scope.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"

namespace chipledger::domain {
namespace {

template <typename T, typename V>
bool IsAmong(const std::vector<T>& list, const V& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// Whether a list is unset or names the value.
template <typename T, typename V>
bool Admits(const std::vector<T>& list, const V& value) {
  return list.empty() || IsAmong(list, value);
}

bool AdmitsAny(const std::vector<std::string>& list,
               absl::Span<const absl::string_view> values) {
  return list.empty() ||
         std::any_of(values.begin(), values.end(),
                     [&](absl::string_view v) { return IsAmong(list, v); });
}

// Calls visit(party) with those who receive and use the goods, until it returns
// true; returns whether it did.
template <typename Visit>
bool AnyReceiver(const Fact& fact, Visit&& visit) {
  return std::any_of(fact.consignees.begin(), fact.consignees.end(), visit) ||
         std::any_of(fact.end_users.begin(), fact.end_users.end(), visit);
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

bool SelectsParties(const Catalog& catalog, const CompiledPolicy& policy,
                    const CompiledFactFilter& where, const Fact& fact) {
  if (!Admits(where.exporters, fact.exporter) ||
      !AdmitsAny(where.consignees, fact.consignees) ||
      !AdmitsAny(where.end_users, fact.end_users)) {
    return false;
  }
  if (!where.ultimate_parents.empty() &&
      std::none_of(fact.consignees.begin(), fact.consignees.end(),
                   [&](absl::string_view party) {
                     return IsAmong(where.ultimate_parents,
                                    catalog.UltimateParentOf(party, fact.date));
                   })) {
    return false;
  }
  return (where.headquarters_groups.empty() ||
          IsHeadquarteredIn(catalog, policy, where.headquarters_groups,
                            fact)) &&
         (where.except_headquarters_groups.empty() ||
          !IsHeadquarteredIn(catalog, policy, where.except_headquarters_groups,
                             fact));
}

bool Exempts(const Catalog& catalog, const CompiledPolicy& policy,
             const CompiledExemption& exemption, const Fact& fact,
             const CountedItem& item) {
  if (!Admits(exemption.authorization_kinds, fact.authorization_kind)) {
    return false;
  }
  if (fact.date < exemption.from || fact.date >= exemption.before) return false;
  if (exemption.items && !exemption.items->Matches(TraitsOf(item))) {
    return false;
  }
  if (!exemption.parties.empty() &&
      !AnyReceiver(fact, [&](absl::string_view party) {
        return IsAmong(exemption.parties, party) ||
               IsAmong(exemption.parties,
                       catalog.UltimateParentOf(party, fact.date));
      })) {
    return false;
  }
  return !exemption.where || Selects(catalog, policy, *exemption.where, fact);
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
      return item->license_line == 0 ? "" : absl::StrCat(item->license_line);
    default: {
      const absl::string_view country = policy.Treated(fact.country, fact.date);
      for (const std::string& group : rule.where.groups) {
        if (IsInAnyGroup(catalog, {group}, country, fact.date)) return group;
      }
      return "";
    }
  }
}

}  // namespace

ItemTraits TraitsOf(const CountedItem& item) {
  if (item.declared != nullptr) {
    return {.classification = item.declared->classification(),
            .milli_tpp = item.declared->milli_tpp(),
            .gpus = item.declared->gpus()};
  }
  const v1::Product& product = *item.product;
  ItemTraits traits{.classification = product.classification(),
                    .product_code = product.product_code()};
  if (product.has_milli_tpp_per_gpu()) {
    traits.milli_tpp = product.milli_tpp_per_gpu();
  }
  if (product.has_memory_bandwidth_mb_s()) {
    traits.memory_bandwidth_mb_s = product.memory_bandwidth_mb_s();
  }
  return traits;
}

bool Selects(const Catalog& catalog, const CompiledPolicy& policy,
             const CompiledFactFilter& where, const Fact& fact) {
  return Admits(where.movements, fact.movement) &&
         Admits(where.authorization_kinds, fact.authorization_kind) &&
         Admits(where.license_ids, fact.license_id) &&
         SelectsDestination(catalog, policy, where, fact.country, fact.date) &&
         SelectsParties(catalog, policy, where, fact);
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
        !rule.items->Matches(TraitsOf({.product = product}))) {
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

bool CountsItem(const Catalog& catalog, const CompiledPolicy& policy,
                const CompiledRule& rule, const Fact& fact,
                const CountedItem& item) {
  if (rule.items && !rule.items->Matches(TraitsOf(item))) return false;
  return std::none_of(rule.exemptions.begin(), rule.exemptions.end(),
                      [&](const CompiledExemption& exemption) {
                        return Exempts(catalog, policy, exemption, fact, item);
                      });
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
