// A client's connection: apart from client.h, so that who only calls methods
// need not compile gRPC.
#ifndef CHIPLEDGER_CLIENT_STUBS_H_
#define CHIPLEDGER_CLIENT_STUBS_H_

#include <memory>
#include <utility>

#include "chipledger/v1/admin_service.grpc.pb.h"
#include "chipledger/v1/audit_service.grpc.pb.h"
#include "chipledger/v1/headroom_service.grpc.pb.h"
#include "chipledger/v1/license_service.grpc.pb.h"
#include "chipledger/v1/policy_service.grpc.pb.h"
#include "chipledger/v1/shipment_service.grpc.pb.h"
#include "client/client.h"
#include "grpcpp/channel.h"

namespace chipledger::client {

// A stub for each service over one channel.
struct Client::Stubs {
  explicit Stubs(std::shared_ptr<grpc::Channel> to)
      : channel(std::move(to)),
        shipments(v1::ShipmentService::NewStub(channel)),
        licenses(v1::LicenseService::NewStub(channel)),
        policies(v1::PolicyService::NewStub(channel)),
        headroom(v1::HeadroomService::NewStub(channel)),
        audit(v1::AuditService::NewStub(channel)),
        admin(v1::AdminService::NewStub(channel)) {}

  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::ShipmentService::Stub> shipments;
  std::unique_ptr<v1::LicenseService::Stub> licenses;
  std::unique_ptr<v1::PolicyService::Stub> policies;
  std::unique_ptr<v1::HeadroomService::Stub> headroom;
  std::unique_ptr<v1::AuditService::Stub> audit;
  std::unique_ptr<v1::AdminService::Stub> admin;
};

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_STUBS_H_
