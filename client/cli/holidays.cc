// chipledger policy group holidays: calendars of legal holidays.
#include <iostream>

#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"

namespace chipledger::cli {
namespace {

struct ChangeOptions {
  std::string calendar_id;
  std::vector<std::string> add;
  std::vector<std::string> remove;
  std::string reason;
  WriteOptions write;
};

int Change(Cli& cli, const ChangeOptions& options) {
  v1::ChangeHolidaysRequest request;
  SetWriteOptions(options.write, request);
  v1::ChangeHolidays& command = *request.mutable_command();
  command.set_calendar_id(options.calendar_id);
  command.mutable_add_dates()->Assign(options.add.begin(), options.add.end());
  command.mutable_remove_dates()->Assign(options.remove.begin(),
                                         options.remove.end());
  command.set_reason(options.reason);
  return Finish(cli, cli.client().ChangeHolidays(request),
                [](const v1::ChangeHolidaysResponse& response) {
                  PrintWriteResult(response.result());
                });
}

struct AdoptOptions {
  std::string file;
  WriteOptions write;
};

int Adopt(Cli& cli, const AdoptOptions& options) {
  v1::ChangeHolidaysRequest request;
  SetWriteOptions(options.write, request);
  if (const absl::Status read =
          ReadTextProto(options.file, *request.mutable_command());
      !read.ok()) {
    return Fail(cli, read);
  }
  return Finish(cli, cli.client().ChangeHolidays(request),
                [](const v1::ChangeHolidaysResponse& response) {
                  PrintWriteResult(response.result());
                });
}

int List(Cli& cli, const v1::ListHolidayCalendarsRequest& request) {
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListHolidayCalendars(page); },
      [&](const v1::ListHolidayCalendarsResponse& page) {
        for (const v1::HolidayCalendar& calendar : page.calendars()) {
          if (cli.json) {
            PrintJson(calendar);
          } else {
            std::cout << calendar.calendar_id() << ": "
                      << absl::StrJoin(calendar.dates(), ", ") << "\n";
          }
        }
        return true;
      });
  return status.ok() ? kDone : Fail(cli, status);
}

}  // namespace

void AddHolidayCommands(CLI::App& group, Cli& cli) {
  CLI::App* holidays = group.add_subcommand(
      "holidays", "calendars of legal holidays, for the expiry of licenses");
  holidays->require_subcommand(1);
  AddCommand<ChangeOptions>(
      *holidays, cli, "change",
      "change a calendar; the first change makes the calendar",
      [](CLI::App& sub, ChangeOptions& options) {
        sub.add_option("CALENDAR", options.calendar_id,
                       "the calendar, such as us.federal")
            ->required();
        sub.add_option("--add", options.add, "a holiday; repeat it");
        sub.add_option("--remove", options.remove,
                       "a date that is none; repeat it");
        sub.add_option("--reason", options.reason, "why, with the citation")
            ->required();
        AddWriteOptions(sub, options.write);
      },
      Change);
  AddCommand<AdoptOptions>(
      *holidays, cli, "adopt", "adopt a list of holidays from a file",
      [](CLI::App& sub, AdoptOptions& options) {
        sub.add_option("FILE", options.file,
                       "a chipledger.v1.ChangeHolidays as .textproto, such as "
                       "us-federal.textproto")
            ->required();
        AddWriteOptions(sub, options.write);
      },
      Adopt);
  AddCommand<v1::ListHolidayCalendarsRequest>(
      *holidays, cli, "list", "list calendars",
      [](CLI::App& sub, v1::ListHolidayCalendarsRequest& request) {
        AddReadOptions(sub, *request.mutable_read_point());
      },
      List);
}

}  // namespace chipledger::cli
