// Goal: filings of Electronic Export Information become what they say: an add
// is recorded, a change corrects, a cancellation voids, and what is unclear is
// imported not at all. The files are made up, in the documented layout.
#include "client/import/eei_filings.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/import/importer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/client/read_source.h"
#include "tests/support/server_fixture.h"

namespace chipledger::import {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ServerTest;
using testing::WriteFile;

constexpr absl::string_view kHeader =
    "ITN,Shipment Reference Number,Shipment Filing Action,Line Number,"
    "Line Action,USPPI,Date of Export,Country of Ultimate Destination,"
    "Ultimate Consignee,Ultimate Consignee ID,Ultimate Consignee Type,"
    "License Code,License Number,Authorization Kind,ECCN,Product Code,Quantity,"
    "Value,Port of Export\n";

// S-1 is added with two lines, changed and replaced; S-2 is added and canceled.
constexpr absl::string_view kStory =
    "X20250301000001,S-1,add,1,,acme,2025-03-01,FR,Big Data SA,,R,C33,NLR,,"
    "4A090.a,H100,8,\"240,000\",2704\n"
    "X20250301000001,S-1,add,2,,,,,,,,,,,3A090.a,H200,4,160000,\n"
    "X20250302000002,S-2,A,1,A,acme,20250302,France,,globex,,C42,,,,H100,1,,\n"
    "X20250301000001,S-1,change,1,change,acme,,,,,,,,,,,6,180000,\n"
    "X20250301000001,S-1,change,2,delete,,,,,,,,,,,,,,\n"
    "X20250301000001,S-1,change,3,add,,,,,,,,,,4A090.a,RACK,1,,\n"
    "X20250302000002,S-2,cancel,,,acme,,,,,,,,,,,,,\n"
    "X20250301000001,S-1,replace,1,,acme,2025-03-04,DE,,,,C30,,,,H100,7,,\n";

class EeiFilingsTest : public ::testing::Test {
 protected:
  std::vector<SourceCommand> Read(
      absl::string_view rows, const ImportDefaults& defaults = {
                                  .assurance = v1::ASSURANCE_AFTER_THE_FACT}) {
    return testing::ReadSource(
        WriteFile(dir_, "in.csv", absl::StrCat(kHeader, rows)), "eei",
        defaults);
  }

  // What is wrong with the last filing, as "LINE: problem"; empty: nothing.
  std::string ProblemOf(absl::string_view rows) {
    const auto all = Read(rows);
    if (all.empty() || all.back().problem.empty()) return "";
    return absl::StrCat(all.back().problem_line, ": ", all.back().problem);
  }

