// Goal: an import records every good row once, says what became of the others,
// and can be run again at any time. Method: files against a real server.
#include "client/import/importer.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "client/import/rejects_file.h"
#include "client/import/shipment_source.h"
#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/support/server_fixture.h"

namespace chipledger::import {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::ReadFile;
using testing::ServerTest;
using testing::WriteFile;

constexpr absl::string_view kHeader =
    "shipment_reference,exporter,export_date,destination_country,product_code,"
    "quantity,assurance\n";

// Good, bad and refused rows: the cap is 1,000 GPUs a country and year.
constexpr absl::string_view kMixed =
    "S-1,acme,2025-03-01,FR,H100,600,before-export\n"
    "S-2,acme,2025-03-01,FR,H100,many,before-export\n"
    "S-3,acme,2025-03-01,FR,NOPE,1,before-export\n"
    "S-4,acme,2025-03-01,FR,H100,600,before-export\n"
    "S-5,acme,2025-03-01,DE,H100,\"1\n\",before-export\n"
    "S-6,acme,2025-13-01,FR,H100,1,before-export\n"
    "S-7,acme,2025-03-01,FR,H100,300,before-export\n"
    "S-7,acme,2025-03-01,FR,RACK,1,before-export\n";

class ImporterTest : public ServerTest {
 protected:
  void SetUp() override { RecordCatalog(); }

  ImportOutcome Import(const std::string& rows,
                       const ImportOptions& options = {}) {
    client::Client client({.server = address()});
    auto source = OpenShipmentSource(
        WriteFile(dir_, "in.csv", absl::StrCat(kHeader, rows)), "csv", {});
    EXPECT_TRUE(source.ok()) << source.status();
    return ImportShipments(client, **source, options);
  }

  void Void(const std::string& reference) {
    client::Client client({.server = address()});
    v1::VoidShipmentRequest request;
    request.mutable_command()->set_exporter("acme");
    request.mutable_command()->set_shipment_reference(reference);
    request.mutable_command()->set_reason("test");
    request.mutable_command()->set_recorded_in_error("test");
    const auto voided = client.VoidShipment(request);
    EXPECT_TRUE(voided.ok()) << voided.status();
  }

  void Correct(const std::string& reference, int64_t quantity) {
    client::Client client({.server = address()});
    v1::GetShipmentRequest get;
    get.set_exporter("acme");
    get.set_shipment_reference(reference);
    const auto found = client.GetShipment(get);
    ASSERT_TRUE(found.ok()) << found.status();
    v1::CorrectShipmentRequest request;
    v1::CorrectShipment& command = *request.mutable_command();
    *command.mutable_shipment() = found->shipment().shipment();
    command.mutable_shipment()->mutable_items(0)->set_quantity(quantity);
    command.set_assurance(found->shipment().assurance());
    command.set_reason("test");
    const auto corrected = client.CorrectShipment(request);
    EXPECT_TRUE(corrected.ok()) << corrected.status();
  }

  uint64_t Size() {
    client::Client client({.server = address()});
    return client.GetLedger({})->size();
  }
};

TEST_F(ImporterTest, OneBadRowNeverStopsTheOthers) {
  const std::string rejects = dir_.File("rejects.csv");
  const ImportOutcome outcome =
      Import(std::string(kMixed), {.rejects_path = rejects});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 3);
  EXPECT_EQ(outcome.counts.refused, 1);
  EXPECT_EQ(outcome.counts.rejected, 3);
  EXPECT_THAT(outcome.counts.missing_products, ElementsAre("NOPE"));
  const std::string text = ReadFile(rejects);
  EXPECT_THAT(text, HasSubstr("line,reason,record\n"));
  EXPECT_THAT(text, HasSubstr("\n3,\"quantity \"\"many\"\" is no whole"));
  EXPECT_THAT(text,
              HasSubstr("\"S-3,acme,2025-03-01,FR,NOPE,1,before-export\""));
  EXPECT_THAT(text, HasSubstr("\n5,"));
  EXPECT_THAT(text, HasSubstr("2025-13-01"));
  EXPECT_THAT(text, Not(HasSubstr("S-7")));
}

