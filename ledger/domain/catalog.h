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
#include "ledger/domain/policy.h"

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

// Catalog is a value: a copy is cheap and stays as it was.
struct Catalog {
  PersistentMap<std::string, std::shared_ptr<const v1::Product>> products;
  PersistentMap<std::string, std::shared_ptr<const v1::Party>> parties;
  PersistentMap<std::string, std::shared_ptr<const DatedGroup>> groups;
  // In the order adopted; a policy's place is its number.
  std::vector<std::shared_ptr<const CompiledPolicy>> policies;

  // Returns the policy with the id, or null.
  const CompiledPolicy* FindPolicy(absl::string_view policy_id) const;
};

// Whether a rule's scope takes in a destination on a date.
bool CoversCountry(const Catalog& catalog, const CompiledRule& rule,
                   absl::string_view country, Date date);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CATALOG_H_
