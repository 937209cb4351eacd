#include "ledger/domain/check.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "absl/strings/str_cat.h"
#include "ledger/base/countries.h"
#include "ledger/base/date.h"
#include "ledger/base/limits.h"
#include "ledger/domain/license_state.h"
#include "ledger/domain/policy.h"

namespace chipledger::domain {
namespace {

bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// Quotes a wrong value, shortened so that an error stays readable.
std::string Quote(absl::string_view value) {
  constexpr size_t kMaxQuoted = 80;
  if (value.size() <= kMaxQuoted) return absl::StrCat("\"", value, "\"");
  return absl::StrCat("\"", value.substr(0, kMaxQuoted), "...\" (",
                      value.size(), " bytes)");
}

template <typename T>
std::string At(absl::string_view list, T i, absl::string_view field) {
  return absl::StrCat(list, "[", i, "].", field);
}

void CheckQuantity(int64_t value, int64_t max, const std::string& field,
                   FieldChecks& checks) {
  if (value < 1 || value > max) {
    checks.Add(field, absl::StrCat(value, " is not from 1 to ", max));
  }
}

absl::Status CheckProduct(const v1::Product& product) {
  FieldChecks checks;
  checks.Printable(product.product_code(), limits::kMaxProductCodeBytes, true,
                   "product.product_code");
  checks.Text(product.title(), limits::kMaxNameBytes, false, "product.title");
  checks.Text(product.manufacturer(), limits::kMaxNameBytes, false,
              "product.manufacturer");
  CheckQuantity(product.gpus_per_unit(), limits::kMaxGpusPerUnit,
                "product.gpus_per_unit", checks);
  if (product.has_milli_tpp_per_gpu() &&
      (product.milli_tpp_per_gpu() < 0 ||
       product.milli_tpp_per_gpu() > limits::kMaxMilliTppPerGpu)) {
    checks.Add("product.milli_tpp_per_gpu",
               absl::StrCat(product.milli_tpp_per_gpu(), " is not from 0 to ",
                            limits::kMaxMilliTppPerGpu));
  }
  checks.Text(product.classification(), limits::kMaxNameBytes, false,
              "product.classification");
  if (product.has_memory_bandwidth_mb_s() &&
      product.memory_bandwidth_mb_s() < 0) {
    checks.Add("product.memory_bandwidth_mb_s",
               absl::StrCat(product.memory_bandwidth_mb_s(), " is negative"));
  }
  checks.Text(product.source(), limits::kMaxTextBytes, true, "product.source");
  return checks.ToStatus();
}

// Checks that the dates of a dated list ascend; the first may be unset.
template <typename List>
void CheckAscendingDates(const List& list, absl::string_view path,
                         FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Date(list[i].effective_from(), i > 0, At(path, i, "effective_from"));
    // ISO dates sort as text, and an unset date before all.
    if (i > 0 && list[i].effective_from() <= list[i - 1].effective_from()) {
      checks.Add(At(path, i, "effective_from"),
                 absl::StrCat(Quote(list[i].effective_from()),
                              " is not after the one before it"));
    }
  }
}

absl::Status CheckParty(const v1::Party& party) {
  FieldChecks checks;
  checks.Slug(party.party_id(), limits::kMaxPartyIdBytes, "party.party_id");
  checks.Text(party.name(), limits::kMaxNameBytes, true, "party.name");
  for (int i = 0; i < party.headquarters_size(); ++i) {
    checks.Country(party.headquarters(i).country(),
                   At("party.headquarters", i, "country"));
  }
  CheckAscendingDates(party.headquarters(), "party.headquarters", checks);
  for (int i = 0; i < party.ultimate_parents_size(); ++i) {
    const std::string field = At("party.ultimate_parents", i, "party_id");
    checks.Slug(party.ultimate_parents(i).party_id(), limits::kMaxPartyIdBytes,
                field);
    if (party.ultimate_parents(i).party_id() == party.party_id()) {
      checks.Add(field, "is the party itself; leave ultimate_parents unset");
    }
  }
  CheckAscendingDates(party.ultimate_parents(), "party.ultimate_parents",
                      checks);
  checks.Text(party.source(), limits::kMaxTextBytes, false, "party.source");
  return checks.ToStatus();
}

absl::Status CheckGroupChange(const v1::ChangeCountryGroup& command) {
  FieldChecks checks;
  checks.Printable(command.group_id(), limits::kMaxGroupIdBytes, true,
                   "group_id");
  if (command.changes().empty() ||
      command.changes_size() > static_cast<int>(limits::kMaxCountriesPerList)) {
    checks.Add("changes", absl::StrCat(command.changes_size(),
                                       " changes are not from 1 to ",
                                       limits::kMaxCountriesPerList));
  }
  for (int i = 0; i < command.changes_size(); ++i) {
    const v1::MembershipChange& change = command.changes(i);
    checks.Country(change.country(), At("changes", i, "country"));
    if (change.kind() != v1::MembershipChange::KIND_JOIN &&
        change.kind() != v1::MembershipChange::KIND_LEAVE) {
      checks.Add(At("changes", i, "kind"), "is neither join nor leave");
    }
    checks.Date(change.effective_date(), false,
                At("changes", i, "effective_date"));
  }
  checks.Text(command.reason(), limits::kMaxTextBytes, false, "reason");
  return checks.ToStatus();
}

absl::Status CheckAdoption(const v1::AdoptPolicy& command) {
  if (!v1::AdoptionMode_IsValid(command.mode())) {
    return InvalidFields(
        {{"mode", absl::StrCat(command.mode(), " is not an adoption mode")}});
  }
  return CheckPolicy(command.policy(), "policy");
}

absl::Status CheckRescission(const v1::RescindPolicy& command) {
  FieldChecks checks;
  checks.Slug(command.policy_id(), limits::kMaxPolicyIdBytes, "policy_id");
  checks.Date(command.effective_date(), true, "effective_date");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

void CheckLicenseLines(const v1::License& license, FieldChecks& checks) {
  if (license.lines().empty() ||
      license.lines_size() > static_cast<int>(limits::kMaxLinesPerLicense)) {
    checks.Add("license.lines",
               absl::StrCat(license.lines_size(), " lines are not from 1 to ",
                            limits::kMaxLinesPerLicense));
  }
  std::set<int32_t> numbers;
  for (int i = 0; i < license.lines_size(); ++i) {
    const v1::LicenseLine& line = license.lines(i);
    if (line.line_number() < 1 || !numbers.insert(line.line_number()).second) {
      checks.Add(At("license.lines", i, "line_number"),
                 absl::StrCat(line.line_number(), " is below 1 or used twice"));
    }
    checks.Printable(line.product_code(), limits::kMaxProductCodeBytes, true,
                     At("license.lines", i, "product_code"));
    CheckQuantity(line.quantity(), limits::kMaxQuantityUnits,
                  At("license.lines", i, "quantity"), checks);
    const auto& named = license.destination_countries();
    const std::string& country = line.destination_country();
    if (country.empty()
            ? named.size() > 1
            : std::find(named.begin(), named.end(), country) == named.end()) {
      checks.Add(At("license.lines", i, "destination_country"),
                 absl::StrCat(Quote(country),
                              " is not one of the license's destinations"));
    }
  }
}

absl::Status CheckLicense(const v1::License& license) {
  FieldChecks checks;
  checks.Printable(license.license_id(), limits::kMaxLicenseIdBytes, true,
                   "license.license_id");
  checks.Slug(license.exporter(), limits::kMaxPartyIdBytes, "license.exporter");
  if (license.consignees_size() >
      static_cast<int>(limits::kMaxPartiesPerList)) {
    checks.Add("license.consignees", absl::StrCat(license.consignees_size(),
                                                  " consignees are more than ",
                                                  limits::kMaxPartiesPerList));
  }
  for (int i = 0; i < license.consignees_size(); ++i) {
    checks.Slug(license.consignees(i), limits::kMaxPartyIdBytes,
                absl::StrCat("license.consignees[", i, "]"));
  }
  const auto& countries = license.destination_countries();
  if (countries.empty() ||
      countries.size() > static_cast<int>(limits::kMaxCountriesPerList)) {
    checks.Add("license.destination_countries",
               absl::StrCat(countries.size(), " countries are not from 1 to ",
                            limits::kMaxCountriesPerList));
  }
  std::set<std::string> distinct;
  for (int i = 0; i < countries.size(); ++i) {
    const std::string field =
        absl::StrCat("license.destination_countries[", i, "]");
    checks.Country(countries[i], field);
    if (!distinct.insert(countries[i]).second) {
      checks.Add(field, absl::StrCat(Quote(countries[i]), " is named twice"));
    }
  }
  checks.Date(license.grant_date(), true, "license.grant_date");
  checks.Date(license.expiry_date(), true, "license.expiry_date");
  // ISO dates sort as text.
  if (checks.ok() && license.expiry_date() < license.grant_date()) {
    checks.Add("license.expiry_date",
               absl::StrCat(Quote(license.expiry_date()),
                            " is before the grant_date"));
  }
  CheckLicenseLines(license, checks);
  checks.Text(license.source(), limits::kMaxTextBytes, false, "license.source");
  return checks.ToStatus();
}

absl::Status CheckAmendment(const v1::AmendLicense& command) {
  FieldChecks checks;
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  if (!checks.ok()) return checks.ToStatus();
  return CheckLicense(command.license());
}

// Suspension and reinstatement have the same shape.
template <typename C>
absl::Status CheckLicenseChange(const C& command) {
  FieldChecks checks;
  checks.Printable(command.license_id(), limits::kMaxLicenseIdBytes, true,
                   "license_id");
  checks.Date(command.effective_date(), true, "effective_date");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

absl::Status CheckRevocation(const v1::RevokeLicense& command) {
  FieldChecks checks;
  std::set<int32_t> numbers;
  for (int i = 0; i < command.parts_size(); ++i) {
    const v1::RevokeLicense::Part& part = command.parts(i);
    if (!numbers.insert(part.line_number()).second) {
      checks.Add(At("parts", i, "line_number"),
                 absl::StrCat(part.line_number(), " is named twice"));
    }
    CheckQuantity(part.quantity(), limits::kMaxQuantityUnits,
                  At("parts", i, "quantity"), checks);
  }
  if (!checks.ok()) return checks.ToStatus();
  return CheckLicenseChange(command);
}

void CheckAuthorization(const v1::Authorization& authorization,
                        FieldChecks& checks) {
  if (!v1::AuthorizationKind_IsValid(authorization.kind())) {
    checks.Add("shipment.authorization.kind",
               absl::StrCat(authorization.kind(), " is not a kind"));
  }
  if (authorization.kind() == v1::AUTHORIZATION_KIND_LICENSE) {
    checks.Printable(authorization.license_id(), limits::kMaxLicenseIdBytes,
                     true, "shipment.authorization.license_id");
  } else if (!authorization.license_id().empty()) {
    checks.Add("shipment.authorization.license_id",
               absl::StrCat(Quote(authorization.license_id()),
                            " goes with kind AUTHORIZATION_KIND_LICENSE only"));
  }
  checks.Text(authorization.code(), limits::kMaxNameBytes, false,
              "shipment.authorization.code");
}

absl::Status CheckShipment(const v1::Shipment& shipment,
                           v1::Assurance assurance) {
  FieldChecks checks;
  checks.Slug(shipment.exporter(), limits::kMaxPartyIdBytes,
              "shipment.exporter");
  checks.Printable(shipment.shipment_reference(),
                   limits::kMaxShipmentReferenceBytes, true,
                   "shipment.shipment_reference");
  checks.Date(shipment.export_date(), true, "shipment.export_date");
  checks.Country(shipment.destination_country(),
                 "shipment.destination_country");
  if (!shipment.consignee().empty()) {
    checks.Slug(shipment.consignee(), limits::kMaxPartyIdBytes,
                "shipment.consignee");
  }
  checks.Text(shipment.consignee_name(), limits::kMaxNameBytes, false,
              "shipment.consignee_name");
  CheckAuthorization(shipment.authorization(), checks);
  if (shipment.items().empty() ||
      shipment.items_size() > static_cast<int>(limits::kMaxItemsPerShipment)) {
    checks.Add("shipment.items",
               absl::StrCat(shipment.items_size(), " items are not from 1 to ",
                            limits::kMaxItemsPerShipment));
  }
  for (int i = 0; i < shipment.items_size(); ++i) {
    const v1::Item& item = shipment.items(i);
    if (item.product_code().empty() ||
        item.product_code().size() > limits::kMaxProductCodeBytes) {
      checks.Printable(item.product_code(), limits::kMaxProductCodeBytes, true,
                       At("shipment.items", i, "product_code"));
    }
    if (item.quantity() < 1 || item.quantity() > limits::kMaxQuantityUnits) {
      CheckQuantity(item.quantity(), limits::kMaxQuantityUnits,
                    At("shipment.items", i, "quantity"), checks);
    }
  }
  checks.Text(shipment.source(), limits::kMaxTextBytes, false,
              "shipment.source");
  if (assurance != v1::ASSURANCE_BEFORE_EXPORT &&
      assurance != v1::ASSURANCE_AFTER_THE_FACT) {
    checks.Add("assurance",
               "must be ASSURANCE_BEFORE_EXPORT or ASSURANCE_AFTER_THE_FACT");
  }
  return checks.ToStatus();
}

absl::Status CheckVoid(const v1::VoidShipment& command) {
  FieldChecks checks;
  checks.Slug(command.exporter(), limits::kMaxPartyIdBytes, "exporter");
  checks.Printable(command.shipment_reference(),
                   limits::kMaxShipmentReferenceBytes, true,
                   "shipment_reference");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

absl::Status CheckCorrection(const v1::CorrectShipment& command) {
  FieldChecks checks;
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  if (!checks.ok()) return checks.ToStatus();
  return CheckShipment(command.shipment(), command.assurance());
}

}  // namespace

void FieldChecks::Slug(absl::string_view value, size_t max_bytes,
                       absl::string_view field) {
  bool good = !value.empty() && value.size() <= max_bytes;
  for (const char c : value) {
    good = good && ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-');
  }
  if (!good) {
    Add(std::string(field),
        absl::StrCat(Quote(value), " is not 1 to ", max_bytes,
                     " lower-case letters, digits, \".\", \"_\" or \"-\""));
  }
}

void FieldChecks::Printable(absl::string_view value, size_t max_bytes,
                            bool required, absl::string_view field) {
  Text(value, max_bytes, required, field);
  bool control = false;
  for (const char c : value) control = control || IsControl(c);
  if (control ||
      (!value.empty() && (value.front() == ' ' || value.back() == ' '))) {
    Add(std::string(field),
        absl::StrCat(Quote(value),
                     " has control characters or blanks at its ends"));
  }
}

void FieldChecks::Text(absl::string_view value, size_t max_bytes, bool required,
                       absl::string_view field) {
  if (value.size() > max_bytes) {
    Add(std::string(field),
        absl::StrCat(Quote(value), " is longer than ", max_bytes, " bytes"));
  } else if (required && value.empty()) {
    Add(std::string(field), "is required");
  }
}

void FieldChecks::Date(absl::string_view value, bool required,
                       absl::string_view field) {
  if (value.empty() ? required : !chipledger::Date::Parse(value)) {
    Add(std::string(field),
        absl::StrCat(Quote(value),
                     " is not a date from 1900-01-01 to 2999-12-31 that "
                     "exists, as YYYY-MM-DD"));
  }
}

void FieldChecks::Country(absl::string_view value, absl::string_view field) {
  if (!IsCountryCode(value)) {
    Add(std::string(field),
        absl::StrCat(Quote(value),
                     " is not an ISO 3166-1 alpha-2 country code"));
  }
}

absl::Status CheckCommand(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct:
      return CheckProduct(command.register_product().product());
    case v1::Command::kRegisterParty:
      return CheckParty(command.register_party().party());
    case v1::Command::kChangeCountryGroup:
      return CheckGroupChange(command.change_country_group());
    case v1::Command::kAdoptPolicy:
      return CheckAdoption(command.adopt_policy());
    case v1::Command::kRescindPolicy:
      return CheckRescission(command.rescind_policy());
    case v1::Command::kGrantLicense:
      return CheckLicense(command.grant_license().license());
    case v1::Command::kAmendLicense:
      return CheckAmendment(command.amend_license());
    case v1::Command::kSuspendLicense:
      return CheckLicenseChange(command.suspend_license());
    case v1::Command::kReinstateLicense:
      return CheckLicenseChange(command.reinstate_license());
    case v1::Command::kRevokeLicense:
      return CheckRevocation(command.revoke_license());
    case v1::Command::kRecordShipment:
      return CheckShipment(command.record_shipment().shipment(),
                           command.record_shipment().assurance());
    case v1::Command::kVoidShipment:
      return CheckVoid(command.void_shipment());
    case v1::Command::kCorrectShipment:
      return CheckCorrection(command.correct_shipment());
    case v1::Command::KIND_NOT_SET:
      break;
  }
  return InvalidFields({{"command", "is required: set exactly one kind"}});
}

}  // namespace chipledger::domain
