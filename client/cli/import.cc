// chipledger shipment import: shipments from files.
#include <unistd.h>

#include <iostream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/terminal.h"
#include "client/import/importer.h"
#include "client/import/products_csv.h"
#include "client/import/shipment_source.h"
#include "client/import/text.h"
#include "client/retry.h"
#include "google/protobuf/struct.pb.h"

namespace chipledger::cli {
namespace {

constexpr char kImportHelp[] = R"(Formats:
  csv                 One item a record, RFC 4180, with a header. Columns, in
                      any order: shipment_reference, exporter, export_date,
                      destination_country, product_code, quantity (these are
                      required; the exporter may be left to --exporter),
                      consignee, consignee_name, authorization_kind,
                      license_id, assurance, source. Records that follow each
                      other with the same exporter and reference are the items
                      of one shipment, equal ones included; a reference that
                      comes again further down is rejected.
  jsonl               One chipledger.v1.RecordShipment in protobuf JSON a line.
  epoch-gpu-clusters  Epoch AI's gpu_clusters.csv. Needs --exporter. What its
                      rule leaves out is counted as skipped. A blank chip type
                      is the product "unspecified".

An import that was cut off is resumed by running it again: the request id of a
shipment is made from its content, so nothing is recorded twice and running it
again changes nothing. What was refused stays refused, unless --retry-refused
asks anew. One bad row never stops the others, unless --strict.

Exit codes: 0 all is recorded; 1 some shipments were refused by the rules; 2
some rows were rejected as bad input; 3 the server failed or cannot be reached.)";

struct Options {
  std::string file;
  std::string format;
  import::ImportDefaults defaults;
  std::string assurance;
  import::ImportOptions import;
  bool register_missing = false;
};

// ProgressBar draws on a terminal, at most some times a second. It draws on
// std::clog, which lets its control characters through.
class ProgressBar {
 public:
  void Draw(const import::ImportCounts& counts,
            const import::LineReader& lines) {
    const absl::Time now = client::Now();
    if (now - last_ < absl::Milliseconds(200)) return;
    last_ = now;
    std::string done;
    if (lines.total_bytes() > 0) {
      const auto percent = lines.bytes_read() * 100 / lines.total_bytes();
      done = absl::StrFormat("[%-25s] %3d %%  ", std::string(percent / 4, '='),
                             percent);
    }
    std::clog << "\r" << done << FormatCount(counts.Done())
              << " shipments answered\x1b[K" << std::flush;
    drawn_ = true;
  }
  void Clear() {
    if (drawn_) std::clog << "\r\x1b[K" << std::flush;
  }

 private:
  absl::Time last_ = absl::InfinitePast();
  bool drawn_ = false;
};

void PrintCounts(const import::ImportCounts& counts, const Options& options) {
  std::cout << (options.import.dry_run ? "Would be recorded: " : "Recorded: ")
            << FormatCount(counts.recorded)
            << "\nAlready there: " << FormatCount(counts.already_there)
            << "\nRefused by the rules: " << FormatCount(counts.refused);
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
  if (!counts.missing_products.empty()) {
    std::cout << "Products that are not registered:\n";
    for (const std::string& product : counts.missing_products) {
      std::cout << "  " << OneLine(product) << "\n";
    }
    std::cout << "  next: register them (chipledger product import, chipledger "
                 "product register) and import again, or import again with "
                 "--register-missing-products\n";
  }
  if (counts.rejected + counts.refused > 0 &&
      options.import.rejects_path.empty()) {
    std::cout << "  next: --rejects FILE writes each with its line and "
                 "reason\n";
  }
}

void PrintCountsAsJson(const import::ImportCounts& counts,
                       const std::vector<std::string>& registered,
                       bool dry_run) {
  google::protobuf::Struct json;
  auto& fields = *json.mutable_fields();
  const auto set = [&](const std::string& name, int64_t count) {
    fields[name].set_number_value(static_cast<double>(count));
  };
  set("recorded", counts.recorded);
  set("alreadyThere", counts.already_there);
  set("refused", counts.refused);
  set("refusedBefore", counts.refused_before);
  set("rejected", counts.rejected);
  fields["dryRun"].set_bool_value(dry_run);
  auto& skipped = *fields["skipped"].mutable_struct_value()->mutable_fields();
  for (const auto& [reason, count] : counts.skipped) {
    skipped[reason].set_number_value(static_cast<double>(count));
  }
  const auto set_list = [&](const std::string& name, const auto& products) {
    auto& list = *fields[name].mutable_list_value();
    for (const std::string& product : products) {
      list.add_values()->set_string_value(product);
    }
  };
  set_list("missingProducts", counts.missing_products);
  set_list("registeredProducts", registered);
  PrintJson(json);
}

absl::StatusOr<std::vector<std::string>> RegisterMissing(
    Cli& cli, const Options& options, const import::ImportDefaults& defaults) {
  if (options.file == "-") {
    return absl::InvalidArgumentError(
        "--register-missing-products reads the file twice, which standard "
        "input does not allow");
  }
  auto source =
      import::OpenShipmentSource(options.file, options.format, defaults);
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
  std::vector<std::string> registered;
  if (options.register_missing) {
    auto products = RegisterMissing(cli, options, defaults);
    if (!products.ok()) return Fail(cli, products.status());
    registered = *std::move(products);
  }
  auto source =
      import::OpenShipmentSource(options.file, options.format, defaults);
  if (!source.ok()) return Fail(cli, source.status());

  import::ImportOptions import_options = options.import;
  ProgressBar progress;
  if (isatty(STDERR_FILENO) != 0) {
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
    PrintCountsAsJson(counts, registered, import_options.dry_run);
  } else {
    for (const std::string& product : registered) {
      std::cout << "Registered with TPP unknown: " << OneLine(product) << "\n";
    }
    PrintCounts(counts, options);
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
  return counts.refused > 0 ? kRefused : kDone;
}

void AddOptions(CLI::App& app, Options& options) {
  app.footer(kImportHelp);
  app.add_option("FILE", options.file, "the file; \"-\" is standard input")
      ->required();
  app.add_option("--format", options.format, "csv, jsonl or epoch-gpu-clusters")
      ->required()
      ->check(CLI::IsMember({"csv", "jsonl", "epoch-gpu-clusters"}));
  app.add_option("--exporter", options.defaults.exporter,
                 "party id of the exporter, where the file names none");
  app.add_option("--assurance", options.assurance,
                 "before-export or after-the-fact, where the file states none");
  app.add_flag("--dry-run", options.import.dry_run,
               "ask the server to judge each shipment by itself, against the "
               "totals as they are, and record nothing");
  app.add_flag("--strict", options.import.strict,
               "stop at the first row that is refused or rejected; rows before "
               "it are recorded, and some after it may be");
  app.add_option("--rejects", options.import.rejects_path,
                 "CSV file to write what was refused or rejected to: line, "
                 "reason, record");
  app.add_option(
      "--retry-refused", options.import.retry_refused,
      "ask again about shipments that an earlier import saw refused, "
      "as a new attempt by this name");
  app.add_flag("--register-missing-products", options.register_missing,
               "first register products that the file names and the ledger "
               "lacks, as one GPU a unit with TPP unknown");
}

}  // namespace

void AddImportCommand(CLI::App& shipment, Cli& cli) {
  AddCommand<Options>(shipment, cli, "import", "record shipments from a file",
                      AddOptions, Import);
}

}  // namespace chipledger::cli
