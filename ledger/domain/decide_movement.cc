// Deciding about what becomes of units after they were shipped.
#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
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

using Units = ItemUnitsList;
using Place = int64_t ItemUnitsState::*;

constexpr absl::string_view kEffectiveDate = "effective_date";

std::string NameOf(const v1::Shipment& shipment) {
  return absl::StrCat("shipment ", shipment.exporter(), "/",
                      shipment.shipment_reference());
}

// Errors: INVALID_FIELD.
absl::Status RequireItem(const FoundShipment& found, int32_t item) {
  const int items = found.shipment().items_size();
  if (item < items) return absl::OkStatus();
  return InvalidFields({{"units.item", absl::StrCat(item, " is no item of ",
                                                    NameOf(found.shipment()),
                                                    ", which has ", items)}});
}

// Mover takes units of one shipment from place to place and gathers what that
// moves in totals. After the fact it takes what is there of them, and says what
// is not.
class Mover {
 public:
  // Units of an item that go from `first`, then from `second` (null: nowhere
  // else), to `to`.
  struct Moved {
    size_t item = 0;
    int64_t units = 0;
    Place first;
    Place second;
    Place to;
    // Of the units, those from `first`.
    int64_t from_first = 0;
  };

  // Reads the shipment's charges. `found` must outlive this. Errors:
  // DATA_DAMAGED.
  static absl::StatusOr<Mover> Make(const Case& c, const FoundShipment& found,
                                    v1::Assurance assurance) {
    ASSIGN_OR_RETURN(std::vector<Charge> charges,
                     CountedCharges(c.state, c.history, *found.content,
                                    found.state.content_index));
    return Mover(found, std::move(charges),
                 assurance == v1::ASSURANCE_AFTER_THE_FACT);
  }

  const std::vector<ItemUnitsState>& before() const { return before_; }
  const std::vector<Moved>& moved() const { return moved_; }
  // By item.
  Units not_there() const {
    Units units;
    for (const auto& [item, missing] : not_there_) {
      v1::ItemUnits& one = *units.Add();
      one.set_item(static_cast<int32_t>(item));
      one.set_quantity(missing);
    }
    return units;
  }

  // Takes units to another place.
  // Errors: INVALID_FIELD, QUANTITY_NOT_AVAILABLE.
  absl::Status Move(const v1::ItemUnits& units, Place first, Place second,
                    Place to) {
    RETURN_IF_ERROR(RequireItem(*found_, units.item()));
    const auto item = static_cast<size_t>(units.item());
    const int64_t available =
        after_[item].*first + (second == nullptr ? 0 : after_[item].*second);
    const int64_t missing = units.quantity() - available;
    if (missing > 0 && !after_the_fact_) {
      return QuantityNotAvailable(
          absl::StrCat(NameOf(found_->shipment()), " item ", units.item()),
          units.quantity(), available);
    }
    if (missing > 0) not_there_[item] += missing;
    moved_.push_back({.item = item,
                      .units = std::min(units.quantity(), available),
                      .first = first,
                      .second = second,
                      .to = to});
    Apply(moved_.back());
    return absl::OkStatus();
  }

  // Counts units among those that moved that had never arrived before.
  void Arrive(size_t item, int64_t units) { after_[item].received += units; }

  // Gathers what the moves so far change in totals, by `date`, which the
  // command calls `field`. Errors: WRONG_DATE when units would not have been
  // there.
  absl::Status Gather(const Case& c, absl::string_view field, Date date,
                      Assessment& assessment) {
    RETURN_IF_ERROR(CheckOrder(c, field, date));
    return GatherMove(found_->shipment(), charges_, date, before_, after_,
                      Test::kLimit, assessment);
  }

 private:
  Mover(const FoundShipment& found, std::vector<Charge> charges,
        bool after_the_fact)
      : found_(&found),
        after_the_fact_(after_the_fact),
        charges_(std::move(charges)),
        before_(UnitsOf(found.shipment(), found.state)),
        after_(before_) {}

  void Apply(Moved& moved) {
    ItemUnitsState& at = after_[moved.item];
    moved.from_first = std::min(at.*moved.first, moved.units);
    at.*moved.first -= moved.from_first;
    if (moved.second != nullptr) {
      at.*moved.second -= moved.units - moved.from_first;
    }
    at.*moved.to += moved.units;
    if (moved.first == &ItemUnitsState::in_transit &&
        moved.to == &ItemUnitsState::on_hand) {
      at.received += moved.units;
    }
  }

