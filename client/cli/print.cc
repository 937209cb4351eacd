#include "client/cli/print.h"

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/cli/policy_text.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "ledger/base/count_of.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

constexpr int kMilliTppScale = 3;

std::string OptionalAmount(v1::Measure measure, bool has, int64_t amount,
                           absl::string_view otherwise) {
  return has ? FormatAmount(measure, amount) : std::string(otherwise);
}

// What a rule leaves without a number.
std::string NoNumber(bool unknown, absl::string_view otherwise) {
  return unknown ? "unknown" : std::string(otherwise);
}

std::string BalanceText(v1::Balance balance) {
  return balance == v1::BALANCE_NONE ? "tested only"
                                     : FormatEnum(balance, "BALANCE_");
}

using Evaluations = google::protobuf::RepeatedPtrField<v1::RuleEvaluation>;

void PrintRules(const Evaluations& rules) {
  if (rules.empty()) {
    std::cout << "No rule counts it.\n";
    return;
  }
  Table table({"RULE", "TOTAL OF", "WINDOW", "USED BEFORE>", "RESERVED BEFORE>",
               "ASKED>", "AS", "LIMIT>", "HEADROOM AFTER>", "VERDICT"});
  for (const v1::RuleEvaluation& rule : rules) {
    const v1::Measure measure = rule.measure();
    const bool unknown = rule.unknown_limit();
    table.AddRow(
        {FormatRule(rule.policy_id(), rule.rule_id()),
         FormatGroup(rule.group()), FormatWindow(rule.window_start(), ""),
         FormatAmount(measure, rule.used()),
         FormatAmount(measure, rule.reserved()),
         FormatAmount(measure, rule.asked()), BalanceText(rule.balance()),
         OptionalAmount(measure, rule.has_limit(), rule.limit(),
                        NoNumber(unknown, "-")),
         OptionalAmount(measure, rule.has_headroom_after(),
                        rule.headroom_after(), NoNumber(unknown, "no limit")),
         FormatEnum(rule.verdict(), "VERDICT_")});
  }
  std::cout << table.ToString();
}

void PrintDraws(const v1::Evidence& evidence) {
  if (!evidence.chosen_license_id().empty()) {
    std::cout << "License chosen by the ledger: "
              << evidence.chosen_license_id() << "\n";
  }
  for (const v1::LicenseDraw& draw : evidence.draws()) {
    const char* what =
        draw.reserved() ? "Reserved on license " : "Drawn from license ";
    if (draw.quantity() < 0) {
      what = draw.reserved() ? "Reserved no more on license "
                             : "Given back to license ";
    }
    std::cout << what << draw.license_id() << " line " << draw.line_number()
              << ": " << CountOf(std::abs(draw.quantity()), "unit");
    if (draw.value_usd() != 0) {
      std::cout << ", "
                << FormatAmount(v1::MEASURE_VALUE_USD,
                                std::abs(draw.value_usd()));
    }
    std::cout << "\n";
  }
}

std::string ShipmentText(const v1::Shipment& shipment) {
  return absl::StrCat(shipment.exporter(), " ", shipment.shipment_reference(),
                      " to ", shipment.destination_country(), " on ",
                      shipment.export_date(), ": ", FormatItems(shipment));
}

std::string NameText(const v1::ShipmentName& name) {
  return absl::StrCat(name.exporter(), " ", name.shipment_reference());
}

std::string UnitsText(
    const google::protobuf::RepeatedPtrField<v1::ItemUnits>& units) {
  int64_t count = 0;
  for (const v1::ItemUnits& one : units) count += one.quantity();
  return CountOf(count, "unit");
}

// A command about units of a shipment.
template <typename Command>
std::string UnitsOf(const Command& command) {
  return absl::StrCat(NameText(command.shipment()), ": ",
                      UnitsText(command.units()), " on ",
                      command.effective_date());
}

// "; 2 units were not there", or nothing.
template <typename Movement>
std::string NotThereText(const Movement& moved) {
  return moved.not_there().empty()
             ? ""
             : absl::StrCat("; ", UnitsText(moved.not_there()),
                            " were not there");
}

