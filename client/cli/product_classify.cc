#include "client/cli/product_classify.h"

#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/catalog/catalog_file.h"
#include "client/catalog/class_table.h"
#include "client/catalog/classify.h"
#include "client/catalog/tpp.h"
#include "client/cli/class_text.h"
#include "client/cli/terminal.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/base/near.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

constexpr char kHelp[] =
    R"(Prints the arithmetic: TOPS x bits of each rate, the highest as the TPP, TPP
by die area as the performance density, and each line of --classes with whether
it is met and why. What depends on a figure that is not known cannot be told.
  chipledger product classify --rate 1979x8 --die-area 814 --classes FILE
  chipledger product classify 'L4' --catalog FILE --classes FILE
  chipledger product classify --catalog FILE --classes FILE
The last one looks at every product of a catalog and exits with 1 where one
states a class that its figures do not give, with 2 where one is wrong. The
sources of chipledger hold ledger/policies/catalog/classes-3a090.textproto and
products.textproto beside it.)";

struct Options {
  std::string code;
  std::string catalog;
  std::string classes;
  std::vector<std::string> rates;
  std::vector<std::string> sparse_rates;
  std::string tpp;
  std::string die_area;
  bool not_for_data_centers = false;
  bool assembly = false;

  bool HasFigures() const {
    return !rates.empty() || !sparse_rates.empty() || !tpp.empty() ||
           !die_area.empty() || not_for_data_centers || assembly;
  }
};

absl::Status AddRates(const std::vector<std::string>& texts,
                      absl::string_view option, bool sparse,
                      v1::CatalogProduct& product) {
  for (const std::string& text : texts) {
    auto rate = catalog::ParseRate(text, sparse);
    if (!rate.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat(option, ": ", rate.status().message()));
    }
    *product.add_rates() = *std::move(rate);
  }
  return absl::OkStatus();
}

// The figures of the options as a product.
absl::StatusOr<v1::CatalogProduct> ProductOf(const Options& options) {
  v1::CatalogProduct product;
  RETURN_IF_ERROR(AddRates(options.rates, "--rate", false, product));
  RETURN_IF_ERROR(
      AddRates(options.sparse_rates, "--sparse-rate", true, product));
  if (!options.tpp.empty()) {
    const auto milli_tpp = ParseDecimal(options.tpp, catalog::kScale);
    if (!milli_tpp || *milli_tpp < 0 ||
        *milli_tpp > limits::kMaxMilliTppPerGpu) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--tpp \"", options.tpp, "\" is no decimal of 0 to ",
          FormatDecimalForPeople(limits::kMaxMilliTppPerGpu, catalog::kScale),
          " with at most three decimals"));
    }
    product.mutable_product()->set_milli_tpp_per_gpu(*milli_tpp);
  }
  if (!options.die_area.empty() && !catalog::ParseArea(options.die_area)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--die-area \"", options.die_area,
        "\" is no decimal of 1 to 1,000,000 with at most three decimals"));
  }
  product.set_die_area_mm2(options.die_area);
  product.set_not_for_data_centers(options.not_for_data_centers);
  product.set_assembly(options.assembly);
  return product;
}

int ClassifyFigures(Cli& cli, const Options& options,
                    const v1::ClassTable& table) {
  if (options.rates.empty() && options.sparse_rates.empty() &&
      options.tpp.empty()) {
    return Fail(cli, absl::InvalidArgumentError(
                         "nothing to classify: give --rate, --sparse-rate or "
                         "--tpp, or --catalog with the products of a file"));
  }
  const auto product = ProductOf(options);
  if (!product.ok()) return Fail(cli, product.status());
  const v1::ClassReport report = catalog::ClassifyProduct(*product, table);
  if (cli.json) {
    PrintJson(report);
  } else {
    std::cout << ClassReportText(report);
  }
  return kDone;
}

absl::Status UnknownProduct(const Options& options,
                            const v1::CatalogFile& file) {
  std::vector<std::string> codes;
  for (const v1::CatalogProduct& one : file.products()) {
    codes.push_back(one.product().product_code());
  }
  return absl::NotFoundError(absl::StrCat(options.catalog, " has no product \"",
                                          options.code, "\"",
                                          DidYouMean(options.code, codes)));
}