  // Checks that all units were where they moved from, on every date: those of
  // the moves so far on `date`, and those of what is recorded already of later
  // dates. After the fact, those that were not stay.
  absl::Status CheckOrder(const Case& c, absl::string_view field, Date date) {
    if (date < found_->export_date()) {
      if (!after_the_fact_) {
        return WrongDate(field, date.ToString(),
                         absl::StrCat("is before the export date, ",
                                      found_->shipment().export_date()));
      }
      for (const Moved& moved : moved_) {
        Leave(moved.item, std::numeric_limits<int64_t>::max());
      }
      return absl::OkStatus();
    }
    const auto& entries = found_->state.entries;
    if (std::all_of(entries.begin(), entries.end(),
                    [&](const auto& entry) { return entry.date <= date; })) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(std::vector<UnitMove> recorded,
                     UnitMovesOf(c.history, found_->shipment(), found_->state,
                                 std::nullopt));
    while (true) {
      std::vector<UnitMove> moves = recorded;
      moves.push_back({.index = std::nullopt,
                       .date = date,
                       .before = before_,
                       .after = after_});
      const auto shortfall =
          FindShortfall(found_->shipment(), std::move(moves));
      if (!shortfall) return absl::OkStatus();
      if (after_the_fact_ && Leave(shortfall->item, -shortfall->units)) {
        continue;
      }
      return WrongDate(
          field, date.ToString(),
          absl::StrCat("would leave ", shortfall->units, " units of item ",
                       shortfall->item,
                       shortfall->on_hand ? " on hand" : " in transit", " on ",
                       shortfall->date.ToString(),
                       ", by what is recorded of the shipment already"));
    }
  }

  // Leaves up to so many units of an item where they are. Returns whether any
  // was to move.
  bool Leave(size_t item, int64_t units) {
    const int64_t asked = units;
    for (auto moved = moved_.rbegin(); moved != moved_.rend(); ++moved) {
      if (moved->item != item) continue;
      const int64_t left = std::min(units, moved->units);
      moved->units -= left;
      units -= left;
    }
    if (units == asked) return false;
    not_there_[item] += asked - units;
    after_ = before_;
    for (Moved& moved : moved_) Apply(moved);
    return true;
  }

  const FoundShipment* found_;
  bool after_the_fact_;
  std::vector<Charge> charges_;
  std::vector<ItemUnitsState> before_;
  std::vector<ItemUnitsState> after_;
  std::vector<Moved> moved_;
  std::map<size_t, int64_t> not_there_;
};

// The units that moved, by item, or those of them that came from the first
// place.
Units UnitsThat(const std::vector<Mover::Moved>& moved,
                int64_t Mover::Moved::*how_many) {
  Units units;
  for (const Mover::Moved& one : moved) {
    if (one.*how_many == 0) continue;
    v1::ItemUnits& some = *units.Add();
    some.set_item(static_cast<int32_t>(one.item));
    some.set_quantity(one.*how_many);
  }
  return units;
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

// Units leave the place of a shipment: those on hand first. Returns those that
// were not there.
template <typename C>
absl::StatusOr<Units> Leave(const Case& c, const C& command,
                            const FoundShipment& found, Place to,
                            Assessment& assessment, v1::Evidence& evidence) {
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, found, command.assurance()));
  for (const v1::ItemUnits& left : command.units()) {
    RETURN_IF_ERROR(mover.Move(left, &ItemUnitsState::on_hand,
                               &ItemUnitsState::in_transit, to));
  }
  RETURN_IF_ERROR(mover.Gather(
      c, kEffectiveDate, ParsedDate(command.effective_date()), assessment));
  RETURN_IF_ERROR(assessment.Judge(evidence));
  return mover.not_there();
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
  event.unsafe_arena_set_allocated_command(&command);
  event.set_origin_index(origin.index);
  Assessment assessment(c.state, date, &command.overrides());
  LicenseDraws draws(c.state, c.history, assessment);
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, origin, command.assurance()));
  for (int i = 0; i < command.units_size(); ++i) {
    const v1::ItemUnits& units = command.units(i);
    RETURN_IF_ERROR(mover.Move(units, &ItemUnitsState::on_hand, nullptr,
                               &ItemUnitsState::sent_on));
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
  *event.mutable_not_there() = mover.not_there();
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
  RETURN_IF_ERROR(
      CheckHasHappened(kEffectiveDate, command.effective_date(), c));
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, found, command.assurance()));
  v1::ShipmentReceived& received = *c.event.mutable_shipment_received();
  received.unsafe_arena_set_allocated_command(&command);
  received.set_shipment_index(found.index);
  ASSIGN_OR_RETURN(const Units arriving, UnitsToReceive(command, found, mover));
  for (const v1::ItemUnits& units : arriving) {
    RETURN_IF_ERROR(mover.Move(units, &ItemUnitsState::in_transit, nullptr,
                               &ItemUnitsState::on_hand));
  }
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  RETURN_IF_ERROR(mover.Gather(c, kEffectiveDate, date, assessment));
  *received.mutable_units() = UnitsThat(mover.moved(), &Mover::Moved::units);
  *received.mutable_not_there() = mover.not_there();
  // It has happened: what it violates is told, not refused.
  return assessment.Judge(*received.mutable_evidence());
}