// What moved units of a shipment.
template <typename Movement>
std::string MovedText(const Movement& moved) {
  return UnitsOf(moved.command()) + NotThereText(moved);
}

// A shipment that took over units of another.
template <typename Movement>
std::string OnwardText(const Movement& moved) {
  return absl::StrCat(ShipmentText(moved.command().shipment()), ", from ",
                      NameText(moved.command().origin()), NotThereText(moved));
}

std::string ReservationText(uint64_t index) {
  return absl::StrCat("reservation ", index);
}

// Such as "us-diffusion-2025 on 2025-08-01: 12 totals, 1 over its limit".
std::string ReportText(const v1::TotalsReported& reported) {
  uint64_t totals = 0, over = 0;
  for (const v1::TotalsReported::RuleSummary& rule : reported.rules()) {
    totals += rule.totals();
    over += rule.over_limit();
  }
  return absl::StrCat(reported.command().policy_id(), " on ",
                      reported.command().date(), ": ", totals,
                      totals == 1 ? " total, " : " totals, ", over,
                      over == 1 ? " over its limit" : " over their limits");
}

// The rules that refused.
std::string ViolatedRules(const v1::Judgement& judgement) {
  std::vector<std::string> rules;
  for (const v1::Violation& violation : judgement.violations()) {
    if (violation.verdict() != v1::VERDICT_VIOLATED) continue;
    rules.push_back(FormatRule(violation.policy_id(), violation.rule_id()));
  }
  return absl::StrJoin(rules, ", ");
}

}  // namespace

std::string FormatCount(int64_t count) {
  return FormatDecimalForPeople(count, 0);
}

std::string FormatAmount(v1::Measure measure, int64_t amount) {
  switch (measure) {
    case v1::MEASURE_GPUS:
      return CountOf(amount, "GPU");
    case v1::MEASURE_TPP:
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return absl::StrCat(FormatDecimalForPeople(amount, kMilliTppScale),
                          " TPP");
    case v1::MEASURE_VALUE_USD:
      return absl::StrCat(FormatCount(amount), " USD");
    default:
      return FormatCount(amount);
  }
}

void PrintList(const Table& table, absl::string_view what, bool is_filtered,
               absl::string_view first_command) {
  std::cout << table.ToString() << std::flush;
  if (!table.empty()) return;
  if (is_filtered) {
    std::cerr << "No " << what << " matches.\n";
  } else {
    std::cerr << "There is no " << what << " yet.\n  next: " << first_command
              << "\n";
  }
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%E*S%Ez",
      absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
      absl::LocalTimeZone());
}

std::string FormatEnum(const google::protobuf::EnumDescriptor& type, int value,
                       absl::string_view prefix) {
  const auto* descriptor = type.FindValueByNumber(value);
  if (descriptor == nullptr) return absl::StrCat(value);
  return absl::StrReplaceAll(
      absl::AsciiStrToLower(absl::StripPrefix(descriptor->name(), prefix)),
      {{"_", "-"}});
}

std::string FormatGroup(const v1::GroupKey& group) {
  std::vector<std::string> parts;
  const auto add = [&](absl::string_view name, const std::string& value) {
    if (!value.empty()) parts.push_back(absl::StrCat(name, value));
  };
  add("", group.destination_country());
  add("group ", group.country_group());
  add("headquarters ", group.headquarters_country());
  add("license ", group.license_id());
  if (group.license_line() != 0) {
    parts.push_back(absl::StrCat("line ", group.license_line()));
  }
  add("exporter ", group.exporter());
  add("consignee ", group.consignee());
  add("end user ", group.end_user());
  add("parent ", group.ultimate_parent());
  add("", group.product_code());
  return parts.empty() ? "all" : absl::StrJoin(parts, ", ");
}

std::string FormatRule(const std::string& policy_id,
                       const std::string& rule_id) {
  return policy_id.empty() ? rule_id : absl::StrCat(policy_id, "/", rule_id);
}

std::string FormatWindow(const std::string& start, const std::string& end) {
  if (start.empty()) return "open";
  return end.empty() ? absl::StrCat("from ", start)
                     : absl::StrCat(start, " to ", end);
}

