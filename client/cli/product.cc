// chipledger product: the catalog of what is shipped.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/table.h"
#include "client/cli/terminal.h"
#include "client/errors.h"
#include "client/import/products_csv.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr int kMilliTppScale = 3;

constexpr char kImportHelp[] = R"(Columns, in any order; others are passed over:
  chip            required; becomes the product code
  tpp_epoch       TPP of one GPU as published by Epoch AI
  tpp_check_16_8  TPP of one GPU as 16 x FP16 or 8 x FP8/INT8 rate; taken where
                  tpp_epoch is blank
  manufacturer
  classification  export classification, such as 3A090.a
  mem_bw_bytes_s  DRAM bandwidth of one GPU in bytes a second
A new product with neither TPP is registered with TPP unknown. TPP is kept in
milli-TPP; further decimals are rounded half up. A product that is in the catalog
is changed where the table says otherwise, and keeps what it does not say:
importing the same file again changes nothing. Exit code 2 when a row was
rejected.)";

struct RegisterOptions {
  v1::Product product;
  std::string tpp;
  std::optional<int64_t> bandwidth;
  WriteOptions write;
};

constexpr char kNoClassNote[] =
    "It has no --classification: rules that choose goods by it do not count "
    "it.";

int Register(Cli& cli, const RegisterOptions& options) {
  v1::RegisterProductRequest request;
  SetWriteOptions(options.write, request);
  v1::Product& product = *request.mutable_command()->mutable_product();
  product = options.product;
  if (!options.tpp.empty()) {
    const auto milli_tpp = ParseDecimal(options.tpp, kMilliTppScale);
    if (!milli_tpp) {
      return Fail(cli, absl::InvalidArgumentError(absl::StrCat(
                           "--tpp \"", options.tpp,
                           "\" is no decimal with at most three decimals")));
    }
    product.set_milli_tpp_per_gpu(*milli_tpp);
  }
  if (options.bandwidth) product.set_memory_bandwidth_mb_s(*options.bandwidth);
  const bool has_class = !product.classification().empty();
  return Finish(cli, cli.client().RegisterProduct(request),
                [&](const v1::RegisterProductResponse& response) {
                  PrintWriteResult(response.result());
                  if (!has_class) std::cout << kNoClassNote << "\n";
                });
}

struct ImportOptions {
  std::string file;
  std::string source;
  bool dry_run = false;
};

struct ImportCounts {
  int64_t registered = 0;
  int64_t changed = 0;
  int64_t already_there = 0;
  int64_t without_tpp = 0;
  int64_t without_class = 0;
  int64_t rejected = 0;
};

// Registers one product; a wrong row is told and counted.
absl::Status ImportOne(const Cli& cli, import::ProductRegistrar& registrar,
                       const import::SourceProduct& row, ImportCounts& counts) {
  using Result = import::ProductRegistrar::Result;
  std::string problem = row.problem;
  if (problem.empty()) {
    const auto answer = registrar.Register(row.product);
    if (answer.ok()) {
      if (!answer->product.has_milli_tpp_per_gpu()) ++counts.without_tpp;
      if (answer->product.classification().empty()) ++counts.without_class;
      switch (answer->result) {
        case Result::kRegistered:
          ++counts.registered;
          break;
        case Result::kAlreadyThere:
          ++counts.already_there;
          break;
        case Result::kChanged:
          ++counts.changed;
          if (!cli.json) {
            std::cout << "line " << row.record.line << ": "
                      << OneLine(row.product.product_code()) << " changes, "
                      << OneLine(answer->differences) << "\n";
          }
          break;
      }
      return absl::OkStatus();
    }
    if (answer.status().code() != absl::StatusCode::kInvalidArgument) {
      return answer.status();
    }
    problem = std::string(answer.status().message());
  }
  ++counts.rejected;
  std::cerr << "line " << row.record.line << ": " << OneLine(problem) << "\n";
  return absl::OkStatus();
}

