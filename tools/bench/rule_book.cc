#include "tools/bench/rule_book.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/text_format.h"
#include "ledger/base/date.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/evaluation.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/runner.h"
#include "tools/bench/stats.h"
#include "tools/bench/workload.h"

namespace chipledger::bench {
namespace {

namespace fs = std::filesystem;
using google::protobuf::Arena;

// The bound for the instructions; time is shown beside it.
constexpr double kTarget = 2.5;
constexpr size_t kExporters = 16;

constexpr char kOneCap[] = R"pb(
  adopt_policy {
    policy {
      policy_id: "one-cap"
      title: "One cap by country and year"
      effective_from: "2025-01-01"
      provenance {
        citation: "made up for the benchmarks"
        legal_status: LEGAL_STATUS_PROPOSED
        enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
      }
      rules {
        rule_id: "cap"
        title: "Cap"
        measure: MEASURE_TPP
        accrual: ACCRUAL_EXPORTED
        items { classifications: "3A090.a" }
        scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
        window { calendar_year {} }
        limit { constant: "9000000000000" }
        enforcement { mode: MODE_REPORT_ONLY }
      }
    }
  })pb";

struct Products {
  const char* code;
  int64_t milli_tpp;
};
// Those that are shipped come first; the others the book speaks of.
constexpr Products kProducts[] = {
    {"H100", 15'832'000},  {"H200", 15'832'000},       {"B200", 36'000'000},
    {"GB300", 60'000'000}, {"GB300-NVL72", 4'320'000}, {"A100", 4'992'000},
    {"H20", 2'368'000},    {"MI308X", 10'459'200}};
constexpr size_t kShipped = 3;

std::string ExporterId(size_t exporter) {
  return absl::StrCat("exporter-", exporter);
}
std::string BuyerId(size_t country) { return absl::StrCat("buyer-", country); }
std::string LicenseId(size_t exporter, size_t country) {
  return absl::StrCat("D", exporter, "-", country);
}

void AddParty(const std::string& id, const std::string& country,
              scenario::v1::Scenario& story) {
  v1::Party& party =
      *story.add_setup()->mutable_register_party()->mutable_party();
  party.set_party_id(id);
  party.set_name(id);
  party.add_headquarters()->set_country(country);
}

v1::Command GrantOf(size_t exporter, size_t country) {
  v1::Command command;
  v1::License& license = *command.mutable_grant_license()->mutable_license();
  license.set_license_id(LicenseId(exporter, country));
  license.set_authorization_kind(v1::AUTHORIZATION_KIND_LICENSE);
  license.set_exporter(ExporterId(exporter));
  license.add_destination_countries(kCountries[country]);
  license.set_grant_date("2025-05-15");
  license.set_expiry_date("2099-12-31");
  for (size_t i = 0; i < kShipped; ++i) {
    v1::LicenseLine& line = *license.add_lines();
    line.set_line_number(static_cast<int32_t>(i) + 1);
    line.set_product_code(kProducts[i].code);
    line.set_quantity(1'000'000'000);
  }
  return command;
}

void AddCatalog(scenario::v1::Scenario& story) {
  for (const Products& known : kProducts) {
    v1::Product& product =
        *story.add_setup()->mutable_register_product()->mutable_product();
    product.set_product_code(known.code);
    product.set_gpus_per_unit(1);
    product.set_milli_tpp_per_gpu(known.milli_tpp);
    product.set_memory_bandwidth_mb_s(4'800'000);
    product.set_classification("3A090.a");
    product.set_source("made up");
  }
  for (size_t i = 0; i < kExporters; ++i) AddParty(ExporterId(i), "US", story);
  for (size_t i = 0; i < std::size(kCountries); ++i) {
    AddParty(BuyerId(i), kCountries[i], story);
  }
}

// All policies of the folder, to report only.
void AddBook(const std::string& folder, scenario::v1::Scenario& story) {
  std::vector<std::string> files;
  for (const auto& file : fs::directory_iterator(folder)) {
    if (file.path().extension() == ".textproto") {
      files.push_back(file.path().filename().string());
    }
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    scenario::v1::PolicyUse& use = *story.add_policies();
    use.set_path(file);
    use.set_mode(v1::ADOPTION_MODE_REPORT_ONLY);
  }
}

v1::Command ShipmentOf(size_t number) {
  v1::Command command;
  v1::RecordShipment& record = *command.mutable_record_shipment();
  record.set_assurance(v1::ASSURANCE_BEFORE_EXPORT);
  v1::Shipment& shipment = *record.mutable_shipment();
  const size_t exporter = number % kExporters;
  const size_t country = number * 7 % std::size(kCountries);
  shipment.set_exporter(ExporterId(exporter));
  shipment.set_shipment_reference(absl::StrCat("S", number));
  shipment.set_export_date(absl::StrCat("2026-0", 1 + number % 6, "-15"));
  shipment.set_destination_country(kCountries[country]);
  shipment.set_consignee(BuyerId(country));
  shipment.mutable_authorization()->set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  shipment.mutable_authorization()->set_license_id(
      LicenseId(exporter, country));
  v1::Item& item = *shipment.add_items();
  item.set_product_code(kProducts[number % kShipped].code);
  item.set_quantity(1 + static_cast<int64_t>(number % 64));
  item.set_value_usd(30'000);
  return command;
}

// What shipments cost under some policies.
struct Cost {
  size_t policies = 0;
  size_t rules = 0;
  // Totals that the shipments touched, and bytes, of one on the average.
  double touched = 0;
  double bytes = 0;
  double us = 0;
};

// A ledger with its policies, and then its licenses.
struct Prepared {
  scenarios::MemoryLedger log{*Date::Parse("2026-11-01")};
  domain::State state;
};

absl::StatusOr<std::unique_ptr<Prepared>> Prepare(
    const scenario::v1::Scenario& story, const std::string& folder) {
  auto prepared = std::make_unique<Prepared>();
  RETURN_IF_ERROR(scenarios::PrepareScenario(
      {.scenario = story}, {.folders = {folder}}, prepared->log));
  for (size_t country = 0; country < std::size(kCountries); ++country) {
    for (size_t exporter = 0; exporter < kExporters; ++exporter) {
      RETURN_IF_ERROR(
          prepared->log.Submit({GrantOf(exporter, country)}).status);
    }
  }
  domain::State& state = prepared->state;
  while (state.size() < prepared->log.entries().size()) {
    ASSIGN_OR_RETURN(const auto event, prepared->log.ReadEvent(state.size()));
    RETURN_IF_ERROR(state.Fold(*event));
  }
  return prepared;
}

// Decides, folds and serializes shipments.
absl::StatusOr<Cost> Ship(const std::vector<v1::Command>& shipments,
                          const char* under, Prepared& prepared) {
  Cost cost;
  for (const auto& policy : prepared.state.catalog().policies) {
    ++cost.policies;
    cost.rules += policy->rules.size();
  }
  std::string bytes;
  const Stopwatch watch;
  for (const v1::Command& shipment : shipments) {
    Arena arena;
    auto* command = Arena::CreateMessage<v1::Command>(&arena);
    *command = shipment;
    ASSIGN_OR_RETURN(
        const domain::DecidedRequest decided,
        domain::DecideRequest(prepared.state, prepared.log, {command},
                              prepared.log.now_ns(), domain::AskedBy::kAnyone,
                              &arena, domain::Effect::kApply));
    if (decided.refused)
      return absl::InternalError(absl::StrCat("refused under ", under));
    for (const v1::Event* event : decided.entries()) {
      event->SerializeToString(&bytes);
      cost.bytes += static_cast<double>(bytes.size());
    }
    for (const auto& block :
         decided.events.front()->shipment_recorded().evidence().totals()) {
      cost.touched += block.policies_size();
    }
  }
  const auto count = static_cast<double>(shipments.size());
  cost.us = watch.Seconds() / count * 1e6;
  cost.bytes /= count;
  cost.touched /= count;
  return cost;
}

// Of their own, and kept so, so that a profiler tells them apart.
__attribute__((noinline)) absl::StatusOr<Cost> ShipUnderOneCap(
    const std::vector<v1::Command>& shipments, Prepared& prepared) {
  return Ship(shipments, "one cap", prepared);
}
__attribute__((noinline)) absl::StatusOr<Cost> ShipUnderTheBook(
    const std::vector<v1::Command>& shipments, Prepared& prepared) {
  return Ship(shipments, "the book", prepared);
}

Row RowOf(const std::string& name, const Cost& cost) {
  return {.name = name,
          .rate = 1e6 / cost.us,
          .unit = "shipment",
          .note = absl::StrFormat(
              "%d policies with %d rules; a shipment: %.2f us, %.1f totals "
              "touched, %.0f bytes",
              cost.policies, cost.rules, cost.us, cost.touched, cost.bytes)};
}

}  // namespace

absl::Status MeasureRuleBook(const RuleBookOptions& options, Report& report) {
  scenario::v1::Scenario story;
  AddCatalog(story);
  scenario::v1::Scenario book_story = story;
  AddBook(options.folder, book_story);
  if (!google::protobuf::TextFormat::ParseFromString(kOneCap,
                                                     story.add_setup())) {
    return absl::InternalError("the one cap is no command");
  }
  ASSIGN_OR_RETURN(const auto one_cap, Prepare(story, options.folder));
  ASSIGN_OR_RETURN(const auto book, Prepare(book_story, options.folder));
  std::vector<v1::Command> shipments;
  for (size_t i = 0; i < options.events; ++i) {
    shipments.push_back(ShipmentOf(i));
  }
  ASSIGN_OR_RETURN(const Cost one, ShipUnderOneCap(shipments, *one_cap));
  ASSIGN_OR_RETURN(const Cost all, ShipUnderTheBook(shipments, *book));
  report.rows.push_back(RowOf("in memory, one cap", one));
  report.rows.push_back(RowOf("in memory, the whole book", all));
  report.rows.push_back({.name = "time, the whole book",
                         .ratio = all.us / one.us,
                         .baseline = "one cap",
                         .target = kTarget,
                         .lower_is_better = true});
  return absl::OkStatus();
}

}  // namespace chipledger::bench
