// Goal: a product's class follows from its figures as the lines say, exactly at
// their bounds, and is not guessed where a figure is not known. Method: one
// table of figures and classes, with the shipped lines of ECCN 3A090.
#include "client/catalog/classify.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/catalog/class_table.h"
#include "client/catalog/tpp.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "ledger/base/decimal.h"
#include "tests/client/files.h"

namespace chipledger::catalog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using v1::ClassReport;

v1::ClassTable ShippedTable() {
  auto table = ReadClassTable(
      CHIPLEDGER_SOURCE_DIR "/ledger/policies/catalog/classes-3a090.textproto");
  EXPECT_TRUE(table.ok()) << table.status();
  return *table;
}

// Empty figures are unknown.
Figures FiguresFrom(const std::string& tpp, const std::string& area,
                    bool not_for_data_centers = false) {
  return {.milli_tpp = ParseDecimal(tpp, kScale),
          .milli_area = ParseArea(area),
          .not_for_data_centers = not_for_data_centers};
}

// "3A090.a by 3A090.a.1", "none", "none by Note 2", or "3A090.a or none" for
// what cannot be told.
std::string Outcome(const ClassReport& report) {
  std::string text;
  switch (report.classified()) {
    case ClassReport::ANSWER_YES:
      text = report.classification();
      break;
    case ClassReport::ANSWER_NO:
      text = "none";
      break;
    default:
      text = absl::StrCat("? ",
                          absl::StrJoin(report.possible_classifications(), " "),
                          report.possibly_none() ? " none" : "");
  }
  if (!report.decided_by().empty()) {
    absl::StrAppend(&text, " by ", report.decided_by());
  }
  return text;
}

TEST(ClassifyTest, TheFiguresOfAProductGiveItsClass) {
  struct Case {
    std::string product;
    std::string tpp;
    std::string area;
    bool consumer;
    std::string outcome;
  };
  const std::vector<Case> cases = {
      {"H100", "15832", "814", false, "3A090.a by 3A090.a.1"},
      {"H20", "2368", "814", false, "none"},
      {"L4", "1936", "294", false, "3A090.a by 3A090.a.2"},
      {"L40", "2896", "608", false, "3A090.b by 3A090.b.1"},
      {"L20", "1912", "609", false, "none"},
      {"L2", "1544", "294", false, "none"},
      {"MI210", "2896", "724", false, "3A090.b by 3A090.b.1"},
      {"MI250X", "6128", "1448", false, "3A090.a by 3A090.a.1"},
      {"4090", "5284.8", "608", true, "3A090.a by 3A090.a.1"},
      {"4090 D", "4706.8", "608", true, "none by Note 2"},
      {"4090 D for data centers", "4706.8", "608", false,
       "3A090.a by 3A090.a.2"},
      // What the high TPP decides needs no area, and what the low one does.
      {"B200", "36000", "", false, "3A090.a by 3A090.a.1"},
      {"too little, area unknown", "1599.999", "", false, "none"},
      {"consumer, area unknown", "4799.999", "", true, "none by Note 2"},
      // Between them it is not guessed.
      {"area unknown", "2000", "", false, "? 3A090.a 3A090.b none"},
      {"nothing known", "", "", false, "? 3A090.a 3A090.b none"},
      {"TPP unknown", "", "1017", false, "? 3A090.a 3A090.b none"},
      {"consumer, nothing known", "", "", true, "? 3A090.a 3A090.b none"},
      // Exactly at each bound, and a thousandth from it.
      {"a.1", "4800", "46225", false, "3A090.a by 3A090.a.1"},
      {"below a.1", "4799.999", "46225", false, "none"},
      {"Note 2 ends", "4800", "814", true, "3A090.a by 3A090.a.1"},
      {"a.2: 5.92 x 500 = 2,960", "2960", "500", false, "3A090.a by 3A090.a.2"},
      {"below a.2", "2959.999", "500", false, "3A090.b by 3A090.b.1"},
      {"a.2: 1,600 and its density", "1600", "270.27", false,
       "3A090.a by 3A090.a.2"},
      {"a.2: a little more area", "1600", "270.271", false,
       "3A090.b by 3A090.b.2"},
      {"b.1: 1.6 x 1,500 = 2,400", "2400", "1500", false,
       "3A090.b by 3A090.b.1"},
      {"below b.1 in TPP", "2399.999", "1499", false, "none"},
      {"below b.1 in density", "2400", "1500.001", false, "none"},
      {"b.2: 3.2 x 500 = 1,600", "1600", "500", false, "3A090.b by 3A090.b.2"},
      {"below b.2 in TPP", "1599.999", "400", false, "none"},
      {"below b.2 in density", "1600", "500.001", false, "none"},
  };
  const v1::ClassTable table = ShippedTable();
  for (const Case& one : cases) {
    EXPECT_EQ(
        Outcome(Classify(FiguresFrom(one.tpp, one.area, one.consumer), table)),
        one.outcome)
        << one.product;
  }
}

