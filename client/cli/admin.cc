// chipledger admin: for operators.
#include <iostream>

#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/terminal.h"

namespace chipledger::cli {
namespace {

struct StatusOptions {};

int Status(Cli& cli, const StatusOptions&) {
  return Finish(
      cli, cli.client().GetLedger({}), [](const v1::GetLedgerResponse& ledger) {
        std::cout << "Ledger:          " << ledger.ledger_id() << "\n"
                  << "Entries:         "
                  << FormatCount(static_cast<int64_t>(ledger.size())) << "\n"
                  << "Last entry:      "
                  << FormatTime(ledger.last_record_time()) << "\n"
                  << "Server:          " << ledger.server_version()
                  << ", format " << ledger.format_version() << "\n"
                  << "Principal:       " << ledger.principal() << "\n"
                  << "Queued commands: "
                  << FormatCount(static_cast<int64_t>(ledger.queued_commands()))
                  << "\n"
                  << "Turned away:     "
                  << FormatCount(
                         static_cast<int64_t>(ledger.connections_turned_away()))
                  << " connections\n"
                  << "Writes:          "
                  << (ledger.read_only()
                          ? "NO, read-only: " +
                                OneLine(ledger.read_only_reason())
                          : "yes")
                  << "\n";
      });
}

}  // namespace

void AddAdminCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand("admin", "how the ledger is");
  group->require_subcommand(1);
  AddCommand<StatusOptions>(
      *group, cli, "status", "identity, size and state of the ledger",
      [](CLI::App&, StatusOptions&) {}, Status);
}

}  // namespace chipledger::cli