std::string FormatItems(const v1::Shipment& shipment) {
  std::vector<std::string> items;
  for (const v1::Item& item : shipment.items()) {
    items.push_back(
        absl::StrCat(FormatCount(item.quantity()), " x ", item.product_code()));
  }
  return absl::StrJoin(items, ", ");
}

std::string FormatSize(uint64_t size, const v1::ReadPoint& read_point) {
  std::string text = absl::StrCat("As of ledger size ",
                                  FormatCount(static_cast<int64_t>(size)));
  if (!read_point.through_date().empty()) {
    absl::StrAppend(&text, ", facts through ", read_point.through_date());
  }
  return text + ".\n";
}

void PrintWriteResult(const v1::WriteResult& result) {
  if (!result.has_index()) {
    std::cout << "Would be accepted (judged at size "
              << FormatCount(static_cast<int64_t>(result.size()))
              << "). Nothing was recorded.\n";
    return;
  }
  std::cout << (result.repeated_answer() ? "Was recorded before" : "Recorded")
            << " as entry " << result.index() << " at "
            << FormatTime(result.record_time()) << ".\n";
}

void PrintJudged(const v1::Evidence& evidence, const v1::Judgement& judgement) {
  PrintRules(judgement.rules());
  PrintDraws(evidence);
  const auto& violations = judgement.violations();
  if (violations.empty()) return;
  const bool would_refuse = std::any_of(
      violations.begin(), violations.end(), [](const v1::Violation& violation) {
        return violation.verdict() == v1::VERDICT_VIOLATED;
      });
  std::cout << (would_refuse ? "It is recorded all the same; it violates:\n"
                             : "It is over limits that do not refuse it:\n")
            << FormatViolations(violations);
}

void PrintJudgedAnew(const v1::Evidence& reversal, const v1::Evidence& evidence,
                     const v1::Judgement& judgement) {
  std::cout << "Given back:\n";
  PrintRules(judgement.reversal());
  PrintDraws(reversal);
  std::cout << "Counted anew:\n";
  PrintJudged(evidence, judgement);
}

void PrintReleased(
    const google::protobuf::RepeatedField<uint64_t>& reservations) {
  if (reservations.empty()) return;
  std::cout << "Released reservations: " << absl::StrJoin(reservations, ", ")
            << "\n";
}

void PrintEvent(const v1::Event& event, const v1::Judgement& judgement) {
  const auto* field = v1::Event::GetReflection()->GetOneofFieldDescriptor(
      event, v1::Event::descriptor()->oneof_decl(0));
  if (field == nullptr) return;
  const auto& fact = v1::Event::GetReflection()->GetMessage(event, field);
  const auto find = [&](const char* name) -> const v1::Evidence* {
    const auto* part = fact.GetDescriptor()->FindFieldByName(name);
    if (part == nullptr || part->is_repeated() ||
        !fact.GetReflection()->HasField(fact, part)) {
      return nullptr;
    }
    return dynamic_cast<const v1::Evidence*>(
        &fact.GetReflection()->GetMessage(fact, part));
  };
  const v1::Evidence* reversal = find("reversal");
  const v1::Evidence* evidence = find("evidence");
  if (reversal != nullptr && evidence != nullptr) {
    PrintJudgedAnew(*reversal, *evidence, judgement);
  } else if (evidence != nullptr) {
    PrintJudged(*evidence, judgement);
  }
  if (event.has_license_granted()) {
    PrintReleased(event.license_granted().released_reservations());
  }
  if (event.has_license_voided()) {
    PrintReleased(event.license_voided().released_reservations());
  }
  if (event.has_shipment_reserved()) {
    std::cout << "Holds until "
              << FormatTime(event.shipment_reserved().expire_time())
              << " unless it is used or released before.\n";
  }
}

