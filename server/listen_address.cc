#include "server/listen_address.h"

#include <netdb.h>
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

// "cannot listen on HOST:PORT: why".
std::string CannotListen(const ListenAddress& address, absl::string_view why) {
  return absl::StrCat("cannot listen on ", address.ToString(), ": ", why);
}

// Tries every address that the host has. Returns 0 or an errno for each.
absl::StatusOr<std::vector<int>> TryToBindAll(const ListenAddress& address) {
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
  std::vector<int> errors;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    errors.push_back(TryToBind(*one));
  }
  return errors;
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

absl::Status Failure(const ListenAddress& address,
                     const std::vector<int>& errors) {
  for (const int error : errors) {
    if (error != 0) {
      return absl::UnavailableError(CannotListen(address, Advice(error)));
    }
  }
  return absl::UnavailableError(
      CannotListen(address, "it was taken a moment ago; try again"));
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

absl::Status CheckCanListen(const ListenAddress& address) {
  ASSIGN_OR_RETURN(const std::vector<int> errors, TryToBindAll(address));
  if (std::find(errors.begin(), errors.end(), 0) != errors.end()) {
    return absl::OkStatus();
  }
  return Failure(address, errors);
}

absl::Status ExplainListenFailure(const ListenAddress& address) {
  ASSIGN_OR_RETURN(const std::vector<int> errors, TryToBindAll(address));
  return Failure(address, errors);
}

}  // namespace chipledger
