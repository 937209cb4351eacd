// chipledger policy explain: which rules looked at a fact, and why each counted
// it or did not.
#include <iostream>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/errors.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

using Fact = v1::ExplainFactResponse::Fact;
using PolicyExplanation = v1::ExplainFactResponse::PolicyExplanation;
using RuleExplanation = v1::ExplainFactResponse::RuleExplanation;

constexpr char kHelp[] =
    R"(Explains one of these:
  FILE                            a shipment that could be recorded, as a text proto
                                  of chipledger.v1.Shipment
  --command FILE                  anything else that could be asked for, as a text
                                  proto of chipledger.v1.Command
  --exporter PARTY --reference R  what was recorded last of a shipment
  --entry N                       an entry: accepted or refused
What could be asked for is judged as of now, or of a past moment, and not recorded.
An entry is explained by what held when it was decided.)";

struct ExplainOptions {
  std::string shipment_file;
  std::string command_file;
  bool after_the_fact = false;
  v1::ExplainFactRequest request;
};

// Reads the files that the request is to hold. Errors: INVALID_ARGUMENT.
absl::StatusOr<v1::ExplainFactRequest> MakeRequest(
    const ExplainOptions& options) {
  v1::ExplainFactRequest request = options.request;
  const int facts = (options.shipment_file.empty() ? 0 : 1) +
                    (options.command_file.empty() ? 0 : 1) +
                    (request.has_index() ? 1 : 0) +
                    (request.has_shipment() ? 1 : 0);
  if (facts != 1) {
    return absl::InvalidArgumentError(
        "name one thing to explain: FILE, --command, --entry, or --exporter "
        "with --reference");
  }
  if (!options.command_file.empty()) {
    RETURN_IF_ERROR(
        ReadTextProto(options.command_file, *request.mutable_command()));
  }
  if (options.shipment_file.empty()) return request;
  v1::RecordShipment& record =
      *request.mutable_command()->mutable_record_shipment();
  record.set_assurance(options.after_the_fact ? v1::ASSURANCE_AFTER_THE_FACT
                                              : v1::ASSURANCE_BEFORE_EXPORT);
  RETURN_IF_ERROR(
      ReadTextProto(options.shipment_file, *record.mutable_shipment()));
  return request;
}

// What a total's rule did, such as "MY: 10 GPUs asked, headroom 40 GPUs of 50
// GPUs: within-limit".
std::string EvaluationText(const v1::RuleEvaluation& evaluation) {
  const v1::Measure measure = evaluation.measure();
  std::string limit = "no limit";
  if (evaluation.unknown_limit()) {
    limit = "a limit that is not known";
  } else if (evaluation.has_limit()) {
    limit = absl::StrCat("headroom ",
                         FormatAmount(measure, evaluation.headroom_before()),
                         " of ", FormatAmount(measure, evaluation.limit()));
  }
  std::string text = absl::StrCat(
      FormatGroup(evaluation.group()),
      evaluation.window_start().empty()
          ? ""
          : absl::StrCat(" from ", evaluation.window_start()),
      ": ", FormatAmount(measure, evaluation.asked()),
      evaluation.balance() == v1::BALANCE_RESERVED ? " reserved, " : ", ",
      limit);
  if (evaluation.unmeasured_gpus() != 0) {
    absl::StrAppend(&text, ", and ", FormatCount(evaluation.unmeasured_gpus()),
                    " GPUs of unknown TPP");
  }
  if (!evaluation.binding_date().empty()) {
    absl::StrAppend(&text, " on ", evaluation.binding_date());
  }
  return absl::StrCat(text, ": ", FormatEnum(evaluation.verdict(), "VERDICT_"));
}

std::string ReasonText(const RuleExplanation::Reason& reason) {
  std::string text;
  if (!reason.destination_country().empty()) {
    absl::StrAppend(&text, "to ", reason.destination_country(), ": ");
  }
  absl::StrAppend(&text, reason.description());
  if (!reason.citation().empty()) {
    absl::StrAppend(&text, " (", reason.citation(), ")");
  }
  return text;
}

