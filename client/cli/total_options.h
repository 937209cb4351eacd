// Options that say which total of which rule.
#ifndef CHIPLEDGER_CLIENT_CLI_TOTAL_OPTIONS_H_
#define CHIPLEDGER_CLIENT_CLI_TOTAL_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "chipledger/v1/evidence.pb.h"
#include "client/cli/cli.h"

namespace chipledger::cli {

// One total of one rule.
struct TotalOptions {
  std::string policy_id;
  std::string rule_id;
  v1::GroupKey group;
  // Codes or names of countries.
  std::string country;
  std::string headquarters;
};
void AddTotalOptions(CLI::App& app, TotalOptions& options);

// The group's keys, with codes for countries. Errors: INVALID_ARGUMENT.
absl::StatusOr<v1::GroupKey> MakeGroup(const TotalOptions& options);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_TOTAL_OPTIONS_H_
