// Goal: each format says exactly the shipments that it documents.
#include "client/import/shipment_source.h"

#include <sys/stat.h>

#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/import/digest.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/client/read_source.h"

namespace chipledger::import {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::WriteFile;

constexpr absl::string_view kHeader =
    "shipment_reference,exporter,export_date,destination_country,product_code,"
    "quantity,consignee,consignee_name,authorization_kind,license_id,assurance,"
    "source\n";

constexpr absl::string_view kEpochHeader =
    "Name,Status,Country,Owner,First Operational Date,Chip type (primary),"
    "Chip quantity (primary),Chip type (secondary),Chip quantity (secondary),"
    "Note\n";

class ShipmentSourceTest : public ::testing::Test {
 protected:
  std::vector<SourceCommand> ReadAll(const std::string& format,
                                     const std::string& content,
                                     const ImportDefaults& defaults = {}) {
    return testing::ReadSource(WriteFile(dir_, "in", content), format,
                               defaults);
  }

  std::vector<SourceCommand> ReadCsv(const std::string& rows) {
    return ReadAll("csv", absl::StrCat(kHeader, rows));
  }
  std::vector<SourceCommand> ReadEpoch(const std::string& rows) {
    return ReadAll("epoch-gpu-clusters", absl::StrCat(kEpochHeader, rows),
                   {.exporter = "public-record"});
  }

