// For dashboards; the contract is headroom_service.proto.
#ifndef CHIPLEDGER_SERVER_HEADROOM_SERVICE_H_
#define CHIPLEDGER_SERVER_HEADROOM_SERVICE_H_

#include "chipledger/v1/headroom_service.grpc.pb.h"
#include "server/raw_service.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawHeadroomService =
    RawService<v1::HeadroomService::Service,
               v1::HeadroomService::WithRawCallbackMethod_GetHeadroom,
               v1::HeadroomService::WithRawCallbackMethod_ListHeadroom,
               v1::HeadroomService::WithRawCallbackMethod_GetTimeline,
               v1::HeadroomService::WithRawCallbackMethod_CompareHeadroom,
               v1::HeadroomService::WithRawCallbackMethod_ListTotalEntries,
               v1::HeadroomService::WithRawCallbackMethod_ListNotices,
               v1::HeadroomService::WithRawCallbackMethod_WatchHeadroom>;

// HeadroomService serves headroom. Thread-safety: thread-safe.
class HeadroomService final : public RawHeadroomService {
 public:
  explicit HeadroomService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerUnaryReactor* GetHeadroom(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListHeadroom(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* GetTimeline(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CompareHeadroom(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListTotalEntries(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListNotices(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* WatchHeadroom(
      grpc::CallbackServerContext* context,
      const grpc::ByteBuffer* request) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_HEADROOM_SERVICE_H_
