// FILE and --set of commands that read a policy file.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_FILE_OPTIONS_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_FILE_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "client/cli/cli.h"

namespace chipledger::cli {

struct PolicyFileOptions {
  std::string file;
  // Each "NAME=VALUE".
  std::vector<std::string> values;
};

// Adds --set, which gives parameters their values.
void AddSetOption(CLI::App& app, PolicyFileOptions& options);

// Adds the required FILE, described so, and --set.
void AddPolicyFileOptions(CLI::App& app, const std::string& description,
                          PolicyFileOptions& options);

// Reads the file, with its parameters chosen.
// Errors: as scenarios::ReadPolicyFile.
absl::StatusOr<v1::PolicyFile> ReadPolicyFile(const PolicyFileOptions& options);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_FILE_OPTIONS_H_
