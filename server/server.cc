#include "server/server.h"

#include <mutex>
#include <utility>

#include "absl/time/clock.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/health_check_service_interface.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "server/admin_service.h"
#include "server/audit_service.h"
#include "server/headroom_service.h"
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
// Finds callers that vanished without closing, so that their watches end.
constexpr int kKeepaliveMs = 60'000;
// Clients may ask for signs of life of their own this often.
constexpr int kMinClientPingMs = 10'000;

void EnableStandardServices() {
  static std::once_flag once;
  std::call_once(once, [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  });
}

}  // namespace

const char kServerVersion[] = CHIPLEDGER_VERSION;

class Server::Impl {
 public:
  Impl(ServerOptions options, ListenAddress address,
       std::unique_ptr<Ledger> ledger)
      : options_(std::move(options)),
        address_(std::move(address)),
        ledger_(std::move(ledger)),
        workers_(std::make_unique<WorkerPool>(kWorkers)),
        replays_(std::make_unique<WorkerPool>(kReplays)),
        long_calls_(std::make_unique<LongCalls>(*ledger_)),
        runtime_{.ledger = *ledger_,
                 .workers = *workers_,
                 .long_calls = *long_calls_,
                 .replays = *replays_,
                 .heartbeat = options_.heartbeat} {}

  absl::Status Listen() {
    EnableStandardServices();
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(address_.ToString(),
                             grpc::InsecureServerCredentials(), &port);
    // Otherwise a second server on the same port would take half of the calls.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
    builder.AddChannelArgument(
        GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
        kMinClientPingMs);
    // A bulk stream's next batches arrive while one is decided; the default
    // window would hold less than one batch.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES,
                               static_cast<int>(limits::kMaxMessageBytes));
    builder.SetMaxReceiveMessageSize(
        static_cast<int>(limits::kMaxMessageBytes));
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{
             &shipments_, &licenses_, &policies_, &headroom_, &audit_,
             &admin_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) {
      server_.reset();
      return ExplainListenFailure(address_);
    }
    address_.port = static_cast<uint16_t>(port);
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
    if (auto* health = server_->GetHealthCheckService()) health->Shutdown();
    long_calls_->ShutDown();
    // gRPC closes a connection once its caller has acknowledged the shutdown
    // and its last call has ended. A bulk stream that ended after that would
    // lose its last answers: its caller still sends, and a connection closed
    // with unread bytes is reset. Ended before, its answers are ahead of what
    // the caller acknowledges.
    long_calls_->AwaitNone(deadline);
    // Returns when every call has ended; cuts those that take too long.
    server_->Shutdown(absl::ToChronoTime(deadline));
    server_->Wait();
    server_.reset();
  }

  const ServerOptions options_;
  ListenAddress address_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<WorkerPool> replays_;
  std::unique_ptr<LongCalls> long_calls_;
  Runtime runtime_;
  ShipmentService shipments_{&runtime_};
  LicenseService licenses_{&runtime_};
  PolicyService policies_{&runtime_};
  HeadroomService headroom_{&runtime_};
  AuditService audit_{&runtime_};
  AdminService admin_{&runtime_};
  std::unique_ptr<grpc::Server> server_;
  std::once_flag shut_down_;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Start(ServerOptions options) {
  ASSIGN_OR_RETURN(ListenAddress address, ParseListenAddress(options.listen));
  // A server that cannot listen shall not leave a new ledger behind.
  RETURN_IF_ERROR(CheckCanListen(address));
  if (!options.ledger.log) {
    options.ledger.log = [](absl::string_view message) {
      LogEvent(spdlog::level::err, message, {{"by", "ledger"}});
    };
  }
  ASSIGN_OR_RETURN(std::unique_ptr<Ledger> ledger,
                   Ledger::Open(options.ledger));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(address),
                                     std::move(ledger));
  const absl::Status listening = impl->Listen();
  std::unique_ptr<Server> server(new Server(std::move(impl)));
  if (!listening.ok()) return listening;
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