  testing::TempDir dir_;
};

void ExpectCommand(const SourceCommand& filing, const std::string& text) {
  testing::ExpectSays(filing, filing.command, text);
}

TEST_F(EeiFilingsTest, EachFilingIsWhatItMakesOfTheShipment) {
  const auto filings = Read(kStory);
  ASSERT_EQ(filings.size(), 5);
  ExpectCommand(filings[0], R"pb(
    record_shipment {
      shipment {
        exporter: "acme"
        shipment_reference: "S-1"
        export_date: "2025-03-01"
        destination_country: "FR"
        consignee_name: "Big Data SA"
        authorization { kind: AUTHORIZATION_KIND_NONE_REQUIRED }
        items { product_code: "H100" quantity: 8 value_usd: 240000 }
        items { product_code: "H200" quantity: 4 value_usd: 160000 }
        source: "AES ITN X20250301000001; ECCN 3A090.a, 4A090.a; consignee type reseller"
      }
      assurance: ASSURANCE_AFTER_THE_FACT
    })pb");
  EXPECT_EQ(filings[0].records.size(), 2);
  EXPECT_TRUE(filings[0].is_superseded);
  ExpectCommand(filings[1], R"pb(
    record_shipment {
      shipment {
        exporter: "acme"
        shipment_reference: "S-2"
        export_date: "2025-03-02"
        destination_country: "FR"
        consignee: "globex"
        authorization { kind: AUTHORIZATION_KIND_OTHER_EXCEPTION code: "C42" }
        items { product_code: "H100" quantity: 1 }
        source: "AES ITN X20250302000002"
      }
      assurance: ASSURANCE_AFTER_THE_FACT
    })pb");
  // What the change leaves blank stays.
  ExpectCommand(filings[2], R"pb(
    correct_shipment {
      shipment {
        exporter: "acme"
        shipment_reference: "S-1"
        export_date: "2025-03-01"
        destination_country: "FR"
        consignee_name: "Big Data SA"
        authorization { kind: AUTHORIZATION_KIND_NONE_REQUIRED }
        items { product_code: "H100" quantity: 6 value_usd: 180000 }
        items { product_code: "RACK" quantity: 1 }
        source: "AES ITN X20250301000001; ECCN 4A090.a; consignee type reseller"
      }
      assurance: ASSURANCE_AFTER_THE_FACT
      reason: "AES change, ITN X20250301000001"
    })pb");
  EXPECT_TRUE(filings[2].is_superseded);
  ExpectCommand(filings[3], R"pb(
    void_shipment {
      exporter: "acme"
      shipment_reference: "S-2"
      reason: "AES cancel, ITN X20250302000002"
      recorded_in_error: "AES cancel, ITN X20250302000002"
    })pb");
  EXPECT_FALSE(filings[3].is_superseded);
  // Nothing of before is left by a replacement.
  ExpectCommand(filings[4], R"pb(
    correct_shipment {
      shipment {
        exporter: "acme"
        shipment_reference: "S-1"
        export_date: "2025-03-04"
        destination_country: "DE"
        authorization { kind: AUTHORIZATION_KIND_LICENSE }
        items { product_code: "H100" quantity: 7 }
        source: "AES ITN X20250301000001"
      }
      assurance: ASSURANCE_AFTER_THE_FACT
      reason: "AES replace, ITN X20250301000001"
    })pb");
  EXPECT_FALSE(filings[4].is_superseded);
}

TEST_F(EeiFilingsTest, ALicenseCodeSaysTheAuthorization) {
  const auto authorization = [&](const std::string& code,
                                 const std::string& number,
                                 const std::string& kind) {
    const auto filings =
        Read(absl::StrCat("X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,",
                          code, ",", number, ",", kind, ",,H100,8,,\n"));
    if (!filings[0].problem.empty()) return filings[0].problem;
    return ShipmentIn(filings[0].command).authorization().ShortDebugString();
  };
  EXPECT_EQ(authorization("", "", ""), "");
  EXPECT_EQ(authorization("C30", "D123456", ""),
            "kind: AUTHORIZATION_KIND_LICENSE license_id: \"D123456\"");
  EXPECT_EQ(authorization("c33", "NLR", ""),
            "kind: AUTHORIZATION_KIND_NONE_REQUIRED");
  EXPECT_EQ(authorization("C59", "", ""),
            "kind: AUTHORIZATION_KIND_OTHER_EXCEPTION code: \"C59\"");
  EXPECT_EQ(authorization("C57", "VEU-1", "uveu"),
            "kind: AUTHORIZATION_KIND_UVEU license_id: \"VEU-1\" code: "
            "\"C57\"");
  EXPECT_THAT(authorization("C57", "", ""), HasSubstr("nveu or uveu"));
  EXPECT_EQ(authorization("", "D123456", ""),
            "license_code is empty, and license_number is not");
  EXPECT_EQ(authorization("30", "", ""),
            "license_code \"30\" is not C and two digits, such as C30");
  EXPECT_THAT(authorization("C60", "", "special"),
              HasSubstr("authorization_kind \"special\" is not one of: "));
}

TEST_F(EeiFilingsTest, WhatIsWrongIsNamedByItsLine) {
  const std::string add =
      "X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n";
  EXPECT_EQ(ProblemOf(add), "");
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {",S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n",
       "2: itn \"\" is not X, YYYYMMDD and six digits"},
      {"X20251301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n",
       "2: itn \"X20251301000001\" is not X"},
      {"X20250301000001,S-1,amend,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n",
       "2: shipment_filing_action \"amend\" is not add, change, replace or "},
      {"X20250301000001,S-1,add,1,,,2025-03-01,FR,,,,,,,,H100,8,,\n",
       "2: usppi is empty"},
      {"X20250301000001,S-1,add,0,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n",
       "2: line_number \"0\" is not from 1 to 999"},
      {"X20250301000001,S-1,add,1,delete,acme,2025-03-01,FR,,,,,,,,H100,8,,\n",
       "2: line_action \"delete\" is not add"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,,8,,\n",
       "2: product_code is empty"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,,,\n",
       "2: quantity is empty"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,1.5,,\n",
       "2: quantity \"1.5\" is no whole number of units"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,1,9.99,\n",
       "2: value \"9.99\" is no whole number of US dollars"},
      {"X20250301000001,S-1,add,1,,acme,,FR,,,,,,,,H100,8,,\n",
       "2: date_of_export is empty"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,,,,,,,,,H100,8,,\n",
       "2: country_of_ultimate_destination is empty"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,Atlantis,,,,,,,,H100,8,,\n",
       "2: country_of_ultimate_destination "},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,Z,,,,,H100,8,,\n",
       "2: ultimate_consignee_type \"Z\" is not D (direct consumer)"},
      // Against what was filed before.
      {add + add, "3: line 2 adds this shipment already"},
      {"X20250301000001,S-1,change,1,change,acme,,,,,,,,,,,6,,\n",
       "2: the file has no add of this shipment before its change"},
      {add + "X20250301000001,S-1,change,1,,acme,,,,,,,,,,,6,,\n",
       "3: line_action \"\" is not add, change or delete"},
      {add + "X20250301000001,S-1,change,1,add,acme,,,,,,,,,,H100,6,,\n",
       "3: line_number 1 is there already; change it"},
      {add + "X20250301000001,S-1,change,2,change,acme,,,,,,,,,,,6,,\n",
       "3: there is no line_number 2 to change"},
      {add + "X20250301000001,S-1,change,2,delete,acme,,,,,,,,,,,,,\n",
       "3: there is no line_number 2 to delete"},
      {add + "X20250301000001,S-1,change,1,delete,acme,,,,,,,,,,,,,\n",
       "3: no line is left; cancel the shipment instead"},
      {add + "X20250301000001,S-1,cancel,,,acme,,,,,,,,,,,,,\n" +
           "X20250301000001,S-1,replace,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,"
           "\n",
       "4: it was canceled before"},
      {"X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n"
       "X20250301000001,S-1,add,2,,acme,2025-03-01,DE,,,,,,,,H100,8,,\n",
       "2: line 3 says otherwise about the shipment"},
  };
  for (const auto& [rows, problem] : wrong) {
    EXPECT_THAT(ProblemOf(rows), ::testing::StartsWith(problem)) << rows;
  }
}

