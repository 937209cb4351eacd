// Deciding about what becomes of units after they were shipped.
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/recount.h"
#include "ledger/domain/unit_moves.h"

namespace chipledger::domain {
namespace {

using Units = google::protobuf::RepeatedPtrField<v1::ItemUnits>;
using Place = int64_t ItemUnitsState::*;

constexpr absl::string_view kEffectiveDate = "effective_date";

std::string NameOf(const v1::Shipment& shipment) {
  return absl::StrCat("shipment ", shipment.exporter(), "/",
                      shipment.shipment_reference());
}

// Mover takes units of one shipment from place to place and gathers what that
// moves in totals.
class Mover {
 public:
  // Reads the shipment's charges. `found` must outlive this. Errors:
  // DATA_DAMAGED.
  static absl::StatusOr<Mover> Make(const Case& c, const FoundShipment& found) {
    ASSIGN_OR_RETURN(std::vector<Charge> charges,
                     CountedCharges(c.state, c.history, *found.content,
                                    found.state.content_index));
    return Mover(found, std::move(charges));
  }

  const std::vector<ItemUnitsState>& before() const { return before_; }

  // Units that are at one of two places, of an item that exists; nothing for an
  // item that does not.
  // Errors: INVALID_FIELD, QUANTITY_NOT_AVAILABLE.
  absl::Status Require(const v1::ItemUnits& units, Place first, Place second) {
    const auto item = static_cast<size_t>(units.item());
    if (item >= after_.size()) {
      return InvalidFields(
          {{"units.item", absl::StrCat(units.item(), " is no item of ",
                                       NameOf(found_->shipment()),
                                       ", which has ", after_.size())}});
    }
    const int64_t available =
        after_[item].*first + (second == nullptr ? 0 : after_[item].*second);
    if (units.quantity() <= available) return absl::OkStatus();
    return QuantityNotAvailable(
        absl::StrCat(NameOf(found_->shipment()), " item ", units.item()),
        units.quantity(), available);
  }

  // Takes units from `first`, then from `second` (null: nowhere else), to `to`.
  // Returns how many came from `first`.
  absl::StatusOr<int64_t> Move(const v1::ItemUnits& units, Place first,
                               Place second, Place to) {
    RETURN_IF_ERROR(Require(units, first, second));
    ItemUnitsState& item = after_[static_cast<size_t>(units.item())];
    const int64_t from_first = std::min(item.*first, units.quantity());
    item.*first -= from_first;
    if (second != nullptr) item.*second -= units.quantity() - from_first;
    item.*to += units.quantity();
    return from_first;
  }

  void Receive(const v1::ItemUnits& units) {
    after_[static_cast<size_t>(units.item())].received += units.quantity();
  }

  // Gathers what the moves so far change in totals, by `date`, which the
  // command calls `field`. Errors: WRONG_DATE when units would not have been
  // there.
  absl::Status Gather(const Case& c, absl::string_view field, Date date,
                      Assessment& assessment) const {
    RETURN_IF_ERROR(CheckOrder(c, field, date));
    return GatherMove(found_->shipment(), charges_, date, before_, after_,
                      Test::kLimit, assessment);
  }

 private:
  Mover(const FoundShipment& found, std::vector<Charge> charges)
      : found_(&found),
        charges_(std::move(charges)),
        before_(UnitsOf(found.shipment(), found.state)),
        after_(before_) {}

  // Checks that all units were where they moved from, on every date: those of
  // the moves so far on `date`, and those of what is recorded already of later
  // dates.
  absl::Status CheckOrder(const Case& c, absl::string_view field,
                          Date date) const {
    const auto& entries = found_->state.entries;
    if (std::all_of(entries.begin(), entries.end(),
                    [&](const auto& entry) { return entry.date <= date; })) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(std::vector<UnitMove> moves,
                     UnitMovesOf(c.history, found_->shipment(), found_->state,
                                 std::nullopt));
    moves.push_back({.index = std::nullopt,
                     .date = date,
                     .before = before_,
                     .after = after_});
    const auto shortfall = FindShortfall(found_->shipment(), std::move(moves));
    if (!shortfall) return absl::OkStatus();
    return WrongDate(
        field, date.ToString(),
        absl::StrCat("would leave ", shortfall->units, " units of item ",
                     shortfall->item,
                     shortfall->on_hand ? " on hand" : " in transit", " on ",
                     shortfall->date.ToString(),
                     ", by what is recorded of the shipment already"));
  }

