// For exporters; the contract is shipment_service.proto.
#ifndef CHIPLEDGER_SERVER_SHIPMENT_SERVICE_H_
#define CHIPLEDGER_SERVER_SHIPMENT_SERVICE_H_

#include "chipledger/v1/shipment_service.grpc.pb.h"
#include "server/raw_service.h"
#include "server/runtime.h"

namespace chipledger {

// The service with every method taking and giving bytes.
using RawShipmentService = RawService<
    v1::ShipmentService::Service,
    v1::ShipmentService::WithRawCallbackMethod_RecordShipment,
    v1::ShipmentService::WithRawCallbackMethod_VoidShipment,
    v1::ShipmentService::WithRawCallbackMethod_CorrectShipment,
    v1::ShipmentService::WithRawCallbackMethod_ReserveShipment,
    v1::ShipmentService::WithRawCallbackMethod_ReleaseReservation,
    v1::ShipmentService::WithRawCallbackMethod_ReceiveShipment,
    v1::ShipmentService::WithRawCallbackMethod_ReturnShipment,
    v1::ShipmentService::WithRawCallbackMethod_ReexportShipment,
    v1::ShipmentService::WithRawCallbackMethod_TransferShipment,
    v1::ShipmentService::WithRawCallbackMethod_RetireUnits,
    v1::ShipmentService::WithRawCallbackMethod_ReportDiversion,
    v1::ShipmentService::WithRawCallbackMethod_RecoverUnits,
    v1::ShipmentService::WithRawCallbackMethod_RelocateUnits,
    v1::ShipmentService::WithRawCallbackMethod_VoidMovement,
    v1::ShipmentService::WithRawCallbackMethod_DeclareCompute,
    v1::ShipmentService::WithRawCallbackMethod_SubmitShipmentCommands,
    v1::ShipmentService::WithRawCallbackMethod_StreamShipments,
    v1::ShipmentService::WithRawCallbackMethod_GetShipment,
    v1::ShipmentService::WithRawCallbackMethod_ListShipments,
    v1::ShipmentService::WithRawCallbackMethod_ListReservations,
    v1::ShipmentService::WithRawCallbackMethod_ListDeclarations>;

// ShipmentService serves shipments and reservations. Thread-safety:
// thread-safe.
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
  grpc::ServerUnaryReactor* ReserveShipment(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReleaseReservation(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReceiveShipment(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReturnShipment(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReexportShipment(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* TransferShipment(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RetireUnits(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RecoverUnits(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RelocateUnits(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* VoidMovement(grpc::CallbackServerContext* context,
                                         const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ReportDiversion(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* DeclareCompute(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
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
  grpc::ServerUnaryReactor* ListDeclarations(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListReservations(
      grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
      grpc::ByteBuffer* response) override;

 private:
  Runtime* const runtime_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_SHIPMENT_SERVICE_H_
