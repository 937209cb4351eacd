// What differs between two policies, wherever each is.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_COMPARE_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_COMPARE_H_

#include <string>

#include "client/cli/cli.h"
#include "client/cli/policy_file_options.h"

namespace chipledger::cli {

// Prints field by field what differs between two policies, and the rules that
// only one of them has. Each is a file, `a` with the values given for its
// parameters and `b` with their defaults, or the id of an adopted policy.
// Returns the exit code.
int ComparePolicies(Cli& cli, const PolicyFileOptions& a, const std::string& b);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_COMPARE_H_
