// Goal: each format says exactly the licenses that it documents.
#include "client/import/license_source.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/import/csv_licenses.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/client/read_source.h"

namespace chipledger::import {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::WriteFile;

constexpr absl::string_view kHeader =
    "license_id,exporter,destination_countries,grant_date,expiry_date,"
    "line_number,product_code,quantity,line_destination_country,value_usd\n";

class LicenseSourceTest : public ::testing::Test {
 protected:
  std::vector<SourceCommand> Read(const std::string& format,
                                  const std::string& content,
                                  const ImportDefaults& defaults = {}) {
    return testing::ReadToTheEnd(
        OpenLicenseSource(WriteFile(dir_, "in", content), format, defaults));
  }
  std::vector<SourceCommand> ReadCsv(const std::string& rows) {
    return Read("csv", absl::StrCat(kHeader, rows));
  }

  testing::TempDir dir_;
};

void ExpectGrant(const SourceCommand& command, const std::string& text) {
  testing::ExpectSays(command, command.command.grant_license(), text);
}

TEST_F(LicenseSourceTest, CsvRecordsWithOneIdAreLinesOfOneLicense) {
  const auto licenses = ReadCsv(
      "D-1,acme,United Arab Emirates; SG,2025-01-01,2028-12-31,,H100,\"1,000\","
      "AE,30000000\n"
      "D-1,,,,,,H200,8,Singapore,\n"
      "D-1,acme,AE|SG,2025-01-01,2028-12-31,7,H100,1,SG,0\n"
      "D-2,acme,AE,2025-01-01,2028-12-31,,H100,5,,\n");
  ASSERT_EQ(licenses.size(), 2);
  ExpectGrant(licenses[0], R"pb(
    license {
      license_id: "D-1"
      exporter: "acme"
      destination_countries: "AE"
      destination_countries: "SG"
      grant_date: "2025-01-01"
      expiry_date: "2028-12-31"
      lines {
        line_number: 1
        product_code: "H100"
        quantity: 1000
        destination_country: "AE"
        value_usd: 30000000
      }
      lines {
        line_number: 2
        product_code: "H200"
        quantity: 8
        destination_country: "SG"
      }
      lines {
        line_number: 7
        product_code: "H100"
        quantity: 1
        destination_country: "SG"
        value_usd: 0
      }
    })pb");
  EXPECT_EQ(licenses[0].records.size(), 3);
  EXPECT_EQ(licenses[1].records.front().line, 5);
}

TEST_F(LicenseSourceTest, CsvSaysPartiesKindCalendarAndApplication) {
  const auto licenses = Read(
      "csv",
      absl::StrCat(CsvLicensesHeader(),
                   "V-1,acme,AE,2025-01-01,2028-12-31,globex;initech,hall-7,,,,"
                   ",,uveu,us-federal,A-1,\"90 FR 4544\",+04:00,V-0\n"
                   "D-2,acme,AE,2025-01-01,2028-12-31,,,,H100,5,,,,,,,,\n"));
  ASSERT_EQ(licenses.size(), 2);
  // Of such a kind a license may have no lines.
  ExpectGrant(licenses[0], R"pb(
    license {
      license_id: "V-1"
      exporter: "acme"
      consignees: "globex"
      consignees: "initech"
      end_users: "hall-7"
      destination_countries: "AE"
      grant_date: "2025-01-01"
      expiry_date: "2028-12-31"
      source: "90 FR 4544"
      authorization_kind: AUTHORIZATION_KIND_UVEU
      holiday_calendar: "us-federal"
      utc_offset: "+04:00"
    }
    application_id: "A-1"
    replaces: "V-0")pb");
  EXPECT_EQ(licenses[1].command.grant_license().license().lines_size(), 1);
}

TEST_F(LicenseSourceTest, CsvListsStandInFilesWithAnyDelimiter) {
  const auto licenses = Read(
      "csv",
      "license_id;exporter;destination_countries;grant_date;expiry_date;"
      "consignees;product_code;quantity;line_destination_country\n"
      "D-1;acme;AE | SG;2025-01-01;2028-12-31;\"globex; initech\";H100;5;AE\n");
  ASSERT_EQ(licenses.size(), 1);
  EXPECT_EQ(licenses[0].problem, "");
  const v1::License& license = licenses[0].command.grant_license().license();
  EXPECT_THAT(license.destination_countries(), ElementsAre("AE", "SG"));
  EXPECT_THAT(license.consignees(), ElementsAre("globex", "initech"));
}

TEST_F(LicenseSourceTest, CsvTheExporterMayBeLeftToAnOption) {
  const std::string rows =
      "license_id,destination_countries,grant_date,expiry_date,product_code,"
      "quantity\nD-1,AE,2025-01-01,2028-12-31,H100,5\n";
  const auto licenses = Read("csv", rows, {.exporter = "acme"});
  ASSERT_EQ(licenses.size(), 1);
  EXPECT_EQ(licenses[0].command.grant_license().license().exporter(), "acme");
  const auto without =
      OpenLicenseSource(WriteFile(dir_, "in", rows), "csv", {});
  EXPECT_THAT(
      std::string(without.status().message()),
      AllOf(HasSubstr("\"exporter\" is missing"), HasSubstr("set --exporter")));
}

TEST_F(LicenseSourceTest, CsvNeverGrantsPartOfALicense) {
  const auto licenses = ReadCsv(
      // Each license is bad by one of its records.
      "D-1,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-1,acme,AE,2025-01-01,2028-12-31,2,H100,many,,\n"
      "D-2,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-2,globex,AE,2025-01-01,2028-12-31,2,H100,5,,\n"
      "D-3,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-3,acme,AE;SG,2025-01-01,2028-12-31,2,H100,5,,\n"
      "D-4,acme,AE,2025-01-01,2028-12-31,one,H100,5,,\n"
      "D-5,acme,Atlantis,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-6,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      ",,,,,2,H200,5,,\n"
      "D-7,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-7,acme,AE,2025-01-01,2028-12-31,,,,,\n");
  ASSERT_EQ(licenses.size(), 7);
  const std::vector<std::pair<int64_t, std::string>> wanted = {
      {3, "quantity \"many\""},
      {5, "it says otherwise about license D-2 than line 4"},
      {7, "it says otherwise about license D-3 than line 6"},
      {8, "line_number \"one\""},
      {9, "destination_countries \"Atlantis\""},
      {11, "license_id is empty; write it in each record of its license"},
      {13, "quantity"}};
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(licenses[i].problem_line, wanted[i].first);
    EXPECT_THAT(licenses[i].problem, HasSubstr(wanted[i].second));
  }
}

