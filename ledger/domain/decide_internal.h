// The parts of deciding, by kind of command. Internal to ledger/domain.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DECIDE_INTERNAL_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DECIDE_INTERNAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/license_draw.h"
#include "ledger/domain/rules/assessment.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// What deciding one command reads and fills. `event` shares the command's
// message; with `refused` set it is not what happens, but its evidence says
// why.
struct Case {
  const State& state;
  const History& history;
  // Of the entry that the event becomes, nanoseconds since the Unix epoch.
  int64_t record_time_ns;
  // The date of the record time.
  Date today;
  v1::Event& event;
  bool& refused;
};

// Each requires that CheckCommand accepts the command, and that the ledger
// itself asks where only it may. An error means that the command is wrong and
// nothing is recorded; a refusal is.
absl::Status DecideRegisterProduct(v1::RegisterProduct& command, Case& c);
absl::Status DecideRegisterParty(v1::RegisterParty& command, Case& c);
absl::Status DecideChangeCountryGroup(v1::ChangeCountryGroup& command, Case& c);
absl::Status DecideChangeHolidays(v1::ChangeHolidays& command, Case& c);
absl::Status DecideDeclareCompute(v1::DeclareCompute& command, Case& c);
absl::Status DecideAdoptPolicy(v1::AdoptPolicy& command, Case& c);
absl::Status DecideAmendPolicy(v1::AmendPolicy& command, Case& c);
absl::Status DecideRescindPolicy(v1::RescindPolicy& command, Case& c);
absl::Status DecideRecordBackfill(v1::RecordBackfill& command, Case& c);
absl::Status DecideReportTotals(v1::ReportTotals& command, Case& c);
absl::Status DecideApplyForLicense(v1::ApplyForLicense& command, Case& c);
absl::Status DecideReturnApplication(v1::ReturnApplication& command, Case& c);
absl::Status DecideDenyApplication(v1::DenyApplication& command, Case& c);
absl::Status DecideRecordApplicationStep(v1::RecordApplicationStep& command,
                                         Case& c);
absl::Status DecideTransferLicense(v1::TransferLicense& command, Case& c);
absl::Status DecideCorrectLicenseChange(v1::CorrectLicenseChange& command,
                                        Case& c);
absl::Status DecideGrantLicense(v1::GrantLicense& command, Case& c);
absl::Status DecideAmendLicense(v1::AmendLicense& command, Case& c);
absl::Status DecideExtendLicense(v1::ExtendLicense& command, Case& c);
absl::Status DecideSuspendLicense(v1::SuspendLicense& command, Case& c);
absl::Status DecideReinstateLicense(v1::ReinstateLicense& command, Case& c);
absl::Status DecideRevokeLicense(v1::RevokeLicense& command, Case& c);
absl::Status DecideVoidLicense(v1::VoidLicense& command, Case& c);
absl::Status DecideExpireLicense(v1::ExpireLicense& command, Case& c);
absl::Status DecideRecordCondition(v1::RecordCondition& command, Case& c);
absl::Status DecideReserveShipment(v1::ReserveShipment& command, Case& c);
absl::Status DecideReleaseReservation(v1::ReleaseReservation& command, Case& c);
absl::Status DecideExpireReservation(v1::ExpireReservation& command, Case& c);
absl::Status DecideRecordShipment(v1::RecordShipment& command, Case& c);
absl::Status DecideVoidShipment(v1::VoidShipment& command, Case& c);
absl::Status DecideCorrectShipment(v1::CorrectShipment& command, Case& c);
absl::Status DecideReceiveShipment(v1::ReceiveShipment& command, Case& c);
absl::Status DecideReturnShipment(v1::ReturnShipment& command, Case& c);
absl::Status DecideReexportShipment(v1::ReexportShipment& command, Case& c);
absl::Status DecideTransferShipment(v1::TransferShipment& command, Case& c);
absl::Status DecideRetireUnits(v1::RetireUnits& command, Case& c);
absl::Status DecideReportDiversion(v1::ReportDiversion& command, Case& c);
absl::Status DecideRecoverUnits(v1::RecoverUnits& command, Case& c);
absl::Status DecideRelocateUnits(v1::RelocateUnits& command, Case& c);
absl::Status DecideVoidMovement(v1::VoidMovement& command, Case& c);
absl::Status DecideRecordAnnouncement(v1::RecordAnnouncement& command, Case& c);

