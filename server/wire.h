// Messages from and to the bytes of a call. The server parses requests itself:
// straight onto the arena that they stay on, and with an error that names the
// field when they are malformed.
#ifndef CHIPLEDGER_SERVER_WIRE_H_
#define CHIPLEDGER_SERVER_WIRE_H_

#include "absl/status/status.h"
#include "google/protobuf/message.h"
#include "grpcpp/support/byte_buffer.h"

namespace chipledger {

// Parses a request. Errors: MESSAGE_TOO_LARGE; MALFORMED_MESSAGE, which names
// the field when a string is not UTF-8; UNKNOWN_FIELD beside its commands.
absl::Status ParseMessage(const grpc::ByteBuffer& bytes,
                          google::protobuf::Message& message);

// Returns the message's bytes.
grpc::ByteBuffer SerializeMessage(const google::protobuf::Message& message);

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_WIRE_H_