TEST_F(LicenseSourceTest, CsvRejectsALicenseInSeveralPlacesWhoeverTheExporter) {
  const auto licenses = ReadCsv(
      "D-1,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-2,acme,AE,2025-01-01,2028-12-31,1,H100,5,,\n"
      "D-1,globex,AE,2025-01-01,2028-12-31,1,H100,5,,\n");
  ASSERT_EQ(licenses.size(), 3);
  for (const int part : {0, 2}) {
    EXPECT_THAT(licenses[part].problem,
                HasSubstr("license_id \"D-1\" is in this file in several "
                          "places; records of one license must follow each "
                          "other, and another license needs another "
                          "license_id"));
  }
  EXPECT_EQ(licenses[1].problem, "");
}

TEST_F(LicenseSourceTest, CsvBoundsTheLinesOfALicense) {
  std::string rows;
  for (int i = 0; i < 101; ++i) {
    rows += "D-1,acme,AE,2025-01-01,2028-12-31,,H100,1,,\n";
  }
  const auto licenses = ReadCsv(rows);
  ASSERT_EQ(licenses.size(), 1);
  EXPECT_THAT(licenses[0].problem,
              HasSubstr("the license has more than 100 records, one a line"));
}

TEST_F(LicenseSourceTest, JsonlReadsOneGrantALine) {
  const auto licenses = Read(
      "jsonl",
      R"({"license":{"licenseId":"D-1","destination_countries":["AE"],"grantDate":"2025-01-01","expiryDate":"2028-12-31","lines":[{"lineNumber":1,"productCode":"H100","quantity":"5"}]},"applicationId":"A-1"}

{"license":{"licenseId":"D-2","exporter":"globex"}}
{"licenseId":"D-3"}
{"license":{"licenseId":"D-4","license_id":"D-5"}}
)",
      {.exporter = "acme"});
  ASSERT_EQ(licenses.size(), 4);
  ExpectGrant(licenses[0], R"pb(
    license {
      license_id: "D-1"
      exporter: "acme"
      destination_countries: "AE"
      grant_date: "2025-01-01"
      expiry_date: "2028-12-31"
      lines { line_number: 1 product_code: "H100" quantity: 5 }
    }
    application_id: "A-1")pb");
  EXPECT_EQ(licenses[1].command.grant_license().license().exporter(), "globex");
  EXPECT_THAT(licenses[2].problem,
              HasSubstr("not a chipledger.v1.GrantLicense in JSON"));
  EXPECT_THAT(licenses[3].problem, HasSubstr("stands twice"));
}

TEST_F(LicenseSourceTest, FilingsAreNotLicenses) {
  const auto source =
      OpenLicenseSource(WriteFile(dir_, "in", "itn\n"), "eei", {});
  EXPECT_EQ(source.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(source.status().message()),
              HasSubstr("\"eei\" is not one of: csv, jsonl"));
}

}  // namespace
}  // namespace chipledger::import
