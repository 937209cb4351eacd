// Shipments from Epoch AI's "Data on GPU Clusters" (gpu_clusters.csv,
// epoch.ai/data/gpu-clusters, CC BY 4.0).
//
// A record is taken when its Status is Existing or Decommissioned, Country is
// not blank, First Operational Date is YYYY-MM-DD and the primary quantity is
// not blank; else it is skipped. It is one shipment after the fact, dated that
// day, with one item for the primary chip and one for the secondary chip when
// both its type and quantity are there. Quantities are decimals, rounded half
// up. A blank primary chip type is the product "unspecified". The owner is the
// consignee's name.
//
// Records whose "Possible Duplicate" is True, or whose "Superseded by" names
// another, are flagged: their chips may be counted twice. They are taken, or
// skipped with ImportDefaults::skip_flagged.
//
// Names repeat, even whole records do, so the shipment reference is a hash of
// what is taken from the record, and the number of its occurrence in the file.
// Notes and other columns may change without making another shipment of it.
#ifndef CHIPLEDGER_CLIENT_IMPORT_EPOCH_CLUSTERS_H_
#define CHIPLEDGER_CLIENT_IMPORT_EPOCH_CLUSTERS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The product of chips whose type is not given.
inline constexpr absl::string_view kUnspecifiedProduct = "unspecified";

// See OpenShipmentSource. Requires an exporter in the defaults; the assurance
// may only be after the fact. Memory grows by some bytes a taken record, for
// the occurrences.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenEpochClusters(
    const std::string& path, const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_EPOCH_CLUSTERS_H_
