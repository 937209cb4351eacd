// Goal: an import grants every good license once, says what became of the
// others, and can be run again at any time. Method: files against a real
// server.
#include "client/import/license_importer.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/errors.h"
#include "client/import/license_source.h"
#include "gmock/gmock.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/support/server_fixture.h"

namespace chipledger::import {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::Proto;
using testing::ReadFile;
using testing::ServerTest;
using testing::WriteFile;

constexpr absl::string_view kHeader =
    "license_id,exporter,destination_countries,grant_date,expiry_date,"
    "product_code,quantity\n";

// Good, bad and refused rows: the cap is 1,000 GPUs a country, licensed.
constexpr absl::string_view kMixed =
    "D-1,acme,FR,2025-01-01,2028-12-31,H100,600\n"
    "D-2,acme,FR,2025-01-01,2028-12-31,H100,many\n"
    "D-3,acme,FR,2025-01-01,2028-12-31,NOPE,1\n"
    "D-4,acme,FR,2025-01-01,2028-12-31,H100,600\n"
    "D-5,acme,FR,2025-13-01,2028-12-31,H100,1\n"
    "D-6,acme,FR;DE,2025-01-01,2028-12-31,H100,300\n"
    "D-7,acme,FR,2025-01-01,2028-12-31,H100,300\n"
    "D-7,acme,FR,2025-01-01,2028-12-31,RACK,1\n";

class LicenseImporterTest : public ServerTest {
 protected:
  void SetUp() override {
    RecordCatalog();
    Must(client_.AdoptPolicy(Proto<v1::AdoptPolicyRequest>(R"pb(
      command {
        policy {
          policy_id: "licensed"
          title: "Caps for tests"
          effective_from: "2020-01-01"
          provenance {
            citation: "test"
            legal_status: LEGAL_STATUS_PROPOSED
            enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
          }
          rules {
            rule_id: "gpus"
            title: "GPUs licensed to a country in a year"
            measure: MEASURE_GPUS
            accrual: ACCRUAL_LICENSED
            revocation_effect: REVOCATION_EFFECT_RELEASE_UNSHIPPED
            scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
            window { calendar_year {} }
            limit { constant: "1000" }
            enforcement { mode: MODE_REFUSE }
          }
        }
      })pb")));
  }

  ImportOutcome Import(const std::string& rows,
                       const ImportOptions& options = {}) {
    return ImportFile("csv", absl::StrCat(kHeader, rows), options);
  }
  ImportOutcome ImportFile(const std::string& format,
                           const std::string& content,
                           const ImportOptions& options = {}) {
    auto source = OpenLicenseSource(WriteFile(dir_, "in", content), format,
                                    {.exporter = "acme"});
    EXPECT_TRUE(source.ok()) << source.status();
    return ImportLicenses(client_, **source, options);
  }

  v1::License Get(const std::string& license_id) {
    v1::GetLicenseRequest request;
    request.set_license_id(license_id);
    const auto answer = client_.GetLicense(request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return answer.ok() ? answer->license().license() : v1::License();
  }

  template <typename Response>
  void Must(const absl::StatusOr<Response>& answer) {
    ASSERT_TRUE(answer.ok()) << answer.status();
  }

  uint64_t Size() { return client_.GetLedger({})->size(); }

  client::Client client_{{.server = address()}};
};

TEST_F(LicenseImporterTest, OneBadRowNeverStopsTheOthers) {
  const std::string rejects = dir_.File("rejects.csv");
  const ImportOutcome outcome =
      Import(std::string(kMixed), {.rejects_path = rejects});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 2);
  EXPECT_EQ(outcome.counts.refused, 1);
  EXPECT_EQ(outcome.counts.rejected, 4);
  EXPECT_THAT(outcome.counts.missing_products, ElementsAre("NOPE"));
  EXPECT_EQ(Get("D-7").lines_size(), 2);
  std::vector<std::string> lines;
  const std::string text = ReadFile(rejects);
  for (const absl::string_view line :
       absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    lines.push_back(std::string(line.substr(0, line.find(','))));
  }
  EXPECT_THAT(lines, ElementsAre("line", "3", "4", "5", "6", "7"));
  EXPECT_THAT(text, AllOf(HasSubstr("3,\"quantity \"\"many\"\" is no whole"),
                          HasSubstr("licensed/gpus"),
                          HasSubstr("\"D-5,acme,FR,2025-13-01,")));
}

TEST_F(LicenseImporterTest, ALimitAdmitsTheFirstOfTheFile) {
  std::string rows;
  for (int i = 0; i < 30; ++i) {
    absl::StrAppend(&rows, "D-", i,
                    ",acme,FR,2025-01-01,2028-12-31,H100,100\n");
  }
  const ImportOutcome outcome = Import(rows);
  EXPECT_EQ(outcome.counts.recorded, 10);
  EXPECT_EQ(outcome.counts.refused, 20);
  ASSERT_FALSE(outcome.first_problems.empty());
  EXPECT_EQ(outcome.first_problems.front().line, 12);
}

TEST_F(LicenseImporterTest, RunningItAgainChangesNothing) {
  const ImportOutcome first = Import(std::string(kMixed));
  const uint64_t size = Size();
  for (const bool dry_run : {false, true}) {
    const ImportOutcome again =
        Import(std::string(kMixed), {.dry_run = dry_run});
    ASSERT_TRUE(again.status.ok()) << again.status;
    EXPECT_EQ(Size(), size);
    EXPECT_EQ(again.counts.recorded, 0);
    EXPECT_EQ(again.counts.already_there, first.counts.recorded);
    EXPECT_EQ(again.counts.refused, 1);
    EXPECT_EQ(again.counts.refused_before, 1);
    EXPECT_EQ(again.counts.rejected, 4);
  }
}

TEST_F(LicenseImporterTest, AnImportThatWasCutOffGoesOn) {
  const std::string half = "D-1,acme,FR,2025-01-01,2028-12-31,H100,1\n";
  EXPECT_EQ(Import(half).counts.recorded, 1);
  const ImportOutcome whole =
      Import(half + "D-2,acme,FR,2025-01-01,2028-12-31,H100,1\n");
  EXPECT_EQ(whole.counts.recorded, 1);
  EXPECT_EQ(whole.counts.already_there, 1);
}

TEST_F(LicenseImporterTest, AChangedRowIsToldFromTheOneGranted) {
  Import("D-1,acme,FR,2025-01-01,2028-12-31,H100,5\n");
  const ImportOutcome outcome =
      Import("D-1,acme,FR,2025-01-01,2027-12-31,H100,6\n");
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.differs, 1);
  EXPECT_EQ(outcome.counts.Done(), 1);
  EXPECT_THAT(
      outcome.first_problems.front().reason,
      EndsWith("license.expiry_date: recorded \"2028-12-31\", file says "
               "\"2027-12-31\"; license.lines[0].quantity: recorded 5, "
               "file says 6"));
}

TEST_F(LicenseImporterTest, WhatBecameOfALicenseSinceIsSaid) {
  std::string rows;
  for (int i = 1; i <= 4; ++i) {
    absl::StrAppend(&rows, "D-", i, ",acme,FR,2025-01-01,2028-12-31,H100,5\n");
  }
  EXPECT_EQ(Import(rows).counts.recorded, 4);
  Must(client_.VoidLicense(Proto<v1::VoidLicenseRequest>(R"pb(
    command { license_id: "D-1" reason: "test" })pb")));
  Must(
      client_.ExtendLicense(
          Proto<v1::ExtendLicenseRequest>(R"pb(
            command {
              license_id: "D-2"
              expiry_date: "2029-12-31"
              reason: "test"
            })pb")));
  // It was granted all the same.
  Must(
      client_.RevokeLicense(Proto<v1::RevokeLicenseRequest>(R"pb(
        command {
          license_id: "D-3"
          effective_date: "2025-06-01"
          reason: "test"
        })pb")));

  const ImportOutcome again = Import(rows);
  ASSERT_TRUE(again.status.ok()) << again.status;
  EXPECT_EQ(again.counts.voided, 1);
  EXPECT_EQ(again.counts.differs, 1);
  EXPECT_EQ(again.counts.already_there, 2);
  ASSERT_EQ(again.first_problems.size(), 2);
  EXPECT_THAT(again.first_problems[0].reason,
              AllOf(HasSubstr("voided"), HasSubstr("authorizes nothing")));
  EXPECT_THAT(again.first_problems[1].reason,
              HasSubstr("license.expiry_date: recorded \"2029-12-31\""));
}

TEST_F(LicenseImporterTest, WhatMeansTheSameIsTheSameLicense) {
  Import("D-1,acme,FR,2025-01-01,2028-12-31,H100,5\n");
  const uint64_t size = Size();
  const ImportOutcome outcome = ImportFile(
      "jsonl", R"({"license":{"licenseId":"D-1","destinationCountries":["FR"],)"
               R"("grantDate":"2025-01-01","expiryDate":"2028-12-31",)"
               R"("authorizationKind":"AUTHORIZATION_KIND_LICENSE","lines":)"
               R"([{"lineNumber":1,"productCode":"H100","quantity":"5",)"
               R"("destinationCountry":"FR"}]}})");
  EXPECT_EQ(outcome.counts.already_there, 1);
  EXPECT_EQ(Size(), size);
}

TEST_F(LicenseImporterTest, ARepeatedLineIsCountedAsAlreadyThere) {
  const auto line = [](const std::string& id) {
    return absl::StrCat(
        R"({"license":{"licenseId":")", id,
        R"(","destinationCountries":["FR"],"grantDate":"2025-01-01",)"
        R"("expiryDate":"2028-12-31","lines":[{"lineNumber":1,)"
        R"("productCode":"H100","quantity":"5"}]}})",
        "\n");
  };
  const ImportOutcome outcome = ImportFile(
      "jsonl",
      absl::StrCat(line("D-1"), line("D-2"), line("D-1"), line("d-2")));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 3);
  EXPECT_EQ(outcome.counts.already_there, 1);
  // Two ids that look alike may be one license.
  EXPECT_EQ(outcome.counts.possible_duplicates, 1);
  EXPECT_EQ(outcome.first_possible_duplicates.front().line, 4);
  EXPECT_EQ(outcome.first_possible_duplicates.front().other_line, 2);
}

TEST_F(LicenseImporterTest, AnIdThatLooksLikeOneInTheLedgerIsTold) {
  Import(
      "D-1,acme,FR,2025-01-01,2028-12-31,H100,5\n"
      "D-2,acme,FR,2025-01-01,2028-12-31,H100,5\n");
  // It authorizes nothing, and is no duplicate.
  Must(client_.VoidLicense(Proto<v1::VoidLicenseRequest>(R"pb(
    command { license_id: "D-2" reason: "test" })pb")));
  const std::string rows =
      "d-1,globex,FR,2025-01-01,2028-12-31,H100,5\n"
      "d-2,acme,FR,2025-01-01,2028-12-31,H100,5\n";
  for (int i = 0; i < 2; ++i) {
    const ImportOutcome outcome = Import(rows);
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    ASSERT_EQ(outcome.counts.possible_duplicates, 1);
    EXPECT_EQ(outcome.first_possible_duplicates.front().line, 2);
    EXPECT_EQ(outcome.first_possible_duplicates.front().other, "D-1");
  }
}

TEST_F(LicenseImporterTest, AGrantAnswersItsApplication) {
  Must(client_.ApplyForLicense(Proto<v1::ApplyForLicenseRequest>(R"pb(
    command {
      application {
        application_id: "A-1"
        exporter: "acme"
        application_date: "2024-11-01"
        destination_countries: "FR"
        lines { line_number: 1 product_code: "H100" quantity: 5 }
      }
    })pb")));
  const std::string header =
      "license_id,exporter,destination_countries,grant_date,expiry_date,"
      "product_code,quantity,application_id\n";
  const std::string row = "D-1,acme,FR,2025-01-01,2028-12-31,H100,5,";
  EXPECT_EQ(
      ImportFile("csv", absl::StrCat(header, row, "A-1\n")).counts.recorded, 1);
  EXPECT_EQ(ImportFile("csv", absl::StrCat(header, row, "A-1\n"))
                .counts.already_there,
            1);
  const ImportOutcome other =
      ImportFile("csv", absl::StrCat(header, row, "\n"));
  ASSERT_EQ(other.counts.differs, 1);
  EXPECT_THAT(other.first_problems.front().reason,
              HasSubstr("application_id: recorded \"A-1\""));
}

TEST_F(LicenseImporterTest, ADryRunJudgesAndStoresNothing) {
  const uint64_t size = Size();
  const ImportOutcome outcome = Import(std::string(kMixed), {.dry_run = true});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(Size(), size);
  // Each is judged by itself, so D-4 would be granted.
  EXPECT_EQ(outcome.counts.recorded, 3);
  EXPECT_EQ(outcome.counts.rejected, 4);
}

TEST_F(LicenseImporterTest, StrictStopsAtTheFirstBadRow) {
  const ImportOutcome outcome = Import(std::string(kMixed), {.strict = true});
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 1);
  EXPECT_EQ(outcome.counts.rejected, 1);
}

TEST_F(LicenseImporterTest, WhatWasRefusedCanBeAskedAboutAnew) {
  const std::string row = "D-1,acme,FR,2025-01-01,2028-12-31,H100,1500\n";
  EXPECT_EQ(Import(row).counts.refused, 1);
  Must(client_.RescindPolicy(Proto<v1::RescindPolicyRequest>(R"pb(
    command {
      policy_id: "licensed"
      effective_date: "2025-01-01"
      reason: "test"
    })pb")));
  EXPECT_EQ(Import(row).counts.refused_before, 1);
  const ImportOutcome retried = Import(row, {.retry_refused = "no cap"});
  EXPECT_EQ(retried.counts.recorded, 1);
  EXPECT_EQ(retried.counts.refused, 0);
}

TEST_F(LicenseImporterTest, RejectsThatCannotBeWrittenEndTheImport) {
  std::string rows;
  for (int i = 0; i < 5'000; ++i) {
    absl::StrAppend(&rows, "B-", i, ",acme,FR,2025-01-01,2028-12-31,H100,x\n");
  }
  absl::StrAppend(&rows, "D-1,acme,FR,2025-01-01,2028-12-31,H100,1\n");
  // A disk that is full.
  const ImportOutcome outcome = Import(rows, {.rejects_path = "/dev/full"});
  EXPECT_THAT(std::string(outcome.status.message()),
              HasSubstr("rejects file /dev/full"));
  EXPECT_EQ(outcome.counts.recorded, 0);
}

// A ledger of 10 entries that breaks the connection on the first call, and then
// answers that what it is asked to grant was granted as entry 20.
class BreakingLedger : public v1::AdminService::Service,
                       public v1::LicenseService::Service {
 public:
  BreakingLedger() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(static_cast<v1::AdminService::Service*>(this));
    builder.RegisterService(static_cast<v1::LicenseService::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~BreakingLedger() override { server_->Shutdown(); }

  grpc::Status GetLedger(grpc::ServerContext*, const v1::GetLedgerRequest*,
                         v1::GetLedgerResponse* response) override {
    response->set_size(10);
    return grpc::Status::OK;
  }

  grpc::Status GrantLicense(grpc::ServerContext*,
                            const v1::GrantLicenseRequest*,
                            v1::GrantLicenseResponse* response) override {
    if (!broken_.exchange(true)) {
      return {grpc::StatusCode::UNAVAILABLE, "Socket closed"};
    }
    response->mutable_result()->set_index(20);
    response->mutable_result()->set_repeated_answer(true);
    return grpc::Status::OK;
  }

  grpc::Status GetLicense(grpc::ServerContext*, const v1::GetLicenseRequest*,
                          v1::GetLicenseResponse*) override {
    return {grpc::StatusCode::NOT_FOUND, "no other license is there"};
  }

  ImportOutcome ImportOne(int max_attempts) {
    testing::TempDir dir;
    client::Client client({.server = absl::StrCat("127.0.0.1:", port_),
                           .max_attempts = max_attempts,
                           .initial_backoff = absl::Milliseconds(1)});
    auto source = OpenLicenseSource(
        WriteFile(dir, "in",
                  absl::StrCat(kHeader,
                               "D-1,acme,FR,2025-01-01,2028-12-31,H100,5\n")),
        "csv", {});
    return ImportLicenses(client, **source, {});
  }

 private:
  int port_ = 0;
  std::atomic<bool> broken_ = false;
  std::unique_ptr<grpc::Server> server_;
};

TEST(LicenseImporterBreakTest, CountsItsOwnGrantAsGrantedWhenSentAgain) {
  const ImportOutcome outcome = BreakingLedger().ImportOne(2);
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.counts.recorded, 1);
}

TEST(LicenseImporterBreakTest, SaysWhichLicenseHasNoAnswer) {
  const ImportOutcome outcome = BreakingLedger().ImportOne(1);
  EXPECT_EQ(outcome.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(outcome.status.message()),
              HasSubstr("license D-1: the outcome is unknown"));
  // It is the import that is to be run again.
  EXPECT_FALSE(
      client::GetErrorDetails(outcome.status).outcome_unknown_request_id);
  EXPECT_EQ(outcome.counts.Done(), 0);
}

}  // namespace
}  // namespace chipledger::import
