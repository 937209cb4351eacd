// Goal: files of movements, of declared stock and of conditions say exactly
// what their formats document.
#include "client/import/movement_source.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/import/csv_declarations.h"
#include "client/import/license_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/client/read_source.h"

namespace chipledger::import {
namespace {

using ::testing::ElementsAre;
using testing::ExpectSays;
using ::testing::HasSubstr;
using testing::WriteFile;

std::vector<std::string> ProblemsOf(
    const std::vector<SourceCommand>& commands) {
  std::vector<std::string> problems;
  for (const SourceCommand& command : commands) {
    problems.push_back(command.problem);
  }
  return problems;
}

std::vector<std::string> AttemptsOf(
    const std::vector<SourceCommand>& commands) {
  std::vector<std::string> attempts;
  for (const SourceCommand& command : commands) {
    attempts.push_back(command.attempt);
  }
  return attempts;
}

class MovementSourceTest : public ::testing::Test {
 protected:
  std::vector<SourceCommand> Read(const std::string& format,
                                  const std::string& content,
                                  const ImportDefaults& defaults = {}) {
    return testing::ReadToTheEnd(
        OpenMovementSource(WriteFile(dir_, "in", content), format, defaults));
  }
  std::vector<SourceCommand> ReadCsv(const std::string& rows) {
    return Read("csv", absl::StrCat("movement,shipment_reference,exporter,"
                                    "effective_date,item,quantity,reason,cause,"
                                    "evidence,found_country,found_party,site,"
                                    "movement_index\n",
                                    rows));
  }