TEST(ClassifyTest, DensityIsExactAtTheBoundWhereDivisionIsNot) {
  // 1,776 / 300 is 5.92, which no binary fraction is.
  const v1::ClassTable table = ShippedTable();
  const auto outcome = [&](const std::string& tpp, const std::string& area) {
    return Outcome(Classify(FiguresFrom(tpp, area), table));
  };
  EXPECT_EQ(outcome("1776", "300"), "3A090.a by 3A090.a.2");
  EXPECT_EQ(outcome("1775.999", "300"), "3A090.b by 3A090.b.2");
  // The largest figures that there are.
  EXPECT_EQ(outcome("1000000000", "1000000"), "3A090.a by 3A090.a.1");
}

TEST(ClassifyTest, AnAssemblyHasTheClassOfAssemblies) {
  Figures figures = FiguresFrom("60000", "");
  figures.assembly = true;
  const ClassReport report = Classify(figures, ShippedTable());
  EXPECT_EQ(report.classification(), "4A090.a");
  EXPECT_TRUE(report.assembly());
}

TEST(ClassifyTest, TellsEveryTestWithItsFigures) {
  const ClassReport report =
      Classify(FiguresFrom("2368", "814"), ShippedTable());
  EXPECT_EQ(report.tpp(), "2368");
  EXPECT_EQ(report.density(), "2.909");
  ASSERT_EQ(report.tests_size(), 5);
  EXPECT_EQ(report.tests(0).paragraph(), "Note 2");
  const ClassReport::Test& a2 = report.tests(2);
  EXPECT_EQ(a2.paragraph(), "3A090.a.2");
  EXPECT_EQ(a2.answer(), ClassReport::ANSWER_NO);
  ASSERT_EQ(a2.conditions_size(), 2);
  EXPECT_EQ(a2.conditions(0).text(), "TPP 2,368 >= 1,600");
  EXPECT_EQ(a2.conditions(0).answer(), ClassReport::ANSWER_YES);
  EXPECT_EQ(a2.conditions(1).text(), "density 2.909 >= 5.92");
  EXPECT_EQ(a2.conditions(1).answer(), ClassReport::ANSWER_NO);
  std::vector<std::string> b1;
  for (const auto& one : report.tests(3).conditions()) b1.push_back(one.text());
  EXPECT_THAT(b1, ElementsAre("TPP 2,368 >= 2,400", "TPP 2,368 < 4,800",
                              "density 2.909 >= 1.6", "density 2.909 < 5.92"));
}

TEST(ClassifyTest, TellsWhatIsMissing) {
  const v1::ClassTable table = ShippedTable();
  EXPECT_THAT(Classify(FiguresFrom("2000", ""), table).missing(),
              ElementsAre("die_area_mm2"));
  EXPECT_THAT(Classify(FiguresFrom("", "814"), table).missing(),
              ElementsAre("tpp"));
  EXPECT_THAT(Classify(FiguresFrom("15832", ""), table).missing(), IsEmpty());
  EXPECT_EQ(Classify(FiguresFrom("15832", ""), table).density(), "");
}

