#include "client/cli/product_import.h"

#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/catalog/catalog_file.h"
#include "client/cli/print.h"
#include "client/cli/terminal.h"
#include "client/import/products_csv.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr char kCsv[] = "csv";
constexpr char kCatalog[] = "catalog";

constexpr char kHelp[] = R"(Formats, by the file's name unless --format says it:
  catalog   a chipledger.v1.CatalogFile, *.textproto: products with the rates,
            die area and notes that their figures rest on, such as
            ledger/policies/catalog/products.textproto of chipledger's sources.
            The TPP is the highest of TOPS x bits; without rates it is unknown
  csv       a table of chips; all other names
Columns of a table, in any order; others are passed over:
  chip            required; becomes the product code
  tpp_epoch       TPP of one GPU as published by Epoch AI
  tpp_check_16_8  TPP of one GPU as 16 x FP16 or 8 x FP8/INT8 rate; taken where
                  tpp_epoch is blank
  manufacturer
  classification  export classification, such as 3A090.a
  mem_bw_bytes_s  DRAM bandwidth of one GPU in bytes a second
A new product with neither TPP is registered with TPP unknown. TPP is kept in
milli-TPP; further decimals are rounded half up. A product that is in the catalog
is changed where the file says otherwise, and keeps what it does not say:
importing the same file again changes nothing. Exit code 2 when a product was
rejected.)";

struct ImportOptions {
  std::string file;
  std::string format;
  std::string source;
  bool dry_run = false;
};

// A product of a file.
struct Row {
  // Where it stands, such as "line 5".
  std::string place;
  v1::Product product;
  // What is wrong with it, each with its place; then it is not registered.
  std::vector<std::string> problems;
};

struct ImportCounts {
  int64_t registered = 0;
  int64_t changed = 0;
  int64_t already_there = 0;
  int64_t without_tpp = 0;
  int64_t without_class = 0;
  int64_t rejected = 0;
};

void CountAnswer(const Cli& cli, const Row& row,
                 const import::ProductRegistrar::Answer& answer,
                 ImportCounts& counts) {
  using Result = import::ProductRegistrar::Result;
  if (!answer.product.has_milli_tpp_per_gpu()) ++counts.without_tpp;
  if (answer.product.classification().empty()) ++counts.without_class;
  switch (answer.result) {
    case Result::kRegistered:
      ++counts.registered;
      break;
    case Result::kAlreadyThere:
      ++counts.already_there;
      break;
    case Result::kChanged:
      ++counts.changed;
      if (!cli.json) {
        std::cout << OneLine(row.place) << ": "
                  << OneLine(row.product.product_code()) << " changes, "
                  << OneLine(answer.differences) << "\n";
      }
      break;
  }
}

// Registers one product; a wrong one is told and counted.
absl::Status ImportOne(const Cli& cli, import::ProductRegistrar& registrar,
                       Row row, ImportCounts& counts) {
  if (row.problems.empty()) {
    const auto answer = registrar.Register(row.product);
    if (answer.ok()) {
      CountAnswer(cli, row, *answer, counts);
      return absl::OkStatus();
    }
    if (answer.status().code() != absl::StatusCode::kInvalidArgument) {
      return answer.status();
    }
    row.problems.push_back(
        absl::StrCat(row.place, ": ", answer.status().message()));
  }
  ++counts.rejected;
  for (const std::string& problem : row.problems) {
    std::cerr << OneLine(problem) << "\n";
  }
  return absl::OkStatus();
}

absl::Status ImportCsv(Cli& cli, const ImportOptions& options,
                       ImportCounts& counts) {
  ASSIGN_OR_RETURN(const auto products,
                   import::ProductsCsv::Open(options.file, options.source));
  ASSIGN_OR_RETURN(const auto registrar, import::ProductRegistrar::Open(
                                             cli.client(), options.dry_run));
  while (true) {
    ASSIGN_OR_RETURN(const auto record, products->Next());
    if (!record) return absl::OkStatus();
    Row row{.place = absl::StrCat("line ", record->record.line),
            .product = record->product};
    if (!record->problem.empty()) {
      row.problems.push_back(absl::StrCat(row.place, ": ", record->problem));
    }
    RETURN_IF_ERROR(ImportOne(cli, *registrar, std::move(row), counts));
  }
}

