// The keys of totals, as one string: the values of the rule's keys, in the
// order of their numbers in v1::Scope::GroupBy, with 0x00 between them. No
// value holds 0x00. So totals sort by country first.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_GROUP_KEY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_GROUP_KEY_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/policy.pb.h"

namespace chipledger::domain {

// A rule's keys, ascending.
using GroupKeys = std::vector<v1::Scope::GroupBy>;

// Returns the string of a key. Fields that are not among `keys` are not looked
// at.
std::string EncodeGroup(const GroupKeys& keys, const v1::GroupKey& group);

// Returns the key of a string that was encoded with the same keys.
v1::GroupKey DecodeGroup(const GroupKeys& keys, absl::string_view encoded);

// Whether two keys have the same values.
bool SameGroup(const v1::GroupKey& a, const v1::GroupKey& b);

// Returns the value of one key in an encoded string; `key` must be among
// `keys`.
absl::string_view ValueOf(const GroupKeys& keys, absl::string_view encoded,
                          v1::Scope::GroupBy key);

// Returns the name of the first field of `group` that is set and not among
// `keys`, if there is one.
std::optional<std::string> FieldNotAmong(const GroupKeys& keys,
                                         const v1::GroupKey& group);

// Returns the group with only the keys of another rule, which must be among
// `keys`.
std::string ProjectGroup(const GroupKeys& keys, absl::string_view encoded,
                         const GroupKeys& onto);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_GROUP_KEY_H_
