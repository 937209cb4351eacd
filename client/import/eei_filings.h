// Filings of Electronic Export Information (EEI, 15 CFR 30.6) as a table: one
// commodity line of one filing a record. The columns, in any order:
//
//   itn                              required; "X", YYYYMMDD of acceptance, six
//                                    digits
//   shipment_reference_number        required; the exporter's own number
//   shipment_filing_action           required; add, change, replace or cancel
//   line_number                      required but for cancel
//   line_action                      add, change or delete; blank is add, but
//                                    in a change
//   usppi                            party id of the exporter; may be left to
//                                    --exporter
//   date_of_export                   required; YYYY-MM-DD or YYYYMMDD
//   country_of_ultimate_destination  required; ISO 3166-1 code or name
//   ultimate_consignee               name
//   ultimate_consignee_id            party id, when it is a registered party
//   ultimate_consignee_type          D, G, R or O: direct consumer, government
//                                    entity, reseller, other or unknown
//   license_code                     C30 is a license, C33 no license required,
//                                    others a license exception
//   license_number                   for C30
//   authorization_kind               where the code does not say it: nveu, lpp
//                                    and so on
//   eccn
//   product_code                     required; as registered
//   quantity                         required; whole units
//   value                            of the units together, whole US dollars
//
// An add is recorded; a change or a replacement corrects what was recorded; a
// cancellation voids it. A shipment is whole after each of its filings: a
// change says which lines come, change or go, and what it leaves blank stays.
// The ITN, the ECCNs and the type of the consignee go to Shipment.source.
//
// A filing is the records that follow each other with the same exporter,
// reference, action and ITN, up to one that says a line again. It is imported
// whole or not at all, and what is wrong with one leaves nothing to change:
// later changes of that shipment are bad input until a replacement or a
// cancellation. A change needs the add, or a replacement, earlier in the same
// file: the ledger does not keep line numbers.
#ifndef CHIPLEDGER_CLIENT_IMPORT_EEI_FILINGS_H_
#define CHIPLEDGER_CLIENT_IMPORT_EEI_FILINGS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// Whether a first line is that of such a table.
bool IsEeiHeader(absl::string_view line);

// See OpenShipmentSource. The file is read whole and held: some kilobyte a
// record.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenEeiFilings(
    const std::string& path, const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_EEI_FILINGS_H_