  testing::TempDir dir_;
};

TEST_F(MovementSourceTest, CsvReadsEachKindOfMovement) {
  const auto movements = ReadCsv(
      "receive,S-1,acme,2025-03-10,,,,,,,,,\n"
      "Return,S-1,acme,2025-03-11,1,\"1,000\",faulty,,,,,,\n"
      "retire,S-1,acme,2025-03-12,0,2,,Theft,report 7,,,,\n"
      "divert,S-1,acme,2025-03-13,0,3,,,audit,United Arab Emirates,globex,,\n"
      "recover,S-1,acme,2025-03-14,0,1,,,seen,,,,17\n"
      "relocate,S-1,acme,2025-03-15,0,4,,,,,,hall 2,\n");
  ASSERT_EQ(movements.size(), 6);
  ExpectSays(movements[0], movements[0].command, R"pb(
    receive_shipment {
      shipment { exporter: "acme" shipment_reference: "S-1" }
      effective_date: "2025-03-10"
    })pb");
  ExpectSays(movements[1], movements[1].command, R"pb(
    return_shipment {
      shipment { exporter: "acme" shipment_reference: "S-1" }
      effective_date: "2025-03-11"
      units { item: 1 quantity: 1000 }
      reason: "faulty"
    })pb");
  ExpectSays(movements[2], movements[2].command, R"pb(
    retire_units {
      shipment { exporter: "acme" shipment_reference: "S-1" }
      effective_date: "2025-03-12"
      units { item: 0 quantity: 2 }
      cause: CAUSE_THEFT
      evidence: "report 7"
    })pb");
  ExpectSays(movements[3], movements[3].command, R"pb(
    report_diversion {
      shipment { exporter: "acme" shipment_reference: "S-1" }
      effective_date: "2025-03-13"
      units { item: 0 quantity: 3 }
      found_country: "AE"
      found_party: "globex"
      evidence: "audit"
    })pb");
  ExpectSays(movements[4], movements[4].command, R"pb(
    recover_units {
      shipment { exporter: "acme" shipment_reference: "S-1" }
      effective_date: "2025-03-14"
      units { item: 0 quantity: 1 }
      movement_index: 17
      evidence: "seen"
    })pb");
  ExpectSays(movements[5], movements[5].command, R"pb(
    relocate_units {
      shipment { exporter: "acme" shipment_reference: "S-1" }
      effective_date: "2025-03-15"
      units { item: 0 quantity: 4 }
      site: "hall 2"
    })pb");
}

TEST_F(MovementSourceTest, CsvSaysWhatIsWrongWithARow) {
  EXPECT_THAT(
      ProblemsOf(ReadCsv("lose,S-1,acme,2025-03-10,0,1,,,,,,,\n"
                         "receive,S-1,,2025-03-10,0,1,,,,,,,\n"
                         "receive,S-1,acme,2025-03-10,,1,,,,,,,\n"
                         "receive,S-1,acme,2025-03-10,0,,,,,,,,\n"
                         "receive,S-1,acme,2025-03-10,-1,1,,,,,,,\n"
                         "return,S-1,acme,2025-03-10,0,1,faulty,loss,,,,,\n"
                         "retire,S-1,acme,2025-03-10,0,1,,rust,seen,,,,\n"
                         "divert,S-1,acme,2025-03-10,0,1,,,seen,Atlantis,,,\n"
                         "recover,S-1,acme,2025-03-10,0,1,,,seen,,,,G-7\n"
                         "relocate,S-1,acme,2025-03-10,0,1,,,,,,hall 2,7\n")),
      ElementsAre(
          HasSubstr("movement \"lose\" is not one of: receive, return, "
                    "retire, divert, recover, relocate"),
          HasSubstr("exporter is empty; fill the column or set"),
          HasSubstr("item \"\" is no place of an item, which are "
                    "counted from 0"),
          HasSubstr("quantity \"\" is no whole number"),
          HasSubstr("item \"-1\" is no place"),
          HasSubstr("cause \"loss\" says nothing of the movement "
                    "\"return\"; leave it empty"),
          HasSubstr("cause \"rust\" is not one of: loss, damage, scrap, "
                    "theft"),
          HasSubstr("found_country \"Atlantis\""),
          HasSubstr("movement_index \"G-7\" is no index of an entry"),
          HasSubstr("movement_index \"7\" says nothing of the movement "
                    "\"relocate\"")));
}

TEST_F(MovementSourceTest, EqualMovementsAreToldByTheirCount) {
  const std::string five = "receive,S-1,acme,2025-03-10,0,5,,,,,,,\n";
  const std::string six = "receive,S-1,acme,2025-03-10,0,6,,,,,,,\n";
  // A row that is bad is none of them, wherever it stands.
  const std::string bad = "receive,S-1,acme,2025-03-10,0,five,,,,,,,\n";
  EXPECT_THAT(AttemptsOf(ReadCsv(absl::StrCat(five, six, five, five))),
              ElementsAre("", "", "occurrence 2", "occurrence 3"));
  EXPECT_THAT(AttemptsOf(ReadCsv(absl::StrCat(bad, six, five, five))),
              ElementsAre("", "", "", "occurrence 2"));
}

TEST_F(MovementSourceTest, JsonlReadsOneMovementALine) {
  const std::string onward =
      R"({"reexportShipment":{"origin":{"shipmentReference":"S-1"},"units":[{"quantity":"2"}],"shipment":{"shipmentReference":"R-1"}}})"
      "\n";
  const auto movements =
      Read("jsonl",
           absl::StrCat(
               R"({"receiveShipment":{"shipment":{"shipmentReference":"S-1"}}})"
               "\n",
               onward, onward,
               R"({"grantLicense":{"license":{"licenseId":"D-1"}}})"
               "\n{}\n"
               R"({"recoverUnits":{"shipment":{"shipmentReference":"S-1"}}})"
               "\n"
               R"({"relocateUnits":{"shipment":{"shipmentReference":"S-1"}}})"),
           {.exporter = "acme"});
  ASSERT_EQ(movements.size(), 7);
  EXPECT_EQ(movements[5].command.recover_units().shipment().exporter(), "acme");
  EXPECT_EQ(movements[6].command.relocate_units().shipment().exporter(),
            "acme");
  ExpectSays(movements[0], movements[0].command,
             R"pb(
               receive_shipment {
                 shipment { exporter: "acme" shipment_reference: "S-1" }
               })pb");
  ExpectSays(movements[1], movements[1].command, R"pb(
    reexport_shipment {
      origin { exporter: "acme" shipment_reference: "S-1" }
      units { quantity: 2 }
      shipment { exporter: "acme" shipment_reference: "R-1" }
    })pb");
  // Its reference says that it is the same.
  EXPECT_EQ(movements[2].attempt, "");
  for (const int other : {3, 4}) {
    EXPECT_THAT(movements[other].problem,
                HasSubstr("the command is no movement; it must be one of "
                          "receiveShipment"));
  }
}

TEST_F(MovementSourceTest, JsonlNeedsAnExporter) {
  EXPECT_THAT(
      ProblemsOf(Read("jsonl",
                      R"({"retireUnits":{"shipment":{}}})"
                      "\n"
                      R"({"transferShipment":{"origin":{"exporter":"acme"}}})"
                      "\n")),
      ElementsAre("shipment.exporter is missing; set it or --exporter",
                  "shipment.exporter is missing; set it or --exporter"));
}

class DeclarationSourceTest : public ::testing::Test {
 protected:
  std::vector<SourceCommand> Read(const std::string& format,
                                  const std::string& content) {
    return testing::ReadToTheEnd(
        OpenDeclarationSource(WriteFile(dir_, "in", content), format, {}));
  }
  std::vector<SourceCommand> ReadCsv(const std::string& rows) {
    return Read("csv", absl::StrCat("party,effective_date,country,gpus,tpp,"
                                    "classification,source\n",
                                    rows));
  }