  const FoundShipment* found_;
  std::vector<Charge> charges_;
  std::vector<ItemUnitsState> before_;
  std::vector<ItemUnitsState> after_;
};

// Errors: WRONG_DATE.
absl::Status CheckDate(const FoundShipment& found, const std::string& date,
                       const Case& c) {
  if (ParsedDate(date) < found.export_date()) {
    return WrongDate(kEffectiveDate, date,
                     absl::StrCat("is before the export date, ",
                                  found.shipment().export_date()));
  }
  return CheckHasHappened(kEffectiveDate, date, c);
}

absl::StatusOr<FoundShipment> Find(const Case& c,
                                   const v1::ShipmentName& name) {
  return FindUnvoided(c, name.exporter(), name.shipment_reference());
}

// What arrives: the units asked for, or all in transit.
// Errors: WRONG_STATUS when nothing is in transit.
absl::StatusOr<Units> UnitsToReceive(const v1::ReceiveShipment& command,
                                     const FoundShipment& found,
                                     const Mover& mover) {
  if (!command.units().empty()) return command.units();
  Units all;
  for (size_t i = 0; i < mover.before().size(); ++i) {
    if (mover.before()[i].in_transit == 0) continue;
    v1::ItemUnits& units = *all.Add();
    units.set_item(static_cast<int32_t>(i));
    units.set_quantity(mover.before()[i].in_transit);
  }
  if (all.empty()) {
    return WrongStatus(NameOf(found.shipment()), "received in full",
                       "in transit, at least in part");
  }
  return all;
}

// Units leave the place of a shipment: those on hand first.
absl::Status Leave(const Case& c, const FoundShipment& found,
                   const Units& units, Place to, Date date,
                   Assessment& assessment, v1::Evidence& evidence) {
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, found));
  for (const v1::ItemUnits& left : units) {
    RETURN_IF_ERROR(mover
                        .Move(left, &ItemUnitsState::on_hand,
                              &ItemUnitsState::in_transit, to)
                        .status());
  }
  RETURN_IF_ERROR(mover.Gather(c, kEffectiveDate, date, assessment));
  return assessment.Judge(evidence);
}

// Re-exports and transfers in a country: the origin gives up units, which make
// a shipment of their own.
template <typename C, typename E>
absl::Status SendOn(C& command, v1::Movement movement, E& event, Case& c) {
  const v1::Shipment& shipment = command.shipment();
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  ASSIGN_OR_RETURN(const FoundShipment origin, Find(c, command.origin()));
  const bool same_country =
      shipment.destination_country() == origin.shipment().destination_country();
  if (same_country != (movement == v1::MOVEMENT_IN_COUNTRY_TRANSFER)) {
    return InvalidFields(
        {{"shipment.destination_country",
          absl::StrCat("\"", shipment.destination_country(), "\" is ",
                       same_country ? "" : "not ",
                       "that of the origin; record ",
                       same_country ? "a transfer" : "a re-export")}});
  }
  const Date date = ParsedDate(shipment.export_date());
  if (date < origin.export_date()) {
    return WrongDate("shipment.export_date", shipment.export_date(),
                     absl::StrCat("is before that of the origin, ",
                                  origin.shipment().export_date()));
  }
  event.unsafe_arena_set_allocated_command(&command);
  event.set_origin_index(origin.index);
  Assessment assessment(c.state, date, &command.overrides());
  LicenseDraws draws(c.state, c.history, assessment);
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, origin));
  for (int i = 0; i < command.units_size(); ++i) {
    const v1::ItemUnits& units = command.units(i);
    RETURN_IF_ERROR(mover
                        .Move(units, &ItemUnitsState::on_hand, nullptr,
                              &ItemUnitsState::sent_on)
                        .status());
    const std::string& product =
        origin.shipment().items(units.item()).product_code();
    if (shipment.items(i).product_code() != product) {
      return InvalidFields(
          {{absl::StrCat("shipment.items[", i, "].product_code"),
            absl::StrCat("\"", shipment.items(i).product_code(),
                         "\" is not that of the origin's item, \"", product,
                         "\"")}});
    }
  }
  RETURN_IF_ERROR(mover.Gather(c, "shipment.export_date", date, assessment));
  RETURN_IF_ERROR(assessment.Judge(*event.mutable_reversal()));
  RETURN_IF_ERROR(JudgeShipment(c,
                                {.shipment = shipment,
                                 .movement = movement,
                                 .assurance = command.assurance()},
                                assessment, draws, *event.mutable_evidence()));
  return RequireNewReference(c, shipment);
}

}  // namespace

