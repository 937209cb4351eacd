// Folding what events say about the catalog.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CATALOG_FOLD_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CATALOG_FOLD_H_

#include <cstdint>

#include "absl/status/status.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Applies entry number `index` to the catalog in `registers`; events of other
// kinds change nothing. Adopting a policy looks at the latest fact date.
// Errors: DATA_DAMAGED.
absl::Status FoldCatalog(const v1::Event& event, uint64_t index,
                         Registers& registers);

// Applies what a policy file brings along, as if entry `index` had said it: its
// changes of country groups, and those of its parties that the registers do not
// know. Errors: those of CheckCommand.
absl::Status FoldPolicyFile(const v1::PolicyFile& file, uint64_t index,
                            Registers& registers);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CATALOG_FOLD_H_