absl::Status ImportCatalog(Cli& cli, const ImportOptions& options,
                           ImportCounts& counts) {
  if (!options.source.empty()) {
    return absl::InvalidArgumentError(
        "--source is for a table; the products of a catalog say where their "
        "figures come from");
  }
  ASSIGN_OR_RETURN(const auto text, catalog::CatalogText::Read(options.file));
  ASSIGN_OR_RETURN(const auto registrar, import::ProductRegistrar::Open(
                                             cli.client(), options.dry_run));
  for (int i = 0; i < text.file().products_size(); ++i) {
    Row row{.place = text.Place(i), .problems = text.Problems(i)};
    if (row.problems.empty()) {
      row.product = catalog::RegisteredProduct(text.file().products(i));
    }
    RETURN_IF_ERROR(ImportOne(cli, *registrar, std::move(row), counts));
  }
  return absl::OkStatus();
}

void PrintCounts(const Cli& cli, const ImportCounts& counts, bool dry_run) {
  if (cli.json) {
    std::cout << absl::StrCat(
        "{\"registered\":", counts.registered, ",\"changed\":", counts.changed,
        ",\"alreadyThere\":", counts.already_there,
        ",\"withoutTpp\":", counts.without_tpp,
        ",\"withoutClassification\":", counts.without_class,
        ",\"rejected\":", counts.rejected, "}\n");
    return;
  }
  std::cout << (dry_run ? "Would be registered: " : "Registered: ")
            << FormatCount(counts.registered)
            << (dry_run ? "\nWould be changed: " : "\nChanged: ")
            << FormatCount(counts.changed)
            << "\nAlready there: " << FormatCount(counts.already_there)
            << "\nOf these with TPP unknown: "
            << FormatCount(counts.without_tpp)
            << "\nOf these without a classification: "
            << FormatCount(counts.without_class)
            << "\nRejected as bad input: " << FormatCount(counts.rejected)
            << "\n";
}

bool IsCatalog(const ImportOptions& options) {
  if (!options.format.empty()) return options.format == kCatalog;
  return absl::EndsWith(options.file, ".textproto");
}

int Import(Cli& cli, const ImportOptions& options) {
  ImportCounts counts;
  const absl::Status status = IsCatalog(options)
                                  ? ImportCatalog(cli, options, counts)
                                  : ImportCsv(cli, options, counts);
  // Also where it ends early: what was registered is.
  if (status.ok() || counts.registered + counts.changed + counts.already_there +
                             counts.rejected >
                         0) {
    PrintCounts(cli, counts, options.dry_run);
  }
  if (!status.ok()) return Fail(cli, status);
  return counts.rejected > 0 ? kBadInput : kDone;
}

}  // namespace

void AddProductImportCommand(CLI::App& product, Cli& cli) {
  AddCommand<ImportOptions>(
      product, cli, "import",
      "register the products of a catalog file or a table of chips",
      [](CLI::App& sub, ImportOptions& options) {
        sub.footer(kHelp);
        sub.add_option("FILE", options.file, "the file")->required();
        sub.add_option("--format", options.format,
                       "csv or catalog (default: by the file's name)")
            ->check(CLI::IsMember(std::vector<std::string>{kCsv, kCatalog}));
        sub.add_option("--source", options.source,
                       "where the figures of a table come from (default: Epoch "
                       "AI's public data)");
        sub.add_flag("--dry-run", options.dry_run,
                     "ask what would be answered, and record nothing");
      },
      Import);
}

}  // namespace chipledger::cli
