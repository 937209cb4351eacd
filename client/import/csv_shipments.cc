#include "client/import/csv_shipments.h"

#include <deque>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/import/country_names.h"
#include "client/import/csv_reader.h"
#include "client/import/text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kReference = "shipment_reference";
constexpr absl::string_view kExporter = "exporter";
constexpr absl::string_view kExportDate = "export_date";
constexpr absl::string_view kDestination = "destination_country";
constexpr absl::string_view kProduct = "product_code";
constexpr absl::string_view kQuantity = "quantity";
constexpr absl::string_view kAssurance = "assurance";
constexpr absl::string_view kConsignee = "consignee";
constexpr absl::string_view kConsigneeName = "consignee_name";
constexpr absl::string_view kKind = "authorization_kind";
constexpr absl::string_view kLicense = "license_id";
constexpr absl::string_view kCode = "authorization_code";
constexpr absl::string_view kEndUser = "end_user";
constexpr absl::string_view kValue = "value_usd";
constexpr absl::string_view kSource = "source";

std::vector<CsvColumn> Columns(const ImportDefaults& defaults) {
  return {{kReference, true},
          {kExporter, defaults.exporter.empty(), "set --exporter PARTY"},
          {kExportDate, true},
          {kDestination, true},
          {kProduct, true},
          {kQuantity, true},
          {kAssurance, defaults.assurance == v1::ASSURANCE_UNSPECIFIED,
           "set --assurance before-export or after-the-fact"},
          {kConsignee},
          {kConsigneeName},
          {kKind},
          {kLicense},
          {kCode},
          {kEndUser},
          {kValue},
          {kSource}};
}

// CsvShipments gathers the records of a shipment until another one begins.
class CsvShipments : public ShipmentSource {
 public:
  CsvShipments(std::unique_ptr<CsvTable> table, ImportDefaults defaults)
      : table_(std::move(table)), defaults_(std::move(defaults)) {}

  // Reads the table to its end, and returns the fingerprints of the references
  // whose records do not all follow each other.
  absl::StatusOr<absl::flat_hash_set<uint64_t>> FindScattered();

  void SetScattered(absl::flat_hash_set<uint64_t> scattered) {
    scattered_ = std::move(scattered);
  }