absl::Status DecideReceiveShipment(v1::ReceiveShipment& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(CheckDate(found, command.effective_date(), c));
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, found));
  v1::ShipmentReceived& received = *c.event.mutable_shipment_received();
  received.unsafe_arena_set_allocated_command(&command);
  received.set_shipment_index(found.index);
  ASSIGN_OR_RETURN(*received.mutable_units(),
                   UnitsToReceive(command, found, mover));
  for (const v1::ItemUnits& units : received.units()) {
    RETURN_IF_ERROR(mover
                        .Move(units, &ItemUnitsState::in_transit, nullptr,
                              &ItemUnitsState::on_hand)
                        .status());
    mover.Receive(units);
  }
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  RETURN_IF_ERROR(mover.Gather(c, kEffectiveDate, date, assessment));
  // It has happened: what it violates is told, not refused.
  return assessment.Judge(*received.mutable_evidence());
}

absl::Status DecideReturnShipment(v1::ReturnShipment& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(CheckDate(found, command.effective_date(), c));
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, found));
  v1::ShipmentReturned& returned = *c.event.mutable_shipment_returned();
  returned.unsafe_arena_set_allocated_command(&command);
  returned.set_shipment_index(found.index);
  for (const v1::ItemUnits& units : command.units()) {
    ASSIGN_OR_RETURN(
        const int64_t stopped,
        mover.Move(units, &ItemUnitsState::in_transit, &ItemUnitsState::on_hand,
                   &ItemUnitsState::returned));
    if (stopped == 0) continue;
    v1::ItemUnits& from_transit = *returned.add_from_transit();
    from_transit.set_item(units.item());
    from_transit.set_quantity(stopped);
  }
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  RETURN_IF_ERROR(mover.Gather(c, kEffectiveDate, date, assessment));
  return assessment.Judge(*returned.mutable_evidence());
}

absl::Status DecideReexportShipment(v1::ReexportShipment& command, Case& c) {
  return SendOn(command, v1::MOVEMENT_REEXPORT,
                *c.event.mutable_shipment_reexported(), c);
}

absl::Status DecideTransferShipment(v1::TransferShipment& command, Case& c) {
  return SendOn(command, v1::MOVEMENT_IN_COUNTRY_TRANSFER,
                *c.event.mutable_shipment_transferred_in_country(), c);
}

absl::Status DecideRetireUnits(v1::RetireUnits& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(CheckDate(found, command.effective_date(), c));
  v1::UnitsRetired& retired = *c.event.mutable_units_retired();
  retired.unsafe_arena_set_allocated_command(&command);
  retired.set_shipment_index(found.index);
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  return Leave(c, found, command.units(), &ItemUnitsState::retired, date,
               assessment, *retired.mutable_evidence());
}

