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
    for (const Charge& charge : charges_) {
      const auto item = static_cast<size_t>(charge.item);
      if (item >= after_.size()) continue;
      const ItemUnitsState& before = before_[item];
      const ItemUnitsState& after = after_[item];
      if (charge.accrual != v1::ACCRUAL_EXPORTED) {
        RETURN_IF_ERROR(assessment.MoveUnits(charge, v1::BALANCE_RESERVED, date,
                                             before.in_transit,
                                             after.in_transit, Test::kNothing));
      }
      RETURN_IF_ERROR(assessment.MoveUnits(
          charge, v1::BALANCE_USED, date, UsedUnits(charge, before),
          UsedUnits(charge, after), Test::kLimit));
    }
    return absl::OkStatus();
  }

 private:
  Mover(const FoundShipment& found, std::vector<Charge> charges)
      : found_(&found),
        charges_(std::move(charges)),
        before_(UnitsOf(found.shipment(), found.state)),
        after_(before_) {}

  // What one movement made of the places of the units.
  struct Change {
    Date date;
    std::vector<ItemUnitsState> before;
    std::vector<ItemUnitsState> after;
  };

  // What is recorded of the shipment, and the moves so far on `date`, in the
  // order of their dates.
  absl::StatusOr<std::vector<Change>> ChangesByDate(const Case& c,
                                                    Date date) const {
    std::vector<Change> changes;
    std::vector<ItemUnitsState> items =
        UnitsOf(found_->shipment(), ShipmentState());
    for (const ShipmentState::EntryRef& entry : found_->state.entries) {
      ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> event,
                       c.history.ReadEvent(entry.index));
      Change change{.date = entry.date, .before = items, .after = {}};
      ApplyMovement(*event, items);
      change.after = items;
      changes.push_back(std::move(change));
    }
    changes.push_back({.date = date, .before = before_, .after = after_});
    std::stable_sort(
        changes.begin(), changes.end(),
        [](const Change& a, const Change& b) { return a.date < b.date; });
    return changes;
  }

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
    ASSIGN_OR_RETURN(const std::vector<Change> changes, ChangesByDate(c, date));
    std::vector<ItemUnitsState> standing =
        UnitsOf(found_->shipment(), ShipmentState());
    for (size_t i = 0; i < changes.size(); ++i) {
      const Change& change = changes[i];
      for (size_t item = 0; item < standing.size(); ++item) {
        const ItemUnitsState& before = change.before[item];
        const ItemUnitsState& after = change.after[item];
        standing[item].in_transit += after.in_transit - before.in_transit;
        standing[item].on_hand += after.on_hand - before.on_hand;
      }
      if (i + 1 == changes.size() || changes[i + 1].date != change.date) {
        RETURN_IF_ERROR(CheckThere(standing, change.date, field, date));
      }
    }
    return absl::OkStatus();
  }

  // Checks that no place of `standing`, which is of `on`, has fewer than no
  // units. `field` says `date`.
  static absl::Status CheckThere(const std::vector<ItemUnitsState>& standing,
                                 Date on, absl::string_view field, Date date) {
    for (size_t item = 0; item < standing.size(); ++item) {
      const bool on_hand = standing[item].on_hand < 0;
      const int64_t units =
          on_hand ? standing[item].on_hand : standing[item].in_transit;
      if (units >= 0) continue;
      return WrongDate(
          field, date.ToString(),
          absl::StrCat("would leave ", units, " units of item ", item,
                       on_hand ? " on hand" : " in transit", " on ",
                       on.ToString(),
                       ", by what is recorded of the shipment already"));
    }
    return absl::OkStatus();
  }

  // The units of its item that a charge counts as used.
  int64_t UsedUnits(const Charge& charge, const ItemUnitsState& item) const {
    switch (charge.accrual) {
      case v1::ACCRUAL_RECEIVED:
        return item.received;
      case v1::ACCRUAL_INSTALLED_NET:
        return item.on_hand;
      default:
        // What was exported and has not come back.
        return found_->shipment().items(charge.item).quantity() - item.returned;
    }
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

// Makes the fact of the units that were found elsewhere.
// Errors: PARTY_NOT_FOUND, PRODUCT_NOT_FOUND.
absl::Status MakeFound(const Catalog& catalog,
                       const v1::ReportDiversion& command,
                       const v1::Shipment& shipment, Fact& fact) {
  fact.date = ParsedDate(command.effective_date());
  fact.country = command.found_country();
  fact.exporter = shipment.exporter();
  if (!command.found_party().empty()) {
    if (catalog.parties.Find(command.found_party()) == nullptr) {
      return PartyNotFound(command.found_party());
    }
    fact.consignees.push_back(command.found_party());
  }
  for (const v1::ItemUnits& units : command.units()) {
    const v1::Item& item = shipment.items(units.item());
    const v1::Product* product =
        catalog.FindProduct(item.product_code(), fact.date);
    if (product == nullptr) {
      return ProductNotEffective(item.product_code(), command.effective_date());
    }
    std::optional<int64_t> value;
    if (item.has_value_usd()) {
      value =
          CheckedMulDiv(item.value_usd(), units.quantity(), item.quantity());
    }
    fact.items.push_back({.product = product,
                          .units = units.quantity(),
                          .value_usd = value,
                          .number = units.item()});
  }
  return absl::OkStatus();
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
      MakeFound(c.state.catalog(), command, found.shipment(), fact));
  AddKnown(c.state.catalog(), fact, evidence);
  RETURN_IF_ERROR(assessment.Count(absl::MakeConstSpan(&fact, 1),
                                   Occasion::kInstalled, Test::kLimit));
  return assessment.Judge(evidence);
}

}  // namespace chipledger::domain
