// What is said of a command line that cannot be understood.
#ifndef CHIPLEDGER_CLIENT_CLI_USAGE_H_
#define CHIPLEDGER_CLIENT_CLI_USAGE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "client/cli/cli.h"

namespace chipledger::cli {

// "chipledger shipment record".
std::string CommandPath(const CLI::App& command);

// The commands right below this one.
std::vector<const CLI::App*> CommandsOf(const CLI::App& command);

// The options that may stand after this command: its own, those of its groups
// of options, and those of the commands above, which fall through.
std::vector<const CLI::Option*> OptionsOf(const CLI::App& command);

// Prints why `app` could not parse its arguments, with what was probably meant,
// and returns the exit code for it.
int FailUsage(Cli& cli, const CLI::App& app, const CLI::ParseError& error);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_USAGE_H_
