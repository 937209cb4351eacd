// chipledger party import-stock: declared stock from files.
#include "client/cli/cli.h"
#include "client/cli/import_command.h"
#include "client/import/csv_declarations.h"
#include "client/import/importer.h"

namespace chipledger::cli {
namespace {

constexpr char kFormatsHelp[] =
    R"(Formats, guessed from the file's name and first line unless --format says it:
  csv    One line of a declaration a record, RFC 4180, with a header; commas,
         semicolons or tabs. Columns, in any order and case: party,
         effective_date, country, gpus and source (these are required), tpp (of
         all of them, with up to three decimals), classification. Others are
         named and ignored. Records that follow each other with the same party
         and date are the lines of one declaration, which replaces what the
         party declared before; one record without country and gpus declares
         that nothing is installed any more. A declaration is recorded whole or
         not at all: one bad record rejects it.
  jsonl  One chipledger.v1.DeclareCompute in protobuf JSON a line.

Declarations are recorded in the order of the file. One with an earlier date than
the party's last is rejected.)";

const ImportKind& Declarations() {
  static const auto& kind =
      *new ImportKind{.open = import::OpenDeclarationSource,
                      .run = import::ImportShipments,
                      .formats = {"csv", "jsonl"},
                      .noun = "declaration",
                      .done = "recorded",
                      .template_command = "party stock-template",
                      .again =
                          "One that was recorded before is not recorded again, "
                          "also where another one has\nreplaced it since."};
  return kind;
}

constexpr char kTemplateHelp[] =
    R"(A row is what is installed in one country; rows that follow each other with the
same party and date are one declaration, which says all that the party has.
Required but tpp and classification:
  party           who declares (chipledger party list)
  effective_date  YYYY-MM-DD, the date it was so
  country         a code or a name
  gpus            whole GPUs
  tpp             TPP of all of them
  classification  the export classification, such as 3A090.a
  source          a report, a citation or an address
Then: chipledger party import-stock FILE --dry-run
)";

}  // namespace

void AddStockImportCommands(CLI::App& party, Cli& cli) {
  AddPlainImportCommand(party, cli, "import-stock",
                        "record from a file what parties report as installed "
                        "beyond the shipments here",
                        Declarations(), kFormatsHelp);
  AddTemplateCommand(party, cli, "stock-template",
                     import::CsvDeclarationsHeader(), kTemplateHelp);
}

}  // namespace chipledger::cli
