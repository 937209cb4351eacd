// What differs between two versions of a policy.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_CHANGE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_CHANGE_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "chipledger/v1/policy.pb.h"
#include "google/protobuf/message.h"

namespace chipledger::domain {

// What becomes of one rule. Borrows.
struct RuleChange {
  // Null: the rule is new.
  const v1::Rule* before = nullptr;
  // Null: the rule ends.
  const v1::Rule* after = nullptr;
  // The paths of the fields that differ, such as "limit.constant".
  std::vector<std::string> fields;

  const std::string& rule_id() const {
    return after != nullptr ? after->rule_id() : before->rule_id();
  }
};

// Returns the paths of the fields that differ between two messages of one type.
std::vector<std::string> FieldsThatDiffer(const google::protobuf::Message& a,
                                          const google::protobuf::Message& b);

// Returns the rules that differ, in the order of `after`, then those that end.
std::vector<RuleChange> ChangesOf(const v1::Policy& before,
                                  const v1::Policy& after);

// Whether a field of a rule says what its totals are made of, so that the rule
// cannot keep them when it differs.
bool MakesTotals(absl::string_view field);
// Whether a field of a rule says which facts its totals count, so that they
// would have to be counted again.
bool SelectsFacts(absl::string_view field);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_CHANGE_H_
