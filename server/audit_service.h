// For auditors; the contract is audit_service.proto.
#ifndef CHIPLEDGER_SERVER_AUDIT_SERVICE_H_
#define CHIPLEDGER_SERVER_AUDIT_SERVICE_H_

#include "chipledger/v1/audit_service.grpc.pb.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawAuditService = v1::AuditService::WithRawCallbackMethod_ReadEntries<
    v1::AuditService::WithRawCallbackMethod_WatchEntries<
        v1::AuditService::Service>>;

// AuditService serves the stored bytes of entries. Thread-safety: thread-safe.
class AuditService final : public RawAuditService {
 public:
  explicit AuditService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerWriteReactor<grpc::ByteBuffer>* ReadEntries(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchEntries(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_AUDIT_SERVICE_H_
