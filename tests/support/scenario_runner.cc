#include "tests/support/scenario_runner.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "ledger/base/decimal.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/headroom.h"
#include "tests/support/text_file.h"

namespace chipledger::testing {
namespace {

using scenario::v1::Accepted;
using scenario::v1::Expectation;
using scenario::v1::ExpectedHeadroom;
using scenario::v1::ExpectedLicenseLine;
using scenario::v1::ExpectedViolation;
using scenario::v1::Scenario;
using scenario::v1::Step;

int ScaleOf(v1::Measure measure) { return measure == v1::MEASURE_TPP ? 3 : 0; }

// What a rule found, whether it refuses, was overruled by the facts, or only
// reports.
struct Finding {
  std::string policy_id;
  std::string rule_id;
  int scale = 0;
  std::optional<int64_t> limit;
  int64_t used = 0;
  int64_t asked = 0;
  std::optional<int64_t> headroom;
  std::optional<int64_t> excess;
};

Finding ToFinding(const v1::Violation& violation) {
  Finding finding{violation.policy_id(), violation.rule_id(),
                  ScaleOf(violation.measure())};
  if (violation.has_limit()) finding.limit = violation.limit();
  finding.used = violation.used();
  finding.asked = violation.asked();
  if (violation.has_headroom()) finding.headroom = violation.headroom();
  if (violation.has_excess()) finding.excess = violation.excess();
  return finding;
}

Finding ToFinding(const v1::RuleEvaluation& rule) {
  Finding finding{rule.policy_id(), rule.rule_id(), ScaleOf(rule.measure())};
  if (rule.has_limit()) finding.limit = rule.limit();
  finding.used = rule.used();
  finding.asked = rule.asked();
  if (rule.has_headroom_before()) {
    finding.headroom = rule.headroom_before();
    finding.excess = rule.asked() - rule.headroom_before();
  }
  return finding;
}

// Collects the differences of one step.
class StepReport {
 public:
  StepReport(absl::string_view step, std::vector<std::string>& failures)
      : step_(step), failures_(failures) {}

  void Differ(absl::string_view what, absl::string_view expected,
              absl::string_view actual) {
    failures_.push_back(absl::StrCat("step \"", step_, "\": ", what,
                                     ": expected ", expected, ", got ",
                                     actual));
  }

  void CompareText(absl::string_view what, absl::string_view expected,
                   absl::string_view actual) {
    if (expected != actual) Differ(what, expected, actual);
  }

  // Compares a decimal, unless `expected` is empty.
  void CompareAmount(absl::string_view what, absl::string_view expected,
                     std::optional<int64_t> actual, int scale) {
    if (expected.empty()) return;
    const std::string got =
        actual.has_value() ? FormatDecimal(*actual, scale) : "none";
    const std::optional<int64_t> wanted = ParseDecimal(expected, scale);
    const bool same = expected == "none"
                          ? !actual.has_value()
                          : wanted.has_value() && wanted == actual;
    if (!same) Differ(what, expected, got);
  }

  void CompareFindings(
      absl::string_view what,
      const google::protobuf::RepeatedPtrField<ExpectedViolation>& expected,
      const std::vector<Finding>& actual) {
    CompareText(absl::StrCat(what, " rules"), RuleIds(expected),
                RuleIds(actual));
    if (static_cast<size_t>(expected.size()) != actual.size()) return;
    for (int i = 0; i < expected.size(); ++i) {
      CompareFinding(expected[i], actual[i]);
    }
  }

 private:
  static absl::string_view RuleIdOf(const ExpectedViolation& violation) {
    return violation.rule_id();
  }
  static absl::string_view RuleIdOf(const Finding& finding) {
    return finding.rule_id;
  }

  template <typename List>
  static std::string RuleIds(const List& list) {
    return absl::StrCat("[",
                        absl::StrJoin(list, ", ",
                                      [](std::string* out, const auto& item) {
                                        absl::StrAppend(out, RuleIdOf(item));
                                      }),
                        "]");
  }

  void CompareFinding(const ExpectedViolation& expected,
                      const Finding& actual) {
    const std::string& rule = expected.rule_id();
    if (!expected.policy_id().empty()) {
      CompareText(absl::StrCat(rule, " policy"), expected.policy_id(),
                  actual.policy_id);
    }
    CompareAmount(absl::StrCat(rule, " limit"), expected.limit(), actual.limit,
                  actual.scale);
    CompareAmount(absl::StrCat(rule, " used"), expected.used(), actual.used,
                  actual.scale);
    CompareAmount(absl::StrCat(rule, " asked"), expected.asked(), actual.asked,
                  actual.scale);
    CompareAmount(absl::StrCat(rule, " headroom"), expected.headroom(),
                  actual.headroom, actual.scale);
    CompareAmount(absl::StrCat(rule, " excess"), expected.excess(),
                  actual.excess, actual.scale);
  }

