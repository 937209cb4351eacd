#include "ledger/scenario/runner.h"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "ledger/base/status_macros.h"
#include "ledger/scenario/expectations.h"
#include "ledger/scenario/policy_file.h"

namespace chipledger::scenarios {
namespace {

namespace fs = std::filesystem;

using scenario::v1::Report;
using scenario::v1::Scenario;
using scenario::v1::Step;

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kSecondsPerDay = 86'400;
constexpr char kDatedStart[] = "2025-01-01";
constexpr char kUndatedStart[] = "2027-01-01";

absl::StatusOr<std::string> FindFile(const std::string& path,
                                     const PolicyFiles& files) {
  for (const std::string& folder : files.folders) {
    // An absolute path stays as it is.
    const fs::path candidate = fs::path(folder) / path;
    if (fs::is_regular_file(candidate)) return candidate.string();
  }
  return absl::NotFoundError(absl::StrCat(
      path, " is in none of: ", absl::StrJoin(files.folders, ", ")));
}

absl::Status MustAccept(MemoryLedger& ledger,
                        const std::vector<v1::Command>& commands,
                        absl::string_view what) {
  const auto outcome = ledger.Submit(commands);
  if (outcome.status.ok() && !outcome.refused) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat(what, ": ", Describe(outcome)));
}

// Leaves out parties that are registered and policies that were not adopted.
void LeaveOutWhatIsNotNeeded(const domain::Catalog& catalog,
                             v1::PolicyFile& file) {
  auto& parties = *file.mutable_parties();
  parties.erase(
      std::remove_if(parties.begin(), parties.end(),
                     [&](const v1::Party& party) {
                       return catalog.parties.Find(party.party_id()) != nullptr;
                     }),
      parties.end());
  auto& ended = *file.mutable_rescissions();
  ended.erase(std::remove_if(ended.begin(), ended.end(),
                             [&](const v1::RescindPolicy& rescission) {
                               return catalog.FindPolicy(
                                          rescission.policy_id()) == nullptr;
                             }),
              ended.end());
}

// Where a use of a policy file stands in its scenario.
struct UsePlace {
  const ScenarioFile& scenario;
  // Such as "policies[0]".
  std::string path;
};

// The file that a scenario uses, with the values that it sets. What is wrong
// with these is named with its place in the scenario.
absl::StatusOr<v1::PolicyFile> ReadUsed(const scenario::v1::PolicyUse& use,
                                        const std::string& path,
                                        const UsePlace& place) {
  ASSIGN_OR_RETURN(const PolicyText text, ReadPolicyText(path));
  ParameterValues values;
  for (const auto& set : use.set()) {
    values.emplace_back(set.name(), set.value());
  }
  absl::StatusOr<v1::PolicyFile> file = WithParameters(text, values);
  if (file.ok() || values.empty()) return file;
  return absl::InvalidArgumentError(absl::StrCat(
      FormatPlace(
          place.scenario.path,
          place.scenario.places.Find(*place.scenario.scenario.GetDescriptor(),
                                     absl::StrCat(place.path, ".set"))),
      ": ", file.status().message()));
}

absl::Status AdoptPolicyFile(const scenario::v1::PolicyUse& use,
                             const PolicyFiles& files, const UsePlace& place,
                             MemoryLedger& ledger) {
  ASSIGN_OR_RETURN(const std::string path, FindPolicyFile(use, files));
  ASSIGN_OR_RETURN(v1::PolicyFile file, ReadUsed(use, path, place));
  if (files.change && file.has_policy()) {
    files.change(*file.mutable_policy());
    if (file.policy().rules().empty()) file.clear_policy();
  }
  LeaveOutWhatIsNotNeeded(ledger.state().catalog(), file);
  const std::vector<v1::Command> commands = AdoptionOf(file, use.mode());
  if (commands.empty()) return absl::OkStatus();
  return MustAccept(ledger, commands, path);
}

absl::StatusOr<Date> ParseDate(absl::string_view field,
                               const std::string& text) {
  const std::optional<Date> date = Date::Parse(text);
  if (date.has_value()) return *date;
  return absl::InvalidArgumentError(
      absl::StrCat(field, " \"", text, "\" is not a date"));
}

absl::StatusOr<Date> StartOf(const Scenario& scenario) {
  if (!scenario.start_date().empty()) {
    return ParseDate("start_date", scenario.start_date());
  }
  const bool dated =
      std::any_of(scenario.steps().begin(), scenario.steps().end(),
                  [](const Step& step) { return !step.record_date().empty(); });
  return *Date::Parse(dated ? kDatedStart : kUndatedStart);
}

// Runs the steps of one scenario.
class Story {
 public:
  Story(const ScenarioFile& file, const PolicyFiles& files,
        MemoryLedger& ledger)
      : file_(file), files_(files), ledger_(ledger) {}

