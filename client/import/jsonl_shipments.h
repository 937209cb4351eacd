// Shipments as JSON lines: one chipledger.v1.RecordShipment in protobuf JSON a
// line. Empty lines are passed over.
#ifndef CHIPLEDGER_CLIENT_IMPORT_JSONL_SHIPMENTS_H_
#define CHIPLEDGER_CLIENT_IMPORT_JSONL_SHIPMENTS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/shipment_source.h"

namespace chipledger::import {

// See OpenShipmentSource.
absl::StatusOr<std::unique_ptr<ShipmentSource>> OpenJsonlShipments(
    const std::string& path, const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_JSONL_SHIPMENTS_H_
