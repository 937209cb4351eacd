// chipledger policy: for licensing officers.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/policy_test.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
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
  Table table({"POLICY", "TITLE", "STANDING", "ENFORCED BY AUTHORITY", "FROM",
               "TO", "ADOPTED", "RULES>", "ENTRY>"});
  std::string notes;
  const auto add = [&](const v1::AdoptedPolicy& adopted) {
    if (cli.json) return PrintJson(adopted);
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

// A decimal of a policy file with its rule's unit.
std::string AmountText(const v1::Rule& rule, const std::string& text) {
  const auto milli = ParseDecimal(text, kMaxLimitDecimals);
  const std::string amount =
      milli ? FormatDecimalForPeople(*milli, kMaxLimitDecimals) : text;
  switch (rule.measure()) {
    case v1::MEASURE_TPP:
      return amount + " TPP";
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return absl::StrCat(amount, " x ", rule.reference().product_code());
    case v1::MEASURE_VALUE_USD:
      return amount + " USD";
    default:
      return amount + " GPUs";
  }
}

std::string ScheduleText(const v1::Rule& rule, const v1::Limit& limit) {
  std::vector<std::string> steps;
  for (const auto& step : limit.schedule().steps()) {
    steps.push_back(absl::StrCat(step.value() == "unknown"
                                     ? step.value()
                                     : AmountText(rule, step.value()),
                                 " from ", step.from()));
  }
  return absl::StrJoin(steps, ", ");
}

std::string LimitText(const v1::Rule& rule, const v1::Limit& limit) {
  switch (limit.kind_case()) {
    case v1::Limit::kConstant:
      return AmountText(rule, limit.constant());
    case v1::Limit::kSchedule:
      return ScheduleText(rule, limit);
    case v1::Limit::kScaled:
      return absl::StrCat(limit.scaled().numerator(), "/",
                          limit.scaled().denominator(), " of the limit of ",
                          limit.scaled().rule_id());
    case v1::Limit::kShare:
      return absl::StrCat(
          FormatDecimalForPeople(limit.share().parts_per_million(), 4),
          " % of ", limit.share().of_rule_id());
    case v1::Limit::kAuthorized:
      return "what the license line authorizes";
    case v1::Limit::kPredicate:
      return "only allowed items";
    case v1::Limit::kZero:
      return AmountText(rule, "0");
    case v1::Limit::kUnknown:
      return "unknown";
    case v1::Limit::kNone:
    case v1::Limit::KIND_NOT_SET:
      return "none";
  }
  return "";
}

// The limit, and how many cases have one of their own.
std::string LimitsText(const v1::Rule& rule) {
  std::string text = LimitText(rule, rule.limit());
  for (const v1::LimitCase& one : rule.limit_cases()) {
    absl::StrAppend(&text, "; ", LimitText(rule, one.limit()),
                    " in a case of its own");
  }
  return text;
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
            << "; adopted as entry " << adopted.index() << " to "
            << FormatEnum(adopted.mode(), "ADOPTION_MODE_") << "\n"
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
              << OneLine(setting.question()) << " " << OneLine(setting.chosen())
              << "\n";
  }
}

struct ShowOptions {
  std::string policy_id;
  v1::ReadPoint read_point;
};

int Show(Cli& cli, const ShowOptions& options) {
  v1::GetPolicyRequest request;
  request.set_policy_id(options.policy_id);
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
      [](CLI::App& sub, ListOptions& options) {
        AddReadOptions(sub, options.read_point);
      },
      List);
  AddCommand<ShowOptions>(
      *group, cli, "show", "show a policy with its rules",
      [](CLI::App& sub, ShowOptions& options) {
        sub.add_option("POLICY", options.policy_id, "the policy")->required();
        AddReadOptions(sub, options.read_point);
      },
      Show);
  AddWhatIfCommand(*group, cli);
  AddPolicyTestCommand(*group, cli);
  AddGroupCommands(*group, cli);
}

}  // namespace chipledger::cli