TEST_F(EeiFilingsTest, AShipmentIsFiledWholeOrNotAtAll) {
  const auto problems = [&](absl::string_view rows) {
    std::vector<std::string> lines;
    for (const SourceCommand& filing : Read(rows)) {
      lines.push_back(absl::StrCat(filing.records.size(), " ",
                                   filing.problem.empty() ? "good" : "bad"));
    }
    return lines;
  };
  // One bad line spoils its filing, and the change of what is not known; a
  // replacement says all anew.
  EXPECT_THAT(
      problems("X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n"
               "X20250301000001,S-1,add,2,,acme,,,,,,,,,,H100,many,,\n"
               "X20250301000002,S-2,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n"
               "X20250301000001,S-1,change,1,change,acme,,,,,,,,,,,6,,\n"
               "X20250301000001,S-1,replace,1,,acme,2025-03-01,FR,,,,,,,,H100,"
               "8,,\n"),
      ElementsAre("2 bad", "1 good", "1 bad", "1 good"));
  // Merged cells: a record without its reference may be of either filing.
  EXPECT_THAT(
      problems("X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n"
               ",,,2,,,,,,,,,,,,H100,2,,\n"
               "X20250301000002,S-2,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n"
               "X20250301000003,S-3,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,"
               "\n"),
      ElementsAre("2 bad", "1 bad", "1 good"));
  // A record that cannot be read belongs to those around it that it may name.
  EXPECT_THAT(
      problems("X20250301000001,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n"
               "X20250301000001,S-1,add,2,,acme,2025-03-01,FR,,,,,,,,H100,8,,,"
               ",too many\n"
               "X20250301000002,S-2,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,"
               "\n"),
      ElementsAre("2 bad", "1 good"));
}

TEST_F(EeiFilingsTest, ItNeedsToBeSaidWhetherTheGoodsHaveLeft) {
  const auto source = OpenShipmentSource(
      WriteFile(dir_, "in.csv", absl::StrCat(kHeader, kStory)), "eei", {});
  EXPECT_THAT(std::string(source.status().message()),
              HasSubstr("--assurance before-export or after-the-fact"));
}

TEST_F(EeiFilingsTest, TheFormatIsGuessedFromTheHeader) {
  const auto format =
      GuessFormat(WriteFile(dir_, "in.csv", absl::StrCat(kHeader, kStory)));
  ASSERT_TRUE(format.ok()) << format.status();
  EXPECT_EQ(*format, "eei");
}

class EeiImportTest : public ServerTest {
 protected:
  void SetUp() override { RecordCatalog(); }

