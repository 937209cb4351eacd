#include "client/cli/amend.h"

#include <iostream>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/policy_compare.h"
#include "client/cli/policy_file_options.h"
#include "client/cli/policy_text.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"

namespace chipledger::cli {
namespace {

struct AmendOptions {
  PolicyFileOptions file;
  v1::AmendPolicy command;
  bool report_only = false;
  bool enforce = false;
  // Another policy to compare with, of diff.
  std::string other;
  WriteOptions write;
};

// Reads the amendment that the options ask for, and the policy's file.
absl::StatusOr<v1::AmendPolicy> ReadAmendment(const AmendOptions& options,
                                              v1::PolicyFile& file) {
  absl::StatusOr<v1::PolicyFile> read = ReadPolicyFile(options.file);
  if (!read.ok()) return read.status();
  file = *std::move(read);
  v1::AmendPolicy command = options.command;
  *command.mutable_policy() = file.policy();
  if (options.report_only) {
    command.set_mode(v1::ADOPTION_MODE_REPORT_ONLY);
  } else if (options.enforce) {
    command.set_mode(v1::ADOPTION_MODE_ENFORCE);
  }
  return command;
}

// The country groups of a policy file that the ledger does not have.
absl::StatusOr<std::vector<v1::ChangeCountryGroup>> UnknownGroups(
    Cli& cli, const v1::PolicyFile& file) {
  std::set<std::string> known;
  const absl::Status status = ForEachPage(
      v1::ListCountryGroupsRequest(),
      [&](const auto& page) { return cli.client().ListCountryGroups(page); },
      [&](const v1::ListCountryGroupsResponse& page) {
        for (const v1::CountryGroup& group : page.groups()) {
          known.insert(group.group_id());
        }
        return true;
      });
  if (!status.ok()) return status;
  std::vector<v1::ChangeCountryGroup> unknown;
  for (const v1::ChangeCountryGroup& group : file.country_groups()) {
    if (!known.contains(group.group_id())) unknown.push_back(group);
  }
  return unknown;
}

int Amend(Cli& cli, const AmendOptions& options) {
  v1::PolicyFile file;
  absl::StatusOr<v1::AmendPolicy> command = ReadAmendment(options, file);
  if (!command.ok()) return Fail(cli, command.status());
  const auto groups = UnknownGroups(cli, file);
  if (!groups.ok()) return Fail(cli, groups.status());
  const auto parties = UnknownParties(cli, file);
  if (!parties.ok()) return Fail(cli, parties.status());
  v1::SubmitPolicyCommandsRequest request;
  SetWriteOptions(options.write, request);
  for (const v1::ChangeCountryGroup& group : *groups) {
    *request.add_commands()->mutable_change_country_group() = group;
  }
  for (const v1::Party& party : *parties) {
    *request.add_commands()->mutable_register_party()->mutable_party() = party;
  }
  *request.add_commands()->mutable_amend_policy() = *std::move(command);
  return Finish(cli, cli.client().SubmitPolicyCommands(request),
                [&](const v1::SubmitPolicyCommandsResponse& response) {
                  std::cout << "Policy " << file.policy().policy_id()
                            << " amended from "
                            << options.command.effective_date() << "\n";
                  PrintWriteResult(response.result());
                });
}

void PrintRuleChanges(const v1::DiffPolicyResponse& response) {
  if (response.rule_changes().empty()) {
    std::cout << "No rule changes.\n";
    return;
  }
  Table table({"RULE", "CHANGE", "LIMIT>", "WOULD BE>"});
  for (const auto& change : response.rule_changes()) {
    const bool is_new = !change.has_before(), ends = !change.has_after();
    table.AddRow({change.rule_id(),
                  is_new ? "new"
                  : ends ? "ends"
                         : absl::StrJoin(change.fields(), ", "),
                  is_new ? "-" : LimitsText(change.before()),
                  ends ? "-" : LimitsText(change.after())});
  }
  std::cout << table.ToString();
}

// An amount of a row; what it is not known or not limited by, in words.
std::string AmountOf(const v1::HeadroomRow& row, bool has, int64_t amount) {
  if (has) return FormatAmount(row.measure(), amount);
  return row.status() == v1::HeadroomRow::STATUS_UNKNOWN_LIMIT ? "unknown"
                                                               : "none";
}

int Diff(Cli& cli, const AmendOptions& options) {
  const bool has_date = !options.command.effective_date().empty();
  if (has_date != options.other.empty()) {
    return Fail(cli,
                absl::InvalidArgumentError(
                    "give either --date, for what an amendment from then "
                    "on would change, or a second policy to compare with"));
  }
  if (!options.other.empty()) {
    return ComparePolicies(cli, options.file, options.other);
  }
  v1::PolicyFile file;
  absl::StatusOr<v1::AmendPolicy> command = ReadAmendment(options, file);
  if (!command.ok()) return Fail(cli, command.status());
  // Nothing is recorded that it could explain.
  if (command->reason().empty()) command->set_reason("not recorded");
  v1::DiffPolicyRequest request;
  *request.mutable_command() = *std::move(command);
  *request.mutable_country_groups() = file.country_groups();
  *request.mutable_parties() = file.parties();
  Table table({"RULE", "TOTAL OF", "WINDOW", "USED>", "LIMIT>", "WOULD BE>",
               "HEADROOM>", "WOULD BE>"});
  bool first = true, any = false;
  const absl::Status status = ForEachPage(
      request, [&](const auto& page) { return cli.client().DiffPolicy(page); },
      [&](const v1::DiffPolicyResponse& page) {
        if (cli.json) {
          PrintJson(page);
          return true;
        }
        if (first) PrintRuleChanges(page);
        first = false;
        for (const auto& pair : page.pairs()) {
          const auto& now = pair.before();
          const auto& then = pair.after();
          const v1::HeadroomRow& row = pair.has_after() ? then : now;
          const auto amount = [&](bool has_row, const v1::HeadroomRow& of,
                                  bool has, int64_t value) {
            return has_row ? AmountOf(of, has, value) : std::string("-");
          };
          any = true;
          table.AddRow(
              {row.rule_id(), FormatGroup(row.group()),
               FormatWindow(row.window_start(), row.window_end()),
               FormatAmount(row.measure(), row.used()),
               amount(pair.has_before(), now, now.has_limit(), now.limit()),
               amount(pair.has_after(), then, then.has_limit(), then.limit()),
               amount(pair.has_before(), now, now.has_headroom(),
                      now.headroom()),
               amount(pair.has_after(), then, then.has_headroom(),
                      then.headroom())});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    std::cout << "\n"
              << (any ? table.ToString()
                      : "No total that has counted anything changes.\n");
  }
  return kDone;
}

CLI::Option* AddAmendmentOptions(CLI::App& app, AmendOptions& options) {
  AddPolicyFileOptions(app,
                       "the whole policy as it is to be, a "
                       "chipledger.v1.PolicyFile as .textproto",
                       options.file);
  CLI::Option* report_only =
      app.add_flag("--report-only", options.report_only,
                   "from then on every rule only reports");
  app.add_flag("--enforce", options.enforce,
               "from then on each rule acts by its own enforcement")
      ->excludes(report_only);
  return AddText(app, "--date", "first date whose facts the new version judges",
                 [&](const std::string& value) {
                   options.command.set_effective_date(value);
                 });
}

}  // namespace

absl::StatusOr<std::vector<v1::Party>> UnknownParties(
    Cli& cli, const v1::PolicyFile& file) {
  std::vector<v1::Party> unknown;
  if (file.parties().empty()) return unknown;
  std::set<std::string> known;
  const absl::Status status = ForEachPage(
      v1::ListPartiesRequest(),
      [&](const auto& page) { return cli.client().ListParties(page); },
      [&](const v1::ListPartiesResponse& page) {
        for (const v1::Party& party : page.parties()) {
          known.insert(party.party_id());
        }
        return true;
      });
  if (!status.ok()) return status;
  for (const v1::Party& party : file.parties()) {
    if (!known.contains(party.party_id())) unknown.push_back(party);
  }
  return unknown;
}

void AddAmendCommands(CLI::App& group, Cli& cli) {
  AddCommand<AmendOptions>(
      group, cli, "amend",
      "replace a policy by a new version of it from a date on; what was used "
      "is kept",
      [](CLI::App& sub, AmendOptions& options) {
        AddAmendmentOptions(sub, options)->required();
        AddText(sub, "--reason", "why, with the citation",
                [&](const std::string& value) {
                  options.command.set_reason(value);
                })
            ->required();
        AddWriteOptions(sub, options.write);
      },
      Amend);
  AddCommand<AmendOptions>(
      group, cli, "diff",
      "what an amendment would change, without recording it: rules, and the "
      "totals they have; or what differs between two policies",
      [](CLI::App& sub, AmendOptions& options) {
        AddAmendmentOptions(sub, options);
        sub.add_option("OTHER", options.other,
                       "a policy to compare FILE with, in place of --date: "
                       "both are files or ids of adopted policies");
      },
      Diff);
}

}  // namespace chipledger::cli
