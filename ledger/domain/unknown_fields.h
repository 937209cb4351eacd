// What a message says that this build does not know.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_

#include "absl/status/status.h"
#include "chipledger/v1/command.pb.h"
#include "google/protobuf/message.h"

namespace chipledger::domain {

// Checks that every field of a command and of all messages in it is one that
// this build knows. What is not understood must not be stored as if it were: a
// caller newer than the ledger may have meant to limit what it asks for.
// Errors: UNKNOWN_FIELD.
absl::Status CheckNothingUnknown(const v1::Command& command);

// The same for the rest of a request: everything but the commands in it, which
// are checked when they are decided. A filter that is not understood would give
// an answer to another question. Thread-safe. Errors: UNKNOWN_FIELD.
absl::Status CheckEnvelope(const google::protobuf::Message& request);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_
