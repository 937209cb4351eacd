// chipledger license import: licenses from files.
#include "client/cli/cli.h"
#include "client/cli/import_command.h"
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
  static const auto& kind = *new ImportKind{.open = import::OpenLicenseSource,
                                            .run = import::ImportLicenses,
                                            .formats = {"csv", "jsonl"},
                                            .noun = "license",
                                            .exporter = "licensee",
                                            .done = "granted",
                                            .names = "license ids"};
  return kind;
}

int Import(Cli& cli, const ImportFile& options) {
  ImportFile file = options;
  if (const absl::Status prepared = PrepareImport(Licenses(), file);
      !prepared.ok()) {
    return Fail(cli, prepared);
  }
  return RunImport(cli, Licenses(), file);
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

}  // namespace

void AddLicenseImportCommand(CLI::App& license, Cli& cli) {
  AddCommand<ImportFile>(
      license, cli, "import", "grant licenses from a file",
      [](CLI::App& sub, ImportFile& file) {
        AddImportOptions(sub, Licenses(), kFormatsHelp, file);
      },
      Import);
  AddTemplateCommand(license, cli, import::CsvLicensesHeader(), kTemplateHelp);
}

}  // namespace chipledger::cli
