// Shipments from files.
#ifndef CHIPLEDGER_CLIENT_IMPORT_SHIPMENT_SOURCE_H_
#define CHIPLEDGER_CLIENT_IMPORT_SHIPMENT_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// The shipment as a command of a source says it; empty for a voiding.
const v1::Shipment& ShipmentIn(const v1::Command& command);
// Which shipment the command is about.
v1::ShipmentName NameIn(const v1::Command& command);

// Returns the format that the file's name ("x.jsonl") or its first line says.
// Errors: the file cannot be opened or read; INVALID_ARGUMENT for standard
// input and pipes, which can be read only once.
absl::StatusOr<std::string> GuessFormat(const std::string& path);

// Opens a file of shipments; "-" is standard input. Formats: "csv", "jsonl",
// "eei", "epoch-gpu-clusters". Errors: the file cannot be opened, or its header
// is not the format's; INVALID_ARGUMENT for another format, or for defaults
// that the format cannot take.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenShipmentSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_SHIPMENT_SOURCE_H_