  absl::StatusOr<std::optional<SourceShipment>> Next() override {
    while (ready_.empty() && !at_end_) {
      ASSIGN_OR_RETURN(const bool more, table_->Next(record_));
      if (more) {
        TakeRecord(record_);
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

  std::vector<std::string> ignored_columns() const override {
    return table_->ignored_columns();
  }

 private:
  // Each may take what it needs of the record.
  void TakeRecord(CsvRecord& record);
  void TakeUnreadable(CsvRecord& record);
  void TakeNameless(CsvRecord& record);
  bool BelongsToOpen(const CsvRecord& record) const;
  void OpenShipment(const CsvRecord& record);
  // Notes which shipment a record is of. Returns a fingerprint of it.
  uint64_t SetKey(const CsvRecord& record);
  void CloseShipment();
  // Adds a record to the open shipment, with what is wrong with it.
  void AddRecord(CsvRecord& record, std::string problem);
  // Marks the open shipment as bad for what is wrong in a line; the first such
  // mark stays.
  void Blame(int64_t line, std::string problem);

  // Returns what is wrong with the record; empty: nothing.
  std::string ReadRecord(const CsvRecord& record, v1::RecordShipment& out);
  std::string ReadAuthorization(const CsvRecord& record, v1::Shipment& out);
  // Adds a record of the open shipment. Returns what is wrong.
  std::string AddItem(v1::RecordShipment part);

  std::unique_ptr<CsvTable> table_;
  const ImportDefaults defaults_;
  // The one that is being read, whose memory is used again.
  CsvRecord record_;
  std::deque<SourceShipment> ready_;
  // Whether a shipment is open, and which.
  bool is_open_ = false;
  std::string exporter_;
  std::string reference_;
  // The open shipment's first record names the exporter, rather than leaving it
  // to the defaults.
  bool exporter_is_written_ = false;
  SourceShipment open_;
  // The open shipment had too many records: what follows of it is bad as well.
  bool overflowed_ = false;
  // The record just before, when it may be the first of the next shipment.
  std::optional<CsvRecord> unclear_;
  // Fingerprints of the keys of all shipments so far, where the file was not
  // read before, and of those that come again, where it was.
  absl::flat_hash_set<uint64_t> seen_;
  std::optional<absl::flat_hash_set<uint64_t>> scattered_;
  bool at_end_ = false;
};

void CsvShipments::TakeRecord(CsvRecord& record) {
  if (!record.problem.empty()) return TakeUnreadable(record);
  if (table_->Field(record, kReference).empty()) {
    return TakeNameless(record);
  }
  if (!BelongsToOpen(record)) {
    CloseShipment();
    OpenShipment(record);
  }
  unclear_.reset();
  v1::RecordShipment part;
  std::string problem = ReadRecord(record, part);
  if (problem.empty()) problem = AddItem(std::move(part));
  AddRecord(record, std::move(problem));
}

void CsvShipments::TakeUnreadable(CsvRecord& record) {
  unclear_ = record;
  std::string problem = record.problem;
  if (is_open_ && table_->MayHave(record, kReference, reference_)) {
    return AddRecord(record, std::move(problem));
  }
  CloseShipment();
  ready_.push_back({.records = {{record.line, std::move(record.raw)}},
                    .problem = std::move(problem)});
}

void CsvShipments::TakeNameless(CsvRecord& record) {
  unclear_.reset();
  if (!table_->Field(record, kExportDate).empty() &&
      !table_->Field(record, kDestination).empty()) {
    unclear_ = record;
  }
  const std::string problem =
      "shipment_reference is empty; write it in each record of its shipment";
  if (is_open_) return AddRecord(record, problem);
  ready_.push_back(
      {.records = {{record.line, std::move(record.raw)}}, .problem = problem});
}

bool CsvShipments::BelongsToOpen(const CsvRecord& record) const {
  if (!is_open_ || table_->Field(record, kReference) != reference_) {
    return false;
  }
  const absl::string_view exporter = table_->Field(record, kExporter);
  return exporter.empty() || !exporter_is_written_ || exporter == exporter_;
}

absl::StatusOr<absl::flat_hash_set<uint64_t>> CsvShipments::FindScattered() {
  absl::flat_hash_set<uint64_t> scattered;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, table_->Next(record_));
    if (!more) return scattered;
    if (!record_.problem.empty() ||
        table_->Field(record_, kReference).empty() || BelongsToOpen(record_)) {
      continue;
    }
    const uint64_t key = SetKey(record_);
    if (!seen_.insert(key).second) scattered.insert(key);
  }
}

uint64_t CsvShipments::SetKey(const CsvRecord& record) {
  exporter_ = std::string(table_->Field(record, kExporter));
  exporter_is_written_ = !exporter_.empty();
  if (!exporter_is_written_) exporter_ = defaults_.exporter;
  reference_ = std::string(table_->Field(record, kReference));
  is_open_ = true;
  return absl::HashOf(exporter_, reference_);
}

void CsvShipments::OpenShipment(const CsvRecord& record) {
  const uint64_t key = SetKey(record);
  const bool comes_again =
      scattered_ ? scattered_->contains(key) : !seen_.insert(key).second;
  if (comes_again) {
    Blame(record.line,
          absl::StrCat("shipment_reference \"", reference_, "\" of ", exporter_,
                       " is in this file in several places; records of one "
                       "shipment must follow each other, and another shipment "
                       "needs another reference"));
  }
  if (unclear_ && (table_->Field(*unclear_, kReference).empty() ||
                   table_->MayHave(*unclear_, kReference, reference_))) {
    Blame(unclear_->line,
          absl::StrCat("this record, just before the shipment, may be of it: ",
                       unclear_->problem.empty()
                           ? "its shipment_reference is empty"
                           : unclear_->problem));
  }
}

void CsvShipments::CloseShipment() {
  if (!open_.records.empty()) ready_.push_back(std::move(open_));
  open_ = {};
  is_open_ = false;
  overflowed_ = false;
}

void CsvShipments::AddRecord(CsvRecord& record, std::string problem) {
  if (!problem.empty()) Blame(record.line, std::move(problem));
  open_.records.push_back({record.line, std::move(record.raw)});
  if (open_.records.size() > limits::kMaxItemsPerShipment || overflowed_) {
    // Bounds the memory of a shipment that never ends.
    open_.problem =
        absl::StrCat("the shipment has more than ",
                     limits::kMaxItemsPerShipment, " records, one an item");
    open_.problem_line = record.line;
    ready_.push_back(std::exchange(open_, {}));
    overflowed_ = true;
  }
}

void CsvShipments::Blame(int64_t line, std::string problem) {
  if (!open_.problem.empty()) return;
  open_.problem = std::move(problem);
  open_.problem_line = line;
}

std::string CsvShipments::ReadRecord(const CsvRecord& record,
                                     v1::RecordShipment& out) {
  const auto field = [&](absl::string_view column) {
    return std::string(table_->Field(record, column));
  };
  v1::Shipment& shipment = *out.mutable_shipment();
  const std::string exporter = field(kExporter);
  shipment.set_exporter(exporter.empty() ? exporter_ : exporter);
  shipment.set_shipment_reference(reference_);
  if (shipment.exporter().empty()) {
    return "exporter is empty; fill the column or set --exporter";
  }
  shipment.set_export_date(field(kExportDate));
  if (const std::string country = field(kDestination); !country.empty()) {
    const auto code = ParseCountryName(country);
    if (!code.ok()) {
      return absl::StrCat("destination_country ", code.status().message());
    }
    shipment.set_destination_country(*code);
  }
  shipment.set_consignee(field(kConsignee));
  shipment.set_consignee_name(field(kConsigneeName));
  shipment.set_end_user(field(kEndUser));
  shipment.set_source(field(kSource));
  v1::Item& item = *shipment.add_items();
  item.set_product_code(field(kProduct));
  const bool comma_is_decimal = table_->delimiter() == ';';
  const auto quantity = ParseUnits(field(kQuantity), comma_is_decimal);
  if (!quantity.ok()) {
    return absl::StrCat("quantity ", quantity.status().message());
  }
  item.set_quantity(*quantity);
  if (const std::string text = field(kValue); !text.empty()) {
    const auto value = ParseDollars(text, comma_is_decimal);
    if (!value.ok()) {
      return absl::StrCat("value_usd ", value.status().message());
    }
    item.set_value_usd(*value);
  }
  if (const std::string text = field(kAssurance); !text.empty()) {
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
  const absl::string_view kind = table_->Field(record, kKind);
  const absl::string_view license = table_->Field(record, kLicense);
  const absl::string_view code = table_->Field(record, kCode);
  if (kind.empty() && license.empty()) {
    return code.empty() ? ""
                        : "authorization_kind is empty, and authorization_code "
                          "is not";
  }
  v1::Authorization& authorization = *out.mutable_authorization();
  authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  authorization.set_license_id(std::string(license));
  authorization.set_code(std::string(code));
  if (kind.empty()) return "";
  const auto parsed = ParseAuthorizationKind(kind);
  if (!parsed.ok()) {
    return absl::StrCat("authorization_kind ", parsed.status().message());
  }
  authorization.set_kind(*parsed);
  return "";
}

std::string CsvShipments::AddItem(v1::RecordShipment part) {
  v1::RecordShipment& whole = *open_.command.mutable_record_shipment();
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
    return absl::StrCat("it says otherwise about shipment ", reference_,
                        " than line ", open_.records.front().line,
                        "; records of one shipment must agree");
  }
  *whole.mutable_shipment()->add_items() = item;
  return "";
}

}  // namespace

std::string CsvShipmentsHeader() {
  std::vector<absl::string_view> names;
  for (const CsvColumn& column : Columns({})) names.push_back(column.name);
  return absl::StrCat(absl::StrJoin(names, ","), "\n");
}

absl::StatusOr<std::unique_ptr<ShipmentSource>> OpenCsvShipments(
    const std::string& path, const ImportDefaults& defaults) {
  const auto open = [&]() -> absl::StatusOr<std::unique_ptr<CsvShipments>> {
    ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, Columns(defaults)));
    return std::make_unique<CsvShipments>(std::move(table), defaults);
  };
  ASSIGN_OR_RETURN(auto source, open());
  if (!CanBeReadAgain(path)) return source;
  ASSIGN_OR_RETURN(auto scattered, source->FindScattered());
  ASSIGN_OR_RETURN(source, open());
  source->SetScattered(std::move(scattered));
  return source;
}

}  // namespace chipledger::import
