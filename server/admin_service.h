// For operators; the contract is admin_service.proto.
#ifndef CHIPLEDGER_SERVER_ADMIN_SERVICE_H_
#define CHIPLEDGER_SERVER_ADMIN_SERVICE_H_

#include "chipledger/v1/admin_service.grpc.pb.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawAdminService = v1::AdminService::WithRawCallbackMethod_GetLedger<
    v1::AdminService::Service>;

// AdminService says how the ledger is. Thread-safety: thread-safe.
class AdminService final : public RawAdminService {
 public:
  explicit AdminService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerUnaryReactor* GetLedger(grpc::CallbackServerContext* context,
                                      const grpc::ByteBuffer* request,
                                      grpc::ByteBuffer* response) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_ADMIN_SERVICE_H_
