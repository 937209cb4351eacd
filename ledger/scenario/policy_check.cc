#include "ledger/scenario/policy_check.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/base/error.h"
#include "ledger/domain/check.h"
#include "ledger/domain/rules/policy.h"
#include "ledger/scenario/policy_lint.h"

namespace chipledger::scenarios {
namespace {

using scenario::v1::CheckReport;

// Gathers findings with their places.
class Findings {
 public:
  Findings(const PolicyText& text, CheckReport& report)
      : text_(text), report_(report) {}

  void Add(bool error, const std::string& field, const std::string& message) {
    // A choice that is not at fault says nothing new.
    if (!seen_.insert({field, message}).second) return;
    CheckReport::Finding& finding = *report_.add_findings();
    const TextPlace place =
        text_.places.Find(*text_.file.GetDescriptor(), field);
    finding.set_error(error);
    finding.set_line(place.line);
    finding.set_column(place.column);
    finding.set_field(field);
    finding.set_message(message);
  }

  // Adds the wrong fields of a status, as parts of `prefix` and with what else
  // there is to say.
  void AddErrors(const absl::Status& status, absl::string_view prefix = "",
                 absl::string_view more = "") {
    if (status.ok()) return;
    const std::vector<FieldViolation> violations = GetFieldViolations(status);
    for (const FieldViolation& one : violations) {
      const std::string field = absl::StrCat(prefix, one.field);
      if (!more.empty() && seen_.contains({field, one.description})) continue;
      Add(true, field, absl::StrCat(one.description, more));
    }
    if (violations.empty()) {
      Add(true, std::string(absl::StripSuffix(prefix, ".")),
          absl::StrCat(status.message(), more));
    }
  }

 private:
  const PolicyText& text_;
  CheckReport& report_;
  std::set<std::pair<std::string, std::string>> seen_;
};

// Groups, parties and rescissions, as the ledger checks them.
void CheckCommands(const v1::PolicyFile& file, Findings& findings) {
  for (int i = 0; i < file.country_groups_size(); ++i) {
    v1::Command command;
    *command.mutable_change_country_group() = file.country_groups(i);
    findings.AddErrors(domain::CheckCommand(command),
                       absl::StrCat("country_groups[", i, "]."));
  }
  for (int i = 0; i < file.parties_size(); ++i) {
    v1::Command command;
    *command.mutable_register_party()->mutable_party() = file.parties(i);
    const absl::Status status = domain::CheckCommand(command);
    std::vector<FieldViolation> wrong = GetFieldViolations(status);
    for (const FieldViolation& one : wrong) {
      findings.Add(true,
                   absl::StrCat("parties[", i, "].",
                                absl::StripPrefix(one.field, "party.")),
                   one.description);
    }
  }
  for (int i = 0; i < file.rescissions_size(); ++i) {
    v1::Command command;
    *command.mutable_rescind_policy() = file.rescissions(i);
    findings.AddErrors(domain::CheckCommand(command),
                       absl::StrCat("rescissions[", i, "]."));
  }
}

// The values of a parameter that are worth trying.
std::vector<std::string> ValuesToTry(const v1::Parameter& parameter) {
  if (parameter.has_amount()) {
    return {parameter.amount().min(), parameter.amount().max()};
  }
  std::vector<std::string> values;
  for (const auto& choice : parameter.choices()) {
    if (choice.value() != parameter.default_value()) {
      values.push_back(choice.value());
    }
  }
  return values;
}

// Checks the policy as written, and with each other value of each parameter.
void CheckPolicies(const PolicyText& text, Findings& findings) {
  findings.AddErrors(domain::CheckPolicy(text.file.policy(), "policy"));
  for (int i = 0; i < text.file.parameters_size(); ++i) {
    const v1::Parameter& parameter = text.file.parameters(i);
    for (const std::string& value : ValuesToTry(parameter)) {
      const auto file = WithParameters(text, {{parameter.name(), value}});
      const std::string with =
          absl::StrCat(" (with ", parameter.name(), "=", value, ")");
      if (!file.ok()) {
        findings.AddErrors(file.status(), absl::StrCat("parameters[", i, "]."),
                           with);
      } else {
        findings.AddErrors(domain::CheckPolicy(file->policy(), "policy"), "",
                           with);
      }
    }
  }
}

}  // namespace

CheckReport CheckPolicyText(const PolicyText& text) {
  CheckReport report;
  report.set_path(text.path);
  Findings findings(text, report);
  const v1::PolicyFile& file = text.file;
  if (!file.has_policy() && file.rescissions().empty()) {
    findings.Add(true, "policy", "is required, or rescissions in its place");
    return report;
  }
  CheckCommands(file, findings);
  domain::FieldChecks parameters;
  CheckParameters(file, parameters);
  findings.AddErrors(parameters.ToStatus());
  if (file.has_policy()) {
    if (parameters.ok()) {
      CheckPolicies(text, findings);
    } else {
      findings.AddErrors(domain::CheckPolicy(file.policy(), "policy"));
    }
  }
  const Warn warn = [&](const std::string& field, const std::string& message) {
    findings.Add(false, field, message);
  };
  if (!HasErrors(report)) {
    LintRules(file.policy(), warn);
    LintWindows(file.policy(), warn);
  }
  LintNames(file, warn);
  std::stable_sort(report.mutable_findings()->begin(),
                   report.mutable_findings()->end(),
                   [](const auto& a, const auto& b) {
                     return std::make_pair(a.line(), a.column()) <
                            std::make_pair(b.line(), b.column());
                   });
  return report;
}

bool HasErrors(const CheckReport& report) {
  return std::any_of(report.findings().begin(), report.findings().end(),
                     [](const auto& finding) { return finding.error(); });
}

std::string FormatReport(const CheckReport& report) {
  std::string text;
  for (const CheckReport::Finding& finding : report.findings()) {
    absl::StrAppend(
        &text,
        FormatPlace(report.path(),
                    {.line = finding.line(), .column = finding.column()}),
        finding.error() ? ": error: " : ": warning: ", finding.field(),
        finding.field().empty() ? "" : ": ", finding.message(), "\n");
  }
  if (text.empty()) return absl::StrCat("ok    ", report.path(), "\n");
  return text;
}

}  // namespace chipledger::scenarios