void AddRule(const PolicyExplanation& policy, const RuleExplanation& rule,
             Table& table) {
  std::string name = FormatRule(policy.policy_id(), rule.rule_id());
  const auto row = [&](const std::string& did, std::string why) {
    table.AddRow({std::exchange(name, ""), did, std::move(why)});
  };
  for (const v1::RuleEvaluation& evaluation : rule.evaluations()) {
    row(evaluation.balance() == v1::BALANCE_NONE ? "tested" : "counted",
        EvaluationText(evaluation));
  }
  for (const auto& reason : rule.reasons())
    row("passed over", ReasonText(reason));
  if (rule.evaluations().empty() && rule.reasons().empty()) {
    row("passed over", "nothing of it counts");
  }
}

void PrintFact(const Fact& fact) {
  if (!fact.judgement().violations().empty()) {
    std::cout << "Not passed:\n"
              << FormatViolations(fact.judgement().violations());
  }
  Table table({"RULE", "DID", "WHY"});
  std::string not_in_force;
  for (const PolicyExplanation& policy : fact.policies()) {
    if (!policy.not_in_force().empty()) {
      absl::StrAppend(&not_in_force, "  ", policy.policy_id(), " version ",
                      policy.policy_version(), " ", policy.not_in_force(),
                      "\n");
    }
    for (const RuleExplanation& rule : policy.rules()) {
      AddRule(policy, rule, table);
    }
  }
  if (table.empty()) {
    std::cout << "No rule looked at it.\n";
  } else {
    std::cout << table.ToString();
  }
  if (fact.left_out() > 0) {
    std::cout << FormatCount(fact.left_out())
              << " rules more are left out: the answer had no room.\n";
  }
  if (!not_in_force.empty()) {
    std::cout << "Not in force on " << fact.effective_date() << ":\n"
              << not_in_force;
  }
}

void PrintExplanation(const v1::ExplainFactResponse& response) {
  if (response.has_index()) {
    std::cout << "Entry " << response.index() << ", recorded "
              << FormatTime(response.record_time()) << ", "
              << (response.refused() ? "was refused" : "was accepted");
  } else {
    std::cout << (response.refused() ? "Would be refused" : "Would be accepted")
              << ". Nothing was recorded";
  }
  std::cout << " (judged at size "
            << FormatCount(static_cast<int64_t>(response.size())) << ").\n";
  for (const Fact& fact : response.facts()) {
    std::cout << "\n"
              << fact.description() << ", dated " << fact.effective_date()
              << "\n";
    PrintFact(fact);
  }
  std::cout << std::flush;
}

int Explain(Cli& cli, const ExplainOptions& options) {
  const absl::StatusOr<v1::ExplainFactRequest> request = MakeRequest(options);
  if (!request.ok()) return Fail(cli, request.status());
  const auto response = cli.client().ExplainFact(*request);
  const int code = Finish(cli, response, PrintExplanation);
  if (client::GetErrorDetails(response.status()).reason ==
          v1::SHIPMENT_NOT_FOUND &&
      request->has_shipment() && !cli.json) {
    std::cerr << "  next: what was refused is explained by its entry, which "
                 "chipledger audit read shows: chipledger policy explain "
                 "--entry N\n";
  }
  return code;
}

void AddExplainOptions(CLI::App& app, ExplainOptions& options) {
  app.footer(kHelp);
  v1::ExplainFactRequest& request = options.request;
  app.add_option("FILE", options.shipment_file,
                 "a shipment; - for standard input");
  app.add_flag("--after-the-fact", options.after_the_fact,
               "the shipment of FILE has left already");
  app.add_option("--command", options.command_file, "a command");
  CLI::Option* exporter =
      AddText(app, "--exporter", "party id of who exported",
              [&](const std::string& text) {
                request.mutable_shipment()->set_exporter(text);
              });
  CLI::Option* reference =
      AddText(app, "--reference", "the exporter's own number",
              [&](const std::string& text) {
                request.mutable_shipment()->set_shipment_reference(text);
              });
  exporter->needs(reference);
  reference->needs(exporter);
  app.add_option_function<uint64_t>(
         "--entry", [&](uint64_t index) { request.set_index(index); },
         "an entry of the log")
      ->excludes(exporter);
  AddReadOptions(app, *request.mutable_read_point());
}

}  // namespace

void AddExplainCommand(CLI::App& policy, Cli& cli) {
  AddCommand<ExplainOptions>(policy, cli, "explain",
                             "which rules looked at a shipment or an entry, "
                             "and why each counted it or "
                             "not",
                             AddExplainOptions, Explain);
}

}  // namespace chipledger::cli
