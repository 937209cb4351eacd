// A policy's limits in words.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_TEXT_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_TEXT_H_

#include <string>

#include "chipledger/v1/policy.pb.h"

namespace chipledger::cli {

// A rule's limit, and those of its cases, such as "790,000,000 TPP".
std::string LimitsText(const v1::Rule& rule);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_TEXT_H_
