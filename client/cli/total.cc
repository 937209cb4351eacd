// chipledger headroom timeline, entries: how one total came about.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/total_options.h"

namespace chipledger::cli {
namespace {

constexpr int kEntriesPerPage = 1'000;

struct TimelineOptions {
  TotalOptions total;
  std::string from;
  std::string to;
  v1::ReadPoint read_point;
};

std::string LimitOf(const v1::GetTimelineResponse::Point& point,
                    v1::Measure measure) {
  if (point.has_limit()) return FormatAmount(measure, point.limit());
  return point.status() == v1::HeadroomRow::STATUS_UNKNOWN_LIMIT ? "unknown"
                                                                 : "none";
}

void PrintTimeline(const v1::GetTimelineResponse& timeline) {
  const v1::Measure measure = timeline.measure();
  Table table({"FROM", "WINDOW", "USED>", "RESERVED>", "LIMIT>", "HEADROOM>",
               "STATUS"});
  for (const auto& point : timeline.points()) {
    table.AddRow({point.date(), FormatWindow(point.window_start(), ""),
                  FormatAmount(measure, point.used()),
                  FormatAmount(measure, point.reserved()),
                  LimitOf(point, measure),
                  point.has_limit()
                      ? FormatAmount(measure, point.limit() - point.used() -
                                                  point.reserved())
                      : "-",
                  FormatEnum(point.status(), "STATUS_")});
  }
  std::cout << table.ToString();
}

int Timeline(Cli& cli, const TimelineOptions& options) {
  const auto group = MakeGroup(options.total);
  if (!group.ok()) return Fail(cli, group.status());
  v1::GetTimelineRequest request;
  request.set_policy_id(options.total.policy_id);
  request.set_rule_id(options.total.rule_id);
  *request.mutable_group() = *group;
  request.set_from_date(options.from);
  request.set_to_date(options.to);
  *request.mutable_read_point() = options.read_point;
  return Finish(cli, cli.client().GetTimeline(request),
                [&](const v1::GetTimelineResponse& response) {
                  PrintTimeline(response);
                  std::cout << FormatSize(response.size(), options.read_point);
                });
}

struct EntriesOptions {
  TotalOptions total;
  std::string on_date;
  uint64_t from = 0;
  int64_t limit = 0;
  v1::ReadPoint read_point;
};

// Reads the measure of the total, which the entries do not repeat.
absl::StatusOr<v1::Measure> MeasureOf(
    Cli& cli, const v1::ListTotalEntriesRequest& entries) {
  v1::GetHeadroomRequest request;
  request.set_policy_id(entries.policy_id());
  request.set_rule_id(entries.rule_id());
  *request.mutable_group() = entries.group();
  request.set_on_date(entries.on_date());
  *request.mutable_read_point() = entries.read_point();
  const auto response = cli.client().GetHeadroom(request);
  if (!response.ok()) return response.status();
  return response->row().measure();
}

int Entries(Cli& cli, const EntriesOptions& options) {
  const auto group = MakeGroup(options.total);
  if (!group.ok()) return Fail(cli, group.status());
  v1::ListTotalEntriesRequest request;
  request.set_policy_id(options.total.policy_id);
  request.set_rule_id(options.total.rule_id);
  *request.mutable_group() = *group;
  request.set_on_date(options.on_date);
  request.set_start_index(options.from);
  *request.mutable_read_point() = options.read_point;
  request.set_page_size(kEntriesPerPage);
  const auto measure = MeasureOf(cli, request);
  if (!measure.ok()) return Fail(cli, measure.status());
  std::vector<v1::ListTotalEntriesResponse::Movement> movements;
  int64_t count = 0;
  uint64_t size = 0;
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListTotalEntries(page); },
      [&](const v1::ListTotalEntriesResponse& page) {
        size = page.size();
        for (const auto& movement : page.movements()) {
          if (options.limit > 0 && count == options.limit) return false;
          ++count;
          if (cli.json) {
            PrintJson(movement);
          } else {
            movements.push_back(movement);
          }
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    std::cout << FormatMovements(*measure, movements)
              << FormatSize(size, options.read_point);
  }
  return kDone;
}

}  // namespace

void AddTotalCommands(CLI::App& headroom, Cli& cli) {
  AddCommand<TimelineOptions>(
      headroom, cli, "timeline", "how one total and its limit went, by date",
      [](CLI::App& sub, TimelineOptions& options) {
        AddTotalOptions(sub, options.total);
        sub.add_option("--from", options.from,
                       "first date (default: the first on which something "
                       "counts)");
        sub.add_option("--to", options.to,
                       "last date (default: the last on which something "
                       "counts, or today)");
        AddReadOptions(sub, options.read_point);
      },
      Timeline);
  AddCommand<EntriesOptions>(
      headroom, cli, "entries", "the entries behind one total",
      [](CLI::App& sub, EntriesOptions& options) {
        AddTotalOptions(sub, options.total);
        sub.add_option("--on-date", options.on_date,
                       "the date whose window is meant (default: today)");
        sub.add_option("--from", options.from,
                       "only entries from this index on")
            ->check(AtLeast(0));
        sub.add_option("--limit", options.limit,
                       "at most this many (default: all)")
            ->check(AtLeast(1));
        AddReadOptions(sub, options.read_point);
      },
      Entries);
}

}  // namespace chipledger::cli
