// Takes connections and hands them to gRPC.
#ifndef CHIPLEDGER_SERVER_CONNECTIONS_H_
#define CHIPLEDGER_SERVER_CONNECTIONS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "grpcpp/server_builder.h"

namespace chipledger {

// Connections accepts on listening sockets for a gRPC server. gRPC's own
// listener stops for good when it finds no free descriptor; this one never lets
// it come to that: a connection whose descriptor is not below a bound is closed
// at once, which keeps those above free for the storage. Whatever else goes
// wrong passes, and it goes on.
//
// Thread-safety: thread-safe.
class Connections {
 public:
  using Acceptor = grpc::experimental::ExternalConnectionAcceptor;

  // Owns the sockets, which must listen and not block. Descriptors of
  // connections are below `bound`. Counts in `turned_away`, which must outlive
  // it, those that were closed at once.
  Connections(std::vector<int> sockets, int bound,
              std::unique_ptr<Acceptor> acceptor,
              std::atomic<uint64_t>& turned_away);
  // Stops.
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  // Begins to accept. Call once, when the server has started.
  void Start();
  // Takes no more connections, and closes the sockets. Those that were taken go
  // on.
  void Stop();

 private:
  void Run();
  void Accept(int socket);
  // Waits, so that a fault that lasts costs little. Returns at once when it
  // stops.
  void Pause();

  std::vector<int> sockets_;
  const int bound_;
  const std::unique_ptr<Acceptor> acceptor_;
  // Readable when it stops.
  const int stop_;
  std::atomic<uint64_t>& turned_away_;
  std::thread thread_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_CONNECTIONS_H_