absl::Status DecideReturnShipment(v1::ReturnShipment& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(
      CheckHasHappened(kEffectiveDate, command.effective_date(), c));
  ASSIGN_OR_RETURN(Mover mover, Mover::Make(c, found, command.assurance()));
  v1::ShipmentReturned& returned = *c.event.mutable_shipment_returned();
  returned.unsafe_arena_set_allocated_command(&command);
  returned.set_shipment_index(found.index);
  for (const v1::ItemUnits& units : command.units()) {
    RETURN_IF_ERROR(mover.Move(units, &ItemUnitsState::in_transit,
                               &ItemUnitsState::on_hand,
                               &ItemUnitsState::returned));
  }
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  RETURN_IF_ERROR(mover.Gather(c, kEffectiveDate, date, assessment));
  *returned.mutable_from_transit() =
      UnitsThat(mover.moved(), &Mover::Moved::from_first);
  *returned.mutable_not_there() = mover.not_there();
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
  RETURN_IF_ERROR(
      CheckHasHappened(kEffectiveDate, command.effective_date(), c));
  v1::UnitsRetired& retired = *c.event.mutable_units_retired();
  retired.unsafe_arena_set_allocated_command(&command);
  retired.set_shipment_index(found.index);
  Assessment assessment(c.state, ParsedDate(command.effective_date()), nullptr);
  ASSIGN_OR_RETURN(*retired.mutable_not_there(),
                   Leave(c, command, found, &ItemUnitsState::retired,
                         assessment, *retired.mutable_evidence()));
  return absl::OkStatus();
}

absl::Status DecideReportDiversion(v1::ReportDiversion& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(
      CheckHasHappened(kEffectiveDate, command.effective_date(), c));
  v1::DiversionReported& reported = *c.event.mutable_diversion_reported();
  reported.unsafe_arena_set_allocated_command(&command);
  reported.set_shipment_index(found.index);
  const Date date = ParsedDate(command.effective_date());
  Assessment assessment(c.state, date, nullptr);
  ASSIGN_OR_RETURN(*reported.mutable_not_there(),
                   Leave(c, command, found, &ItemUnitsState::diverted,
                         assessment, *reported.mutable_reversal()));
  v1::Evidence& evidence = *reported.mutable_evidence();
  Fact fact;
  RETURN_IF_ERROR(
      FillDiversion(c.state.catalog(), reported, found.shipment(), fact));
  AddKnown(c.state.catalog(), fact, evidence);
  RETURN_IF_ERROR(assessment.Count(absl::MakeConstSpan(&fact, 1),
                                   Occasion::kDiversion, Test::kLimit));
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
      case v1::Event::kUnitsRecovered:
      case v1::Event::kUnitsRelocated:
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

// How many units of an item the recoveries before have brought back of those
// that an entry took.
absl::StatusOr<std::map<int32_t, int64_t>> RecoveredBefore(
    const Case& c, const FoundShipment& found, uint64_t movement_index) {
  std::map<int32_t, int64_t> recovered;
  for (const ShipmentState::EntryRef& entry : found.state.entries) {
    if (entry.voided) continue;
    ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> event,
                     c.history.ReadEvent(entry.index));
    const v1::RecoverUnits& command = event->units_recovered().command();
    if (!event->has_units_recovered() ||
        command.movement_index() != movement_index) {
      continue;
    }
    for (const v1::ItemUnits& units : command.units()) {
      recovered[units.item()] += units.quantity();
    }
  }
  return recovered;
}

