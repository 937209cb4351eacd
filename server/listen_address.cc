#include "server/listen_address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "ledger/base/status_macros.h"

namespace chipledger {
namespace {

absl::Status WrongAddress(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot listen on \"", text,
      "\": it is not HOST:PORT with a port from 0 to 65535, such as "
      "127.0.0.1:7401"));
}

// Returns a bound socket, or an errno negated. A connection that a client left
// half closed does not keep the port from the next server; another server does.
int BindOne(const addrinfo& address) {
  const int fd = ::socket(address.ai_family,
                          SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.ai_family == AF_INET6) {
    // The IPv4 addresses of the host have sockets of their own.
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
  }
  // Listening tells whether another one listens; it begins when the server is
  // ready, and until then connections wait.
  if (::bind(fd, address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(fd, SOMAXCONN) != 0) {
    const int error = errno;
    ::close(fd);
    return -error;
  }
  return fd;
}

void SetPort(uint16_t port, addrinfo& address) {
  if (address.ai_family == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(address.ai_addr)->sin6_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in*>(address.ai_addr)->sin_port = htons(port);
  }
}

uint16_t PortOf(int fd) {
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
  return ntohs(bound.ss_family == AF_INET6
                   ? reinterpret_cast<sockaddr_in6*>(&bound)->sin6_port
                   : reinterpret_cast<sockaddr_in*>(&bound)->sin_port);
}

// "cannot listen on HOST:PORT: why".
std::string CannotListen(const ListenAddress& address, absl::string_view why) {
  return absl::StrCat("cannot listen on ", address.ToString(), ": ", why);
}

std::string Advice(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the port is taken by another program; stop it or choose another "
             "port with --listen";
    case EADDRNOTAVAIL:
      return "this machine does not have that address; choose another with "
             "--listen";
    case EACCES:
      return "this user may not take that port; choose one above 1023 with "
             "--listen";
    default:
      return std::strerror(error);
  }
}

}  // namespace

std::string ListenAddress::ToString() const {
  return host.find(':') == std::string::npos
             ? absl::StrCat(host, ":", port)
             : absl::StrCat("[", host, "]:", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(absl::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return WrongAddress(text);
  absl::string_view host = text.substr(0, colon);
  const bool bracketed =
      absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]");
  uint32_t port = 0;
  if (host.empty() || !absl::SimpleAtoi(text.substr(colon + 1), &port) ||
      port > 65'535 ||
      (!bracketed && host.find(':') != absl::string_view::npos)) {
    return WrongAddress(text);
  }
  return ListenAddress{.host = std::string(host),
                       .port = static_cast<uint16_t>(port)};
}

absl::StatusOr<std::vector<int>> Bind(ListenAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int unknown = ::getaddrinfo(
      address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (unknown != 0) {
    return absl::InvalidArgumentError(CannotListen(
        address,
        absl::StrCat("the host is not known: ", ::gai_strerror(unknown))));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(
      found, &::freeaddrinfo);
  std::vector<int> sockets;
  int failure = 0;
  for (addrinfo* one = found; one != nullptr; one = one->ai_next) {
    // The same port on every network.
    if (!sockets.empty()) SetPort(address.port, *one);
    const int fd = BindOne(*one);
    if (fd < 0) {
      // A machine without IPv6 may still have names for it.
      if (failure == 0 || failure == EADDRNOTAVAIL) failure = -fd;
      continue;
    }
    sockets.push_back(fd);
    address.port = PortOf(fd);
  }
  if (sockets.empty() || failure == EADDRINUSE) {
    for (const int fd : sockets) ::close(fd);
    return absl::UnavailableError(CannotListen(address, Advice(failure)));
  }
  return sockets;
}

}  // namespace chipledger
