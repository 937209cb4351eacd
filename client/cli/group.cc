// chipledger policy group: dated sets of countries.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "ledger/base/countries.h"
#include "ledger/base/near.h"

namespace chipledger::cli {
namespace {

struct ChangeOptions {
  std::string group_id;
  std::vector<std::string> join;
  std::vector<std::string> leave;
  std::string reason;
  WriteOptions write;
};

absl::Status AddChanges(const std::vector<std::string>& texts,
                        v1::MembershipChange::Kind kind,
                        v1::ChangeCountryGroup& command) {
  for (const std::string& text : texts) {
    const auto [name, date] = SplitDate(text);
    const auto country = ParseCountry(name);
    if (!country.ok()) return country.status();
    v1::MembershipChange& change = *command.add_changes();
    change.set_country(*country);
    change.set_kind(kind);
    change.set_effective_date(date);
  }
  return absl::OkStatus();
}

int Change(Cli& cli, const ChangeOptions& options) {
  v1::ChangeCountryGroupRequest request;
  SetWriteOptions(options.write, request);
  v1::ChangeCountryGroup& command = *request.mutable_command();
  command.set_group_id(options.group_id);
  command.set_reason(options.reason);
  absl::Status status =
      AddChanges(options.join, v1::MembershipChange::KIND_JOIN, command);
  if (status.ok()) {
    status =
        AddChanges(options.leave, v1::MembershipChange::KIND_LEAVE, command);
  }
  if (!status.ok()) return Fail(cli, status);
  return Finish(cli, cli.client().ChangeCountryGroup(request),
                [](const v1::ChangeCountryGroupResponse& response) {
                  PrintWriteResult(response.result());
                });
}

struct ListOptions {
  std::string group_id;
  v1::ReadPoint read_point;
};

int List(Cli& cli, const ListOptions& options) {
  v1::ListCountryGroupsRequest request;
  *request.mutable_read_point() = options.read_point;
  Table table({"GROUP", "CHANGE", "COUNTRY", "NAME", "FROM"});
  bool found = options.group_id.empty();
  std::vector<std::string> others;
  const auto add = [&](const v1::CountryGroup& group) {
    if (!options.group_id.empty() && group.group_id() != options.group_id) {
      others.push_back(group.group_id());
      return;
    }
    found = true;
    if (cli.json) {
      PrintJson(group);
      return;
    }
    for (const v1::MembershipChange& change : group.changes()) {
      table.AddRow({group.group_id(), FormatEnum(change.kind(), "KIND_"),
                    change.country(),
                    std::string(CountryName(change.country())),
                    change.effective_date().empty() ? "always"
                                                    : change.effective_date()});
    }
  };
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListCountryGroups(page); },
      [&](const v1::ListCountryGroupsResponse& page) {
        for (const v1::CountryGroup& group : page.groups()) add(group);
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!found) {
    return Fail(cli, absl::NotFoundError(absl::StrCat(
                         "there is no country group \"", options.group_id, "\"",
                         DidYouMean(options.group_id, others))));
  }
  if (!cli.json) {
    PrintList(table, "country group", false,
              "chipledger policy group change GROUP --join COUNTRY");
  }
  return kDone;
}

}  // namespace

void AddGroupCommands(CLI::App& policy, Cli& cli) {
  CLI::App* group =
      policy.add_subcommand("group", "country groups with dated membership");
  group->require_subcommand(1);
  AddCommand<ChangeOptions>(
      *group, cli, "change",
      "change a group's membership; the first change makes the group",
      [](CLI::App& sub, ChangeOptions& options) {
        sub.add_option("GROUP", options.group_id, "the group, such as D:5")
            ->required();
        sub.add_option("--join", options.join,
                       "COUNTRY or COUNTRY@DATE that joins; repeat it");
        sub.add_option("--leave", options.leave,
                       "COUNTRY or COUNTRY@DATE that leaves; repeat it; "
                       "applied after the joins");
        sub.add_option("--reason", options.reason, "why, with the citation");
        AddWriteOptions(sub, options.write);
      },
      Change);
  AddCommand<ListOptions>(
      *group, cli, "list", "list groups with their changes",
      [](CLI::App& sub, ListOptions& options) {
        sub.add_option("--group", options.group_id, "only this group");
        AddReadOptions(sub, options.read_point);
      },
      List);
  AddHolidayCommands(*group, cli);
}

}  // namespace chipledger::cli