// Units of a shipment that a retirement or diversion took.
struct Taken {
  Date date;
  std::shared_ptr<const v1::Event> event;
  Units units;
  Place at;

  int64_t UnitsOf(int32_t item) const {
    int64_t of_item = 0;
    for (const v1::ItemUnits& some : units) {
      if (some.item() == item) of_item += some.quantity();
    }
    return of_item;
  }
};
absl::StatusOr<Taken> FindTaken(const Case& c, const FoundShipment& found,
                                uint64_t index) {
  ASSIGN_OR_RETURN(const Recorded recorded, FindMovement(c, found, index));
  const v1::Event& event = *recorded.event;
  if (event.has_units_retired()) {
    return Taken{.date = recorded.date,
                 .event = recorded.event,
                 .units = UnitsMoved(event.units_retired()),
                 .at = &ItemUnitsState::retired};
  }
  if (event.has_diversion_reported()) {
    return Taken{.date = recorded.date,
                 .event = recorded.event,
                 .units = UnitsMoved(event.diversion_reported()),
                 .at = &ItemUnitsState::diverted};
  }
  return InvalidFields(
      {{"movement_index",
        absl::StrCat(index, " neither retired nor diverted units of ",
                     NameOf(found.shipment()))}});
}

// Gathers that what a diversion counts of an item where it was found goes from
// some units to others, by a date.
absl::Status GatherFound(const Case& c, const Taken& taken, uint64_t index,
                         const v1::ItemUnits& units, int64_t back_before,
                         Date date, Assessment& assessment) {
  if (!taken.event->has_diversion_reported()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<Charge> charges,
                   CountedCharges(c.state, c.history, *taken.event, index));
  const int64_t there = taken.UnitsOf(units.item()) - back_before;
  for (const Charge& charge : charges) {
    if (charge.item != units.item()) continue;
    RETURN_IF_ERROR(assessment.MoveUnits(charge, v1::BALANCE_USED, date, there,
                                         there - units.quantity(),
                                         Test::kNothing));
  }
  return absl::OkStatus();
}

// The units of an item that arrived at last when those that a movement took
// come back: it took those on hand first, and they come back first.
int64_t ArrivedOf(const ItemUnitsState& before, const ItemUnitsState& after,
                  int64_t back_before, int64_t back) {
  const int64_t had_arrived = before.on_hand - after.on_hand;
  return back - std::clamp<int64_t>(had_arrived - back_before, 0, back);
}

}  // namespace

absl::Status DecideRecoverUnits(v1::RecoverUnits& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(
      CheckHasHappened(kEffectiveDate, command.effective_date(), c));
  const uint64_t index = command.movement_index();
  ASSIGN_OR_RETURN(const Taken taken, FindTaken(c, found, index));
  const Date date = ParsedDate(command.effective_date());
  if (date < taken.date) {
    return WrongDate(
        kEffectiveDate, command.effective_date(),
        absl::StrCat("is before that of entry ", index, ", which took them, ",
                     taken.date.ToString()));
  }
  ASSIGN_OR_RETURN(auto back_before, RecoveredBefore(c, found, index));
  ASSIGN_OR_RETURN(
      const std::vector<UnitMove> moves,
      UnitMovesOf(c.history, found.shipment(), found.state, std::nullopt));
  const auto move =
      std::find_if(moves.begin(), moves.end(),
                   [&](const UnitMove& one) { return one.index == index; });
  v1::UnitsRecovered& recovered = *c.event.mutable_units_recovered();
  recovered.unsafe_arena_set_allocated_command(&command);
  recovered.set_shipment_index(found.index);
  recovered.set_from_diverted(taken.at == &ItemUnitsState::diverted);
  Assessment assessment(c.state, date, nullptr);
  ASSIGN_OR_RETURN(Mover mover,
                   Mover::Make(c, found, v1::ASSURANCE_UNSPECIFIED));
  for (const v1::ItemUnits& units : command.units()) {
    const int64_t back = back_before[units.item()];
    const int64_t left = taken.UnitsOf(units.item()) - back;
    if (units.quantity() > left) {
      return QuantityNotAvailable(
          absl::StrCat("entry ", index, " of ", NameOf(found.shipment()),
                       ", item ", units.item()),
          units.quantity(), left);
    }
    RETURN_IF_ERROR(
        mover.Move(units, taken.at, nullptr, &ItemUnitsState::on_hand));
    RETURN_IF_ERROR(
        GatherFound(c, taken, index, units, back, date, assessment));
    const auto item = static_cast<size_t>(units.item());
    const int64_t arrived = ArrivedOf(move->before[item], move->after[item],
                                      back, units.quantity());
    if (arrived == 0) continue;
    v1::ItemUnits& some = *recovered.add_arrived();
    some.set_item(units.item());
    some.set_quantity(arrived);
    mover.Arrive(item, arrived);
  }
  RETURN_IF_ERROR(assessment.Judge(*recovered.mutable_reversal()));
  RETURN_IF_ERROR(mover.Gather(c, kEffectiveDate, date, assessment));
  return assessment.Judge(*recovered.mutable_evidence());
}

