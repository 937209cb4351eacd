// chipledger audit: for auditors.
#include <iostream>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/terminal.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/judgement.h"

namespace chipledger::cli {
namespace {

struct Options {
  uint64_t from = 0;
  uint64_t to = 0;
};

// EntryPrinter prints stored entries, one a line. What a refusal violated is
// told by the ledger's policies, which it asks for when the first refusal
// comes, and again after one was adopted.
class EntryPrinter {
 public:
  explicit EntryPrinter(Cli& cli) : cli_(cli) {}

  absl::Status Print(
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
      RETURN_IF_ERROR(Print(entry));
    }
    std::cout.flush();
    return absl::OkStatus();
  }

 private:
  absl::Status Print(const v1::Entry& entry) {
    if (cli_.json) {
      PrintJson(entry);
      return absl::OkStatus();
    }
    const v1::Event& event = entry.event();
    v1::Judgement judgement;
    if (event.has_refused()) {
      if (!policies_) RETURN_IF_ERROR(ReadPolicies());
      judgement = domain::JudgementOf(*policies_, event, entry.index());
    } else if (event.has_policy_adopted()) {
      policies_.reset();
    }
    std::cout << absl::StrFormat("%8d  %-35s  %-12s  %-22s  %s\n",
                                 entry.index(), FormatTime(entry.record_time()),
                                 OneLine(entry.principal()), EventKind(event),
                                 OneLine(SummarizeEvent(event, judgement)));
    return absl::OkStatus();
  }

  absl::Status ReadPolicies() {
    domain::Policies& policies = policies_.emplace().policies;
    return ForEachPage(
        v1::ListPoliciesRequest(),
        [&](const auto& page) { return cli_.client().ListPolicies(page); },
        [&](const v1::ListPoliciesResponse& page) {
          for (const v1::AdoptedPolicy& adopted : page.policies()) {
            policies.Add(domain::CompilePolicy(
                static_cast<uint32_t>(policies.size()), adopted));
          }
          return true;
        });
  }

  Cli& cli_;
  // Only its policies are set.
  std::optional<domain::Catalog> policies_;
};

int Read(Cli& cli, const Options& options) {
  v1::ReadEntriesRequest request;
  request.set_start_index(options.from);
  request.set_end_index(options.to);
  EntryPrinter printer(cli);
  absl::Status printed;
  const absl::Status status = cli.client().ReadEntries(
      request, [&](const v1::ReadEntriesResponse& response) {
        printed = printer.Print(response.entries(), response.first_index());
        return printed.ok() && std::cout;
      });
  if (!status.ok()) return Fail(cli, status);
  return printed.ok() ? kDone : Fail(cli, printed);
}

int Watch(Cli& cli, const Options& options) {
  v1::WatchEntriesRequest request;
  request.set_start_index(options.from);
  EntryPrinter printer(cli);
  absl::Status printed;
  const absl::Status status = cli.client().WatchEntries(
      request, [&](const v1::WatchEntriesResponse& response) {
        printed = printer.Print(response.entries(), response.first_index());
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
