#include "client/cli/policy_test.h"

#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/count_of.h"
#include "ledger/scenario/runner.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  std::vector<std::string> policies_dirs;
};

scenario::v1::Report RunFile(const std::string& path,
                             const std::vector<std::string>& policies_dirs) {
  const auto file = scenarios::ReadScenario(path);
  if (file.ok()) {
    return scenarios::RunScenario(*file,
                                  scenarios::FilesOf(path, policies_dirs));
  }
  scenario::v1::Report report;
  report.set_path(path);
  report.set_error(std::string(file.status().message()));
  return report;
}

int Run(Cli& cli, const Options& options) {
  std::vector<std::string> paths;
  for (const std::string& name : options.files) {
    const absl::StatusOr<std::vector<std::string>> found =
        scenarios::FindScenarios(name);
    if (!found.ok()) return Fail(cli, found.status());
    paths.insert(paths.end(), found->begin(), found->end());
  }
  size_t failed = 0;
  for (const std::string& path : paths) {
    const scenario::v1::Report report = RunFile(path, options.policies_dirs);
    if (!scenarios::HasPassed(report)) ++failed;
    if (cli.json) {
      PrintJson(report);
    } else {
      std::cout << scenarios::FormatReport(report);
    }
  }
  if (failed > 0 && !cli.json) {
    std::cout << failed << " of "
              << CountOf(static_cast<int64_t>(paths.size()), "scenario")
              << " failed.\n";
  }
  return failed == 0 ? kDone : kRefused;
}

}  // namespace

void AddPolicyTestCommand(CLI::App& policy, Cli& cli) {
  AddCommand<Options>(
      policy, cli, "test",
      "run policy scenarios and compare what they expect with what comes of "
      "them; needs no server. Exits with 1 when one fails",
      [](CLI::App& sub, Options& options) {
        sub.add_option("FILE", options.files,
                       "a chipledger.scenario.v1.Scenario as .textproto, or a "
                       "folder: those that are in it and in its folders")
            ->required();
        sub.add_option("--policies", options.policies_dirs,
                       "a folder to look for policies and setup files in, "
                       "after the scenario's own and the one above it; may be "
                       "given several times")
            ->allow_extra_args(false);
      },
      Run);
}

}  // namespace chipledger::cli
