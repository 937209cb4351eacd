// How the units of a shipment moved, movement by movement.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_UNIT_MOVES_H_
#define CHIPLEDGER_LEDGER_DOMAIN_UNIT_MOVES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/charge.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/rules/assessment.h"
#include "ledger/domain/shipment_state.h"

namespace chipledger::domain {

// Where units are, item by item.
using Places = std::vector<ItemUnitsState>;

// One movement: where all units of the shipment were before it, and after.
struct UnitMove {
  // The entry that recorded it; unset for one that is being decided.
  std::optional<uint64_t> index;
  Date date;
  Places before;
  Places after;
};

// The movements of a shipment that were not voided, in the order recorded, as
// they are without the one of an entry (unset: all). `shipment` is its content.
// Errors: those of reading.
absl::StatusOr<std::vector<UnitMove>> UnitMovesOf(
    const History& history, const v1::Shipment& shipment,
    const ShipmentState& state, std::optional<uint64_t> without);

// Units that a movement takes from where they are not.
struct Shortfall {
  Date date;
  size_t item = 0;
  bool on_hand = false;
  // Below 0.
  int64_t units = 0;
};

// Finds the first date after whose movements a place has fewer than no units,
// when all are made in the order of their dates.
std::optional<Shortfall> FindShortfall(const v1::Shipment& shipment,
                                       std::vector<UnitMove> moves);

// Gathers what it changes in totals, by a date, when units go from places to
// others. `charges` are the shipment's; `test` is what the amounts used are
// tested for. Errors: TOTAL_OVERFLOW, DATA_DAMAGED.
absl::Status GatherMove(const v1::Shipment& shipment,
                        absl::Span<const Charge> charges, Date date,
                        const Places& from, const Places& to, Test test,
                        Assessment& assessment);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_UNIT_MOVES_H_
