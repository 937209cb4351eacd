// Movements of shipped units from files.
//
// A movement has no name of its own, by which it could be told that it was
// recorded: equal ones are told by their count. The first of its content in a
// file is one movement, the second another one, and each is the same in every
// import of a file that has as many. So rows may be added, changed or taken out
// without the others becoming new movements. A re-export or a transfer has the
// reference of its shipment: equal ones are one.
#ifndef CHIPLEDGER_CLIENT_IMPORT_MOVEMENT_SOURCE_H_
#define CHIPLEDGER_CLIENT_IMPORT_MOVEMENT_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// Opens a file of movements; "-" is standard input. Formats: "csv", and "jsonl"
// with one chipledger.v1.Command a line that is a receipt, a return, a
// re-export, a transfer, a retirement or a diversion. Of the defaults the
// exporter is read. For each movement some 24 bytes of memory are kept. Errors:
// the file cannot be opened, or its header is not the format's;
// INVALID_ARGUMENT for another format.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenMovementSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& defaults);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_MOVEMENT_SOURCE_H_