TEST_F(ImporterTest, RejectsAreInTheOrderOfTheFile) {
  const std::string rejects = dir_.File("rejects.csv");
  std::string rows;
  std::string lines = "line";
  for (int i = 0; i < 3000; ++i) {
    // The server rejects the product, the importer the quantity.
    absl::StrAppend(&rows, "S-", i, ",acme,2025-03-01,FR,",
                    i % 3 == 0 ? "NOPE,1" : "H100,many", ",before-export\n");
    absl::StrAppend(&lines, " ", i + 2);
  }
  const ImportOutcome outcome = Import(rows, {.rejects_path = rejects});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.rejected, 3000);
  std::vector<std::string> got;
  for (const absl::string_view line :
       absl::StrSplit(ReadFile(rejects), '\n', absl::SkipEmpty())) {
    got.push_back(std::string(line.substr(0, line.find(','))));
  }
  EXPECT_EQ(absl::StrJoin(got, " "), lines);
}

TEST_F(ImporterTest, ARepeatedLineIsCountedAsAlreadyThere) {
  const std::string line =
      R"({"shipment":{"shipmentReference":"S-1","exportDate":"2025-03-01",)"
      R"("destinationCountry":"FR","items":[{"productCode":"H100",)"
      R"("quantity":"8"}]}})"
      "\n";
  client::Client client({.server = address()});
  auto source = OpenShipmentSource(
      WriteFile(dir_, "in.jsonl", absl::StrCat(line, line)), "jsonl",
      {.exporter = "acme", .assurance = v1::ASSURANCE_AFTER_THE_FACT});
  const ImportOutcome outcome = ImportShipments(client, **source, {});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 1);
  EXPECT_EQ(outcome.counts.possible_duplicates, 0) << "it is the same one";
  EXPECT_EQ(outcome.counts.already_there, 1);
}

TEST_F(ImporterTest, RunningItAgainChangesNothing) {
  const ImportOutcome first = Import(std::string(kMixed));
  const uint64_t size = Size();
  const ImportOutcome second = Import(std::string(kMixed));
  ASSERT_TRUE(second.status.ok()) << second.status;
  EXPECT_EQ(Size(), size);
  EXPECT_EQ(second.counts.recorded, 0);
  EXPECT_EQ(second.counts.already_there, first.counts.recorded);
  EXPECT_EQ(second.counts.refused, 1);
  EXPECT_EQ(second.counts.refused_before, 1);
  EXPECT_EQ(second.counts.rejected, 3);
}

TEST_F(ImporterTest, AnImportThatWasCutOffGoesOn) {
  std::string rows;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&rows, "S-", i,
                    ",acme,2025-03-01,FR,H100,1,before-export\n");
  }
  const std::string half = rows.substr(0, rows.find("S-50,"));
  EXPECT_EQ(Import(half).counts.recorded, 50);
  const ImportOutcome whole = Import(rows);
  EXPECT_EQ(whole.counts.recorded, 50);
  EXPECT_EQ(whole.counts.already_there, 50);
  EXPECT_EQ(whole.counts.InLedger(), 100);
}

TEST_F(ImporterTest, AChangedRowIsToldFromTheOneRecorded) {
  Import("S-1,acme,2025-03-01,FR,H100,5,before-export\n");
  const std::string rejects = dir_.File("rejects.csv");
  const ImportOutcome outcome =
      Import("S-1,acme,2025-03-01,FR,H100,6,before-export\n",
             {.rejects_path = rejects});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.differs, 1);
  EXPECT_EQ(outcome.counts.Done(), 1);
  EXPECT_THAT(ReadFile(rejects),
              HasSubstr("items[0].quantity: recorded 5, file says 6"));
}

TEST_F(ImporterTest, WhatWasVoidedOrCorrectedSinceIsSaid) {
  const std::string rows =
      "S-1,acme,2025-03-01,FR,H100,5,before-export\n"
      "S-2,acme,2025-03-01,FR,H100,5,before-export\n"
      "S-3,acme,2025-03-01,FR,H100,5,before-export\n"
      "S-4,acme,2025-03-01,FR,H100,5,before-export\n";
  EXPECT_EQ(Import(rows).counts.recorded, 4);
  Void("S-1");
  Correct("S-2", 7);
  // Corrected, and corrected back.
  Correct("S-3", 7);
  Correct("S-3", 5);

  const uint64_t size = Size();
  for (const bool dry_run : {false, true}) {
    const ImportOutcome again = Import(rows, {.dry_run = dry_run});
    ASSERT_TRUE(again.status.ok()) << again.status;
    EXPECT_EQ(again.counts.voided, 1);
    EXPECT_EQ(again.counts.differs, 1);
    EXPECT_EQ(again.counts.already_there, 2);
    EXPECT_EQ(again.counts.Done(), 4);
    ASSERT_EQ(again.first_problems.size(), 2);
    EXPECT_EQ(again.first_problems[0].line, 2);
    EXPECT_THAT(again.first_problems[0].reason, HasSubstr("voided"));
    EXPECT_EQ(again.first_problems[1].line, 3);
    EXPECT_THAT(again.first_problems[1].reason,
                HasSubstr("items[0].quantity: recorded 7, file says 5"));
  }
  EXPECT_EQ(Size(), size) << "looking records nothing";

  // A file that says what the correction says is not new either.
  const ImportOutcome corrected =
      Import("S-2,acme,2025-03-01,FR,H100,7,before-export\n");
  EXPECT_EQ(corrected.counts.already_there, 1);
  EXPECT_EQ(corrected.counts.Done(), 1);
}

