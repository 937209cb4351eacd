// Which HTTP proxy gRPC connects through.
#ifndef CHIPLEDGER_CLIENT_PROXY_H_
#define CHIPLEDGER_CLIENT_PROXY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace chipledger::client {

// Whether "HOST:PORT" is on this machine by its name or address.
bool IsLoopback(absl::string_view server);

// Returns the proxy that the environment puts between this machine and
// "HOST:PORT" and the variable that says so, without a password: "http://proxy
// (http_proxy)". Empty: none. These are gRPC's own rules.
std::string ProxyFor(absl::string_view server);

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_PROXY_H_
