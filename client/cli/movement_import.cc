// chipledger shipment import-movements: what became of shipped units, from
// files.
#include "client/cli/cli.h"
#include "client/cli/import_command.h"
#include "client/import/csv_movements.h"
#include "client/import/importer.h"
#include "client/import/movement_source.h"

namespace chipledger::cli {
namespace {

constexpr char kFormatsHelp[] =
    R"(Formats, guessed from the file's name and first line unless --format says it:
  csv    One movement a record, RFC 4180, with a header; commas, semicolons or
         tabs. Columns, in any order and case: movement (receive, return,
         retire, divert, recover or relocate), shipment_reference, exporter and
         effective_date (these are required; the exporter may be left to
         --exporter), item and quantity (of a receipt both may be empty: all in
         transit arrived), reason of a return, cause of a retirement, evidence
         of a retirement, diversion or recovery, found_country and found_party
         of a diversion, movement_index of a recovery, site of a relocation.
         Others are named and ignored. A field that says nothing of the movement
         must be empty.
  jsonl  One chipledger.v1.Command in protobuf JSON a line: receiveShipment,
         returnShipment, reexportShipment, transferShipment, retireUnits,
         reportDiversion, recoverUnits or relocateUnits.

Movements are recorded in the order of the file. They have no number of their
own: two equal rows of a file are two movements, and equal rows of two files the
same ones. A row that is changed is another movement: take back the one that was
recorded first (chipledger shipment void-movement). In a dry run each is judged
as if none before it in the file had been recorded.)";

const ImportKind& Movements() {
  static const auto& kind =
      *new ImportKind{.open = import::OpenMovementSource,
                      .run = import::ImportShipments,
                      .formats = {"csv", "jsonl"},
                      .noun = "movement",
                      .exporter = "exporter",
                      .done = "recorded",
                      .template_command = "shipment movements-template",
                      .again =
                          "One that was recorded before is there unless it was "
                          "taken back since."};
  return kind;
}

constexpr char kTemplateHelp[] =
    R"(A row is one movement of units of one item. Required, the exporter unless
--exporter gives it:
  movement            receive, return, retire, divert, recover or relocate
  shipment_reference  the number of the shipment that brought them
  exporter            its exporter (chipledger party list)
  effective_date      YYYY-MM-DD
  item, quantity      the item, counted from 0 as `chipledger shipment get` lists
                      it, and whole units; both empty: receive all in transit
  reason              of a return: why
  cause, evidence     of a retirement: loss, damage, scrap or theft, and what
                      shows it
  evidence, found_country
                      of a diversion: what shows it, and where they are
  evidence, movement_index
                      of a recovery: what shows it, and the entry that retired
                      or diverted them (chipledger shipment get)
  site                of a relocation: where they are now
Then: chipledger shipment import-movements FILE --dry-run
)";

}  // namespace

void AddMovementImportCommands(CLI::App& shipment, Cli& cli) {
  AddPlainImportCommand(shipment, cli, "import-movements",
                        "record from a file what became of shipped units",
                        Movements(), kFormatsHelp);
  AddTemplateCommand(shipment, cli, "movements-template",
                     import::CsvMovementsHeader(), kTemplateHelp);
}

}  // namespace chipledger::cli
