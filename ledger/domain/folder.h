// The parts of folding, by kind of event. Internal to ledger/domain.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_FOLDER_H_
#define CHIPLEDGER_LEDGER_DOMAIN_FOLDER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/repeated_field.h"
#include "ledger/base/date.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/fact_dates.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Folder applies one event to a state. It only does arithmetic that the event
// states; it judges nothing, so that a later change of the rules changes no
// past total.
class Folder {
 public:
  explicit Folder(State& state) : state_(state) {}

  absl::Status Fold(const v1::Event& event);

 private:
  using Draws = google::protobuf::RepeatedPtrField<v1::LicenseDraw>;
  using Units = ItemUnitsList;

  absl::Status FoldKind(const v1::Event& event);
  absl::Status FoldCatalogKind(const v1::Event& event);
  absl::Status FoldLicenseKind(const v1::Event& event);
  absl::Status FoldShipmentKind(const v1::Event& event);

  // fold.cc
  absl::Status Fold(const v1::ComputeDeclared& event);
  absl::Status Fold(const v1::BackfillRecorded& event);
  absl::Status Fold(const v1::TotalsReported& event);

  // fold_license.cc
  absl::Status Fold(const v1::LicenseApplied& event);
  // A copy of an application to change. Errors: DATA_DAMAGED.
  absl::StatusOr<std::shared_ptr<v1::ApplicationView>> CopyApplication(
      const std::string& application_id) const;
  void SetApplication(std::shared_ptr<v1::ApplicationView> view);
  // What was granted is pending again.
  absl::Status ReopenApplication(const std::string& application_id);
  absl::Status DecideApplication(const std::string& application_id,
                                 v1::ApplicationStatus status,
                                 const std::string& license_id);
  absl::Status Fold(const v1::LicenseGranted& event);
  absl::Status Fold(const v1::LicenseAmended& event);
  absl::Status Fold(const v1::LicenseExtended& event);
  absl::Status Fold(const v1::ApplicationStepRecorded& event);
  absl::Status Fold(const v1::LicenseTransferred& event);
  absl::Status Fold(const v1::LicenseChangeCorrected& event);
  absl::Status Fold(const v1::ConditionRecorded& event);
  absl::Status Fold(const v1::LicenseRevoked& event);
  absl::Status Fold(const v1::LicenseVoided& event);
  absl::Status Fold(const v1::LicenseExpired& event);
  absl::Status RevokeParts(const v1::RevokeLicense& command, Date date);
  absl::Status ChangeStatus(const std::string& license_id, Date from,
                            v1::LicenseStatus status);
  // The same from the effective date of a command.
  template <typename C>
  absl::Status ChangeStatus(const C& command, v1::LicenseStatus status);
  // Sets what a license authorizes; what was drawn and what was revoked in part
  // carry over by line.
  absl::Status SetLicense(const v1::License& license,
                          const v1::Evidence& evidence, LicenseState& state);

  // fold_shipment.cc
  absl::Status Fold(const v1::ShipmentRecorded& event);
  absl::Status Fold(const v1::ShipmentVoided& event);
  absl::Status Fold(const v1::ShipmentCorrected& event);
  absl::Status Fold(const v1::ShipmentReserved& event);
  absl::Status Fold(const v1::ShipmentReceived& event);
  absl::Status Fold(const v1::ShipmentReturned& event);
  absl::Status Fold(const v1::UnitsRetired& event);
  absl::Status Fold(const v1::DiversionReported& event);
  absl::Status Fold(const v1::UnitsRecovered& event);
  absl::Status Fold(const v1::UnitsRelocated& event);
  absl::Status Fold(const v1::MovementVoided& event);
  // A re-export or a transfer in a country.
  template <typename E>
  absl::Status FoldSentOn(const E& event);
  // A reservation that holds nothing any more.
  absl::Status EndReservation(uint64_t index, const v1::Evidence& evidence);
  absl::Status UseReservation(const v1::RecordShipment& command,
                              const v1::Evidence& evidence, Date event_date);
  // Lets go of a reservation that was for this date.
  void DropReservation(const ReservationState& reservation, Date planned);
  // Reservations that an event ends beside what else it does: what they hold on
  // licenses is given back.
  absl::Status ReleaseReservations(
      const google::protobuf::RepeatedField<uint64_t>& indexes);
  // Adds an entry of this date to a shipment.
  ShipmentState NextOf(uint64_t shipment_index, Date date) const;
  // Takes units from those on hand first, then from those in transit, and adds
  // them to another place.
  absl::Status Leave(const Units& units, int64_t ItemUnitsState::*to,
                     ShipmentState& shipment) const;

  // Notes something as a fact of its subjects on the date.
  template <typename Fact>
  void NoteFact(const Fact& fact, Date date) {
    state_.NoteFact(SubjectsOf(state_.registers_.catalog, fact, date), date);
  }

  // What an entry said is no fact of its subjects any more.
  template <typename Fact>
  void ForgetFact(const Fact& fact, Date date, uint64_t index) {
    state_.ForgetFact(SubjectsOf(state_.registers_.catalog, fact, date), date,
                      index);
  }

  // fold.cc
  // `date` is the event's own date, by which amounts without one count; unset:
  // there is none.
  absl::Status Apply(const v1::Evidence& evidence, Date date);
  absl::Status ApplyTotals(const v1::Evidence& evidence,
                           std::optional<Date> date);
  // `policy` is the evaluation's; null: there is none.
  absl::Status Apply(const Evaluation& evaluation, const CompiledPolicy* policy,
                     std::optional<Date> date);
  // Draws count by the date of the shipment or reservation. `sign` is 1, or -1
  // to give them back.
  absl::Status ApplyDraws(const Draws& draws, Date date, int64_t sign);
  absl::Status AddToTotal(const CompiledRule& rule, int32_t window_start,
                          const v1::GroupKey& group, Date date,
                          const Amounts& amounts);
  // Errors: DATA_DAMAGED.
  absl::StatusOr<Date> DateOf(const std::string& text) const;
  absl::Status Damaged(absl::string_view what) const;

  State& state_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_FOLDER_H_
