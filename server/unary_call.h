// One unary call, as gRPC hands it over.
#ifndef CHIPLEDGER_SERVER_UNARY_CALL_H_
#define CHIPLEDGER_SERVER_UNARY_CALL_H_

#include "absl/status/status.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/rpc_status.h"
#include "server/runtime.h"
#include "server/wire.h"

namespace chipledger {

// UnaryCall is a value; what it points to lives until the call's reactor is
// finished.
struct UnaryCall {
  Runtime* runtime;
  grpc::CallbackServerContext* context;
  const grpc::ByteBuffer* request;
  grpc::ByteBuffer* response;
};

// Answers a call: with the message when the status is OK, else with the error.
inline void FinishCall(const UnaryCall& call, grpc::ServerUnaryReactor* reactor,
                       const absl::Status& status,
                       const google::protobuf::Message& response) {
  if (!status.ok()) return reactor->Finish(ToGrpcStatus(status));
  *call.response = SerializeMessage(response);
  reactor->Finish(grpc::Status::OK);
}

// Answers a call at once with an error.
inline grpc::ServerUnaryReactor* FailCall(const UnaryCall& call,
                                          const absl::Status& status) {
  grpc::ServerUnaryReactor* reactor = call.context->DefaultReactor();
  reactor->Finish(ToGrpcStatus(status));
  return reactor;
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_UNARY_CALL_H_
