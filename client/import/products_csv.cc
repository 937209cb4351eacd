#include "client/import/products_csv.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/import/differences.h"
#include "client/import/shipment_source.h"
#include "client/import/text.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kChip = "chip";
constexpr absl::string_view kManufacturer = "manufacturer";
constexpr absl::string_view kClassification = "classification";
constexpr absl::string_view kBandwidth = "mem_bw_bytes_s";
constexpr absl::string_view kPublished = "tpp_epoch";
constexpr absl::string_view kComputed = "tpp_check_16_8";
constexpr int kMilliTppScale = 3;
constexpr int64_t kBytesPerMegabyte = 1'000'000;
constexpr int kProductsPerPage = 1'000;

constexpr absl::string_view kEpochSource =
    "Epoch AI, Data on Machine Learning Hardware, epoch.ai/data, CC BY 4.0";
constexpr absl::string_view kMissingSource =
    "Named by an imported shipment; figures not known.";

}  // namespace

absl::StatusOr<std::unique_ptr<ProductsCsv>> ProductsCsv::Open(
    const std::string& path, std::string source) {
  std::unique_ptr<ProductsCsv> products(new ProductsCsv);
  ASSIGN_OR_RETURN(products->table_, CsvTable::Open(path, {{kChip, true},
                                                           {kPublished, true},
                                                           {kComputed},
                                                           {kManufacturer},
                                                           {kClassification},
                                                           {kBandwidth}}));
  products->source_ = source.empty() ? std::string(kEpochSource) : source;
  return products;
}

absl::StatusOr<std::optional<SourceProduct>> ProductsCsv::Next() {
  ASSIGN_OR_RETURN(std::optional<CsvRecord> record, table_->Next());
  if (!record) return std::nullopt;
  SourceProduct result;
  result.problem = record->problem;
  if (result.problem.empty()) {
    result.problem = ReadRecord(*record, result.product);
  }
  result.record = {record->line, std::move(record->raw)};
  return result;
}

std::string ProductsCsv::ReadRecord(const CsvRecord& record,
                                    v1::Product& out) const {
  out.set_product_code(std::string(table_->Field(record, kChip)));
  out.set_manufacturer(std::string(table_->Field(record, kManufacturer)));
  out.set_classification(std::string(table_->Field(record, kClassification)));
  out.set_gpus_per_unit(1);
  out.set_source(source_);
  if (out.product_code().empty()) return "chip is empty";

  const absl::string_view published = table_->Field(record, kPublished);
  const absl::string_view column = published.empty() ? kComputed : kPublished;
  if (const absl::string_view tpp = table_->Field(record, column);
      !tpp.empty()) {
    const auto milli_tpp = RoundHalfUp(tpp, kMilliTppScale);
    if (!milli_tpp) {
      return absl::StrCat(column, " \"", tpp, "\" is no decimal of 0 or more");
    }
    out.set_milli_tpp_per_gpu(*milli_tpp);
    absl::StrAppend(out.mutable_source(), "; TPP from column ", column);
    if (!ParseDecimal(tpp, kMilliTppScale)) {
      absl::StrAppend(out.mutable_source(), ", ", tpp,
                      " rounded to three decimals");
    }
  }
  if (const absl::string_view bandwidth = table_->Field(record, kBandwidth);
      !bandwidth.empty()) {
    const auto bytes = RoundHalfUp(bandwidth, 0);
    if (!bytes) {
      return absl::StrCat(kBandwidth, " \"", bandwidth,
                          "\" is no decimal of 0 or more");
    }
    out.set_memory_bandwidth_mb_s(*bytes / kBytesPerMegabyte);
  }
  return "";
}

absl::StatusOr<std::unique_ptr<ProductRegistrar>> ProductRegistrar::Open(
    client::Client& client, bool dry_run) {
  std::unique_ptr<ProductRegistrar> registrar(
      new ProductRegistrar(client, dry_run));
  v1::ListProductsRequest request;
  request.set_page_size(kProductsPerPage);
  do {
    ASSIGN_OR_RETURN(auto page, client.ListProducts(request));
    for (v1::Product& product : *page.mutable_products()) {
      std::string code = product.product_code();
      registrar->catalog_[std::move(code)] = std::move(product);
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return registrar;
}

absl::StatusOr<ProductRegistrar::Answer> ProductRegistrar::Register(
    const v1::Product& product) {
  Answer answer{.result = Result::kRegistered, .product = product};
  if (const auto found = catalog_.find(product.product_code());
      found != catalog_.end()) {
    answer.product = found->second;
    answer.product.MergeFrom(product);
    answer.product.set_gpus_per_unit(found->second.gpus_per_unit());
    // A source is that of figures: another one alone changes nothing.
    const std::string source =
        std::exchange(*answer.product.mutable_source(), found->second.source());
    answer.differences = DescribeDifferences(found->second, answer.product);
    if (answer.differences.empty()) {
      answer.result = Result::kAlreadyThere;
      return answer;
    }
    answer.result = Result::kChanged;
    answer.product.set_source(source);
  }
  // A random request id: the catalog says whether it is needed, and the same
  // content may be registered again after something else.
  v1::RegisterProductRequest request;
  *request.mutable_command()->mutable_product() = answer.product;
  request.set_validate_only(dry_run_);
  RETURN_IF_ERROR(client_.RegisterProduct(std::move(request)).status());
  catalog_[product.product_code()] = answer.product;
  return answer;
}

absl::StatusOr<std::vector<std::string>> RegisterMissingProducts(
    client::Client& client, CommandSource& source, bool dry_run) {
  ASSIGN_OR_RETURN(const auto registrar,
                   ProductRegistrar::Open(client, dry_run));
  std::vector<std::string> registered;
  while (true) {
    ASSIGN_OR_RETURN(const auto shipment, source.Next());
    if (!shipment) return registered;
    if (!shipment->IsMeant()) continue;
    for (const auto& item : ShipmentIn(shipment->command).items()) {
      if (registrar->Has(item.product_code())) continue;
      v1::Product product;
      product.set_product_code(item.product_code());
      product.set_gpus_per_unit(1);
      product.set_source(std::string(kMissingSource));
      RETURN_IF_ERROR(registrar->Register(product).status());
      registered.push_back(item.product_code());
    }
  }
}

}  // namespace chipledger::import
