// Goal: RFC 4180 as people write it is read exactly, with the line of each
// record, and one bad record costs no other.
#include "client/import/csv_reader.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "client/import/text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"

namespace chipledger::import {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::WriteFile;

class CsvReaderTest : public ::testing::Test {
 protected:
  std::vector<CsvRecord> ReadAll(absl::string_view content) {
    auto reader = CsvReader::Open(WriteFile(dir_, "in.csv", content));
    EXPECT_TRUE(reader.ok()) << reader.status();
    std::vector<CsvRecord> records;
    while (true) {
      auto record = (*reader)->Next();
      EXPECT_TRUE(record.ok()) << record.status();
      if (!record.ok() || !*record) return records;
      records.push_back(**std::move(record));
    }
  }

  testing::TempDir dir_;
};

TEST_F(CsvReaderTest, ReadsQuotesCommasAndLineBreaksInFields) {
  const auto records = ReadAll(
      "\xEF\xBB\xBF"
      "a,\"b, c\",\"d \"\"e\"\"\"\r\n"
      "\"line 1\r\nline 2\n\nline 4\",,x\n"
      "\n"
      " blank kept ,\"\",z");
  ASSERT_EQ(records.size(), 3);
  EXPECT_THAT(records[0].fields, ElementsAre("a", "b, c", "d \"e\""));
  EXPECT_EQ(records[0].line, 1);
  EXPECT_EQ(records[0].raw, "a,\"b, c\",\"d \"\"e\"\"\"");
  EXPECT_THAT(records[1].fields,
              ElementsAre("line 1\r\nline 2\n\nline 4", "", "x"));
  EXPECT_EQ(records[1].line, 2);
  EXPECT_THAT(records[2].fields, ElementsAre(" blank kept ", "", "z"));
  EXPECT_EQ(records[2].line, 7);
}

TEST_F(CsvReaderTest, ReadsAnEmptyFileAndOneOfEmptyLines) {
  EXPECT_THAT(ReadAll(""), IsEmpty());
  EXPECT_THAT(ReadAll("\n\r\n\n"), IsEmpty());
}

TEST_F(CsvReaderTest, AQuoteThatIsNeverClosedCostsOneRecord) {
  const auto records = ReadAll("a,b\n1,\"open\n2,x\n3,y\n");
  ASSERT_EQ(records.size(), 4);
  EXPECT_THAT(records[1].problem, HasSubstr("never closed"));
  EXPECT_EQ(records[1].line, 2);
  EXPECT_EQ(records[1].raw, "1,\"open");
  EXPECT_THAT(records[2].fields, ElementsAre("2", "x"));
  EXPECT_EQ(records[2].line, 3);
  EXPECT_THAT(records[3].fields, ElementsAre("3", "y"));
}

TEST_F(CsvReaderTest, AQuoteInsideAFieldCostsOneRecord) {
  const auto records = ReadAll("1,5\" disk\n2,\"ok\"no\n3,y\n");
  ASSERT_EQ(records.size(), 3);
  EXPECT_THAT(records[0].problem, HasSubstr("RFC 4180"));
  EXPECT_THAT(records[1].problem, HasSubstr("RFC 4180"));
  EXPECT_THAT(records[2].fields, ElementsAre("3", "y"));
  EXPECT_EQ(records[2].line, 3);
}

TEST_F(CsvReaderTest, ARecordOfManyMegabytesIsRejectedInBoundedMemory) {
  const std::string huge(3 * 1024 * 1024, 'x');
  const auto records = ReadAll(absl::StrCat("1,", huge, "\n2,y\n"));
  ASSERT_EQ(records.size(), 2);
  EXPECT_THAT(records[0].problem, HasSubstr("longer than"));
  EXPECT_LT(records[0].raw.size(), huge.size());
  EXPECT_THAT(records[1].fields, ElementsAre("2", "y"));
}

TEST_F(CsvReaderTest, AMissingFileIsNamed) {
  const auto reader = CsvReader::Open(dir_.File("absent.csv"));
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(reader.status().message()), HasSubstr("absent.csv"));
}

TEST_F(CsvReaderTest, ATableNamesEveryWrongColumnAtOnce) {
  const auto table =
      CsvTable::Open(WriteFile(dir_, "t.csv", "a,qty,a\n"),
                     {{"a", true}, {"quantity", true, "set --quantity"}});
  EXPECT_THAT(
      std::string(table.status().message()),
      AllOf(HasSubstr("\"a\" is there twice"),
            HasSubstr("\"quantity\" is missing (add it, or set --quantity)"),
            HasSubstr("this does not know: qty")));
}

