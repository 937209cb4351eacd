// Goal: importing Epoch AI's GPU clusters gives exact totals per country, per
// product and at the end of each year. Method: the real file, when it is there,
// into a real server; the totals are computed a second way, by a reader of the
// whole file at once that shares no code with the importer and maps countries
// by another table, and a third way, by figures pinned below.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/import/digest.h"
#include "client/import/importer.h"
#include "client/import/products_csv.h"
#include "client/import/shipment_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/client/files.h"
#include "tests/support/server_fixture.h"

namespace chipledger::import {
namespace {

using testing::Proto;
using testing::ReadFile;
using testing::ServerTest;
using Totals = std::map<std::string, int64_t>;

// Computed with Python's csv and decimal modules from the file of 2026-04 with
// the SHA-256 below: keep the records that the rule of
// client/import/epoch_clusters.h keeps, round each quantity with
// Decimal.quantize(0, ROUND_HALF_UP), and add up.
constexpr absl::string_view kPinnedSha256 =
    "49ea044330065e4d00569be51e04e5a979f81fdf3359ff68fdcdd6620fde8124";
constexpr int64_t kPinnedShipments = 470;
// One record is both.
Totals PinnedFlagged() {
  return {{"flagged \"Possible Duplicate\"", 43},
          {"flagged \"Superseded by\" another", 30}};
}
constexpr int64_t kPinnedUnflaggedShipments = 398;
constexpr int64_t kPinnedUnflaggedUnits = 2'470'772;
Totals PinnedByCountry() {
  return {{"AE", 6888},  {"AU", 1856},   {"BR", 8160},  {"CA", 4908},
          {"CH", 25896}, {"CN", 750000}, {"CZ", 576},   {"DE", 32492},
          {"DK", 1528},  {"ES", 4480},   {"FI", 21752}, {"FR", 29696},
          {"GB", 9408},  {"HK", 400},    {"IL", 3072},  {"IN", 6112},
          {"IS", 5240},  {"IT", 48682},  {"JP", 55640}, {"KR", 13136},
          {"LU", 800},   {"NL", 2240},   {"NO", 20480}, {"PL", 1500},
          {"RU", 7400},  {"SA", 28053},  {"SE", 5776},  {"SG", 1632},
          {"SI", 240},   {"TH", 2752},   {"TW", 3808},  {"US", 1822333},
          {"VN", 160}};
}

Totals PinnedByProduct() {
  return {{"AMD Instinct MI210", 5200},
          {"AMD Instinct MI300A", 51696},
          {"AMD Instinct MI300X", 20384},
          {"AMD Radeon Instinct MI250X", 68672},
          {"Amazon Trainium1", 30000},
          {"Cerebras CS-1", 1},
          {"Cerebras CS-2", 64},
          {"Google TPU v1", 5000},
          {"Google TPU v2", 4096},
          {"Google TPU v3", 8192},
          {"Google TPU v4", 124070},
          {"GroqChip LPU v1", 19725},
          {"Intel Data Center GPU Max 1550", 63744},
          {"Intel Habana Gaudi2", 4000},
          {"Maia 100 (M100)", 2048},
          {"NVIDIA A100", 178998},
          {"NVIDIA A100 PCIe", 492},
          {"NVIDIA A100 SXM4 40 GB", 17496},
          {"NVIDIA A100 SXM4 80 GB", 23532},
          {"NVIDIA A40 PCIe", 400},
          {"NVIDIA GB200", 30000},
          {"NVIDIA GH200", 58884},
          {"NVIDIA H100 SXM5 80GB", 1049060},
          {"NVIDIA H200 SXM", 178800},
          {"NVIDIA L40", 256},
          {"NVIDIA P100", 6434},
          {"NVIDIA Quadro RTX 5000", 360},
          {"NVIDIA Tesla K20X", 25912},
          {"NVIDIA Tesla K40c", 8320},
          {"NVIDIA Tesla K40m", 1472},
          {"NVIDIA Tesla K80", 1728},
          {"NVIDIA Tesla P100 PCIe 16GB", 8744},
          {"NVIDIA Tesla P100 SXM2", 2156},
          {"NVIDIA Tesla V100 DGXS 32 GB", 1536},
          {"NVIDIA Tesla V100 SXM2", 80092},
          {"NVIDIA Tesla V100 SXM2 32 GB", 1044},
          {"NVIDIA V100", 82488},
          {"PEZY-SC2", 11600},
          {"unspecified", 750400}};
}

Totals PinnedAtYearEnd() {
  return {{"2010", 7000},   {"2011", 9000},    {"2012", 30688},
          {"2013", 80688},  {"2014", 92072},   {"2015", 96232},
          {"2016", 105464}, {"2017", 197532},  {"2018", 278042},
          {"2019", 332894}, {"2020", 480409},  {"2021", 671513},
          {"2022", 906467}, {"2023", 1420503}, {"2024", 2363395},
          {"2025", 2927096}};
}

// Reads a whole CSV file into records of named fields: a state machine over the
// text, one character after the other.
std::vector<std::map<std::string, std::string>> ReadTable(
    const std::string& path) {
  const std::string text = ReadFile(path);
  std::vector<std::vector<std::string>> rows(1);
  std::string field;
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      if (c != '"') {
        field += c;
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        field += text[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',' || c == '\n') {
      rows.back().push_back(std::exchange(field, ""));
      if (c == '\n') rows.emplace_back();
    } else if (c != '\r') {
      field += c;
    }
  }
  if (!field.empty() || !rows.back().empty()) rows.back().push_back(field);
  std::vector<std::map<std::string, std::string>> records;
  for (size_t r = 1; r < rows.size(); ++r) {
    if (rows[r].size() != rows[0].size()) continue;
    auto& record = records.emplace_back();
    for (size_t i = 0; i < rows[r].size(); ++i) {
      record[rows[0][i]] = rows[r][i];
    }
  }
  return records;
}

// Totals of units by what they are split by.
struct AllTotals {
  int64_t shipments = 0;
  Totals by_country;
  Totals by_product;
  Totals by_year;

