// Reading shipments back: the log says what was recorded, the state what became
// of it.
#ifndef CHIPLEDGER_LEDGER_SHIPMENTS_H_
#define CHIPLEDGER_LEDGER_SHIPMENTS_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::GetShipment.
absl::StatusOr<v1::ShipmentView> GetShipmentView(
    const store::Store& store, const domain::Snapshot& snapshot,
    absl::string_view exporter, absl::string_view shipment_reference);

// See Ledger::ListShipments. Requires: end <= snapshot.size.
absl::StatusOr<Ledger::ShipmentPage> ListShipmentViews(
    const store::Store& store, const domain::Snapshot& snapshot,
    const v1::ListShipmentsRequest& filters, uint64_t begin, uint64_t end,
    size_t max_count);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_SHIPMENTS_H_
