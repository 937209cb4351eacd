// For exporters; the contract is shipment_service.proto.
#ifndef CHIPLEDGER_SERVER_SHIPMENT_SERVICE_H_
#define CHIPLEDGER_SERVER_SHIPMENT_SERVICE_H_

#include "chipledger/v1/shipment_service.grpc.pb.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawShipmentService =
    v1::ShipmentService::WithRawCallbackMethod_RecordShipment<
        v1::ShipmentService::WithRawCallbackMethod_VoidShipment<
            v1::ShipmentService::WithRawCallbackMethod_CorrectShipment<
                v1::ShipmentService::
                    WithRawCallbackMethod_SubmitShipmentCommands<
                        v1::ShipmentService::
                            WithRawCallbackMethod_StreamShipments<
                                v1::ShipmentService::
                                    WithRawCallbackMethod_GetShipment<
                                        v1::ShipmentService::
                                            WithRawCallbackMethod_ListShipments<
                                                v1::ShipmentService::
                                                    Service>>>>>>>;

// ShipmentService serves shipments. Thread-safety: thread-safe.
class ShipmentService final : public RawShipmentService {
 public:
  explicit ShipmentService(Runtime* runtime) : runtime_(runtime) {}

  grpc::ServerUnaryReactor* RecordShipment(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* VoidShipment(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* CorrectShipment(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* SubmitShipmentCommands(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* StreamShipments(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* GetShipment(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListShipments(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_SHIPMENT_SERVICE_H_
