// Goal: a catalog's products are registered with the TPP that their rates give,
// what is wrong is named with its place, and the shipped catalog states the
// classes that its figures give. Method: a file that is right, changed in one
// place at a time; every product of the shipped one.
#include "client/catalog/catalog_file.h"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "client/catalog/class_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ledger/scenario/policy_file.h"
#include "tests/client/files.h"

namespace chipledger::catalog {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kPolicies[] = CHIPLEDGER_SOURCE_DIR "/ledger/policies";
constexpr char kFile[] = R"(products {
  product {
    product_code: "A" gpus_per_unit: 1
    milli_tpp_per_gpu: 15832000 classification: "3A090.a"
  }
  rates { tops: "989.5" bits: 16 source: "sheet" }
  rates { tops: "1979" bits: 8 source: "sheet" }
  die_area_mm2: "814"
  die_area_source: "paper"
}
products {
  product { product_code: "B" gpus_per_unit: 1 }
  note: "Nothing is published."
}
)";

class CatalogFileTest : public ::testing::Test {
 protected:
  CatalogText Read(const std::string& from = "", const std::string& to = "") {
    const std::string text =
        from.empty() ? kFile : absl::StrReplaceAll(kFile, {{from, to}});
    EXPECT_TRUE(from.empty() || text != kFile);
    auto read =
        CatalogText::Read(testing::WriteFile(dir_, "c.textproto", text));
    EXPECT_TRUE(read.ok()) << read.status();
    return *read;
  }

  // The only problem of the first product.
  std::string Problem(const std::string& from, const std::string& to) {
    const auto problems = Read(from, to).Problems(0);
    EXPECT_EQ(problems.size(), 1u) << from;
    return problems.empty() ? "" : problems.front();
  }

  testing::TempDir dir_;
};

v1::ClassTable ShippedTable() {
  return *ReadClassTable(
      absl::StrCat(kPolicies, "/catalog/classes-3a090.textproto"));
}

CatalogText ShippedCatalog() {
  return *CatalogText::Read(
      absl::StrCat(kPolicies, "/catalog/products.textproto"));
}

TEST_F(CatalogFileTest, RegistersTheTppOfTheRatesAndWhatItRestsOn) {
  const CatalogText text = Read("    milli_tpp_per_gpu: 15832000", "");
  EXPECT_THAT(text.Problems(0), IsEmpty());
  const v1::Product known = RegisteredProduct(text.file().products(0));
  EXPECT_EQ(known.milli_tpp_per_gpu(), 15'832'000);
  EXPECT_EQ(known.source(),
            "989.5 TOPS x 16 bits: sheet; 1,979 TOPS x 8 bits: sheet");
  const v1::Product unknown = RegisteredProduct(text.file().products(1));
  EXPECT_FALSE(unknown.has_milli_tpp_per_gpu());
  EXPECT_EQ(unknown.source(), "Nothing is published.");
}

TEST_F(CatalogFileTest, AStatedTppMustBeThatOfTheRates) {
  EXPECT_THAT(Read().Problems(0), IsEmpty());
  EXPECT_THAT(
      Problem("15832000", "15825000"),
      AllOf(HasSubstr("c.textproto:4:5: product.milli_tpp_per_gpu: 15825000"),
            HasSubstr("15832000 (TPP 15,832)")));
}

TEST_F(CatalogFileTest, NamesWhatIsWrongWithItsPlace) {
  EXPECT_THAT(Problem("\"1979\"", "\"fast\""),
              HasSubstr("c.textproto:7:3: rates[1]: tops \"fast\""));
  EXPECT_THAT(Problem("bits: 8", "bits: 0"), HasSubstr("bits 0"));
  EXPECT_THAT(Problem(" bits: 8 source: \"sheet\"", " bits: 8"),
              HasSubstr("rates[1].source: is required"));
  EXPECT_THAT(Problem("\"814\"", "\"0\""),
              HasSubstr("c.textproto:8:3: die_area_mm2: \"0\""));
  EXPECT_THAT(Problem("  die_area_source: \"paper\"\n", ""),
              HasSubstr("die_area_source: is required"));
  EXPECT_THAT(Problem("product_code: \"A\"", ""),
              HasSubstr("product.product_code: is required"));
  EXPECT_THAT(
      Read("  note: \"Nothing is published.\"\n", "").Problems(1),
      ElementsAre(HasSubstr("product.source: is required without rates")));
  EXPECT_THAT(
      Read("\"B\"", "\"A\"").Problems(1),
      ElementsAre(AllOf(HasSubstr("c.textproto:12:13: product.product_code"),
                        HasSubstr("stands at"), HasSubstr("c.textproto:1:1"))));
}