TEST_F(ImporterTest, ReferencesThatLookAlikeAreToldAsPossibleDuplicates) {
  Import(
      "LK-1,acme,2025-03-01,FR,H100,1,before-export\n"
      "LK-2,acme,2025-03-01,FR,H100,1,before-export\n"
      "lk-3,acme,2025-03-01,FR,H100,1,before-export\n");
  Void("LK-2");
  Correct("lk-3", 2);
  const std::string rows =
      // As in the ledger but for the case; LK-2 counts nothing there.
      "lk-1,acme,2025-03-01,FR,H100,1,before-export\n"
      "lk-2,acme,2025-03-01,FR,H100,1,before-export\n"
      "LK-3,acme,2025-03-01,FR,H100,1,before-export\n"
      "A-1,acme,2025-03-01,FR,H100,1,before-export\n"
      "a-1,acme,2025-03-01,FR,H100,1,before-export\n"
      // A Cyrillic letter, and a wide one.
      "\u0410-1,acme,2025-03-01,FR,H100,1,before-export\n"
      "\uFF21-1,acme,2025-03-01,FR,H100,1,before-export\n"
      "A-l,acme,2025-03-01,FR,H100,1,before-export\n"
      "A-1,globex,2025-03-01,FR,H100,1,before-export\n"
      // What is not seen is refused.
      "A-\u200B1,acme,2025-03-01,FR,H100,1,before-export\n";
  const ImportOutcome outcome = Import(rows);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 9);
  EXPECT_EQ(outcome.counts.rejected, 1);
  const auto told = [](const ImportOutcome& of) {
    std::vector<std::string> lines;
    for (const PossibleDuplicate& one : of.first_possible_duplicates) {
      lines.push_back(absl::StrCat(one.line, " ", one.reference, " ",
                                   one.other_line, one.other));
    }
    EXPECT_EQ(of.counts.possible_duplicates, lines.size());
    return lines;
  };
  EXPECT_THAT(told(outcome),
              ElementsAre("2 lk-1 0LK-1", "4 LK-3 0lk-3", "6 a-1 5",
                          "7 \u0410-1 5", "8 \uFF21-1 5", "11 A-\u200B1 5"));
  // Another import of the same says the same of them.
  EXPECT_EQ(told(Import(rows)), told(outcome));
}

TEST_F(ImporterTest, ItemsInAnotherOrderAreTheSameShipment) {
  const std::string h100 = "S-1,acme,2025-03-01,FR,H100,5,before-export\n";
  const std::string rack = "S-1,acme,2025-03-01,FR,RACK,1,before-export\n";
  EXPECT_EQ(Import(h100 + rack).counts.recorded, 1);
  const ImportOutcome turned = Import(rack + h100);
  EXPECT_EQ(turned.counts.already_there, 1);
  EXPECT_EQ(turned.counts.Done(), 1);
}

TEST_F(ImporterTest, RejectsOfEveryKindAreInTheOrderOfTheFile) {
  const std::string refused =
      "S-2,acme,2025-03-01,DE,H100,1500,before-export\n";
  Import(
      "S-1,acme,2025-03-01,FR,H100,5,before-export\n"
      "S-5,acme,2025-03-01,FR,H100,5,before-export\n" +
      refused);
  Void("S-1");
  const std::string rejects = dir_.File("rejects.csv");
  const ImportOutcome outcome = Import(
      absl::StrCat("S-1,acme,2025-03-01,FR,H100,5,before-export\n", refused,
                   "S-3,acme,2025-03-01,FR,H100,many,before-export\n"
                   "S-4,acme,2025-03-01,FR,NOPE,1,before-export\n"
                   "S-5,acme,2025-03-01,FR,H100,6,before-export\n"
                   "S-6,acme,2025-03-01,FR,H100\n"),
      {.rejects_path = rejects, .retry_refused = "again"});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  std::vector<std::string> lines;
  for (const absl::string_view line :
       absl::StrSplit(ReadFile(rejects), '\n', absl::SkipEmpty())) {
    lines.push_back(std::string(line.substr(0, line.find(','))));
  }
  EXPECT_THAT(lines, ElementsAre("line", "2", "3", "4", "5", "6", "7"));
  EXPECT_EQ(outcome.first_problems.size(), 6);
}