  testing::TempDir dir_;
};

TEST_F(DeclarationSourceTest, CsvRecordsOfOnePartyAndDateAreOneDeclaration) {
  const auto declarations = ReadCsv(
      "globex,2025-01-01,France,\"1,000\",15824000.5,4A090.a,report 1\n"
      "globex,,DE,0,,,\n"
      "globex,2025-07-01,,,,,report 2\n"
      "acme,2025-01-01,SG,5,,,letter\n");
  ASSERT_EQ(declarations.size(), 3);
  ExpectSays(declarations[0], declarations[0].command.declare_compute(), R"pb(
    party: "globex"
    effective_date: "2025-01-01"
    lines {
      country: "FR"
      classification: "4A090.a"
      gpus: 1000
      milli_tpp: 15824000500
    }
    lines { country: "DE" }
    source: "report 1")pb");
  // Nothing any more.
  ExpectSays(declarations[1], declarations[1].command.declare_compute(), R"pb(
    party: "globex"
    effective_date: "2025-07-01"
    source: "report 2")pb");
  EXPECT_EQ(declarations[2].command.declare_compute().party(), "acme");
}

TEST_F(DeclarationSourceTest, CsvNeverDeclaresAPart) {
  const auto declarations = ReadCsv(
      "globex,2025-01-01,FR,5,,,report\n"
      "globex,2025-01-01,DE,many,,,\n"
      "globex,2025-02-01,FR,5,\"1,5\",,report\n"
      "globex,2025-03-01,FR,,,,report\n"
      "globex,2025-04-01,FR,5,,,report\n"
      "globex,2025-04-01,,5,,,\n"
      "globex,2025-05-01,FR,5,,,report\n"
      "globex,2025-05-01,DE,5,,,another\n"
      "acme,2025-01-01,FR,5,,,report\n"
      "initech,2025-01-01,FR,5,,,report\n"
      "acme,2025-01-01,DE,5,,,report\n");
  EXPECT_THAT(
      ProblemsOf(declarations),
      ElementsAre(HasSubstr("gpus \"many\""),
                  HasSubstr("tpp \"1,5\" is no plain decimal"),
                  HasSubstr("gpus is empty; write how many there are, or 0"),
                  HasSubstr("country is empty; write in each record"),
                  HasSubstr("it says otherwise about declaration globex than "
                            "line 8"),
                  HasSubstr("party \"acme\" of 2025-01-01 is in this file in "
                            "several places"),
                  "", HasSubstr("is in this file in several places")));
}

TEST_F(DeclarationSourceTest, JsonlReadsOneDeclarationALine) {
  const auto declarations = Read(
      "jsonl",
      R"({"party":"globex","effectiveDate":"2025-01-01","lines":[{"country":"FR","gpus":"5"}],"source":"report"})"
      "\n{\"license\":1}\n");
  ASSERT_EQ(declarations.size(), 2);
  ExpectSays(declarations[0], declarations[0].command.declare_compute(), R"pb(
    party: "globex"
    effective_date: "2025-01-01"
    lines { country: "FR" gpus: 5 }
    source: "report")pb");
  EXPECT_THAT(declarations[1].problem,
              HasSubstr("not a chipledger.v1.DeclareCompute in JSON"));
}

TEST(ConditionSourceTest, ReadsOneConditionARecordOrALine) {
  const testing::TempDir dir;
  const std::string wanted = R"pb(
    license_id: "D-1"
    condition {
      kind: "kyc"
      evidence: "file 7"
      satisfied_date: "2025-02-01"
      valid_through: "2026-01-31"
    })pb";
  const auto expect = [&](const std::string& format,
                          const std::string& content) {
    const auto conditions = testing::ReadToTheEnd(
        OpenConditionSource(WriteFile(dir, "in", content), format, {}));
    ASSERT_EQ(conditions.size(), 1);
    ExpectSays(conditions[0], conditions[0].command.record_condition(), wanted);
  };
  expect("csv",
         "License ID,Kind,Evidence,Satisfied Date,Valid Through\n"
         "D-1,kyc,file 7,2025-02-01,2026-01-31\n");
  expect("jsonl",
         R"({"licenseId":"D-1","condition":{"kind":"kyc","evidence":"file 7",)"
         R"("satisfiedDate":"2025-02-01","validThrough":"2026-01-31"}})");
}

}  // namespace
}  // namespace chipledger::import
