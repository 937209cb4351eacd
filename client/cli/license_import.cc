// chipledger license import, import-conditions: licenses, and the conditions
// that they have met, from files.
#include "client/cli/cli.h"
#include "client/cli/import_command.h"
#include "client/import/csv_conditions.h"
#include "client/import/csv_licenses.h"
#include "client/import/license_importer.h"
#include "client/import/license_source.h"

namespace chipledger::cli {
namespace {

constexpr char kFormatsHelp[] =
    R"(Formats, guessed from the file's name and first line unless --format says it:
  csv    One line of a license a record, RFC 4180, with a header; commas,
         semicolons or tabs. Columns, in any order and case: license_id,
         exporter, destination_countries, grant_date, expiry_date, product_code
         and quantity (these are required; the exporter may be left to
         --exporter), consignees, end_users, line_number,
         line_destination_country, value_usd, authorization_kind,
         holiday_calendar, application_id, source. Others are named and ignored.
         Several countries or parties in one field are separated by ";" or "|".
         Records that follow each other with the same license_id are the lines
         of one license, numbered from 1 where line_number is empty; a license
         that comes again further down is rejected. A license is granted whole
         or not at all: one bad record rejects it.
  jsonl  One chipledger.v1.GrantLicense in protobuf JSON a line.

Licenses are granted in the order of the file, so that a limit that admits some
of them only admits the first ones.)";

const ImportKind& Licenses() {
  static const auto& kind = *new ImportKind{
      .open = import::OpenLicenseSource,
      .run = import::ImportLicenses,
      .formats = {"csv", "jsonl"},
      .noun = "license",
      .exporter = "licensee",
      .done = "granted",
      .names = "license ids",
      .template_command = "license template",
      .again =
          "A condition is recorded once, however often it stands in files."};
  return kind;
}

constexpr char kConditionFormatsHelp[] =
    R"(Formats, guessed from the file's name and first line unless --format says it:
  csv    One condition a record, RFC 4180, with a header; commas, semicolons or
         tabs. Columns, in any order and case: license_id, kind, evidence and
         satisfied_date (these are required), valid_through. Others are named
         and ignored.
  jsonl  One chipledger.v1.RecordCondition in protobuf JSON a line.)";

const ImportKind& Conditions() {
  static const auto& kind = *new ImportKind{
      .open = import::OpenConditionSource,
      .run = import::ImportLicenses,
      .formats = {"csv", "jsonl"},
      .noun = "condition",
      .done = "recorded",
      .template_command = "license conditions-template",
      .again =
          "A condition is recorded once, however often it stands in files."};
  return kind;
}

constexpr char kTemplateHelp[] =
    R"(A row is one line of a license; rows that follow each other with the same
license_id are one license. Required, the exporter unless --exporter gives it:
  license_id             the authority's number
  exporter               party id of the licensee (chipledger party list)
  destination_countries  codes or names, separated by ";" or "|"
  grant_date             YYYY-MM-DD, the first date it authorizes exports
  expiry_date            YYYY-MM-DD, the last one
  product_code           as registered (chipledger product list)
  quantity               whole units
Then: chipledger license import FILE --dry-run
)";

constexpr char kConditionTemplateHelp[] =
    R"(A row is one condition that a license has met. Required but the last:
  license_id      the license or other authorization (chipledger license list)
  kind            as rules require it, such as lab_certificate
  evidence        what shows it: a document's name, number or address
  satisfied_date  YYYY-MM-DD, the date it was met
  valid_through   YYYY-MM-DD, the last date it holds; empty: for good
Then: chipledger license import-conditions FILE --dry-run
)";

}  // namespace

void AddLicenseImportCommands(CLI::App& license, Cli& cli) {
  AddPlainImportCommand(license, cli, "import", "grant licenses from a file",
                        Licenses(), kFormatsHelp);
  AddTemplateCommand(license, cli, "template", import::CsvLicensesHeader(),
                     kTemplateHelp);
  AddPlainImportCommand(license, cli, "import-conditions",
                        "record the conditions that licenses have met from a "
                        "file",
                        Conditions(), kConditionFormatsHelp);
  AddTemplateCommand(license, cli, "conditions-template",
                     import::CsvConditionsHeader(), kConditionTemplateHelp);
}

}  // namespace chipledger::cli
