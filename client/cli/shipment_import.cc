// chipledger shipment import: shipments from files.
#include "client/cli/cli.h"
#include "client/cli/import_command.h"
#include "client/import/csv_shipments.h"
#include "client/import/importer.h"
#include "client/import/line_reader.h"
#include "client/import/products_csv.h"
#include "client/import/shipment_source.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr char kFormatsHelp[] =
    R"(Formats, guessed from the file's name and first line unless --format says it:
  csv                 One item a record, RFC 4180, with a header; commas,
                      semicolons or tabs. Columns, in any order and case:
                      shipment_reference, exporter, export_date,
                      destination_country, product_code, quantity and assurance
                      (these are required; the exporter may be left to
                      --exporter and the assurance to --assurance), consignee,
                      consignee_name, authorization_kind, license_id,
                      authorization_code, end_user, value_usd, source.
                      Others are named and ignored. Records that follow each
                      other with the same exporter and reference are the items
                      of one shipment, equal ones included; a reference that
                      comes again further down is rejected. A shipment is
                      recorded whole or not at all: one bad record rejects it.
  jsonl               One chipledger.v1.RecordShipment in protobuf JSON a line.
  eei                 Filings of Electronic Export Information (AES) as a table,
                      one line of one filing a record: itn,
                      shipment_reference_number, shipment_filing_action,
                      line_number, date_of_export,
                      country_of_ultimate_destination, product_code and quantity
                      are required; line_action, usppi, ultimate_consignee,
                      ultimate_consignee_id, ultimate_consignee_type,
                      license_code, license_number, authorization_kind, eccn and
                      value are read as well. An add is recorded, a change or a
                      replacement corrects, a cancellation voids. Needs
                      --assurance.
  epoch-gpu-clusters  Epoch AI's gpu_clusters.csv. Needs --exporter. What its
                      rule leaves out is counted as skipped. A blank chip type
                      is the product "unspecified". Records that it flags as
                      possible duplicates or as superseded are counted, and the
                      summary says how many; --duplicates skip leaves them out.)";

const ImportKind& Shipments() {
  static const auto& kind = *new ImportKind{
      .open = import::OpenShipmentSource,
      .run = import::ImportShipments,
      .formats = {"csv", "jsonl", "eei", "epoch-gpu-clusters"},
      .noun = "shipment",
      .exporter = "exporter",
      .done = "recorded",
      .names = "references",
      .template_command = "shipment template",
      .again = kComparedAgain,
      .product_hint = "; or import again with --register-missing-products"};
  return kind;
}

struct Options {
  ImportFile file;
  std::string assurance;
  bool register_missing = false;
};

absl::StatusOr<std::vector<std::string>> RegisterMissing(
    Cli& cli, const ImportFile& file) {
  if (!import::CanBeReadAgain(file.path)) {
    return absl::InvalidArgumentError(
        "--register-missing-products reads the file twice, which standard "
        "input and pipes do not allow");
  }
  ASSIGN_OR_RETURN(
      const auto source,
      import::OpenShipmentSource(file.path, file.format, file.defaults));
  return import::RegisterMissingProducts(cli.client(), *source,
                                         file.options.dry_run);
}

int Import(Cli& cli, const Options& options) {
  ImportFile file = options.file;
  if (!options.assurance.empty()) {
    const auto assurance = import::ParseAssurance(options.assurance);
    if (!assurance.ok()) return Fail(cli, assurance.status());
    file.defaults.assurance = *assurance;
  }
  // Before anything is opened.
  if (const absl::Status prepared = PrepareImport(Shipments(), file);
      !prepared.ok()) {
    return Fail(cli, prepared);
  }
  if (!options.register_missing) return RunImport(cli, Shipments(), file);
  const auto registered = RegisterMissing(cli, file);
  if (!registered.ok()) return Fail(cli, registered.status());
  return RunImport(cli, Shipments(), file, *registered);
}

constexpr char kTemplateHelp[] =
    R"(A row is one item; rows that follow each other with the same reference are one
shipment. Required, exporter and assurance unless options give them:
  shipment_reference   your own number of the shipment, never used twice
  exporter             your party id (chipledger party list)
  export_date          YYYY-MM-DD
  destination_country  a code or a name
  product_code         as registered (chipledger product list)
  quantity             whole units
  assurance            before-export or after-the-fact
Then: chipledger shipment import FILE --dry-run
)";

void AddOptions(CLI::App& app, Options& options) {
  AddImportOptions(app, Shipments(), kFormatsHelp, options.file);
  app.add_option("--assurance", options.assurance,
                 "before-export or after-the-fact, where the file states none");
  app.add_option_function<std::string>(
         "--duplicates",
         [&options](const std::string& text) {
           options.file.defaults.skip_flagged = text == "skip";
         },
         "count or skip records that the file itself flags as duplicates or "
         "superseded (epoch-gpu-clusters; default: count, and say how many)")
      ->check(CLI::IsMember({"count", "skip"}));
  app.add_flag("--register-missing-products", options.register_missing,
               "first register products that the file names and the ledger "
               "lacks, as one GPU a unit with TPP unknown");
}

}  // namespace

void AddImportCommand(CLI::App& shipment, Cli& cli) {
  AddCommand<Options>(shipment, cli, "import", "record shipments from a file",
                      AddOptions, Import);
  AddTemplateCommand(shipment, cli, "template", import::CsvShipmentsHeader(),
                     kTemplateHelp);
}

}  // namespace chipledger::cli
