#include "ledger/domain/unit_moves.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "ledger/base/status_macros.h"

namespace chipledger::domain {
namespace {

// The units of its item that a charge counts as used.
int64_t UsedUnits(const Charge& charge, const v1::Shipment& shipment,
                  const ItemUnitsState& item) {
  switch (charge.accrual) {
    case v1::ACCRUAL_RECEIVED:
      return item.received;
    case v1::ACCRUAL_INSTALLED_NET:
      return item.on_hand;
    default:
      // What was exported and has not come back.
      return shipment.items(charge.item).quantity() - item.returned;
  }
}

// The units of its item that a charge counts as reserved: those in transit. Of
// a part of an item it matters which they are: the last ones but for what went
// back, so that none is used and reserved at once.
UnitRange ReservedUnits(const Charge& charge, const v1::Shipment& shipment,
                        const ItemUnitsState& item) {
  if (!charge.first_unit) return {.end = item.in_transit};
  const int64_t end = shipment.items(charge.item).quantity() - item.returned;
  return {.begin = end - item.in_transit, .end = end};
}

}  // namespace

absl::StatusOr<std::vector<UnitMove>> UnitMovesOf(
    const History& history, const v1::Shipment& shipment,
    const ShipmentState& state, std::optional<uint64_t> without) {
  std::vector<UnitMove> moves;
  Places places = UnitsOf(shipment, ShipmentState());
  for (const ShipmentState::EntryRef& entry : state.entries) {
    if (entry.voided || entry.index == without) continue;
    ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> event,
                     history.ReadEvent(entry.index));
    UnitMove move{.index = entry.index,
                  .date = entry.date,
                  .before = places,
                  .after = {}};
    ApplyMovement(*event, places);
    if (places == move.before) continue;
    move.after = places;
    moves.push_back(std::move(move));
  }
  return moves;
}

std::optional<Shortfall> FindShortfall(const v1::Shipment& shipment,
                                       std::vector<UnitMove> moves) {
  std::stable_sort(
      moves.begin(), moves.end(),
      [](const UnitMove& a, const UnitMove& b) { return a.date < b.date; });
  Places standing = UnitsOf(shipment, ShipmentState());
  for (size_t i = 0; i < moves.size(); ++i) {
    const UnitMove& move = moves[i];
    for (size_t item = 0; item < standing.size(); ++item) {
      standing[item].in_transit +=
          move.after[item].in_transit - move.before[item].in_transit;
      standing[item].on_hand +=
          move.after[item].on_hand - move.before[item].on_hand;
    }
    if (i + 1 < moves.size() && moves[i + 1].date == move.date) continue;
    for (size_t item = 0; item < standing.size(); ++item) {
      const bool on_hand = standing[item].on_hand < 0;
      const int64_t units =
          on_hand ? standing[item].on_hand : standing[item].in_transit;
      if (units < 0) {
        return Shortfall{.date = move.date,
                         .item = item,
                         .on_hand = on_hand,
                         .units = units};
      }
    }
  }
  return std::nullopt;
}

absl::Status GatherMove(const v1::Shipment& shipment,
                        absl::Span<const Charge> charges, Date date,
                        const Places& from, const Places& to, Test test,
                        Assessment& assessment) {
  for (const Charge& charge : charges) {
    const auto item = static_cast<size_t>(charge.item);
    if (item >= to.size()) continue;
    const int64_t used_before = UsedUnits(charge, shipment, from[item]);
    const int64_t used = UsedUnits(charge, shipment, to[item]);
    const auto move_used = [&] {
      return assessment.MoveUnits(charge, v1::BALANCE_USED, date, used_before,
                                  used, test);
    };
    // What goes from one part of a total to the other is taken away first, so
    // that it does not seem to be in both.
    if (used < used_before) RETURN_IF_ERROR(move_used());
    if (charge.accrual != v1::ACCRUAL_EXPORTED) {
      RETURN_IF_ERROR(assessment.MoveUnits(
          charge, v1::BALANCE_RESERVED, date,
          ReservedUnits(charge, shipment, from[item]),
          ReservedUnits(charge, shipment, to[item]), Test::kNothing));
    }
    if (used > used_before) RETURN_IF_ERROR(move_used());
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain
