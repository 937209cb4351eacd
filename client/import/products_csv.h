// Products from a table of chips as CSV. The columns, in any order; others are
// passed over:
//
//   chip             required; becomes the product code
//   tpp_epoch        TPP of one GPU as published by Epoch AI
//   tpp_check_16_8   TPP of one GPU as 16 x FP16 or 8 x FP8/INT8 rate; taken
//                    where tpp_epoch is blank
//   manufacturer
//   classification   export classification, such as 3A090.a
//   mem_bw_bytes_s   DRAM bandwidth of one GPU in bytes a second, kept in whole
//                    MB/s, rounded down
//
// A row with neither TPP is a product whose TPP is unknown. TPP is kept in
// milli-TPP; more than three decimals are rounded half up, and the product's
// source then says so. A unit is one GPU.
#ifndef CHIPLEDGER_CLIENT_IMPORT_PRODUCTS_CSV_H_
#define CHIPLEDGER_CLIENT_IMPORT_PRODUCTS_CSV_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/catalog.pb.h"
#include "client/client.h"
#include "client/import/command_source.h"
#include "client/import/csv_reader.h"

namespace chipledger::import {

// What a record of the file says.
struct SourceProduct {
  SourceRecord record;
  // The product, when there is no problem.
  v1::Product product;
  // Bad input: what is wrong, with the value.
  std::string problem;
};

// ProductsCsv reads products in the order of the file.
//
// Thread-safety: thread-compatible.
class ProductsCsv {
 public:
  // `source` says where the figures come from; empty: Epoch AI's public data.
  // Errors: as CsvTable::Open.
  static absl::StatusOr<std::unique_ptr<ProductsCsv>> Open(
      const std::string& path, std::string source);

  // Returns the next product, or nothing at the end.
  // Errors: the file cannot be read further.
  absl::StatusOr<std::optional<SourceProduct>> Next();

 private:
  ProductsCsv() = default;
  std::string ReadRecord(const CsvRecord& record, v1::Product& out) const;

  std::unique_ptr<CsvTable> table_;
  std::string source_;
};

// ProductRegistrar registers products so that the catalog says what they say.
// Each is compared with the catalog as it was at the start and as this has
// changed it since, so that what is there is not registered again, and what was
// changed back is. An import that was cut off is so resumed by running it
// again.
//
// Thread-safety: thread-compatible.
class ProductRegistrar {
 public:
  enum class Result { kAlreadyThere, kRegistered, kChanged };
  struct Answer {
    Result result;
    // Of what was changed.
    std::string differences;
    // The product as it stands in the catalog afterwards.
    v1::Product product;
  };

  // Reads the catalog. With `dry_run` nothing is registered, and the catalog is
  // followed as if it were. `client` must outlive the registrar.
  // Errors: as Client::ListProducts.
  static absl::StatusOr<std::unique_ptr<ProductRegistrar>> Open(
      client::Client& client, bool dry_run);

  bool Has(absl::string_view product_code) const {
    return catalog_.contains(product_code);
  }

  // Registers the product, or a new revision of it, unless the catalog says the
  // same, whatever its source. What it leaves unset stays as it is, and so do
  // the GPUs in a unit of a product that is there.
  // Errors: as Client::RegisterProduct.
  absl::StatusOr<Answer> Register(const v1::Product& product);

 private:
  ProductRegistrar(client::Client& client, bool dry_run)
      : client_(client), dry_run_(dry_run) {}

  client::Client& client_;
  const bool dry_run_;
  absl::flat_hash_map<std::string, v1::Product> catalog_;
};

// Registers every product that the source's shipments name and the ledger
// lacks, as one GPU a unit with TPP unknown. Reads the source to its end.
// Returns the product codes registered, in the order first named.
// Errors: as CommandSource::Next and the client.
absl::StatusOr<std::vector<std::string>> RegisterMissingProducts(
    client::Client& client, CommandSource& source, bool dry_run);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_PRODUCTS_CSV_H_
