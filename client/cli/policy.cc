// chipledger policy: for licensing officers.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

// Of a limit, in any measure.
constexpr int kMaxLimitDecimals = 3;

struct AdoptOptions {
  std::string file;
  bool report_only = false;
  WriteOptions write;
};

int Adopt(Cli& cli, const AdoptOptions& options) {
  v1::PolicyFile file;
  if (const absl::Status read = ReadTextProto(options.file, file); !read.ok()) {
    return Fail(cli, read);
  }
  v1::SubmitPolicyCommandsRequest request;
  SetWriteOptions(options.write, request);
  for (const v1::ChangeCountryGroup& group : file.country_groups()) {
    *request.add_commands()->mutable_change_country_group() = group;
  }
  v1::AdoptPolicy& adopt = *request.add_commands()->mutable_adopt_policy();
  *adopt.mutable_policy() = file.policy();
  adopt.set_mode(options.report_only ? v1::ADOPTION_MODE_REPORT_ONLY
                                     : v1::ADOPTION_MODE_ENFORCE);
  return Finish(cli, cli.client().SubmitPolicyCommands(request),
                [&](const v1::SubmitPolicyCommandsResponse& response) {
                  std::cout << "Policy " << file.policy().policy_id() << ": "
                            << file.policy().rules_size() << " rules, "
                            << file.country_groups_size() << " country groups"
                            << (options.report_only ? ", report only" : "")
                            << "\n";
                  PrintWriteResult(response.result());
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

struct ListOptions {};

int List(Cli& cli, const ListOptions&) {
  const auto response = cli.client().ListPolicies({});
  if (!response.ok()) return Fail(cli, response.status());
  Table table({"POLICY", "TITLE", "STANDING", "ENFORCED BY AUTHORITY", "FROM",
               "TO", "ADOPTED", "RULES>", "ENTRY>"});
  for (const v1::AdoptedPolicy& adopted : response->policies()) {
    if (cli.json) {
      PrintJson(adopted);
      continue;
    }
    const v1::Policy& policy = adopted.policy();
    std::string to = policy.effective_to();
    if (!adopted.rescinded_from().empty()) {
      to = absl::StrCat("rescinded from ", adopted.rescinded_from());
    }
    table.AddRow(
        {policy.policy_id(), policy.title(),
         FormatEnum(policy.provenance().legal_status(), "LEGAL_STATUS_"),
         FormatEnum(policy.provenance().enforcement_status(),
                    "ENFORCEMENT_STATUS_"),
         policy.effective_from(), to.empty() ? "open" : to,
         FormatEnum(adopted.mode(), "ADOPTION_MODE_"),
         absl::StrCat(policy.rules_size()), absl::StrCat(adopted.index())});
  }
  if (!cli.json) std::cout << table.ToString();
  return kDone;
}

std::string LimitText(const v1::Rule& rule) {
  const v1::Limit& limit = rule.limit();
  const absl::string_view unit =
      rule.measure() == v1::MEASURE_TPP ? " TPP" : " GPUs";
  switch (limit.kind_case()) {
    case v1::Limit::kConstant: {
      const auto milli = ParseDecimal(limit.constant(), kMaxLimitDecimals);
      return absl::StrCat(
          milli ? FormatDecimalForPeople(*milli, kMaxLimitDecimals)
                : limit.constant(),
          unit);
    }
    case v1::Limit::kZero:
      return absl::StrCat("0", unit);
    case v1::Limit::kNone:
      return "none";
    default:
      return limit.ShortDebugString();
  }
}

std::string WindowText(const v1::Window& window) {
  switch (window.kind_case()) {
    case v1::Window::kFixed:
      return absl::StrCat(window.fixed().from(), " to ", window.fixed().to());
    case v1::Window::kCalendarYear:
      return "calendar year";
    case v1::Window::kOpen:
      return "open";
    default:
      return window.ShortDebugString();
  }
}

void PrintPolicy(const v1::AdoptedPolicy& adopted) {
  const v1::Policy& policy = adopted.policy();
  std::cout << policy.policy_id() << ": " << policy.title() << "\n";
  if (!policy.description().empty()) std::cout << policy.description() << "\n";
  std::cout << "In force from " << policy.effective_from() << " to "
            << (policy.effective_to().empty() ? "open" : policy.effective_to())
            << (adopted.rescinded_from().empty()
                    ? ""
                    : absl::StrCat(", rescinded from ",
                                   adopted.rescinded_from()))
            << "; adopted as entry " << adopted.index() << " to "
            << FormatEnum(adopted.mode(), "ADOPTION_MODE_") << "\n"
            << "Citation: " << policy.provenance().citation() << " ("
            << FormatEnum(policy.provenance().legal_status(), "LEGAL_STATUS_")
            << ")\n";
  Table table({"RULE", "TITLE", "MEASURE", "COUNTS", "WINDOW", "LIMIT>",
               "ENFORCEMENT", "CITATION"});
  for (const v1::Rule& rule : policy.rules()) {
    table.AddRow(
        {rule.rule_id(), rule.title(), FormatEnum(rule.measure(), "MEASURE_"),
         FormatEnum(rule.accrual(), "ACCRUAL_"), WindowText(rule.window()),
         LimitText(rule), FormatEnum(rule.enforcement().mode(), "MODE_"),
         rule.provenance().citation()});
  }
  std::cout << table.ToString();
}

struct ShowOptions {
  std::string policy_id;
};

int Show(Cli& cli, const ShowOptions& options) {
  v1::GetPolicyRequest request;
  request.set_policy_id(options.policy_id);
  return Finish(cli, cli.client().GetPolicy(request),
                [](const v1::GetPolicyResponse& response) {
                  PrintPolicy(response.policy());
                });
}

void AddRescindOptions(CLI::App& app, RescindOptions& options) {
  const auto text = [&](const std::string& name, const std::string& description,
                        std::function<void(const std::string&)> set) {
    app.add_option_function<std::string>(name, std::move(set), description)
        ->required();
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
      "policy", "adopt and rescind policies; country groups");
  group->require_subcommand(1);
  AddCommand<AdoptOptions>(
      *group, cli, "adopt",
      "adopt a policy file with its country groups, all or nothing",
      [](CLI::App& sub, AdoptOptions& options) {
        sub.add_option("FILE", options.file,
                       "a chipledger.v1.PolicyFile as .textproto")
            ->required();
        sub.add_flag("--report-only", options.report_only,
                     "every rule only reports: to watch a policy without "
                     "being bound by it");
        AddWriteOptions(sub, options.write);
      },
      Adopt);
  AddCommand<RescindOptions>(*group, cli, "rescind",
                             "end a policy from a date on", AddRescindOptions,
                             Rescind);
  AddCommand<ListOptions>(
      *group, cli, "list", "list policies in the order adopted",
      [](CLI::App&, ListOptions&) {}, List);
  AddCommand<ShowOptions>(
      *group, cli, "show", "show a policy with its rules",
      [](CLI::App& sub, ShowOptions& options) {
        sub.add_option("POLICY", options.policy_id, "the policy")->required();
      },
      Show);
  AddGroupCommands(*group, cli);
}

}  // namespace chipledger::cli
