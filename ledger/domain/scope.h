// Whether a rule applies to a fact, and to which of its totals a fact belongs.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_SCOPE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_SCOPE_H_

#include <optional>
#include <string>

#include "ledger/domain/catalog.h"
#include "ledger/domain/fact.h"
#include "ledger/domain/policy.h"

namespace chipledger::domain {

// Whether a filter selects a fact.
bool Selects(const Catalog& catalog, const CompiledPolicy& policy,
             const CompiledFactFilter& where, const Fact& fact);

// Why nothing that is dated `date` can count in the rule's total of a group,
// which has the fields that the rule groups by, such as "destination MY is not
// in its scope"; empty when something can. What only a fact can tell, such as
// where its parties are headquartered, is taken to fit.
std::string WhyNotCovered(const Catalog& catalog, const CompiledPolicy& policy,
                          const CompiledRule& rule, const v1::GroupKey& group,
                          Date date);

// Whether a rule's scope looks at nothing of an export but its destination.
bool LooksAtDestinationAlone(const CompiledFactFilter& where);

// Whether a rule counts an item of a fact that its scope selects: its item
// filter matches, and no exemption does.
bool CountsItem(const Catalog& catalog, const CompiledPolicy& policy,
                const CompiledRule& rule, const Fact& fact,
                const CountedItem& item);

// What item filters look at.
ItemTraits TraitsOf(const CountedItem& item);

// Whether items of one fact can belong to different totals of a rule.
bool GroupsItems(const CompiledRule& rule);

// The group of a fact, and with GroupsItems of one of its items, as a string;
// see group_key.h. `item` may be null without GroupsItems.
std::string GroupOf(const Catalog& catalog, const CompiledPolicy& policy,
                    const CompiledRule& rule, const Fact& fact,
                    const CountedItem* item);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_SCOPE_H_
