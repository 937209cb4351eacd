// chipledger headroom: what is left under the limits.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr int kRowsPerPage = 10'000;

struct Options {
  v1::HeadroomFilter filter;
  std::string country;
};

void AddOptions(CLI::App& app, Options& options, bool one_rule) {
  const auto text = [&](const std::string& name, const std::string& description,
                        std::function<void(const std::string&)> set) {
    return app.add_option_function<std::string>(name, std::move(set),
                                                description);
  };
  v1::HeadroomFilter& filter = options.filter;
  text("--policy", "only this policy's rules", [&](const std::string& value) {
    filter.set_policy_id(value);
  })->required(one_rule);
  text("--rule", "only rules with this id", [&](const std::string& value) {
    filter.set_rule_id(value);
  })->required(one_rule);
  app.add_option("--country", options.country,
                 "only totals that this destination's facts go into");
  text("--license", "only totals of this license",
       [&](const std::string& value) { filter.set_license_id(value); });
  text("--on-date", "only the window and the policies of this date",
       [&](const std::string& value) { filter.set_on_date(value); });
}

absl::StatusOr<v1::HeadroomFilter> MakeFilter(const Options& options) {
  v1::HeadroomFilter filter = options.filter;
  if (!options.country.empty()) {
    ASSIGN_OR_RETURN(const std::string country, ParseCountry(options.country));
    filter.set_destination_country(country);
  }
  return filter;
}

int List(Cli& cli, const Options& options) {
  const auto filter = MakeFilter(options);
  if (!filter.ok()) return Fail(cli, filter.status());
  v1::ListHeadroomRequest request;
  *request.mutable_filter() = *filter;
  request.set_page_size(kRowsPerPage);
  std::vector<v1::HeadroomRow> rows;
  uint64_t size = 0;
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListHeadroom(page); },
      [&](const v1::ListHeadroomResponse& page) {
        size = page.size();
        for (const v1::HeadroomRow& row : page.rows()) {
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
    std::cout << FormatHeadroom(rows) << "As of ledger size "
              << FormatCount(static_cast<int64_t>(size)) << ".\n";
  }
  return kDone;
}

int Get(Cli& cli, const Options& options) {
  const auto filter = MakeFilter(options);
  if (!filter.ok()) return Fail(cli, filter.status());
  v1::GetHeadroomRequest request;
  request.set_policy_id(filter->policy_id());
  request.set_rule_id(filter->rule_id());
  request.mutable_group()->set_destination_country(
      filter->destination_country());
  request.mutable_group()->set_license_id(filter->license_id());
  request.set_on_date(filter->on_date());
  return Finish(cli, cli.client().GetHeadroom(request),
                [](const v1::GetHeadroomResponse& response) {
                  std::cout
                      << FormatHeadroom({response.row()})
                      << "As of ledger size "
                      << FormatCount(static_cast<int64_t>(response.size()))
                      << ".\n";
                });
}

int Watch(Cli& cli, const Options& options) {
  const auto filter = MakeFilter(options);
  if (!filter.ok()) return Fail(cli, filter.status());
  v1::WatchHeadroomRequest request;
  *request.mutable_filter() = *filter;
  const absl::Status status = cli.client().WatchHeadroom(
      request, [&](const v1::WatchHeadroomResponse& response) {
        if (cli.json) {
          PrintJson(response);
        } else if (!response.rows().empty()) {
          std::cout << FormatHeadroom(
                           {response.rows().begin(), response.rows().end()})
                    << "As of ledger size "
                    << FormatCount(static_cast<int64_t>(response.size()))
                    << ".\n";
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
      "headroom", "what is left under the limits: now, and live");
  group->require_subcommand(1);
  AddCommand<Options>(
      *group, cli, "list", "list totals against their limits",
      [](CLI::App& sub, Options& options) { AddOptions(sub, options, false); },
      List);
  AddCommand<Options>(
      *group, cli, "get", "read one total of one rule",
      [](CLI::App& sub, Options& options) { AddOptions(sub, options, true); },
      Get);
  AddCommand<Options>(
      *group, cli, "watch", "print rows, then those that change, until stopped",
      [](CLI::App& sub, Options& options) { AddOptions(sub, options, false); },
      Watch);
}

}  // namespace chipledger::cli
