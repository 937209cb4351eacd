// Goal: RFC 4180 as people write it is read exactly, with the line of each
// record, and one bad record costs no other.
#include "client/import/csv_reader.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"

namespace chipledger::import {
namespace {

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
  const auto table = CsvTable::Open(WriteFile(dir_, "t.csv", "a,qty,a\n"),
                                    {"a", "quantity"}, {"a", "quantity"});
  EXPECT_THAT(std::string(table.status().message()),
              ::testing::AllOf(HasSubstr("\"qty\" is not known"),
                               HasSubstr("\"a\" is there twice"),
                               HasSubstr("\"quantity\" is missing")));
}

TEST_F(CsvReaderTest, ATableRejectsRecordsOfAnotherWidthOrEncoding) {
  auto table = CsvTable::Open(
      WriteFile(dir_, "t.csv", "a,b\n1\n2,\xFF\n 3 ,4\n"), {"a"}, {});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_THAT((*(*table)->Next())->problem, HasSubstr("1 fields"));
  EXPECT_THAT((*(*table)->Next())->problem, HasSubstr("UTF-8"));
  const auto record = **(*table)->Next();
  EXPECT_EQ((*table)->Field(record, "a"), "3");
  EXPECT_EQ((*table)->Field(record, "absent"), "");
}

}  // namespace
}  // namespace chipledger::import
