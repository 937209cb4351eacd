// The catalog as the engine reads it: products, parties, country groups and
// compiled policies.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CATALOG_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CATALOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/catalog.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/persistent_map.h"
#include "ledger/domain/policies.h"
#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {

// DatedGroup answers membership by date. Immutable.
class DatedGroup {
 public:
  // Requires: the changes are valid.
  explicit DatedGroup(v1::CountryGroup group);
  const v1::CountryGroup& proto() const { return group_; }
  // Whether the country is a member on the date: the last recorded change whose
  // date is not after it decides.
  bool Contains(absl::string_view country, Date date) const;

 private:
  struct Change {
    Date from;
    bool member;
  };
  v1::CountryGroup group_;
  absl::flat_hash_map<std::string, std::vector<Change>> by_country_;
};

// DatedProduct answers which revision of a product holds on a date. Immutable.
class DatedProduct {
 public:
  // In the order registered, at least one. Requires: they are valid.
  explicit DatedProduct(std::vector<v1::Product> revisions);
  const std::vector<v1::Product>& revisions() const { return revisions_; }
  const v1::Product& latest() const { return revisions_.back(); }
  // The revision that holds: the last registered that is effective by then;
  // null when none is.
  const v1::Product* On(Date date) const;

 private:
  std::vector<v1::Product> revisions_;
  std::vector<Date> effective_from_;
};

// Catalog is a value: a copy is cheap and stays as it was.
struct Catalog {
  PersistentMap<std::string, std::shared_ptr<const DatedProduct>> products;
  PersistentMap<std::string, std::shared_ptr<const v1::Party>> parties;
  PersistentMap<std::string, std::shared_ptr<const DatedGroup>> groups;
  PersistentMap<std::string, std::shared_ptr<const v1::HolidayCalendar>>
      calendars;
  Policies policies;

  // Returns the first version of the policy with the id, or null.
  const CompiledPolicy* FindPolicy(absl::string_view policy_id) const;
  // Returns the last version, or null.
  const CompiledPolicy* FindLatestVersion(absl::string_view policy_id) const;
  // Returns the version that holds on a date or, outside the dates of the
  // policy, the nearest; null when there is no such policy.
  const CompiledPolicy* FindVersionOn(absl::string_view policy_id,
                                      Date date) const;
  // Returns a rule of a policy and the version it stands in: that of a date if
  // it has the rule, else the last that does; nulls when there is none.
  PlacedRule FindRuleOn(absl::string_view policy_id, absl::string_view rule_id,
                        Date date) const;
  // The same for the rule that moves a total. Requires: the total's owner is a
  // rule.
  PlacedRule RuleOf(const TotalKey& key, Date date) const;
  // Returns the version that an entry adopted or amended, by that entry's
  // index, or null.
  const CompiledPolicy* FindAdopted(uint64_t policy_index) const;
  // The same for one of its rules, by its place.
  const CompiledRule* FindRule(uint64_t policy_index, uint32_t rule) const;
  // Returns the revision of a product that holds on a date, or null.
  const v1::Product* FindProduct(absl::string_view product_code,
                                 Date date) const;
  // Returns a party, who owns it on a date, who owns that one, and so on.
  std::vector<absl::string_view> OwnersOf(absl::string_view party_id,
                                          Date date) const;
  // Returns the last of OwnersOf.
  absl::string_view UltimateParentOf(absl::string_view party_id,
                                     Date date) const;
  // Returns where a party is headquartered on a date; empty when not known.
  absl::string_view HeadquartersOf(absl::string_view party_id, Date date) const;
};

// Whether a country is on a date in one of the groups.
bool IsInAnyGroup(const Catalog& catalog,
                  const std::vector<std::string>& group_ids,
                  absl::string_view country, Date date);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CATALOG_H_
