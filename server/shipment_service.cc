#include "server/shipment_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/known.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/shipment_stream.h"
#include "server/through_date.h"
#include "server/write_call.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 100;
constexpr size_t kMaxPage = 1'000;
constexpr int64_t kNsPerSecond = 1'000'000'000;

absl::Status ReadShipment(const ReadView& view,
                          const v1::GetShipmentRequest& request,
                          v1::GetShipmentResponse& response) {
  if (request.exporter().empty()) return MissingField("exporter");
  if (request.shipment_reference().empty()) {
    return MissingField("shipment_reference");
  }
  ASSIGN_OR_RETURN(*response.mutable_shipment(),
                   view.ledger.GetShipment(view.moment, request.exporter(),
                                           request.shipment_reference()));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadShipments(const ReadView& view,
                           const v1::ListShipmentsRequest& request,
                           v1::ListShipmentsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  ASSIGN_OR_RETURN(const uint64_t begin, FirstOfPage(request, 0));
  // The license may be one that was never granted: what left under its number
  // is listed.
  RETURN_IF_ERROR(domain::CheckPartyKnown(view.snapshot(), request.exporter()));
  RETURN_IF_ERROR(domain::CheckCountryKnown("destination_country",
                                            request.destination_country()));
  const uint64_t size = view.snapshot().size;
  if (begin > size) return WrongPageToken();
  ASSIGN_OR_RETURN(
      Ledger::ShipmentPage page,
      view.ledger.ListShipments(view.moment, request, begin, page_size));
  for (v1::ShipmentView& shipment : page.shipments) {
    *response.add_shipments() = std::move(shipment);
  }
  if (page.next < size) {
    SetNextPage(request, view.moment, absl::StrCat(page.next), response);
  }
  response.set_size(size);
  return absl::OkStatus();
}

v1::ReservationView ToView(const domain::ReservationState& reservation) {
  v1::ReservationView view;
  view.set_index(reservation.index);
  *view.mutable_shipment() = reservation.shipment;
  view.mutable_expire_time()->set_seconds(reservation.expire_time_ns /
                                          kNsPerSecond);
  view.mutable_expire_time()->set_nanos(
      static_cast<int32_t>(reservation.expire_time_ns % kNsPerSecond));
  return view;
}

bool Matches(const v1::Shipment& planned, Date through,
             const v1::ListReservationsRequest& request) {
  return HoldsBy(planned.export_date(), through) &&
         (request.exporter().empty() ||
          planned.exporter() == request.exporter()) &&
         (request.license_id().empty() ||
          absl::c_any_of(planned.items(), [&](const v1::Item& item) {
            return domain::LicenseIdOf(planned, item) == request.license_id();
          }));
}

// The statement that an entry holds. Errors: DATA_DAMAGED.
absl::StatusOr<v1::ListDeclarationsResponse::Declaration> ReadDeclaration(
    const Ledger& ledger, uint64_t index) {
  ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                   ledger.ReadEntries(index, index + 1, 1));
  v1::Entry entry;
  if (entries.empty() || !entry.ParseFromString(entries.front()) ||
      !entry.event().has_compute_declared()) {
    return domain::DataDamaged(index, "should declare compute, and does not");
  }
  v1::ListDeclarationsResponse::Declaration declaration;
  declaration.set_index(index);
  *declaration.mutable_record_time() = entry.record_time();
  *declaration.mutable_declaration() =
      entry.event().compute_declared().command();
  return declaration;
}

// Leaves the lines of a country only (empty: all). Returns whether any are
// left, or none were wanted.
bool KeepLinesOf(const std::string& country, v1::DeclareCompute& declaration) {
  if (country.empty()) return true;
  auto& lines = *declaration.mutable_lines();
  lines.erase(std::remove_if(lines.begin(), lines.end(),
                             [&](const v1::DeclareCompute::Line& line) {
                               return line.country() != country;
                             }),
              lines.end());
  return !lines.empty();
}

