// A TCP connection that is slower, or deader, than loopback's.
#ifndef CHIPLEDGER_TESTS_SUPPORT_SLOW_LINK_H_
#define CHIPLEDGER_TESTS_SUPPORT_SLOW_LINK_H_

#include <poll.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace chipledger::testing {

// SlowLink listens on a loopback port of its own and carries bytes to a server
// and back, each after a delay and in order. It can also lose connections as a
// pulled cable does: without a word to either side.
//
// Thread-safety: thread-safe. Bytes are carried on a thread of its own.
class SlowLink {
 public:
  // Carries to 127.0.0.1:`server_port`; the server need not be there yet.
  SlowLink(int server_port, absl::Duration delay);
  // Closes its connections.
  ~SlowLink();
  SlowLink(const SlowLink&) = delete;
  SlowLink& operator=(const SlowLink&) = delete;

  // "127.0.0.1:PORT".
  std::string address() const;
  // Connections made from now on lead to this port.
  void LeadTo(int server_port);
  // From now on the present connections stay open and carry nothing; new ones
  // work.
  void SwallowConnections();
  // Closes the present connections, as a middlebox does.
  void CutConnections();
  // Waits until the server has closed a swallowed connection. Returns whether
  // it did in time.
  bool AwaitServerCloses(absl::Duration timeout);
  // How many connections were accepted so far.
  int accepted() const;

 private:
  struct Chunk {
    absl::Time due;
    // Empty: the sender has closed its side.
    std::string bytes;
  };
  // One direction of a connection.
  struct Lane {
    int from;
    int to;
    std::deque<Chunk> under_way;
    bool ended = false;
    bool delivered_end = false;
  };
  struct Connection {
    Connection(int near, int far) : lanes{{near, far, {}}, {far, near, {}}} {}
    ~Connection();
    Lane lanes[2];
    bool swallows = false;
    bool broken = false;
  };

  void Run();
  void Accept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Receive(Connection& connection, Lane& lane)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Deliver(Connection& connection, Lane& lane);
  // What to wait for, and how long at most, in milliseconds; -1: for ever.
  std::vector<pollfd> WhatToWaitFor(int& timeout_ms)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Wake();

  const absl::Duration delay_;
  int listener_ = -1;
  int wake_ = -1;
  int port_ = 0;
  mutable absl::Mutex mutex_;
  int server_port_ ABSL_GUARDED_BY(mutex_);
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  int accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<std::unique_ptr<Connection>> connections_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_SLOW_LINK_H_
