#include "client/cli/policy_bench.h"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/scenario/new_policy.h"
#include "ledger/scenario/policy_check.h"
#include "ledger/scenario/policy_file.h"

namespace chipledger::cli {
namespace {

namespace fs = std::filesystem;

struct NewOptions {
  std::string name;
  std::string folder = ".";
};

absl::Status WriteNewFile(const fs::path& path, const std::string& text) {
  if (fs::exists(path)) {
    return absl::AlreadyExistsError(
        absl::StrCat(path.string(), " is there already; nothing was written"));
  }
  std::ofstream file(path);
  file << text;
  file.close();
  if (!file) {
    return absl::UnavailableError(absl::StrCat("cannot write ", path.string()));
  }
  return absl::OkStatus();
}

int New(Cli& cli, const NewOptions& options) {
  const absl::StatusOr<scenarios::NewPolicy> texts =
      scenarios::MakeNewPolicy(options.name);
  if (!texts.ok()) return Fail(cli, texts.status());
  const fs::path folder = options.folder;
  const fs::path policy = folder / absl::StrCat(options.name, ".textproto");
  const fs::path scenario =
      folder / absl::StrCat(options.name, "-scenario.textproto");
  // Neither is written when one of them is there.
  if (fs::exists(scenario)) {
    return Fail(cli, absl::AlreadyExistsError(
                         absl::StrCat(scenario.string(),
                                      " is there already; nothing was "
                                      "written")));
  }
  for (const auto& [path, text] : {std::make_pair(policy, texts->policy),
                                   std::make_pair(scenario, texts->scenario)}) {
    const absl::Status written = WriteNewFile(path, text);
    if (!written.ok()) return Fail(cli, written);
  }
  std::cout << "Written: " << policy.lexically_normal().string() << " and "
            << scenario.lexically_normal().string()
            << "\n  next: chipledger policy test "
            << scenario.lexically_normal().string() << "\n";
  return kDone;
}

struct CheckOptions {
  std::vector<std::string> files;
};

int Check(Cli& cli, const CheckOptions& options) {
  bool failed = false;
  for (const std::string& path : options.files) {
    const absl::StatusOr<scenarios::PolicyText> text =
        scenarios::ReadPolicyText(path);
    if (!text.ok()) return Fail(cli, text.status());
    const scenario::v1::CheckReport report = scenarios::CheckPolicyText(*text);
    failed = failed || scenarios::HasErrors(report);
    if (cli.json) {
      PrintJson(report);
    } else {
      std::cout << scenarios::FormatReport(report);
    }
  }
  return failed ? kRefused : kDone;
}

}  // namespace

void AddPolicyBenchCommands(CLI::App& policy, Cli& cli) {
  AddCommand<NewOptions>(
      policy, cli, "new",
      "write a policy file and a scenario that passes, to start from",
      [](CLI::App& sub, NewOptions& options) {
        sub.add_option("NAME", options.name, "the policy's id")->required();
        sub.add_option("--folder", options.folder,
                       "where to write them (default: here)");
      },
      New);
  AddCommand<CheckOptions>(
      policy, cli, "check",
      "look for mistakes in policy files without adopting them; needs no "
      "server. Exits with 1 when a ledger would refuse one",
      [](CLI::App& sub, CheckOptions& options) {
        sub.add_option("FILE", options.files,
                       "a chipledger.v1.PolicyFile as .textproto")
            ->required();
      },
      Check);
}

}  // namespace chipledger::cli
