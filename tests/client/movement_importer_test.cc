// Goal: an import records every movement, declaration and condition of a file
// once, in its order, says what became of the others, and can be run again at
// any time, also when the file was edited. Method: files against a real server.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/import/csv_declarations.h"
#include "client/import/importer.h"
#include "client/import/license_importer.h"
#include "client/import/license_source.h"
#include "client/import/movement_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/support/server_fixture.h"

namespace chipledger::import {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Proto;
using testing::ReadFile;
using testing::ServerTest;
using ::testing::StartsWith;
using testing::WriteFile;

// A receipt of so many units.
std::string Receive(int quantity, const std::string& reference = "S-1") {
  return absl::StrCat("receive,", reference, ",acme,2025-03-10,0,", quantity,
                      ",,\n");
}

class MovementImporterTest : public ServerTest {
 protected:
  void SetUp() override {
    RecordCatalog();
    Ship("S-1", "FR", 600);
    Ship("S-2", "DE", 600);
  }

  void Ship(const std::string& reference, const std::string& country,
            int quantity) {
    Must(client_.RecordShipment(Proto<v1::RecordShipmentRequest>(absl::StrCat(
        R"pb(command { assurance: ASSURANCE_AFTER_THE_FACT
                       shipment { exporter: "acme" export_date: "2025-03-01"
                                  shipment_reference: ")pb",
        reference, "\" destination_country: \"", country,
        "\" items { product_code: \"H100\" quantity: ", quantity, " } } }"))));
  }

  ImportOutcome Import(const std::string& rows,
                       const ImportOptions& options = {}) {
    return ImportFile("csv",
                      absl::StrCat("movement,shipment_reference,exporter,"
                                   "effective_date,item,quantity,cause,"
                                   "evidence\n",
                                   rows),
                      options);
  }
  ImportOutcome ImportFile(const std::string& format,
                           const std::string& content,
                           const ImportOptions& options = {}) {
    auto source = OpenMovementSource(WriteFile(dir_, "in", content), format,
                                     {.exporter = "acme"});
    EXPECT_TRUE(source.ok()) << source.status();
    return ImportShipments(client_, **source, options);
  }

  ImportOutcome ImportStock(const std::string& rows) {
    auto source = OpenDeclarationSource(
        WriteFile(
            dir_, "in",
            absl::StrCat("party,effective_date,country,gpus,source\n", rows)),
        "csv", {});
    EXPECT_TRUE(source.ok()) << source.status();
    return ImportShipments(client_, **source, {});
  }

  ImportOutcome ImportConditions(const std::string& rows) {
    auto source = OpenConditionSource(
        WriteFile(
            dir_, "in",
            absl::StrCat("license_id,kind,evidence,satisfied_date\n", rows)),
        "csv", {});
    EXPECT_TRUE(source.ok()) << source.status();
    return ImportLicenses(client_, **source, {});
  }

  v1::ItemBalance Units(const std::string& reference = "S-1") {
    v1::GetShipmentRequest request;
    request.set_exporter("acme");
    request.set_shipment_reference(reference);
    const auto answer = client_.GetShipment(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->shipment().balances(0) : v1::ItemBalance();
  }

  void VoidMovement(uint64_t index) {
    auto request = Proto<v1::VoidMovementRequest>(R"pb(
      command {
        shipment { exporter: "acme" shipment_reference: "S-1" }
        reason: "test"
      })pb");
    request.mutable_command()->set_movement_index(index);
    Must(client_.VoidMovement(request));
  }

  template <typename Response>
  void Must(const absl::StatusOr<Response>& answer) {
    ASSERT_TRUE(answer.ok()) << answer.status();
  }

  uint64_t Size() { return client_.GetLedger({})->size(); }

  client::Client client_{{.server = address()}};
};

TEST_F(MovementImporterTest, MovementsAreRecordedInTheOrderOfTheFile) {
  std::string rows;
  for (int i = 0; i < 20; ++i) {
    absl::StrAppend(&rows, Receive(30), Receive(30, "S-2"));
  }
  // What comes too late finds nothing in transit.
  absl::StrAppend(&rows, Receive(7), Receive(7, "S-2"));
  const std::string rejects = dir_.File("rejects.csv");
  const ImportOutcome outcome = Import(rows, {.rejects_path = rejects});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 40);
  EXPECT_EQ(outcome.counts.rejected, 2);
  EXPECT_EQ(outcome.first_problems.front().line, 42);
  EXPECT_THAT(ReadFile(rejects), AllOf(HasSubstr("\n42,"), HasSubstr("\n43,")));
  EXPECT_EQ(Units().on_hand(), 600);
}

TEST_F(MovementImporterTest, EqualRowsAreEachAMovementAndAFileIsImportedOnce) {
  const std::string rows =
      Receive(5) + Receive(5) + "retire,S-1,acme,2025-03-11,0,2,loss,seen\n";
  EXPECT_EQ(Import(rows).counts.recorded, 3);
  EXPECT_EQ(Units().on_hand(), 8);
  const uint64_t size = Size();
  for (const bool dry_run : {false, true}) {
    const ImportOutcome again = Import(rows, {.dry_run = dry_run});
    ASSERT_TRUE(again.status.ok()) << again.status;
    EXPECT_EQ(again.counts.recorded, 0);
    EXPECT_EQ(again.counts.already_there, 3);
    EXPECT_EQ(Size(), size);
  }
}

TEST_F(MovementImporterTest, AnEditedFileRecordsTheChangedRowsAlone) {
  Import(Receive(5) + Receive(6) + Receive(5));
  const ImportOutcome edited =
      Import("receive,S-2,acme,2025-03-09,,,,\n" + Receive(5) + Receive(7) +
             Receive(5) + Receive(5));
  ASSERT_TRUE(edited.status.ok()) << edited.status;
  EXPECT_EQ(edited.counts.already_there, 2);
  EXPECT_EQ(edited.counts.recorded, 3);
  // The row that is no longer there stays recorded.
  EXPECT_EQ(Units().on_hand(), 5 + 6 + 5 + 7 + 5);
  EXPECT_EQ(Units("S-2").on_hand(), 600);
}

TEST_F(MovementImporterTest, WhatWasTakenBackIsTold) {
  const uint64_t first = Size();
  Import(Receive(5) + Receive(6));
  VoidMovement(first);
  const ImportOutcome again = Import(Receive(5) + Receive(6));
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.counts.voided, 1);
  EXPECT_EQ(again.counts.already_there, 1);
  EXPECT_THAT(
      again.first_problems.front().reason,
      AllOf(StartsWith(absl::StrCat("voided: entry ", first, " recorded it")),
            HasSubstr("a second row like it records it anew")));