TEST_F(ImporterTest, ManyThatWereThereAreComparedToo) {
  // More than may wait for what became of one before them.
  std::string rows;
  for (int i = 0; i < 25'000; ++i) {
    absl::StrAppend(&rows, "S-", i,
                    ",acme,2025-03-01,FR,H100,1,after-the-fact\n");
  }
  EXPECT_EQ(Import(rows).counts.recorded, 25'000);
  Void("S-0");
  Void("S-24999");
  const ImportOutcome again = Import(rows);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.counts.already_there, 24'998);
  EXPECT_EQ(again.counts.voided, 2);
}

TEST_F(ImporterTest, ADryRunJudgesAndStoresNothing) {
  const uint64_t size = Size();
  const ImportOutcome outcome = Import(std::string(kMixed), {.dry_run = true});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(Size(), size);
  // Each is judged by itself, so S-4 would be accepted.
  EXPECT_EQ(outcome.counts.recorded, 4);
  EXPECT_EQ(outcome.counts.rejected, 3);
}

TEST_F(ImporterTest, StrictStopsAtTheFirstBadRow) {
  const ImportOutcome outcome = Import(
      "S-1,acme,2025-03-01,FR,H100,1,before-export\n"
      "S-2,acme,2025-03-01,FR,H100,many,before-export\n"
      "S-3,acme,2025-03-01,FR,H100,many,before-export\n",
      {.strict = true});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 1);
  EXPECT_EQ(outcome.counts.rejected, 1);
}

TEST_F(ImporterTest, WhatWasRefusedCanBeAskedAboutAnew) {
  const std::string row = "S-1,acme,2025-03-01,FR,H100,1500,before-export\n";
  EXPECT_EQ(Import(row).counts.refused, 1);
  client::Client client({.server = address()});
  v1::RescindPolicyRequest rescind;
  rescind.mutable_command()->set_policy_id("caps");
  rescind.mutable_command()->set_effective_date("2025-01-01");
  rescind.mutable_command()->set_reason("test");
  ASSERT_TRUE(client.RescindPolicy(rescind).ok());

  EXPECT_EQ(Import(row).counts.refused_before, 1);
  const ImportOutcome retried = Import(row, {.retry_refused = "no cap"});
  EXPECT_EQ(retried.counts.recorded, 1);
  EXPECT_EQ(retried.counts.refused, 0);
}

TEST_F(ImporterTest, AServerThatIsGoneIsAnError) {
  const std::string server = address();
  StopServer();
  client::Client client(
      {.server = server, .deadline = absl::Milliseconds(200)});
  auto source = OpenShipmentSource(
      WriteFile(dir_, "in.csv", absl::StrCat(kHeader, kMixed)), "csv", {});
  const ImportOutcome outcome = ImportShipments(client, **source, {});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kUnavailable);
}

TEST_F(ImporterTest, RejectsThatCannotBeWrittenAreAnErrorBeforeAnythingIsSent) {
  const uint64_t size = Size();
  const ImportOutcome outcome = Import(
      std::string(kMixed), {.rejects_path = dir_.File("absent/rejects.csv")});
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("rejects"));
  EXPECT_EQ(Size(), size);
}

TEST_F(ImporterTest, RejectsThatCannotBeWrittenOnEndTheImportWithATrueCount) {
  // More records than are let wait for the answer to the first.
  constexpr int kBad = 30'000;
  std::string rows = "S-1,acme,2025-03-01,FR,H100,1,before-export\n";
  for (int i = 0; i < kBad; ++i) {
    absl::StrAppend(&rows, "B-", i, ",acme,2025-03-01,FR,H100,many,\n");
  }
  absl::StrAppend(&rows, "S-2,acme,2025-03-01,FR,H100,1,before-export\n");
  // A disk that is full.
  const ImportOutcome outcome = Import(rows, {.rejects_path = "/dev/full"});
  EXPECT_THAT(
      std::string(outcome.status.message()),
      AllOf(HasSubstr("rejects file /dev/full"), HasSubstr("No space left")));
  EXPECT_EQ(outcome.counts.recorded, 1);
  EXPECT_GT(outcome.counts.rejected, 0);
  EXPECT_LT(outcome.counts.rejected, kBad);
  EXPECT_EQ(Import("S-1,acme,2025-03-01,FR,H100,1,before-export\n"
                   "S-2,acme,2025-03-01,FR,H100,1,before-export\n")
                .counts.already_there,
            1);
}

