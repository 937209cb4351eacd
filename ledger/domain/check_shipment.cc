// The shapes of commands about shipments and reservations.
#include <cstdlib>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/instant.h"
#include "ledger/domain/check_internal.h"

namespace chipledger::domain {
namespace {

void CheckAuthorization(const v1::Authorization& authorization,
                        FieldChecks& checks) {
  if (!authorization.license_id().empty()) {
    checks.Printable(authorization.license_id(), limits::kMaxLicenseIdBytes,
                     true, "shipment.authorization.license_id");
  }
  if (!authorization.license_id().empty() &&
      authorization.kind() == v1::AUTHORIZATION_KIND_UNSPECIFIED) {
    checks.Add("shipment.authorization.kind",
               absl::StrCat("is required beside license_id ",
                            Quote(authorization.license_id())));
  }
  checks.Text(authorization.code(), limits::kMaxNameBytes, false,
              "shipment.authorization.code");
}

void CheckItems(const v1::Shipment& shipment, FieldChecks& checks) {
  checks.Count(static_cast<size_t>(shipment.items_size()), 1,
               limits::kMaxItemsPerShipment, "shipment.items");
  for (int i = 0; i < shipment.items_size(); ++i) {
    const v1::Item& item = shipment.items(i);
    // Paths are made for wrong items only: shipments come in great numbers.
    if (item.product_code().empty() ||
        item.product_code().size() > limits::kMaxProductCodeBytes) {
      checks.Printable(item.product_code(), limits::kMaxProductCodeBytes, true,
                       At("shipment.items", i, "product_code"));
    }
    if (item.quantity() < 1 || item.quantity() > limits::kMaxQuantityUnits) {
      checks.Quantity(item.quantity(), limits::kMaxQuantityUnits,
                      At("shipment.items", i, "quantity"));
    }
    if (!item.license_id().empty()) {
      checks.Printable(item.license_id(), limits::kMaxLicenseIdBytes, true,
                       At("shipment.items", i, "license_id"));
      if (shipment.authorization().kind() ==
          v1::AUTHORIZATION_KIND_UNSPECIFIED) {
        checks.Add("shipment.authorization.kind",
                   absl::StrCat("is required beside ",
                                At("shipment.items", i, "license_id"), " ",
                                Quote(item.license_id())));
      }
    }
    if (item.has_value_usd() &&
        (item.value_usd() < 0 || item.value_usd() > limits::kMaxValueUsd)) {
      checks.Amount(item.value_usd(), limits::kMaxValueUsd,
                    At("shipment.items", i, "value_usd"));
    }
  }
}

void CheckDepartureTime(const v1::Shipment& shipment, FieldChecks& checks) {
  const std::string& text = shipment.departure_time();
  if (text.empty()) return;
  const auto departure = ParseInstantNs(text);
  if (!departure) {
    checks.Add("shipment.departure_time",
               absl::StrCat(Quote(text),
                            " is no RFC 3339 time with an offset, such as "
                            "\"2026-01-02T23:50:00-05:00\""));
    return;
  }
  const auto date = Date::Parse(shipment.export_date());
  // Nowhere is the date more than one from that in UTC.
  if (date &&
      std::abs(Date::FromUnixNs(*departure).days() - date->days()) > 1) {
    checks.Add("shipment.departure_time",
               absl::StrCat(Quote(text), " is nowhere on the export_date, ",
                            shipment.export_date()));
  }
}

void CheckShipment(const v1::Shipment& shipment, FieldChecks& checks) {
  checks.Slug(shipment.exporter(), limits::kMaxPartyIdBytes,
              "shipment.exporter");
  checks.Printable(shipment.shipment_reference(),
                   limits::kMaxShipmentReferenceBytes, true,
                   "shipment.shipment_reference");
  checks.Date(shipment.export_date(), true, "shipment.export_date");
  checks.Country(shipment.destination_country(),
                 "shipment.destination_country");
  if (!shipment.consignee().empty()) {
    checks.Slug(shipment.consignee(), limits::kMaxPartyIdBytes,
                "shipment.consignee");
  }
  checks.Text(shipment.consignee_name(), limits::kMaxNameBytes, false,
              "shipment.consignee_name");
  if (!shipment.end_user().empty()) {
    checks.Slug(shipment.end_user(), limits::kMaxPartyIdBytes,
                "shipment.end_user");
  }
  CheckAuthorization(shipment.authorization(), checks);
  CheckItems(shipment, checks);
  CheckDepartureTime(shipment, checks);
  checks.Text(shipment.source(), limits::kMaxTextBytes, false,
              "shipment.source");
}

void CheckAssurance(v1::Assurance assurance, FieldChecks& checks) {
  if (assurance != v1::ASSURANCE_BEFORE_EXPORT &&
      assurance != v1::ASSURANCE_AFTER_THE_FACT) {
    checks.Add("assurance",
               "must be ASSURANCE_BEFORE_EXPORT or ASSURANCE_AFTER_THE_FACT");
  }
}

void CheckName(const v1::ShipmentName& name, absl::string_view path,
               FieldChecks& checks) {
  checks.Slug(name.exporter(), limits::kMaxPartyIdBytes,
              absl::StrCat(path, ".exporter"));
  checks.Printable(name.shipment_reference(),
                   limits::kMaxShipmentReferenceBytes, true,
                   absl::StrCat(path, ".shipment_reference"));
}

using Units = google::protobuf::RepeatedPtrField<v1::ItemUnits>;

void CheckUnits(const Units& units, size_t min, bool distinct,
                FieldChecks& checks) {
  checks.Count(static_cast<size_t>(units.size()), min,
               limits::kMaxItemsPerShipment, "units");
  std::set<int32_t> items;
  for (int i = 0; i < units.size(); ++i) {
    checks.Amount(units[i].item(),
                  static_cast<int64_t>(limits::kMaxItemsPerShipment) - 1,
                  At("units", i, "item"));
    if (!items.insert(units[i].item()).second && distinct) {
      checks.Add(At("units", i, "item"),
                 absl::StrCat(units[i].item(), " is named twice"));
    }
    checks.Quantity(units[i].quantity(), limits::kMaxQuantityUnits,
                    At("units", i, "quantity"));
  }
}

absl::Status CheckRecord(const v1::RecordShipment& command) {
  FieldChecks checks;
  CheckShipment(command.shipment(), checks);
  CheckAssurance(command.assurance(), checks);
  if (!command.overrides().empty()) CheckOverrides(command.overrides(), checks);
  if (command.release_rest() && !command.has_reservation_index()) {
    checks.Add("release_rest", "goes with reservation_index");
  }
  return checks.ToStatus();
}

absl::Status CheckVoid(const v1::VoidShipment& command) {
  FieldChecks checks;
  checks.Slug(command.exporter(), limits::kMaxPartyIdBytes, "exporter");
  checks.Printable(command.shipment_reference(),
                   limits::kMaxShipmentReferenceBytes, true,
                   "shipment_reference");
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  checks.Text(command.recorded_in_error(), limits::kMaxTextBytes, false,
              "recorded_in_error");
  return checks.ToStatus();
}

absl::Status CheckCorrection(const v1::CorrectShipment& command) {
  FieldChecks checks;
  CheckShipment(command.shipment(), checks);
  CheckAssurance(command.assurance(), checks);
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  CheckOverrides(command.overrides(), checks);
  return checks.ToStatus();
}

absl::Status CheckReservation(const v1::ReserveShipment& command) {
  FieldChecks checks;
  CheckShipment(command.shipment(), checks);
  checks.Quantity(command.hold_seconds(), limits::kMaxHoldSeconds,
                  "hold_seconds");
  CheckOverrides(command.overrides(), checks);
  return checks.ToStatus();
}

absl::Status CheckRelease(const v1::ReleaseReservation& command) {
  FieldChecks checks;
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

// Movements are recorded when they have happened; what a caller can say is that
// they have whatever the ledger knows.
void CheckMovementAssurance(v1::Assurance assurance, FieldChecks& checks) {
  if (assurance != v1::ASSURANCE_BEFORE_EXPORT) return;
  checks.Add("assurance",
             "ASSURANCE_BEFORE_EXPORT is for what has not left; leave it "
             "unset, or ASSURANCE_AFTER_THE_FACT");
}

absl::Status CheckReceipt(const v1::ReceiveShipment& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  checks.Date(command.effective_date(), true, "effective_date");
  CheckUnits(command.units(), 0, true, checks);
  checks.Text(command.received_by(), limits::kMaxNameBytes, false,
              "received_by");
  CheckMovementAssurance(command.assurance(), checks);
  return checks.ToStatus();
}

absl::Status CheckReturn(const v1::ReturnShipment& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  CheckUnits(command.units(), 1, true, checks);
  CheckDateAndReason(command, checks);
  CheckMovementAssurance(command.assurance(), checks);
  return checks.ToStatus();
}

// A re-export and a transfer in a country have the same shape.
template <typename C>
absl::Status CheckSendingOn(const C& command) {
  FieldChecks checks;
  CheckName(command.origin(), "origin", checks);
  CheckUnits(command.units(), 1, false, checks);
  CheckShipment(command.shipment(), checks);
  CheckAssurance(command.assurance(), checks);
  CheckOverrides(command.overrides(), checks);
  const auto& items = command.shipment().items();
  if (items.size() != command.units_size()) {
    checks.Add("units", absl::StrCat("has ", command.units_size(),
                                     ", and the shipment ", items.size(),
                                     " items; name the units of each item"));
    return checks.ToStatus();
  }
  for (int i = 0; i < items.size(); ++i) {
    if (items[i].quantity() != command.units(i).quantity()) {
      checks.Add(At("units", i, "quantity"),
                 absl::StrCat(command.units(i).quantity(),
                              " is not the quantity of shipment.items[", i,
                              "], ", items[i].quantity()));
    }
  }
  return checks.ToStatus();
}

absl::Status CheckRetirement(const v1::RetireUnits& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  checks.Date(command.effective_date(), true, "effective_date");
  CheckUnits(command.units(), 1, true, checks);
  if (command.cause() == v1::RetireUnits::CAUSE_UNSPECIFIED) {
    checks.Add("cause", "is required: loss, damage, scrap or theft");
  }
  checks.Text(command.evidence(), limits::kMaxTextBytes, true, "evidence");
  CheckMovementAssurance(command.assurance(), checks);
  return checks.ToStatus();
}

absl::Status CheckDiversion(const v1::ReportDiversion& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  checks.Date(command.effective_date(), true, "effective_date");
  CheckUnits(command.units(), 1, true, checks);
  checks.Country(command.found_country(), "found_country");
  if (!command.found_party().empty()) {
    checks.Slug(command.found_party(), limits::kMaxPartyIdBytes, "found_party");
  }
  checks.Text(command.evidence(), limits::kMaxTextBytes, true, "evidence");
  CheckMovementAssurance(command.assurance(), checks);
  return checks.ToStatus();
}

absl::Status CheckRecovery(const v1::RecoverUnits& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  checks.Date(command.effective_date(), true, "effective_date");
  CheckUnits(command.units(), 1, true, checks);
  checks.Text(command.evidence(), limits::kMaxTextBytes, true, "evidence");
  return checks.ToStatus();
}

absl::Status CheckRelocation(const v1::RelocateUnits& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  checks.Date(command.effective_date(), true, "effective_date");
  CheckUnits(command.units(), 1, true, checks);
  checks.Text(command.site(), limits::kMaxNameBytes, true, "site");
  return checks.ToStatus();
}

absl::Status CheckMovementVoid(const v1::VoidMovement& command) {
  FieldChecks checks;
  CheckName(command.shipment(), "shipment", checks);
  checks.Text(command.reason(), limits::kMaxTextBytes, true, "reason");
  return checks.ToStatus();
}

}  // namespace

absl::Status CheckShipmentCommand(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kRecordShipment:
      return CheckRecord(command.record_shipment());
    case v1::Command::kVoidShipment:
      return CheckVoid(command.void_shipment());
    case v1::Command::kCorrectShipment:
      return CheckCorrection(command.correct_shipment());
    case v1::Command::kReserveShipment:
      return CheckReservation(command.reserve_shipment());
    case v1::Command::kReleaseReservation:
      return CheckRelease(command.release_reservation());
    case v1::Command::kReceiveShipment:
      return CheckReceipt(command.receive_shipment());
    case v1::Command::kReturnShipment:
      return CheckReturn(command.return_shipment());
    case v1::Command::kReexportShipment:
      return CheckSendingOn(command.reexport_shipment());
    case v1::Command::kTransferShipment:
      return CheckSendingOn(command.transfer_shipment());
    case v1::Command::kRetireUnits:
      return CheckRetirement(command.retire_units());
    case v1::Command::kReportDiversion:
      return CheckDiversion(command.report_diversion());
    case v1::Command::kRecoverUnits:
      return CheckRecovery(command.recover_units());
    case v1::Command::kRelocateUnits:
      return CheckRelocation(command.relocate_units());
    case v1::Command::kVoidMovement:
      return CheckMovementVoid(command.void_movement());
    default:
      // ExpireReservation holds nothing but an index.
      return absl::OkStatus();
  }
}

}  // namespace chipledger::domain
