#include "ledger/scenario/expectations.h"

#include <cstddef>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/error_reason.pb.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/error.h"
#include "ledger/base/near.h"
#include "ledger/domain/headroom.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/known.h"
#include "ledger/domain/license_moves.h"
#include "ledger/domain/reports.h"

namespace chipledger::scenarios {
namespace {

using google::protobuf::util::MessageDifferencer;
using scenario::v1::Accepted;
using scenario::v1::Expectation;
using scenario::v1::ExpectedApplication;
using scenario::v1::ExpectedBackfill;
using scenario::v1::ExpectedEvaluation;
using scenario::v1::ExpectedHeadroom;
using scenario::v1::ExpectedLicense;
using scenario::v1::ExpectedLicenseLine;
using scenario::v1::ExpectedReport;
using scenario::v1::ExpectedReservation;
using scenario::v1::ExpectedUnits;
using scenario::v1::ExpectedViolation;

// What a rule found, whether it refuses, was overruled by the facts, or only
// reports.
struct Finding {
  std::string policy_id;
  std::string rule_id;
  v1::GroupKey group;
  int scale = 0;
  LimitedAmount limit;
  int64_t used = 0;
  int64_t reserved = 0;
  int64_t asked = 0;
  LimitedAmount headroom;
  LimitedAmount excess;
  std::string description;
};

template <typename Rule>
Finding ToFinding(const Rule& rule) {
  Finding finding{.policy_id = rule.policy_id(),
                  .rule_id = rule.rule_id(),
                  .group = rule.group(),
                  .scale = ScaleOf(rule.measure())};
  if (rule.has_limit()) finding.limit.amount = rule.limit();
  finding.limit.unknown = rule.unknown_limit();
  finding.headroom.unknown = rule.unknown_limit();
  finding.used = rule.used();
  finding.reserved = rule.reserved();
  finding.asked = rule.asked();
  return finding;
}

Finding FindingOf(const v1::Violation& violation) {
  Finding finding = ToFinding(violation);
  if (violation.has_headroom()) finding.headroom.amount = violation.headroom();
  if (violation.has_excess()) finding.excess.amount = violation.excess();
  finding.description = violation.description();
  return finding;
}

Finding FindingOf(const v1::RuleEvaluation& rule) {
  Finding finding = ToFinding(rule);
  if (rule.has_headroom_before()) {
    finding.headroom.amount = rule.headroom_before();
    finding.excess.amount = rule.asked() - rule.headroom_before();
  }
  return finding;
}

template <typename List>
std::string RuleIds(const List& list) {
  if (list.empty()) return "nothing";
  return absl::StrJoin(list, ", ", [](std::string* out, const auto& item) {
    if constexpr (std::is_same_v<decltype(item), const Finding&>) {
      absl::StrAppend(out, item.rule_id);
    } else {
      absl::StrAppend(out, item.rule_id());
    }
  });
}

bool Names(const v1::GroupKey& expected, const v1::GroupKey& actual) {
  return MessageDifferencer::Equals(expected, actual);
}

std::string GroupText(const v1::GroupKey& group) {
  const std::string text = group.ShortDebugString();
  return text.empty() ? "one total for all" : text;
}

void CompareFinding(const ExpectedViolation& expected, const Finding& actual,
                    StepReport& report) {
  const std::string& rule = expected.rule_id();
  const int scale = actual.scale;
  report.CompareText(absl::StrCat(rule, " policy"), expected.policy_id(),
                     actual.policy_id);
  if (expected.has_group() && !Names(expected.group(), actual.group)) {
    report.Differ(absl::StrCat(rule, " group"), GroupText(expected.group()),
                  GroupText(actual.group));
  }
  report.CompareLimited(absl::StrCat(rule, " limit"), expected.limit(),
                        actual.limit, scale);
  report.CompareAmount(absl::StrCat(rule, " used"), expected.used(),
                       actual.used, scale);
  report.CompareAmount(absl::StrCat(rule, " reserved"), expected.reserved(),
                       actual.reserved, scale);
  report.CompareAmount(absl::StrCat(rule, " asked"), expected.asked(),
                       actual.asked, scale);
  report.CompareLimited(absl::StrCat(rule, " headroom"), expected.headroom(),
                        actual.headroom, scale);
  report.CompareLimited(absl::StrCat(rule, " excess"), expected.excess(),
                        actual.excess, scale);
  report.CompareContains(absl::StrCat(rule, " description"),
                         expected.description_contains(), actual.description);
}

// Compares each element of a list of an expectation; `path` is the list's.
template <typename List, typename Compare>
void CompareEach(absl::string_view path, const List& expected,
                 StepReport& report, const Compare& compare) {
  for (int i = 0; i < expected.size(); ++i) {
    report.LookAt(absl::StrCat(path, "[", i, "]"));
    compare(expected[i], i);
  }
  report.LookAt("");
}

// `outcome` is the field of the expectation that has the list.
void CompareFindings(
    absl::string_view outcome, absl::string_view what, absl::string_view list,
    const google::protobuf::RepeatedPtrField<ExpectedViolation>& expected,
    const std::vector<Finding>& actual, StepReport& report) {
  report.LookAt(std::string(outcome));
  report.CompareText(what, RuleIds(expected), RuleIds(actual));
  if (static_cast<size_t>(expected.size()) != actual.size()) return;
  CompareEach(absl::StrCat(outcome, ".", list), expected, report,
              [&](const ExpectedViolation& one, int place) {
                const Finding& found = actual[static_cast<size_t>(place)];
                if (one.rule_id() == found.rule_id) {
                  CompareFinding(one, found, report);
                }
              });
}

bool IsMeant(const ExpectedEvaluation& expected,
             const v1::RuleEvaluation& actual) {
  return expected.rule_id() == actual.rule_id() &&
         (expected.policy_id().empty() ||
          expected.policy_id() == actual.policy_id()) &&
         (!expected.has_group() || Names(expected.group(), actual.group()));
}

void CompareEvaluation(const ExpectedEvaluation& expected,
                       const std::vector<const v1::RuleEvaluation*>& rules,
                       const domain::Snapshot& now, StepReport& report) {
  const std::string& rule = expected.rule_id();
  // A mistyped rule judges nothing, and would pass for one that is absent.
  const absl::Status known =
      domain::CheckRuleKnown(now, expected.policy_id(), rule);
  if (!known.ok()) return report.Differ(rule, "a rule", known.message());
  const v1::RuleEvaluation* actual = nullptr;
  for (const v1::RuleEvaluation* one : rules) {
    if (!IsMeant(expected, *one)) continue;
    // What turns from reserved to used moves both parts: the latter is meant.
    const bool used = one->balance() == v1::BALANCE_USED;
    if (actual == nullptr || (used && actual->balance() != v1::BALANCE_USED)) {
      actual = one;
    }
  }
  if (expected.absent() != (actual == nullptr)) {
    return report.Differ(rule, expected.absent() ? "does not judge" : "judges",
                         actual == nullptr ? "does not judge" : "judges");
  }
  if (actual == nullptr) return;
  if (expected.has_verdict()) {
    report.CompareText(absl::StrCat(rule, " verdict"),
                       v1::Verdict_Name(expected.verdict()),
                       v1::Verdict_Name(actual->verdict()));
  }
  const int scale = ScaleOf(actual->measure());
  const bool unknown = actual->unknown_limit();
  LimitedAmount limit{.unknown = unknown};
  if (actual->has_limit()) limit.amount = actual->limit();
  LimitedAmount after{.unknown = unknown};
  if (actual->has_headroom_after()) after.amount = actual->headroom_after();
  report.CompareLimited(absl::StrCat(rule, " limit"), expected.limit(), limit,
                        scale);
  report.CompareAmount(absl::StrCat(rule, " used"), expected.used(),
                       actual->used(), scale);
  report.CompareAmount(absl::StrCat(rule, " reserved"), expected.reserved(),
                       actual->reserved(), scale);
  report.CompareAmount(absl::StrCat(rule, " asked"), expected.asked(),
                       actual->asked(), scale);
  report.CompareLimited(absl::StrCat(rule, " headroom after"),
                        expected.headroom_after(), after, scale);
}

// Appends the violations that decide, or would have.
void AppendViolations(const v1::Judgement& judgement,
                      std::vector<Finding>& violations) {
  for (const v1::Violation& violation : judgement.violations()) {
    if (violation.verdict() == v1::VERDICT_VIOLATED) {
      violations.push_back(FindingOf(violation));
    }
  }
}

void CheckAccepted(const Accepted& expected,
                   const MemoryLedger::Outcome& outcome,
                   const MemoryLedger& ledger, StepReport& report) {
  if (!outcome.status.ok() || outcome.refused) {
    return report.Differ("answer", "accepted", Describe(outcome));
  }
  std::vector<Finding> violations;
  std::vector<Finding> reported;
  std::vector<const v1::RuleEvaluation*> rules;
  std::string chosen_license_id;
  for (const v1::Judgement& judgement : outcome.judgements) {
    AppendViolations(judgement, violations);
    for (const v1::RuleEvaluation& rule : judgement.rules()) {
      rules.push_back(&rule);
      if (rule.verdict() == v1::VERDICT_REPORTED) {
        reported.push_back(FindingOf(rule));
      }
    }
  }
  for (const v1::Event& event : outcome.events) {
    const v1::Evidence* evidence = domain::EvidenceOf(event);
    if (evidence != nullptr) chosen_license_id = evidence->chosen_license_id();
  }
  CompareFindings("accepted", "violated", "violations", expected.violations(),
                  violations, report);
  CompareFindings("accepted", "reported", "reported", expected.reported(),
                  reported, report);
  if (!expected.evaluations().empty()) {
    const domain::Snapshot now = ledger.state().ToSnapshot();
    CompareEach("accepted.evaluations", expected.evaluations(), report,
                [&](const ExpectedEvaluation& evaluation, int) {
                  CompareEvaluation(evaluation, rules, now, report);
                });
  }
  report.CompareText("chosen license", expected.chosen_license_id(),
                     chosen_license_id);
}

void CheckRefused(const scenario::v1::Refused& expected,
                  const MemoryLedger::Outcome& outcome, StepReport& report) {
  if (!outcome.status.ok() || !outcome.refused) {
    return report.Differ(
        "answer", absl::StrCat("refused: ", RuleIds(expected.violations())),
        Describe(outcome));
  }
  std::vector<Finding> violations;
  AppendViolations(outcome.judgements[0], violations);
  std::vector<Finding> reported;
  for (const v1::Violation& violation : outcome.judgements[0].violations()) {
    if (violation.verdict() == v1::VERDICT_REPORTED) {
      reported.push_back(FindingOf(violation));
    }
  }
  CompareFindings("refused", "violated", "violations", expected.violations(),
                  violations, report);
  CompareFindings("refused", "reported", "reported", expected.reported(),
                  reported, report);
}

std::vector<std::string> ReasonNames() {
  const auto& reasons = *v1::ErrorReason_descriptor();
  std::vector<std::string> names;
  for (int i = 0; i < reasons.value_count(); ++i) {
    names.push_back(reasons.value(i)->name());
  }
  return names;
}

bool IsReason(const std::string& name) {
  return v1::ErrorReason_descriptor()->FindValueByName(name) != nullptr;
}

void CheckError(const Expectation& expected,
                const MemoryLedger::Outcome& outcome, StepReport& report) {
  const auto cause = GetErrorCause(outcome.status);
  const std::string& reason = expected.error_reason();
  report.CompareText("error reason",
                     IsReason(reason)
                         ? reason
                         : absl::StrCat(reason, ", which is no ErrorReason",
                                        DidYouMean(reason, ReasonNames())),
                     cause.has_value() ? cause->reason : Describe(outcome));
  report.CompareContains("error message", expected.error_contains(),
                         outcome.status.message());
}

// The ledger as an expectation asks for it.
class Reader {
 public:
  Reader(const MemoryLedger& ledger, const StepTraces& traces)
      : ledger_(ledger), traces_(traces), now_(ledger.state().ToSnapshot()) {}

