#include "tests/support/slow_link.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"

namespace chipledger::testing {
namespace {

sockaddr_in Loopback(int port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Small frames must not wait for more: only the link's own delay counts.
void Prepare(int fd) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
}

}  // namespace

SlowLink::Connection::~Connection() {
  ::close(lanes[0].from);
  ::close(lanes[0].to);
}

SlowLink::SlowLink(int server_port, absl::Duration delay)
    : delay_(delay), server_port_(server_port) {
  wake_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  const bool listens = ::bind(listener_, raw, size) == 0 &&
                       ::listen(listener_, SOMAXCONN) == 0 &&
                       ::getsockname(listener_, raw, &size) == 0;
  EXPECT_TRUE(listens) << std::strerror(errno);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

SlowLink::~SlowLink() {
  {
    absl::MutexLock lock(&mutex_);
    stopped_ = true;
  }
  Wake();
  thread_.join();
  ::close(listener_);
  ::close(wake_);
}

std::string SlowLink::address() const {
  return absl::StrCat("127.0.0.1:", port_);
}

void SlowLink::LeadTo(int server_port) {
  absl::MutexLock lock(&mutex_);
  server_port_ = server_port;
}

void SlowLink::SwallowConnections() {
  absl::MutexLock lock(&mutex_);
  for (const auto& connection : connections_) connection->swallows = true;
}

void SlowLink::CutConnections() {
  {
    absl::MutexLock lock(&mutex_);
    for (const auto& connection : connections_) connection->broken = true;
  }
  Wake();
}

bool SlowLink::AwaitServerCloses(absl::Duration timeout) {
  const auto closed = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return std::any_of(
        connections_.begin(), connections_.end(), [](const auto& connection) {
          return connection->swallows && connection->lanes[1].ended;
        });
  };
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(&closed), timeout);
}

int SlowLink::accepted() const {
  absl::MutexLock lock(&mutex_);
  return accepted_;
}

void SlowLink::Wake() {
  const uint64_t one = 1;
  EXPECT_EQ(::write(wake_, &one, sizeof(one)), sizeof(one));
}

std::vector<pollfd> SlowLink::WhatToWaitFor(int& timeout_ms) {
  std::vector<pollfd> fds = {{listener_, POLLIN, 0}, {wake_, POLLIN, 0}};
  const absl::Time now = absl::Now();
  absl::Time next = absl::InfiniteFuture();
  for (const auto& connection : connections_) {
    for (Lane& lane : connection->lanes) {
      if (!lane.ended) fds.push_back({lane.from, POLLIN, 0});
      if (lane.under_way.empty()) continue;
      if (lane.under_way.front().due <= now) {
        fds.push_back({lane.to, POLLOUT, 0});
      } else {
        next = std::min(next, lane.under_way.front().due);
      }
    }
  }
  timeout_ms = next == absl::InfiniteFuture()
                   ? -1
                   : static_cast<int>(absl::ToInt64Milliseconds(
                         absl::Ceil(next - now, absl::Milliseconds(1))));
  return fds;
}

void SlowLink::Run() {
  while (true) {
    std::vector<pollfd> fds;
    int timeout_ms = -1;
    {
      absl::MutexLock lock(&mutex_);
      if (stopped_) {
        connections_.clear();
        return;
      }
      fds = WhatToWaitFor(timeout_ms);
    }
    ::poll(fds.data(), fds.size(), timeout_ms);
    absl::MutexLock lock(&mutex_);
    if (fds[0].revents != 0) Accept();
    uint64_t ignored;
    while (::read(wake_, &ignored, sizeof(ignored)) > 0) {
    }
    for (const auto& connection : connections_) {
      for (Lane& lane : connection->lanes) {
        if (!lane.ended) Receive(*connection, lane);
        Deliver(*connection, lane);
      }
    }
    std::erase_if(connections_, [](const auto& connection) {
      return connection->broken || (connection->lanes[0].delivered_end &&
                                    connection->lanes[1].delivered_end);
    });
  }
}

void SlowLink::Accept() {
  const int near = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (near < 0) return;
  ++accepted_;
  const int far = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = Loopback(server_port_);
  if (::connect(far, reinterpret_cast<const sockaddr*>(&address),
                sizeof(address)) != 0) {
    ::close(far);
    ::close(near);
    return;
  }
  Prepare(near);
  Prepare(far);
  connections_.push_back(std::make_unique<Connection>(near, far));
}

void SlowLink::Receive(Connection& connection, Lane& lane) {
  std::array<char, 65536> buffer;
  ssize_t count = ::read(lane.from, buffer.data(), buffer.size());
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    // A swallowed connection tells the other side nothing, a reset neither.
    connection.broken |= !connection.swallows;
    count = 0;
  }
  lane.ended = count == 0;
  if (connection.swallows) return;
  lane.under_way.push_back(
      {absl::Now() + delay_,
       std::string(buffer.data(), static_cast<size_t>(count))});
}

void SlowLink::Deliver(Connection& connection, Lane& lane) {
  if (connection.swallows) lane.under_way.clear();
  while (!lane.under_way.empty() && lane.under_way.front().due <= absl::Now()) {
    std::string& bytes = lane.under_way.front().bytes;
    if (bytes.empty()) {
      ::shutdown(lane.to, SHUT_WR);
      lane.delivered_end = true;
      lane.under_way.pop_front();
      continue;
    }
    const ssize_t count =
        ::send(lane.to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) {
      connection.broken |= errno != EAGAIN && errno != EINTR;
      return;
    }
    bytes.erase(0, static_cast<size_t>(count));
    if (!bytes.empty()) return;
    lane.under_way.pop_front();
  }
}

}  // namespace chipledger::testing
