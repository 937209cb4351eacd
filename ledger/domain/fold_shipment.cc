// Folding what became of shipments and reservations.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "ledger/base/status_macros.h"
#include "ledger/domain/folder.h"

namespace chipledger::domain {
namespace {

// Keeps of an event's evaluations what a reservation holds by them: see
// ReservationState.
void KeepHeld(const v1::Evidence& evidence, Date event_date,
              uint64_t reservation_index, v1::Evidence& held) {
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    const bool holds = evaluation.balance == v1::BALANCE_RESERVED &&
                       (evaluation.asked > 0 || evaluation.unmeasured_gpus > 0);
    if (!holds || evaluation.policy_index > reservation_index) return true;
    AppendEvaluation({.policy_index = evaluation.policy_index,
                      .rule = evaluation.rule,
                      .window_start = evaluation.window_start,
                      .group = evaluation.group,
                      .balance = evaluation.balance,
                      .asked = evaluation.asked,
                      .unmeasured_gpus = evaluation.unmeasured_gpus,
                      .date = evaluation.date.value_or(event_date)},
                     *held.mutable_totals());
    return true;
  });
  for (const v1::LicenseDraw& draw : evidence.draws()) {
    if (draw.reserved() && draw.quantity() > 0) *held.add_draws() = draw;
  }
}

int64_t NsOf(const google::protobuf::Timestamp& time) {
  return time.seconds() * 1'000'000'000 + time.nanos();
}

// The item's units, made when nothing of it has moved so far; null when there
// is no such item.
ItemUnitsState* UnitsOfItem(int32_t item, ShipmentState& shipment) {
  if (item < 0) return nullptr;
  const auto place = static_cast<size_t>(item);
  if (place >= shipment.items.size()) shipment.items.resize(place + 1);
  return &shipment.items[place];
}

}  // namespace

absl::Status Folder::FoldShipmentKind(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
      return Fold(event.shipment_recorded());
    case v1::Event::kShipmentVoided:
      return Fold(event.shipment_voided());
    case v1::Event::kShipmentCorrected:
      return Fold(event.shipment_corrected());
    case v1::Event::kShipmentReserved:
      return Fold(event.shipment_reserved());
    case v1::Event::kReservationReleased:
      return EndReservation(
          event.reservation_released().command().reservation_index(),
          event.reservation_released().evidence());
    case v1::Event::kReservationExpired:
      return EndReservation(
          event.reservation_expired().command().reservation_index(),
          event.reservation_expired().evidence());
    case v1::Event::kShipmentReceived:
      return Fold(event.shipment_received());
    case v1::Event::kShipmentReturned:
      return Fold(event.shipment_returned());
    case v1::Event::kShipmentReexported:
      return FoldSentOn(event.shipment_reexported());
    case v1::Event::kShipmentTransferredInCountry:
      return FoldSentOn(event.shipment_transferred_in_country());
    case v1::Event::kMovementVoided:
      return Fold(event.movement_voided());
    case v1::Event::kUnitsRetired:
      return Fold(event.units_retired());
    case v1::Event::kUnitsRecovered:
      return Fold(event.units_recovered());
    case v1::Event::kUnitsRelocated:
      return Fold(event.units_relocated());
    default:
      return Fold(event.diversion_reported());
  }
}

// Shipments ------------------------------------------------------------------