absl::Status ReadDeclarations(const ReadView& view,
                              const v1::ListDeclarationsRequest& request,
                              v1::ListDeclarationsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(domain::CheckPartyKnown(view.snapshot(), request.party()));
  RETURN_IF_ERROR(domain::CheckCountryKnown("country", request.country()));
  v1::ListDeclarationsResponse::Declaration found;
  absl::Status status;
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().registers.declarations, page_size,
      [&](uint64_t index) {
        if (!status.ok()) return false;
        auto declaration = ReadDeclaration(view.ledger, index);
        status = declaration.status();
        if (!status.ok()) return false;
        found = *std::move(declaration);
        v1::DeclareCompute& stated = *found.mutable_declaration();
        return (request.party().empty() || request.party() == stated.party()) &&
               HoldsBy(stated.effective_date(), view.moment.through) &&
               KeepLinesOf(request.country(), stated);
      },
      [&](uint64_t) -> const auto& {
        return *response.add_declarations() = std::move(found);
      },
      response));
  RETURN_IF_ERROR(status);
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadReservations(const ReadView& view,
                              const v1::ListReservationsRequest& request,
                              v1::ListReservationsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(domain::CheckPartyKnown(view.snapshot(), request.exporter()));
  RETURN_IF_ERROR(
      domain::CheckLicenseKnown(view.snapshot(), request.license_id()));
  RETURN_IF_ERROR(FillPage<uint64_t>(
      request, view.moment, view.snapshot().registers.reservations, page_size,
      [&](const auto& reservation) {
        return Matches(reservation->shipment, view.moment.through, request);
      },
      [&](const auto& reservation) -> const auto& {
        return *response.add_reservations() = ToView(*reservation);
      },
      response));
  response.set_size(view.snapshot().size);
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

grpc::ServerUnaryReactor* ShipmentService::ReserveShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReserveShipmentRequest, v1::ReserveShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_reserve_shipment);
}

grpc::ServerUnaryReactor* ShipmentService::ReleaseReservation(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReleaseReservationRequest,
                    v1::ReleaseReservationResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_release_reservation);
}

grpc::ServerUnaryReactor* ShipmentService::ReceiveShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReceiveShipmentRequest, v1::ReceiveShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_receive_shipment);
}

grpc::ServerUnaryReactor* ShipmentService::ReturnShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReturnShipmentRequest, v1::ReturnShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_return_shipment);
}

grpc::ServerUnaryReactor* ShipmentService::ReexportShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReexportShipmentRequest, v1::ReexportShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_reexport_shipment);
}

grpc::ServerUnaryReactor* ShipmentService::TransferShipment(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::TransferShipmentRequest, v1::TransferShipmentResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_transfer_shipment);
}

grpc::ServerUnaryReactor* ShipmentService::RetireUnits(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::RetireUnitsRequest, v1::RetireUnitsResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_retire_units);
}

grpc::ServerUnaryReactor* ShipmentService::ReportDiversion(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReportDiversionRequest, v1::ReportDiversionResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_report_diversion);
}

grpc::ServerUnaryReactor* ShipmentService::RecoverUnits(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::RecoverUnitsRequest, v1::RecoverUnitsResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_recover_units);
}

grpc::ServerUnaryReactor* ShipmentService::RelocateUnits(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::RelocateUnitsRequest, v1::RelocateUnitsResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_relocate_units);
}

grpc::ServerUnaryReactor* ShipmentService::VoidMovement(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::VoidMovementRequest, v1::VoidMovementResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_void_movement);
}

grpc::ServerUnaryReactor* ShipmentService::DeclareCompute(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::DeclareComputeRequest, v1::DeclareComputeResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_declare_compute);
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

grpc::ServerUnaryReactor* ShipmentService::ListDeclarations(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListDeclarationsRequest, v1::ListDeclarationsResponse>(
      {runtime_, context, request, response}, &ReadDeclarations,
      ReadSource::kLog);
}

grpc::ServerUnaryReactor* ShipmentService::ListReservations(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListReservationsRequest, v1::ListReservationsResponse>(
      {runtime_, context, request, response}, &ReadReservations);
}

}  // namespace chipledger