  // Runs a step by its place among the steps.
  // Errors: what keeps the story from going on.
  absl::Status Run(int index, Report::Failure& failure) {
    const Step& step = file_.scenario.steps(index);
    StepReport report(failure, [&](absl::string_view path) {
      const std::string expect = absl::StrCat("steps[", index, "].expect");
      return file_.places
          .Find(*scenario::v1::Scenario::descriptor(),
                path.empty() ? expect : absl::StrCat(expect, ".", path))
          .line;
    });
    RETURN_IF_ERROR(PassTime(step));
    for (int i = 0; i < step.adopt_size(); ++i) {
      RETURN_IF_ERROR(AdoptPolicyFile(
          step.adopt(i), files_,
          {file_, absl::StrCat("steps[", index, "].adopt[", i, "]")}, ledger_));
    }
    StepTrace trace;
    if (step.commands_size() > 0) {
      RETURN_IF_ERROR(Submit(step, trace, report));
    }
    if (!step.before_backfill()) RETURN_IF_ERROR(ledger_.CountLateAdoptions());
    trace.size = ledger_.state().size();
    traces_[step.name()] = trace;
    CheckLedger(step.expect(), ledger_, traces_, report);
    return absl::OkStatus();
  }

 private:
  // Only a jump of the clock lets licenses expire: a story without dates is
  // told years after them.
  absl::Status PassTime(const Step& step) {
    int64_t until_ns = ledger_.now_ns();
    if (!step.record_date().empty()) {
      ASSIGN_OR_RETURN(const Date date,
                       ParseDate("record_date", step.record_date()));
      until_ns =
          std::max(until_ns, date.days() * kSecondsPerDay * kNsPerSecond);
    }
    if (step.wait_days() < 0 || step.wait_seconds() < 0) {
      return absl::InvalidArgumentError("time does not go back");
    }
    until_ns += (step.wait_days() * kSecondsPerDay + step.wait_seconds()) *
                kNsPerSecond;
    if (until_ns == ledger_.now_ns()) return absl::OkStatus();
    return ledger_.PassTime(until_ns);
  }

  absl::Status Submit(const Step& step, StepTrace& trace, StepReport& report) {
    const uint64_t size = ledger_.state().size();
    const auto totals = ledger_.state().SortedTotals();
    ASSIGN_OR_RETURN(const std::vector<v1::Command> commands, CommandsOf(step));
    const auto outcome = ledger_.Submit(commands, step.validate_only());
    CheckOutcome(step.expect(), outcome, ledger_, report);
    const bool must_not_count =
        !outcome.status.ok() || outcome.refused || step.validate_only();
    if (must_not_count && totals != ledger_.state().SortedTotals()) {
      report.Differ("totals", "unchanged", "changed");
    }
    const uint64_t stored =
        outcome.index.has_value() ? outcome.events.size() : 0;
    trace.first_index = outcome.index;
    if (ledger_.state().size() != size + stored) {
      report.Differ("entries", absl::StrCat(stored, " more"),
                    absl::StrCat(ledger_.state().size() - size, " more"));
    }
    for (size_t i = 0; i < stored; ++i) {
      if (outcome.events[i].has_shipment_reserved()) {
        trace.reservation_index = *outcome.index + i;
      }
    }
    return absl::OkStatus();
  }