TEST_F(CsvReaderTest, ATableRejectsRecordsOfAnotherWidthOrEncoding) {
  auto table = CsvTable::Open(
      WriteFile(dir_, "t.csv", "a,b\n1\n2,\xFF\n 3 ,4\n"), {{"a", true}});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT((*(*table)->Next())->problem, HasSubstr("1 fields"));
  EXPECT_THAT((*(*table)->Next())->problem, HasSubstr("UTF-8"));
  const auto record = **(*table)->Next();
  EXPECT_EQ((*table)->Field(record, "a"), "3");
  EXPECT_EQ((*table)->Field(record, "absent"), "");
  EXPECT_THAT((*table)->ignored_columns(), ElementsAre("b"));
}

TEST_F(CsvReaderTest, LinesEndInLfCrlfOrCr) {
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    const auto records = ReadAll(absl::StrCat("a,b", end, end, "1,2", end,
                                              "3,\"x", end, "y\"", end, "4,5"));
    ASSERT_EQ(records.size(), 4) << absl::CEscape(end);
    EXPECT_THAT(records[1].fields, ElementsAre("1", "2"));
    EXPECT_EQ(records[1].raw, "1,2");
    EXPECT_EQ(records[1].line, 3);
    EXPECT_THAT(records[2].fields,
                ElementsAre("3", absl::StrCat("x", end, "y")));
    EXPECT_EQ(records[3].line, 6);
  }
}

TEST_F(CsvReaderTest, LinesOfOneCrLongAreReadOneByOne) {
  std::string text;
  // Past the largest record and past one read, so that a CR ends a buffer.
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&text, i, ",x\r");
  const auto records = ReadAll(text);
  ASSERT_EQ(records.size(), 100'000);
  EXPECT_EQ(records.back().line, 100'000);
  EXPECT_EQ(records.back().raw, "99999,x");
}

TEST_F(CsvReaderTest, ATableFindsItsDelimiter) {
  for (const std::string text :
       {"a,b\n1,2\n", "a;b\n1;2\n", "a\tb\n1\t2\n", "a|b\n1|2\n",
        "\"A\";\"b\"\n1;2\n", "sep=;\na;b\n1;2\n",
        "\xEF\xBB\xBFSEP=\t\r\na\tb\r\n1\t2\r\n"}) {
    auto table = CsvTable::Open(WriteFile(dir_, "t.csv", text),
                                {{"a", true}, {"b", true}});
    ASSERT_TRUE(table.ok()) << text << table.status();
    const auto record = **(*table)->Next();
    EXPECT_EQ(record.problem, "") << text;
    EXPECT_EQ((*table)->Field(record, "b"), "2") << text;
  }
}

TEST_F(CsvReaderTest, ATableMatchesColumnsHoweverTheyAreWritten) {
  auto table = CsvTable::Open(
      WriteFile(dir_, "t.csv",
                " Export Date ,PRODUCT-code,,\n1,2,,\n,,,\n3,4\n"),
      {{"export_date", true}, {"product_code", true}});
  ASSERT_TRUE(table.ok()) << table.status();
  const auto record = **(*table)->Next();
  EXPECT_EQ(record.problem, "") << "a blank column at the end is nothing";
  EXPECT_EQ((*table)->Field(record, "export_date"), "1");
  EXPECT_EQ((*table)->Field(record, "product_code"), "2");
  const auto next = **(*table)->Next();
  EXPECT_EQ(next.line, 4) << "a record of blank fields is nothing";
  EXPECT_EQ(next.problem, "");
}

TEST_F(CsvReaderTest, AFileThatIsNoPlainTextIsNamedForWhatItIs) {
  using namespace std::string_literals;
  const std::pair<std::string, std::string> kinds[] = {
      {"\x1F\x8B\x08\0\0"s, "gunzip"},
      {"PK\x03\x04zip"s, "CSV UTF-8"},
      {"\xFF\xFE"
       "a\0,\0"s,
       "iconv -f UTF-16"},
      {"\xFE\xFF\0a\0,"s, "iconv -f UTF-16"},
      {"a\0,\0b\0"s, "iconv -f UTF-16LE"},
      {"\0a\0,\0b"s, "iconv -f UTF-16BE"}};
  for (const auto& [start, advice] : kinds) {
    const auto table =
        CsvTable::Open(WriteFile(dir_, "t.csv", start), {{"a", true}});
    const std::string message(table.status().message());
    EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(message, AllOf(HasSubstr("t.csv"), HasSubstr(advice)));
    EXPECT_EQ(message, OneLine(message)) << "no raw bytes";
  }
}

}  // namespace
}  // namespace chipledger::import
