// The shipments that a command names.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_NAMED_SHIPMENTS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_NAMED_SHIPMENTS_H_

#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"

namespace chipledger::domain {

// What a command does with a shipment that it names.
enum class ShipmentUse {
  // Records it.
  kMakes,
  // Voids it or gives it other content.
  kRewrites,
  // Moves its units.
  kMoves,
};

// Calls visit(exporter, reference, use) with each shipment that the command
// names, in the order in which deciding looks for them.
template <typename Visit>
void VisitShipments(const v1::Command& command, Visit&& visit) {
  const auto with = [&](const auto& named, ShipmentUse use) {
    visit(absl::string_view(named.exporter()),
          absl::string_view(named.shipment_reference()), use);
  };
  switch (command.kind_case()) {
    case v1::Command::kRecordShipment:
      return with(command.record_shipment().shipment(), ShipmentUse::kMakes);
    case v1::Command::kVoidShipment:
      return with(command.void_shipment(), ShipmentUse::kRewrites);
    case v1::Command::kCorrectShipment:
      return with(command.correct_shipment().shipment(),
                  ShipmentUse::kRewrites);
    case v1::Command::kReexportShipment:
      with(command.reexport_shipment().origin(), ShipmentUse::kMoves);
      return with(command.reexport_shipment().shipment(), ShipmentUse::kMakes);
    case v1::Command::kTransferShipment:
      with(command.transfer_shipment().origin(), ShipmentUse::kMoves);
      return with(command.transfer_shipment().shipment(), ShipmentUse::kMakes);
    case v1::Command::kReceiveShipment:
      return with(command.receive_shipment().shipment(), ShipmentUse::kMoves);
    case v1::Command::kReturnShipment:
      return with(command.return_shipment().shipment(), ShipmentUse::kMoves);
    case v1::Command::kVoidMovement:
      return with(command.void_movement().shipment(), ShipmentUse::kMoves);
    case v1::Command::kRecoverUnits:
      return with(command.recover_units().shipment(), ShipmentUse::kMoves);
    case v1::Command::kRelocateUnits:
      return with(command.relocate_units().shipment(), ShipmentUse::kMoves);
    case v1::Command::kRetireUnits:
      return with(command.retire_units().shipment(), ShipmentUse::kMoves);
    case v1::Command::kReportDiversion:
      return with(command.report_diversion().shipment(), ShipmentUse::kMoves);
    default:
      return;
  }
}

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_NAMED_SHIPMENTS_H_
