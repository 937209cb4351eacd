// chipledger policy: for licensing officers.
#include <algorithm>
#include <iostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/amend.h"
#include "client/cli/cli.h"
#include "client/cli/policy_bench.h"
#include "client/cli/policy_file_options.h"
#include "client/cli/policy_test.h"
#include "client/cli/policy_text.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/count_of.h"
#include "ledger/scenario/policy_file.h"

namespace chipledger::cli {
namespace {

struct AdoptOptions {
  PolicyFileOptions file;
  bool report_only = false;
  bool by_standing = false;
  WriteOptions write;
};

// Whether a policy is to decide. By its standing it is when it is in force and
// the authority enforces it.
v1::AdoptionMode ModeOf(const AdoptOptions& options,
                        const v1::PolicyFile& file) {
  const v1::Provenance& provenance = file.policy().provenance();
  const bool enforced =
      provenance.legal_status() == v1::Provenance::LEGAL_STATUS_IN_FORCE &&
      provenance.enforcement_status() ==
          v1::Provenance::ENFORCEMENT_STATUS_ENFORCED;
  return options.report_only || (options.by_standing && !enforced)
             ? v1::ADOPTION_MODE_REPORT_ONLY
             : v1::ADOPTION_MODE_ENFORCE;
}

// Leaves out rescissions of policies that the ledger does not have.
absl::Status KeepKnownRescissions(Cli& cli, v1::PolicyFile& file) {
  if (file.rescissions().empty()) return absl::OkStatus();
  std::set<std::string> adopted;
  const absl::Status status = ForEachPage(
      v1::ListPoliciesRequest(),
      [&](const auto& page) { return cli.client().ListPolicies(page); },
      [&](const v1::ListPoliciesResponse& page) {
        for (const v1::AdoptedPolicy& one : page.policies()) {
          adopted.insert(one.policy().policy_id());
        }
        return true;
      });
  if (!status.ok()) return status;
  auto& ended = *file.mutable_rescissions();
  ended.erase(std::remove_if(ended.begin(), ended.end(),
                             [&](const v1::RescindPolicy& rescission) {
                               return !adopted.contains(rescission.policy_id());
                             }),
              ended.end());
  if (ended.empty() && !file.has_policy()) {
    return absl::FailedPreconditionError(
        "the file ends policies, and the ledger has none of them");
  }
  return absl::OkStatus();
}

void PrintAdoption(const v1::PolicyFile& file, v1::AdoptionMode mode) {
  if (file.has_policy()) {
    std::cout << "Policy " << file.policy().policy_id() << ": "
              << CountOf(file.policy().rules_size(), "rule") << ", "
              << CountOf(file.country_groups_size(), "country group")
              << (mode == v1::ADOPTION_MODE_REPORT_ONLY ? ", report only" : "")
              << "\n";
  }
  for (const v1::Setting& setting : file.policy().settings()) {
    if (setting.value().empty()) continue;
    std::cout << "  " << setting.name() << "=" << setting.value() << "\n";
  }
  if (!file.parties().empty()) {
    std::cout << "Parties registered: "
              << absl::StrJoin(file.parties(), ", ",
                               [](std::string* out, const v1::Party& party) {
                                 *out += party.party_id();
                               })
              << "\n";
  }
  for (const v1::RescindPolicy& ended : file.rescissions()) {
    std::cout << "Policy " << ended.policy_id() << " ends with "
              << ended.effective_date() << "\n";
  }
}

int Adopt(Cli& cli, const AdoptOptions& options) {
  absl::StatusOr<ChosenPolicy> chosen = ChoosePolicy(options.file);
  if (!chosen.ok()) return Fail(cli, chosen.status());
  v1::PolicyFile& file = chosen->file;
  const absl::StatusOr<std::vector<v1::Party>> parties =
      UnknownParties(cli, file);
  if (!parties.ok()) return Fail(cli, parties.status());
  file.mutable_parties()->Assign(parties->begin(), parties->end());
  if (const absl::Status kept = KeepKnownRescissions(cli, file); !kept.ok()) {
    return Fail(cli, kept);
  }
  v1::SubmitPolicyCommandsRequest request;
  SetWriteOptions(options.write, request);
  const v1::AdoptionMode mode = ModeOf(options, file);
  for (v1::Command& command : scenarios::AdoptionOf(file, mode)) {
    *request.add_commands() = std::move(command);
  }
  const auto response = cli.client().SubmitPolicyCommands(request);
  if (!response.ok()) {
    // Programs get the fields as the server names them.
    return Fail(cli, cli.json ? response.status()
                              : InTermsOfFile(response.status(), *chosen));
  }
  return Finish(cli, response,
                [&](const v1::SubmitPolicyCommandsResponse& recorded) {
                  PrintAdoption(file, mode);
                  PrintWriteResult(recorded.result());
                });
}

struct RescindOptions {
  v1::RescindPolicy command;
  WriteOptions write;
};

int Rescind(Cli& cli, const RescindOptions& options) {
  v1::RescindPolicyRequest request;
  SetWriteOptions(options.write, request);
  *request.mutable_command() = options.command;
  return Finish(cli, cli.client().RescindPolicy(request),
                [](const v1::RescindPolicyResponse& response) {
                  PrintWriteResult(response.result());
                });
}

struct ListOptions {
  v1::ReadPoint read_point;
};

// How far a policy adopted late has counted the log; empty for the others.
std::string BackfillText(const v1::AdoptedPolicy& adopted) {
  if (!adopted.has_backfill()) return "";
  const v1::Backfill& backfill = adopted.backfill();
  if (!backfill.done()) {
    return absl::StrCat(
        "counts entries below ",
        FormatCount(static_cast<int64_t>(backfill.through_index())), " first, ",
        backfill.parts(), " parts recorded; it refuses nothing until then");
  }
  return absl::StrCat(
      "counted ", FormatCount(static_cast<int64_t>(backfill.facts())),
      " facts from before its adoption, ",
      FormatCount(static_cast<int64_t>(backfill.violating_facts())),
      " of them over a limit");
}

int List(Cli& cli, const ListOptions& options) {
  v1::ListPoliciesRequest request;
  *request.mutable_read_point() = options.read_point;
  Table table({"POLICY", "VERSION>", "TITLE", "STANDING",
               "ENFORCED BY AUTHORITY", "FROM", "TO", "ADOPTED", "RULES>",
               "ENTRY>"});
  std::string notes;
  const auto add = [&](const v1::AdoptedPolicy& adopted) {
    if (cli.json) return PrintJson(adopted);
    const v1::Policy& policy = adopted.policy();
    std::string to = policy.effective_to();
    if (!adopted.rescinded_from().empty()) {
      to = absl::StrCat("rescinded from ", adopted.rescinded_from());
    }
    if (!adopted.superseded_from().empty()) {
      to = absl::StrCat("amended from ", adopted.superseded_from());
    }
    table.AddRow(
        {policy.policy_id(), absl::StrCat(adopted.version()), policy.title(),
         FormatEnum(policy.provenance().legal_status(), "LEGAL_STATUS_"),
         FormatEnum(policy.provenance().enforcement_status(),
                    "ENFORCEMENT_STATUS_"),
         adopted.amended_from().empty() ? policy.effective_from()
                                        : adopted.amended_from(),
         to.empty() ? "open" : to, FormatEnum(adopted.mode(), "ADOPTION_MODE_"),
         absl::StrCat(policy.rules_size()), absl::StrCat(adopted.index())});
    if (adopted.has_backfill()) {
      absl::StrAppend(&notes, policy.policy_id(), " ", BackfillText(adopted),
                      ".\n");
    }
  };
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListPolicies(page); },
      [&](const v1::ListPoliciesResponse& page) {
        for (const v1::AdoptedPolicy& adopted : page.policies()) add(adopted);
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "policy", false, "chipledger policy adopt FILE");
    std::cout << notes;
  }
  return kDone;
}

