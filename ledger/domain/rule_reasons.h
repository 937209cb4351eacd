// Why a rule does not count a fact, or an item of it, in words.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULE_REASONS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULE_REASONS_H_

#include <optional>

#include "chipledger/v1/policy_service.pb.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/rules/assessment.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {

// A rule that looks at a fact. Borrows.
struct RuleLook {
  const Catalog& catalog;
  const CompiledPolicy& policy;
  const CompiledRule& rule;
  const Fact& fact;
  Occasion occasion;
};

using RuleReason = v1::ExplainFactResponse::RuleExplanation::Reason;

// Returns why the rule counts nothing of the fact; nothing when its items
// decide. Requires: the policy is in force on the fact's date.
std::optional<RuleReason> WhyNotFact(const RuleLook& look);

// Returns why the rule does not count an item of a fact that it does not pass
// over as a whole; nothing when it counts it.
std::optional<RuleReason> WhyNotItem(const RuleLook& look,
                                     const CountedItem& item);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULE_REASONS_H_