  // The step's commands, with the reservation and the change that it means.
  absl::StatusOr<std::vector<v1::Command>> CommandsOf(const Step& step) const {
    std::vector<v1::Command> commands(step.commands().begin(),
                                      step.commands().end());
    if (!step.reservation_of_step().empty()) {
      ASSIGN_OR_RETURN(const uint64_t index,
                       MadeBy(step.reservation_of_step(),
                              &StepTrace::reservation_index, "reservation"));
      for (v1::Command& command : commands) {
        if (command.has_record_shipment()) {
          command.mutable_record_shipment()->set_reservation_index(index);
        } else if (command.has_release_reservation()) {
          command.mutable_release_reservation()->set_reservation_index(index);
        }
      }
    }
    if (!step.change_of_step().empty()) {
      ASSIGN_OR_RETURN(
          const uint64_t index,
          MadeBy(step.change_of_step(), &StepTrace::first_index, "change"));
      for (v1::Command& command : commands) {
        if (command.has_correct_license_change()) {
          command.mutable_correct_license_change()->set_change_index(index);
        } else if (command.has_void_movement()) {
          command.mutable_void_movement()->set_movement_index(index);
        } else if (command.has_recover_units()) {
          command.mutable_recover_units()->set_movement_index(index);
        }
      }
    }
    return commands;
  }

  // What an earlier step made.
  absl::StatusOr<uint64_t> MadeBy(const std::string& step,
                                  std::optional<uint64_t> StepTrace::*index,
                                  absl::string_view what) const {
    const auto trace = traces_.find(step);
    if (trace == traces_.end() || !(trace->second.*index)) {
      return absl::InvalidArgumentError(
          absl::StrCat("step \"", step, "\" made no ", what));
    }
    return *(trace->second.*index);
  }

  const ScenarioFile& file_;
  const PolicyFiles& files_;
  MemoryLedger& ledger_;
  StepTraces traces_;
};

// Whether the log gives the totals that were decided live.
absl::Status CheckReplay(const MemoryLedger& ledger) {
  ASSIGN_OR_RETURN(const auto replayed, ReplayTotals(ledger.entries()));
  if (replayed == ledger.state().SortedTotals()) return absl::OkStatus();
  return absl::DataLossError(
      "the totals of the replay differ from those decided live");
}

absl::Status RunSteps(const ScenarioFile& file, const PolicyFiles& files,
                      const std::function<void(const MemoryLedger&)>& look,
                      Report& report) {
  ASSIGN_OR_RETURN(const Date start, StartOf(file.scenario));
  MemoryLedger ledger(start);
  RETURN_IF_ERROR(PrepareScenario(file, files, ledger));
  Story story(file, files, ledger);
  for (int i = 0; i < file.scenario.steps_size(); ++i) {
    const Step& step = file.scenario.steps(i);
    Report::Failure failure;
    failure.set_step(step.name());
    if (static_cast<size_t>(i) < file.step_lines.size()) {
      failure.set_line(file.step_lines[i]);
    }
    const absl::Status run = story.Run(i, failure);
    if (failure.differences_size() > 0) *report.add_failures() = failure;
    if (!run.ok()) {
      return absl::FailedPreconditionError(absl::StrCat(
          failure.line(), ": step \"", step.name(), "\": ", run.message()));
    }
  }
  if (look) look(ledger);
  return CheckReplay(ledger);
}

// What differs in a step, a line each, in aligned columns, each with its line
// in the file where that is known.
std::string FormatDifferences(const Report::Failure& failure) {
  size_t what_width = 0;
  size_t expected_width = absl::string_view("EXPECTED").size();
  bool has_lines = false;
  for (const Report::Difference& difference : failure.differences()) {
    what_width = std::max(what_width, difference.what().size());
    expected_width = std::max(expected_width, difference.expected().size());
    has_lines |= difference.line() > 0;
  }
  const auto line = [&](absl::string_view number, absl::string_view what,
                        absl::string_view expected, absl::string_view actual) {
    return absl::StrFormat("    %s%-*s  %-*s  %s\n",
                           has_lines ? absl::StrFormat("%4s  ", number) : "",
                           static_cast<int>(what_width), what,
                           static_cast<int>(expected_width), expected, actual);
  };
  std::string text = line("LINE", "", "EXPECTED", "ACTUAL");
  for (const Report::Difference& difference : failure.differences()) {
    text += line(absl::StrCat(difference.line()), difference.what(),
                 difference.expected(), difference.actual());
  }
  return text;
}

}  // namespace