  const domain::State& state() const { return ledger_.state(); }
  const MemoryLedger& ledger() const { return ledger_; }
  const domain::Snapshot& now() const { return now_; }

  // The state right after a step; of an empty name the latest.
  absl::StatusOr<domain::Snapshot> After(const std::string& step) const {
    if (step.empty()) return now_;
    const StepTrace* trace = FindTrace(step);
    if (trace == nullptr) {
      return absl::NotFoundError(absl::StrCat("no step \"", step, "\" so far"));
    }
    return ledger_.SnapshotAt(trace->size);
  }
  const StepTrace* FindTrace(const std::string& step) const {
    const auto found = traces_.find(step);
    return found == traces_.end() ? nullptr : &found->second;
  }

 private:
  const MemoryLedger& ledger_;
  const StepTraces& traces_;
  const domain::Snapshot now_;
};

absl::StatusOr<v1::HeadroomRow> ReadRow(const ExpectedHeadroom& expected,
                                        const Reader& reader) {
  const std::optional<Date> date = Date::Parse(expected.on_date());
  if (!date.has_value()) {
    return absl::InvalidArgumentError("the scenario names no on_date");
  }
  Date through = Date::Max();
  if (!expected.through_date().empty()) {
    const std::optional<Date> last = Date::Parse(expected.through_date());
    if (!last.has_value()) {
      return absl::InvalidArgumentError("through_date is not a date");
    }
    through = *last;
  }
  auto snapshot = reader.After(expected.at_step());
  if (!snapshot.ok()) return snapshot.status();
  v1::GetHeadroomRequest request;
  request.set_policy_id(expected.policy_id());
  request.set_rule_id(expected.rule_id());
  *request.mutable_group() = expected.group();
  request.set_on_date(expected.on_date());
  return domain::GetHeadroom(
      {.snapshot = *snapshot, .today = *date, .through = through}, request);
}

void CompareStatus(absl::string_view what, v1::HeadroomRow::Status expected,
                   v1::HeadroomRow::Status actual, StepReport& report) {
  if (expected == v1::HeadroomRow::STATUS_UNSPECIFIED) return;
  report.CompareText(what, v1::HeadroomRow::Status_Name(expected),
                     v1::HeadroomRow::Status_Name(actual));
}

void CheckHeadroom(const ExpectedHeadroom& expected, const Reader& reader,
                   StepReport& report) {
  const std::string total =
      absl::StrCat(expected.policy_id(), "/", expected.rule_id(), " of ",
                   GroupText(expected.group()));
  const auto row = ReadRow(expected, reader);
  if (!row.ok()) {
    return report.Differ(total, "a total", row.status().message());
  }
  const auto of = [&](absl::string_view what) {
    return absl::StrCat(what, " ", total);
  };
  const int scale = ScaleOf(row->measure());
  const bool unknown = row->status() == v1::HeadroomRow::STATUS_UNKNOWN_LIMIT;
  LimitedAmount headroom{.unknown = unknown};
  if (row->has_headroom()) headroom.amount = row->headroom();
  LimitedAmount limit{.unknown = unknown};
  if (row->has_limit()) limit.amount = row->limit();
  report.CompareLimited(of("headroom"), expected.headroom(), headroom, scale);
  report.CompareLimited(of("limit"), expected.limit(), limit, scale);
  report.CompareAmount(of("used"), expected.used(), row->used(), scale);
  report.CompareAmount(of("reserved"), expected.reserved(), row->reserved(),
                       scale);
  CompareStatus(of("status"), expected.status(), row->status(), report);
  CompareStatus(of("last reporting status"), expected.last_reporting_status(),
                row->last_reporting_status(), report);
  report.CompareNumber(
      of("headroom in references"), expected.has_headroom_in_references(),
      expected.headroom_in_references(), row->headroom_in_references());
  report.CompareNumber(of("unmeasured GPUs"), expected.has_unmeasured_gpus(),
                       expected.unmeasured_gpus(), row->unmeasured_gpus());
}

void CheckLicenseLine(const ExpectedLicenseLine& expected, const Reader& reader,
                      StepReport& report) {
  const std::string what = absl::StrCat("license ", expected.license_id(),
                                        " line ", expected.line_number());
  const domain::LicenseState* license =
      reader.state().FindLicense(expected.license_id());
  const domain::LicenseState::Line* line =
      license == nullptr ? nullptr : license->FindLine(expected.line_number());
  if (line == nullptr) return report.Differ(what, "a line", "none");
  const auto compare = [&](absl::string_view name, bool wanted, int64_t value,
                           int64_t actual) {
    report.CompareNumber(absl::StrCat(what, " ", name), wanted, value, actual);
  };
  compare("authorized", expected.has_authorized(), expected.authorized(),
          line->authorized);
  compare("shipped", expected.has_shipped(), expected.shipped(),
          line->drawn.shipped);
  compare("reserved", expected.has_reserved(), expected.reserved(),
          line->drawn.reserved);
  compare("available", expected.has_available(), expected.available(),
          line->available());
  compare("value shipped", expected.has_value_shipped_usd(),
          expected.value_shipped_usd(), line->drawn.value_usd);
}

void CheckLicense(const ExpectedLicense& expected, const Reader& reader,
                  StepReport& report) {
  const std::string what = absl::StrCat("license ", expected.license_id());
  const domain::LicenseState* license =
      reader.state().FindLicense(expected.license_id());
  if (license == nullptr) return report.Differ(what, "a license", "none");
  report.CompareText(absl::StrCat(what, " last export date"),
                     expected.last_export_date(),
                     license->last_export_date.ToString());
  report.CompareText(absl::StrCat(what, " exporter"), expected.exporter(),
                     license->license.exporter());
  report.CompareText(absl::StrCat(what, " replaced by"), expected.replaced_by(),
                     license->replaced_by);
  if (expected.status() == v1::LICENSE_STATUS_UNSPECIFIED) return;
  const std::optional<Date> date = Date::Parse(expected.on_date());
  if (!expected.on_date().empty() && !date.has_value()) {
    return report.Differ(what, "a date", expected.on_date());
  }
  const v1::LicenseStatus actual =
      date.has_value() ? license->StatusOn(*date) : license->FinalStatus();
  report.CompareText(absl::StrCat(what, " status"),
                     v1::LicenseStatus_Name(expected.status()),
                     v1::LicenseStatus_Name(actual));
}

std::string StepNames(absl::Span<const int> steps) {
  return absl::StrJoin(steps, ", ", [](std::string* out, int step) {
    absl::StrAppend(out, v1::ApplicationStep_Name(step));
  });
}

void CheckApplication(const ExpectedApplication& expected, const Reader& reader,
                      StepReport& report) {
  const std::string what =
      absl::StrCat("application ", expected.application_id());
  const auto* found =
      reader.state().registers().applications.Find(expected.application_id());
  if (found == nullptr) return report.Differ(what, "an application", "none");
  const v1::ApplicationView& application = **found;
  if (expected.status() != v1::APPLICATION_STATUS_UNSPECIFIED) {
    report.CompareText(absl::StrCat(what, " status"),
                       v1::ApplicationStatus_Name(expected.status()),
                       v1::ApplicationStatus_Name(application.status()));
  }
  report.CompareText(absl::StrCat(what, " license"), expected.license_id(),
                     application.license_id());
  std::vector<int> steps;
  for (const v1::ApplicationView::Step& step : application.steps()) {
    steps.push_back(step.step());
  }
  report.CompareText(absl::StrCat(what, " steps"),
                     StepNames(std::vector<int>(expected.steps().begin(),
                                                expected.steps().end())),
                     StepNames(steps));
  const auto submitted =
      Date::Parse(application.application().application_date());
  const Date today = Date::FromUnixNs(reader.ledger().now_ns());
  if (!submitted) return;
  report.CompareNumber(absl::StrCat(what, " age in days"),
                       expected.has_age_days(), expected.age_days(),
                       today.days() - submitted->days());
  report.CompareNumber(absl::StrCat(what, " days on the clock"),
                       expected.has_clock_days(), expected.clock_days(),
                       domain::ClockDays(application, today));
}

void CheckReservation(const ExpectedReservation& expected, const Reader& reader,
                      StepReport& report) {
  const std::string what =
      absl::StrCat("reservation of step \"", expected.of_step(), "\"");
  const StepTrace* trace = reader.FindTrace(expected.of_step());
  if (trace == nullptr || !trace->reservation_index.has_value()) {
    return report.Differ(what, "a reservation", "none was made");
  }
  std::vector<int64_t> held;
  const auto* reservation =
      reader.state().registers().reservations.Find(*trace->reservation_index);
  if (reservation != nullptr) {
    for (const v1::Item& item : (*reservation)->shipment.items()) {
      held.push_back(item.quantity());
    }
  }
  const auto text = [](const auto& units) {
    return units.empty() ? std::string("nothing") : absl::StrJoin(units, ", ");
  };
  report.CompareText(absl::StrCat(what, " holds"), text(expected.held()),
                     text(held));
}

absl::StatusOr<domain::ItemUnitsState> ReadUnits(const ExpectedUnits& expected,
                                                 const Reader& reader) {
  const auto index = reader.ledger().FindShipment(
      expected.exporter(), expected.shipment_reference());
  if (!index.ok()) return index.status();
  if (!index->has_value()) return absl::NotFoundError("no such shipment");
  const domain::ShipmentState shipment = reader.state().GetShipment(**index);
  const auto event = reader.ledger().ReadEvent(
      shipment.content_index == 0 ? **index : shipment.content_index);
  if (!event.ok()) return event.status();
  const std::vector<domain::ItemUnitsState> units =
      domain::UnitsOf(*domain::ShipmentOf(**event), shipment);
  if (static_cast<size_t>(expected.item()) >= units.size()) {
    return absl::NotFoundError("no such item");
  }
  return units[expected.item()];
}

void CheckUnits(const ExpectedUnits& expected, const Reader& reader,
                StepReport& report) {
  const std::string what =
      absl::StrCat("shipment ", expected.exporter(), "/",
                   expected.shipment_reference(), " item ", expected.item());
  const auto units = ReadUnits(expected, reader);
  if (!units.ok()) {
    return report.Differ(what, "an item", units.status().message());
  }
  const auto compare = [&](absl::string_view name, bool wanted, int64_t value,
                           int64_t actual) {
    report.CompareNumber(absl::StrCat(what, " ", name), wanted, value, actual);
  };
  compare("in transit", expected.has_in_transit(), expected.in_transit(),
          units->in_transit);
  compare("on hand", expected.has_on_hand(), expected.on_hand(),
          units->on_hand);
  compare("returned", expected.has_returned(), expected.returned(),
          units->returned);
  compare("sent on", expected.has_sent_on(), expected.sent_on(),
          units->sent_on);
  compare("retired", expected.has_retired(), expected.retired(),
          units->retired);
  compare("diverted", expected.has_diverted(), expected.diverted(),
          units->diverted);
}

void CheckBackfill(const ExpectedBackfill& expected, const Reader& reader,
                   StepReport& report) {
  const std::string what = absl::StrCat("policy ", expected.policy_id());
  const domain::CompiledPolicy* policy =
      reader.state().catalog().FindPolicy(expected.policy_id());
  if (policy == nullptr || !policy->adopted.has_backfill()) {
    return report.Differ(what, "adopted late", "not adopted late");
  }
  const v1::Backfill& backfill = policy->adopted.backfill();
  if (expected.has_done() && expected.done() != backfill.done()) {
    report.Differ(absl::StrCat(what, " has counted all"),
                  expected.done() ? "yes" : "no",
                  backfill.done() ? "yes" : "no");
  }
  report.CompareNumber(absl::StrCat(what, " facts"), expected.has_facts(),
                       expected.facts(), backfill.facts());
  report.CompareNumber(absl::StrCat(what, " violating facts"),
                       expected.has_violating_facts(),
                       expected.violating_facts(), backfill.violating_facts());
}

void CheckReportedRule(const ExpectedReport::Rule& expected,
                       const v1::TotalsReported& reported,
                       const domain::CompiledPolicy& policy,
                       const std::string& report_name, StepReport& report) {
  const std::string what = absl::StrCat(report_name, " ", expected.rule_id());
  for (const v1::TotalsReported::RuleSummary& rule : reported.rules()) {
    if (policy.rules[rule.rule()].rule_id != expected.rule_id()) continue;
    report.CompareNumber(absl::StrCat(what, " totals"), expected.has_totals(),
                         expected.totals(), rule.totals());
    report.CompareNumber(absl::StrCat(what, " over their limit"),
                         expected.has_over_limit(), expected.over_limit(),
                         rule.over_limit());
    return;
  }
  report.Differ(what, "is reported on", "is not");
}

void CheckReport(const ExpectedReport& expected, const Reader& reader,
                 StepReport& report) {
  const std::string what =
      absl::StrCat("report of ", expected.policy_id(), " on ", expected.date());
  const std::optional<Date> date = Date::Parse(expected.date());
  if (!date) return report.Differ(what, "a date", expected.date());
  const uint64_t* index = reader.state().registers().reports.Find(
      domain::ReportKey(expected.policy_id(), *date));
  if (expected.absent() != (index == nullptr)) {
    return report.Differ(what, expected.absent() ? "none" : "a report",
                         index == nullptr ? "none" : "a report");
  }
  if (index == nullptr) return;
  const auto event = reader.ledger().ReadEvent(*index);
  if (!event.ok()) {
    return report.Differ(what, "a report", event.status().message());
  }
  const v1::TotalsReported& reported = (*event)->totals_reported();
  const domain::Catalog& catalog = reader.state().catalog();
  const domain::CompiledPolicy& policy =
      *catalog.FindAdopted(reported.policy_index());
  for (const ExpectedReport::Rule& rule : expected.rules()) {
    CheckReportedRule(rule, reported, policy, what, report);
  }
  const v1::Judgement judgement = domain::JudgementOf(catalog, **event, *index);
  std::vector<const v1::RuleEvaluation*> totals;
  for (const v1::RuleEvaluation& total : judgement.rules()) {
    totals.push_back(&total);
  }
  for (const ExpectedEvaluation& total : expected.totals()) {
    CompareEvaluation(total, totals, reader.now(), report);
  }
}

}  // namespace

std::string Describe(const MemoryLedger::Outcome& outcome) {
  if (!outcome.status.ok()) {
    const auto cause = GetErrorCause(outcome.status);
    return absl::StrCat(cause.has_value() ? cause->reason : "error", ": ",
                        outcome.status.message());
  }
  if (!outcome.refused) return "accepted";
  return absl::StrCat(
      "refused: ",
      absl::StrJoin(outcome.judgements[0].violations(), " ",
                    [](std::string* out, const v1::Violation& violation) {
                      absl::StrAppend(out, violation.rule_id(), " (",
                                      violation.description(), ")");
                    }));
}

void CheckOutcome(const Expectation& expected,
                  const MemoryLedger::Outcome& outcome,
                  const MemoryLedger& ledger, StepReport& report) {
  switch (expected.outcome_case()) {
    case Expectation::kAccepted:
      return CheckAccepted(expected.accepted(), outcome, ledger, report);
    case Expectation::kRefused:
      return CheckRefused(expected.refused(), outcome, report);
    case Expectation::kErrorReason:
      return CheckError(expected, outcome, report);
    case Expectation::OUTCOME_NOT_SET:
      return report.Differ(
          "answer", "accepted, refused or error_reason must be in expect",
          Describe(outcome));
  }
}

void CheckLedger(const Expectation& expected, const MemoryLedger& ledger,
                 const StepTraces& traces, StepReport& report) {
  const Reader reader(ledger, traces);
  const auto check = [&](absl::string_view list, const auto& elements,
                         const auto& check_one) {
    CompareEach(list, elements, report, [&](const auto& element, int) {
      check_one(element, reader, report);
    });
  };
  check("headroom", expected.headroom(), CheckHeadroom);
  check("license_lines", expected.license_lines(), CheckLicenseLine);
  check("licenses", expected.licenses(), CheckLicense);
  check("applications", expected.applications(), CheckApplication);
  check("reservations", expected.reservations(), CheckReservation);
  check("units", expected.units(), CheckUnits);
  check("backfills", expected.backfills(), CheckBackfill);
  check("reports", expected.reports(), CheckReport);
}

}  // namespace chipledger::scenarios
