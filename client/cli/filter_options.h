// Options that say which rows of headroom.
#ifndef CHIPLEDGER_CLIENT_CLI_FILTER_OPTIONS_H_
#define CHIPLEDGER_CLIENT_CLI_FILTER_OPTIONS_H_

#include <string>

#include "absl/status/statusor.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "client/cli/cli.h"

namespace chipledger::cli {

// Which rows.
struct FilterOptions {
  v1::HeadroomFilter filter;
  // Codes or names of countries.
  std::string country;
  std::string headquarters;
};
void AddFilterOptions(CLI::App& app, FilterOptions& options);

// The filter, with codes for countries. Errors: INVALID_ARGUMENT.
absl::StatusOr<v1::HeadroomFilter> MakeFilter(const FilterOptions& options);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_FILTER_OPTIONS_H_
