#include "client/cli/import_command.h"

#include <iostream>
#include <set>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/substitute.h"
#include "client/cli/known_names.h"
#include "client/cli/print.h"
#include "client/cli/progress.h"
#include "client/cli/terminal.h"
#include "client/import/rejects_file.h"
#include "client/import/shipment_source.h"
#include "google/protobuf/struct.pb.h"
#include "ledger/base/near.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

// $0 is what is imported, $1 the command that prints a header, and $2 what is
// done about what was recorded before.
constexpr char kHelp[] = R"(

chipledger $1 > my.csv writes a file to fill in.

An import that was cut off is resumed by running it again: the request id of a
$0 is made from its content, so nothing is recorded twice and running it
again changes nothing.
$2
What was refused stays refused, unless --retry-refused asks anew. One bad row
never stops the others, unless --strict.

Exit codes: 0 all is in the ledger as the file says; 1 some $0s were
refused by the rules, or are voided or otherwise in the ledger; 2 some rows were
rejected as bad input; 3 the server failed or cannot be reached.)";

struct NoOptions {};

std::string Capitalized(std::string text) {
  if (!text.empty()) text[0] = absl::ascii_toupper(text[0]);
  return text;
}

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

void PrintMissing(Cli& cli, const ImportKind& kind,
                  const import::ImportCounts& counts) {
  client::Client& client = cli.client();
  if (!counts.missing_products.empty()) {
    PrintMissing(
        "Products that are not registered:", counts.missing_products,
        ProductCodes(client),
        absl::StrCat("chipledger product register --code CODE --gpus-per-unit "
                     "N --tpp TPP --classification CLASS --source WHERE",
                     kind.product_hint));
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

void PrintPossibleDuplicates(const ImportKind& kind,
                             const import::ImportOutcome& outcome) {
  const int64_t count = outcome.counts.possible_duplicates;
  if (count == 0) return;
  std::cout << "Possible duplicates, " << kind.names
            << " that look alike: " << FormatCount(count) << "\n";
  for (const auto& one : outcome.first_possible_duplicates) {
    std::cout << "  line " << one.line << ": \"" << OneLine(one.reference)
              << "\" looks like "
              << (one.other_line != 0
                      ? absl::StrCat("that of line ", one.other_line)
                      : absl::StrCat("\"", OneLine(one.other),
                                     "\" in the ledger"))
              << "\n";
  }
  std::cout << "  next: where it is one " << kind.noun
            << ", void one of the two (chipledger " << kind.noun << " void)\n";
}

void PrintCounts(Cli& cli, const ImportKind& kind,
                 const import::ImportOutcome& outcome,
                 const import::ImportOptions& options) {
  const import::ImportCounts& counts = outcome.counts;
  // The same however often the import was cut off before.
  std::cout << (options.dry_run ? "Would be in the ledger: "
                                : "In the ledger as the file says: ")
            << FormatCount(counts.InLedger()) << " of "
            << FormatCount(counts.Done()) << "\n"
            << Capitalized(options.dry_run
                               ? absl::StrCat("would be ", kind.done)
                               : std::string(kind.done))
            << ": " << FormatCount(counts.recorded);
  if (counts.corrected > 0) {
    std::cout << (options.dry_run ? "\nWould be corrected: " : "\nCorrected: ")
              << FormatCount(counts.corrected);
  }
  if (counts.canceled > 0) {
    std::cout << (options.dry_run ? "\nWould be voided: " : "\nVoided: ")
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
  PrintMissing(cli, kind, counts);
  PrintPossibleDuplicates(kind, outcome);
  if (outcome.first_problems.empty()) return;
  const auto listed = static_cast<int64_t>(outcome.first_problems.size());
  std::cout << (listed < counts.NotImported() ? "The first problems:\n"
                                              : "The problems:\n");
  for (const import::ImportProblem& problem : outcome.first_problems) {
    std::cout << "  line " << problem.line << ": " << OneLine(problem.reason)
              << "\n";
  }
  if (options.rejects_path.empty()) {
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

}  // namespace

void AddImportOptions(CLI::App& app, const ImportKind& kind,
                      absl::string_view formats_help, ImportFile& file) {
  app.footer(absl::StrCat(
      formats_help,
      absl::Substitute(kHelp, kind.noun, kind.template_command, kind.again)));
  app.add_option("FILE", file.path, "the file; \"-\" is standard input")
      ->required();
  app.add_option(
         "--format", file.format,
         absl::StrCat(absl::StrJoin(kind.formats, ", "),
                      " (default: as the file's name and first line say)"))
      ->check(CLI::IsMember(kind.formats));
  if (!kind.exporter.empty()) {
    app.add_option("--exporter", file.defaults.exporter,
                   absl::StrCat("party id of the ", kind.exporter,
                                ", where the file names none"));
  }
  app.add_flag("--dry-run", file.options.dry_run,
               absl::StrCat("ask the server to judge each ", kind.noun,
                            " by itself, against the totals as they are, and "
                            "record nothing"));
  app.add_flag("--strict", file.options.strict,
               "stop at the first row that is not imported; rows before it are "
               "recorded, and some after it may be");
  app.add_option("--rejects", file.options.rejects_path,
                 "CSV file to write what was not imported to: line, reason, "
                 "record");
  app.add_option("--retry-refused", file.options.retry_refused,
                 absl::StrCat("ask again about ", kind.noun,
                              "s that an earlier import saw refused, as a new "
                              "attempt by this name"));
}

void AddPlainImportCommand(CLI::App& group, Cli& cli, const std::string& name,
                           const std::string& description,
                           const ImportKind& kind,
                           absl::string_view formats_help) {
  AddCommand<ImportFile>(
      group, cli, name, description,
      [&kind, formats_help](CLI::App& sub, ImportFile& file) {
        AddImportOptions(sub, kind, formats_help, file);
      },
      [&kind](Cli& run_cli, const ImportFile& options) {
        ImportFile file = options;
        const absl::Status prepared = PrepareImport(kind, file);
        return prepared.ok() ? RunImport(run_cli, kind, file)
                             : Fail(run_cli, prepared);
      });
}

absl::Status PrepareImport(const ImportKind& kind, ImportFile& file) {
  RETURN_IF_ERROR(
      import::CheckNotTheInput(file.path, file.options.rejects_path));
  if (!file.format.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(file.format, import::GuessFormat(file.path));
  if (absl::c_linear_search(kind.formats, file.format)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      file.path, " looks like a file of format ", file.format,
      ", which says nothing of ", kind.noun, "s; if it does, say --format ",
      absl::StrJoin(kind.formats, " or ")));
}

int RunImport(Cli& cli, const ImportKind& kind, const ImportFile& file,
              const std::vector<std::string>& registered) {
  auto source = kind.open(file.path, file.format, file.defaults);
  if (!source.ok()) return Fail(cli, source.status());
  const std::vector<std::string> ignored = (*source)->ignored_columns();
  if (!ignored.empty() && !cli.json) {
    std::cerr << "Columns that are ignored: "
              << OneLine(absl::StrJoin(ignored, ", ")) << "\n";
  }

  import::ImportOptions options = file.options;
  options.noun = std::string(kind.noun);
  ProgressBar progress;
  if (progress.is_shown()) {
    options.on_progress = [&](const auto& counts, const auto& lines) {
      progress.Draw(counts, lines);
    };
  }
  const import::ImportOutcome outcome =
      kind.run(cli.client(), **source, options);
  progress.Clear();
  const import::ImportCounts& counts = outcome.counts;
  if (!outcome.status.ok() && counts.Done() == 0) {
    return Fail(cli, outcome.status);
  }
  if (cli.json) {
    PrintCountsAsJson(outcome, registered, ignored, options.dry_run);
  } else {
    for (const std::string& product : registered) {
      std::cout << (options.dry_run ? "Would be registered" : "Registered")
                << " with TPP unknown: " << OneLine(product) << "\n";
    }
    PrintCounts(cli, kind, outcome, options);
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

void AddTemplateCommand(CLI::App& group, Cli& cli, const std::string& name,
                        const std::string& header, const std::string& help) {
  AddCommand<NoOptions>(
      group, cli, name, "print the header of a CSV file to fill in",
      [](CLI::App&, NoOptions&) {},
      [header, help](Cli&, const NoOptions&) {
        std::cout << header;
        // Beside the file that the header goes to.
        std::cerr << help;
        return kDone;
      });
}

}  // namespace chipledger::cli