  std::string step_;
  std::vector<std::string>& failures_;
};

std::string Describe(const MemoryLedger::Outcome& outcome) {
  if (!outcome.status.ok()) return outcome.status.ToString();
  if (!outcome.refused) return "accepted";
  std::string text = "refused:";
  for (const v1::Violation& violation :
       outcome.events[0].refused().violations()) {
    absl::StrAppend(&text, " ", violation.description());
  }
  return text;
}

void CheckAccepted(const Accepted& expected,
                   const MemoryLedger::Outcome& outcome, StepReport& report) {
  if (!outcome.status.ok() || outcome.refused) {
    report.Differ("answer", "accepted", Describe(outcome));
    return;
  }
  std::vector<Finding> violations;
  std::vector<Finding> reported;
  for (const v1::Event& event : outcome.events) {
    const v1::Evidence* evidence = domain::EvidenceOf(event);
    if (evidence == nullptr) continue;
    for (const v1::Violation& violation : evidence->violations()) {
      violations.push_back(ToFinding(violation));
    }
    for (const v1::RuleEvaluation& rule : evidence->rules()) {
      if (rule.verdict() == v1::RuleEvaluation::VERDICT_REPORTED) {
        reported.push_back(ToFinding(rule));
      }
    }
  }
  report.CompareFindings("violated", expected.violations(), violations);
  report.CompareFindings("reported", expected.reported(), reported);
}

void CheckRefused(const scenario::v1::Refused& expected,
                  const MemoryLedger::Outcome& outcome, StepReport& report) {
  if (!outcome.status.ok() || !outcome.refused) {
    report.Differ("answer", "refused", Describe(outcome));
    return;
  }
  std::vector<Finding> violations;
  for (const v1::Violation& violation :
       outcome.events[0].refused().violations()) {
    violations.push_back(ToFinding(violation));
  }
  report.CompareFindings("violated", expected.violations(), violations);
}

void CheckOutcome(const Expectation& expected,
                  const MemoryLedger::Outcome& outcome, StepReport& report) {
  switch (expected.outcome_case()) {
    case Expectation::kAccepted:
      return CheckAccepted(expected.accepted(), outcome, report);
    case Expectation::kRefused:
      return CheckRefused(expected.refused(), outcome, report);
    case Expectation::kErrorReason: {
      const auto cause = GetErrorCause(outcome.status);
      return report.CompareText(
          "error reason", expected.error_reason(),
          cause.has_value() ? cause->reason : Describe(outcome));
    }
    case Expectation::OUTCOME_NOT_SET:
      return report.Differ("answer",
                           "accepted, refused or error_reason in the "
                           "scenario file",
                           "none");
  }
}

void CheckHeadroom(const ExpectedHeadroom& expected,
                   const domain::Snapshot& snapshot, StepReport& report) {
  const std::string what = absl::StrCat(
      expected.policy_id(), "/", expected.rule_id(), " ",
      expected.group().destination_country(), expected.group().license_id());
  const std::optional<Date> date = Date::Parse(expected.on_date());
  if (!date.has_value()) {
    return report.Differ(what, "an on_date", expected.on_date());
  }
  v1::GetHeadroomRequest request;
  request.set_policy_id(expected.policy_id());
  request.set_rule_id(expected.rule_id());
  *request.mutable_group() = expected.group();
  request.set_on_date(expected.on_date());
  const auto row = domain::GetHeadroom(snapshot, request, *date);
  if (!row.ok()) return report.Differ(what, "a total", row.status().ToString());
  const int scale = ScaleOf(row->measure());
  std::optional<int64_t> headroom;
  if (row->has_headroom()) headroom = row->headroom();
  report.CompareAmount(absl::StrCat("headroom of ", what), expected.headroom(),
                       headroom, scale);
  report.CompareAmount(absl::StrCat("used of ", what), expected.used(),
                       row->used(), scale);
}

void CheckLicenseLine(const ExpectedLicenseLine& expected,
                      const domain::State& state, StepReport& report) {
  const std::string what = absl::StrCat("license ", expected.license_id(),
                                        " line ", expected.line_number());
  const domain::LicenseState* license =
      state.FindLicense(expected.license_id());
  const domain::LicenseState::Line* line =
      license == nullptr ? nullptr : license->FindLine(expected.line_number());
  if (line == nullptr) return report.Differ(what, "a line", "none");
  const auto compare = [&](absl::string_view name, bool wanted, int64_t value,
                           int64_t actual) {
    if (!wanted) return;
    report.CompareAmount(absl::StrCat(what, " ", name), absl::StrCat(value),
                         actual, 0);
  };
  compare("authorized", expected.has_authorized(), expected.authorized(),
          line->authorized);
  compare("shipped", expected.has_shipped(), expected.shipped(), line->shipped);
  compare("available", expected.has_available(), expected.available(),
          line->available());
}

void RunStep(const Step& step, MemoryLedger& ledger,
             std::vector<std::string>& failures) {
  StepReport report(step.name(), failures);
  if (!step.record_date().empty()) {
    const std::optional<Date> date = Date::Parse(step.record_date());
    if (!date.has_value()) {
      return report.Differ("record_date", "a date", step.record_date());
    }
    ledger.GoToDate(*date);
  }
  if (step.commands_size() > 0) {
    const uint64_t size = ledger.state().size();
    const auto totals = ledger.state().SortedTotals();
    const std::vector<v1::Command> commands(step.commands().begin(),
                                            step.commands().end());
    const auto outcome = ledger.Submit(commands, step.validate_only());
    CheckOutcome(step.expect(), outcome, report);
    const bool must_not_count =
        !outcome.status.ok() || outcome.refused || step.validate_only();
    if (must_not_count && totals != ledger.state().SortedTotals()) {
      report.Differ("totals", "unchanged", "changed");
    }
    const uint64_t stored =
        outcome.index.has_value() ? outcome.events.size() : 0;
    if (ledger.state().size() != size + stored) {
      report.Differ("entries", absl::StrCat(stored, " more"),
                    absl::StrCat(ledger.state().size() - size, " more"));
    }
  }
  const domain::Snapshot snapshot = ledger.state().ToSnapshot();
  for (const ExpectedHeadroom& expected : step.expect().headroom()) {
    CheckHeadroom(expected, snapshot, report);
  }
  for (const ExpectedLicenseLine& expected : step.expect().license_lines()) {
    CheckLicenseLine(expected, ledger.state(), report);
  }
}

absl::Status MustAccept(MemoryLedger& ledger,
                        const std::vector<v1::Command>& commands,
                        absl::string_view what) {
  const auto outcome = ledger.Submit(commands);
  if (outcome.status.ok() && !outcome.refused) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(what, ": ", Describe(outcome)));
}

// A policy file is one request: groups first, then the policy.
absl::Status AdoptPolicyFile(const scenario::v1::PolicyUse& use,
                             const std::string& policies_dir,
                             MemoryLedger& ledger) {
  v1::PolicyFile file;
  RETURN_IF_ERROR(
      ReadTextFile(absl::StrCat(policies_dir, "/", use.path()), file));
  std::vector<v1::Command> commands;
  for (const v1::ChangeCountryGroup& group : file.country_groups()) {
    *commands.emplace_back().mutable_change_country_group() = group;
  }
  v1::AdoptPolicy& adopt = *commands.emplace_back().mutable_adopt_policy();
  *adopt.mutable_policy() = file.policy();
  adopt.set_mode(use.mode());
  return MustAccept(ledger, commands, use.path());
}

}  // namespace

