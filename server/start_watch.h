// Starts server streams.
#ifndef CHIPLEDGER_SERVER_START_WATCH_H_
#define CHIPLEDGER_SERVER_START_WATCH_H_

#include "absl/status/status.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "server/runtime.h"
#include "server/watch.h"
#include "server/wire.h"

namespace chipledger {

// Parses the request, and starts the watch that Init(request) accepts or fails
// the call.
template <typename WatchType, typename Request>
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartWatch(
    Runtime* runtime, const grpc::ByteBuffer& bytes) {
  auto* watch = new WatchType(runtime);
  Request request;
  absl::Status status = ParseMessage(bytes, request);
  if (status.ok()) status = watch->Init(request);
  if (status.ok()) {
    watch->Start();
  } else {
    watch->Fail(status);
  }
  return watch;
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_START_WATCH_H_
