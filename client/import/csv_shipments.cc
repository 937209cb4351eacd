#include "client/import/csv_shipments.h"

#include <deque>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "client/import/csv_reader.h"
#include "client/import/digest.h"
#include "client/import/text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

const std::vector<absl::string_view>& Columns() {
  static const auto* columns = new std::vector<absl::string_view>{
      "shipment_reference", "exporter",   "export_date", "destination_country",
      "product_code",       "quantity",   "consignee",   "consignee_name",
      "authorization_kind", "license_id", "assurance",   "source"};
  return *columns;
}

// CsvShipments gathers the records of a shipment until another one begins.
class CsvShipments : public ShipmentSource {
 public:
  CsvShipments(std::unique_ptr<CsvTable> table, ImportDefaults defaults)
      : table_(std::move(table)), defaults_(std::move(defaults)) {}

  absl::StatusOr<std::optional<SourceShipment>> Next() override {
    while (ready_.empty() && !at_end_) {
      ASSIGN_OR_RETURN(std::optional<CsvRecord> record, table_->Next());
      if (record) {
        TakeRecord(*std::move(record));
      } else {
        CloseShipment();
        at_end_ = true;
      }
    }
    if (ready_.empty()) return std::nullopt;
    SourceShipment result = std::move(ready_.front());
    ready_.pop_front();
    return result;
  }

  const LineReader& lines() const override { return table_->lines(); }

 private:
  using Key = std::pair<std::string, std::string>;

  void TakeRecord(CsvRecord record);
  void OpenShipment(Key key);
  void CloseShipment();
  // Returns what is wrong with the record; empty: nothing.
  std::string ReadRecord(const CsvRecord& record, v1::RecordShipment& out);
  std::string ReadAuthorization(const CsvRecord& record, v1::Shipment& out);
  // Adds a record of the open shipment. Returns what is wrong.
  std::string AddItem(v1::RecordShipment part, int64_t line);

  std::unique_ptr<CsvTable> table_;
  const ImportDefaults defaults_;
  std::deque<SourceShipment> ready_;
  std::optional<Key> open_key_;
  SourceShipment open_;
  // The open shipment had too many records: what follows of it is bad as well.
  bool overflowed_ = false;
  // An unreadable record since the open shipment's last one, whose key cannot
  // be known: a shipment that goes on after it may lack an item.
  int64_t unreadable_line_ = 0;
  // Fingerprints of the keys of all shipments so far.
  absl::flat_hash_set<uint64_t> seen_;
  bool at_end_ = false;
};

void CsvShipments::TakeRecord(CsvRecord record) {
  if (!record.problem.empty()) {
    unreadable_line_ = record.line;
    ready_.push_back({.records = {{record.line, std::move(record.raw)}},
                      .problem = std::move(record.problem)});
    return;
  }
  const absl::string_view exporter = table_->Field(record, "exporter");
  const Key key(exporter.empty() ? defaults_.exporter : std::string(exporter),
                table_->Field(record, "shipment_reference"));
  if (open_key_ != key) {
    CloseShipment();
    OpenShipment(key);
  } else if (unreadable_line_ != 0 && open_.problem.empty()) {
    open_.problem = absl::StrCat(
        "line ", unreadable_line_,
        ", between the records of this shipment, could not be read");
  }
  unreadable_line_ = 0;
  v1::RecordShipment part;
  std::string problem = ReadRecord(record, part);
  if (problem.empty()) problem = AddItem(std::move(part), record.line);
  if (open_.problem.empty()) open_.problem = std::move(problem);
  open_.records.push_back({record.line, std::move(record.raw)});
  if (open_.records.size() > limits::kMaxItemsPerShipment || overflowed_) {
    // Bounds the memory of a shipment that never ends.
    open_.problem =
        absl::StrCat("the shipment has more than ",
                     limits::kMaxItemsPerShipment, " records, one an item");
    ready_.push_back(std::exchange(open_, {}));
    overflowed_ = true;
  }
}

void CsvShipments::OpenShipment(Key key) {
  const auto& [exporter, reference] = key;
  const uint64_t fingerprint =
      Fingerprint(absl::StrCat(exporter.size(), ":", exporter, reference));
  // An empty reference is an error of its own.
  if (!reference.empty() && !seen_.insert(fingerprint).second) {
    open_.problem = absl::StrCat(
        "shipment_reference \"", reference, "\" of ", exporter,
        " was used before in this file; records of one shipment must follow "
        "each other, and another shipment needs another reference");
  }
  open_key_ = std::move(key);
}

