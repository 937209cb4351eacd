#include "ledger/domain/errors.h"

#include <cstddef>
#include <map>

#include "absl/strings/str_cat.h"
#include "chipledger/v1/error_reason.pb.h"
#include "ledger/base/error.h"

namespace chipledger::domain {
namespace {

using Metadata = std::map<std::string, std::string>;

absl::Status Make(absl::StatusCode code, v1::ErrorReason reason,
                  const std::string& message, Metadata metadata) {
  return MakeError(code, v1::ErrorReason_Name(reason), message,
                   std::move(metadata));
}

std::string Str(absl::string_view text) { return std::string(text); }

}  // namespace

absl::Status NotACountry(absl::string_view field, absl::string_view country) {
  if (country.empty()) {
    return InvalidFields(
        {{Str(field),
          "is missing: the rule has a total for each; name one, such as "
          "\"MY\""}});
  }
  return InvalidFields(
      {{Str(field), absl::StrCat("\"", country,
                                 "\" is not an ISO 3166-1 alpha-2 country "
                                 "code")}});
}

absl::Status ProductNotFound(absl::string_view product_code) {
  return Make(absl::StatusCode::kNotFound, v1::PRODUCT_NOT_FOUND,
              absl::StrCat("product \"", product_code,
                           "\" is not registered; register it first or check "
                           "the code against the list of products"),
              {{"product_code", Str(product_code)}});
}

absl::Status ProductNotEffective(absl::string_view product_code,
                                 absl::string_view date) {
  return Make(absl::StatusCode::kNotFound, v1::PRODUCT_NOT_FOUND,
              absl::StrCat("product \"", product_code,
                           "\" is registered, but no revision of it holds on ",
                           date, "; register one that is effective by then"),
              {{"product_code", Str(product_code)}});
}

absl::Status PartyNotFound(absl::string_view party_id) {
  return Make(absl::StatusCode::kNotFound, v1::PARTY_NOT_FOUND,
              absl::StrCat("party \"", party_id,
                           "\" is not registered; register it first or check "
                           "the id against the list of parties"),
              {{"party_id", Str(party_id)}});
}

absl::Status CountryGroupNotFound(absl::string_view group_id) {
  return Make(absl::StatusCode::kNotFound, v1::COUNTRY_GROUP_NOT_FOUND,
              absl::StrCat("country group \"", group_id,
                           "\" does not exist; give it members first"),
              {{"group_id", Str(group_id)}});
}

absl::Status PolicyNotFound(absl::string_view policy_id) {
  return Make(absl::StatusCode::kNotFound, v1::POLICY_NOT_FOUND,
              absl::StrCat("policy \"", policy_id, "\" was never adopted"),
              {{"policy_id", Str(policy_id)}});
}

absl::Status RuleNotFound(absl::string_view policy_id,
                          absl::string_view rule_id) {
  return Make(
      absl::StatusCode::kNotFound, v1::RULE_NOT_FOUND,
      absl::StrCat("policy \"", policy_id, "\" has no rule \"", rule_id, "\""),
      {{"policy_id", Str(policy_id)}, {"rule_id", Str(rule_id)}});
}

absl::Status NoPolicyHasRule(absl::string_view rule_id) {
  return Make(absl::StatusCode::kNotFound, v1::RULE_NOT_FOUND,
              absl::StrCat("no policy has a rule \"", rule_id, "\""),
              {{"rule_id", Str(rule_id)}});
}

absl::Status NotCovered(absl::string_view policy_id, absl::string_view rule_id,
                        absl::string_view date, absl::string_view why) {
  return Make(absl::StatusCode::kFailedPrecondition, v1::NOT_COVERED,
              absl::StrCat("rule ", policy_id, "/", rule_id,
                           " counts nothing of it on ", date, ": ", why),
              {{"policy_id", Str(policy_id)},
               {"rule_id", Str(rule_id)},
               {"date", Str(date)}});
}

absl::Status LicenseNotFound(absl::string_view license_id) {
  return Make(absl::StatusCode::kNotFound, v1::LICENSE_NOT_FOUND,
              absl::StrCat("license \"", license_id,
                           "\" was never granted; check the number"),
              {{"license_id", Str(license_id)}});
}

absl::Status ShipmentNotFound(absl::string_view exporter,
                              absl::string_view shipment_reference) {
  return Make(absl::StatusCode::kNotFound, v1::SHIPMENT_NOT_FOUND,
              absl::StrCat("exporter \"", exporter, "\" has no shipment \"",
                           shipment_reference, "\""),
              {{"exporter", Str(exporter)},
               {"shipment_reference", Str(shipment_reference)}});
}

absl::Status ApplicationNotFound(absl::string_view application_id) {
  return Make(absl::StatusCode::kNotFound, v1::APPLICATION_NOT_FOUND,
              absl::StrCat("application \"", application_id,
                           "\" was never submitted; check the number"),
              {{"application_id", Str(application_id)}});
}

absl::Status ReservationNotFound(uint64_t reservation_index) {
  return Make(absl::StatusCode::kNotFound, v1::RESERVATION_NOT_FOUND,
              absl::StrCat("entry ", reservation_index,
                           " is no open reservation: it never was one, or it "
                           "was used up, released or has expired"),
              {{"reservation_index", absl::StrCat(reservation_index)}});
}

absl::Status HolidayCalendarNotFound(absl::string_view calendar_id) {
  return Make(absl::StatusCode::kNotFound, v1::HOLIDAY_CALENDAR_NOT_FOUND,
              absl::StrCat("holiday calendar \"", calendar_id,
                           "\" does not exist; give it holidays first"),
              {{"calendar_id", Str(calendar_id)}});
}

absl::Status ApplicationExists(absl::string_view application_id,
                               uint64_t index) {
  return Make(absl::StatusCode::kAlreadyExists, v1::APPLICATION_EXISTS,
              absl::StrCat("application \"", application_id,
                           "\" was submitted by entry ", index,
                           "; submit another one under its own number"),
              {{"application_id", Str(application_id)},
               {"index", absl::StrCat(index)}});
}

absl::Status LicenseExists(absl::string_view license_id, uint64_t index) {
  return Make(
      absl::StatusCode::kAlreadyExists, v1::LICENSE_EXISTS,
      absl::StrCat("license \"", license_id, "\" was granted by entry ", index,
                   "; amend it, or grant under another number"),
      {{"license_id", Str(license_id)}, {"index", absl::StrCat(index)}});
}

absl::Status PolicyExists(absl::string_view policy_id, uint64_t index) {
  return Make(
      absl::StatusCode::kAlreadyExists, v1::POLICY_EXISTS,
      absl::StrCat("policy \"", policy_id, "\" was adopted by entry ", index,
                   "; amend it, which keeps what was used, or adopt "
                   "another one under another id"),
      {{"policy_id", Str(policy_id)}, {"index", absl::StrCat(index)}});
}

absl::Status ShipmentReferenceReused(absl::string_view exporter,
                                     absl::string_view shipment_reference,
                                     uint64_t index) {
  return Make(
      absl::StatusCode::kAlreadyExists, v1::SHIPMENT_REFERENCE_REUSED,
      absl::StrCat(
          "exporter \"", exporter, "\" has used shipment_reference \"",
          shipment_reference, "\" in entry ", index,
          "; correct that shipment, unless it is voided, or use another "
          "reference"),
      {{"exporter", Str(exporter)},
       {"shipment_reference", Str(shipment_reference)},
       {"index", absl::StrCat(index)}});
}

absl::Status RevisionMismatch(const std::vector<RevisionCheck>& failed,
                              const std::vector<std::string>& missing) {
  std::string checks;
  for (const RevisionCheck& check : failed) {
    absl::StrAppend(&checks, checks.empty() ? "" : "; ", check.resource,
                    " has revision ", check.actual, ", expected ",
                    check.expected);
  }
  for (const std::string& resource : missing) {
    absl::StrAppend(&checks, "; ", resource, " does not exist");
  }
  return Make(absl::StatusCode::kAborted, v1::REVISION_MISMATCH,
              absl::StrCat(checks, "; read it again and decide anew"),
              {{"resource", failed.front().resource},
               {"expected_revision", absl::StrCat(failed.front().expected)},
               {"actual_revision", absl::StrCat(failed.front().actual)},
               {"failed_checks", checks}});
}

absl::Status WrongStatus(absl::string_view resource, absl::string_view status,
                         absl::string_view wanted) {
  return Make(absl::StatusCode::kFailedPrecondition, v1::WRONG_STATUS,
              absl::StrCat(resource, " is ", status, "; it must be ", wanted),
              {{"resource", Str(resource)}, {"status", Str(status)}});
}

absl::Status QuantityNotAvailable(absl::string_view resource, int64_t asked,
                                  int64_t available) {
  return Make(
      absl::StatusCode::kFailedPrecondition, v1::QUANTITY_NOT_AVAILABLE,
      absl::StrCat(resource, " has ", available, " units available, not ",
                   asked),
      {{"resource", Str(resource)}, {"available", absl::StrCat(available)}});
}

absl::Status QuantityDrawn(absl::string_view resource, int64_t drawn,
                           int64_t authorized) {
  return Make(
      absl::StatusCode::kFailedPrecondition, v1::QUANTITY_NOT_AVAILABLE,
      absl::StrCat(resource, " has ", drawn,
                   " units shipped or reserved, more than the ", authorized,
                   " of the amendment; authorize at least ", drawn),
      {{"resource", Str(resource)}, {"available", absl::StrCat(authorized)}});
}

absl::Status ChangeTooLate(absl::string_view resource, const JudgedFact& fact,
                           absl::string_view advice) {
  return Make(
      absl::StatusCode::kFailedPrecondition, v1::CHANGE_TOO_LATE,
      absl::StrCat("the change of ", resource, " comes too late: ",
                   fact.index ? absl::StrCat("entry ", *fact.index) : "a fact",
                   ", of ", fact.subject, " on ", fact.date,
                   ", was judged by policy \"", fact.policy_id,
                   "\" without it; date the change later", advice),
      {{"resource", Str(resource)},
       {"index", fact.index ? absl::StrCat(*fact.index) : ""},
       {"policy_id", fact.policy_id}});
}

absl::Status UnknownField(absl::string_view path) {
  return Make(absl::StatusCode::kInvalidArgument, v1::UNKNOWN_FIELD,
              absl::StrCat(path,
                           ": this server does not know the field; it may be "
                           "older than the caller, and stores nothing that it "
                           "does not understand"),
              {{"field", Str(path)}});
}

absl::Status UnknownValue(absl::string_view path, int value) {
  return Make(
      absl::StatusCode::kInvalidArgument, v1::UNKNOWN_FIELD,
      absl::StrCat(path, ": this server does not know the value ", value,
                   "; it may be older than the caller, and stores "
                   "nothing that it does not understand"),
      {{"field", Str(path)}, {"value", absl::StrCat(value)}});
}

absl::Status TotalOverflow(absl::string_view rule_id) {
  return Make(absl::StatusCode::kOutOfRange, v1::TOTAL_OVERFLOW,
              absl::StrCat("the total of \"", rule_id,
                           "\" would leave the range of 64 bits; check the "
                           "quantities and the product's figures"),
              {{"rule_id", Str(rule_id)}});
}

absl::Status WrongDate(absl::string_view field, absl::string_view value,
                       absl::string_view why) {
  return Make(absl::StatusCode::kFailedPrecondition, v1::WRONG_DATE,
              absl::StrCat(field, " ", value, " ", why),
              {{"field", Str(field)}, {"value", Str(value)}});
}

absl::Status RecountNeeded(absl::string_view policy_id,
                           absl::string_view effective_date,
                           absl::string_view latest_fact_date,
                           absl::string_view changes) {
  return Make(
      absl::StatusCode::kFailedPrecondition, v1::RECOUNT_NEEDED,
      absl::StrCat("policy \"", policy_id, "\" amended from ", effective_date,
                   " would count facts otherwise that are recorded "
                   "already, the latest of ",
                   latest_fact_date, ": ", changes,
                   "; amend it from a later date on"),
      {{"policy_id", Str(policy_id)},
       {"latest_fact_date", Str(latest_fact_date)}});
}

absl::Status CommandReserved(absl::string_view command) {
  return Make(absl::StatusCode::kInvalidArgument, v1::COMMAND_RESERVED,
              absl::StrCat(command,
                           " is recorded by the ledger itself, when "
                           "its time has come"),
              {{"command", Str(command)}});
}

absl::Status EntryTooLarge(uint64_t bytes, uint64_t max_bytes) {
  return Make(
      absl::StatusCode::kInvalidArgument, v1::ENTRY_TOO_LARGE,
      absl::StrCat("the request needs ", bytes,
                   " bytes of an entry, which holds at most ", max_bytes,
                   "; split it"),
      {{"bytes", absl::StrCat(bytes)}, {"max_bytes", absl::StrCat(max_bytes)}});
}

absl::Status DataDamaged(uint64_t index, absl::string_view what) {
  return Make(absl::StatusCode::kDataLoss, v1::DATA_DAMAGED,
              absl::StrCat("entry ", index, ": ", what),
              {{"index", absl::StrCat(index)}});
}

}  // namespace chipledger::domain