std::string FormatViolations(
    const google::protobuf::RepeatedPtrField<v1::Violation>& violations) {
  Table table({"RULE", "TOTAL OF", "WINDOW", "LIMIT>", "USED>", "RESERVED>",
               "ASKED>", "HEADROOM>", "EXCESS>", "VERDICT"});
  std::string sentences;
  for (const v1::Violation& violation : violations) {
    const v1::Measure measure = violation.measure();
    const bool unknown = violation.unknown_limit();
    const bool compared = violation.has_limit() || unknown;
    const auto amount = [&](bool has, int64_t value) {
      return OptionalAmount(measure, has, value, "-");
    };
    table.AddRow({FormatRule(violation.policy_id(), violation.rule_id()),
                  FormatGroup(violation.group()),
                  FormatWindow(violation.window_start(), ""),
                  OptionalAmount(measure, violation.has_limit(),
                                 violation.limit(), NoNumber(unknown, "-")),
                  amount(compared, violation.used()),
                  amount(compared, violation.reserved()),
                  amount(compared, violation.asked()),
                  amount(violation.has_headroom(), violation.headroom()),
                  amount(violation.has_excess(), violation.excess()),
                  FormatEnum(violation.verdict(), "VERDICT_")});
    absl::StrAppend(&sentences, "  - ", OneLine(violation.description()));
    if (!violation.citation().empty()) {
      absl::StrAppend(&sentences, " (", OneLine(violation.citation()), ")");
    }
    sentences += "\n";
  }
  return table.ToString(2) + sentences;
}

namespace {

bool HasUnknownLimit(const v1::HeadroomRow& row) {
  return row.status() == v1::HeadroomRow::STATUS_UNKNOWN_LIMIT;
}

// What a reader of a row's numbers must know beside them.
std::string NotesOf(const v1::HeadroomRow& row) {
  const std::string name =
      absl::StrCat(FormatRule(row.policy_id(), row.rule_id()), " of ",
                   FormatGroup(row.group()));
  std::string notes;
  if (row.unmeasured_gpus() != 0) {
    absl::StrAppend(&notes, name, " leaves out ",
                    FormatCount(row.unmeasured_gpus()),
                    " GPUs whose TPP is not known: the true total is "
                    "larger.\n");
  }
  if (row.backfilling()) {
    absl::StrAppend(&notes, name,
                    " still counts the log before the policy's adoption: its "
                    "total is not complete, and it refuses nothing yet.\n");
  }
  if (row.status() == v1::HeadroomRow::STATUS_NOTICE_DUE) {
    absl::StrAppend(&notes, name,
                    " has reached the threshold from which notice is due.\n");
  }
  if (!row.binding_date().empty()) {
    absl::StrAppend(&notes, name, " has the least left on ", row.binding_date(),
                    "; its limit, used and reserved are through that date.\n");
  }
  if (!row.last_reporting_date().empty()) {
    absl::StrAppend(&notes, name, " is tested on reporting dates; on ",
                    row.last_reporting_date(), " it was ",
                    FormatEnum(row.last_reporting_status(), "STATUS_"), ".\n");
  }
  return notes;
}

}  // namespace

std::string FormatLimit(const v1::HeadroomRow& row) {
  return OptionalAmount(row.measure(), row.has_limit(), row.limit(),
                        NoNumber(HasUnknownLimit(row), "none"));
}

std::string FormatHeadroomLeft(const v1::HeadroomRow& row) {
  const std::string left =
      OptionalAmount(row.measure(), row.has_headroom(), row.headroom(),
                     NoNumber(HasUnknownLimit(row), "-"));
  if (!row.has_headroom_in_references()) return left;
  return absl::StrCat(left, " (", FormatCount(row.headroom_in_references()),
                      " x ", row.reference().product_code(), ")");
}

