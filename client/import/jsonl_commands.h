// Commands as JSON lines: one message in protobuf JSON a line. Empty lines are
// passed over.
#ifndef CHIPLEDGER_CLIENT_IMPORT_JSONL_COMMANDS_H_
#define CHIPLEDGER_CLIENT_IMPORT_JSONL_COMMANDS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/command.pb.h"
#include "client/import/command_source.h"
#include "google/protobuf/message.h"

namespace chipledger::import {

// What a line is.
struct JsonlFormat {
  // The message of an empty command that a line says.
  std::function<google::protobuf::Message*(v1::Command&)> message;
  // Fills what a line leaves open. Errors: INVALID_ARGUMENT saying what is
  // missing.
  std::function<absl::Status(v1::Command&)> complete;
};

// Errors: as LineReader::Open.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenJsonlCommands(
    const std::string& path, JsonlFormat format);

// Opens a file of format "csv" with `open_csv`, and one of format "jsonl" as
// above. Errors: those of `open_csv`, and as above; INVALID_ARGUMENT for
// another format.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvOrJsonl(
    const std::string& path, const std::string& format,
    const std::function<absl::StatusOr<std::unique_ptr<CommandSource>>()>&
        open_csv,
    JsonlFormat jsonl);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_JSONL_COMMANDS_H_
