// Whether what a read names is there: a mistyped name is an error, never an
// empty answer.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_KNOWN_H_
#define CHIPLEDGER_LEDGER_DOMAIN_KNOWN_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/evidence.pb.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Each accepts an empty name, which names nothing.

// Errors: PARTY_NOT_FOUND.
absl::Status CheckPartyKnown(const Snapshot& snapshot,
                             absl::string_view party_id);
// Errors: LICENSE_NOT_FOUND.
absl::Status CheckLicenseKnown(const Snapshot& snapshot,
                               absl::string_view license_id);
// Errors: INVALID_FIELD at `field`, for what is no country's code.
absl::Status CheckCountryKnown(absl::string_view field,
                               absl::string_view country);
// Errors: those above, with countries at fields of `path`, PRODUCT_NOT_FOUND,
// COUNTRY_GROUP_NOT_FOUND.
absl::Status CheckGroupKnown(const Snapshot& snapshot,
                             const v1::GroupKey& group, absl::string_view path);
// Whether a policy, or with no policy any, has the rule; each may be empty.
// Errors: POLICY_NOT_FOUND, RULE_NOT_FOUND.
absl::Status CheckRuleKnown(const Snapshot& snapshot,
                            absl::string_view policy_id,
                            absl::string_view rule_id);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_KNOWN_H_