// The products of the file that are asked for, by index.
absl::StatusOr<std::vector<int>> ChosenProducts(
    const Options& options, const catalog::CatalogText& text) {
  std::vector<int> chosen;
  if (!options.code.empty()) {
    chosen.push_back(text.Find(options.code));
    if (chosen.front() < 0) return UnknownProduct(options, text.file());
    return chosen;
  }
  for (int i = 0; i < text.file().products_size(); ++i) chosen.push_back(i);
  return chosen;
}

void PrintReports(const Cli& cli, const Options& options,
                  const std::vector<v1::ClassReport>& reports) {
  if (cli.json) {
    for (const v1::ClassReport& report : reports) PrintJson(report);
  } else if (!options.code.empty() && !reports.empty()) {
    std::cout << ClassReportText(reports.front());
  } else if (!reports.empty()) {
    std::cout << ClassReportsTable(reports);
  }
}

int ClassifyCatalog(Cli& cli, const Options& options,
                    const v1::ClassTable& table) {
  const auto text = catalog::CatalogText::Read(options.catalog);
  if (!text.ok()) return Fail(cli, text.status());
  const auto chosen = ChosenProducts(options, *text);
  if (!chosen.ok()) return Fail(cli, chosen.status());
  std::vector<v1::ClassReport> reports;
  // Each with its place, in the order of the file.
  std::vector<std::string> problems;
  int code = kDone;
  for (const int i : *chosen) {
    if (const auto wrong = text->Problems(i); !wrong.empty()) {
      problems.insert(problems.end(), wrong.begin(), wrong.end());
      code = kBadInput;
      continue;
    }
    const v1::CatalogProduct& one = text->file().products(i);
    reports.push_back(catalog::ClassifyProduct(one, table));
    if (const std::string problem =
            catalog::ProblemOfStatedClass(one, reports.back());
        !problem.empty()) {
      reports.back().add_problems(problem);
      problems.push_back(absl::StrCat(text->Place(i, "product.classification"),
                                      ": ", one.product().product_code(), ": ",
                                      problem));
      if (code == kDone) code = kRefused;
    }
  }
  PrintReports(cli, options, reports);
  for (const std::string& problem : problems) {
    std::cerr << OneLine(problem) << "\n";
  }
  return code;
}

int Classify(Cli& cli, const Options& options) {
  if (!options.catalog.empty() && options.HasFigures()) {
    return Fail(cli, absl::InvalidArgumentError(
                         "--catalog says the figures of its products: give "
                         "either it or figures"));
  }
  if (options.catalog.empty() && !options.code.empty()) {
    return Fail(cli, absl::InvalidArgumentError(absl::StrCat(
                         "which catalog says the figures of \"", options.code,
                         "\"? Name it with --catalog FILE")));
  }
  const auto table = catalog::ReadClassTable(options.classes);
  if (!table.ok()) return Fail(cli, table.status());
  return options.catalog.empty() ? ClassifyFigures(cli, options, *table)
                                 : ClassifyCatalog(cli, options, *table);
}

void AddOptions(CLI::App& sub, Options& options) {
  sub.footer(kHelp);
  sub.add_option("CODE", options.code,
                 "a product of --catalog (default: all of them)");
  sub.add_option("--catalog", options.catalog,
                 "a chipledger.v1.CatalogFile as .textproto");
  sub.add_option("--classes", options.classes,
                 "the lines to test: a chipledger.v1.ClassTable as .textproto, "
                 "such as classes-3a090.textproto")
      ->required();
  CLI::Option* rate =
      sub.add_option("--rate", options.rates,
                     "TOPSxBITS, a dense rate of one GPU such as 1979x8; may "
                     "be given several times")
          ->allow_extra_args(false);
  CLI::Option* sparse =
      sub.add_option("--sparse-rate", options.sparse_rates,
                     "the same of a rate that is stated with sparsity: half of "
                     "it counts")
          ->allow_extra_args(false);
  sub.add_option("--tpp", options.tpp, "TPP of one GPU, in place of rates")
      ->excludes(rate)
      ->excludes(sparse);
  sub.add_option("--die-area", options.die_area,
                 "applicable die area of one GPU in mm2 (default: unknown)");
  sub.add_flag("--not-for-data-centers", options.not_for_data_centers,
               "it is neither designed nor marketed for data centers");
  sub.add_flag("--assembly", options.assembly,
               "it is a computer or assembly that contains such chips");
}

}  // namespace

void AddProductClassifyCommand(CLI::App& product, Cli& cli) {
  AddCommand<Options>(
      product, cli, "classify",
      "derive the class of a product from TPP, density and end use; needs no "
      "server",
      AddOptions, Classify);
}

}  // namespace chipledger::cli
