#include "client/cli/policy_file_options.h"

#include "absl/strings/str_cat.h"
#include "ledger/scenario/policy_file.h"

namespace chipledger::cli {

void AddSetOption(CLI::App& app, PolicyFileOptions& options) {
  app.add_option("--set", options.values,
                 "NAME=VALUE of a parameter of the file, which has its default "
                 "unless given; may be given several times")
      ->allow_extra_args(false);
}

void AddPolicyFileOptions(CLI::App& app, const std::string& description,
                          PolicyFileOptions& options) {
  app.add_option("FILE", options.file, description)->required();
  AddSetOption(app, options);
}

absl::StatusOr<v1::PolicyFile> ReadPolicyFile(
    const PolicyFileOptions& options) {
  scenarios::ParameterValues values;
  for (const std::string& text : options.values) {
    auto value = scenarios::ParseParameterValue(text);
    if (!value.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("--set ", value.status().message()));
    }
    values.push_back(*std::move(value));
  }
  return scenarios::ReadPolicyFile(options.file, values);
}

}  // namespace chipledger::cli
