#include "server/shipment_service.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/shipment_stream.h"
#include "server/write_call.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 100;
constexpr size_t kMaxPage = 1'000;

absl::Status ReadShipment(const ReadView& view,
                          const v1::GetShipmentRequest& request,
                          v1::GetShipmentResponse& response) {
  if (request.exporter().empty()) return MissingField("exporter");
  if (request.shipment_reference().empty()) {
    return MissingField("shipment_reference");
  }
  ASSIGN_OR_RETURN(*response.mutable_shipment(),
                   view.ledger.GetShipment(request.exporter(),
                                           request.shipment_reference()));
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

// Which entries a page of ListShipments reads: [begin, end). All pages of a
// list have the end of the first.
struct ShipmentRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

absl::StatusOr<ShipmentRange> RangeOfPage(
    const v1::ListShipmentsRequest& request, uint64_t size) {
  if (request.page_token().empty()) return ShipmentRange{0, size};
  ASSIGN_OR_RETURN(
      const std::vector<std::string> place,
      ReadPageToken(request.page_token(), ListFingerprint(request), 2));
  ShipmentRange range;
  if (!absl::SimpleAtoi(place[0], &range.begin) ||
      !absl::SimpleAtoi(place[1], &range.end) || range.begin > range.end ||
      range.end > size) {
    return WrongPageToken();
  }
  return range;
}

absl::Status ReadShipments(const ReadView& view,
                           const v1::ListShipmentsRequest& request,
                           v1::ListShipmentsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  ASSIGN_OR_RETURN(const ShipmentRange range,
                   RangeOfPage(request, view.snapshot->size));
  ASSIGN_OR_RETURN(
      Ledger::ShipmentPage page,
      view.ledger.ListShipments(request, range.begin, range.end, page_size));
  for (v1::ShipmentView& shipment : page.shipments) {
    *response.add_shipments() = std::move(shipment);
  }
  if (page.next < range.end) {
    response.set_next_page_token(
        WritePageToken(ListFingerprint(request),
                       {absl::StrCat(page.next), absl::StrCat(range.end)}));
  }
  response.set_size(range.end);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* ShipmentService::RecordShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::RecordShipmentRequest, v1::RecordShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_record_shipment,
      [](v1::Event& event, v1::RecordShipmentResponse& answer) {
        answer.unsafe_arena_set_allocated_evidence(
            event.mutable_shipment_recorded()->mutable_evidence());
      });
}

grpc::ServerUnaryReactor* ShipmentService::VoidShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::VoidShipmentRequest, v1::VoidShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_void_shipment,
      [](v1::Event& event, v1::VoidShipmentResponse& answer) {
        answer.unsafe_arena_set_allocated_evidence(
            event.mutable_shipment_voided()->mutable_evidence());
      });
}

grpc::ServerUnaryReactor* ShipmentService::CorrectShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::CorrectShipmentRequest, v1::CorrectShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_correct_shipment,
      [](v1::Event& event, v1::CorrectShipmentResponse& answer) {
        v1::ShipmentCorrected& corrected = *event.mutable_shipment_corrected();
        answer.unsafe_arena_set_allocated_reversal(
            corrected.mutable_reversal());
        answer.unsafe_arena_set_allocated_evidence(
            corrected.mutable_evidence());
      });
}

grpc::ServerUnaryReactor* ShipmentService::SubmitShipmentCommands(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommands<v1::SubmitShipmentCommandsRequest,
                       v1::SubmitShipmentCommandsResponse>(
      {runtime_, context, request, response}, ShipmentCommandKinds());
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>*
ShipmentService::StreamShipments(grpc::CallbackServerContext* context) {
  auto* stream = new ShipmentStream(runtime_, ResolvePrincipal(*context));
  stream->Start();
  return stream;
}

grpc::ServerUnaryReactor* ShipmentService::GetShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetShipmentRequest, v1::GetShipmentResponse>(
      {runtime_, context, request, response}, &ReadShipment, ReadSource::kLog);
}

grpc::ServerUnaryReactor* ShipmentService::ListShipments(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListShipmentsRequest, v1::ListShipmentsResponse>(
      {runtime_, context, request, response}, &ReadShipments, ReadSource::kLog);
}

}  // namespace chipledger