void CsvShipments::CloseShipment() {
  if (!open_.records.empty()) ready_.push_back(std::move(open_));
  open_ = {};
  open_key_.reset();
  overflowed_ = false;
}

std::string CsvShipments::ReadRecord(const CsvRecord& record,
                                     v1::RecordShipment& out) {
  const auto field = [&](absl::string_view column) {
    return std::string(table_->Field(record, column));
  };
  v1::Shipment& shipment = *out.mutable_shipment();
  shipment.set_exporter(open_key_->first);
  shipment.set_shipment_reference(open_key_->second);
  if (shipment.exporter().empty()) {
    return "exporter is empty; fill the column or set --exporter";
  }
  shipment.set_export_date(field("export_date"));
  if (const std::string country = field("destination_country");
      !country.empty()) {
    const auto code = FindCountryByAnyName(country);
    if (!code) {
      return absl::StrCat("destination_country \"", country,
                          "\" is no ISO 3166-1 code or name");
    }
    shipment.set_destination_country(*code);
  }
  shipment.set_consignee(field("consignee"));
  shipment.set_consignee_name(field("consignee_name"));
  shipment.set_source(field("source"));
  v1::Item& item = *shipment.add_items();
  item.set_product_code(field("product_code"));
  const auto quantity = ParseDecimal(field("quantity"), 0);
  if (!quantity) {
    return absl::StrCat("quantity \"", field("quantity"),
                        "\" is no whole number of units");
  }
  item.set_quantity(*quantity);
  if (const std::string text = field("assurance"); !text.empty()) {
    const auto assurance = ParseAssurance(text);
    if (!assurance.ok()) {
      return absl::StrCat("assurance ", assurance.status().message());
    }
    out.set_assurance(*assurance);
  }
  return ReadAuthorization(record, shipment);
}

std::string CsvShipments::ReadAuthorization(const CsvRecord& record,
                                            v1::Shipment& out) {
  const absl::string_view kind = table_->Field(record, "authorization_kind");
  const absl::string_view license = table_->Field(record, "license_id");
  if (kind.empty() && license.empty()) return "";
  v1::Authorization& authorization = *out.mutable_authorization();
  authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  authorization.set_license_id(std::string(license));
  if (kind.empty()) return "";
  const auto parsed = ParseAuthorizationKind(kind);
  if (!parsed.ok()) {
    return absl::StrCat("authorization_kind ", parsed.status().message());
  }
  authorization.set_kind(*parsed);
  return "";
}

std::string CsvShipments::AddItem(v1::RecordShipment part, int64_t line) {
  v1::RecordShipment& whole = open_.command;
  if (open_.records.empty() || !whole.has_shipment()) {
    whole = std::move(part);
    if (whole.assurance() == v1::ASSURANCE_UNSPECIFIED) {
      whole.set_assurance(defaults_.assurance);
    }
    return whole.assurance() == v1::ASSURANCE_UNSPECIFIED
               ? "assurance is empty; fill the column or set --assurance"
               : "";
  }
  const v1::Item item = part.shipment().items(0);
  // What the later record leaves empty is as the first says.
  v1::RecordShipment first = whole;
  first.mutable_shipment()->clear_items();
  part.mutable_shipment()->clear_items();
  v1::RecordShipment merged = first;
  merged.MergeFrom(part);
  if (!google::protobuf::util::MessageDifferencer::Equals(merged, first)) {
    return absl::StrCat("line ", line, " says otherwise about shipment ",
                        part.shipment().shipment_reference(), " than line ",
                        open_.records.front().line,
                        "; records of one shipment must agree");
  }
  *whole.mutable_shipment()->add_items() = item;
  return "";
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShipmentSource>> OpenCsvShipments(
    const std::string& path, const ImportDefaults& defaults) {
  std::vector<absl::string_view> required = {
      "shipment_reference", "export_date", "destination_country",
      "product_code", "quantity"};
  if (defaults.exporter.empty()) required.push_back("exporter");
  if (defaults.assurance == v1::ASSURANCE_UNSPECIFIED) {
    required.push_back("assurance");
  }
  ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, required, Columns()));
  return std::make_unique<CsvShipments>(std::move(table), defaults);
}

}  // namespace chipledger::import
