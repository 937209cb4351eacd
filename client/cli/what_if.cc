// chipledger policy whatif: history under another policy.
#include <signal.h>
#include <unistd.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/policy_file_options.h"
#include "client/cli/print.h"
#include "client/cli/table.h"

namespace chipledger::cli {
namespace {

using Difference = v1::WhatIfResponse::Difference;
using TotalPair = v1::WhatIfResponse::TotalPair;

struct Options {
  PolicyFileOptions file;
  v1::WhatIfRequest request;
};

// What has come so far.
struct Found {
  std::vector<Difference> differences;
  std::vector<TotalPair> totals;
  uint64_t replayed = 0;
  uint64_t size = 0;
  bool done = false;
};

volatile sig_atomic_t interrupted = 0;

// Makes the first Ctrl-C end the replay in order; a second one ends the
// program.
void CatchInterrupt() {
  struct sigaction action = {};
  action.sa_handler = [](int) { interrupted = 1; };
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, nullptr);
}

// On a terminal one line that is written over; else nothing, like an import,
// and on std::clog as there.
void ShowProgress(const v1::WhatIfResponse& message) {
  if (isatty(STDERR_FILENO) == 0) return;
  std::clog << "\r" << FormatCount(static_cast<int64_t>(message.replayed()))
            << " of " << FormatCount(static_cast<int64_t>(message.size()))
            << " entries replayed";
  if (message.done()) std::clog << "\n";
  std::clog.flush();
}

std::string ReasonText(const Difference& difference) {
  if (!difference.error().empty()) return difference.error();
  std::vector<std::string> rules;
  for (const v1::Violation& violation : difference.violations()) {
    rules.push_back(FormatRule(violation.policy_id(), violation.rule_id()));
  }
  return absl::StrJoin(rules, ", ");
}

std::string TotalText(bool has, const v1::HeadroomRow& row) {
  return has ? FormatAmount(row.measure(), row.used()) : "-";
}

std::string LeftText(bool has, const v1::HeadroomRow& row) {
  return has ? FormatHeadroomLeft(row) : "-";
}

void PrintFound(const Found& found) {
  if (found.differences.empty()) {
    std::cout << "No write would have come out differently.\n";
  } else {
    Table table({"ENTRY>", "RECORDED", "WHAT", "WOULD", "BY"});
    for (const Difference& difference : found.differences) {
      table.AddRow(
          {absl::StrCat(difference.index()),
           FormatTime(difference.record_time()), difference.description(),
           FormatEnum(difference.kind(), "KIND_"), ReasonText(difference)});
    }
    std::cout << table.ToString();
  }
  if (found.totals.empty()) return;
  Table table({"RULE", "TOTAL OF", "WINDOW", "USED>", "USED THEN>", "HEADROOM>",
               "HEADROOM THEN>"});
  for (const TotalPair& pair : found.totals) {
    const v1::HeadroomRow& row =
        pair.has_hypothetical() ? pair.hypothetical() : pair.actual();
    table.AddRow({FormatRule(row.policy_id(), row.rule_id()),
                  FormatGroup(row.group()),
                  FormatWindow(row.window_start(), row.window_end()),
                  TotalText(pair.has_actual(), pair.actual()),
                  TotalText(pair.has_hypothetical(), pair.hypothetical()),
                  LeftText(pair.has_actual(), pair.actual()),
                  LeftText(pair.has_hypothetical(), pair.hypothetical())});
  }
  std::cout << "\n" << table.ToString();
}

void Take(const v1::WhatIfResponse& message, Found& found) {
  found.differences.insert(found.differences.end(),
                           message.differences().begin(),
                           message.differences().end());
  found.totals.insert(found.totals.end(), message.totals().begin(),
                      message.totals().end());
  found.replayed = message.replayed();
  found.size = message.size();
  found.done = message.done();
}

int Run(Cli& cli, const Options& options) {
  v1::WhatIfRequest request = options.request;
  absl::StatusOr<v1::PolicyFile> file = ReadPolicyFile(options.file);
  if (!file.ok()) return Fail(cli, file.status());
  *request.mutable_policy_file() = *std::move(file);
  CatchInterrupt();
  Found found;
  const absl::Status status =
      cli.client().WhatIf(request, [&](const v1::WhatIfResponse& message) {
        if (cli.json) {
          PrintJson(message);
          std::cout.flush();
        } else {
          ShowProgress(message);
          Take(message, found);
        }
        return interrupted == 0 && static_cast<bool>(std::cout);
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) PrintFound(found);
  if (interrupted != 0) {
    return Fail(cli, absl::CancelledError(absl::StrFormat(
                         "canceled after %d of %d entries; nothing was "
                         "recorded, and what was found so far is above",
                         found.replayed, found.size)));
  }
  if (!cli.json) {
    std::cout << FormatCount(static_cast<int64_t>(found.replayed))
              << " entries replayed; nothing was recorded.\n";
  }
  return kDone;
}

}  // namespace

void AddWhatIfCommand(CLI::App& policy, Cli& cli) {
  AddCommand<Options>(
      policy, cli, "whatif",
      "replay history under a policy file, record nothing, and say what it "
      "would have refused and allowed",
      [](CLI::App& sub, Options& options) {
        AddPolicyFileOptions(
            sub,
            "a chipledger.v1.PolicyFile as .textproto; it takes the place of "
            "the adopted policy with its id, if any",
            options.file);
        AddText(sub, "--from",
                "facts dated before this are judged as they were (default: "
                "the policy's effective_from)",
                [&](const std::string& date) {
                  options.request.set_from_date(date);
                });
        sub.add_option_function<uint64_t>(
               "--to",
               [&](uint64_t index) { options.request.set_end_index(index); },
               "first index not to replay (default: all)")
            ->check(AtLeast(0));
      },
      Run);
}

}  // namespace chipledger::cli
