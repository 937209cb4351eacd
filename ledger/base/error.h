// Machine-readable causes on absl::Status. The server turns them into the
// google.rpc details of AIP-193; see proto/chipledger/v1/error_reason.proto.
#ifndef CHIPLEDGER_LEDGER_BASE_ERROR_H_
#define CHIPLEDGER_LEDGER_BASE_ERROR_H_

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace chipledger {

// The cause of an error.
struct ErrorCause {
  // The name of a chipledger.v1.ErrorReason value.
  std::string reason;
  // The values that the reason's comment lists.
  std::map<std::string, std::string> metadata;
};

// One wrong field of a request.
struct FieldViolation {
  // The field's path from the command or request.
  std::string field;
  // What was wrong, with the value, and what is wanted.
  std::string description;
  friend bool operator==(const FieldViolation&,
                         const FieldViolation&) = default;
};

// Makes an error with its cause.
absl::Status MakeError(absl::StatusCode code, absl::string_view reason,
                       absl::string_view message,
                       std::map<std::string, std::string> metadata = {});

// Makes the INVALID_ARGUMENT / INVALID_FIELD error for wrong fields.
// Requires: at least one violation.
absl::Status InvalidFields(const std::vector<FieldViolation>& violations);

// Returns the cause of an error made by MakeError, if it has one.
std::optional<ErrorCause> GetErrorCause(const absl::Status& status);

// Returns the wrong fields of an error made by InvalidFields; else none.
std::vector<FieldViolation> GetFieldViolations(const absl::Status& status);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_ERROR_H_
