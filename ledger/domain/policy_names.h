// Whether what a policy names is there: a mistyped name would count nothing,
// silently.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_POLICY_NAMES_H_
#define CHIPLEDGER_LEDGER_DOMAIN_POLICY_NAMES_H_

#include <string>

#include "chipledger/v1/policy.pb.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {

// Checks that each product, party and country group that a policy names,
// anywhere in it, is one of the catalog. Licenses are not looked for: a policy
// may come before the authorization that it limits. Nor are classifications:
// law names many that no product of the ledger has.
void CheckNamesKnown(const Catalog& catalog, const v1::Policy& policy,
                     const std::string& path, FieldChecks& checks);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_POLICY_NAMES_H_