TEST_F(CatalogFileTest, AStatedClassMustBeThatOfTheFigures) {
  const v1::ClassTable table = ShippedTable();
  const auto problem = [&](const CatalogText& text, int index) {
    const v1::CatalogProduct& one = text.file().products(index);
    return ProblemOfStatedClass(one, ClassifyProduct(one, table));
  };
  EXPECT_EQ(problem(Read(), 0), "");
  EXPECT_EQ(problem(Read("3A090.a", "3A090.b"), 0),
            "the figures give 3A090.a, not 3A090.b");
  EXPECT_EQ(problem(Read(" classification: \"3A090.a\"", ""), 0),
            "the figures give 3A090.a, not none");
  // Where the figures do not tell, a note must.
  EXPECT_EQ(problem(Read(), 1), "");
  const auto stated = [](const std::string& what) {
    return "gpus_per_unit: 1 classification: \"" + what + "\" }";
  };
  EXPECT_EQ(problem(Read("gpus_per_unit: 1 }", stated("3A090.b")), 1), "");
  EXPECT_EQ(problem(Read("gpus_per_unit: 1 }", stated("5A992")), 1),
            "the figures leave 3A090.a or 3A090.b or none possible, not 5A992");
  EXPECT_EQ(problem(Read("gpus_per_unit: 1 }\n  note: \"Nothing is "
                         "published.\"",
                         stated("3A090.b")),
                    1),
            "the figures do not give 3A090.b; say in the note what does");
}

TEST(ShippedCatalogTest, EveryProductIsRightAndStatesTheClassOfItsFigures) {
  const CatalogText text = ShippedCatalog();
  const v1::ClassTable table = ShippedTable();
  std::set<std::string> not_told;
  ASSERT_GT(text.file().products_size(), 30);
  for (int i = 0; i < text.file().products_size(); ++i) {
    const v1::CatalogProduct& one = text.file().products(i);
    ASSERT_THAT(text.Problems(i), IsEmpty());
    const v1::ClassReport report = ClassifyProduct(one, table);
    EXPECT_EQ(ProblemOfStatedClass(one, report), "")
        << one.product().product_code();
    if (report.classified() == v1::ClassReport::ANSWER_UNKNOWN) {
      not_told.insert(one.product().product_code());
      // The strictest, so that rules see it.
      EXPECT_EQ(one.product().classification(),
                report.possible_classifications(0))
          << one.product().product_code();
    }
  }
  EXPECT_THAT(not_told, ElementsAre("B20", "MI308X", "WSE-2", "WSE-3"));
}

TEST(ShippedCatalogTest, TheVariantsForChinaAreThere) {
  struct Case {
    std::string code;
    std::string tpp;
    std::string density;
    std::string classification;
  };
  const std::vector<Case> cases = {
      {"H20", "2368", "2.909", ""},
      {"L20", "1912", "3.139", ""},
      {"L2", "1544", "5.251", ""},
      {"B20", "", "", "3A090.a"},
      {"RTX 5090 D", "4750", "6.333", ""},
      {"RTX 4090 D", "4706.8", "7.741", ""},
      {"MI308X", "", "", "3A090.a"},
      {"A800", "4992", "6.043", "3A090.a"},
      {"H800", "15832", "19.449", "3A090.a"},
      {"GB300-NVL72", "60000", "", "4A090.a"},
  };
  const CatalogText text = ShippedCatalog();
  const v1::ClassTable table = ShippedTable();
  for (const Case& one : cases) {
    const int index = text.Find(one.code);
    ASSERT_GE(index, 0) << one.code;
    const v1::CatalogProduct& product = text.file().products(index);
    const v1::ClassReport report = ClassifyProduct(product, table);
    EXPECT_EQ(report.tpp(), one.tpp) << one.code;
    EXPECT_EQ(report.density(), one.density) << one.code;
    EXPECT_EQ(product.product().classification(), one.classification)
        << one.code;
  }
}

TEST(ShippedCatalogTest, HasTheProductsThatTheRuleBookNames) {
  const CatalogText text = ShippedCatalog();
  std::set<std::string> named;
  for (const auto& entry : std::filesystem::directory_iterator(kPolicies)) {
    if (entry.path().extension() != ".textproto") continue;
    const auto file = scenarios::ReadPolicyFile(entry.path().string(), {});
    ASSERT_TRUE(file.ok()) << file.status();
    for (const v1::Rule& rule : file->policy().rules()) {
      named.insert(rule.items().product_codes().begin(),
                   rule.items().product_codes().end());
      if (rule.has_reference()) named.insert(rule.reference().product_code());
    }
  }
  EXPECT_GE(named.size(), 5u);
  for (const std::string& code : named) EXPECT_GE(text.Find(code), 0) << code;
}

}  // namespace
}  // namespace chipledger::catalog
