// The shapes of commands about licenses, applications and announcements.
#include <set>
#include <string>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/instant.h"
#include "ledger/domain/check_internal.h"

namespace chipledger::domain {
namespace {

using Texts = google::protobuf::RepeatedPtrField<std::string>;

void CheckLicenseId(const std::string& license_id, absl::string_view field,
                    FieldChecks& checks) {
  checks.Printable(license_id, limits::kMaxLicenseIdBytes, true, field);
}

void CheckParties(const Texts& parties, absl::string_view path,
                  FieldChecks& checks) {
  checks.Count(static_cast<size_t>(parties.size()), 0,
               limits::kMaxPartiesPerList, path);
  for (int i = 0; i < parties.size(); ++i) {
    checks.Slug(parties[i], limits::kMaxPartyIdBytes,
                absl::StrCat(path, "[", i, "]"));
  }
}

// Checks that a date is not before another; both may be wrong otherwise. ISO
// dates sort as text.
void CheckNotBefore(const std::string& date, const std::string& first,
                    absl::string_view field, absl::string_view first_field,
                    FieldChecks& checks) {
  if (!date.empty() && !first.empty() && date < first) {
    checks.Add(std::string(field),
               absl::StrCat(Quote(date), " is before the ", first_field));
  }
}

void CheckLicense(const v1::License& license, FieldChecks& checks) {
  CheckLicenseId(license.license_id(), "license.license_id", checks);
  checks.Slug(license.exporter(), limits::kMaxPartyIdBytes, "license.exporter");
  CheckParties(license.consignees(), "license.consignees", checks);
  CheckParties(license.end_users(), "license.end_users", checks);
  checks.DistinctCountries(license.destination_countries(),
                           "license.destination_countries");
  checks.Date(license.grant_date(), true, "license.grant_date");
  checks.Date(license.expiry_date(), true, "license.expiry_date");
  CheckNotBefore(license.expiry_date(), license.grant_date(),
                 "license.expiry_date", "grant_date", checks);
  const bool needs_lines =
      license.authorization_kind() == v1::AUTHORIZATION_KIND_UNSPECIFIED ||
      license.authorization_kind() == v1::AUTHORIZATION_KIND_LICENSE;
  checks.Count(static_cast<size_t>(license.lines_size()), needs_lines ? 1 : 0,
               limits::kMaxLinesPerLicense, "license.lines");
  CheckLines(license.lines(), license.destination_countries(), "license.lines",
             checks);
  if (!license.holiday_calendar().empty()) {
    checks.Printable(license.holiday_calendar(), limits::kMaxCalendarIdBytes,
                     true, "license.holiday_calendar");
  }
  checks.Text(license.source(), limits::kMaxTextBytes, false, "license.source");
  if (!license.utc_offset().empty() && !ParseUtcOffset(license.utc_offset())) {
    checks.Add("license.utc_offset",
               absl::StrCat(Quote(license.utc_offset()),
                            " is no offset from UTC such as \"-05:00\", from "
                            "-14:00 to +14:00"));
  }
}

void CheckReservationEffect(v1::ReservationEffect effect, FieldChecks& checks) {
  if (!v1::ReservationEffect_IsValid(effect)) {
    checks.Add("reservation_effect",
               absl::StrCat(effect, " is not a reservation effect"));
  }
}

absl::Status CheckGrant(const v1::GrantLicense& command) {
  FieldChecks checks;
  CheckLicense(command.license(), checks);
  if (!command.application_id().empty()) {
    checks.Printable(command.application_id(), limits::kMaxApplicationIdBytes,
                     true, "application_id");
  }
  CheckOverrides(command.overrides(), checks);
  CheckReservationEffect(command.reservation_effect(), checks);
  if (!command.replaces().empty()) {
    CheckLicenseId(command.replaces(), "replaces", checks);
    if (command.replaces() == command.license().license_id()) {
      checks.Add("replaces",
                 "is the license itself; amend it to keep its number");
    }
  } else if (command.reservation_effect() !=
             v1::RESERVATION_EFFECT_UNSPECIFIED) {
    checks.Add("reservation_effect", "goes with replaces only");
  }
  return checks.ToStatus();
}

absl::Status CheckTransfer(const v1::TransferLicense& command) {
  FieldChecks checks;
  CheckLicenseId(command.license_id(), "license_id", checks);
  checks.Slug(command.exporter(), limits::kMaxPartyIdBytes, "exporter");
  CheckDateAndReason(command, checks);
  CheckOverrides(command.overrides(), checks);
  return checks.ToStatus();
}

absl::Status CheckAmendment(const v1::AmendLicense& command) {
  FieldChecks checks;
  CheckLicense(command.license(), checks);
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  CheckOverrides(command.overrides(), checks);
  return checks.ToStatus();
}

// Suspension, reinstatement and the correction of either have the same shape.
template <typename C>
absl::Status CheckLicenseChange(const C& command) {
  FieldChecks checks;
  CheckLicenseId(command.license_id(), "license_id", checks);
  CheckDateAndReason(command, checks);
  return checks.ToStatus();
}

absl::Status CheckRevocation(const v1::RevokeLicense& command) {
  FieldChecks checks;
  CheckLicenseId(command.license_id(), "license_id", checks);
  CheckDateAndReason(command, checks);
  std::set<int32_t> numbers;
  for (int i = 0; i < command.parts_size(); ++i) {
    const v1::RevokeLicense::Part& part = command.parts(i);
    if (!numbers.insert(part.line_number()).second) {
      checks.Add(At("parts", i, "line_number"),
                 absl::StrCat(part.line_number(), " is named twice"));
    }
    checks.Quantity(part.quantity(), limits::kMaxQuantityUnits,
                    At("parts", i, "quantity"));
  }
  CheckReservationEffect(command.reservation_effect(), checks);
  if (!command.parts().empty() &&
      command.reservation_effect() != v1::RESERVATION_EFFECT_UNSPECIFIED) {
    checks.Add("reservation_effect",
               "goes with the revocation of the whole only: parts come from "
               "units that are neither shipped nor reserved");
  }
  return checks.ToStatus();
}

absl::Status CheckApplication(const v1::Application& application) {
  FieldChecks checks;
  checks.Printable(application.application_id(), limits::kMaxApplicationIdBytes,
                   true, "application.application_id");
  checks.Slug(application.exporter(), limits::kMaxPartyIdBytes,
              "application.exporter");
  checks.Date(application.application_date(), true,
              "application.application_date");
  checks.DistinctCountries(application.destination_countries(),
                           "application.destination_countries");
  checks.Count(static_cast<size_t>(application.lines_size()), 1,
               limits::kMaxLinesPerLicense, "application.lines");
  CheckLines(application.lines(), application.destination_countries(),
             "application.lines", checks);
  CheckParties(application.consignees(), "application.consignees", checks);
  checks.Text(application.source(), limits::kMaxTextBytes, false,
              "application.source");
  return checks.ToStatus();
}

// Returning and denying have the same shape.
template <typename C>
absl::Status CheckApplicationDecision(const C& command) {
  FieldChecks checks;
  checks.Printable(command.application_id(), limits::kMaxApplicationIdBytes,
                   true, "application_id");
  CheckDateAndReason(command, checks);
  return checks.ToStatus();
}

absl::Status CheckApplicationStep(const v1::RecordApplicationStep& command) {
  FieldChecks checks;
  checks.Printable(command.application_id(), limits::kMaxApplicationIdBytes,
                   true, "application_id");
  if (command.step() == v1::APPLICATION_STEP_UNSPECIFIED ||
      !v1::ApplicationStep_IsValid(command.step())) {
    checks.Add("step", absl::StrCat(command.step(), " is not a step"));
  }
  CheckDateAndReason(command, checks);
  return checks.ToStatus();
}

absl::Status CheckAnnouncement(const v1::Announcement& announcement) {
  FieldChecks checks;
  const auto slug = [&](const std::string& party, absl::string_view field) {
    if (!party.empty()) checks.Slug(party, limits::kMaxPartyIdBytes, field);
  };
  checks.Date(announcement.announced_date(), true,
              "announcement.announced_date");
  checks.Text(announcement.announcer(), limits::kMaxNameBytes, true,
              "announcement.announcer");
  checks.Country(announcement.destination_country(),
                 "announcement.destination_country");
  slug(announcement.exporter(), "announcement.exporter");
  slug(announcement.recipient(), "announcement.recipient");
  checks.Text(announcement.recipient_name(), limits::kMaxNameBytes, false,
              "announcement.recipient_name");
  const v1::DealUnit unit = announcement.unit();
  if (unit == v1::DEAL_UNIT_UNSPECIFIED || !v1::DealUnit_IsValid(unit)) {
    checks.Add("announcement.unit", absl::StrCat(unit, " is not a unit"));
  }
  const bool of_product =
      unit == v1::DEAL_UNIT_UNITS || unit == v1::DEAL_UNIT_EQUIVALENTS;
  if (of_product || !announcement.product_code().empty()) {
    checks.Printable(announcement.product_code(), limits::kMaxProductCodeBytes,
                     true, "announcement.product_code");
  }
  checks.Amount(announcement.minimum(), limits::kMaxDealAmount,
                "announcement.minimum");
  if (announcement.has_maximum()) {
    checks.Amount(announcement.maximum(), limits::kMaxDealAmount,
                  "announcement.maximum");
    if (announcement.maximum() < announcement.minimum()) {
      checks.Add("announcement.maximum",
                 absl::StrCat(announcement.maximum(), " is below the minimum, ",
                              announcement.minimum()));
    }
  }
  checks.Date(announcement.through_date(), false, "announcement.through_date");
  CheckNotBefore(announcement.through_date(), announcement.announced_date(),
                 "announcement.through_date", "announced_date", checks);
  checks.Text(announcement.source(), limits::kMaxTextBytes, true,
              "announcement.source");
  checks.Text(announcement.confidence(), limits::kMaxTextBytes, false,
              "announcement.confidence");
  return checks.ToStatus();
}

absl::Status CheckExtension(const v1::ExtendLicense& command) {
  FieldChecks checks;
  CheckLicenseId(command.license_id(), "license_id", checks);
  checks.Date(command.expiry_date(), true, "expiry_date");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

absl::Status CheckVoiding(const v1::VoidLicense& command) {
  FieldChecks checks;
  CheckLicenseId(command.license_id(), "license_id", checks);
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  CheckReservationEffect(command.reservation_effect(), checks);
  return checks.ToStatus();
}

absl::Status CheckCondition(const v1::RecordCondition& command) {
  FieldChecks checks;
  if (command.party().empty() || !command.license_id().empty()) {
    CheckLicenseId(command.license_id(), "license_id", checks);
  }
  if (!command.party().empty()) {
    checks.Slug(command.party(), limits::kMaxPartyIdBytes, "party");
    if (!command.license_id().empty()) {
      checks.Add("condition",
                 absl::StrCat("is of license ", Quote(command.license_id()),
                              " or of party ", Quote(command.party()),
                              ", not of both: set one of them"));
    }
    if (command.has_expected_revision()) {
      checks.Add("expected_revision", "goes with license_id only");
    }
  }
  const v1::Condition& condition = command.condition();
  checks.Slug(condition.kind(), limits::kMaxConditionKindBytes,
              "condition.kind");
  checks.Text(condition.evidence(), limits::kMaxTextBytes, true,
              "condition.evidence");
  checks.Date(condition.satisfied_date(), true, "condition.satisfied_date");
  checks.Date(condition.valid_through(), false, "condition.valid_through");
  CheckNotBefore(condition.valid_through(), condition.satisfied_date(),
                 "condition.valid_through", "satisfied_date", checks);
  const std::string& digest = condition.evidence_sha256();
  const bool is_hex = absl::c_all_of(digest, [](char c) {
    return absl::ascii_isdigit(c) || (c >= 'a' && c <= 'f');
  });
  if (!digest.empty() && (digest.size() != 64 || !is_hex)) {
    checks.Add("condition.evidence_sha256",
               absl::StrCat(Quote(digest),
                            " is not 64 hexadecimal digits in lower case"));
  }
  return checks.ToStatus();
}

absl::Status CheckExpiry(const v1::ExpireLicense& command) {
  FieldChecks checks;
  CheckLicenseId(command.license_id(), "license_id", checks);
  return checks.ToStatus();
}

}  // namespace

void CheckOverrides(
    const google::protobuf::RepeatedPtrField<v1::Override>& overrides,
    FieldChecks& checks) {
  checks.Count(static_cast<size_t>(overrides.size()), 0,
               limits::kMaxOverridesPerCommand, "overrides");
  for (int i = 0; i < overrides.size(); ++i) {
    const v1::Override& one = overrides[i];
    checks.Slug(one.policy_id(), limits::kMaxPolicyIdBytes,
                At("overrides", i, "policy_id"));
    checks.Slug(one.rule_id(), limits::kMaxRuleIdBytes,
                At("overrides", i, "rule_id"));
    checks.Text(one.reason(), limits::kMaxTextBytes, true,
                At("overrides", i, "reason"));
    checks.Text(one.citation(), limits::kMaxTextBytes, true,
                At("overrides", i, "citation"));
  }
}

void CheckLines(
    const google::protobuf::RepeatedPtrField<v1::LicenseLine>& lines,
    const google::protobuf::RepeatedPtrField<std::string>& countries,
    absl::string_view path, FieldChecks& checks) {
  std::set<int32_t> numbers;
  for (int i = 0; i < lines.size(); ++i) {
    const v1::LicenseLine& line = lines[i];
    if (line.line_number() < 1 || !numbers.insert(line.line_number()).second) {
      checks.Add(At(path, i, "line_number"),
                 absl::StrCat(line.line_number(), " is below 1 or used twice"));
    }
    checks.Printable(line.product_code(), limits::kMaxProductCodeBytes, true,
                     At(path, i, "product_code"));
    checks.Quantity(line.quantity(), limits::kMaxQuantityUnits,
                    At(path, i, "quantity"));
    const std::string& country = line.destination_country();
    if (country.empty() && countries.size() > 1) {
      checks.Add(At(path, i, "destination_country"),
                 absl::StrCat("is not set, and there are ", countries.size(),
                              " destinations: name one"));
    } else if (!country.empty() && !absl::c_linear_search(countries, country)) {
      checks.Add(At(path, i, "destination_country"),
                 absl::StrCat(Quote(country),
                              " is not one of the license's destinations"));
    }
    if (line.has_value_usd()) {
      checks.Amount(line.value_usd(), limits::kMaxValueUsd,
                    At(path, i, "value_usd"));
    }
  }
}

absl::Status CheckLicenseCommand(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kGrantLicense:
      return CheckGrant(command.grant_license());
    case v1::Command::kAmendLicense:
      return CheckAmendment(command.amend_license());
    case v1::Command::kSuspendLicense:
      return CheckLicenseChange(command.suspend_license());
    case v1::Command::kReinstateLicense:
      return CheckLicenseChange(command.reinstate_license());
    case v1::Command::kRevokeLicense:
      return CheckRevocation(command.revoke_license());
    case v1::Command::kApplyForLicense:
      return CheckApplication(command.apply_for_license().application());
    case v1::Command::kReturnApplication:
      return CheckApplicationDecision(command.return_application());
    case v1::Command::kDenyApplication:
      return CheckApplicationDecision(command.deny_application());
    case v1::Command::kRecordAnnouncement:
      return CheckAnnouncement(command.record_announcement().announcement());
    case v1::Command::kRecordApplicationStep:
      return CheckApplicationStep(command.record_application_step());
    case v1::Command::kTransferLicense:
      return CheckTransfer(command.transfer_license());
    case v1::Command::kCorrectLicenseChange:
      return CheckLicenseChange(command.correct_license_change());
    case v1::Command::kExtendLicense:
      return CheckExtension(command.extend_license());
    case v1::Command::kVoidLicense:
      return CheckVoiding(command.void_license());
    case v1::Command::kRecordCondition:
      return CheckCondition(command.record_condition());
    default:
      return CheckExpiry(command.expire_license());
  }
}

}  // namespace chipledger::domain
