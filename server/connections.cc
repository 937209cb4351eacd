#include "server/connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/logging.h"

namespace chipledger {
namespace {

constexpr int kPauseMs = 100;
// Of many that are turned away, one in so many is logged.
constexpr uint64_t kLoggedOneIn = 1'000;

}  // namespace

Connections::Connections(std::vector<int> sockets, int bound,
                         std::unique_ptr<Acceptor> acceptor,
                         std::atomic<uint64_t>& turned_away)
    : sockets_(std::move(sockets)),
      bound_(bound),
      acceptor_(std::move(acceptor)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      turned_away_(turned_away) {}

Connections::~Connections() {
  Stop();
  ::close(stop_);
}

void Connections::Start() {
  thread_ = std::thread([this] { Run(); });
}

void Connections::Stop() {
  const uint64_t one = 1;
  if (::write(stop_, &one, sizeof(one)) < 0) {
    LogEvent(spdlog::level::err, "cannot stop accepting",
             {{"error", std::strerror(errno)}});
  }
  if (thread_.joinable()) thread_.join();
  for (const int fd : std::exchange(sockets_, {})) ::close(fd);
}

void Connections::Run() {
  std::vector<pollfd> watched{{.fd = stop_, .events = POLLIN, .revents = 0}};
  for (const int fd : sockets_) {
    watched.push_back({.fd = fd, .events = POLLIN, .revents = 0});
  }
  while (true) {
    if (::poll(watched.data(), watched.size(), -1) < 0) {
      if (errno != EINTR) Pause();
      continue;
    }
    if (watched.front().revents != 0) return;
    for (const pollfd& one : watched) {
      if (one.revents != 0) Accept(one.fd);
    }
  }
}

void Connections::Accept(int socket) {
  const int fd =
      ::accept4(socket, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) return;
    LogEvent(spdlog::level::warn, "cannot accept a connection; trying again",
             {{"error", std::strerror(errno)}});
    return Pause();
  }
  // The system gives the lowest free number: all below it are in use.
  if (fd >= bound_) {
    ::close(fd);
    if (turned_away_++ % kLoggedOneIn == 0) {
      LogEvent(spdlog::level::warn,
               "too many connections: turning more away until some are closed; "
               "raise the limit on open files for more",
               {{"descriptors", absl::StrCat(bound_)},
                {"turned_away", absl::StrCat(turned_away_.load())}});
    }
    return;
  }
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  Acceptor::NewConnectionParameters connection;
  connection.listener_fd = socket;
  connection.fd = fd;
  acceptor_->HandleNewConnection(&connection);
}

void Connections::Pause() {
  pollfd stop{.fd = stop_, .events = POLLIN, .revents = 0};
  ::poll(&stop, 1, kPauseMs);
}

}  // namespace chipledger
