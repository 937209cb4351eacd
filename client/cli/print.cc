#include "client/cli/print.h"

#include <iostream>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "client/cli/table.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

constexpr int kMilliTppScale = 3;

std::string OptionalAmount(v1::Measure measure, bool has, int64_t amount,
                           absl::string_view otherwise) {
  return has ? FormatAmount(measure, amount) : std::string(otherwise);
}

std::string FormatWindow(const std::string& start, const std::string& end) {
  if (start.empty()) return "open";
  return end.empty() ? absl::StrCat("from ", start)
                     : absl::StrCat(start, " to ", end);
}

std::string RuleName(const std::string& policy_id, const std::string& rule_id) {
  return policy_id.empty() ? rule_id : absl::StrCat(policy_id, "/", rule_id);
}

void PrintRules(const v1::Evidence& evidence) {
  if (evidence.rules().empty()) {
    std::cout << "No rule counts it.\n";
    return;
  }
  Table table({"RULE", "TOTAL OF", "WINDOW", "USED BEFORE>", "ASKED>", "LIMIT>",
               "HEADROOM AFTER>", "VERDICT"});
  for (const v1::RuleEvaluation& rule : evidence.rules()) {
    const v1::Measure measure = rule.measure();
    table.AddRow({RuleName(rule.policy_id(), rule.rule_id()),
                  FormatGroup(rule.group()),
                  FormatWindow(rule.window_start(), ""),
                  FormatAmount(measure, rule.used()),
                  FormatAmount(measure, rule.asked()),
                  OptionalAmount(measure, rule.has_limit(), rule.limit(), "-"),
                  OptionalAmount(measure, rule.has_headroom_after(),
                                 rule.headroom_after(), "no limit"),
                  FormatEnum(rule.verdict(), "VERDICT_")});
  }
  std::cout << table.ToString();
}

std::string ShipmentText(const v1::Shipment& shipment) {
  std::vector<std::string> items;
  for (const v1::Item& item : shipment.items()) {
    items.push_back(
        absl::StrCat(FormatCount(item.quantity()), " x ", item.product_code()));
  }
  return absl::StrCat(shipment.exporter(), " ", shipment.shipment_reference(),
                      " to ", shipment.destination_country(), " on ",
                      shipment.export_date(), ": ", absl::StrJoin(items, ", "));
}

std::string ViolatedRules(
    const google::protobuf::RepeatedPtrField<v1::Violation>& violations) {
  std::vector<std::string> rules;
  for (const v1::Violation& violation : violations) {
    rules.push_back(RuleName(violation.policy_id(), violation.rule_id()));
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
      return absl::StrCat(FormatCount(amount), " GPUs");
    case v1::MEASURE_TPP:
      return absl::StrCat(FormatDecimalForPeople(amount, kMilliTppScale),
                          " TPP");
    default:
      return FormatCount(amount);
  }
}

std::string FormatTime(const google::protobuf::Timestamp& time) {
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%E*SZ",
      absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos()),
      absl::UTCTimeZone());
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
  if (!group.destination_country().empty()) {
    parts.push_back(group.destination_country());
  }
  if (!group.license_id().empty()) {
    parts.push_back(absl::StrCat("license ", group.license_id()));
  }
  return parts.empty() ? "all" : absl::StrJoin(parts, ", ");
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

void PrintEvidence(const v1::Evidence& evidence) {
  PrintRules(evidence);
  for (const v1::LicenseDraw& draw : evidence.draws()) {
    std::cout << (draw.quantity() < 0 ? "Given back to license "
                                      : "Drawn from license ")
              << draw.license_id() << " line " << draw.line_number() << ": "
              << FormatCount(std::abs(draw.quantity())) << " units\n";
  }
  if (!evidence.violations().empty()) {
    std::cout << "It had happened already, so it is recorded; it violates:\n"
              << FormatViolations(evidence.violations());
  }
}

std::string FormatViolations(
    const google::protobuf::RepeatedPtrField<v1::Violation>& violations) {
  Table table({"RULE", "TOTAL OF", "WINDOW", "LIMIT>", "USED>", "RESERVED>",
               "ASKED>", "HEADROOM>", "EXCESS>"});
  std::string sentences;
  for (const v1::Violation& violation : violations) {
    const v1::Measure measure = violation.measure();
    const bool compared = violation.has_limit();
    const auto amount = [&](bool has, int64_t value) {
      return OptionalAmount(measure, has, value, "-");
    };
    table.AddRow({RuleName(violation.policy_id(), violation.rule_id()),
                  FormatGroup(violation.group()),
                  FormatWindow(violation.window_start(), ""),
                  amount(compared, violation.limit()),
                  amount(compared, violation.used()),
                  amount(compared, violation.reserved()),
                  amount(compared, violation.asked()),
                  amount(violation.has_headroom(), violation.headroom()),
                  amount(violation.has_excess(), violation.excess())});
    absl::StrAppend(&sentences, "  - ", violation.description());
    if (!violation.citation().empty()) {
      absl::StrAppend(&sentences, " (", violation.citation(), ")");
    }
    sentences += "\n";
  }
  return table.ToString(2) + sentences;
}

std::string FormatHeadroom(const std::vector<v1::HeadroomRow>& rows) {
  Table table({"RULE", "STANDING", "TOTAL OF", "WINDOW", "LIMIT>", "USED>",
               "RESERVED>", "HEADROOM>", "USED %>", "STATUS", "ENFORCEMENT"});
  std::string notes;
  for (const v1::HeadroomRow& row : rows) {
    const v1::Measure measure = row.measure();
    table.AddRow(
        {RuleName(row.policy_id(), row.rule_id()),
         FormatEnum(row.legal_status(), "LEGAL_STATUS_"),
         FormatGroup(row.group()),
         FormatWindow(row.window_start(), row.window_end()),
         OptionalAmount(measure, row.has_limit(), row.limit(), "none"),
         FormatAmount(measure, row.used()),
         FormatAmount(measure, row.reserved()),
         OptionalAmount(measure, row.has_headroom(), row.headroom(), "-"),
         row.has_utilization_basis_points()
             ? FormatDecimalForPeople(row.utilization_basis_points(), 2)
             : "-",
         FormatEnum(row.status(), "STATUS_"),
         FormatEnum(row.enforcement(), "MODE_")});
    if (row.unmeasured_gpus() != 0) {
      absl::StrAppend(&notes, RuleName(row.policy_id(), row.rule_id()), " of ",
                      FormatGroup(row.group()), " leaves out ",
                      FormatCount(row.unmeasured_gpus()),
                      " GPUs whose TPP is not known: the true total is "
                      "larger.\n");
    }
  }
  return absl::StrCat(table.ToString(), notes);
}

std::string EventKind(const v1::Event& event) {
  const auto* oneof = v1::Event::descriptor()->oneof_decl(0);
  const auto* field =
      v1::Event::GetReflection()->GetOneofFieldDescriptor(event, oneof);
  return field == nullptr ? "unknown" : field->name();
}

std::string SummarizeEvent(const v1::Event& event) {
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
    case v1::Event::kRefused:
      return absl::StrCat("by ", ViolatedRules(event.refused().violations()));
    case v1::Event::KIND_NOT_SET:
      return "an event that this version does not know";
  }
  return "";
}

}  // namespace chipledger::cli
