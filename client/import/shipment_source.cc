#include "client/import/shipment_source.h"

#include "absl/strings/str_cat.h"
#include "client/import/csv_shipments.h"
#include "client/import/epoch_clusters.h"
#include "client/import/jsonl_shipments.h"

namespace chipledger::import {

absl::StatusOr<std::unique_ptr<ShipmentSource>> OpenShipmentSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults) {
  if (format == "csv") return OpenCsvShipments(path, defaults);
  if (format == "jsonl") return OpenJsonlShipments(path, defaults);
  if (format == "epoch-gpu-clusters") return OpenEpochClusters(path, defaults);
  return absl::InvalidArgumentError(absl::StrCat(
      "format \"", format, "\" is not one of: csv, jsonl, epoch-gpu-clusters"));
}

}  // namespace chipledger::import
