// Shipments as CSV (RFC 4180), one item a record. The columns, in any order:
//
//   shipment_reference   required; the exporter's own number
//   exporter             party id; may be left to --exporter
//   export_date          required; YYYY-MM-DD
//   destination_country  required; ISO 3166-1 code or name
//   product_code         required
//   quantity             required; whole units
//   consignee            party id
//   consignee_name       when the consignee is not a registered party
//   authorization_kind   license, nveu, uveu, lpp, acm, aia, aca, nac,
//                        none-required, other-exception
//   license_id           for license; a record may be under another one than
//                        the first of its shipment
//   authorization_code   the authority's code of a license exception
//   end_user             party id of who will use the items
//   value_usd            of the record's units together, in whole US dollars
//   assurance            before-export or after-the-fact; may be left to
//                        --assurance
//   source               where it comes from
//   departure_time       see Shipment.departure_time
//
// Records that follow each other with the same exporter and shipment_reference
// are the items of one shipment; what the later ones say about the shipment
// must be the same or empty. Equal records are as many items.
//
// For records that are bad, without a reference or not beside each other see
// csv_groups.h.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_SHIPMENTS_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_SHIPMENTS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The first line of a file with every column.
std::string CsvShipmentsHeader();

// See OpenShipmentSource.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvShipments(
    const std::string& path, const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_SHIPMENTS_H_
