#include "client/import/epoch_clusters.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/import/country_names.h"
#include "client/import/csv_reader.h"
#include "client/import/digest.h"
#include "client/import/text.h"
#include "ledger/base/date.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kStatus = "Status";
constexpr absl::string_view kName = "Name";
constexpr absl::string_view kCountry = "Country";
constexpr absl::string_view kOwner = "Owner";
constexpr absl::string_view kDate = "First Operational Date";
constexpr absl::string_view kPrimaryType = "Chip type (primary)";
constexpr absl::string_view kPrimaryQuantity = "Chip quantity (primary)";
constexpr absl::string_view kSecondaryType = "Chip type (secondary)";
constexpr absl::string_view kSecondaryQuantity = "Chip quantity (secondary)";

constexpr absl::string_view kPossibleDuplicate = "Possible Duplicate";
constexpr absl::string_view kSupersededBy = "Superseded by";

constexpr absl::string_view kSource =
    "Epoch AI, Data on GPU Clusters, epoch.ai/data/gpu-clusters, CC BY 4.0";

// Hexadecimal digits of the hash in a reference: with 96 bits no two of a
// million records meet by chance.
constexpr size_t kReferenceDigits = 24;

bool LooksLikeDate(absl::string_view text) {
  if (text.size() != 10) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 4 || i == 7;
    if (dash ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
  }
  return true;
}

class EpochClusters : public CommandSource {
 public:
  EpochClusters(std::unique_ptr<CsvTable> table, ImportDefaults defaults)
      : table_(std::move(table)), defaults_(std::move(defaults)) {}

  absl::StatusOr<std::optional<SourceCommand>> Next() override {
    ASSIGN_OR_RETURN(std::optional<CsvRecord> record, table_->Next());
    if (!record) return std::nullopt;
    SourceCommand result;
    result.problem = record->problem;
    if (result.problem.empty()) {
      result.skipped = WhySkipped(*record);
      result.flags = FlagsOf(*record);
      if (result.skipped.empty() && defaults_.skip_flagged &&
          !result.flags.empty()) {
        result.skipped = result.flags.front();
      }
      if (result.skipped.empty()) {
        result.problem =
            ReadRecord(*record, *result.command.mutable_record_shipment());
      }
    }
    result.records.push_back({record->line, std::move(record->raw)});
    return result;
  }

  const LineReader& lines() const override { return table_->lines(); }

 private:
  std::string WhySkipped(const CsvRecord& record) const;
  std::vector<std::string> FlagsOf(const CsvRecord& record) const;
  // Returns what is wrong with the record; empty: nothing.
  std::string ReadRecord(const CsvRecord& record, v1::RecordShipment& out);
  static std::string AddItem(absl::string_view chip, absl::string_view quantity,
                             v1::Shipment& out);
  std::string Reference(const CsvRecord& record);

  std::unique_ptr<CsvTable> table_;
  const ImportDefaults defaults_;
  absl::flat_hash_map<std::string, int64_t> occurrences_;
};

std::string EpochClusters::WhySkipped(const CsvRecord& record) const {
  const absl::string_view status = table_->Field(record, kStatus);
  if (status != "Existing" && status != "Decommissioned") {
    return "Status is not Existing or Decommissioned";
  }
  if (table_->Field(record, kCountry).empty()) return "Country is blank";
  if (!LooksLikeDate(table_->Field(record, kDate))) {
    return "First Operational Date is not YYYY-MM-DD";
  }
  if (table_->Field(record, kPrimaryQuantity).empty()) {
    return "Chip quantity (primary) is blank";
  }
  return "";
}

std::vector<std::string> EpochClusters::FlagsOf(const CsvRecord& record) const {
  std::vector<std::string> flags;
  if (absl::EqualsIgnoreCase(table_->Field(record, kPossibleDuplicate),
                             "true")) {
    flags.push_back(absl::StrCat("flagged \"", kPossibleDuplicate, "\""));
  }
  if (!table_->Field(record, kSupersededBy).empty()) {
    flags.push_back(absl::StrCat("flagged \"", kSupersededBy, "\" another"));
  }
  return flags;
}