  EXPECT_EQ(Import(Receive(5) + Receive(6) + Receive(5)).counts.recorded, 1);
  EXPECT_EQ(Units().on_hand(), 11);
}

TEST_F(MovementImporterTest, WhatOthersRestOnIsThere) {
  Import(Receive(600));
  ImportFile("jsonl",
             R"({"transferShipment":{"origin":{"shipmentReference":"S-1"},)"
             R"("units":[{"quantity":"600"}],"shipment":{"shipmentReference":)"
             R"("T-1","exportDate":"2025-03-12","destinationCountry":"FR",)"
             R"("consignee":"globex","items":[{"productCode":"H100",)"
             R"("quantity":"600"}]},"assurance":"ASSURANCE_AFTER_THE_FACT"}})");
  ASSERT_EQ(Units().sent_on(), 600);
  EXPECT_EQ(Import(Receive(600)).counts.already_there, 1);
}

TEST_F(MovementImporterTest, WhatIsSentOnHasAReferenceOfItsOwn) {
  const auto reexport = [](const std::string& origin, int quantity) {
    return absl::StrCat(
        R"({"reexportShipment":{"origin":{"shipmentReference":")", origin,
        R"("},"units":[{"quantity":")", quantity,
        R"("}],"shipment":{"shipmentReference":"R-)", origin,
        R"(","exportDate":"2025-03-12","destinationCountry":"SG","items":)",
        R"([{"productCode":"H100","quantity":")", quantity,
        R"("}]},"assurance":"ASSURANCE_BEFORE_EXPORT"}})", "\n");
  };
  Import(Receive(600) + Receive(600, "S-2"));
  // The cap is 1,000 GPUs a country and year.
  const std::string lines = reexport("S-1", 500) + reexport("S-2", 600);
  const ImportOutcome first = ImportFile("jsonl", lines);
  EXPECT_EQ(first.counts.recorded, 1);
  EXPECT_EQ(first.counts.refused, 1);
  EXPECT_EQ(Units().sent_on(), 500);

  const ImportOutcome again =
      ImportFile("jsonl", absl::StrCat(lines, reexport("S-1", 500)));
  EXPECT_EQ(again.counts.already_there, 2);
  EXPECT_EQ(again.counts.refused_before, 1);

  const ImportOutcome changed = ImportFile("jsonl", reexport("S-1", 90));
  EXPECT_EQ(changed.counts.differs, 1);
  EXPECT_THAT(changed.first_problems.front().reason, HasSubstr("R-S-1"));
}

