// Limits in words: as a policy states them, and as a total has them.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_TEXT_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_TEXT_H_

#include <string>

#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/policy.pb.h"

namespace chipledger::cli {

// A rule's limit, and those of its cases, such as "790,000,000 TPP".
std::string LimitsText(const v1::Rule& rule);

// What sets the limit of a row, such as "1/2 of the limit of tier2, the step
// from 2026-01-01"; empty when the rule's own number does.
std::string LimitBindingText(const v1::HeadroomRow& row);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_TEXT_H_
