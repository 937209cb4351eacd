#include "client/catalog/catalog_file.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/catalog/tpp.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"

namespace chipledger::catalog {
namespace {

using Violations = std::vector<FieldViolation>;

void CheckRates(const v1::CatalogProduct& one, Violations& wrong) {
  for (int i = 0; i < one.rates_size(); ++i) {
    const v1::Rate& rate = one.rates(i);
    const std::string path = absl::StrCat("rates[", i, "]");
    if (const auto tpp = MilliTppOf(rate); !tpp.ok()) {
      wrong.push_back({path, std::string(tpp.status().message())});
    }
    if (rate.source().empty()) {
      wrong.push_back({path + ".source", "is required"});
    }
  }
}

// Requires: the rates are right.
void CheckStatedTpp(const v1::CatalogProduct& one, Violations& wrong) {
  if (!one.product().has_milli_tpp_per_gpu() || one.rates().empty()) return;
  const int64_t derived = **HighestMilliTpp(one.rates());
  const int64_t stated = one.product().milli_tpp_per_gpu();
  if (stated == derived) return;
  wrong.push_back(
      {"product.milli_tpp_per_gpu",
       absl::StrCat(stated, " (TPP ", FormatDecimalForPeople(stated, kScale),
                    ") is not what the rates give, ", derived, " (TPP ",
                    FormatDecimalForPeople(derived, kScale),
                    "); leave it out, or correct the rates or this")});
}

void CheckArea(const v1::CatalogProduct& one, Violations& wrong) {
  if (one.die_area_mm2().empty()) return;
  if (!ParseArea(one.die_area_mm2())) {
    wrong.push_back(
        {"die_area_mm2",
         absl::StrCat("\"", one.die_area_mm2(),
                      "\" is no decimal of 1 to 1,000,000 with at most three "
                      "decimals")});
  }
  if (one.die_area_source().empty()) {
    wrong.push_back({"die_area_source", "is required with die_area_mm2"});
  }
}

std::string SourceOf(const v1::CatalogProduct& one) {
  std::vector<std::string> parts;
  for (const v1::Rate& rate : one.rates()) {
    parts.push_back(absl::StrCat(RateText(rate), ": ", rate.source()));
  }
  if (!one.note().empty()) parts.push_back(one.note());
  return absl::StrJoin(parts, "; ");
}

}  // namespace

Violations CheckCatalogProduct(const v1::CatalogProduct& one) {
  Violations wrong;
  const v1::Product& product = one.product();
  if (product.product_code().empty()) {
    wrong.push_back({"product.product_code", "is required"});
  }
  CheckRates(one, wrong);
  if (wrong.empty()) CheckStatedTpp(one, wrong);
  CheckArea(one, wrong);
  if (one.rates().empty() && product.source().empty() && one.note().empty()) {
    wrong.push_back(
        {"product.source",
         "is required without rates; or say in the note why there are none"});
  }
  return wrong;
}

v1::Product RegisteredProduct(const v1::CatalogProduct& one) {
  v1::Product product = one.product();
  if (!one.rates().empty()) {
    product.set_milli_tpp_per_gpu(**HighestMilliTpp(one.rates()));
  }
  if (product.source().empty()) product.set_source(SourceOf(one));
  return product;
}

Figures FiguresOf(const v1::CatalogProduct& one) {
  const v1::Product product = RegisteredProduct(one);
  Figures figures;
  if (product.has_milli_tpp_per_gpu()) {
    figures.milli_tpp = product.milli_tpp_per_gpu();
  }
  figures.milli_area = ParseArea(one.die_area_mm2());
  figures.not_for_data_centers = one.not_for_data_centers();
  figures.assembly = one.assembly();
  return figures;
}

v1::ClassReport ClassifyProduct(const v1::CatalogProduct& one,
                                const v1::ClassTable& table) {
  v1::ClassReport report = Classify(FiguresOf(one), table);
  report.set_product_code(one.product().product_code());
  for (const v1::Rate& rate : one.rates()) {
    v1::ClassReport::RateTpp& tpp = *report.add_rates();
    *tpp.mutable_rate() = rate;
    tpp.set_tpp(FormatDecimal(*MilliTppOf(rate), kScale));
  }
  report.set_stated_classification(one.product().classification());
  report.set_note(one.note());
  return report;
}

std::string ProblemOfStatedClass(const v1::CatalogProduct& one,
                                 const v1::ClassReport& report) {
  const std::string& stated = one.product().classification();
  if (report.classified() != v1::ClassReport::ANSWER_UNKNOWN) {
    const std::string& derived = report.classification();
    if (stated == derived) return "";
    return absl::StrCat("the figures give ",
                        derived.empty() ? "no class" : derived, ", not ",
                        stated.empty() ? "none" : stated);
  }
  if (stated.empty()) return "";
  if (!absl::c_linear_search(report.possible_classifications(), stated)) {
    return absl::StrCat("the figures leave ", PossibleText(report),
                        " possible, not ", stated);
  }
  if (one.note().empty()) {
    return absl::StrCat("the figures do not give ", stated,
                        "; say in the note what does");
  }
  return "";
}

absl::StatusOr<CatalogText> CatalogText::Read(const std::string& path) {
  CatalogText text;
  text.path_ = path;
  RETURN_IF_ERROR(scenarios::ReadTextFile(path, text.file_, &text.places_));
  return text;
}

int CatalogText::Find(absl::string_view product_code) const {
  for (int i = 0; i < file_.products_size(); ++i) {
    if (file_.products(i).product().product_code() == product_code) return i;
  }
  return -1;
}

std::string CatalogText::Place(int index, absl::string_view field) const {
  return scenarios::FormatPlace(
      path_, places_.Find(*v1::CatalogFile::descriptor(),
                          absl::StrCat("products[", index, "]",
                                       field.empty() ? "" : ".", field)));
}

std::vector<std::string> CatalogText::Problems(int index) const {
  const v1::CatalogProduct& one = file_.products(index);
  std::vector<FieldViolation> wrong = CheckCatalogProduct(one);
  const std::string& code = one.product().product_code();
  if (const int first = Find(code); !code.empty() && first < index) {
    wrong.push_back(
        {"product.product_code",
         absl::StrCat("\"", code, "\" stands at ", Place(first), " already")});
  }
  std::vector<std::string> problems;
  for (const FieldViolation& violation : wrong) {
    problems.push_back(absl::StrCat(Place(index, violation.field), ": ",
                                    violation.field, ": ",
                                    violation.description));
  }
  return problems;
}

}  // namespace chipledger::catalog
