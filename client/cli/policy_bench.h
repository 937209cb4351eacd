// chipledger policy new and check: for those who write policies, without a
// server.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_BENCH_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_BENCH_H_

#include "client/cli/cli.h"

namespace chipledger::cli {

void AddPolicyBenchCommands(CLI::App& policy, Cli& cli);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_BENCH_H_
