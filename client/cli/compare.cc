// chipledger headroom compare: two moments side by side, and why they differ.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/filter_options.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

using Pair = v1::CompareHeadroomResponse::Pair;
using Movement = v1::ListTotalEntriesResponse::Movement;

constexpr int kPairsPerPage = 10'000;
constexpr int kEntriesPerPage = 1'000;

struct Options {
  FilterOptions filter;
  v1::ReadPoint before;
  v1::ReadPoint after;
  bool entries = false;
};

const v1::HeadroomRow& RowOf(const Pair& pair) {
  return pair.has_after() ? pair.after() : pair.before();
}

std::string Signed(v1::Measure measure, int64_t amount) {
  return absl::StrCat(amount > 0 ? "+" : "", FormatAmount(measure, amount));
}

// Whether a movement counts at the later moment and not at the earlier one.
bool IsBetween(const Movement& movement, const Options& options,
               uint64_t before_size) {
  const std::string& through = options.before.through_date();
  return movement.index() >= before_size ||
         (!through.empty() && movement.date() > through);
}

// The movements that explain a difference.
absl::StatusOr<std::vector<Movement>> EntriesBehind(Cli& cli,
                                                    const Options& options,
                                                    const Pair& pair,
                                                    uint64_t before_size,
                                                    uint64_t after_size) {
  const v1::HeadroomRow& row = RowOf(pair);
  v1::ListTotalEntriesRequest request;
  request.set_policy_id(row.policy_id());
  request.set_rule_id(row.rule_id());
  *request.mutable_group() = row.group();
  request.set_on_date(row.window_start());
  // Entries before the earlier moment can differ only by their dates.
  if (options.before.through_date().empty()) {
    request.set_start_index(before_size);
  }
  request.mutable_read_point()->set_at_size(after_size);
  request.mutable_read_point()->set_through_date(options.after.through_date());
  request.set_page_size(kEntriesPerPage);
  std::vector<Movement> movements;
  RETURN_IF_ERROR(ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListTotalEntries(page); },
      [&](const v1::ListTotalEntriesResponse& page) {
        for (const Movement& movement : page.movements()) {
          if (IsBetween(movement, options, before_size)) {
            movements.push_back(movement);
          }
        }
        return true;
      }));
  return movements;
}

void AddPairRow(const Pair& pair, Table& table) {
  const v1::HeadroomRow& row = RowOf(pair);
  const v1::Measure measure = row.measure();
  table.AddRow(
      {FormatRule(row.policy_id(), row.rule_id()), FormatGroup(row.group()),
       FormatWindow(row.window_start(), row.window_end()),
       pair.has_before() ? FormatAmount(measure, pair.before().used()) : "-",
       pair.has_after() ? FormatAmount(measure, pair.after().used()) : "-",
       Signed(measure, pair.used_change()),
       Signed(measure, pair.reserved_change()),
       pair.has_before() ? FormatLimit(pair.before()) : "-",
       pair.has_after() ? FormatLimit(pair.after()) : "-",
       pair.has_before() ? FormatHeadroomLeft(pair.before()) : "-",
       pair.has_after() ? FormatHeadroomLeft(pair.after()) : "-"});
}

// Prints the entries behind each difference.
absl::Status PrintEntries(Cli& cli, const Options& options,
                          const std::vector<Pair>& pairs, uint64_t before_size,
                          uint64_t after_size) {
  for (const Pair& pair : pairs) {
    ASSIGN_OR_RETURN(
        const std::vector<Movement> movements,
        EntriesBehind(cli, options, pair, before_size, after_size));
    const v1::HeadroomRow& row = RowOf(pair);
    if (cli.json) {
      v1::ListTotalEntriesResponse behind;
      behind.mutable_movements()->Assign(movements.begin(), movements.end());
      behind.set_size(after_size);
      PrintJson(pair);
      PrintJson(behind);
      continue;
    }
    std::cout << "\n"
              << FormatRule(row.policy_id(), row.rule_id()) << " of "
              << FormatGroup(row.group()) << ":\n"
              << FormatMovements(row.measure(), movements);
  }
  return absl::OkStatus();
}

int Compare(Cli& cli, const Options& options) {
  const auto filter = MakeFilter(options.filter);
  if (!filter.ok()) return Fail(cli, filter.status());
  v1::CompareHeadroomRequest request;
  *request.mutable_filter() = *filter;
  *request.mutable_before() = options.before;
  *request.mutable_after() = options.after;
  request.set_page_size(kPairsPerPage);
  std::vector<Pair> pairs;
  uint64_t before_size = 0;
  uint64_t after_size = 0;
  absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().CompareHeadroom(page); },
      [&](const v1::CompareHeadroomResponse& page) {
        before_size = page.before_size();
        after_size = page.after_size();
        pairs.insert(pairs.end(), page.pairs().begin(), page.pairs().end());
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    Table table({"RULE", "TOTAL OF", "WINDOW", "USED BEFORE>", "USED AFTER>",
                 "USED CHANGE>", "RESERVED CHANGE>", "LIMIT BEFORE>",
                 "LIMIT AFTER>", "HEADROOM BEFORE>", "HEADROOM AFTER>"});
    for (const Pair& pair : pairs) AddPairRow(pair, table);
    std::cout << table.ToString() << "Before: ledger size "
              << FormatCount(static_cast<int64_t>(before_size))
              << "; after: ledger size "
              << FormatCount(static_cast<int64_t>(after_size)) << ".\n";
  } else if (!options.entries) {
    for (const Pair& pair : pairs) PrintJson(pair);
  }
  if (options.entries) {
    status = PrintEntries(cli, options, pairs, before_size, after_size);
  }
  return status.ok() ? kDone : Fail(cli, status);
}

}  // namespace

void AddCompareCommand(CLI::App& headroom, Cli& cli) {
  AddCommand<Options>(
      headroom, cli, "compare",
      "the totals that differ between two moments, side by side",
      [](CLI::App& sub, Options& options) {
        AddFilterOptions(sub, options.filter);
        AddReadOptions(sub, options.before, "before-");
        AddReadOptions(sub, options.after);
        sub.add_flag("--entries", options.entries,
                     "print the entries behind each difference");
      },
      Compare);
}

}  // namespace chipledger::cli
