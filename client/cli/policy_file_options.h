// FILE and --set of commands that read a policy file.
#ifndef CHIPLEDGER_CLIENT_CLI_POLICY_FILE_OPTIONS_H_
#define CHIPLEDGER_CLIENT_CLI_POLICY_FILE_OPTIONS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "client/cli/cli.h"
#include "ledger/scenario/policy_file.h"

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

// A policy file as it was written, and with its parameters chosen.
struct ChosenPolicy {
  scenarios::PolicyText text;
  v1::PolicyFile file;
};

// Errors: as scenarios::ReadPolicyFile.
absl::StatusOr<ChosenPolicy> ChoosePolicy(const PolicyFileOptions& options);

// Says what a ledger says of the adoption of a file in terms of the file: the
// place and path of each wrong field there, instead of the number of a command
// that nobody wrote.
absl::Status InTermsOfFile(const absl::Status& status,
                           const ChosenPolicy& chosen);

// Reads the file, with its parameters chosen.
// Errors: as scenarios::ReadPolicyFile.
absl::StatusOr<v1::PolicyFile> ReadPolicyFile(const PolicyFileOptions& options);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_POLICY_FILE_OPTIONS_H_
