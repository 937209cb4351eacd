#include "client/import/movement.h"

namespace chipledger::import {

const v1::ShipmentName* FindMoved(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kReceiveShipment:
      return &command.receive_shipment().shipment();
    case v1::Command::kReturnShipment:
      return &command.return_shipment().shipment();
    case v1::Command::kReexportShipment:
      return &command.reexport_shipment().origin();
    case v1::Command::kTransferShipment:
      return &command.transfer_shipment().origin();
    case v1::Command::kRetireUnits:
      return &command.retire_units().shipment();
    case v1::Command::kReportDiversion:
      return &command.report_diversion().shipment();
    case v1::Command::kRecoverUnits:
      return &command.recover_units().shipment();
    case v1::Command::kRelocateUnits:
      return &command.relocate_units().shipment();
    default:
      return nullptr;
  }
}

}  // namespace chipledger::import