TEST_F(ImporterTest, RejectsReplaceTheFileOfBeforeOnlyWhenTheyAreWhole) {
  const std::string rejects = WriteFile(dir_, "rejects.csv", "of before");
  const std::string link = dir_.File("link.csv");
  std::filesystem::create_symlink(rejects, link);
  {
    const auto file = RejectsFile::Create(link);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->Add({{7, "raw"}, {8, "more"}}, 7, "a reason").ok());
    EXPECT_EQ(ReadFile(rejects), "of before");
    ASSERT_TRUE((*file)->Close().ok());
  }
  EXPECT_EQ(ReadFile(rejects),
            "line,reason,record\n7,\"a reason\",\"raw\"\n"
            "8,\"line 7: a reason\",\"more\"\n");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  // One that is given up leaves nothing.
  { ASSERT_TRUE(RejectsFile::Create(rejects).ok()); }
  EXPECT_THAT(ReadFile(rejects), HasSubstr("raw"));
  const std::string directory = dir_.File("taken");
  std::filesystem::create_directory(directory);
  const auto taken = RejectsFile::Create(directory + "/rejects.csv");
  std::filesystem::remove_all(directory);
  EXPECT_THAT(std::string((*taken)->Close().message()),
              HasSubstr("taken/rejects.csv"));
  EXPECT_FALSE(RejectsFile::Create(dir_.File(".")).ok()) << "a directory";
}

