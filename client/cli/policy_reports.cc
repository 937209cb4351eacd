// chipledger policy reports: how totals stood on reporting dates.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"

namespace chipledger::cli {
namespace {

constexpr int kReportsPerPage = 100;

struct ReportsOptions {
  v1::ListReportsRequest request;
};

using Report = v1::ListReportsResponse::Report;

std::string LimitText(const v1::RuleEvaluation& total) {
  if (total.has_limit()) return FormatAmount(total.measure(), total.limit());
  return total.unknown_limit() ? "unknown" : "none";
}

std::string HeadroomText(const v1::RuleEvaluation& total) {
  return total.has_headroom_before()
             ? FormatAmount(total.measure(), total.headroom_before())
             : LimitText(total);
}

// How a total stands, in the words of a row of headroom.
std::string StandingText(const v1::RuleEvaluation& total) {
  if (total.has_headroom_before() && total.headroom_before() < 0) {
    return "over-limit";
  }
  switch (total.verdict()) {
    case v1::VERDICT_NOTICE_DUE:
      return "notice-due";
    case v1::VERDICT_REPORTED:
      return "not-measured-in-full";
    case v1::VERDICT_UNKNOWN:
      return "unknown-limit";
    default:
      return total.has_limit() ? "within-limit" : "no-limit";
  }
}

// What is known of the date by now, where that is something else.
std::string NowText(const v1::ListReportsResponse::ReportedTotal& total) {
  if (!total.has_now()) return "as reported";
  return absl::StrCat(
      FormatAmount(total.now().measure(), total.now().used()),
      total.now().reserved() == 0
          ? ""
          : absl::StrCat(
                " and ",
                FormatAmount(total.now().measure(), total.now().reserved()),
                " reserved"),
      " of ", LimitText(total.now()), ", ", StandingText(total.now()));
}

void AddReport(const Report& report, Table& table, std::string& notes) {
  for (const auto& total : report.totals()) {
    const v1::RuleEvaluation& reported = total.reported();
    table.AddRow({report.date(), absl::StrCat(report.index()),
                  FormatTime(report.record_time()), reported.rule_id(),
                  FormatGroup(reported.group()), LimitText(reported),
                  FormatAmount(reported.measure(), reported.used()),
                  FormatAmount(reported.measure(), reported.reserved()),
                  HeadroomText(reported), StandingText(reported),
                  NowText(total)});
  }
  for (const auto& rule : report.rules()) {
    if (rule.totals() > 0) continue;
    table.AddRow({report.date(), absl::StrCat(report.index()),
                  FormatTime(report.record_time()), rule.rule_id(),
                  "nothing counted", "", "", "", "", "", ""});
  }
  if (report.left_out() > 0) {
    absl::StrAppend(&notes, report.date(), ": ",
                    FormatCount(static_cast<int64_t>(report.left_out())),
                    " totals are left out; --json counts them by rule.\n");
  }
}

int Reports(Cli& cli, const ReportsOptions& options) {
  v1::ListReportsRequest request = options.request;
  request.set_page_size(kReportsPerPage);
  Table table({"DATE", "ENTRY>", "RECORDED", "RULE", "TOTAL OF", "LIMIT>",
               "USED>", "RESERVED>", "HEADROOM>", "STATUS", "KNOWN NOW"});
  std::string notes;
  bool any = false;
  uint64_t size = 0;
  const absl::Status status = ForEachPage(
      request, [&](const auto& page) { return cli.client().ListReports(page); },
      [&](const v1::ListReportsResponse& page) {
        size = page.size();
        for (const Report& report : page.reports()) {
          any = true;
          if (cli.json) {
            PrintJson(report);
          } else {
            AddReport(report, table, notes);
          }
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    std::cout << table.ToString() << notes
              << FormatSize(size, request.read_point()) << std::flush;
    if (!any) {
      std::cerr << "No reporting date of the policy is over since its "
                   "adoption.\n";
    }
  }
  return kDone;
}

}  // namespace

void AddReportsCommand(CLI::App& policy, Cli& cli) {
  AddCommand<ReportsOptions>(
      policy, cli, "reports",
      "how the policy's totals stood on its reporting dates",
      [](CLI::App& sub, ReportsOptions& options) {
        v1::ListReportsRequest& request = options.request;
        AddText(sub, "POLICY", "the policy", [&](const std::string& text) {
          request.set_policy_id(text);
        })->required();
        AddReadOptions(sub, *request.mutable_read_point());
      },
      Reports);
}

}  // namespace chipledger::cli
