// chipledger headroom notices: what rules ask to be told of.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"

namespace chipledger::cli {
namespace {

constexpr int kNoticesPerPage = 1'000;

struct NoticesOptions {
  v1::ListNoticesRequest request;
  int64_t limit = 0;
};

using Notice = v1::ListNoticesResponse::Notice;

void PrintNotices(const std::vector<Notice>& notices) {
  Table table({"ENTRY>", "RECORDED", "RULE", "TOTAL OF", "WINDOW", "THRESHOLD>",
               "TOTAL>", "KIND", "SUBJECT", "COUNTS BY"});
  for (const Notice& notice : notices) {
    table.AddRow(
        {absl::StrCat(notice.index()), FormatTime(notice.record_time()),
         FormatRule(notice.policy_id(), notice.rule_id()),
         FormatGroup(notice.group()), FormatWindow(notice.window_start(), ""),
         FormatAmount(notice.measure(), notice.threshold()),
         FormatAmount(notice.measure(), notice.total()), notice.kind(),
         notice.subject(), notice.date()});
  }
  std::cout << table.ToString();
}

int Notices(Cli& cli, const NoticesOptions& options) {
  v1::ListNoticesRequest request = options.request;
  request.set_page_size(kNoticesPerPage);
  std::vector<Notice> notices;
  int64_t count = 0;
  uint64_t size = 0;
  const absl::Status status = ForEachPage(
      request, [&](const auto& page) { return cli.client().ListNotices(page); },
      [&](const v1::ListNoticesResponse& page) {
        size = page.size();
        for (const Notice& notice : page.notices()) {
          if (options.limit > 0 && count == options.limit) return false;
          ++count;
          if (cli.json) {
            PrintJson(notice);
          } else {
            notices.push_back(notice);
          }
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintNotices(notices);
    std::cout << FormatSize(size, request.read_point()) << std::flush;
    if (notices.empty()) {
      std::cerr << "No entry has reached the threshold of a rule that asks for "
                   "notice.\n";
    }
  }
  return kDone;
}

}  // namespace

void AddNoticesCommand(CLI::App& headroom, Cli& cli) {
  AddCommand<NoticesOptions>(
      headroom, cli, "notices",
      "the entries that reached the threshold of a rule that asks for notice",
      [](CLI::App& sub, NoticesOptions& options) {
        v1::ListNoticesRequest& request = options.request;
        AddText(sub, "--policy", "only this policy's rules",
                [&](const std::string& text) { request.set_policy_id(text); });
        AddText(sub, "--rule", "only rules with this id",
                [&](const std::string& text) { request.set_rule_id(text); });
        sub.add_option_function<int64_t>(
               "--from",
               [&](int64_t index) {
                 request.set_start_index(static_cast<uint64_t>(index));
               },
               "only entries from this index on")
            ->check(AtLeast(0));
        sub.add_option("--limit", options.limit,
                       "at most this many (default: all)")
            ->check(AtLeast(1));
        AddReadOptions(sub, *request.mutable_read_point());
      },
      Notices);
}

}  // namespace chipledger::cli
