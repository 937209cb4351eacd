// What a command says that this build does not know.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_

#include "absl/status/status.h"
#include "chipledger/v1/command.pb.h"

namespace chipledger::domain {

// Checks that every field of a command and of all messages in it is one that
// this build knows. What is not understood must not be stored as if it were: a
// caller newer than the ledger may have meant to limit what it asks for.
// Errors: UNKNOWN_FIELD.
absl::Status CheckNothingUnknown(const v1::Command& command);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_UNKNOWN_FIELDS_H_