absl::Status DecideRelocateUnits(v1::RelocateUnits& command, Case& c) {
  ASSIGN_OR_RETURN(const FoundShipment found, Find(c, command.shipment()));
  RETURN_IF_ERROR(
      CheckHasHappened(kEffectiveDate, command.effective_date(), c));
  const Date date = ParsedDate(command.effective_date());
  ASSIGN_OR_RETURN(
      const std::vector<UnitMove> moves,
      UnitMovesOf(c.history, found.shipment(), found.state, std::nullopt));
  for (const v1::ItemUnits& units : command.units()) {
    const auto item = static_cast<size_t>(units.item());
    RETURN_IF_ERROR(RequireItem(found, units.item()));
    int64_t on_hand = 0;
    for (const UnitMove& move : moves) {
      if (move.date > date) continue;
      on_hand += move.after[item].on_hand - move.before[item].on_hand;
    }
    if (units.quantity() > on_hand) {
      return QuantityNotAvailable(
          absl::StrCat(NameOf(found.shipment()), " item ", units.item(), " on ",
                       command.effective_date()),
          units.quantity(), on_hand);
    }
  }
  v1::UnitsRelocated& relocated = *c.event.mutable_units_relocated();
  relocated.unsafe_arena_set_allocated_command(&command);
  relocated.set_shipment_index(found.index);
  return absl::OkStatus();
}

namespace {

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

// What is recovered says which units come back, so nothing before it may
// change. Errors: WRONG_STATUS.
absl::Status CheckNoneRecovered(const Case& c, const FoundShipment& found,
                                uint64_t index) {
  for (const ShipmentState::EntryRef& entry : found.state.entries) {
    if (entry.voided || entry.index <= index) continue;
    ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> event,
                     c.history.ReadEvent(entry.index));
    if (!event->has_units_recovered()) continue;
    return WrongStatus(
        absl::StrCat("movement ", index, " of ", NameOf(found.shipment())),
        absl::StrCat("one after which entry ", entry.index, " recovers units"),
        "one without a later recovery; void that first");
  }
  return absl::OkStatus();
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

// Gathers that what a recovery brought back is where it had been found.
absl::Status CountRecoveredBack(const Case& c, const FoundShipment& found,
                                const v1::UnitsRecovered& recovered,
                                Assessment& assessment) {
  const v1::RecoverUnits& command = recovered.command();
  const uint64_t index = command.movement_index();
  ASSIGN_OR_RETURN(const Taken taken, FindTaken(c, found, index));
  ASSIGN_OR_RETURN(auto back, RecoveredBefore(c, found, index));
  for (v1::ItemUnits units : command.units()) {
    const int64_t with_it = back[units.item()];
    units.set_quantity(-units.quantity());
    RETURN_IF_ERROR(GatherFound(c, taken, index, units, with_it,
                                ParsedDate(command.effective_date()),
                                assessment));
  }
  return absl::OkStatus();
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
  RETURN_IF_ERROR(CheckNoneRecovered(c, found, index));
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
  } else if (movement.has_units_recovered()) {
    RETURN_IF_ERROR(
        CountRecoveredBack(c, found, movement.units_recovered(), assessment));
    RETURN_IF_ERROR(assessment.Judge(reversal));
  }
  RETURN_IF_ERROR(GatherAnew(c, found, before, after, assessment));
  return assessment.Judge(*voided.mutable_evidence());
}

}  // namespace chipledger::domain
