// A real server in the test's process, on a port and a directory of its own.
#ifndef CHIPLEDGER_TESTS_SUPPORT_SERVER_FIXTURE_H_
#define CHIPLEDGER_TESTS_SUPPORT_SERVER_FIXTURE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/admin_service.grpc.pb.h"
#include "chipledger/v1/audit_service.grpc.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/headroom_service.grpc.pb.h"
#include "chipledger/v1/license_service.grpc.pb.h"
#include "chipledger/v1/policy_service.grpc.pb.h"
#include "chipledger/v1/shipment_service.grpc.pb.h"
#include "google/protobuf/text_format.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/grpcpp.h"
#include "gtest/gtest.h"
#include "server/server.h"
#include "tests/support/temp_dir.h"

namespace chipledger::testing {

// ServerTest is a test with a running server and stubs on it.
class ServerTest : public ::testing::Test {
 protected:
  ServerTest();
  ~ServerTest() override;

  // Starts the server on the test's directory; the constructor does it once.
  void StartServer(const std::function<void(ServerOptions&)>& change = {});
  // Stops it as SIGTERM does. Starting again continues the same ledger.
  void StopServer();

  Server& server() { return *server_; }
  // "127.0.0.1:PORT".
  std::string address() const;
  std::shared_ptr<grpc::Channel> channel() { return channel_; }

  // Records two products (H100: 1 GPU, 15,824 TPP; RACK: 72 GPUs), the parties
  // "acme" and "globex", and a policy "caps" in force since 2020 whose rule
  // "gpus" refuses shipments of more than 1,000 GPUs to one country a year.
  void RecordCatalog();

  TempDir dir_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::ShipmentService::Stub> shipments_;
  std::unique_ptr<v1::LicenseService::Stub> licenses_;
  std::unique_ptr<v1::PolicyService::Stub> policies_;
  std::unique_ptr<v1::HeadroomService::Stub> headroom_;
  std::unique_ptr<v1::AuditService::Stub> audit_;
  std::unique_ptr<v1::AdminService::Stub> admin_;
};

// A client context whose call fails rather than hangs.
class Context : public grpc::ClientContext {
 public:
  explicit Context(int seconds = 30);
};

// A channel to "HOST:PORT" with a connection of its own, which gRPC would share
// with others to the same address.
std::shared_ptr<grpc::Channel> OwnChannel(const std::string& address);

// A channel to "HOST:PORT" on which gRPC sends little ahead of what is read.
// Otherwise it lets ever more be sent, and the server is done with an answer
// that nobody reads.
std::shared_ptr<grpc::Channel> NarrowChannel(const std::string& address);

// A message from its text form; fails the test when it is not one.
template <typename Message>
Message Proto(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

// A new UUID in text.
std::string NewRequestId();

// A request to record a shipment of the product by "acme" before its export in
// 2025, under a new request id.
v1::RecordShipmentRequest ShipmentOf(absl::string_view product,
                                     int64_t quantity,
                                     absl::string_view country,
                                     absl::string_view reference);

// The google.rpc.Status that an error carries; empty when it carries none.
google::rpc::Status RpcStatusOf(const grpc::Status& status);

// The first detail of its type.
template <typename Detail>
std::optional<Detail> DetailOf(const google::rpc::Status& status) {
  for (const google::protobuf::Any& any : status.details()) {
    Detail detail;
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}
template <typename Detail>
std::optional<Detail> DetailOf(const grpc::Status& status) {
  return DetailOf<Detail>(RpcStatusOf(status));
}

// The ErrorInfo's reason; "OK" or "no ErrorInfo" without one.
std::string ReasonOf(const grpc::Status& status);

// Sends bytes as the one request of a method ("/package.Service/Method") and
// returns the bytes of the answer.
struct RawAnswer {
  grpc::Status status;
  std::string bytes;
};
RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                  const std::string& method, absl::string_view request);

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_SERVER_FIXTURE_H_
