#include "ledger/domain/shipment_state.h"

#include <algorithm>
#include <map>
#include <string>

namespace chipledger::domain {
namespace {

using Place = int64_t ItemUnitsState::*;

// Moves units to a place: from `first` as far as they are there, the others
// from `second`.
void Move(const ItemUnitsList& units, Place first, Place second, Place to,
          std::vector<ItemUnitsState>& items) {
  for (const v1::ItemUnits& moved : units) {
    const auto item = static_cast<size_t>(moved.item());
    if (item >= items.size()) continue;
    const int64_t from_first = std::min(moved.quantity(), items[item].*first);
    items[item].*first -= from_first;
    items[item].*second -= moved.quantity() - from_first;
    items[item].*to += moved.quantity();
  }
}

// Moves units back to those on hand, from the place that they are said to be
// at.
void Recover(const v1::UnitsRecovered& event,
             std::vector<ItemUnitsState>& items) {
  const Place from = event.from_diverted() ? &ItemUnitsState::diverted
                                           : &ItemUnitsState::retired;
  Move(event.command().units(), from, from, &ItemUnitsState::on_hand, items);
  for (const v1::ItemUnits& arrived : event.arrived()) {
    const auto item = static_cast<size_t>(arrived.item());
    if (item < items.size()) items[item].received += arrived.quantity();
  }
}

}  // namespace

bool ShipmentState::HasMoved() const {
  return std::any_of(items.begin(), items.end(),
                     [](const ItemUnitsState& i) { return i.moved() != 0; });
}

storage::v1::ShipmentRow ShipmentState::ToRow(uint64_t index) const {
  storage::v1::ShipmentRow row;
  row.set_index(index);
  row.set_revision(revision);
  row.set_voided(voided);
  row.set_content_index(content_index);
  for (const ItemUnitsState& item : items) {
    storage::v1::ShipmentRow::Item& out = *row.add_items();
    out.set_received(item.received);
    out.set_on_hand(item.on_hand);
    out.set_returned(item.returned);
    out.set_sent_on(item.sent_on);
    out.set_retired(item.retired);
    out.set_diverted(item.diverted);
  }
  for (const EntryRef& entry : entries) {
    row.add_entry_indexes(entry.index);
    row.add_entry_dates(entry.date.days());
    if (entry.voided) row.add_voided_entries(entry.index);
  }
  return row;
}

ShipmentState ShipmentState::FromRow(const storage::v1::ShipmentRow& row) {
  ShipmentState state;
  state.revision = row.revision();
  state.voided = row.voided();
  state.content_index = row.content_index();
  for (const storage::v1::ShipmentRow::Item& item : row.items()) {
    state.items.push_back({.received = item.received(),
                           .on_hand = item.on_hand(),
                           .returned = item.returned(),
                           .sent_on = item.sent_on(),
                           .retired = item.retired(),
                           .diverted = item.diverted()});
  }
  const int entries =
      std::min(row.entry_indexes_size(), row.entry_dates_size());
  for (int i = 0; i < entries; ++i) {
    const uint64_t entry = row.entry_indexes(i);
    state.entries.push_back(
        {.index = entry,
         .date = Date::FromDays(row.entry_dates(i)),
         .voided = std::binary_search(row.voided_entries().begin(),
                                      row.voided_entries().end(), entry)});
  }
  return state;
}

std::vector<ItemUnitsState> UnitsOf(const v1::Shipment& shipment,
                                    const ShipmentState& state) {
  std::vector<ItemUnitsState> units = state.items;
  units.resize(static_cast<size_t>(shipment.items_size()));
  for (size_t i = 0; i < units.size(); ++i) {
    units[i].in_transit =
        shipment.items(static_cast<int>(i)).quantity() - units[i].moved();
  }
  return units;
}

LeftOver LeftAfter(const v1::Shipment& planned, const v1::Shipment& taken) {
  std::map<std::string, int64_t> to_take;
  for (const v1::Item& item : taken.items()) {
    to_take[item.product_code()] += item.quantity();
  }
  LeftOver left{.shipment = planned, .places = {}};
  left.shipment.clear_items();
  for (int i = 0; i < planned.items_size(); ++i) {
    const v1::Item& item = planned.items(i);
    int64_t& wanted = to_take[item.product_code()];
    const int64_t quantity =
        item.quantity() - std::min(item.quantity(), wanted);
    wanted -= item.quantity() - quantity;
    if (quantity == 0) continue;
    v1::Item& kept = *left.shipment.add_items();
    kept = item;
    kept.set_quantity(quantity);
    if (item.has_value_usd()) {
      kept.set_value_usd(
          static_cast<int64_t>(static_cast<__int128>(item.value_usd()) *
                               quantity / item.quantity()));
    }
    left.places.push_back(i);
  }
  return left;
}

ItemUnitsList Without(const ItemUnitsList& units, const ItemUnitsList& others) {
  ItemUnitsList rest = units;
  for (const v1::ItemUnits& other : others) {
    int64_t to_take = other.quantity();
    for (v1::ItemUnits& one : rest) {
      if (one.item() != other.item()) continue;
      const int64_t taken = std::min(one.quantity(), to_take);
      one.set_quantity(one.quantity() - taken);
      to_take -= taken;
    }
  }
  rest.erase(std::remove_if(
                 rest.begin(), rest.end(),
                 [](const v1::ItemUnits& one) { return one.quantity() == 0; }),
             rest.end());
  return rest;
}

void ApplyMovement(const v1::Event& event, std::vector<ItemUnitsState>& items) {
  constexpr Place kTransit = &ItemUnitsState::in_transit;
  constexpr Place kOnHand = &ItemUnitsState::on_hand;
  switch (event.kind_case()) {
    case v1::Event::kShipmentReceived:
      for (const v1::ItemUnits& units : event.shipment_received().units()) {
        const auto item = static_cast<size_t>(units.item());
        if (item < items.size()) items[item].received += units.quantity();
      }
      return Move(event.shipment_received().units(), kTransit, kTransit,
                  kOnHand, items);
    case v1::Event::kShipmentReturned:
      return Move(UnitsMoved(event.shipment_returned()), kTransit, kOnHand,
                  &ItemUnitsState::returned, items);
    case v1::Event::kShipmentReexported:
      // Only what has arrived goes on.
      return Move(UnitsMoved(event.shipment_reexported()), kOnHand, kOnHand,
                  &ItemUnitsState::sent_on, items);
    case v1::Event::kShipmentTransferredInCountry:
      return Move(UnitsMoved(event.shipment_transferred_in_country()), kOnHand,
                  kOnHand, &ItemUnitsState::sent_on, items);
    case v1::Event::kUnitsRetired:
      return Move(UnitsMoved(event.units_retired()), kOnHand, kTransit,
                  &ItemUnitsState::retired, items);
    case v1::Event::kDiversionReported:
      return Move(UnitsMoved(event.diversion_reported()), kOnHand, kTransit,
                  &ItemUnitsState::diverted, items);
    case v1::Event::kUnitsRecovered:
      return Recover(event.units_recovered(), items);
    default:
      return;
  }
}

}  // namespace chipledger::domain