TEST_F(MovementImporterTest, ADryRunJudgesAndStoresNothing) {
  const uint64_t size = Size();
  const ImportOutcome outcome =
      Import(Receive(5) + Receive(5) + Receive(1, "S-9") + Receive(1, "S-9") +
                 Receive(601),
             {.dry_run = true});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(Size(), size);
  EXPECT_EQ(outcome.counts.recorded, 2);
  EXPECT_EQ(outcome.counts.rejected, 3);
}

TEST_F(MovementImporterTest, WhatWasTooEarlyIsRecordedLater) {
  const std::string rows = Receive(5, "S-3");
  EXPECT_EQ(Import(rows).counts.rejected, 1);
  Ship("S-3", "IT", 5);
  EXPECT_EQ(Import(rows).counts.recorded, 1);
  EXPECT_EQ(Import(rows).counts.already_there, 1);
}

TEST_F(MovementImporterTest,
       DeclarationsAreRecordedOnceInTheOrderOfTheirDates) {
  const std::string rows =
      "globex,2025-01-01,FR,100,report 1\n"
      "globex,,DE,50,\n"
      "globex,2025-07-01,FR,200,report 2\n";
  const uint64_t size = Size();
  EXPECT_EQ(ImportStock(rows).counts.recorded, 2);
  EXPECT_EQ(Size(), size + 2);
  EXPECT_EQ(ImportStock(rows).counts.already_there, 2);
  EXPECT_EQ(Size(), size + 2);
  const ImportOutcome late = ImportStock(
      "globex,2025-03-01,FR,150,report 3\ninitech,2025-01-01,FR,1,letter\n");
  EXPECT_EQ(late.counts.rejected, 2);
  EXPECT_THAT(late.first_problems.front().reason,
              HasSubstr("is before 2025-07-01, the date of what globex "
                        "declared last"));
  EXPECT_THAT(late.counts.missing_parties, ElementsAre("initech"));
}

TEST_F(MovementImporterTest, ConditionsAreRecordedOnce) {
  Must(client_.GrantLicense(Proto<v1::GrantLicenseRequest>(R"pb(
    command {
      license {
        license_id: "D-1"
        exporter: "acme"
        destination_countries: "FR"
        grant_date: "2025-01-01"
        expiry_date: "2028-12-31"
        lines { line_number: 1 product_code: "H100" quantity: 5 }
      }
    })pb")));
  const std::string rows =
      "D-1,kyc,file 7,2025-02-01\n"
      "D-9,kyc,file 8,2025-02-01\n"
      "D-1,lab_certificate,,2025-02-01\n"
      "D-1,kyc,file 7,2025-02-01\n";
  const ImportOutcome first = ImportConditions(rows);
  ASSERT_TRUE(first.status.ok()) << first.status;
  EXPECT_EQ(first.counts.recorded, 1);
  // What it says is so however often it says it.
  EXPECT_EQ(first.counts.already_there, 1);
  EXPECT_EQ(first.counts.rejected, 2);
  EXPECT_THAT(first.counts.missing_licenses, ElementsAre("D-9"));
  EXPECT_EQ(ImportConditions(rows).counts.already_there, 2);
  v1::GetLicenseRequest request;
  request.set_license_id("D-1");
  EXPECT_EQ(client_.GetLicense(request)->license().conditions_size(), 1);
}

}  // namespace
}  // namespace chipledger::import
