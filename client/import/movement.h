// What commands say of units that were shipped.
#ifndef CHIPLEDGER_CLIENT_IMPORT_MOVEMENT_H_
#define CHIPLEDGER_CLIENT_IMPORT_MOVEMENT_H_

#include "chipledger/v1/command.pb.h"

namespace chipledger::import {

// Returns the shipment whose units a command moves: a receipt, a return, a
// re-export, a transfer, a retirement, a diversion, a recovery or a relocation.
// Null for other commands. It lives as long as the command.
const v1::ShipmentName* FindMoved(const v1::Command& command);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_MOVEMENT_H_
