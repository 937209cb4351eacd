// HOST:PORT, and taking it.
#ifndef CHIPLEDGER_SERVER_LISTEN_ADDRESS_H_
#define CHIPLEDGER_SERVER_LISTEN_ADDRESS_H_

#include <cstdint>
#include <string>
#include <vector>

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

// Takes the address on every network that the host has, and returns the
// sockets, bound and not listening; the caller closes them. A port of 0 becomes
// the port that was free. Errors: INVALID_ARGUMENT when the host is not known;
// UNAVAILABLE when it is not this machine's, or the port is taken or not
// allowed.
absl::StatusOr<std::vector<int>> Bind(ListenAddress& address);

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_LISTEN_ADDRESS_H_