absl::Status Folder::Fold(const v1::ShipmentRecorded& event) {
  const v1::RecordShipment& command = event.command();
  ASSIGN_OR_RETURN(const Date date, DateOf(command.shipment().export_date()));
  NoteFact(command.shipment(), date);
  if (event.has_reservation()) {
    RETURN_IF_ERROR(UseReservation(command, event.reservation(), date));
  }
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::ShipmentVoided& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.export_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  next.voided = true;
  state_.SetShipment(event.shipment_index(), std::move(next));
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::ShipmentCorrected& event) {
  const v1::Shipment& shipment = event.command().shipment();
  ASSIGN_OR_RETURN(const Date date, DateOf(shipment.export_date()));
  ASSIGN_OR_RETURN(const Date before, DateOf(event.corrected_export_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  next.content_index = state_.size_;
  state_.SetShipment(event.shipment_index(), std::move(next));
  NoteFact(shipment, date);
  RETURN_IF_ERROR(ApplyTotals(event.reversal(), date));
  RETURN_IF_ERROR(ApplyDraws(event.reversal().draws(), before, 1));
  return Apply(event.evidence(), date);
}

// Reservations ---------------------------------------------------------------

absl::Status Folder::Fold(const v1::ShipmentReserved& event) {
  const v1::Shipment& shipment = event.command().shipment();
  ASSIGN_OR_RETURN(const Date date, DateOf(shipment.export_date()));
  auto reservation = std::make_shared<ReservationState>();
  reservation->index = state_.size_;
  reservation->shipment = shipment;
  if (const std::string& chosen = event.evidence().chosen_license_id();
      !chosen.empty()) {
    reservation->shipment.mutable_authorization()->set_license_id(chosen);
  }
  reservation->expire_time_ns = NsOf(event.expire_time());
  KeepHeld(event.evidence(), date, state_.size_, reservation->held);
  state_.SetReservation(state_.size_, std::move(reservation));
  NoteFact(shipment, date);
  return Apply(event.evidence(), date);
}

absl::Status Folder::EndReservation(uint64_t index,
                                    const v1::Evidence& evidence) {
  const auto* found = state_.registers_.reservations.Find(index);
  if (found == nullptr) return Damaged("ends an unknown reservation");
  const std::shared_ptr<const ReservationState> reservation = *found;
  ASSIGN_OR_RETURN(const Date planned,
                   DateOf(reservation->shipment.export_date()));
  DropReservation(*reservation, planned);
  RETURN_IF_ERROR(ApplyTotals(evidence, std::nullopt));
  return ApplyDraws(evidence.draws(), planned, 1);
}

void Folder::DropReservation(const ReservationState& reservation,
                             Date planned) {
  ForgetFact(reservation.shipment, planned, reservation.index);
  state_.SetReservation(reservation.index, nullptr);
}

absl::Status Folder::UseReservation(const v1::RecordShipment& command,
                                    const v1::Evidence& evidence,
                                    Date event_date) {
  const uint64_t index = command.reservation_index();
  const auto* found = state_.registers_.reservations.Find(index);
  if (found == nullptr) return Damaged("uses an unknown reservation");
  const std::shared_ptr<const ReservationState> before = *found;
  ASSIGN_OR_RETURN(const Date planned, DateOf(before->shipment.export_date()));
  LeftOver left = LeftAfter(before->shipment, command.shipment());
  std::shared_ptr<ReservationState> after;
  if (!left.shipment.items().empty() && !command.release_rest()) {
    after = std::make_shared<ReservationState>();
    after->index = index;
    after->shipment = std::move(left.shipment);
    after->expire_time_ns = before->expire_time_ns;
    KeepHeld(evidence, event_date, index, after->held);
  }
  if (after == nullptr) {
    DropReservation(*before, planned);
  } else {
    state_.SetReservation(index, std::move(after));
  }
  RETURN_IF_ERROR(ApplyTotals(evidence, event_date));
  return ApplyDraws(evidence.draws(), planned, 1);
}

absl::Status Folder::ReleaseReservations(
    const google::protobuf::RepeatedField<uint64_t>& indexes) {
  for (const uint64_t index : indexes) {
    const auto* found = state_.registers_.reservations.Find(index);
    if (found == nullptr) return Damaged("releases an unknown reservation");
    const std::shared_ptr<const ReservationState> reservation = *found;
    ASSIGN_OR_RETURN(const Date planned,
                     DateOf(reservation->shipment.export_date()));
    DropReservation(*reservation, planned);
    RETURN_IF_ERROR(ApplyDraws(reservation->held.draws(), planned, -1));
  }
  return absl::OkStatus();
}

// Movements ------------------------------------------------------------------

ShipmentState Folder::NextOf(uint64_t shipment_index, Date date) const {
  ShipmentState next = state_.GetShipment(shipment_index);
  ++next.revision;
  next.entries.push_back({.index = state_.size_, .date = date});
  return next;
}

absl::Status Folder::Leave(const Units& units, int64_t ItemUnitsState::*to,
                           ShipmentState& shipment) const {
  for (const v1::ItemUnits& left : units) {
    ItemUnitsState* item = UnitsOfItem(left.item(), shipment);
    if (item == nullptr) return Damaged("moves units of an unknown item");
    item->on_hand -= std::min(item->on_hand, left.quantity());
    item->*to += left.quantity();
  }
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::ShipmentReceived& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().effective_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  for (const v1::ItemUnits& arrived : event.units()) {
    ItemUnitsState* item = UnitsOfItem(arrived.item(), next);
    if (item == nullptr) return Damaged("receives units of an unknown item");
    item->received += arrived.quantity();
    item->on_hand += arrived.quantity();
  }
  state_.SetShipment(event.shipment_index(), std::move(next));
  state_.NoteFactDate(date);
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::ShipmentReturned& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().effective_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  for (const v1::ItemUnits& returned : UnitsMoved(event)) {
    ItemUnitsState* item = UnitsOfItem(returned.item(), next);
    if (item == nullptr) return Damaged("returns units of an unknown item");
    item->returned += returned.quantity();
    item->on_hand -= returned.quantity();
  }
  for (const v1::ItemUnits& stopped : event.from_transit()) {
    ItemUnitsState* item = UnitsOfItem(stopped.item(), next);
    if (item == nullptr) return Damaged("returns units of an unknown item");
    item->on_hand += stopped.quantity();
  }
  state_.SetShipment(event.shipment_index(), std::move(next));
  state_.NoteFactDate(date);
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::UnitsRetired& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().effective_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  RETURN_IF_ERROR(Leave(UnitsMoved(event), &ItemUnitsState::retired, next));
  state_.SetShipment(event.shipment_index(), std::move(next));
  state_.NoteFactDate(date);
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::DiversionReported& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().effective_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  RETURN_IF_ERROR(Leave(UnitsMoved(event), &ItemUnitsState::diverted, next));
  state_.SetShipment(event.shipment_index(), std::move(next));
  NoteFact(event.command(), date);
  RETURN_IF_ERROR(Apply(event.reversal(), date));
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::UnitsRecovered& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().effective_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  const auto from = event.from_diverted() ? &ItemUnitsState::diverted
                                          : &ItemUnitsState::retired;
  for (const v1::ItemUnits& back : event.command().units()) {
    ItemUnitsState* item = UnitsOfItem(back.item(), next);
    if (item == nullptr) return Damaged("recovers units of an unknown item");
    item->*from -= back.quantity();
    item->on_hand += back.quantity();
  }
  for (const v1::ItemUnits& arrived : event.arrived()) {
    ItemUnitsState* item = UnitsOfItem(arrived.item(), next);
    if (item == nullptr) return Damaged("recovers units of an unknown item");
    item->received += arrived.quantity();
  }
  state_.SetShipment(event.shipment_index(), std::move(next));
  state_.NoteFactDate(date);
  RETURN_IF_ERROR(Apply(event.reversal(), date));
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::UnitsRelocated& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().effective_date()));
  state_.SetShipment(event.shipment_index(),
                     NextOf(event.shipment_index(), date));
  state_.NoteFactDate(date);
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::MovementVoided& event) {
  const v1::VoidMovement& command = event.command();
  ASSIGN_OR_RETURN(const Date date, DateOf(event.effective_date()));
  ShipmentState next = NextOf(event.shipment_index(), date);
  next.entries.back().voided = true;
  const auto voided = std::find_if(
      next.entries.begin(), next.entries.end(),
      [&](const auto& e) { return e.index == command.movement_index(); });
  if (voided == next.entries.end()) return Damaged("voids an unknown movement");
  voided->voided = true;
  for (const v1::MovementVoided::Moved& moved : event.moved()) {
    ItemUnitsState* item = UnitsOfItem(moved.item(), next);
    if (item == nullptr) return Damaged("moves units of an unknown item");
    item->received += moved.received();
    item->on_hand += moved.on_hand();
    item->returned += moved.returned();
    item->sent_on += moved.sent_on();
    item->retired += moved.retired();
    item->diverted += moved.diverted();
  }
  state_.SetShipment(event.shipment_index(), std::move(next));
  if (event.voids_shipment()) {
    ShipmentState made = NextOf(command.movement_index(), date);
    made.voided = true;
    state_.SetShipment(command.movement_index(), std::move(made));
  }
  RETURN_IF_ERROR(Apply(event.reversal(), date));
  return Apply(event.evidence(), date);
}

template <typename E>
absl::Status Folder::FoldSentOn(const E& event) {
  ASSIGN_OR_RETURN(const Date date,
                   DateOf(event.command().shipment().export_date()));
  ShipmentState next = NextOf(event.origin_index(), date);
  RETURN_IF_ERROR(Leave(UnitsMoved(event), &ItemUnitsState::sent_on, next));
  state_.SetShipment(event.origin_index(), std::move(next));
  NoteFact(event.command().shipment(), date);
  RETURN_IF_ERROR(Apply(event.reversal(), date));
  return Apply(event.evidence(), date);
}

}  // namespace chipledger::domain