PolicyFiles FilesOf(const std::string& scenario_path,
                    const std::vector<std::string>& more_folders) {
  const fs::path folder = fs::absolute(scenario_path).parent_path();
  PolicyFiles files;
  files.folders = {folder.string(), folder.parent_path().string()};
  files.folders.insert(files.folders.end(), more_folders.begin(),
                       more_folders.end());
  return files;
}

absl::StatusOr<std::string> FindPolicyFile(const scenario::v1::PolicyUse& use,
                                           const PolicyFiles& files) {
  if (use.path().empty() == use.name().empty()) {
    return absl::InvalidArgumentError(
        "a policy is named by its path or by its name, one of them");
  }
  return FindFile(
      use.path().empty() ? absl::StrCat(use.name(), ".textproto") : use.path(),
      files);
}

absl::Status PrepareScenario(const ScenarioFile& file, const PolicyFiles& files,
                             MemoryLedger& ledger) {
  const Scenario& scenario = file.scenario;
  for (const std::string& name : scenario.setup_files()) {
    ASSIGN_OR_RETURN(const std::string path, FindFile(name, files));
    scenario::v1::Setup setup;
    RETURN_IF_ERROR(ReadTextFile(path, setup));
    for (const v1::Command& command : setup.commands()) {
      RETURN_IF_ERROR(MustAccept(ledger, {command}, path));
    }
  }
  for (const v1::Command& command : scenario.setup()) {
    RETURN_IF_ERROR(MustAccept(ledger, {command}, "setup"));
  }
  for (int i = 0; i < scenario.policies_size(); ++i) {
    RETURN_IF_ERROR(AdoptPolicyFile(scenario.policies(i), files,
                                    {file, absl::StrCat("policies[", i, "]")},
                                    ledger));
  }
  return absl::OkStatus();
}

Report RunScenario(const ScenarioFile& file, const PolicyFiles& files,
                   const std::function<void(const MemoryLedger&)>& look) {
  Report report;
  report.set_path(file.path);
  report.set_steps(file.scenario.steps_size());
  const absl::Status run = RunSteps(file, files, look, report);
  if (!run.ok()) report.set_error(std::string(run.message()));
  return report;
}

bool HasPassed(const Report& report) {
  return report.failures().empty() && report.error().empty();
}

std::string FormatReport(const Report& report) {
  if (HasPassed(report)) {
    return absl::StrCat("ok    ", report.path(), " (", report.steps(),
                        report.steps() == 1 ? " step)\n" : " steps)\n");
  }
  std::string text = absl::StrCat("FAIL  ", report.path(), "\n");
  for (const Report::Failure& failure : report.failures()) {
    absl::StrAppend(&text, "  ", report.path(), ":", failure.line(),
                    ": step \"", failure.step(), "\"\n",
                    FormatDifferences(failure));
  }
  if (!report.error().empty()) {
    absl::StrAppend(&text, "  ", report.error(), "\n");
  }
  return text;
}

}  // namespace chipledger::scenarios