absl::Status DecideReportDiversion(v1::ReportDiversion& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(CheckDate(found, command.effective_date(), c));
  v1::DiversionReported& reported = *c.event.mutable_diversion_reported();
  reported.unsafe_arena_set_allocated_command(&command);
  reported.set_shipment_index(found.index);
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  RETURN_IF_ERROR(Leave(c, found, command.units(), &ItemUnitsState::diverted,
                        date, assessment, *reported.mutable_reversal()));
  v1::Evidence& evidence = *reported.mutable_evidence();
  Fact fact;
  RETURN_IF_ERROR(
      FillDiversion(c.state.catalog(), command, found.shipment(), fact));
  AddKnown(c.state.catalog(), fact, evidence);
  RETURN_IF_ERROR(assessment.Count(absl::MakeConstSpan(&fact, 1),
                                   Occasion::kInstalled, Test::kLimit));
  return assessment.Judge(evidence);
}

namespace {

// The movement that an entry recorded and that still holds, with its place in
// the shipment's entries. Errors: INVALID_FIELD, those of reading.
struct Recorded {
  Date date;
  std::shared_ptr<const v1::Event> event;
};
absl::StatusOr<Recorded> FindMovement(const Case& c, const FoundShipment& found,
                                      uint64_t index) {
  const auto& entries = found.state.entries;
  const auto entry = std::find_if(
      entries.begin(), entries.end(),
      [&](const auto& e) { return e.index == index && !e.voided; });
  Recorded recorded;
  if (entry != entries.end()) {
    recorded.date = entry->date;
    ASSIGN_OR_RETURN(recorded.event, c.history.ReadEvent(index));
    switch (recorded.event->kind_case()) {
      case v1::Event::kShipmentReceived:
      case v1::Event::kShipmentReturned:
      case v1::Event::kShipmentReexported:
      case v1::Event::kShipmentTransferredInCountry:
      case v1::Event::kUnitsRetired:
      case v1::Event::kDiversionReported:
        return recorded;
      default:
        break;
    }
  }
  std::string known;
  for (const ShipmentState::EntryRef& e : entries) {
    if (!e.voided) absl::StrAppend(&known, known.empty() ? "" : ", ", e.index);
  }
  return InvalidFields(
      {{"movement_index",
        absl::StrCat(index, " is no movement of ", NameOf(found.shipment()),
                     " that still holds; its entries are ",
                     known.empty() ? "none" : known)}});
}

// A re-export or transfer is voided with the shipment that it made, whose units
// must be where it brought them. Errors: WRONG_STATUS.
absl::Status CountBackMade(const Case& c, uint64_t index,
                           const std::shared_ptr<const v1::Event>& event,
                           Assessment& assessment, LicenseDraws& draws,
                           v1::Evidence& evidence) {
  const FoundShipment made{
      .index = index, .state = c.state.GetShipment(index), .content = event};
  if (made.state.HasMoved()) {
    return WrongStatus(NameOf(made.shipment()), "moved on",
                       "in transit as a whole; void its movements first");
  }
  return CountBackShipment(c, made, assessment, draws, evidence);
}

// What later movements took must still be there without the voided one.
// Errors: WRONG_STATUS.
absl::Status CheckStillThere(const FoundShipment& found, uint64_t index,
                             const std::vector<UnitMove>& moves) {
  std::optional<Shortfall> shortfall = FindShortfall(found.shipment(), moves);
  for (const UnitMove& move : moves) {
    for (size_t item = 0; item < move.after.size() && !shortfall; ++item) {
      const ItemUnitsState& at = move.after[item];
      const int64_t units = std::min(at.in_transit, at.on_hand);
      if (units < 0) {
        shortfall = {.date = move.date,
                     .item = item,
                     .on_hand = at.on_hand < 0,
                     .units = units};
      }
    }
  }
  if (!shortfall) return absl::OkStatus();
  return WrongStatus(
      absl::StrCat("movement ", index, " of ", NameOf(found.shipment())),
      absl::StrCat("one that later movements rest on: without it ",
                   shortfall->units, " units of item ", shortfall->item,
                   " would be ", shortfall->on_hand ? "on hand" : "in transit",
                   " on ", shortfall->date.ToString()),
      "one that none rests on; void the later ones first");
}

void FillMoved(const Places& before, const Places& after,
               v1::MovementVoided& voided) {
  for (size_t i = 0; i < before.size(); ++i) {
    if (before[i] == after[i]) continue;
    v1::MovementVoided::Moved& moved = *voided.add_moved();
    moved.set_item(static_cast<int32_t>(i));
    moved.set_received(after[i].received - before[i].received);
    moved.set_on_hand(after[i].on_hand - before[i].on_hand);
    moved.set_returned(after[i].returned - before[i].returned);
    moved.set_sent_on(after[i].sent_on - before[i].sent_on);
    moved.set_retired(after[i].retired - before[i].retired);
    moved.set_diverted(after[i].diverted - before[i].diverted);
  }
}

// Gathers that movements are others than they were: those that changed with the
// voided one are taken back and made anew.
absl::Status GatherAnew(const Case& c, const FoundShipment& found,
                        const std::vector<UnitMove>& before,
                        const std::vector<UnitMove>& after,
                        Assessment& assessment) {
  ASSIGN_OR_RETURN(const std::vector<Charge> charges,
                   CountedCharges(c.state, c.history, *found.content,
                                  found.state.content_index));
  auto anew = after.begin();
  for (const UnitMove& was : before) {
    const bool kept = anew != after.end() && anew->index == was.index;
    if (!kept || anew->before != was.before || anew->after != was.after) {
      RETURN_IF_ERROR(GatherMove(found.shipment(), charges, was.date, was.after,
                                 was.before, Test::kNothing, assessment));
      if (kept) {
        RETURN_IF_ERROR(GatherMove(found.shipment(), charges, was.date,
                                   anew->before, anew->after, Test::kNothing,
                                   assessment));
      }
    }
    if (kept) ++anew;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecideVoidMovement(v1::VoidMovement& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  const uint64_t index = command.movement_index();
  ASSIGN_OR_RETURN(const Recorded recorded, FindMovement(c, found, index));
  const v1::Event& movement = *recorded.event;
  ASSIGN_OR_RETURN(
      const std::vector<UnitMove> before,
      UnitMovesOf(c.history, found.shipment(), found.state, std::nullopt));
  ASSIGN_OR_RETURN(
      const std::vector<UnitMove> after,
      UnitMovesOf(c.history, found.shipment(), found.state, index));
  RETURN_IF_ERROR(CheckStillThere(found, index, after));
  v1::MovementVoided& voided = *c.event.mutable_movement_voided();
  voided.unsafe_arena_set_allocated_command(&command);
  voided.set_shipment_index(found.index);
  voided.set_effective_date(recorded.date.ToString());
  voided.set_voids_shipment(movement.has_shipment_reexported() ||
                            movement.has_shipment_transferred_in_country());
  const Places none = UnitsOf(found.shipment(), ShipmentState());
  FillMoved(before.empty() ? none : before.back().after,
            after.empty() ? none : after.back().after, voided);

  Assessment assessment(c.state, recorded.date, nullptr);
  LicenseDraws draws(c.state, c.history, assessment);
  v1::Evidence& reversal = *voided.mutable_reversal();
  if (voided.voids_shipment()) {
    RETURN_IF_ERROR(
        CountBackMade(c, index, recorded.event, assessment, draws, reversal));
  } else if (movement.has_diversion_reported()) {
    ASSIGN_OR_RETURN(const v1::Evidence found_there,
                     CountedEvidence(c.state, c.history, movement, index));
    RETURN_IF_ERROR(assessment.CountBack(found_there, recorded.date, nullptr));
    RETURN_IF_ERROR(assessment.Judge(reversal));
  }
  RETURN_IF_ERROR(GatherAnew(c, found, before, after, assessment));
  return assessment.Judge(*voided.mutable_evidence());
}

}  // namespace chipledger::domain
