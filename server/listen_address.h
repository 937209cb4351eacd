// HOST:PORT, and why one cannot be listened on.
#ifndef CHIPLEDGER_SERVER_LISTEN_ADDRESS_H_
#define CHIPLEDGER_SERVER_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chipledger {

// An address to listen on.
struct ListenAddress {
  // A name or a number; an IPv6 number without its brackets.
  std::string host;
  // 0: any free port.
  uint16_t port = 0;

  // "HOST:PORT", with brackets around an IPv6 number.
  std::string ToString() const;
};

// Errors: INVALID_ARGUMENT.
absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text);

// Tries to take the address and lets go of it, so that a server that cannot
// listen finds out before it makes anything.
// Errors: those of ExplainListenFailure.
absl::Status CheckCanListen(const ListenAddress& address);

// Says why listening failed: the host is not known, is not this machine's, the
// port is taken or not allowed.
absl::Status ExplainListenFailure(const ListenAddress& address);

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_LISTEN_ADDRESS_H_
