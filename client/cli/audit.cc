// chipledger audit: for auditors.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/terminal.h"

namespace chipledger::cli {
namespace {

struct Options {
  uint64_t from = 0;
  uint64_t to = 0;
};

// Prints stored entries, one a line.
absl::Status PrintEntries(
    const Cli& cli,
    const google::protobuf::RepeatedPtrField<std::string>& entries,
    uint64_t first_index) {
  uint64_t index = first_index;
  for (const std::string& stored : entries) {
    v1::Entry entry;
    if (!entry.ParseFromString(stored) || entry.index() != index) {
      return absl::DataLossError(
          absl::StrCat("entry ", index, " is not what was asked for"));
    }
    ++index;
    if (cli.json) {
      PrintJson(entry);
      continue;
    }
    std::cout << absl::StrFormat(
        "%8d  %-35s  %-12s  %-22s  %s\n", entry.index(),
        FormatTime(entry.record_time()), OneLine(entry.principal()),
        EventKind(entry.event()), OneLine(SummarizeEvent(entry.event())));
  }
  std::cout.flush();
  return absl::OkStatus();
}

int Read(Cli& cli, const Options& options) {
  v1::ReadEntriesRequest request;
  request.set_start_index(options.from);
  request.set_end_index(options.to);
  absl::Status printed;
  const absl::Status status = cli.client().ReadEntries(
      request, [&](const v1::ReadEntriesResponse& response) {
        printed = PrintEntries(cli, response.entries(), response.first_index());
        return printed.ok() && std::cout;
      });
  if (!status.ok()) return Fail(cli, status);
  return printed.ok() ? kDone : Fail(cli, printed);
}

int Watch(Cli& cli, const Options& options) {
  v1::WatchEntriesRequest request;
  request.set_start_index(options.from);
  absl::Status printed;
  const absl::Status status = cli.client().WatchEntries(
      request, [&](const v1::WatchEntriesResponse& response) {
        printed = PrintEntries(cli, response.entries(), response.first_index());
        return printed.ok() && std::cout;
      });
  if (!status.ok()) return Fail(cli, status);
  return printed.ok() ? kDone : Fail(cli, printed);
}

}  // namespace

void AddAuditCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "audit", "read the entries, and derive every total from them again");
  group->require_subcommand(1);
  AddCommand<Options>(
      *group, cli, "read", "print entries",
      [](CLI::App& sub, Options& options) {
        sub.add_option("--from", options.from, "first index (default: 0)")
            ->check(AtLeast(0));
        sub.add_option("--to", options.to,
                       "first index not to print (default: all)")
            ->check(AtLeast(1));
      },
      Read);
  AddCommand<Options>(
      *group, cli, "watch", "print entries, then new ones, until stopped",
      [](CLI::App& sub, Options& options) {
        sub.add_option("--from", options.from, "first index (default: 0)")
            ->check(AtLeast(0));
      },
      Watch);
  AddReplayCommand(*group, cli);
}

}  // namespace chipledger::cli
