// chipledger product: the catalog of what is shipped.
#include <iostream>

#include "absl/strings/str_cat.h"
#include "client/cli/cli.h"
#include "client/cli/print.h"
#include "client/cli/product_classify.h"
#include "client/cli/product_import.h"
#include "client/cli/table.h"
#include "ledger/base/decimal.h"

namespace chipledger::cli {
namespace {

constexpr int kMilliTppScale = 3;

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
  AddProductImportCommand(*group, cli);
  AddProductClassifyCommand(*group, cli);
  AddCommand<ListOptions>(
      *group, cli, "list", "list products",
      [](CLI::App& sub, ListOptions& options) {
        AddReadOptions(sub, options.read_point);
      },
      List);
}

}  // namespace chipledger::cli