  void Add(const std::string& country, const std::string& product,
           const std::string& date, int64_t units) {
    by_country[country] += units;
    by_product[product] += units;
    by_year[date.substr(0, 4)] += units;
  }
  Totals AtYearEnd() const {
    Totals totals;
    int64_t sum = 0;
    if (by_year.empty()) return totals;
    for (int year = std::stoi(by_year.begin()->first);
         year <= std::stoi(by_year.rbegin()->first); ++year) {
      const auto it = by_year.find(std::to_string(year));
      if (it != by_year.end()) sum += it->second;
      totals[std::to_string(year)] = sum;
    }
    return totals;
  }
};

AllTotals SecondWay(const std::string& directory, bool skip_flagged) {
  std::map<std::string, std::string> countries;
  for (auto& row : ReadTable(directory + "/country_reference.csv")) {
    countries[row["epoch_name"]] = row["iso2"];
  }
  AllTotals totals;
  for (auto& row : ReadTable(directory + "/gpu_clusters.csv")) {
    const std::string& date = row["First Operational Date"];
    const bool whole_date = date.size() == 10 && date[4] == '-';
    if ((row["Status"] != "Existing" && row["Status"] != "Decommissioned") ||
        row["Country"].empty() || !whole_date ||
        row["Chip quantity (primary)"].empty()) {
      continue;
    }
    if (skip_flagged && (row["Possible Duplicate"] == "True" ||
                         !row["Superseded by"].empty())) {
      continue;
    }
    ++totals.shipments;
    for (const std::string which : {"primary", "secondary"}) {
      std::string chip = row["Chip type (" + which + ")"];
      const std::string quantity = row["Chip quantity (" + which + ")"];
      if (which == "secondary" && (chip.empty() || quantity.empty())) continue;
      if (chip.empty()) chip = "unspecified";
      totals.Add(countries.at(row["Country"]), chip, date,
                 static_cast<int64_t>(std::floor(std::stod(quantity) + 0.5)));
    }
  }
  return totals;
}

class EpochImportTest : public ServerTest {
 protected:
  void SetUp() override {
    const char* set = std::getenv("CHIPLEDGER_REALDATA");
    directory_ = set != nullptr ? set
                                : std::string(CHIPLEDGER_SOURCE_DIR) +
                                      "/../shared/realdata";
    if (!std::filesystem::exists(directory_ + "/gpu_clusters.csv")) {
      GTEST_SKIP() << "NOT TESTED: Epoch AI's gpu_clusters.csv is not in "
                   << directory_
                   << ". It is not part of the project. Set "
                      "CHIPLEDGER_REALDATA to the directory that has it.";
    }
    client_ = std::make_unique<client::Client>(
        client::ClientOptions{.server = address()});
    RegisterAll();
  }

