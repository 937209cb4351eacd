// Conditions that licenses have met as CSV (RFC 4180), one a record. The
// columns, in any order:
//
//   license_id      required; the license or other authorization
//   kind            required; as rules require it, such as lab_certificate
//   evidence        required; a document's name, number or address
//   satisfied_date  required; YYYY-MM-DD
//   valid_through   the last date it holds; empty: for good
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_CONDITIONS_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_CONDITIONS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The first line of a file with every column.
std::string CsvConditionsHeader();

// See OpenConditionSource.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvConditions(
    const std::string& path);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_CONDITIONS_H_
