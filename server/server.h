// The server: the gRPC services over an open ledger.
#ifndef CHIPLEDGER_SERVER_SERVER_H_
#define CHIPLEDGER_SERVER_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "ledger/ledger.h"

namespace chipledger {

// The version of this build.
extern const char kServerVersion[];
// The day before this build was configured (builders are in all time zones), in
// nanoseconds since the Unix epoch.
extern const int64_t kBuildTimeNs;

// How a server is started.
struct ServerOptions {
  LedgerOptions ledger;
  // HOST:PORT; port 0 takes any free one.
  std::string listen = "127.0.0.1:7401";
  // How long a shutdown waits for calls under way before it cuts them.
  absl::Duration drain_timeout = absl::Seconds(10);
  // A watch without news sends a sign of life this often.
  absl::Duration heartbeat = absl::Seconds(10);
  // A connection on which nothing has come for `keepalive` is asked for a sign
  // of life, and closed with its calls when none comes within
  // `keepalive_timeout`: so callers that vanished without closing are found.
  absl::Duration keepalive = absl::Seconds(60);
  absl::Duration keepalive_timeout = absl::Seconds(20);
};

// Server is a running server.
//
// Thread-safety: thread-safe, except for destruction.
class Server {
 public:
  // Opens the ledger and listens.
  // Errors: as Ledger::Open, and INVALID_ARGUMENT or UNAVAILABLE when it cannot
  // listen; the message is a sentence for an operator.
  static absl::StatusOr<std::unique_ptr<Server>> Start(ServerOptions options);

  // Shuts down.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The port it listens on.
  int port() const;
  // "HOST:PORT" with the port it listens on.
  std::string address() const;
  Ledger& ledger();

  // Drains: ends watches and bulk streams with SHUTTING_DOWN once what was read
  // of them is answered, then takes no new calls, finishes what is under way,
  // and closes the ledger.
  // Everything that was answered is durable. Blocks; only the first call does
  // anything.
  void Shutdown();

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_SERVER_H_
