// chipledger headroom: what is left under the limits.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/filter_options.h"
#include "client/cli/print.h"
#include "client/cli/total_options.h"

namespace chipledger::cli {
namespace {

constexpr int kRowsPerPage = 10'000;

struct ListOptions {
  FilterOptions filter;
  bool deciding = false;
  v1::ReadPoint read_point;
};

// Whether the rule of a row can refuse what is dated as the row is.
bool Decides(const v1::HeadroomRow& row) {
  return row.in_force() && !row.backfilling() &&
         (row.enforcement() == v1::Enforcement::MODE_REFUSE ||
          row.enforcement() == v1::Enforcement::MODE_PRESUME_DENIAL);
}

// Says on standard error why there is no row and what to ask.
void ExplainNoRows(Cli& cli, const v1::ListHeadroomRequest& list,
                   bool deciding) {
  v1::ListPoliciesRequest request;
  *request.mutable_read_point() = list.read_point();
  request.set_page_size(1);
  const auto policies = cli.client().ListPolicies(request);
  if (!policies.ok()) return;
  const v1::HeadroomFilter& filter = list.filter();
  if (policies->policies().empty()) {
    std::cerr << "No policy is adopted, so nothing is counted.\n"
                 "  next: chipledger policy adopt FILE\n";
  } else if (filter.destination_country().empty()) {
    std::cerr
        << "Nothing counts here yet: a total is listed once a shipment or "
           "a license counts in it.\n"
           "  next: name a country to see what is left of limits that "
           "nothing has used: chipledger headroom list --country MY\n";
  } else if (deciding) {
    std::cerr << "No rule refuses for " << filter.destination_country()
              << " by its destination alone; who receives and who owns them "
                 "may decide.\n"
                 "  next: chipledger policy explain says of a shipment which "
                 "rules would look at it\n";
  } else {
    std::cerr << "No rule covers " << filter.destination_country()
              << " by its destination alone"
              << (filter.on_date().empty()
                      ? ""
                      : absl::StrCat(" on ", filter.on_date()))
              << ", and nothing has counted.\n"
                 "  next: chipledger policy list says which policies are in "
                 "force and when\n";
  }
}

int List(Cli& cli, const ListOptions& options) {
  const auto filter = MakeFilter(options.filter);
  if (!filter.ok()) return Fail(cli, filter.status());
  v1::ListHeadroomRequest request;
  *request.mutable_filter() = *filter;
  *request.mutable_read_point() = options.read_point;
  request.set_page_size(kRowsPerPage);
  std::vector<v1::HeadroomRow> rows;
  uint64_t size = 0;
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListHeadroom(page); },
      [&](const v1::ListHeadroomResponse& page) {
        size = page.size();
        for (const v1::HeadroomRow& row : page.rows()) {
          if (options.deciding && !Decides(row)) continue;
          if (cli.json) {
            PrintJson(row);
          } else {
            rows.push_back(row);
          }
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    std::cout << FormatHeadroom(rows) << FormatSize(size, options.read_point)
              << std::flush;
    if (rows.empty()) ExplainNoRows(cli, request, options.deciding);
  }
  return kDone;
}

struct GetOptions {
  TotalOptions total;
  std::string on_date;
  v1::ReadPoint read_point;
};

int Get(Cli& cli, const GetOptions& options) {
  const auto group = MakeGroup(options.total);
  if (!group.ok()) return Fail(cli, group.status());
  v1::GetHeadroomRequest request;
  request.set_policy_id(options.total.policy_id);
  request.set_rule_id(options.total.rule_id);
  *request.mutable_group() = *group;
  request.set_on_date(options.on_date);
  *request.mutable_read_point() = options.read_point;
  return Finish(cli, cli.client().GetHeadroom(request),
                [&](const v1::GetHeadroomResponse& response) {
                  std::cout << FormatHeadroom({response.row()})
                            << FormatSize(response.size(), options.read_point);
                });
}

void PrintChanges(const v1::WatchHeadroomResponse& response) {
  if (!response.rows().empty()) {
    std::cout << FormatHeadroom(
        {response.rows().begin(), response.rows().end()});
  }
  for (const auto& row : response.removed_rows()) {
    std::cout << "No longer listed: "
              << FormatRule(row.policy_id(), row.rule_id()) << " of "
              << FormatGroup(row.group())
              << (row.window_start().empty() ? "" : " from ")
              << row.window_start() << "\n";
  }
  if (response.size() > 0) std::cout << FormatSize(response.size(), {});
}

int Watch(Cli& cli, const FilterOptions& options) {
  const auto filter = MakeFilter(options);
  if (!filter.ok()) return Fail(cli, filter.status());
  v1::WatchHeadroomRequest request;
  *request.mutable_filter() = *filter;
  const absl::Status status = cli.client().WatchHeadroom(
      request, [&](const v1::WatchHeadroomResponse& response) {
        if (cli.json) {
          PrintJson(response);
        } else if (!response.rows().empty() ||
                   !response.removed_rows().empty()) {
          PrintChanges(response);
        }
        std::cout.flush();
        // A reader that went away ends the watch.
        return static_cast<bool>(std::cout);
      });
  return status.ok() ? kDone : Fail(cli, status);
}

}  // namespace

void AddHeadroomCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "headroom", "what is left under the limits: now, then, and live");
  group->require_subcommand(1);
  AddCommand<ListOptions>(
      *group, cli, "list", "list totals against their limits",
      [](CLI::App& sub, ListOptions& options) {
        AddFilterOptions(sub, options.filter);
        sub.add_flag("--deciding", options.deciding,
                     "only totals by which a rule can refuse, not those that "
                     "are only reported or not in force");
        AddReadOptions(sub, options.read_point);
      },
      List);
  AddCommand<GetOptions>(
      *group, cli, "get", "read one total of one rule",
      [](CLI::App& sub, GetOptions& options) {
        AddTotalOptions(sub, options.total);
        sub.add_option("--on-date", options.on_date,
                       "the date whose window is meant (default: today)");
        AddReadOptions(sub, options.read_point);
      },
      Get);
  AddCommand<FilterOptions>(*group, cli, "watch",
                            "print rows, then those that change, until stopped",
                            AddFilterOptions, Watch);
  AddTotalCommands(*group, cli);
  AddCompareCommand(*group, cli);
  AddNoticesCommand(*group, cli);
}

}  // namespace chipledger::cli
