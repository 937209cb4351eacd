// The `chipledger` command line.
#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "client/cli/cli.h"
#include "client/cli/help.h"
#include "client/cli/terminal.h"
#include "client/cli/usage.h"
#include "ledger/base/mutex_checks.h"
#include "ledger/base/utf8.h"

namespace {

using chipledger::cli::Cli;

constexpr char kFooter[] = R"(Exit codes:
  0  done
  1  refused by the rules; every violated rule is printed
  2  wrong usage or input (wrong field, unknown product, license already
     granted, ...): the same call cannot succeed
  3  the server cannot be reached, or something failed

`chipledger GROUP COMMAND --help` says what a command takes. Countries are
ISO 3166-1 codes or names; dates are YYYY-MM-DD; TPP is a decimal.)";

void AddAllCommands(CLI::App& app, Cli& cli) {
  using namespace chipledger::cli;
  AddShipmentCommands(app, cli);
  AddLicenseCommands(app, cli);
  AddPolicyCommands(app, cli);
  AddProductCommands(app, cli);
  AddPartyCommands(app, cli);
  AddDealCommands(app, cli);
  AddHeadroomCommands(app, cli);
  AddAuditCommands(app, cli);
  AddAdminCommands(app, cli);
  AddCompletionCommand(app, cli);
}

}  // namespace

int main(int argc, char** argv) {
  chipledger::TurnOffDeadlockChecks();
  Cli cli;
  // Errors of usage are JSON too, so this is asked before parsing.
  cli.json = std::find(argv + 1, argv + argc, absl::string_view("--json")) !=
             argv + argc;
  // Programs get JSON, which escapes by itself, as it is.
  std::optional<chipledger::cli::TerminalGuard> output, error;
  if (!cli.json) {
    output.emplace(std::cout);
    error.emplace(std::cerr);
  }
  for (int i = 1; i < argc; ++i) {
    if (!chipledger::IsUtf8(argv[i])) {
      return Fail(cli, absl::InvalidArgumentError(absl::StrCat(
                           "argument ", i, " is not UTF-8; nothing was sent")));
    }
  }
  CLI::App app("chipledger: an append-only ledger of AI-chip shipments",
               "chipledger");
  // Before the commands, which take it over.
  app.formatter(std::make_shared<chipledger::cli::HelpFormatter>(
      chipledger::cli::OutputWidth()));
  app.set_version_flag("--version", "chipledger " CHIPLEDGER_VERSION);
  app.footer(kFooter);
  app.require_subcommand(1);
  // Lets --json and --server stand after the subcommand as well.
  app.fallthrough();
  app.add_option("--server", cli.server, "HOST:PORT of chipledgerd")
      ->envname("CHIPLEDGER_SERVER")
      ->capture_default_str();
  app.add_flag("--json", cli.json,
               "protobuf JSON for programs: one object, or one a line");
  app.add_option("--timeout", cli.timeout_seconds,
                 "seconds that a call may take, retries included")
      ->check(chipledger::cli::Seconds())
      ->capture_default_str();
  AddAllCommands(app, cli);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() != 0) {
      return chipledger::cli::FailUsage(cli, app, error);
    }
    // Help, or the version.
    app.exit(error);
    return chipledger::cli::kDone;
  }
  const int code = cli.action();
  std::cout.flush();
  if (!std::cout) {
    std::cerr << "chipledger: the output could not be written\n";
    return chipledger::cli::kFailed;
  }
  return code;
}