absl::Status ImportAll(Cli& cli, const ImportOptions& options,
                       ImportCounts& counts) {
  ASSIGN_OR_RETURN(const auto products,
                   import::ProductsCsv::Open(options.file, options.source));
  ASSIGN_OR_RETURN(const auto registrar, import::ProductRegistrar::Open(
                                             cli.client(), options.dry_run));
  while (true) {
    ASSIGN_OR_RETURN(const auto row, products->Next());
    if (!row) return absl::OkStatus();
    RETURN_IF_ERROR(ImportOne(cli, *registrar, *row, counts));
  }
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

int Import(Cli& cli, const ImportOptions& options) {
  ImportCounts counts;
  const absl::Status status = ImportAll(cli, options, counts);
  // Also where it ends early: what was registered is.
  if (status.ok() || counts.registered + counts.changed + counts.already_there +
                             counts.rejected >
                         0) {
    PrintCounts(cli, counts, options.dry_run);
  }
  if (!status.ok()) return Fail(cli, status);
  return counts.rejected > 0 ? kBadInput : kDone;
}

struct ListOptions {
  v1::ReadPoint read_point;
};

int List(Cli& cli, const ListOptions& options) {
  v1::ListProductsRequest request;
  *request.mutable_read_point() = options.read_point;
  request.set_page_size(1000);
  Table table(
      {"PRODUCT", "MANUFACTURER", "GPUS/UNIT>", "TPP/GPU>", "CLASS", "SOURCE"});
  const absl::Status status = ForEachPage(
      request,
      [&](const auto& page) { return cli.client().ListProducts(page); },
      [&](const v1::ListProductsResponse& page) {
        for (const v1::Product& product : page.products()) {
          if (cli.json) {
            PrintJson(product);
            continue;
          }
          table.AddRow({product.product_code(), product.manufacturer(),
                        FormatCount(product.gpus_per_unit()),
                        product.has_milli_tpp_per_gpu()
                            ? FormatDecimalForPeople(
                                  product.milli_tpp_per_gpu(), kMilliTppScale)
                            : "unknown",
                        product.classification().empty()
                            ? "-"
                            : product.classification(),
                        product.source()});
        }
        return true;
      });
  if (!status.ok()) return Fail(cli, status);
  if (!cli.json) {
    PrintList(table, "product", false,
              "chipledger product import FILE, or chipledger product register "
              "--help");
  }
  return kDone;
}

void AddRegisterOptions(CLI::App& app, RegisterOptions& options) {
  const auto text = [&](const std::string& name, const std::string& description,
                        std::function<void(const std::string&)> set) {
    return AddText(app, name, description, std::move(set));
  };
  v1::Product& product = options.product;
  text("--code", "the product's code", [&](const std::string& value) {
    product.set_product_code(value);
  })->required();
  app.add_option_function<int64_t>(
         "--gpus-per-unit",
         [&](int64_t value) { product.set_gpus_per_unit(value); },
         "GPUs in one unit; 72 for an NVL72 rack")
      ->required();
  text("--source", "where the figures come from",
       [&](const std::string& value) { product.set_source(value); })
      ->required();
  app.add_option("--tpp", options.tpp,
                 "TPP of one GPU, such as 20919.2 (default: unknown)");
  text("--title", "name for people",
       [&](const std::string& value) { product.set_title(value); });
  text("--effective-from",
       "first date of facts that this revision applies to (default: always)",
       [&](const std::string& value) { product.set_effective_from(value); });
  text("--manufacturer", "who makes it",
       [&](const std::string& value) { product.set_manufacturer(value); });
  text("--classification", "export classification, such as 3A090.a",
       [&](const std::string& value) { product.set_classification(value); });
  app.add_option("--memory-bandwidth", options.bandwidth,
                 "DRAM bandwidth of one GPU in MB/s");
  AddWriteOptions(app, options.write);
}

}  // namespace

void AddProductCommands(CLI::App& app, Cli& cli) {
  CLI::App* group =
      app.add_subcommand("product", "the catalog of what is shipped");
  group->require_subcommand(1);
  AddCommand<RegisterOptions>(
      *group, cli, "register",
      "register a product, or a new revision for facts recorded from now on",
      AddRegisterOptions, Register);
  AddCommand<ImportOptions>(
      *group, cli, "import", "register the products of a table of chips",
      [](CLI::App& sub, ImportOptions& options) {
        sub.footer(kImportHelp);
        sub.add_option("FILE", options.file, "CSV file")->required();
        sub.add_option("--source", options.source,
                       "where the figures come from (default: Epoch AI's "
                       "public data)");
        sub.add_flag("--dry-run", options.dry_run,
                     "ask what would be answered, and record nothing");
      },
      Import);
  AddCommand<ListOptions>(
      *group, cli, "list", "list products",
      [](CLI::App& sub, ListOptions& options) {
        AddReadOptions(sub, options.read_point);
      },
      List);
}

}  // namespace chipledger::cli
