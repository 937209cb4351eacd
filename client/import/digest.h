// Hashes and the request ids made from them.
#ifndef CHIPLEDGER_CLIENT_IMPORT_DIGEST_H_
#define CHIPLEDGER_CLIENT_IMPORT_DIGEST_H_

#include <string>

#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/message.h"
#include "ledger/base/uuid.h"

namespace chipledger::import {

// Returns the SHA-256 of the bytes in lower-case hexadecimal.
std::string Sha256Hex(absl::string_view bytes);

// Returns what a command says: the one message in it. Requires: it is set.
const google::protobuf::Message& ContentOf(const v1::Command& command);

// Returns the request id of a command: a UUID (version 8) made from its content
// alone, so that importing the same content again is answered and not recorded
// again. Another `attempt` makes another id.
Uuid RequestIdFor(const google::protobuf::Message& command,
                  absl::string_view attempt = "");

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_DIGEST_H_
