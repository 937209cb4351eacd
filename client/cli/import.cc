// chipledger shipment import: shipments from files.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/cli.h"
#include "client/cli/known_names.h"
#include "client/cli/near.h"
#include "client/cli/print.h"
#include "client/cli/progress.h"
#include "client/cli/terminal.h"
#include "client/import/csv_shipments.h"
#include "client/import/importer.h"
#include "client/import/products_csv.h"
#include "client/import/rejects_file.h"
#include "client/import/shipment_source.h"
#include "client/import/text.h"
#include "google/protobuf/struct.pb.h"

namespace chipledger::cli {
namespace {

constexpr char kImportHelp[] =
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
                      summary says how many; --duplicates skip leaves them out.

chipledger shipment template > my.csv writes a file to fill in.

An import that was cut off is resumed by running it again: the request id of a
shipment is made from its content, so nothing is recorded twice and running it
again changes nothing. What was recorded before is compared with the ledger as
it now stands. What was refused stays refused, unless --retry-refused asks anew.
One bad row never stops the others, unless --strict.

Exit codes: 0 all is in the ledger as the file says; 1 some shipments were
refused by the rules, or are voided or otherwise in the ledger; 2 some rows were
rejected as bad input; 3 the server failed or cannot be reached.)";

struct Options {
  std::string file;
  std::string format;
  import::ImportDefaults defaults;
  std::string assurance;
  import::ImportOptions import;
  bool register_missing = false;
};

// Prints what the ledger does not have, with what it has that is near, and the
// command that registers it.
void PrintMissing(absl::string_view title, const std::set<std::string>& missing,
                  const std::vector<std::string>& known,
                  absl::string_view next) {
  std::cout << title << "\n";
  for (const std::string& name : missing) {
    std::cout << "  " << OneLine(name) << OneLine(DidYouMean(name, known))
              << "\n";
  }
  std::cout << "  next: correct the file, or register it and import again: "
            << next << "\n";
}

void PrintMissing(Cli& cli, const import::ImportCounts& counts) {
  client::Client& client = cli.client();
  if (!counts.missing_products.empty()) {
    PrintMissing(
        "Products that are not registered:", counts.missing_products,
        ProductCodes(client),
        "chipledger product register --code CODE --gpus-per-unit N --tpp TPP "
        "--classification CLASS --source WHERE; or import again with "
        "--register-missing-products");
  }
  if (!counts.missing_parties.empty()) {
    PrintMissing(
        "Parties that are not registered:", counts.missing_parties,
        PartyIds(client),
        "chipledger party register --id ID --name NAME --headquarters COUNTRY");
  }
  if (!counts.missing_licenses.empty()) {
    PrintMissing("Licenses that are not granted:", counts.missing_licenses,
                 LicenseIds(client), "chipledger license grant --help");
  }
}

void PrintPossibleDuplicates(const import::ImportOutcome& outcome) {
  const int64_t count = outcome.counts.possible_duplicates;
  if (count == 0) return;
  std::cout << "Possible duplicates, references that look alike: "
            << FormatCount(count) << "\n";
  for (const auto& one : outcome.first_possible_duplicates) {
    std::cout << "  line " << one.line << ": \"" << OneLine(one.reference)
              << "\" looks like "
              << (one.other_line != 0
                      ? absl::StrCat("that of line ", one.other_line)
                      : absl::StrCat("\"", OneLine(one.other),
                                     "\" in the ledger"))
              << "\n";
  }
  std::cout << "  next: where it is one shipment, void one of the two "
               "(chipledger shipment void)\n";
}

void PrintCounts(Cli& cli, const import::ImportOutcome& outcome,
                 const Options& options) {
  const import::ImportCounts& counts = outcome.counts;
  // The same however often the import was cut off before.
  std::cout << (options.import.dry_run ? "Would be in the ledger: "
                                       : "In the ledger as the file says: ")
            << FormatCount(counts.InLedger()) << " of "
            << FormatCount(counts.Done())
            << (options.import.dry_run ? "\nWould be recorded: "
                                       : "\nRecorded: ")
            << FormatCount(counts.recorded);
  if (counts.corrected > 0) {
    std::cout << (options.import.dry_run ? "\nWould be corrected: "
                                         : "\nCorrected: ")
              << FormatCount(counts.corrected);
  }
  if (counts.canceled > 0) {
    std::cout << (options.import.dry_run ? "\nWould be voided: " : "\nVoided: ")
              << FormatCount(counts.canceled);
  }
  std::cout << "\nAlready there: " << FormatCount(counts.already_there);
  if (counts.voided > 0) {
    std::cout << "\nVoided in the ledger: " << FormatCount(counts.voided);
  }
  if (counts.differs > 0) {
    std::cout << "\nOtherwise in the ledger: " << FormatCount(counts.differs);
  }
  std::cout << "\nRefused by the rules: " << FormatCount(counts.refused);
  if (counts.refused_before > 0) {
    std::cout << " (" << FormatCount(counts.refused_before)
              << " by an earlier import; --retry-refused NAME asks anew)";
  }
  std::cout << "\nRejected as bad input: " << FormatCount(counts.rejected)
            << "\n";
  for (const auto& [reason, count] : counts.skipped) {
    std::cout << "Skipped, " << OneLine(reason) << ": " << FormatCount(count)
              << "\n";
  }
  for (const auto& [flag, count] : counts.flagged) {
    std::cout << "Counted, although " << OneLine(flag) << ": "
              << FormatCount(count) << "\n";
  }
  if (!counts.flagged.empty()) {
    std::cout << "  next: to leave them out, import into a new ledger with "
                 "--duplicates skip, or void them\n";
  }
  PrintMissing(cli, counts);
  PrintPossibleDuplicates(outcome);
  if (outcome.first_problems.empty()) return;
  const auto listed = static_cast<int64_t>(outcome.first_problems.size());
  std::cout << (listed < counts.NotImported() ? "The first problems:\n"
                                              : "The problems:\n");
  for (const import::ImportProblem& problem : outcome.first_problems) {
    std::cout << "  line " << problem.line << ": " << OneLine(problem.reason)
              << "\n";
  }
  if (options.import.rejects_path.empty()) {
    std::cout << "  next: --rejects FILE writes "
              << (listed < counts.NotImported() ? "all of them, " : "")
              << "each record with its line and reason\n";
  }
}

void PrintCountsAsJson(const import::ImportOutcome& outcome,
                       const std::vector<std::string>& registered,
                       const std::vector<std::string>& ignored_columns,
                       bool dry_run) {
  const import::ImportCounts& counts = outcome.counts;
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  const auto set = [&](const std::string& name, int64_t count) {
    fields[name].set_number_value(static_cast<double>(count));
  };
  set("inLedger", counts.InLedger());
  set("done", counts.Done());
  set("recorded", counts.recorded);
  set("corrected", counts.corrected);
  set("canceled", counts.canceled);
  set("alreadyThere", counts.already_there);
  set("voided", counts.voided);
  set("differs", counts.differs);
  set("refused", counts.refused);
  set("refusedBefore", counts.refused_before);
  set("rejected", counts.rejected);
  set("possibleDuplicates", counts.possible_duplicates);
  fields["dryRun"].set_bool_value(dry_run);
  auto& skipped = *fields["skipped"].mutable_struct_value()->mutable_fields();
  for (const auto& [reason, count] : counts.skipped) {
    skipped[reason].set_number_value(static_cast<double>(count));
  }
  auto& flagged = *fields["flagged"].mutable_struct_value()->mutable_fields();
  for (const auto& [flag, count] : counts.flagged) {
    flagged[flag].set_number_value(static_cast<double>(count));
  }
  const auto set_list = [&](const std::string& name, const auto& texts) {
    auto& list = *fields[name].mutable_list_value();
    for (const std::string& text : texts) {
      list.add_values()->set_string_value(text);
    }
  };
  set_list("missingProducts", counts.missing_products);
  set_list("missingParties", counts.missing_parties);
  set_list("missingLicenses", counts.missing_licenses);
  set_list("registeredProducts", registered);
  set_list("ignoredColumns", ignored_columns);
  auto& duplicates = *fields["firstPossibleDuplicates"].mutable_list_value();
  for (const auto& one : outcome.first_possible_duplicates) {
    auto& row =
        *duplicates.add_values()->mutable_struct_value()->mutable_fields();
    row["line"].set_number_value(static_cast<double>(one.line));
    row["reference"].set_string_value(one.reference);
    if (one.other_line != 0) {
      row["otherLine"].set_number_value(static_cast<double>(one.other_line));
    } else {
      row["other"].set_string_value(one.other);
    }
  }
  auto& problems = *fields["firstProblems"].mutable_list_value();
  for (const import::ImportProblem& problem : outcome.first_problems) {
    auto& row =
        *problems.add_values()->mutable_struct_value()->mutable_fields();
    row["line"].set_number_value(static_cast<double>(problem.line));
    row["reason"].set_string_value(problem.reason);
  }
  PrintJson(json);
}

absl::StatusOr<std::vector<std::string>> RegisterMissing(
    Cli& cli, const Options& options, const std::string& format,
    const import::ImportDefaults& defaults) {
  if (!import::CanBeReadAgain(options.file)) {
    return absl::InvalidArgumentError(
        "--register-missing-products reads the file twice, which standard "
        "input and pipes do not allow");
  }
  auto source = import::OpenShipmentSource(options.file, format, defaults);
  if (!source.ok()) return source.status();
  return import::RegisterMissingProducts(cli.client(), **source,
                                         options.import.dry_run);
}

int Import(Cli& cli, const Options& options) {
  import::ImportDefaults defaults = options.defaults;
  if (!options.assurance.empty()) {
    const auto assurance = import::ParseAssurance(options.assurance);
    if (!assurance.ok()) return Fail(cli, assurance.status());
    defaults.assurance = *assurance;
  }
  // Before anything is opened.
  if (const absl::Status status =
          import::CheckNotTheInput(options.file, options.import.rejects_path);
      !status.ok()) {
    return Fail(cli, status);
  }
  std::string format = options.format;
  if (format.empty()) {
    auto guessed = import::GuessFormat(options.file);
    if (!guessed.ok()) return Fail(cli, guessed.status());
    format = *std::move(guessed);
  }
  std::vector<std::string> registered;
  if (options.register_missing) {
    auto products = RegisterMissing(cli, options, format, defaults);
    if (!products.ok()) return Fail(cli, products.status());
    registered = *std::move(products);
  }
  auto source = import::OpenShipmentSource(options.file, format, defaults);
  if (!source.ok()) return Fail(cli, source.status());
  const std::vector<std::string> ignored = (*source)->ignored_columns();
  if (!ignored.empty() && !cli.json) {
    std::cerr << "Columns that are ignored: "
              << OneLine(absl::StrJoin(ignored, ", ")) << "\n";
  }

  import::ImportOptions import_options = options.import;
  ProgressBar progress;
  if (progress.is_shown()) {
    import_options.on_progress = [&](const auto& counts, const auto& lines) {
      progress.Draw(counts, lines);
    };
  }
  const import::ImportOutcome outcome =
      import::ImportShipments(cli.client(), **source, import_options);
  progress.Clear();
  const import::ImportCounts& counts = outcome.counts;
  if (!outcome.status.ok() && counts.Done() == 0) {
    return Fail(cli, outcome.status);
  }
  if (cli.json) {
    PrintCountsAsJson(outcome, registered, ignored, import_options.dry_run);
  } else {
    for (const std::string& product : registered) {
      std::cout << (import_options.dry_run ? "Would be registered"
                                           : "Registered")
                << " with TPP unknown: " << OneLine(product) << "\n";
    }
    PrintCounts(cli, outcome, options);
  }
  if (!outcome.status.ok()) {
    const int code = Fail(cli, outcome.status);
    if (!cli.json) {
      std::cerr << "  next: run the same import again; it goes on where it "
                   "stopped\n";
    }
    return code;
  }
  if (counts.rejected > 0) return kBadInput;
  return counts.NotImported() > 0 ? kRefused : kDone;
}

struct NoOptions {};

int PrintTemplate(Cli&, const NoOptions&) {
  std::cout << import::CsvShipmentsHeader();
  // Beside the file that the header goes to.
  std::cerr
      << R"(A row is one item; rows that follow each other with the same reference are one
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
  return kDone;
}

void AddOptions(CLI::App& app, Options& options) {
  app.footer(kImportHelp);
  app.add_option("FILE", options.file, "the file; \"-\" is standard input")
      ->required();
  app.add_option(
         "--format", options.format,
         "csv, jsonl, eei or epoch-gpu-clusters (default: as the file's name "
         "and first line say)")
      ->check(CLI::IsMember({"csv", "jsonl", "eei", "epoch-gpu-clusters"}));
  app.add_option("--exporter", options.defaults.exporter,
                 "party id of the exporter, where the file names none");
  app.add_option("--assurance", options.assurance,
                 "before-export or after-the-fact, where the file states none");
  app.add_flag("--dry-run", options.import.dry_run,
               "ask the server to judge each shipment by itself, against the "
               "totals as they are, and record nothing");
  app.add_flag("--strict", options.import.strict,
               "stop at the first row that is not imported; rows before it are "
               "recorded, and some after it may be");
  app.add_option("--rejects", options.import.rejects_path,
                 "CSV file to write what was not imported to: line, reason, "
                 "record");
  app.add_option(
      "--retry-refused", options.import.retry_refused,
      "ask again about shipments that an earlier import saw refused, "
      "as a new attempt by this name");
  app.add_option_function<std::string>(
         "--duplicates",
         [&options](const std::string& text) {
           options.defaults.skip_flagged = text == "skip";
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
  AddCommand<NoOptions>(
      shipment, cli, "template", "print the header of a CSV file to fill in",
      [](CLI::App&, NoOptions&) {}, PrintTemplate);
}

}  // namespace chipledger::cli
