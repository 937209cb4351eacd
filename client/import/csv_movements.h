// Movements of shipped units as CSV (RFC 4180), one a record. The columns, in
// any order:
//
//   movement            required; receive, return, retire, divert, recover or
//                       relocate
//   shipment_reference  required; which shipment brought them
//   exporter            its exporter; may be left to --exporter
//   effective_date      required; YYYY-MM-DD
//   item                the item's place in the shipment, from 0
//   quantity            whole units of it. Of a receipt both may be empty: all
//                       that is in transit arrived
//   reason              of a return, required: why
//   cause               of a retirement, required: loss, damage, scrap or theft
//   evidence            of a retirement, a diversion or a recovery, required:
//                       what shows it
//   found_country       of a diversion, required: where they are; ISO 3166-1
//                       code or name
//   found_party         of a diversion: with whom, a party id
//   site                of a relocation, required: where they are now
//   movement_index      of a recovery, required: the index of the entry that
//                       retired or diverted them
//
// A field that says nothing of the movement must be empty.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_MOVEMENTS_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_MOVEMENTS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The first line of a file with every column.
std::string CsvMovementsHeader();

// See OpenMovementSource.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvMovements(
    const std::string& path, const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_MOVEMENTS_H_