TEST_F(ImporterTest, ARejectRepeatsTheStartOfAVeryLongRecord) {
  const std::string rejects = dir_.File("rejects.csv");
  const ImportOutcome outcome =
      Import(absl::StrCat("S-1,acme,", std::string(200'000, 'x'), "\n"),
             {.rejects_path = rejects});
  EXPECT_EQ(outcome.counts.rejected, 1);
  EXPECT_THAT(ReadFile(rejects), HasSubstr("xxx... (200009 bytes)"));
  EXPECT_LT(ReadFile(rejects).size(), 10'000);
}

TEST_F(ImporterTest, TheRejectsAreNeverTheInput) {
  const std::string input = WriteFile(dir_, "in.csv", "x");
  const std::string symlink = dir_.File("symlink.csv");
  const std::string hardlink = dir_.File("hardlink.csv");
  std::filesystem::create_symlink(input, symlink);
  std::filesystem::create_hard_link(input, hardlink);
  for (const std::string& rejects :
       {input,
        dir_.File("../") +
            std::filesystem::path(dir_.path()).filename().string() +
            "/./in.csv",
        symlink, hardlink}) {
    EXPECT_EQ(CheckNotTheInput(input, rejects).code(),
              absl::StatusCode::kInvalidArgument)
        << rejects;
  }
  EXPECT_TRUE(CheckNotTheInput(input, dir_.File("other.csv")).ok());
}

TEST_F(ImporterTest, AFileThatIsCutWhileItIsReadIsAnError) {
  std::string rows(kHeader);
  for (int i = 0; i < 20'000; ++i) {
    absl::StrAppend(&rows, "S-", i,
                    ",acme,2025-03-01,FR,H100,1,after-the-fact\n");
  }
  const std::string path = WriteFile(dir_, "cut.csv", rows);
  auto source = OpenShipmentSource(path, "csv", {});
  ASSERT_TRUE(source.ok()) << source.status();
  std::filesystem::resize_file(path, rows.size() / 2);
  client::Client client({.server = address()});
  const uint64_t size = Size();
  const ImportOutcome outcome = ImportShipments(client, **source, {});
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(outcome.status.message()),
              AllOf(HasSubstr("cut.csv"), HasSubstr("shorter")));
  EXPECT_GT(outcome.counts.recorded, 0);
  EXPECT_EQ(Size() - size, outcome.counts.recorded) << "a true count";
}

// A ledger of 10 entries whose first stream breaks when it has read some
// requests and answered none. Later streams answer that all was recorded.
class BreakingLedger : public v1::AdminService::Service,
                       public v1::ShipmentService::Service {
 public:
  explicit BreakingLedger(int reads) : reads_(reads) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(static_cast<v1::AdminService::Service*>(this));
    builder.RegisterService(static_cast<v1::ShipmentService::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~BreakingLedger() override { server_->Shutdown(); }

  client::ClientOptions options() const {
    return {.server = absl::StrCat("127.0.0.1:", port_),
            .initial_backoff = absl::Milliseconds(1)};
  }

  // From now on nothing is recorded.
  void BecomeReadOnly() { read_only_ = true; }

  grpc::Status GetLedger(grpc::ServerContext*, const v1::GetLedgerRequest*,
                         v1::GetLedgerResponse* response) override {
    response->set_size(10);
    return grpc::Status::OK;
  }

  grpc::Status StreamShipments(
      grpc::ServerContext*,
      grpc::ServerReaderWriter<v1::StreamShipmentsResponse,
                               v1::StreamShipmentsRequest>* stream) override {
    const bool breaks = !broken_.exchange(true);
    int read = 0;
    v1::StreamShipmentsRequest batch;
    while (stream->Read(&batch)) {
      read += batch.requests_size();
      if (breaks && read >= reads_) {
        return {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
      }
      if (breaks) continue;
      v1::StreamShipmentsResponse response;
      for (int i = 0; i < batch.requests_size(); ++i) {
        // No other shipment is there.
        if (batch.requests(i).commands(0).has_void_shipment()) {
          AddError(grpc::StatusCode::NOT_FOUND, "SHIPMENT_NOT_FOUND", response);
          continue;
        }
        if (read_only_) {
          AddError(grpc::StatusCode::UNAVAILABLE, "READ_ONLY", response);
          continue;
        }
        v1::WriteResult& result = *response.add_answers()->mutable_result();
        result.set_index(20);
        result.set_repeated_answer(true);
      }
      stream->Write(response);
    }
    return grpc::Status::OK;
  }

 private:
  static void AddError(grpc::StatusCode code, const std::string& reason,
                       v1::StreamShipmentsResponse& response) {
    google::rpc::Status& error = *response.add_answers()->mutable_error();
    error.set_code(code);
    google::rpc::ErrorInfo info;
    info.set_reason(reason);
    error.add_details()->PackFrom(info);
  }

  const int reads_;
  int port_ = 0;
  std::atomic<bool> broken_ = false;
  std::atomic<bool> read_only_ = false;
  std::unique_ptr<grpc::Server> server_;
};

ImportOutcome ImportRows(int rows, const client::ClientOptions& options) {
  testing::TempDir dir;
  std::string text(kHeader);
  for (int i = 0; i < rows; ++i) {
    absl::StrAppend(&text, "S-", i,
                    ",acme,2025-03-01,FR,H100,1,before-export\n");
  }
  client::Client client(options);
  auto source = OpenShipmentSource(WriteFile(dir, "in.csv", text), "csv", {});
  return ImportShipments(client, **source, {});
}

TEST(ImporterBreakTest, SaysHowManyShipmentsHaveNoAnswerWhileItReads) {
  BreakingLedger ledger(100);
  client::ClientOptions options = ledger.options();
  options.max_outage = absl::ZeroDuration();
  // More than may be under way, so that rows are still being read.
  const ImportOutcome outcome = ImportRows(20'000, options);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(outcome.status.message()),
              ContainsRegex("[0-9][0-9][0-9] shipments have no answer and may "
                            "or may not have been recorded"));
  EXPECT_EQ(outcome.counts.Done(), 0);
}

TEST(ImporterBreakTest, AReadOnlyLedgerDoesNotSettleWhatWasSentBefore) {
  BreakingLedger ledger(1);
  ledger.BecomeReadOnly();
  const ImportOutcome outcome = ImportRows(1, ledger.options());
  EXPECT_EQ(client::GetErrorDetails(outcome.status).reason, v1::READ_ONLY);
  EXPECT_THAT(std::string(outcome.status.message()),
              HasSubstr("1 shipment has no answer"));
  EXPECT_EQ(outcome.counts.Done(), 0);
}

TEST(ImporterBreakTest, CountsItsOwnWritesAsRecordedWhenSentAgain) {
  BreakingLedger ledger(1);
  const ImportOutcome outcome = ImportRows(1, ledger.options());
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 1);
  EXPECT_EQ(outcome.counts.already_there, 0);
}

}  // namespace
}  // namespace chipledger::import
