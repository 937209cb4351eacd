// Declared stock as CSV (RFC 4180), one line of a declaration a record. The
// columns, in any order:
//
//   party           required; the party id of who declares
//   effective_date  required; YYYY-MM-DD, the date it was so
//   country         required where there is something; ISO 3166-1 code or name
//   gpus            whole GPUs there
//   tpp             TPP of all of them, with up to three decimals
//   classification  the export classification, such as 3A090.a
//   source          required; a report, a citation or an address
//
// Records that follow each other with the same party and date are the lines of
// one declaration, which says all that the party has; what the later ones say
// of its source must be the same or empty. The first may have no line of its
// own; with no line at all nothing is installed any more.
//
// For records that are bad, without a party or not beside each other see
// csv_groups.h.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_DECLARATIONS_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_DECLARATIONS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The first line of a file with every column.
std::string CsvDeclarationsHeader();

// Opens a file of declared stock; "-" is standard input. Formats: "csv", and
// "jsonl" with one chipledger.v1.DeclareCompute a line. Of the defaults nothing
// is read. Errors: the file cannot be opened, or its header is not the
// format's; INVALID_ARGUMENT for another format.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenDeclarationSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_DECLARATIONS_H_
