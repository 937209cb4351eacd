#include "tests/support/server_fixture.h"

#include <chrono>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/generic/generic_stub.h"
#include "ledger/base/uuid.h"

namespace chipledger::testing {
namespace {

constexpr absl::string_view kCatalog = R"pb(
  request_id: "$0"
  commands {
    register_product {
      product {
        product_code: "H100"
        gpus_per_unit: 1
        milli_tpp_per_gpu: 15824000
        classification: "3A090.a"
        source: "test"
      }
    }
  }
  commands {
    register_product {
      product {
        product_code: "RACK"
        gpus_per_unit: 72
        milli_tpp_per_gpu: 40000000
        classification: "4A090.a"
        source: "test"
      }
    }
  }
  commands { register_party { party { party_id: "acme" name: "Acme" } } }
  commands { register_party { party { party_id: "globex" name: "Globex" } } }
  commands {
    adopt_policy {
      policy {
        policy_id: "caps"
        title: "Caps for tests"
        effective_from: "2020-01-01"
        provenance {
          citation: "test"
          legal_status: LEGAL_STATUS_PROPOSED
          enforcement_status: ENFORCEMENT_STATUS_NOT_ENFORCED
        }
        rules {
          rule_id: "gpus"
          title: "GPUs to a country in a year"
          measure: MEASURE_GPUS
          accrual: ACCRUAL_EXPORTED
          scope { group_by: GROUP_BY_DESTINATION_COUNTRY }
          window { calendar_year {} }
          limit { constant: "1000" }
          enforcement { mode: MODE_REFUSE }
        }
      }
    }
  }
)pb";

constexpr absl::string_view kShipment = R"pb(
  request_id: "$0"
  command {
    shipment {
      exporter: "acme"
      shipment_reference: "$1"
      export_date: "2025-03-01"
      destination_country: "$2"
      items { product_code: "$3" quantity: $4 }
    }
    assurance: ASSURANCE_BEFORE_EXPORT
  }
)pb";

}  // namespace

ServerTest::ServerTest() { StartServer(); }

ServerTest::~ServerTest() { StopServer(); }

void ServerTest::StartServer(
    const std::function<void(ServerOptions&)>& change) {
  StopServer();
  ServerOptions options;
  options.ledger.data_dir = dir_.File("ledger");
  options.ledger.mode = OpenMode::kExistingOrNew;
  options.listen = "127.0.0.1:0";
  if (change) change(options);
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(std::move(options));
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  channel_ = OwnChannel(address());
  shipments_ = v1::ShipmentService::NewStub(channel_);
  licenses_ = v1::LicenseService::NewStub(channel_);
  policies_ = v1::PolicyService::NewStub(channel_);
  headroom_ = v1::HeadroomService::NewStub(channel_);
  audit_ = v1::AuditService::NewStub(channel_);
  admin_ = v1::AdminService::NewStub(channel_);
}

void ServerTest::StopServer() {
  if (server_ != nullptr) server_->Shutdown();
  server_.reset();
}

std::string ServerTest::address() const {
  return absl::StrCat("127.0.0.1:", server_->port());
}

void ServerTest::RecordCatalog() {
  Context context;
  v1::SubmitPolicyCommandsResponse response;
  const grpc::Status status = policies_->SubmitPolicyCommands(
      &context,
      Proto<v1::SubmitPolicyCommandsRequest>(
          absl::Substitute(kCatalog, NewRequestId())),
      &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
}

Context::Context(int seconds) {
  set_deadline(std::chrono::system_clock::now() +
               std::chrono::seconds(seconds));
}

std::shared_ptr<grpc::Channel> OwnChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

std::shared_ptr<grpc::Channel> NarrowChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(),
                                   arguments);
}

std::string NewRequestId() { return Uuid::Random().ToString(); }

v1::RecordShipmentRequest ShipmentOf(absl::string_view product,
                                     int64_t quantity,
                                     absl::string_view country,
                                     absl::string_view reference) {
  return Proto<v1::RecordShipmentRequest>(absl::Substitute(
      kShipment, NewRequestId(), reference, country, product, quantity));
}

google::rpc::Status RpcStatusOf(const grpc::Status& status) {
  google::rpc::Status rpc_status;
  EXPECT_TRUE(rpc_status.ParseFromString(status.error_details()));
  return rpc_status;
}

std::string ReasonOf(const grpc::Status& status) {
  if (status.ok()) return "OK";
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  return info ? info->reason()
              : absl::StrCat("no ErrorInfo: ", status.error_message());
}

RawAnswer CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                  const std::string& method, absl::string_view request) {
  grpc::GenericStub stub(channel);
  Context context;
  const grpc::Slice slice(request.data(), request.size());
  const grpc::ByteBuffer request_bytes(&slice, 1);
  grpc::ByteBuffer response_bytes;
  RawAnswer answer;
  absl::Notification done;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request_bytes,
                 &response_bytes, [&](grpc::Status status) {
                   answer.status = std::move(status);
                   done.Notify();
                 });
  done.WaitForNotification();
  std::vector<grpc::Slice> slices;
  if (answer.status.ok() && response_bytes.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      answer.bytes.append(reinterpret_cast<const char*>(part.begin()),
                          part.size());
    }
  }
  return answer;
}

}  // namespace chipledger::testing
