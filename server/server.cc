#include "server/server.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "server/admin_service.h"
#include "server/audit_service.h"
#include "server/connections.h"
#include "server/descriptors.h"
#include "server/headroom_service.h"
#include "server/health.h"
#include "server/license_service.h"
#include "server/listen_address.h"
#include "server/logging.h"
#include "server/long_calls.h"
#include "server/policy_service.h"
#include "server/principal.h"
#include "server/runtime.h"
#include "server/shipment_service.h"
#include "server/worker_pool.h"

namespace chipledger {
namespace {

// Reads of the log and the making of large answers; the machine's other cores
// belong to gRPC and to the ledger.
constexpr int kWorkers = 2;
// Replays of the log under another policy. Others wait, so that writes and
// reads keep most of the machine.
constexpr int kReplays = 2;
// How long a connection may take to say that it speaks HTTP/2.
constexpr int kHandshakeMs = 20'000;
// How long calls without work are left open in a shutdown.
constexpr absl::Duration kFarewell = absl::Milliseconds(500);
// Clients may ask for signs of life of their own this often.
constexpr int kMinClientPingMs = 10'000;

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(
      std::min(absl::ToInt64Milliseconds(duration),
               static_cast<int64_t>(std::numeric_limits<int>::max())));
}

void EnableStandardServices() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

class Server::Impl {
 public:
  Impl(ServerOptions options, ListenAddress address,
       std::shared_ptr<Health> health, std::unique_ptr<Ledger> ledger)
      : options_(std::move(options)),
        health_(std::move(health)),
        address_(std::move(address)),
        ledger_(std::move(ledger)),
        workers_(std::make_unique<WorkerPool>(kWorkers)),
        replays_(std::make_unique<WorkerPool>(kReplays)),
        long_calls_(std::make_unique<LongCalls>(*ledger_)),
        runtime_{.ledger = *ledger_,
                 .workers = *workers_,
                 .long_calls = *long_calls_,
                 .calls = calls_,
                 .replays = *replays_,
                 .heartbeat = options_.heartbeat,
                 .connections_turned_away = turned_away_} {}

  // Owns the sockets.
  absl::Status Serve(std::vector<int> sockets, int connection_bound) {
    EnableStandardServices();
    grpc::ServerBuilder builder;
    auto acceptor = builder.experimental().AddExternalConnectionAcceptor(
        grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
        grpc::InsecureServerCredentials());
    connections_ =
        std::make_unique<Connections>(std::move(sockets), connection_bound,
                                      std::move(acceptor), turned_away_);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                               kHandshakeMs);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS,
                               Milliseconds(options_.keepalive));
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                               Milliseconds(options_.keepalive_timeout));
    // A bulk stream that is open and idle is to be watched for ever.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    builder.AddChannelArgument(
        GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
        kMinClientPingMs);
    // A bulk stream's next batches arrive while one is decided; the default
    // window would hold less than one batch.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
                               static_cast<int>(limits::kMaxMessageBytes));
    // What is somewhat too large is read, so that the answer can say so with
    // its reason; gRPC's own refusal has none.
    builder.SetMaxReceiveMessageSize(
        static_cast<int>(2 * limits::kMaxMessageBytes));
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &shipments_, &licenses_, &policies_, &headroom_, &audit_,
             &admin_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr) {
      return absl::InternalError(
          absl::StrCat("gRPC did not start on ", address_.ToString()));
    }
    connections_->Start();
    health_->AnswerThrough(server_->GetHealthCheckService());
    return absl::OkStatus();
  }

  void Shutdown() {
    std::call_once(shut_down_, [this] {
      if (server_ != nullptr) Drain();
      // The calls are over. The workers go first, because they use the rest.
      workers_.reset();
      replays_.reset();
      long_calls_.reset();
      ledger_.reset();
    });
  }

  const ListenAddress& address() const { return address_; }
  Ledger& ledger() { return *ledger_; }

 private:
  void Drain() {
    LogEvent(spdlog::level::info, "shutting down",
             {{"drain_timeout", absl::FormatDuration(options_.drain_timeout)}});
    const absl::Time deadline = absl::Now() + options_.drain_timeout;
    health_->SetDraining();
    long_calls_->ShutDown();
    calls_.ShutDown();
    // gRPC closes a connection once its caller has acknowledged the shutdown
    // and its last call has ended. A bulk stream that ended after that would
    // lose its last answers: its caller still sends, and a connection closed
    // with unread bytes is reset. Ended before, its answers are ahead of what
    // the caller acknowledges.
    long_calls_->AwaitNone(deadline);
    calls_.AwaitNone(deadline);
    // Calls that are still there may wait for descriptors, for ever.
    ledger_->StopWaiting();
    connections_->Stop();
    // What is left has no work of ours: watches of the health, streams of the
    // reflection, requests that were never sent whole. They are cut, once
    // callers have had the time to see that the server is going.
    server_->Shutdown(
        absl::ToChronoTime(std::min(deadline, absl::Now() + kFarewell)));
    server_->Wait();
    server_.reset();
  }

  const ServerOptions options_;
  const std::shared_ptr<Health> health_;
  ListenAddress address_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<WorkerPool> replays_;
  std::unique_ptr<LongCalls> long_calls_;
  CallsUnderWay calls_;
  std::atomic<uint64_t> turned_away_{0};
  Runtime runtime_;
  ShipmentService shipments_{&runtime_};
  LicenseService licenses_{&runtime_};
  PolicyService policies_{&runtime_};
  HeadroomService headroom_{&runtime_};
  AuditService audit_{&runtime_};
  AdminService admin_{&runtime_};
  // Before the server, which it hands connections to.
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<grpc::Server> server_;
  std::once_flag shut_down_;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(options.listen));
  ASSIGN_OR_RETURN(const Descriptors descriptors, DivideDescriptors());
  options.ledger.max_open_files = descriptors.storage_files;
  // First, because a server that cannot listen shall not leave a new ledger
  // behind.
  ASSIGN_OR_RETURN(std::vector<int> sockets, Bind(address));
  absl::Cleanup close_sockets = [&sockets] {
    for (const int fd : sockets) ::close(fd);
  };
  if (!options.ledger.log) {
    options.ledger.log = [](absl::string_view message) {
      LogEvent(spdlog::level::err, message, {{"by", "ledger"}});
    };
  }
  const auto health = std::make_shared<Health>();
  options.ledger.on_read_only = [health] { health->SetReadOnly(); };
  ASSIGN_OR_RETURN(std::unique_ptr<Ledger> ledger,
                   Ledger::Open(options.ledger));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(address),
                                     health, std::move(ledger));
  const absl::Status serving =
      impl->Serve(std::exchange(sockets, {}), descriptors.connection_bound);
  std::unique_ptr<Server> server(new Server(std::move(impl)));
  if (!serving.ok()) return serving;
  LogEvent(spdlog::level::warn,
           "there is no access control yet: every caller is the development "
           "principal",
           {{"principal", kDevelopmentPrincipal}});
  return server;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Server::~Server() { Shutdown(); }

int Server::port() const { return impl_->address().port; }

std::string Server::address() const { return impl_->address().ToString(); }

Ledger& Server::ledger() { return impl_->ledger(); }

void Server::Shutdown() { impl_->Shutdown(); }

}  // namespace chipledger
