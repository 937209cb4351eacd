// Dimension 3 of a rule: which facts it applies to, and to which of its totals
// a fact belongs.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_SCOPE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_SCOPE_H_

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/check.h"
#include "ledger/domain/rules/group_key.h"

namespace chipledger::domain {

struct Catalog;
struct CompiledExemption;
struct CompiledPolicy;
struct CompiledRule;
struct CountedItem;
struct Fact;

// Selects facts; see v1::FactFilter. Immutable.
struct CompiledFactFilter {
  std::vector<std::string> countries;
  std::vector<std::string> groups;
  std::vector<std::string> except_groups;
  std::vector<std::string> license_ids;
  std::vector<std::string> headquarters_groups;
  std::vector<std::string> except_headquarters_groups;
  std::vector<std::string> exporters;
  std::vector<std::string> consignees;
  std::vector<std::string> end_users;
  std::vector<std::string> ultimate_parents;
  std::vector<int> authorization_kinds;
  std::vector<int> movements;
};

void CheckFactFilter(const v1::FactFilter& where, const std::string& path,
                     FieldChecks& checks);
CompiledFactFilter CompileFactFilter(const v1::FactFilter& where);

// Checks a rule's scope; `path` is the scope's.
void CheckScope(const v1::Rule& rule, const std::string& path,
                FieldChecks& checks);
GroupKeys CompileGroupBy(const v1::Scope& scope);

// Whether a rule that may still be wrong has the key.
bool GroupsBy(const v1::Rule& rule, v1::Scope::GroupBy key);

// Whether a list of a filter is unset or names the value.
template <typename T, typename V>
bool Admits(const std::vector<T>& list, const V& value) {
  return list.empty() ||
         std::find(list.begin(), list.end(), value) != list.end();
}

// Whether a destination is one that a filter selects, as the policy treats it
// on a date.
bool SelectsDestination(const Catalog& catalog, const CompiledPolicy& policy,
                        const CompiledFactFilter& where,
                        absl::string_view country, Date date);

// What of a fact a filter does not select.
enum class Mismatch {
  kNone,
  kMovement,
  kAuthorizationKind,
  kLicense,
  kCountry,
  kGroup,
  kExceptGroup,
  kExporter,
  kConsignee,
  kEndUser,
  kUltimateParent,
  kHeadquarters,
  kExceptHeadquarters,
};

// Returns the first thing of a fact that a filter does not select, in the order
// above.
Mismatch FindMismatch(const Catalog& catalog, const CompiledPolicy& policy,
                      const CompiledFactFilter& where, const Fact& fact);

// Whether a filter selects a fact.
inline bool Selects(const Catalog& catalog, const CompiledPolicy& policy,
                    const CompiledFactFilter& where, const Fact& fact) {
  return FindMismatch(catalog, policy, where, fact) == Mismatch::kNone;
}

// Why nothing that is dated `date` can count in the rule's total of a group,
// which has the fields that the rule groups by, such as "destination MY is not
// in its scope"; empty when something can. What only a fact can tell, such as
// where its parties are headquartered, is taken to fit.
std::string WhyNotCovered(const Catalog& catalog, const CompiledPolicy& policy,
                          const CompiledRule& rule, const v1::GroupKey& group,
                          Date date);

// Whether a rule's scope looks at nothing of an export but its destination.
bool LooksAtDestinationAlone(const CompiledFactFilter& where);

// Returns the first exemption of a rule that takes an item of a fact out, or
// null.
const CompiledExemption* FindExemption(const Catalog& catalog,
                                       const CompiledPolicy& policy,
                                       const CompiledRule& rule,
                                       const Fact& fact,
                                       const CountedItem& item);

// Whether a rule counts an item of a fact that its scope selects: its item
// filter matches, and no exemption does.
bool CountsItem(const Catalog& catalog, const CompiledPolicy& policy,
                const CompiledRule& rule, const Fact& fact,
                const CountedItem& item);

// Whether items of one fact can belong to different totals of a rule.
bool GroupsItems(const CompiledRule& rule);

// The group of a fact, and with GroupsItems of one of its items, as a string;
// see group_key.h. `item` may be null without GroupsItems.
std::string GroupOf(const Catalog& catalog, const CompiledPolicy& policy,
                    const CompiledRule& rule, const Fact& fact,
                    const CountedItem* item);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_SCOPE_H_
