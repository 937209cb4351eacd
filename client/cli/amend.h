// chipledger policy amend and diff.
#ifndef CHIPLEDGER_CLIENT_CLI_AMEND_H_
#define CHIPLEDGER_CLIENT_CLI_AMEND_H_

#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "client/cli/cli.h"

namespace chipledger::cli {

void AddAmendCommands(CLI::App& group, Cli& cli);

// The parties of a policy file that the ledger does not know.
absl::StatusOr<std::vector<v1::Party>> UnknownParties(
    Cli& cli, const v1::PolicyFile& file);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_AMEND_H_
