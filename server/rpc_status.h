// Errors as they travel: google.rpc.Status with the details of AIP-193.
#ifndef CHIPLEDGER_SERVER_RPC_STATUS_H_
#define CHIPLEDGER_SERVER_RPC_STATUS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/support/status.h"
#include "ledger/ledger.h"

namespace chipledger {

// gRPC clients refuse trailers above 8 KiB unless they ask for more. What goes
// over is cut from the end of the details' lists, and the ErrorInfo's "omitted"
// says how many; a refusal's index leads to the entry that has them all.
inline constexpr size_t kMaxErrorTrailerBytes = 7'000;

// Converts an error. One without a cause is a defect: it becomes
// INTERNAL_ERROR and is logged. Requires: !status.ok().
google::rpc::Status ToRpcStatus(const absl::Status& status);

// Converts the error of an answer; a refusal gets its chipledger.v1.Refusal.
// Requires: !answer.status.ok().
google::rpc::Status ToRpcStatus(const WriteAnswer& answer);

// Makes the error of a call; fits it into its trailer.
grpc::Status ToGrpcStatus(google::rpc::Status status);
grpc::Status ToGrpcStatus(const absl::Status& status);
grpc::Status ToGrpcStatus(const WriteAnswer& answer);

// The error of calls that the server ends because it shuts down.
absl::Status ShuttingDown();
// The error of a request whose required field is not set.
absl::Status MissingField(absl::string_view field);

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_RPC_STATUS_H_
