#include "client/import/csv_shipments.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/import/country_names.h"
#include "client/import/csv_groups.h"
#include "client/import/csv_reader.h"
#include "client/import/text.h"
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
constexpr absl::string_view kDeparture = "departure_time";

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
          {kSource},
          {kDeparture}};
}

CsvGrouping Grouping(const ImportDefaults& defaults) {
  return {.noun = "shipment",
          .name = kReference,
          .owner = kExporter,
          .default_owner = defaults.exporter,
          .first_columns = {kExportDate, kDestination},
          .part = "an item",
          .max_records = limits::kMaxItemsPerShipment};
}

// CsvShipments reads an item of a shipment from each record.
class CsvShipments : public CsvGroups {
 public:
  CsvShipments(std::unique_ptr<CsvTable> table, const ImportDefaults& defaults)
      : CsvGroups(std::move(table), Grouping(defaults)),
        default_assurance_(defaults.assurance) {}

 private:
  absl::Status AddTo(const CsvRecord& record, v1::Command& command) override;

  // Errors: INVALID_ARGUMENT saying what is wrong with the record.
  absl::StatusOr<v1::RecordShipment> Read(const CsvRecord& record) const;
  absl::Status ReadAuthorization(const CsvRecord& record,
                                 v1::Shipment& out) const;

  const v1::Assurance default_assurance_;
};

absl::Status CsvShipments::AddTo(const CsvRecord& record,
                                 v1::Command& command) {
  ASSIGN_OR_RETURN(v1::RecordShipment part, Read(record));
  v1::RecordShipment& whole = *command.mutable_record_shipment();
  if (!whole.has_shipment()) {
    whole = std::move(part);
    if (whole.assurance() == v1::ASSURANCE_UNSPECIFIED) {
      whole.set_assurance(default_assurance_);
    }
    return whole.assurance() == v1::ASSURANCE_UNSPECIFIED
               ? absl::InvalidArgumentError(
                     "assurance is empty; fill the column or set --assurance")
               : absl::OkStatus();
  }
  v1::Item item = part.shipment().items(0);
  // A row may be under another license than the first.
  const std::string& license = part.shipment().authorization().license_id();
  if (!license.empty() && whole.shipment().has_authorization() &&
      license != whole.shipment().authorization().license_id()) {
    item.set_license_id(license);
    part.mutable_shipment()->mutable_authorization()->clear_license_id();
  }
  v1::RecordShipment first = whole;
  first.mutable_shipment()->clear_items();
  part.mutable_shipment()->clear_items();
  RETURN_IF_ERROR(CheckAgrees(first, part));
  *whole.mutable_shipment()->add_items() = item;
  return absl::OkStatus();
}

absl::StatusOr<v1::RecordShipment> CsvShipments::Read(
    const CsvRecord& record) const {
  v1::RecordShipment command;
  v1::Shipment& shipment = *command.mutable_shipment();
  const std::string exporter = Field(record, kExporter);
  shipment.set_exporter(exporter.empty() ? owner() : exporter);
  shipment.set_shipment_reference(name());
  if (shipment.exporter().empty()) {
    return absl::InvalidArgumentError(
        "exporter is empty; fill the column or set --exporter");
  }
  shipment.set_export_date(Field(record, kExportDate));
  if (const std::string country = Field(record, kDestination);
      !country.empty()) {
    ASSIGN_OR_RETURN(*shipment.mutable_destination_country(),
                     InColumn(kDestination, ParseCountryName(country)));
  }
  shipment.set_consignee(Field(record, kConsignee));
  shipment.set_consignee_name(Field(record, kConsigneeName));
  shipment.set_end_user(Field(record, kEndUser));
  shipment.set_source(Field(record, kSource));
  shipment.set_departure_time(Field(record, kDeparture));
  v1::Item& item = *shipment.add_items();
  item.set_product_code(Field(record, kProduct));
  ASSIGN_OR_RETURN(const int64_t quantity,
                   InColumn(kQuantity, ParseUnits(Field(record, kQuantity),
                                                  comma_is_decimal())));
  item.set_quantity(quantity);
  if (const std::string text = Field(record, kValue); !text.empty()) {
    ASSIGN_OR_RETURN(const int64_t value,
                     InColumn(kValue, ParseDollars(text, comma_is_decimal())));
    item.set_value_usd(value);
  }
  if (const std::string text = Field(record, kAssurance); !text.empty()) {
    ASSIGN_OR_RETURN(const v1::Assurance assurance,
                     InColumn(kAssurance, ParseAssurance(text)));
    command.set_assurance(assurance);
  }
  RETURN_IF_ERROR(ReadAuthorization(record, shipment));
  return command;
}

absl::Status CsvShipments::ReadAuthorization(const CsvRecord& record,
                                             v1::Shipment& out) const {
  const std::string kind = Field(record, kKind);
  const std::string license = Field(record, kLicense);
  const std::string code = Field(record, kCode);
  if (kind.empty() && license.empty()) {
    return code.empty() ? absl::OkStatus()
                        : absl::InvalidArgumentError(
                              "authorization_kind is empty, and "
                              "authorization_code is not");
  }
  v1::Authorization& authorization = *out.mutable_authorization();
  authorization.set_kind(v1::AUTHORIZATION_KIND_LICENSE);
  authorization.set_license_id(license);
  authorization.set_code(code);
  if (kind.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const v1::AuthorizationKind parsed,
                   InColumn(kKind, ParseAuthorizationKind(kind)));
  authorization.set_kind(parsed);
  return absl::OkStatus();
}

}  // namespace

std::string CsvShipmentsHeader() { return CsvHeader(Columns({})); }

absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvShipments(
    const std::string& path, const ImportDefaults& defaults) {
  return OpenCsvGroups(
      path, [&]() -> absl::StatusOr<std::unique_ptr<CsvGroups>> {
        ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, Columns(defaults)));
        return std::make_unique<CsvShipments>(std::move(table), defaults);
      });
}

}  // namespace chipledger::import