// The date that a checked text names.
inline Date ParsedDate(const std::string& text) { return *Date::Parse(text); }

// Adds what the catalog says of a product.
void AddFigures(const v1::Product& product, v1::Evidence& evidence);
// Adds what the catalog says of those who receive and use the goods.
void AddParties(const Catalog& catalog, const Fact& fact,
                v1::Evidence& evidence);
// Adds both for a fact, whose items have products.
void AddKnown(const Catalog& catalog, const Fact& fact, v1::Evidence& evidence);

// What has happened did so at the latest today; where it happened, it may be
// tomorrow already. Errors: WRONG_DATE.
absl::Status CheckHasHappened(absl::string_view field, const std::string& date,
                              const Case& c);

// A fact may be planned, but not so far ahead that it opens years nobody thinks
// of or that a mistyped year stands in the way of policies. Errors: WRONG_DATE.
absl::Status CheckNotFarAhead(absl::string_view field, const std::string& date,
                              const Case& c);

// Overrides must name rules of policies that were adopted.
// Errors: POLICY_NOT_FOUND, RULE_NOT_FOUND.
absl::Status RequireRules(const Catalog& catalog, const Overrides& overrides);

// A shipment that is in the log, as it stands.
struct FoundShipment {
  // Of its first event.
  uint64_t index = 0;
  ShipmentState state;
  // The event with its current content.
  std::shared_ptr<const v1::Event> content;

  const v1::Shipment& shipment() const { return *ShipmentOf(*content); }
  Date export_date() const { return ParsedDate(shipment().export_date()); }
};

// Errors: SHIPMENT_NOT_FOUND, WRONG_STATUS when voided, DATA_DAMAGED.
absl::StatusOr<FoundShipment> FindUnvoided(const Case& c,
                                           const std::string& exporter,
                                           const std::string& reference);

// Gathers and judges the opposite of what a shipment counts, and gives back
// what it drew. Errors: DATA_DAMAGED, TOTAL_OVERFLOW.
absl::Status CountBackShipment(const Case& c, const FoundShipment& found,
                               Assessment& assessment, LicenseDraws& draws,
                               v1::Evidence& evidence);

// Errors: SHIPMENT_REFERENCE_REUSED.
absl::Status RequireNewReference(const Case& c, const v1::Shipment& shipment);

// How a shipment is judged.
struct ShipmentCase {
  const v1::Shipment& shipment;
  v1::Movement movement = v1::MOVEMENT_EXPORT;
  Occasion occasion = Occasion::kShipment;
  v1::Assurance assurance = v1::ASSURANCE_BEFORE_EXPORT;
  // The license that its reservation holds room on, if it names none itself.
  std::string reserved_license_id;
};

// Judges what a shipment says. What it violates refuses it, unless it has left.
absl::Status JudgeShipment(Case& c, const ShipmentCase& shipment,
                           Assessment& assessment, LicenseDraws& draws,
                           v1::Evidence& evidence);

// Gathers and judges the end of a reservation: all that it holds is given back.
// `evidence` receives the draws too unless folding the event gives them back by
// itself.
enum class GiveBackDraws { kInEvidence, kByFolding };
absl::Status GiveBack(const Case& c, const ReservationState& reservation,
                      GiveBackDraws give_back_draws, Assessment& assessment,
                      LicenseDraws& draws, v1::Evidence& evidence);

// Judges what a reservation gives up for a shipment that uses it.
absl::Status UseReservation(const Case& c, const ReservationState& reservation,
                            const v1::RecordShipment& command,
                            Assessment& assessment, LicenseDraws& draws,
                            v1::Evidence& evidence);

// Errors: RESERVATION_NOT_FOUND.
absl::StatusOr<const ReservationState*> FindReservation(const State& state,
                                                        uint64_t index);
// The same, but for one whose time is over and whose end the ledger has not
// recorded yet.
absl::StatusOr<const ReservationState*> FindRunningReservation(const Case& c,
                                                               uint64_t index);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DECIDE_INTERNAL_H_
