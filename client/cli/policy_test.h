// chipledger policy test: scenarios of policies, without a server.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_TEST_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_TEST_H_

#include <CLI/CLI.hpp>

#include "client/cli/cli.h"

namespace chipledger::cli {

// Adds the subcommand to the policy group.
void AddPolicyTestCommand(CLI::App& policy, Cli& cli);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_TEST_H_
