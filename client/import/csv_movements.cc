#include "client/import/csv_movements.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/import/country_names.h"
#include "client/import/csv_reader.h"
#include "client/import/csv_records.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kMovement = "movement";
constexpr absl::string_view kReference = "shipment_reference";
constexpr absl::string_view kExporter = "exporter";
constexpr absl::string_view kDate = "effective_date";
constexpr absl::string_view kItem = "item";
constexpr absl::string_view kQuantity = "quantity";
constexpr absl::string_view kReason = "reason";
constexpr absl::string_view kCause = "cause";
constexpr absl::string_view kEvidence = "evidence";
constexpr absl::string_view kFoundCountry = "found_country";
constexpr absl::string_view kFoundParty = "found_party";
constexpr absl::string_view kSite = "site";
constexpr absl::string_view kMovementIndex = "movement_index";

// What only some movements have.
constexpr std::array kParticulars = {kReason,       kCause,      kEvidence,
                                     kFoundCountry, kFoundParty, kSite,
                                     kMovementIndex};

std::vector<CsvColumn> Columns(const ImportDefaults& defaults) {
  return {{kMovement, true},
          {kReference, true},
          {kExporter, defaults.exporter.empty(), "set --exporter PARTY"},
          {kDate, true},
          {kItem},
          {kQuantity},
          {kReason},
          {kCause},
          {kEvidence},
          {kFoundCountry},
          {kFoundParty},
          {kSite},
          {kMovementIndex}};
}

// CsvMovements reads a movement from each record.
class CsvMovements : public CsvRecords {
 public:
  CsvMovements(std::unique_ptr<CsvTable> table, std::string default_exporter)
      : CsvRecords(std::move(table)),
        default_exporter_(std::move(default_exporter)) {}

 private:
  absl::Status Read(const CsvRecord& record, v1::Command& command) override;

  // Each reads what all movements, or those of a kind, have. Errors:
  // INVALID_ARGUMENT saying what is wrong with the record.
  template <typename Movement>
  absl::Status ReadCommon(const CsvRecord& record, Movement& movement) const;
  absl::Status ReadRetirement(const CsvRecord& record,
                              v1::RetireUnits& retirement) const;
  absl::Status ReadDiversion(const CsvRecord& record,
                             v1::ReportDiversion& diversion) const;
  absl::Status ReadRecovery(const CsvRecord& record,
                            v1::RecoverUnits& recovery) const;
  // Errors: a field is filled that no such movement has.
  absl::Status CheckHasOnly(const CsvRecord& record,
                            std::vector<absl::string_view> particulars) const;

  const std::string default_exporter_;
};

absl::Status CsvMovements::Read(const CsvRecord& record, v1::Command& command) {
  const std::string kind = absl::AsciiStrToLower(Field(record, kMovement));
  if (kind == "receive") {
    RETURN_IF_ERROR(CheckHasOnly(record, {}));
    return ReadCommon(record, *command.mutable_receive_shipment());
  }
  if (kind == "return") {
    RETURN_IF_ERROR(CheckHasOnly(record, {kReason}));
    v1::ReturnShipment& returned = *command.mutable_return_shipment();
    returned.set_reason(Field(record, kReason));
    return ReadCommon(record, returned);
  }
  if (kind == "retire") {
    RETURN_IF_ERROR(CheckHasOnly(record, {kCause, kEvidence}));
    return ReadRetirement(record, *command.mutable_retire_units());
  }
  if (kind == "divert") {
    RETURN_IF_ERROR(
        CheckHasOnly(record, {kEvidence, kFoundCountry, kFoundParty}));
    return ReadDiversion(record, *command.mutable_report_diversion());
  }
  if (kind == "recover") {
    RETURN_IF_ERROR(CheckHasOnly(record, {kEvidence, kMovementIndex}));
    return ReadRecovery(record, *command.mutable_recover_units());
  }
  if (kind == "relocate") {
    RETURN_IF_ERROR(CheckHasOnly(record, {kSite}));
    v1::RelocateUnits& relocation = *command.mutable_relocate_units();
    relocation.set_site(Field(record, kSite));
    return ReadCommon(record, relocation);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      kMovement, " \"", OneLine(Field(record, kMovement)),
      "\" is not one of: receive, return, retire, divert, recover, relocate"));
}

