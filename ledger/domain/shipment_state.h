// Where the units of a shipment are.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_SHIPMENT_STATE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_SHIPMENT_STATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"

namespace chipledger::domain {

// The units of one item. Every unit shipped is in exactly one place: shipped =
// in_transit + on_hand + returned + sent_on + retired + diverted.
struct ItemUnitsState {
  // Units that ever arrived.
  int64_t received = 0;
  int64_t in_transit = 0;
  int64_t on_hand = 0;
  int64_t returned = 0;
  int64_t sent_on = 0;
  int64_t retired = 0;
  int64_t diverted = 0;

  // Units that are in transit no more.
  int64_t moved() const {
    return on_hand + returned + sent_on + retired + diverted;
  }
  friend bool operator==(const ItemUnitsState&,
                         const ItemUnitsState&) = default;
};

// What became of a shipment after it was recorded. A value.
struct ShipmentState {
  // An entry of the shipment after its first.
  struct EntryRef {
    uint64_t index;
    Date date;
    // Whether it moves nothing: a movement that was voided since, or what
    // voided it.
    bool voided = false;
    friend bool operator==(const EntryRef&, const EntryRef&) = default;
  };
  uint64_t revision = 1;
  bool voided = false;
  // The entry with its current content.
  uint64_t content_index = 0;
  // The units that moved, by item, up to the last item that has any. What is in
  // transit is not kept, because it follows from what was shipped: see UnitsOf.
  std::vector<ItemUnitsState> items;
  std::vector<EntryRef> entries;

  // Whether any unit is in transit no more.
  bool HasMoved() const;

  friend bool operator==(const ShipmentState&, const ShipmentState&) = default;

  storage::v1::ShipmentRow ToRow(uint64_t index) const;
  static ShipmentState FromRow(const storage::v1::ShipmentRow& row);
};

// The places of a shipment's units, item by item, also while nothing moved.
// `shipment` is its current content.
std::vector<ItemUnitsState> UnitsOf(const v1::Shipment& shipment,
                                    const ShipmentState& state);

// The license that an item names: its own, or that of the shipment's
// authorization; empty: none.
inline const std::string& LicenseIdOf(const v1::Shipment& shipment,
                                      const v1::Item& item) {
  return item.license_id().empty() ? shipment.authorization().license_id()
                                   : item.license_id();
}

// Units of items.
using ItemUnitsList = google::protobuf::RepeatedPtrField<v1::ItemUnits>;

// Units without others, by item.
ItemUnitsList Without(const ItemUnitsList& units, const ItemUnitsList& others);

// The units that a movement moved: those asked for without those that were not
// there.
template <typename E>
ItemUnitsList UnitsMoved(const E& event) {
  return Without(event.command().units(), event.not_there());
}

// Moves the units of a shipment as one of its entries says. Other entries move
// none.
void ApplyMovement(const v1::Event& event, std::vector<ItemUnitsState>& items);

// A reservation that holds something. Immutable.
struct ReservationState {
  uint64_t index = 0;
  // As planned, with the quantities still held; with the license that was drawn
  // also when the ledger chose it.
  v1::Shipment shipment;
  int64_t expire_time_ns = 0;
  // The evaluations with what is held, all with BALANCE_RESERVED and their
  // dates, and the draws. Only of policies adopted before the reservation: what
  // those adopted later hold of it follows from `shipment` (see recount.h).
  v1::Evidence held;
};

// What a reservation of `planned` still holds after a shipment took what it
// ships of the same products: the items that are left, in their order, with
// `places` saying where each stood in `planned`. Value is left in proportion,
// rounded down.
struct LeftOver {
  v1::Shipment shipment;
  std::vector<int> places;
};
LeftOver LeftAfter(const v1::Shipment& planned, const v1::Shipment& taken);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_SHIPMENT_STATE_H_
