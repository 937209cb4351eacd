// Dimension 6 of a rule: what does not count.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_EXEMPTION_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_EXEMPTION_H_

#include <optional>
#include <string>
#include <vector>

#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/check.h"
#include "ledger/domain/rules/measure.h"
#include "ledger/domain/rules/scope.h"

namespace chipledger::domain {

// An exemption; see v1::Exemption. Immutable.
struct CompiledExemption {
  std::vector<int> authorization_kinds;
  std::optional<CompiledItemFilter> items;
  // [from, before).
  Date from = Date::Min();
  Date before = Date::Max();
  std::vector<std::string> parties;
  std::optional<CompiledFactFilter> where;

  bool Exempts(const Catalog& catalog, const CompiledPolicy& policy,
               const Fact& fact, const CountedItem& item) const;
};

void CheckExemption(const v1::Exemption& exemption, const std::string& path,
                    FieldChecks& checks);
CompiledExemption CompileExemption(const v1::Exemption& exemption);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_EXEMPTION_H_
