#include "ledger/movements.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/evaluation.h"

namespace chipledger {
namespace {

using domain::Evaluation;
using domain::VisitEvaluations;
using Visit = absl::FunctionRef<void(const TotalMovement&)>;

Date DateOr(const std::string& text, Date when_unset) {
  return Date::Parse(text).value_or(when_unset);
}

void VisitEvidence(const v1::Evidence& evidence, Date event_date, Visit visit) {
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    if (evaluation.balance == v1::BALANCE_NONE) return true;
    visit({.policy_index = evaluation.policy_index,
           .rule = evaluation.rule,
           .window_start = evaluation.window_start,
           .group = *evaluation.group,
           .date = evaluation.date.value_or(event_date),
           .amounts = evaluation.Added()});
    return true;
  });
}

void VisitBackfill(const domain::Catalog& catalog,
                   const v1::RecordBackfill& backfill, Visit visit) {
  const domain::CompiledPolicy* policy =
      catalog.FindPolicy(backfill.policy_id());
  if (policy == nullptr) return;
  for (const v1::RecordBackfill::Amount& amount : backfill.amounts()) {
    const domain::CompiledRule* rule = policy->FindRule(amount.rule_id());
    if (rule == nullptr) continue;
    visit({.policy_index = policy->adopted.index(),
           .rule = rule->number,
           .window_start = DateOr(amount.window_start(), Date()).days(),
           .group = amount.group(),
           .date = DateOr(amount.date(), Date()),
           .amounts = {.used = amount.used(),
                       .reserved = amount.reserved(),
                       .unmeasured_gpus = amount.unmeasured_gpus()}});
  }
}

template <typename Named>
std::string ShipmentText(const Named& name) {
  return absl::StrCat("shipment ", name.exporter(), "/",
                      name.shipment_reference());
}

std::string ReservationText(uint64_t index) {
  return absl::StrCat("reservation ", index);
}

std::string LicenseText(absl::string_view license_id) {
  return absl::StrCat("license ", license_id);
}

std::string LicenseSubjectOf(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kLicenseGranted:
      return LicenseText(
          event.license_granted().command().license().license_id());
    case v1::Event::kLicenseAmended:
      return LicenseText(
          event.license_amended().command().license().license_id());
    case v1::Event::kLicenseTransferred:
      return LicenseText(event.license_transferred().command().license_id());
    case v1::Event::kLicenseChangeCorrected:
      return LicenseText(
          event.license_change_corrected().command().license_id());
    case v1::Event::kLicenseRevoked:
      return LicenseText(event.license_revoked().command().license_id());
    case v1::Event::kLicenseVoided:
      return LicenseText(event.license_voided().command().license_id());
    case v1::Event::kLicenseExpired:
      return LicenseText(event.license_expired().command().license_id());
    default:
      // Others move no total.
      return "";
  }
}

}  // namespace

void VisitMovements(const domain::Catalog& catalog, const v1::Event& event,
                    int64_t record_time_ns, Visit visit) {
  if (event.has_backfill_recorded()) {
    VisitBackfill(catalog, event.backfill_recorded().command(), visit);
    return;
  }
  const v1::Evidence* evidence = domain::EvidenceOf(event);
  const v1::Evidence* reversal = domain::ReversalOf(event);
  if (evidence == nullptr && reversal == nullptr) return;
  const Date date = domain::EffectiveDateOf(event, record_time_ns);
  if (reversal != nullptr) VisitEvidence(*reversal, date, visit);
  if (evidence != nullptr) VisitEvidence(*evidence, date, visit);
}

const std::string& KindOf(const v1::Event& event) {
  static const auto& none = *new std::string();
  const auto* field = event.GetReflection()->GetOneofFieldDescriptor(
      event, v1::Event::descriptor()->oneof_decl(0));
  return field == nullptr ? none : field->name();
}

std::string SubjectOf(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
      return ShipmentText(event.shipment_recorded().command().shipment());
    case v1::Event::kShipmentCorrected:
      return ShipmentText(event.shipment_corrected().command().shipment());
    case v1::Event::kShipmentVoided:
      return ShipmentText(event.shipment_voided().command());
    case v1::Event::kShipmentReceived:
      return ShipmentText(event.shipment_received().command().shipment());
    case v1::Event::kShipmentReturned:
      return ShipmentText(event.shipment_returned().command().shipment());
    case v1::Event::kShipmentReexported:
      return ShipmentText(event.shipment_reexported().command().shipment());
    case v1::Event::kShipmentTransferredInCountry:
      return ShipmentText(
          event.shipment_transferred_in_country().command().shipment());
    case v1::Event::kUnitsRetired:
      return ShipmentText(event.units_retired().command().shipment());
    case v1::Event::kUnitsRecovered:
      return ShipmentText(event.units_recovered().command().shipment());
    case v1::Event::kUnitsRelocated:
      return ShipmentText(event.units_relocated().command().shipment());
    case v1::Event::kMovementVoided:
      return ShipmentText(event.movement_voided().command().shipment());
    case v1::Event::kDiversionReported:
      return ShipmentText(event.diversion_reported().command().shipment());
    case v1::Event::kShipmentReserved:
      return ShipmentText(event.shipment_reserved().command().shipment());
    case v1::Event::kReservationReleased:
      return ReservationText(
          event.reservation_released().command().reservation_index());
    case v1::Event::kReservationExpired:
      return ReservationText(
          event.reservation_expired().command().reservation_index());
    case v1::Event::kComputeDeclared:
      return absl::StrCat("compute of ",
                          event.compute_declared().command().party());
    case v1::Event::kBackfillRecorded:
      return absl::StrCat("policy ",
                          event.backfill_recorded().command().policy_id());
    case v1::Event::kTotalsReported:
      return absl::StrCat("policy ",
                          event.totals_reported().command().policy_id());
    default:
      return LicenseSubjectOf(event);
  }
}

}  // namespace chipledger
