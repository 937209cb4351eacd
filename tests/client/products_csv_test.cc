// Goal: a table of chips becomes products with exact figures.
#include "client/import/products_csv.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"

namespace chipledger::import {
namespace {

using ::testing::HasSubstr;

class ProductsCsvTest : public ::testing::Test {
 protected:
  SourceProduct ReadOne(const std::string& row) {
    auto products = ProductsCsv::Open(
        testing::WriteFile(dir_, "chips.csv",
                           absl::StrCat("chip,manufacturer,mem_bw_bytes_s,"
                                        "tpp_epoch,tpp_check_16_8\n",
                                        row, "\n")),
        "");
    EXPECT_TRUE(products.ok()) << products.status();
    return **(*products)->Next();
  }

  testing::TempDir dir_;
};

TEST_F(ProductsCsvTest, TakesThePublishedTpp) {
  const auto row =
      ReadOne("AMD Instinct MI300X,AMD,5300000000000.0,20919.2,20920");
  EXPECT_EQ(row.problem, "");
  EXPECT_EQ(row.product.product_code(), "AMD Instinct MI300X");
  EXPECT_EQ(row.product.manufacturer(), "AMD");
  EXPECT_EQ(row.product.milli_tpp_per_gpu(), 20919200);
  EXPECT_EQ(row.product.memory_bandwidth_mb_s(), 5300000);
  EXPECT_EQ(row.product.gpus_per_unit(), 1);
  EXPECT_THAT(row.product.source(), HasSubstr("tpp_epoch"));
}

TEST_F(ProductsCsvTest, FallsBackToTheComputedTppAndThenToUnknown) {
  EXPECT_EQ(ReadOne("A,,,,14400").product.milli_tpp_per_gpu(), 14400000);
  const auto unknown = ReadOne("B,,,,");
  EXPECT_EQ(unknown.problem, "");
  EXPECT_FALSE(unknown.product.has_milli_tpp_per_gpu());
  EXPECT_FALSE(unknown.product.has_memory_bandwidth_mb_s());
}

TEST_F(ProductsCsvTest, SaysWhenItRounded) {
  const auto row = ReadOne("C,,,19.9072,");
  EXPECT_EQ(row.product.milli_tpp_per_gpu(), 19907);
  EXPECT_THAT(row.product.source(), HasSubstr("19.9072 rounded"));
}

TEST_F(ProductsCsvTest, RejectsFiguresThatAreNone) {
  EXPECT_THAT(ReadOne("D,,,fast,").problem, HasSubstr("fast"));
  EXPECT_THAT(ReadOne("E,,-5,1,").problem, HasSubstr("-5"));
  EXPECT_THAT(ReadOne(",,,1,").problem, HasSubstr("chip"));
}

}  // namespace
}  // namespace chipledger::import