std::string FormatHeadroom(const std::vector<v1::HeadroomRow>& rows) {
  std::vector<std::string> titles = {
      "RULE",      "STANDING",  "TOTAL OF", "WINDOW", "LIMIT>",     "USED>",
      "RESERVED>", "HEADROOM>", "USED %>",  "STATUS", "ENFORCEMENT"};
  // Most rules say their limit themselves.
  const bool any_bound = std::any_of(
      rows.begin(), rows.end(),
      [](const v1::HeadroomRow& row) { return row.has_limit_binding(); });
  if (any_bound) titles.push_back("LIMIT SET BY");
  Table table(titles);
  std::string notes;
  for (const v1::HeadroomRow& row : rows) {
    const v1::Measure measure = row.measure();
    std::vector<std::string> cells = {
        FormatRule(row.policy_id(), row.rule_id()),
        FormatEnum(row.legal_status(), "LEGAL_STATUS_"),
        FormatGroup(row.group()),
        FormatWindow(row.window_start(), row.window_end()),
        FormatLimit(row),
        FormatAmount(measure, row.used()),
        FormatAmount(measure, row.reserved()),
        FormatHeadroomLeft(row),
        row.has_utilization_basis_points()
            ? FormatDecimalForPeople(row.utilization_basis_points(), 2)
            : "-",
        absl::StrCat(FormatEnum(row.status(), "STATUS_"),
                     row.backfilling() ? " (backfilling)" : ""),
        row.in_force() ? FormatEnum(row.enforcement(), "MODE_")
                       : "not-in-force"};
    if (any_bound) {
      const std::string bound = LimitBindingText(row);
      cells.push_back(bound.empty() ? "the rule" : bound);
    }
    table.AddRow(std::move(cells));
    notes += NotesOf(row);
  }
  return absl::StrCat(table.ToString(), notes);
}

std::string FormatMovements(
    v1::Measure measure,
    const std::vector<v1::ListTotalEntriesResponse::Movement>& movements) {
  Table table({"ENTRY>", "RECORDED", "KIND", "SUBJECT", "COUNTS BY", "USED>",
               "RESERVED>"});
  for (const auto& movement : movements) {
    table.AddRow({absl::StrCat(movement.index()),
                  FormatTime(movement.record_time()), movement.kind(),
                  movement.subject(), movement.date(),
                  FormatAmount(measure, movement.used()),
                  FormatAmount(measure, movement.reserved())});
  }
  return table.ToString();
}

std::string EventKind(const v1::Event& event) {
  const auto* oneof = v1::Event::descriptor()->oneof_decl(0);
  const auto* field =
      v1::Event::GetReflection()->GetOneofFieldDescriptor(event, oneof);
  return field == nullptr ? "unknown" : field->name();
}