TEST(ClassifyTest, ALaterClassThatHoldsDoesNotHideAnEarlierThatMay) {
  v1::ClassTable table;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(citation: "test"
         classes { classification: "A" lines { paragraph: "a" min_density: "5" } }
         classes { classification: "B" lines { paragraph: "b" min_tpp: "10" } }
         classes { classification: "C" lines { paragraph: "c" min_density: "1" } })",
      &table));
  // What stands behind B, which holds, is not possible.
  EXPECT_EQ(Outcome(Classify(FiguresFrom("10", ""), table)), "? A B");
  EXPECT_EQ(Outcome(Classify(FiguresFrom("9", ""), table)), "? A C none");
  EXPECT_EQ(Outcome(Classify(FiguresFrom("10", "4"), table)), "B by b");
}

TEST(TppTest, IsTheHighestDenseRateTimesItsBits) {
  v1::CatalogProduct product;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"(rates { tops: "989.5" bits: 16 } rates { tops: "1979" bits: 8 }
         rates { tops: "3352" bits: 4 sparse: true })",
      &product));
  EXPECT_EQ(*MilliTppOf(product.rates(0)), 15'832'000);
  EXPECT_EQ(*MilliTppOf(product.rates(2)), 6'704'000);
  EXPECT_EQ(**HighestMilliTpp(product.rates()), 15'832'000);
  EXPECT_EQ(*HighestMilliTpp({}), std::nullopt);
}

TEST(TppTest, RefusesRatesThatAreNone) {
  const auto error = [](const std::string& text, bool sparse = false) {
    const auto rate = ParseRate(text, sparse);
    EXPECT_FALSE(rate.ok()) << text;
    return std::string(rate.status().message());
  };
  EXPECT_EQ(MilliTppOf(*ParseRate("588.35x8", false)).value(), 4'706'800);
  EXPECT_THAT(error("1979"), HasSubstr("\"1979\" is not TOPSxBITS"));
  EXPECT_THAT(error("1979xeight"), HasSubstr("TOPSxBITS"));
  EXPECT_THAT(error("fastx8"), HasSubstr("tops \"fast\""));
  EXPECT_THAT(error("0x8"), HasSubstr("tops \"0\""));
  EXPECT_THAT(error("1.0001x8"), HasSubstr("three decimals"));
  EXPECT_THAT(error("1979x0"), HasSubstr("bits 0"));
  EXPECT_THAT(error("1979x65"), HasSubstr("bits 65"));
  EXPECT_THAT(error("9000000000x64"), HasSubstr("more than"));
  EXPECT_THAT(error("9000000000000000x64"), HasSubstr("more than"));
  EXPECT_THAT(error("0.001x1", true), HasSubstr("state the dense rate"));
}

TEST(ClassTableTest, NamesWhatIsWrongWithItsPlace) {
  testing::TempDir dir;
  const std::string path = testing::WriteFile(dir, "t.textproto",
                                              R"(classes {
  classification: "A"
  lines { paragraph: "a" min_tpp: "many" }
  lines { paragraph: "b" }
}
classes { lines { min_density: "-1" } }
exceptions { title: "Note" }
)");
  const std::string error =
      std::string(ReadClassTable(path).status().message());
  EXPECT_THAT(error, HasSubstr("citation: is required"));
  EXPECT_THAT(error, HasSubstr("t.textproto:3:26: classes[0].lines[0].min_tpp: "
                               "\"many\" is no decimal"));
  EXPECT_THAT(error, HasSubstr("t.textproto:4:3: classes[0].lines[1]: has no "
                               "bound"));
  EXPECT_THAT(error, HasSubstr("classes[1].classification: is required"));
  EXPECT_THAT(error, HasSubstr("classes[1].lines[0].paragraph: is required"));
  EXPECT_THAT(error, HasSubstr("min_density: \"-1\""));
  EXPECT_THAT(error, HasSubstr("t.textproto:7:1: exceptions[0]: has no "
                               "condition"));
  EXPECT_THAT(error, Not(HasSubstr("classes[0].classification")));
}

}  // namespace
}  // namespace chipledger::catalog
