// What the commands that import files have in common: their options, and what
// they tell of an import.
#ifndef CHIPLEDGER_CLIENT_CLI_IMPORT_COMMAND_H_
#define CHIPLEDGER_CLIENT_CLI_IMPORT_COMMAND_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/cli/cli.h"
#include "client/client.h"
#include "client/import/command_source.h"
#include "client/import/importer.h"

namespace chipledger::cli {

// What is imported: how it is read and written, and in which words it is told.
struct ImportKind {
  absl::StatusOr<std::unique_ptr<import::CommandSource>> (*open)(
      const std::string& path, const std::string& format,
      const import::ImportDefaults& defaults);
  import::ImportOutcome (*run)(client::Client& client,
                               import::CommandSource& source,
                               const import::ImportOptions& options);
  std::vector<std::string> formats;
  // "shipment".
  absl::string_view noun;
  // "exporter". Empty: the file names all parties, and --exporter is none of
  // the options.
  absl::string_view exporter;
  // "recorded".
  absl::string_view done;
  // What names that look alike are; empty where none are looked for.
  absl::string_view names;
  // Which command prints a header to fill in: "shipment template".
  absl::string_view template_command;
  // What is done about one that was recorded before: a sentence of the help.
  absl::string_view again;
  // What else can be done about products that are not registered; may be empty.
  absl::string_view product_hint;
};

// The sentence of those that are compared with the ledger.
inline constexpr absl::string_view kComparedAgain =
    "What was recorded before is compared with the ledger as it now stands.";

// A file to import, and how.
struct ImportFile {
  std::string path;
  // Empty: to be guessed.
  std::string format;
  import::ImportDefaults defaults;
  import::ImportOptions options;
};

// Adds the options that all imports have, and the help: how they read their
// formats, and what holds for all.
void AddImportOptions(CLI::App& app, const ImportKind& kind,
                      absl::string_view formats_help, ImportFile& file);

// Adds a command that imports a file with these options and no others. `kind`
// must outlive the command line.
void AddPlainImportCommand(CLI::App& group, Cli& cli, const std::string& name,
                           const std::string& description,
                           const ImportKind& kind,
                           absl::string_view formats_help);

// Checks that the file is not overwritten, and guesses its format unless it is
// said. Errors: INVALID_ARGUMENT, also for a file that looks like one of
// another kind; and as import::GuessFormat.
absl::Status PrepareImport(const ImportKind& kind, ImportFile& file);

// Imports a file that is prepared, and tells what became of it, with the
// products that were `registered` for it. Returns the exit code.
int RunImport(Cli& cli, const ImportKind& kind, const ImportFile& file,
              const std::vector<std::string>& registered = {});

// Adds the command `name` that prints the header of a CSV file to fill in, and
// beside it, on standard error, what to fill in.
void AddTemplateCommand(CLI::App& group, Cli& cli, const std::string& name,
                        const std::string& header, const std::string& help);

}  // namespace chipledger::cli

#endif  // CHIPLEDGER_CLIENT_CLI_IMPORT_COMMAND_H_