  void RegisterAll() {
    v1::RegisterPartyRequest party;
    party.mutable_command()->mutable_party()->set_party_id("public-record");
    party.mutable_command()->mutable_party()->set_name("The public record");
    ASSERT_TRUE(client_->RegisterParty(party).ok());
    const auto adopted =
        client_->AdoptPolicy(Proto<v1::AdoptPolicyRequest>(R"pb(
          command {
            policy {
              policy_id: "count"
              title: "Count"
              effective_from: "2000-01-01"
              provenance {
                citation: "test"
                legal_status: LEGAL_STATUS_PROPOSED
                enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
              }
              rules {
                rule_id: "ever"
                title: "GPUs ever"
                measure: MEASURE_GPUS
                accrual: ACCRUAL_EXPORTED
                scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
                window { open {} }
                limit { none {} }
                enforcement { mode: MODE_REPORT_ONLY }
              }
              rules {
                rule_id: "a-year"
                title: "GPUs a year"
                measure: MEASURE_GPUS
                accrual: ACCRUAL_EXPORTED
                window { calendar_year {} }
                limit { none {} }
                enforcement { mode: MODE_REPORT_ONLY }
              }
            }
            mode: ADOPTION_MODE_REPORT_ONLY
          }
        )pb"));
    ASSERT_TRUE(adopted.ok()) << adopted.status();
    auto products = ProductsCsv::Open(directory_ + "/chip_tpp.csv", "");
    ASSERT_TRUE(products.ok()) << products.status();
    const auto registrar = ProductRegistrar::Open(*client_, false);
    ASSERT_TRUE(registrar.ok()) << registrar.status();
    while (true) {
      const auto row = (*products)->Next();
      ASSERT_TRUE(row.ok()) << row.status();
      if (!*row) break;
      ASSERT_EQ((*row)->problem, "");
      ASSERT_TRUE((*registrar)->Register((*row)->product).ok());
    }
    const auto registered =
        RegisterMissingProducts(*client_, *OpenClusters(), false);
    ASSERT_TRUE(registered.ok()) << registered.status();
    // What the clusters name and the table of chips lacks.
    EXPECT_THAT(*registered,
                ::testing::UnorderedElementsAre(
                    "unspecified", "AMD Instinct MI210", "Cerebras CS-1",
                    "Cerebras CS-2", "NVIDIA Tesla K40c", "NVIDIA Tesla K40m"));
  }

  std::unique_ptr<CommandSource> OpenClusters(bool skip_flagged = false) {
    auto source = OpenShipmentSource(
        directory_ + "/gpu_clusters.csv", "epoch-gpu-clusters",
        {.exporter = "public-record", .skip_flagged = skip_flagged});
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }

  ImportCounts Import(bool skip_flagged = false) {
    const ImportOutcome outcome =
        ImportShipments(*client_, *OpenClusters(skip_flagged), {});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
    return outcome.counts;
  }

  AllTotals FromShipments() {
    AllTotals totals;
    v1::ListShipmentsRequest request;
    request.set_page_size(1000);
    do {
      const auto page = client_->ListShipments(request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const auto& view : page->shipments()) {
        ++totals.shipments;
        for (const auto& item : view.shipment().items()) {
          totals.Add(view.shipment().destination_country(), item.product_code(),
                     view.shipment().export_date(), item.quantity());
        }
      }
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return totals;
  }

  // Totals that the rules counted.
  AllTotals FromHeadroom() {
    AllTotals totals;
    v1::ListHeadroomRequest request;
    request.mutable_filter()->set_policy_id("count");
    request.set_page_size(10'000);
    const auto page = client_->ListHeadroom(request);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return totals;
    for (const auto& row : page->rows()) {
      if (row.used() == 0) continue;
      if (row.rule_id() == "ever") {
        totals.by_country[row.group().destination_country()] = row.used();
      } else {
        totals.by_year[row.window_start().substr(0, 4)] = row.used();
      }
    }
    return totals;
  }

  std::string directory_;
  std::unique_ptr<client::Client> client_;
};

TEST_F(EpochImportTest, TotalsAreExact) {
  const ImportCounts counts = Import();
  const AllTotals wanted = SecondWay(directory_, /*skip_flagged=*/false);
  EXPECT_EQ(counts.recorded, wanted.shipments);
  EXPECT_EQ(counts.refused + counts.rejected + counts.already_there, 0);

  const AllTotals recorded = FromShipments();
  EXPECT_EQ(recorded.shipments, wanted.shipments);
  EXPECT_EQ(recorded.by_country, wanted.by_country);
  EXPECT_EQ(recorded.by_product, wanted.by_product);
  EXPECT_EQ(recorded.AtYearEnd(), wanted.AtYearEnd());

  const AllTotals counted = FromHeadroom();
  EXPECT_EQ(counted.by_country, wanted.by_country);
  EXPECT_EQ(counted.AtYearEnd(), wanted.AtYearEnd());

  if (Sha256Hex(ReadFile(directory_ + "/gpu_clusters.csv")) != kPinnedSha256) {
    GTEST_SKIP() << "not compared with the pinned figures: they are of another "
                    "edition of the file";
  }
  EXPECT_EQ(recorded.shipments, kPinnedShipments);
  EXPECT_EQ(counts.flagged, PinnedFlagged());
  EXPECT_EQ(recorded.by_country, PinnedByCountry());
  EXPECT_EQ(recorded.by_product, PinnedByProduct());
  EXPECT_EQ(recorded.AtYearEnd(), PinnedAtYearEnd());
}

TEST_F(EpochImportTest, TotalsWithoutWhatIsFlaggedAreExact) {
  const ImportCounts counts = Import(/*skip_flagged=*/true);
  const AllTotals wanted = SecondWay(directory_, /*skip_flagged=*/true);
  EXPECT_EQ(counts.recorded, wanted.shipments);
  EXPECT_EQ(counts.flagged, Totals());
  const AllTotals recorded = FromShipments();
  EXPECT_EQ(recorded.by_country, wanted.by_country);
  EXPECT_EQ(recorded.by_product, wanted.by_product);
  EXPECT_EQ(FromHeadroom().by_country, wanted.by_country);

  if (Sha256Hex(ReadFile(directory_ + "/gpu_clusters.csv")) != kPinnedSha256) {
    GTEST_SKIP() << "not compared with the pinned figures: they are of another "
                    "edition of the file";
  }
  EXPECT_EQ(counts.recorded, kPinnedUnflaggedShipments);
  int64_t units = 0;
  for (const auto& [country, gpus] : recorded.by_country) units += gpus;
  EXPECT_EQ(units, kPinnedUnflaggedUnits);

  // The rest, later: what is there stays, and the flagged are told.
  const ImportCounts all = Import();
  EXPECT_EQ(all.already_there, kPinnedUnflaggedShipments);
  EXPECT_EQ(all.recorded + all.already_there, kPinnedShipments);
  EXPECT_EQ(all.flagged, PinnedFlagged());
}

TEST_F(EpochImportTest, RunningItAgainChangesNothing) {
  const ImportCounts first = Import();
  const uint64_t size = client_->GetLedger({})->size();
  const ImportCounts second = Import();
  EXPECT_EQ(second.recorded, 0);
  EXPECT_EQ(second.already_there, first.recorded);
  EXPECT_EQ(second.skipped, first.skipped);
  EXPECT_EQ(client_->GetLedger({})->size(), size);
}

}  // namespace
}  // namespace chipledger::import