std::string EpochClusters::ReadRecord(const CsvRecord& record,
                                      v1::RecordShipment& out) {
  out.set_assurance(v1::ASSURANCE_AFTER_THE_FACT);
  v1::Shipment& shipment = *out.mutable_shipment();
  shipment.set_exporter(defaults_.exporter);
  shipment.set_shipment_reference(Reference(record));
  const absl::string_view date = table_->Field(record, kDate);
  if (!Date::Parse(date)) {
    return absl::StrCat(kDate, " \"", date, "\" does not exist");
  }
  shipment.set_export_date(std::string(date));
  const absl::string_view country = table_->Field(record, kCountry);
  const auto code = ParseCountryName(country);
  if (!code.ok()) return absl::StrCat(kCountry, " ", code.status().message());
  shipment.set_destination_country(*code);
  const std::string owner = OneLine(table_->Field(record, kOwner));
  shipment.set_consignee_name(
      OneLine(TruncateUtf8(owner, limits::kMaxNameBytes)));
  shipment.set_source(std::string(TruncateUtf8(
      absl::StrCat(kSource, ": ", OneLine(table_->Field(record, kName))),
      limits::kMaxTextBytes)));

  const absl::string_view primary = table_->Field(record, kPrimaryType);
  std::string problem =
      AddItem(primary.empty() ? kUnspecifiedProduct : primary,
              table_->Field(record, kPrimaryQuantity), shipment);
  const absl::string_view secondary = table_->Field(record, kSecondaryType);
  const absl::string_view quantity = table_->Field(record, kSecondaryQuantity);
  if (problem.empty() && !secondary.empty() && !quantity.empty()) {
    problem = AddItem(secondary, quantity, shipment);
  }
  return problem;
}

std::string EpochClusters::AddItem(absl::string_view chip,
                                   absl::string_view quantity,
                                   v1::Shipment& out) {
  const std::optional<int64_t> units = RoundHalfUp(quantity, 0);
  if (!units || *units == 0) {
    return absl::StrCat("quantity \"", quantity, "\" of ", chip,
                        " is no decimal that rounds to 1 or more");
  }
  v1::Item& item = *out.add_items();
  item.set_product_code(std::string(chip));
  item.set_quantity(*units);
  return "";
}

std::string EpochClusters::Reference(const CsvRecord& record) {
  std::string content;
  for (const absl::string_view column :
       {kName, kCountry, kOwner, kDate, kPrimaryType, kPrimaryQuantity,
        kSecondaryType, kSecondaryQuantity}) {
    const absl::string_view field = table_->Field(record, column);
    absl::StrAppend(&content, field.size(), ":", field);
  }
  const std::string hash = Sha256Hex(content).substr(0, kReferenceDigits);
  return absl::StrCat("epoch-", hash, "-", ++occurrences_[hash]);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CommandSource>> OpenEpochClusters(
    const std::string& path, const ImportDefaults& defaults) {
  if (defaults.exporter.empty()) {
    return absl::InvalidArgumentError(
        "the file names no exporter: set --exporter to the party id to record "
        "its shipments under");
  }
  if (defaults.assurance == v1::ASSURANCE_BEFORE_EXPORT) {
    return absl::InvalidArgumentError(
        "clusters that exist have been shipped: they can only be recorded "
        "after the fact");
  }
  ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, {{kName, true},
                                                     {kStatus, true},
                                                     {kCountry, true},
                                                     {kOwner, true},
                                                     {kDate, true},
                                                     {kPrimaryType, true},
                                                     {kPrimaryQuantity, true},
                                                     {kSecondaryType, true},
                                                     {kSecondaryQuantity, true},
                                                     {kPossibleDuplicate},
                                                     {kSupersededBy}}));
  return std::make_unique<EpochClusters>(std::move(table), defaults);
}

}  // namespace chipledger::import