  testing::TempDir dir_;
};

void ExpectCommand(const SourceCommand& shipment, const std::string& text) {
  testing::ExpectSays(shipment, shipment.command.record_shipment(), text);
}

TEST_F(ShipmentSourceTest, CsvRecordsWithOneReferenceAreItemsOfOneShipment) {
  const auto shipments = ReadCsv(
      "S-1,acme,2025-03-01,France,H100,8,globex,,license,L-1,before-export,me\n"
      "S-1,acme,,,H200,16,,,,,,\n"
      "S-2,acme,2025-03-02,ARE,H100,1,,\"Big, Data\",,,after-the-fact,\n");
  ASSERT_EQ(shipments.size(), 2);
  ExpectCommand(shipments[0], R"pb(
    shipment {
      exporter: "acme"
      shipment_reference: "S-1"
      export_date: "2025-03-01"
      destination_country: "FR"
      consignee: "globex"
      authorization { kind: AUTHORIZATION_KIND_LICENSE license_id: "L-1" }
      items { product_code: "H100" quantity: 8 }
      items { product_code: "H200" quantity: 16 }
      source: "me"
    }
    assurance: ASSURANCE_BEFORE_EXPORT)pb");
  EXPECT_EQ(shipments[0].records[1].line, 3);
  ExpectCommand(shipments[1], R"pb(
    shipment {
      exporter: "acme"
      shipment_reference: "S-2"
      export_date: "2025-03-02"
      destination_country: "AE"
      consignee_name: "Big, Data"
      items { product_code: "H100" quantity: 1 }
    }
    assurance: ASSURANCE_AFTER_THE_FACT)pb");
}

TEST_F(ShipmentSourceTest, CsvSaysValuesEndUsersAndCodesOfExceptions) {
  const std::string header =
      "shipment_reference,exporter,export_date,destination_country,"
      "product_code,quantity,assurance,authorization_kind,authorization_code,"
      "end_user,value_usd\n";
  const auto shipments = ReadAll(
      "csv",
      absl::StrCat(header,
                   "S-1,acme,2025-03-01,FR,H100,8,before-export,"
                   "other-exception,C42,globex,\"250,000\"\n"
                   "S-1,acme,,,H200,16,,,,,0\n"
                   "S-2,acme,2025-03-01,FR,H100,8,before-export,,,,1.50\n"
                   "S-3,acme,2025-03-01,FR,H100,8,before-export,,C42,,\n"));
  ASSERT_EQ(shipments.size(), 3);
  ExpectCommand(shipments[0], R"pb(
    shipment {
      exporter: "acme"
      shipment_reference: "S-1"
      export_date: "2025-03-01"
      destination_country: "FR"
      authorization { kind: AUTHORIZATION_KIND_OTHER_EXCEPTION code: "C42" }
      items { product_code: "H100" quantity: 8 value_usd: 250000 }
      items { product_code: "H200" quantity: 16 value_usd: 0 }
      end_user: "globex"
    }
    assurance: ASSURANCE_BEFORE_EXPORT
  )pb");
  EXPECT_EQ(shipments[1].problem,
            "value_usd \"1.50\" is no whole number of US dollars");
  EXPECT_EQ(shipments[2].problem,
            "authorization_kind is empty, and authorization_code is not");
}

TEST_F(ShipmentSourceTest, CsvDefaultsFillWhatTheFileLeavesOpen) {
  const auto shipments = ReadAll(
      "csv",
      "quantity,product_code,destination_country,export_date,shipment_reference"
      "\n5,H100,JP,2025-01-01,S-1\n",
      {.exporter = "acme", .assurance = v1::ASSURANCE_AFTER_THE_FACT});
  ASSERT_EQ(shipments.size(), 1);
  ExpectCommand(shipments[0], R"pb(
    shipment {
      exporter: "acme"
      shipment_reference: "S-1"
      export_date: "2025-01-01"
      destination_country: "JP"
      items { product_code: "H100" quantity: 5 }
    }
    assurance: ASSURANCE_AFTER_THE_FACT)pb");
}

TEST_F(ShipmentSourceTest, CsvSaysWhatIsWrongWithARowAndGoesOn) {
  const auto shipments = ReadCsv(
      "S-1,acme,2025-03-01,Atlantis,H100,8,,,,,before-export,\n"
      "S-2,acme,2025-03-01,FR,H100,eight,,,,,before-export,\n"
      "S-3,acme,2025-03-01,FR,H100,8,,,,,,\n"
      "S-4,,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-5,acme,2025-03-01,FR,H100,8,,,permit,,before-export,\n"
      "S-6,acme,2025-03-01,FR,H100,8,,,,,before-export,\n");
  ASSERT_EQ(shipments.size(), 6);
  EXPECT_THAT(shipments[0].problem, HasSubstr("Atlantis"));
  EXPECT_THAT(shipments[1].problem, HasSubstr("eight"));
  EXPECT_THAT(shipments[2].problem, HasSubstr("assurance"));
  EXPECT_THAT(shipments[3].problem, HasSubstr("exporter"));
  EXPECT_THAT(shipments[4].problem, HasSubstr("permit"));
  EXPECT_EQ(shipments[5].problem, "");
}

TEST_F(ShipmentSourceTest, CsvNeverImportsPartOfAShipment) {
  const auto shipments = ReadCsv(
      // A later record that contradicts the first.
      "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-1,acme,2025-03-01,DE,H100,8,,,,,before-export,\n"
      // A record that cannot be read, between two of one shipment.
      "S-2,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-2,acme,too few\n"
      "S-2,acme,2025-03-01,FR,H200,8,,,,,before-export,\n");
  ASSERT_EQ(shipments.size(), 2);
  EXPECT_THAT(shipments[0].problem, HasSubstr("must agree"));
  EXPECT_EQ(shipments[0].problem_line, 3);
  EXPECT_EQ(shipments[0].records.size(), 2);
  EXPECT_THAT(shipments[1].problem, HasSubstr("fields"));
  EXPECT_EQ(shipments[1].problem_line, 5);
  EXPECT_EQ(shipments[1].records.size(), 3);
}

TEST_F(ShipmentSourceTest, CsvRecordsWithoutAReferenceAreOfTheShipmentBefore) {
  const auto shipments = ReadCsv(
      "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      ",,,,H200,8,,,,,,\n"
      "S-2,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      // This one says enough to be the first of the next.
      ",acme,2025-03-01,FR,H200,8,,,,,before-export,\n"
      "S-3,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-4,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      ",,,,,,,,,,,\n"
      ",,,,\n");
  ASSERT_EQ(shipments.size(), 4);
  for (const int merged : {0, 1}) {
    EXPECT_THAT(shipments[merged].problem,
                HasSubstr("shipment_reference is empty"));
    EXPECT_EQ(shipments[merged].problem_line, 3 + 2 * merged);
    EXPECT_EQ(shipments[merged].records.size(), 2);
  }
  EXPECT_THAT(shipments[2].problem, HasSubstr("may be of it"));
  EXPECT_EQ(shipments[2].problem_line, 5);
  EXPECT_EQ(shipments[3].problem, "") << "records of commas are nothing";
}

TEST_F(ShipmentSourceTest, CsvRejectsTheShipmentsAroundAnUnreadableRecord) {
  const std::string s1 = "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n";
  const std::string s2 = "S-2,acme,2025-03-01,FR,H100,8,,,,,before-export,\n";
  // What stands between the records of S-1 and S-2; whose it may be.
  struct Case {
    std::string record;
    bool first;
    bool second;
  };
  const Case cases[] = {
      {"", false, false},
      // Too many columns, as a comma without quotes makes them.
      {"S-1,acme,2025-03-01,FR,H100,8,,Big, Data,,,before-export,x\n", true,
       false},
      {"S-2,acme,2025-03-01,FR,H100,8,,Big, Data,,,before-export,x\n", false,
       true},
      {"S-3,acme,2025-03-01,FR,H100,8,,Big, Data,,,before-export,x\n", false,
       false},
      {",,,,H100,8,,Big, Data,,,,x\n", true, true},
      // A quote that is never closed, after the reference and in it.
      {"S-2,acme,2025-03-01,FR,H100,8,,\"Big,,,before-export,\n", false, true},
      {"S-11,acme,2025-03-01,FR,H100,8,,\"Big,,,before-export,\n", false,
       false},
      {"\"S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n", true, true},
      {"S-1,acme,2025-03-01,FR,H100,8,,\xFF,,,before-export,\n", true, false},
  };
  for (const auto& [record, first, second] : cases) {
    SCOPED_TRACE(record);
    for (const auto& shipment : ReadCsv(absl::StrCat(s1, record, s2))) {
      bool is_neighbor = false;
      for (const SourceRecord& source : shipment.records) {
        if (absl::StrCat(source.raw, "\n") == s1) {
          is_neighbor = true;
          EXPECT_EQ(!shipment.problem.empty(), first);
        } else if (absl::StrCat(source.raw, "\n") == s2) {
          is_neighbor = true;
          EXPECT_EQ(!shipment.problem.empty(), second);
        }
      }
      EXPECT_TRUE(is_neighbor || !shipment.problem.empty());
    }
  }
}

TEST_F(ShipmentSourceTest, CsvShipmentsComeInTheOrderOfTheFile) {
  const auto shipments = ReadCsv(
      "S-1,acme,2025-03-01,FR,H100,eight,,,,,before-export,\n"
      "S-9,too few\n"
      "\"S-9,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-2,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      ",,,,H100,8,,,,,,\n"
      "S-3,acme,2025-03-01,Atlantis,H100,8,,,,,before-export,\n");
  int64_t line = 1;
  for (const auto& shipment : shipments) {
    EXPECT_NE(shipment.problem, "");
    for (const auto& record : shipment.records) EXPECT_EQ(record.line, ++line);
  }
  EXPECT_EQ(line, 7);
}

TEST_F(ShipmentSourceTest, CsvAnExporterLeftBlankIsThatOfTheShipment) {
  const auto shipments = ReadAll("csv",
                                 absl::StrCat(kHeader,
                                              "S-1,globex,2025-03-01,FR,H100,8,"
                                              ",,,,before-export,\n"
                                              "S-1,,,,H200,8,,,,,,\n"
                                              "S-2,,2025-03-01,FR,H100,8,,,,,"
                                              "before-export,\n"
                                              "S-2,globex,,,H200,8,,,,,,\n"),
                                 {.exporter = "acme"});
  ASSERT_EQ(shipments.size(), 2);
  EXPECT_EQ(shipments[0].problem, "");
  EXPECT_EQ(shipments[0].command.record_shipment().shipment().exporter(),
            "globex");
  EXPECT_EQ(shipments[0].command.record_shipment().shipment().items_size(), 2);
  EXPECT_THAT(shipments[1].problem, HasSubstr("must agree"));
}

TEST_F(ShipmentSourceTest, CsvReadsQuantitiesAsSpreadsheetsWriteThem) {
  const auto shipments = ReadCsv(
      "S-1,acme,2025-03-01,FR,H100,100.0,,,,,before-export,\n"
      "S-2,acme,2025-03-01,FR,H100,\"1,000\",,,,,before-export,\n"
      "S-3,acme,2025-03-01,FR,H100,1.5,,,,,before-export,\n");
  ASSERT_EQ(shipments.size(), 3);
  EXPECT_EQ(
      shipments[0].command.record_shipment().shipment().items(0).quantity(),
      100);
  EXPECT_EQ(
      shipments[1].command.record_shipment().shipment().items(0).quantity(),
      1000);
  EXPECT_THAT(shipments[2].problem, HasSubstr("quantity \"1.5\" is no whole"));
}

TEST_F(ShipmentSourceTest, CsvTakesEqualRecordsThatFollowEachOtherAsItems) {
  const auto shipments = ReadCsv(
      "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n");
  ASSERT_EQ(shipments.size(), 1);
  EXPECT_EQ(shipments[0].problem, "");
  EXPECT_EQ(shipments[0].command.record_shipment().shipment().items_size(), 2);
}

TEST_F(ShipmentSourceTest, CsvRejectsAllOfAReferenceInSeveralPlaces) {
  const std::string rows =
      "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-1,acme,2025-03-01,FR,H200,8,,,,,before-export,\n"
      "S-2,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-1,acme,2025-03-01,FR,H100,8,,,,,before-export,\n"
      "S-1,globex,2025-03-01,FR,H100,8,,,,,before-export,\n";
  const auto shipments = ReadCsv(rows);
  ASSERT_EQ(shipments.size(), 4);
  for (const int part : {0, 2}) {
    EXPECT_THAT(shipments[part].problem,
                HasSubstr("\"S-1\" of acme is in this file in several places"));
  }
  EXPECT_EQ(shipments[1].problem, "");
  EXPECT_EQ(shipments[3].problem, "") << "each exporter has its own";

  // A pipe cannot be read twice: there the later part alone is rejected.
  const std::string pipe = dir_.File("pipe");
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_FALSE(GuessFormat(pipe).ok()) << "what it reads would be lost";
  std::thread writer(
      [&] { std::ofstream(pipe) << absl::StrCat(kHeader, rows); });
  auto source = OpenShipmentSource(pipe, "csv", {});
  ASSERT_TRUE(source.ok()) << source.status();
  std::vector<bool> good;
  while (auto shipment = *(*source)->Next()) {
    good.push_back(shipment->problem.empty());
  }
  writer.join();
  EXPECT_EQ(good, (std::vector<bool>{true, true, false, true}));
}

TEST_F(ShipmentSourceTest, CsvBoundsTheItemsOfAShipment) {
  std::string rows;
  for (int i = 0; i < 250; ++i) {
    rows += "S-1,acme,2025-03-01,FR,H100,1,,,,,before-export,\n";
  }
  rows += "S-2,acme,2025-03-01,FR,H100,1,,,,,before-export,\n";
  const auto shipments = ReadCsv(rows);
  size_t records = 0;
  for (size_t i = 0; i + 1 < shipments.size(); ++i) {
    EXPECT_THAT(shipments[i].problem, HasSubstr("more than 100"));
    records += shipments[i].records.size();
  }
  EXPECT_EQ(records, 250);
  EXPECT_EQ(shipments.back().problem, "");
}

TEST_F(ShipmentSourceTest, JsonlReadsOneShipmentALine) {
  const auto shipments = ReadAll(
      "jsonl",
      R"({"shipment":{"shipmentReference":"S-1","export_date":"2025-03-01","destinationCountry":"FR","items":[{"productCode":"H100","quantity":"8"}]},"assurance":"ASSURANCE_BEFORE_EXPORT"}

{"shipment":{"exporter":"acme"
{"shipmint":{}}
)",
      {.exporter = "acme"});
  ASSERT_EQ(shipments.size(), 3);
  ExpectCommand(shipments[0], R"pb(
    shipment {
      exporter: "acme"
      shipment_reference: "S-1"
      export_date: "2025-03-01"
      destination_country: "FR"
      items { product_code: "H100" quantity: 8 }
    }
    assurance: ASSURANCE_BEFORE_EXPORT)pb");
  EXPECT_THAT(shipments[1].problem, HasSubstr("JSON"));
  EXPECT_EQ(shipments[1].records[0].line, 3);
  EXPECT_THAT(shipments[2].problem, HasSubstr("shipmint"));
}

TEST_F(ShipmentSourceTest, JsonlRefusesALineThatSaysOneThingTwice) {
  const auto shipments = ReadAll(
      "jsonl",
      R"({"shipment":{"shipment_reference":"S-1","export_date":"2025-03-01","export_date":"2026-03-01"}}
{"shipment":{"shipment_reference":"S-1","shipmentReference":"S-2"}}
{"shipment":{"items":[{"product_code":"A"}],"items":[{"product_code":"B"}]}}
{"shipment":{"items":[{"product_code":"A","quantity":"1"},{"product_code":"A","quantity":"2"}]}}
)",
      {.exporter = "acme", .assurance = v1::ASSURANCE_AFTER_THE_FACT});
  ASSERT_EQ(shipments.size(), 4);
  EXPECT_THAT(shipments[0].problem, HasSubstr("\"export_date\" stands twice"));
  EXPECT_THAT(shipments[1].problem,
              HasSubstr("\"shipmentReference\" stands twice"));
  EXPECT_THAT(shipments[2].problem, HasSubstr("\"items\" stands twice"));
  // The elements of a list may have the same keys.
  EXPECT_EQ(shipments[3].problem, "");
}

TEST_F(ShipmentSourceTest, JsonlBoundsALine) {
  const auto shipments =
      ReadAll("jsonl", absl::StrCat(std::string(1 << 20, 'x'), "\n{}\n"),
              {.exporter = "acme", .assurance = v1::ASSURANCE_AFTER_THE_FACT});
  ASSERT_EQ(shipments.size(), 2);
  EXPECT_THAT(shipments[0].problem, HasSubstr("longer than"));
  EXPECT_EQ(shipments[1].problem, "");
}

TEST_F(ShipmentSourceTest, EpochTakesBothChipsAndRoundsHalfUp) {
  const auto shipments = ReadEpoch(
      "\"Big, \nOne\",Existing,Korea (Republic of),\"Owner\nInc\",2024-05-06,"
      "NVIDIA H100,30000.000000000004,NVIDIA V100,2.5,a note\n");
  ASSERT_EQ(shipments.size(), 1);
  const std::string reference =
      shipments[0].command.record_shipment().shipment().shipment_reference();
  EXPECT_THAT(reference, StartsWith("epoch-"));
  ExpectCommand(
      shipments[0],
      absl::StrCat("shipment { exporter: 'public-record' shipment_reference: '",
                   reference,
                   "' export_date: '2024-05-06' destination_country: 'KR' "
                   "consignee_name: 'Owner Inc' "
                   "items { product_code: 'NVIDIA H100' quantity: 30000 } "
                   "items { product_code: 'NVIDIA V100' quantity: 3 } "
                   "source: 'Epoch AI, Data on GPU Clusters, "
                   "epoch.ai/data/gpu-clusters, CC BY 4.0: Big,  One' } "
                   "assurance: ASSURANCE_AFTER_THE_FACT"));
}

TEST_F(ShipmentSourceTest, EpochSkipsWhatItsRuleLeavesOut) {
  const auto shipments = ReadEpoch(
      "a,Planned,China,,2024-05-06,,5,,,\n"
      "b,Existing,,,2024-05-06,,5,,,\n"
      "c,Existing,China,,2021-07,,5,,,\n"
      "d,Existing,China,,2024-05-06,H100,,,,\n"
      "e,Decommissioned,China,,2024-05-06,,5,H100,,\n"
      "f,Existing,China,,2024-05-06,,5,,7,\n"
      "g,Existing,China,,2024-02-30,,5,,,\n"
      "h,Existing,China,,2024-02-03,,0.4,,,\n"
      "i,Existing,Atlantis,,2024-02-03,,4,,,\n");
  ASSERT_EQ(shipments.size(), 9);
  EXPECT_THAT(shipments[0].skipped, HasSubstr("Status"));
  EXPECT_THAT(shipments[1].skipped, HasSubstr("Country"));
  EXPECT_THAT(shipments[2].skipped, HasSubstr("Date"));
  EXPECT_THAT(shipments[3].skipped, HasSubstr("quantity (primary)"));
  for (const int half_secondary : {4, 5}) {
    const auto& items =
        shipments[half_secondary].command.record_shipment().shipment().items();
    ASSERT_EQ(items.size(), 1);
    EXPECT_EQ(items[0].product_code(), "unspecified");
    EXPECT_EQ(items[0].quantity(), 5);
  }
  EXPECT_THAT(shipments[6].problem, HasSubstr("2024-02-30"));
  EXPECT_THAT(shipments[7].problem, HasSubstr("0.4"));
  EXPECT_THAT(shipments[8].problem, HasSubstr("Atlantis"));
}

TEST_F(ShipmentSourceTest, EpochTellsWhatIsFlagged) {
  const std::string content = "Possible Duplicate,Superseded by," +
                              std::string(kEpochHeader) +
                              ",,a,Existing,China,,2024-05-06,,5,,,\n"
                              "True,,b,Existing,China,,2024-05-06,,5,,,\n"
                              ",a,c,Existing,China,,2024-05-06,,5,,,\n"
                              "True,a,d,Existing,China,,2024-05-06,,5,,,\n"
                              "True,a,e,Planned,China,,2024-05-06,,5,,,\n";
  const auto counted =
      ReadAll("epoch-gpu-clusters", content, {.exporter = "public-record"});
  ASSERT_EQ(counted.size(), 5);
  std::vector<size_t> flags;
  for (const auto& shipment : counted) flags.push_back(shipment.flags.size());
  EXPECT_EQ(flags, (std::vector<size_t>{0, 1, 1, 2, 2}));
  EXPECT_EQ(counted[3].skipped, "");

  const auto skipped =
      ReadAll("epoch-gpu-clusters", content,
              {.exporter = "public-record", .skip_flagged = true});
  EXPECT_EQ(skipped[0].skipped, "");
  EXPECT_THAT(skipped[1].skipped, HasSubstr("Possible Duplicate"));
  EXPECT_THAT(skipped[2].skipped, HasSubstr("Superseded by"));
  EXPECT_THAT(skipped[3].skipped, HasSubstr("Possible Duplicate"));
  EXPECT_THAT(skipped[4].skipped, HasSubstr("Status"));
  EXPECT_FALSE(OpenShipmentSource(WriteFile(dir_, "in", std::string(kHeader)),
                                  "csv", {.skip_flagged = true})
                   .ok());
}

TEST_F(ShipmentSourceTest, EpochReferencesAreStableAndDistinctForEqualRecords) {
  const std::string row = "a,Existing,China,Owner,2024-05-06,,5,,,";
  const auto first = ReadEpoch(row + "\n" + row + "\n");
  const auto other_note = ReadEpoch(row + "another note\n");
  std::set<std::string> references;
  for (const auto& shipment : first) {
    references.insert(
        shipment.command.record_shipment().shipment().shipment_reference());
  }
  EXPECT_EQ(references.size(), 2);
  EXPECT_EQ(
      other_note[0].command.record_shipment().shipment().shipment_reference(),
      first[0].command.record_shipment().shipment().shipment_reference());
}

TEST_F(ShipmentSourceTest, EpochNeedsAnExporter) {
  const auto source =
      OpenShipmentSource(WriteFile(dir_, "in", std::string(kEpochHeader)),
                         "epoch-gpu-clusters", {});
  EXPECT_THAT(std::string(source.status().message()), HasSubstr("--exporter"));
}

TEST_F(ShipmentSourceTest, TheFormatIsGuessedFromTheNameAndTheFirstLine) {
  const auto guess = [&](const std::string& name, const std::string& text) {
    return *GuessFormat(WriteFile(dir_, name, text));
  };
  EXPECT_EQ(guess("a.JSONL", ""), "jsonl");
  EXPECT_EQ(guess("a.ndjson", "x"), "jsonl");
  EXPECT_EQ(guess("a.txt", "\n  {\"shipment\":{}}\n"), "jsonl");
  EXPECT_EQ(guess("a.csv", std::string(kEpochHeader)), "epoch-gpu-clusters");
  EXPECT_EQ(guess("b.csv", std::string(kHeader)), "csv");
  EXPECT_FALSE(GuessFormat(dir_.File("absent")).ok());
  EXPECT_FALSE(GuessFormat("-").ok());
}

TEST(RequestIdTest, DependsOnTheContentAndTheAttemptAlone) {
  v1::RecordShipment command;
  command.mutable_shipment()->set_shipment_reference("S-1");
  const Uuid id = RequestIdFor(command);
  EXPECT_EQ(RequestIdFor(command), id);
  EXPECT_NE(RequestIdFor(command, "again").ToString(), id.ToString());
  // Pinned: another value would record every import a second time.
  EXPECT_EQ(id.ToString(), "cd9ca9e5-e021-89d8-a93c-c0f4317a1b04");
  command.mutable_shipment()->set_shipment_reference("S-2");
  EXPECT_NE(RequestIdFor(command).ToString(), id.ToString());
}

}  // namespace
}  // namespace chipledger::import