absl::Status PrepareScenario(const Scenario& scenario,
                             const std::string& policies_dir,
                             MemoryLedger& ledger) {
  for (const std::string& path : scenario.setup_files()) {
    scenario::v1::Setup setup;
    RETURN_IF_ERROR(ReadTextFile(absl::StrCat(policies_dir, "/", path), setup));
    for (const v1::Command& command : setup.commands()) {
      RETURN_IF_ERROR(MustAccept(ledger, {command}, path));
    }
  }
  for (const v1::Command& command : scenario.setup()) {
    RETURN_IF_ERROR(MustAccept(ledger, {command}, "setup"));
  }
  for (const scenario::v1::PolicyUse& use : scenario.policies()) {
    RETURN_IF_ERROR(AdoptPolicyFile(use, policies_dir, ledger));
  }
  return absl::OkStatus();
}

std::vector<std::string> RunScenario(const Scenario& scenario,
                                     const std::string& policies_dir) {
  const bool dated =
      std::any_of(scenario.steps().begin(), scenario.steps().end(),
                  [](const Step& step) { return !step.record_date().empty(); });
  MemoryLedger ledger =
      dated ? MemoryLedger(*Date::Parse("2025-01-01")) : MemoryLedger();
  const absl::Status prepared = PrepareScenario(scenario, policies_dir, ledger);
  if (!prepared.ok()) return {prepared.ToString()};
  std::vector<std::string> failures;
  for (const Step& step : scenario.steps()) {
    RunStep(step, ledger, failures);
  }
  const auto replayed = ReplayTotals(ledger.entries());
  if (!replayed.ok()) {
    failures.push_back(absl::StrCat("replay: ", replayed.status().ToString()));
  } else if (*replayed != ledger.state().SortedTotals()) {
    failures.push_back("replay: its totals differ from those decided live");
  }
  return failures;
}

}  // namespace chipledger::testing