std::string SummarizeEvent(const v1::Event& event,
                           const v1::Judgement& judgement) {
  switch (event.kind_case()) {
    case v1::Event::kLedgerOpened:
      return absl::StrCat("ledger ", event.ledger_opened().ledger_id(), " by ",
                          event.ledger_opened().made_by());
    case v1::Event::kProductRegistered:
      return event.product_registered().command().product().product_code();
    case v1::Event::kPartyRegistered:
      return event.party_registered().command().party().party_id();
    case v1::Event::kCountryGroupChanged:
      return event.country_group_changed().command().group_id();
    case v1::Event::kPolicyAdopted:
      return event.policy_adopted().command().policy().policy_id();
    case v1::Event::kPolicyAmended:
      return absl::StrCat(event.policy_amended().command().policy().policy_id(),
                          " from ",
                          event.policy_amended().command().effective_date());
    case v1::Event::kPolicyRescinded:
      return absl::StrCat(event.policy_rescinded().command().policy_id(),
                          " from ",
                          event.policy_rescinded().command().effective_date());
    case v1::Event::kLicenseGranted:
      return event.license_granted().command().license().license_id();
    case v1::Event::kLicenseAmended:
      return event.license_amended().command().license().license_id();
    case v1::Event::kLicenseSuspended:
      return event.license_suspended().command().license_id();
    case v1::Event::kLicenseReinstated:
      return event.license_reinstated().command().license_id();
    case v1::Event::kLicenseRevoked:
      return event.license_revoked().command().license_id();
    case v1::Event::kShipmentRecorded:
      return ShipmentText(event.shipment_recorded().command().shipment());
    case v1::Event::kShipmentVoided:
      return absl::StrCat(
          event.shipment_voided().command().exporter(), " ",
          event.shipment_voided().command().shipment_reference());
    case v1::Event::kShipmentCorrected:
      return ShipmentText(event.shipment_corrected().command().shipment());
    case v1::Event::kHolidaysChanged:
      return event.holidays_changed().command().calendar_id();
    case v1::Event::kComputeDeclared:
      return absl::StrCat(event.compute_declared().command().party(), " on ",
                          event.compute_declared().command().effective_date());
    case v1::Event::kBackfillRecorded:
      return absl::StrCat(event.backfill_recorded().command().policy_id(),
                          ", part ",
                          event.backfill_recorded().command().part());
    case v1::Event::kTotalsReported:
      return ReportText(event.totals_reported());
    case v1::Event::kLicenseApplied:
      return event.license_applied().command().application().application_id();
    case v1::Event::kLicenseReturned:
      return event.license_returned().command().application_id();
    case v1::Event::kLicenseDenied:
      return event.license_denied().command().application_id();
    case v1::Event::kApplicationStepRecorded: {
      const auto& step = event.application_step_recorded().command();
      return absl::StrCat(step.application_id(), ": ",
                          FormatEnum(step.step(), "APPLICATION_STEP_"), " on ",
                          step.effective_date());
    }
    case v1::Event::kLicenseTransferred:
      return absl::StrCat(event.license_transferred().command().license_id(),
                          " to ",
                          event.license_transferred().command().exporter());
    case v1::Event::kLicenseChangeCorrected: {
      const auto& corrected = event.license_change_corrected();
      return absl::StrCat(corrected.command().license_id(), ": entry ",
                          corrected.command().change_index(), " from ",
                          corrected.corrected_date(), " to ",
                          corrected.command().effective_date());
    }
    case v1::Event::kLicenseExtended:
      return absl::StrCat(event.license_extended().command().license_id(),
                          " to ",
                          event.license_extended().command().expiry_date());
    case v1::Event::kLicenseVoided:
      return event.license_voided().command().license_id();
    case v1::Event::kConditionRecorded:
      return absl::StrCat(
          event.condition_recorded().command().license_id(), ": ",
          event.condition_recorded().command().condition().kind());
    case v1::Event::kLicenseExpired:
      return event.license_expired().command().license_id();
    case v1::Event::kShipmentReserved:
      return ShipmentText(event.shipment_reserved().command().shipment());
    case v1::Event::kReservationReleased:
      return ReservationText(
          event.reservation_released().command().reservation_index());
    case v1::Event::kReservationExpired:
      return ReservationText(
          event.reservation_expired().command().reservation_index());
    case v1::Event::kShipmentReceived:
      return absl::StrCat(
          NameText(event.shipment_received().command().shipment()), ": ",
          UnitsText(event.shipment_received().units()), " on ",
          event.shipment_received().command().effective_date(),
          NotThereText(event.shipment_received()));
    case v1::Event::kShipmentReturned:
      return MovedText(event.shipment_returned());
    case v1::Event::kShipmentReexported:
      return OnwardText(event.shipment_reexported());
    case v1::Event::kShipmentTransferredInCountry:
      return OnwardText(event.shipment_transferred_in_country());
    case v1::Event::kUnitsRetired:
      return MovedText(event.units_retired());
    case v1::Event::kUnitsRecovered:
      return UnitsOf(event.units_recovered().command());
    case v1::Event::kUnitsRelocated:
      return absl::StrCat(UnitsOf(event.units_relocated().command()), ", to ",
                          event.units_relocated().command().site());
    case v1::Event::kMovementVoided:
      return absl::StrCat(
          NameText(event.movement_voided().command().shipment()), ": entry ",
          event.movement_voided().command().movement_index());
    case v1::Event::kAnnouncementRecorded: {
      const v1::Announcement& announcement =
          event.announcement_recorded().command().announcement();
      return absl::StrCat(announcement.announcer(), " on ",
                          announcement.announced_date(), ", to ",
                          announcement.destination_country());
    }
    case v1::Event::kDiversionReported:
      return absl::StrCat(MovedText(event.diversion_reported()), ", found in ",
                          event.diversion_reported().command().found_country());
    case v1::Event::kRefused:
      return absl::StrCat("by ", ViolatedRules(judgement));
    case v1::Event::kEvidenceContinued:
      return absl::StrCat("of entry ", event.evidence_continued().index());
    case v1::Event::KIND_NOT_SET:
      return "an event that this version does not know";
  }
  return "";
}

}  // namespace chipledger::cli
