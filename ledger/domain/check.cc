#include "ledger/domain/check.h"

#include "ledger/base/status_macros.h"
#include "ledger/domain/check_internal.h"
#include "ledger/domain/unknown_fields.h"

namespace chipledger::domain {

absl::Status CheckCommand(const v1::Command& command) {
  RETURN_IF_ERROR(CheckNothingUnknown(command));
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct:
      return CheckProduct(command.register_product().product());
    case v1::Command::kRegisterParty:
      return CheckParty(command.register_party().party());
    case v1::Command::kChangeCountryGroup:
      return CheckGroupChange(command.change_country_group());
    case v1::Command::kAdoptPolicy:
      return CheckAdoption(command.adopt_policy());
    case v1::Command::kAmendPolicy:
      return CheckPolicyAmendment(command.amend_policy());
    case v1::Command::kRescindPolicy:
      return CheckRescission(command.rescind_policy());
    case v1::Command::kChangeHolidays:
      return CheckHolidayChange(command.change_holidays());
    case v1::Command::kDeclareCompute:
      return CheckDeclaration(command.declare_compute());
    case v1::Command::kRecordBackfill:
      return CheckBackfill(command.record_backfill());
    case v1::Command::kReportTotals:
      return CheckTotalsReport(command.report_totals());
    case v1::Command::kGrantLicense:
    case v1::Command::kAmendLicense:
    case v1::Command::kSuspendLicense:
    case v1::Command::kReinstateLicense:
    case v1::Command::kRevokeLicense:
    case v1::Command::kApplyForLicense:
    case v1::Command::kReturnApplication:
    case v1::Command::kDenyApplication:
    case v1::Command::kExtendLicense:
    case v1::Command::kVoidLicense:
    case v1::Command::kRecordCondition:
    case v1::Command::kExpireLicense:
    case v1::Command::kRecordApplicationStep:
    case v1::Command::kRecordAnnouncement:
    case v1::Command::kTransferLicense:
    case v1::Command::kCorrectLicenseChange:
      return CheckLicenseCommand(command);
    case v1::Command::kRecordShipment:
    case v1::Command::kVoidShipment:
    case v1::Command::kCorrectShipment:
    case v1::Command::kReserveShipment:
    case v1::Command::kReleaseReservation:
    case v1::Command::kExpireReservation:
    case v1::Command::kReceiveShipment:
    case v1::Command::kReturnShipment:
    case v1::Command::kReexportShipment:
    case v1::Command::kTransferShipment:
    case v1::Command::kRetireUnits:
    case v1::Command::kReportDiversion:
    case v1::Command::kVoidMovement:
    case v1::Command::kRecoverUnits:
    case v1::Command::kRelocateUnits:
      return CheckShipmentCommand(command);
    case v1::Command::KIND_NOT_SET:
      break;
  }
  return InvalidFields({{"command", "is required: set exactly one kind"}});
}

}  // namespace chipledger::domain
