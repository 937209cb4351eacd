// The parts of checking commands, by kind. Internal to ledger/domain.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CHECK_INTERNAL_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CHECK_INTERNAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "ledger/base/limits.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {

// Quotes a wrong value, shortened so that an error stays readable.
std::string Quote(absl::string_view value);

// The path of a field of a list's element.
template <typename T>
std::string At(absl::string_view list, T i, absl::string_view field) {
  return absl::StrCat(list, "[", i, "].", field);
}

// Checks the overrides of a command.
void CheckOverrides(
    const google::protobuf::RepeatedPtrField<v1::Override>& overrides,
    FieldChecks& checks);

// Checks license lines; `countries` are those that they may name.
void CheckLines(
    const google::protobuf::RepeatedPtrField<v1::LicenseLine>& lines,
    const google::protobuf::RepeatedPtrField<std::string>& countries,
    absl::string_view path, FieldChecks& checks);

// Checks an event's date and reason, which many commands have.
template <typename C>
void CheckDateAndReason(const C& command, FieldChecks& checks) {
  checks.Date(command.effective_date(), true, "effective_date");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
}

// One a kind of command. Errors: INVALID_FIELD.
absl::Status CheckProduct(const v1::Product& product);
absl::Status CheckParty(const v1::Party& party);
absl::Status CheckGroupChange(const v1::ChangeCountryGroup& command);
absl::Status CheckAdoption(const v1::AdoptPolicy& command);
absl::Status CheckPolicyAmendment(const v1::AmendPolicy& command);
absl::Status CheckRescission(const v1::RescindPolicy& command);
absl::Status CheckHolidayChange(const v1::ChangeHolidays& command);
absl::Status CheckDeclaration(const v1::DeclareCompute& command);
absl::Status CheckBackfill(const v1::RecordBackfill& command);
absl::Status CheckTotalsReport(const v1::ReportTotals& command);
// License commands, of which there are many kinds.
absl::Status CheckLicenseCommand(const v1::Command& command);
// Shipment commands, of which there are many kinds.
absl::Status CheckShipmentCommand(const v1::Command& command);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CHECK_INTERNAL_H_
