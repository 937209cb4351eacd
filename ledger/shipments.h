// Reading shipments back: the log says what was recorded, the state what became
// of it.
#ifndef CHIPLEDGER_LEDGER_SHIPMENTS_H_
#define CHIPLEDGER_LEDGER_SHIPMENTS_H_

#include <cstddef>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "ledger/domain/shipment_state.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// What became of a shipment, by the index of its first entry, as a snapshot
// has it. Errors: DATA_DAMAGED.
absl::StatusOr<domain::ShipmentState> FindShipmentState(
    const store::Store& store, const domain::Snapshot& snapshot,
    uint64_t index);

// See Ledger::GetShipment.
absl::StatusOr<v1::ShipmentView> GetShipmentView(
    const store::Store& store, const Ledger::Moment& moment,
    absl::string_view exporter, absl::string_view shipment_reference);

// The view of the shipment that an entry began; nothing for other entries, and
// when its export is dated after the moment. Takes parts of the entry; `later`
// reads the shipment's other entries. Errors: DATA_DAMAGED.
absl::StatusOr<std::optional<v1::ShipmentView>> ShipmentViewOf(
    const store::Store& store, const Ledger::Moment& moment, v1::Entry& entry,
    store::EntryReader& later);

// See Ledger::ListShipments. Requires: begin <= the moment's size.
absl::StatusOr<Ledger::ShipmentPage> ListShipmentViews(
    const store::Store& store, const Ledger::Moment& moment,
    const v1::ListShipmentsRequest& filters, uint64_t begin, size_t max_count);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_SHIPMENTS_H_