  ImportOutcome Import(absl::string_view rows,
                       const ImportOptions& options = {}) {
    auto source = OpenShipmentSource(
        WriteFile(dir_, "in.csv", absl::StrCat(kHeader, rows)), "eei",
        {.assurance = v1::ASSURANCE_AFTER_THE_FACT});
    EXPECT_TRUE(source.ok()) << source.status();
    return ImportShipments(client_, **source, options);
  }

  // "8 x H100 to FR" and so on, or "voided".
  std::string Recorded(const std::string& reference) {
    v1::GetShipmentRequest request;
    request.set_exporter("acme");
    request.set_shipment_reference(reference);
    const auto found = client_.GetShipment(request);
    if (!found.ok()) return std::string(found.status().message());
    if (found->shipment().status() == v1::SHIPMENT_STATUS_VOIDED) {
      return "voided";
    }
    const v1::Shipment& shipment = found->shipment().shipment();
    std::string text;
    for (const v1::Item& item : shipment.items()) {
      absl::StrAppend(&text, item.quantity(), " x ", item.product_code(), " ");
    }
    return absl::StrCat(text, "to ", shipment.destination_country());
  }

  // The story, without the product that the ledger does not know.
  const std::string story_ = [] {
    std::string rows(kStory);
    rows.replace(rows.find("H200"), 4, "RACK");
    return rows;
  }();
  client::Client client_{{.server = address()}};
};

TEST_F(EeiImportTest, FilingsAreRecordedCorrectedAndVoidedInTheirOrder) {
  const ImportOutcome first = Import(story_);
  ASSERT_TRUE(first.status.ok()) << first.status;
  EXPECT_THAT(first.first_problems, IsEmpty());
  EXPECT_EQ(first.counts.recorded, 2);
  EXPECT_EQ(first.counts.corrected, 2);
  EXPECT_EQ(first.counts.canceled, 1);
  EXPECT_EQ(Recorded("S-1"), "7 x H100 to DE");
  EXPECT_EQ(Recorded("S-2"), "voided");

  // Again: the ledger says what the file says in the end.
  const uint64_t size = client_.GetLedger({})->size();
  const ImportOutcome again = Import(story_);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.counts.already_there, 5);
  EXPECT_EQ(again.counts.Done(), 5);
  EXPECT_EQ(client_.GetLedger({})->size(), size);
}

TEST_F(EeiImportTest, AFileThatHasGrownGoesOnWhereItWas) {
  // Back and forth: the same change twice is two changes.
  const std::string forth =
      "X20250301000009,S-1,change,1,change,acme,,,,,,,,,,,9,,\n";
  const std::string back =
      "X20250301000009,S-1,change,1,change,acme,,,,,,,,,,,8,,\n";
  std::string rows =
      "X20250301000009,S-1,add,1,,acme,2025-03-01,FR,,,,,,,,H100,8,,\n";
  EXPECT_EQ(Import(rows).counts.recorded, 1);
  for (const auto& [change, quantity] :
       {std::pair(forth, 9), {back, 8}, {forth, 9}}) {
    rows += change;
    const ImportOutcome outcome = Import(rows);
    EXPECT_EQ(outcome.counts.corrected, 1);
    EXPECT_EQ(outcome.counts.NotImported(), 0);
    EXPECT_EQ(Recorded("S-1"), absl::StrCat(quantity, " x H100 to FR"));
  }
}

TEST_F(EeiImportTest, WhatTheLedgerSaysOtherwiseIsTold) {
  ASSERT_TRUE(Import(story_).status.ok());
  v1::VoidShipmentRequest request;
  request.mutable_command()->set_exporter("acme");
  request.mutable_command()->set_shipment_reference("S-1");
  request.mutable_command()->set_reason("test");
  request.mutable_command()->set_recorded_in_error("test");
  ASSERT_TRUE(client_.VoidShipment(request).ok());
  const ImportOutcome outcome = Import(story_);
  EXPECT_EQ(outcome.counts.voided, 1);
  EXPECT_EQ(outcome.counts.already_there, 4);
  ASSERT_EQ(outcome.first_problems.size(), 1);
  EXPECT_EQ(outcome.first_problems[0].line, 9);
}

TEST_F(EeiImportTest, ADryRunTellsTheSameAndStoresNothing) {
  const uint64_t size = client_.GetLedger({})->size();
  const ImportOutcome outcome = Import(story_, {.dry_run = true});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 2);
  EXPECT_EQ(outcome.counts.corrected, 2);
  EXPECT_EQ(outcome.counts.canceled, 1);
  EXPECT_EQ(client_.GetLedger({})->size(), size);
}

}  // namespace
}  // namespace chipledger::import
