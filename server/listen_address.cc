#include "server/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace chipledger {
namespace {

absl::Status WrongAddress(absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot listen on \"", text,
      "\": it is not HOST:PORT with a port from 0 to 65535, such as "
      "127.0.0.1:7401"));
}

// Tries to take the address as the server does. Returns 0 or an errno.
int TryToBind(const addrinfo& address) {
  const int fd = ::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  int error = 0;
  if (::bind(fd, address.ai_addr, address.ai_addrlen) != 0 ||
      ::listen(fd, 1) != 0) {
    error = errno;
  }
  ::close(fd);
  return error;
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

absl::Status ExplainListenFailure(const ListenAddress& address) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string what =
      absl::StrCat("cannot listen on ", address.ToString(), ": ");
  const int unknown = ::getaddrinfo(
      address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &found);
  if (unknown != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, "the host is not known: ", ::gai_strerror(unknown)));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(
      found, &::freeaddrinfo);
  int error = 0;
  for (const addrinfo* one = found; one != nullptr && error == 0;
       one = one->ai_next) {
    error = TryToBind(*one);
  }
  return absl::UnavailableError(
      absl::StrCat(what, error == 0 ? "it was taken a moment ago; try again"
                                    : Advice(error)));
}

}  // namespace chipledger
