// Catalogs as files.
#ifndef CHIPLEDGER_CLIENT_CATALOG_CATALOG_FILE_H_
#define CHIPLEDGER_CLIENT_CATALOG_CATALOG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/catalog.pb.h"
#include "chipledger/v1/catalog_file.pb.h"
#include "client/catalog/classify.h"
#include "ledger/base/error.h"
#include "ledger/scenario/text_file.h"

namespace chipledger::catalog {

// What is wrong with a product of a file by itself, by paths from it such as
// "rates[0].source". What the ledger checks of a product is left to it.
std::vector<FieldViolation> CheckCatalogProduct(const v1::CatalogProduct& one);

// The product as it is registered: with the TPP of its rates, and a source that
// says what it rests on. Requires: CheckCatalogProduct finds nothing wrong.
v1::Product RegisteredProduct(const v1::CatalogProduct& one);

// What classifies it. Requires: CheckCatalogProduct finds nothing wrong.
Figures FiguresOf(const v1::CatalogProduct& one);

// Classifies a product, with the arithmetic of its rates.
// Requires: CheckCatalogProduct and CheckClassTable find nothing wrong.
v1::ClassReport ClassifyProduct(const v1::CatalogProduct& one,
                                const v1::ClassTable& table);

// What is wrong with the classification that a product states, given its
// report; empty when nothing is. It must be the one that the figures give, or
// one that they leave possible and that a note gives a reason for.
std::string ProblemOfStatedClass(const v1::CatalogProduct& one,
                                 const v1::ClassReport& report);

// A catalog and where its products stand.
//
// Thread-safety: thread-compatible.
class CatalogText {
 public:
  // Reads a file; "-" is standard input.
  // Errors: as scenarios::ReadTextFile; what is wrong with single products is
  // for Problems.
  static absl::StatusOr<CatalogText> Read(const std::string& path);

  const v1::CatalogFile& file() const { return file_; }

  // The index of a product by its code; -1 when it is not there.
  int Find(absl::string_view product_code) const;

  // "FILE:LINE:COLUMN" of a product, or of a field in it.
  std::string Place(int index, absl::string_view field = "") const;

  // What is wrong with a product, each as "FILE:LINE:COLUMN: FIELD: what is
  // wrong": CheckCatalogProduct, and a code that stands further up, too.
  std::vector<std::string> Problems(int index) const;

 private:
  std::string path_;
  v1::CatalogFile file_;
  scenarios::TextPlaces places_;
};

}  // namespace chipledger::catalog

#endif  // CHIPLEDGER_CLIENT_CATALOG_CATALOG_FILE_H_