std::string WindowText(const v1::Window& window) {
  switch (window.kind_case()) {
    case v1::Window::kFixed:
      return absl::StrCat(window.fixed().from(), " to ", window.fixed().to());
    case v1::Window::kCalendarYear:
      return "calendar year";
    case v1::Window::kCalendarQuarter:
      return "calendar quarter";
    case v1::Window::kValidityOfAuthorization:
      return "validity of the license";
    case v1::Window::kPerOrder:
      return "each order";
    case v1::Window::kOpen:
    case v1::Window::KIND_NOT_SET:
      return "open";
  }
  return "";
}

// Which version it is and when it holds; empty for the only one.
std::string VersionText(const v1::AdoptedPolicy& adopted) {
  if (adopted.version() <= 1 && adopted.superseded_from().empty()) return "";
  std::string text = absl::StrCat("Version ", adopted.version());
  if (!adopted.amended_from().empty()) {
    absl::StrAppend(&text, " from ", adopted.amended_from());
  }
  if (!adopted.superseded_from().empty()) {
    absl::StrAppend(&text, ", followed by another from ",
                    adopted.superseded_from());
  }
  return text + "\n";
}

void PrintPolicy(const v1::AdoptedPolicy& adopted) {
  const v1::Policy& policy = adopted.policy();
  std::cout << policy.policy_id() << ": " << OneLine(policy.title()) << "\n";
  if (!policy.description().empty()) {
    std::cout << OneLine(policy.description()) << "\n";
  }
  std::cout << "In force from " << policy.effective_from() << " to "
            << (policy.effective_to().empty() ? "open" : policy.effective_to())
            << (adopted.rescinded_from().empty()
                    ? ""
                    : absl::StrCat(", rescinded from ",
                                   adopted.rescinded_from()))
            << (adopted.version() > 1 ? "; amended by entry "
                                      : "; adopted as entry ")
            << adopted.index() << " to "
            << FormatEnum(adopted.mode(), "ADOPTION_MODE_") << "\n"
            << VersionText(adopted)
            << "Citation: " << OneLine(policy.provenance().citation()) << " ("
            << FormatEnum(policy.provenance().legal_status(), "LEGAL_STATUS_")
            << ")\n";
  if (adopted.has_backfill()) {
    std::cout << "Backfill: " << BackfillText(adopted) << "\n";
    const auto& indexes = adopted.backfill().first_violating_indexes();
    if (!indexes.empty()) {
      std::cout << "Entries over a limit: " << absl::StrJoin(indexes, ", ")
                << "\n";
    }
  }
  for (const v1::CountryTreatment& treatment : policy.country_treatments()) {
    std::cout << treatment.country() << " is treated as "
              << treatment.treated_as();
    if (!treatment.effective_from().empty()) {
      std::cout << " from " << treatment.effective_from();
    }
    std::cout << "\n";
  }
  Table table({"RULE", "TITLE", "MEASURE", "COUNTS", "WINDOW", "LIMIT>",
               "ENFORCEMENT", "CITATION"});
  for (const v1::Rule& rule : policy.rules()) {
    table.AddRow(
        {rule.rule_id(), rule.title(), FormatEnum(rule.measure(), "MEASURE_"),
         FormatEnum(rule.accrual(), "ACCRUAL_"), WindowText(rule.window()),
         LimitsText(rule), FormatEnum(rule.enforcement().mode(), "MODE_"),
         rule.provenance().citation()});
  }
  std::cout << table.ToString();
  for (const v1::Setting& setting : policy.settings()) {
    std::cout << "Setting " << OneLine(setting.name()) << ": "
              << OneLine(setting.question()) << " "
              << OneLine(setting.chosen());
    if (!setting.value().empty()) {
      std::cout << " (" << setting.name() << "=" << setting.value() << ")";
    }
    std::cout << "\n";
  }
}

