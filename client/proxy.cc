#include "client/proxy.h"

#include <cstdlib>
#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace chipledger::client {
namespace {

// The host of "HOST", "HOST:PORT", "[IPV6]:PORT" or one of these after a
// resolver's name, such as "dns:///HOST:PORT".
absl::string_view HostOf(absl::string_view server) {
  for (const absl::string_view resolver : {"dns:", "ipv4:", "ipv6:"}) {
    if (absl::ConsumePrefix(&server, resolver)) break;
  }
  server = server.substr(server.find_last_of('/') + 1);
  if (absl::ConsumePrefix(&server, "[")) {
    return server.substr(0, server.find(']'));
  }
  const size_t colon = server.find(':');
  // More than one: an IPv6 address without a port.
  return server.find(':', colon + 1) == server.npos ? server.substr(0, colon)
                                                    : server;
}

// The first of the variables that is set.
struct Variable {
  const char* name = nullptr;
  absl::string_view value;
};
Variable FirstSet(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const char* value = std::getenv(name);
    if (value != nullptr) return {name, value};
  }
  return {};
}

}  // namespace

bool IsLoopback(absl::string_view server) {
  const absl::string_view host = HostOf(server);
  return host == "localhost" || host == "::1" || absl::StartsWith(host, "127.");
}

std::string ProxyFor(absl::string_view server) {
  const Variable proxy = FirstSet({"grpc_proxy", "https_proxy", "http_proxy"});
  if (proxy.value.empty()) return "";
  const absl::string_view host = HostOf(server);
  const Variable exempt = FirstSet({"no_grpc_proxy", "no_proxy"});
  for (const absl::string_view suffix :
       absl::StrSplit(exempt.value, ',', absl::SkipWhitespace())) {
    if (absl::EndsWith(host, absl::StripAsciiWhitespace(suffix))) return "";
  }
  absl::string_view address = proxy.value;
  // What stands before the "@" is a name and a password.
  if (const size_t at = address.find_last_of('@'); at != address.npos) {
    address.remove_prefix(at + 1);
  }
  return absl::StrCat(address, " (", proxy.name, ")");
}

}  // namespace chipledger::client
