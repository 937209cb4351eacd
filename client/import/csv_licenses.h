// Licenses as CSV (RFC 4180), one line of a license a record. The columns, in
// any order:
//
//   license_id                required; the authority's number
//   exporter                  party id of the licensee; may be left to
//                             --exporter
//   destination_countries     required; ISO 3166-1 codes or names
//   grant_date                required; YYYY-MM-DD, the first date on which it
//                             authorizes exports
//   expiry_date               required; YYYY-MM-DD, the last one
//   consignees                party ids that may receive; empty: any
//   end_users                 party ids that may use the items; empty: any
//   line_number               from 1; empty: its place among the lines
//   product_code              required but for other kinds than license
//   quantity                  required where there is a product; whole units
//   line_destination_country  ISO 3166-1 code or name; required when there are
//                             several destination_countries
//   value_usd                 authorized on the line, in whole US dollars
//   authorization_kind        license, nveu, uveu, lpp, ...; empty: license
//   holiday_calendar          see License.holiday_calendar
//   application_id            the application that it answers
//   source                    where it comes from
//   utc_offset                see License.utc_offset
//   replaces                  the license that it replaces
//
// Several countries or parties in one field are separated by ";" or "|".
//
// Records that follow each other with the same license_id are the lines of one
// license; what the later ones say about the license must be the same or empty.
// The first may have no line of its own: no product_code, quantity and so on.
//
// For records that are bad, without a license_id or not beside each other see
// csv_groups.h.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_LICENSES_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_LICENSES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The first line of a file with every column.
std::string CsvLicensesHeader();

// See OpenLicenseSource.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvLicenses(
    const std::string& path, const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_LICENSES_H_
