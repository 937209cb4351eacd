// Going through all messages of a policy, so that what holds for a kind of
// message holds wherever one stands, also in fields that come later.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_WALK_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_WALK_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "google/protobuf/message.h"

namespace chipledger::domain {

// Calls visit(message, path) for every message that is set in `message`, those
// in it first; `path` is that of `message`, such as "policy".
void VisitMessagesIn(const google::protobuf::Message& message,
                     const std::string& path,
                     absl::FunctionRef<void(const google::protobuf::Message&,
                                            const std::string&)>
                         visit);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_POLICY_WALK_H_