template <typename Movement>
absl::Status CsvMovements::ReadCommon(const CsvRecord& record,
                                      Movement& movement) const {
  v1::ShipmentName& shipment = *movement.mutable_shipment();
  shipment.set_exporter(Field(record, kExporter));
  if (shipment.exporter().empty()) shipment.set_exporter(default_exporter_);
  if (shipment.exporter().empty()) {
    return absl::InvalidArgumentError(
        "exporter is empty; fill the column or set --exporter");
  }
  shipment.set_shipment_reference(Field(record, kReference));
  movement.set_effective_date(Field(record, kDate));
  const std::string item = Field(record, kItem);
  const std::string quantity = Field(record, kQuantity);
  if (item.empty() && quantity.empty()) return absl::OkStatus();
  int32_t place = 0;
  if (!absl::SimpleAtoi(item, &place) || place < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(kItem, " \"", OneLine(item),
                     "\" is no place of an item, which are counted from 0 as "
                     "`chipledger shipment get` lists them"));
  }
  v1::ItemUnits& units = *movement.add_units();
  units.set_item(place);
  ASSIGN_OR_RETURN(
      const int64_t count,
      InColumn(kQuantity, ParseUnits(quantity, comma_is_decimal())));
  units.set_quantity(count);
  return absl::OkStatus();
}

absl::Status CsvMovements::ReadRetirement(const CsvRecord& record,
                                          v1::RetireUnits& retirement) const {
  ASSIGN_OR_RETURN(
      const v1::RetireUnits::Cause cause,
      InColumn(kCause, ParseRetirementCause(Field(record, kCause))));
  retirement.set_cause(cause);
  retirement.set_evidence(Field(record, kEvidence));
  return ReadCommon(record, retirement);
}

absl::Status CsvMovements::ReadDiversion(const CsvRecord& record,
                                         v1::ReportDiversion& diversion) const {
  ASSIGN_OR_RETURN(
      *diversion.mutable_found_country(),
      InColumn(kFoundCountry, ParseCountryName(Field(record, kFoundCountry))));
  diversion.set_found_party(Field(record, kFoundParty));
  diversion.set_evidence(Field(record, kEvidence));
  return ReadCommon(record, diversion);
}

absl::Status CsvMovements::ReadRecovery(const CsvRecord& record,
                                        v1::RecoverUnits& recovery) const {
  const std::string index = Field(record, kMovementIndex);
  uint64_t movement = 0;
  if (!absl::SimpleAtoi(index, &movement)) {
    return absl::InvalidArgumentError(
        absl::StrCat(kMovementIndex, " \"", OneLine(index),
                     "\" is no index of an entry; give that of the retirement "
                     "or diversion, as `chipledger shipment get` lists them"));
  }
  recovery.set_movement_index(movement);
  recovery.set_evidence(Field(record, kEvidence));
  return ReadCommon(record, recovery);
}

absl::Status CsvMovements::CheckHasOnly(
    const CsvRecord& record, std::vector<absl::string_view> particulars) const {
  const auto* const foreign =
      absl::c_find_if(kParticulars, [&](absl::string_view column) {
        return !Field(record, column).empty() &&
               !absl::c_linear_search(particulars, column);
      });
  if (foreign == kParticulars.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      *foreign, " \"", OneLine(Field(record, *foreign)),
      "\" says nothing of the movement \"", Field(record, kMovement),
      "\"; leave it empty, or correct the movement"));
}

}  // namespace

std::string CsvMovementsHeader() { return CsvHeader(Columns({})); }

absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvMovements(
    const std::string& path, const ImportDefaults& defaults) {
  ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, Columns(defaults)));
  return std::make_unique<CsvMovements>(std::move(table), defaults.exporter);
}

}  // namespace chipledger::import