struct ShowOptions {
  std::string policy_id;
  uint32_t version = 0;
  v1::ReadPoint read_point;
};

int Show(Cli& cli, const ShowOptions& options) {
  v1::GetPolicyRequest request;
  request.set_policy_id(options.policy_id);
  request.set_version(options.version);
  *request.mutable_read_point() = options.read_point;
  return Finish(cli, cli.client().GetPolicy(request),
                [](const v1::GetPolicyResponse& response) {
                  PrintPolicy(response.policy());
                });
}

void AddRescindOptions(CLI::App& app, RescindOptions& options) {
  const auto text = [&](const std::string& name, const std::string& description,
                        std::function<void(const std::string&)> set) {
    AddText(app, name, description, std::move(set))->required();
  };
  v1::RescindPolicy& command = options.command;
  text("POLICY", "the policy",
       [&](const std::string& value) { command.set_policy_id(value); });
  text("--date", "first date it no longer applies to",
       [&](const std::string& value) { command.set_effective_date(value); });
  text("--reason", "why, with the citation",
       [&](const std::string& value) { command.set_reason(value); });
  AddWriteOptions(app, options.write);
}

}  // namespace

void AddPolicyCommands(CLI::App& app, Cli& cli) {
  CLI::App* group = app.add_subcommand(
      "policy", "adopt and rescind policies, and try them out; country groups");
  group->require_subcommand(1);
  AddCommand<AdoptOptions>(
      *group, cli, "adopt",
      "adopt a policy file with its country groups, all or nothing",
      [](CLI::App& sub, AdoptOptions& options) {
        AddPolicyFileOptions(sub, "a chipledger.v1.PolicyFile as .textproto",
                             options.file);
        CLI::Option* report_only = sub.add_flag(
            "--report-only", options.report_only,
            "every rule only reports: to watch a policy without being bound by "
            "it");
        sub.add_flag("--by-standing", options.by_standing,
                     "to decide if the file says that the policy is in force "
                     "and enforced, else to report only")
            ->excludes(report_only);
        AddWriteOptions(sub, options.write);
      },
      Adopt);
  AddAmendCommands(*group, cli);
  AddCommand<RescindOptions>(*group, cli, "rescind",
                             "end a policy from a date on", AddRescindOptions,
                             Rescind);
  AddCommand<ListOptions>(
      *group, cli, "list", "list policies in the order adopted",
      [](CLI::App& sub, ListOptions& options) {
        AddReadOptions(sub, options.read_point);
      },
      List);
  AddCommand<ShowOptions>(
      *group, cli, "show", "show a policy with its rules",
      [](CLI::App& sub, ShowOptions& options) {
        sub.add_option("POLICY", options.policy_id, "the policy")->required();
        sub.add_option("--version", options.version,
                       "which version; the latest unless given");
        AddReadOptions(sub, options.read_point);
      },
      Show);
  AddReportsCommand(*group, cli);
  AddExplainCommand(*group, cli);
  AddWhatIfCommand(*group, cli);
  AddPolicyBenchCommands(*group, cli);
  AddPolicyTestCommand(*group, cli);
  AddGroupCommands(*group, cli);
}

}  // namespace chipledger::cli
