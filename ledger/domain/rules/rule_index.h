// Finding the rules that can count a fact without looking at all of them.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_RULE_INDEX_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_RULE_INDEX_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "ledger/base/date.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/rules/fact.h"

namespace chipledger::domain {

// The order in which rules are evaluated.
inline bool ComesBefore(const PlacedRule& a, const PlacedRule& b) {
  return std::pair(a.policy->number, a.rule->number) <
         std::pair(b.policy->number, b.rule->number);
}

// RuleIndex knows the rules of the policies that are in force from one date to
// another, between which none comes or goes. Each is filed under what its scope
// names: exporters, licenses or destinations, whichever comes first in this
// order; those whose scope names none of these are candidates for every fact.
// So a rule that does not apply costs a fact nothing, and neither does a policy
// that is not in force.
//
// Immutable. Keeps the policies that it speaks of.
class RuleIndex {
 public:
  using Rules = absl::InlinedVector<PlacedRule, 32>;

  // Files the rules that are in force on a date.
  RuleIndex(const Catalog& catalog, Date date);

  // Whether it knows the rules of a date, as the catalog is.
  bool Covers(const Catalog& catalog, Date date) const {
    return from_ <= date && date < to_ &&
           policies_.IsSameAs(catalog.policies) &&
           groups_.IsSameAs(catalog.groups);
  }

  // Returns every rule that can select the fact, and some that do not, in the
  // order of their policies and places. Requires: it covers the fact's date.
  Rules Match(const Fact& fact) const;

 private:
  using List = std::vector<PlacedRule>;
  using ByName = absl::flat_hash_map<std::string, List>;

  void File(const Catalog& catalog, const PlacedRule& placed);

  Policies policies_;
  decltype(Catalog::groups) groups_;
  Date from_ = Date::Min();
  Date to_ = Date::Max();
  List any_;
  ByName by_exporter_;
  ByName by_license_;
  ByName by_country_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_RULE_INDEX_H_
