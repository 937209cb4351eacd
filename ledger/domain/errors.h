// The errors of deciding, by name. Each is a reason of error_reason.proto.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_ERRORS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_ERRORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "ledger/domain/fact_dates.h"

namespace chipledger::domain {

// INVALID_FIELD of a field that names a country in a read.
absl::Status NotACountry(absl::string_view field, absl::string_view country);

absl::Status ProductNotFound(absl::string_view product_code);
// The product is registered, but no revision of it holds on the date.
absl::Status ProductNotEffective(absl::string_view product_code,
                                 absl::string_view date);
absl::Status PartyNotFound(absl::string_view party_id);
absl::Status CountryGroupNotFound(absl::string_view group_id);
absl::Status PolicyNotFound(absl::string_view policy_id);
absl::Status RuleNotFound(absl::string_view policy_id,
                          absl::string_view rule_id);
absl::Status NoPolicyHasRule(absl::string_view rule_id);
// `why` completes "... counts nothing of it on DATE: ".
absl::Status NotCovered(absl::string_view policy_id, absl::string_view rule_id,
                        absl::string_view date, absl::string_view why);
absl::Status LicenseNotFound(absl::string_view license_id);
absl::Status ShipmentNotFound(absl::string_view exporter,
                              absl::string_view shipment_reference);
absl::Status ApplicationNotFound(absl::string_view application_id);
absl::Status ReservationNotFound(uint64_t reservation_index);
absl::Status HolidayCalendarNotFound(absl::string_view calendar_id);

absl::Status ApplicationExists(absl::string_view application_id,
                               uint64_t index);
absl::Status LicenseExists(absl::string_view license_id, uint64_t index);
absl::Status PolicyExists(absl::string_view policy_id, uint64_t index);
absl::Status ShipmentReferenceReused(absl::string_view exporter,
                                     absl::string_view shipment_reference,
                                     uint64_t index);

// A failed optimistic check.
struct RevisionCheck {
  // Such as "license D123456".
  std::string resource;
  uint64_t expected = 0;
  uint64_t actual = 0;
};
// `missing` are other resources of the request that are not there.
// Requires: at least one failed.
absl::Status RevisionMismatch(const std::vector<RevisionCheck>& failed,
                              const std::vector<std::string>& missing);

// `status` is what the resource is; `wanted` completes "it must be ...".
absl::Status WrongStatus(absl::string_view resource, absl::string_view status,
                         absl::string_view wanted);
absl::Status QuantityNotAvailable(absl::string_view resource, int64_t asked,
                                  int64_t available);
// An amendment to fewer units than were drawn.
absl::Status QuantityDrawn(absl::string_view resource, int64_t drawn,
                           int64_t authorized);
// `resource` is what would change, such as "party acme"; `advice` what helps
// besides a later date.
absl::Status ChangeTooLate(absl::string_view resource, const JudgedFact& fact,
                           absl::string_view advice);
// `path` is from the command on; an unknown field is told by its number.
absl::Status UnknownField(absl::string_view path);
// The same for a value of a field that is an enumeration.
absl::Status UnknownValue(absl::string_view path, int value);
absl::Status TotalOverflow(absl::string_view rule_id);
absl::Status WrongDate(absl::string_view field, absl::string_view value,
                       absl::string_view why);
// `changes` says what an amendment would count otherwise.
absl::Status RecountNeeded(absl::string_view policy_id,
                           absl::string_view effective_date,
                           absl::string_view latest_fact_date,
                           absl::string_view changes);
// `command` is the name of its field in v1::Command.
absl::Status CommandReserved(absl::string_view command);
absl::Status EntryTooLarge(uint64_t bytes, uint64_t max_bytes);
absl::Status DataDamaged(uint64_t index, absl::string_view what);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_ERRORS_H_
