// Errors of the ledger as a client sees them: an absl::Status that keeps the
// google.rpc details the server sent (AIP-193).
#ifndef CHIPLEDGER_CLIENT_ERRORS_H_
#define CHIPLEDGER_CLIENT_ERRORS_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "chipledger/v1/error_reason.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "google/rpc/status.pb.h"
#include "ledger/base/error.h"

namespace grpc {
class Status;
}  // namespace grpc

namespace chipledger::client {

// What an error of this client library says beyond its code and message.
struct ErrorDetails {
  // The server's cause. Unspecified: the error did not come from a ledger, such
  // as a connection that broke.
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  // The values that the reason's comment lists.
  std::map<std::string, std::string> metadata;
  // Every wrong field, for INVALID_FIELD.
  std::vector<FieldViolation> fields;
  // Every violated rule, for REFUSED_BY_RULES.
  std::optional<v1::Refusal> refusal;
  // How long the server asked to wait before the next try.
  std::optional<absl::Duration> retry_delay;
  // There was no connection, so that nothing was sent.
  bool no_connection = false;
  // Set when the write may or may not have been recorded. Sending it again with
  // this request_id is safe: it is recorded once and the first answer returns.
  std::optional<std::string> outcome_unknown_request_id;
};

// Returns the details of an error from this library. An error from elsewhere
// has none.
ErrorDetails GetErrorDetails(const absl::Status& status);

// Converts what the server sent. A call that was cancelled by no ledger is
// UNAVAILABLE, like one whose connection broke.
absl::Status FromRpcStatus(const google::rpc::Status& status);
absl::Status FromGrpcStatus(const grpc::Status& status);
// The other way: the server's details where there are some.
google::rpc::Status ToRpcStatus(const absl::Status& status);

// Returns the UNAVAILABLE error of a server to which there is no connection.
absl::Status NoConnection(absl::string_view message);

// Returns `cause` marked as an unknown outcome of the write with this
// request_id, and says so in its message. `last`: how the last try ended.
absl::Status OutcomeUnknown(const absl::Status& cause, const absl::Status& last,
                            absl::string_view request_id);

// Whether the same request can succeed later without anybody changing anything.
bool IsTransient(const absl::Status& status);

// Whether the error leaves open what became of the request that was sent: it
// came from the connection or the deadline and not from a ledger, or the ledger
// says that it does not know.
bool LeavesOutcomeOpen(const absl::Status& status);

// Whether the error also says what became of every earlier sending of the same
// request. A ledger that has looked the request_id up knows, and so does one
// that refuses the request for what is in it; one that takes no writes does
// not.
bool SettlesEarlierTries(const absl::Status& status);

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_ERRORS_H_
