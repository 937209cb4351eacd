#include "client/client.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/errors.h"
#include "client/proxy.h"
#include "client/retry.h"
#include "client/silence.h"
#include "client/stubs.h"
#include "grpcpp/create_channel.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/uuid.h"

namespace chipledger::client {
namespace {

// Answers such as pages and batches are larger than gRPC's default of 4 MiB.
constexpr int kMaxReceivedBytes = 64 * 1024 * 1024;
// A server that comes back is found quickly.
constexpr int kReconnectBackoffMs = 100;
constexpr int kMaxReconnectBackoffMs = 2'000;
// How long one attempt to connect may take, the exchange of settings included:
// far servers and busy machines need more than a wait between attempts. A
// refused attempt ends at once, whatever this is.
constexpr int kConnectionAttemptMs = 20'000;
// How long the channel may take to say why it has no connection. It knows, and
// answers at once.
constexpr absl::Duration kCauseTimeout = absl::Seconds(1);

int Milliseconds(absl::Duration duration) {
  return static_cast<int>(
      std::min(absl::ToInt64Milliseconds(duration),
               static_cast<int64_t>(std::numeric_limits<int>::max())));
}

std::shared_ptr<grpc::Channel> MakeChannel(const ClientOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReceivedBytes);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectBackoffMs);
  // For all its name this bounds an attempt, not the wait between two.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectionAttemptMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectBackoffMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, Milliseconds(options.keepalive));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS,
                   Milliseconds(options.keepalive_timeout));
  // A watch sends nothing, and is to be kept alive for ever.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // A proxy cannot reach this machine's own loopback.
  if (IsLoopback(options.server)) {
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  }
  return grpc::CreateCustomChannel(
      options.server, grpc::InsecureChannelCredentials(), arguments);
}

absl::Time DeadlineOf(const Client& client, const CallOptions& call) {
  return Now() + call.deadline.value_or(client.options().deadline);
}

template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                      Response*);

template <typename Stub, typename Request, typename Response>
absl::Status CallOnce(Stub& stub, Method<Stub, Request, Response> method,
                      const Request& request, absl::Time deadline,
                      Response& response) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(deadline));
  return FromGrpcStatus((stub.*method)(&context, request, &response));
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Read(Client& client, Stub& stub,
                              Method<Stub, Request, Response> method,
                              const Request& request, const CallOptions& call) {
  const absl::Time deadline = DeadlineOf(client, call);
  Backoff backoff(client.options(), deadline);
  while (true) {
    RETURN_IF_ERROR(client.Connect(deadline));
    Response response;
    const absl::Status status =
        CallOnce(stub, method, request, deadline, response);
    if (status.ok()) return response;
    if (!backoff.WaitAfter(status)) return status;
  }
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Write(Client& client, Stub& stub,
                               Method<Stub, Request, Response> method,
                               Request request, const CallOptions& call) {
  if (request.request_id().empty()) {
    request.set_request_id(Uuid::Random().ToString());
  }
  const absl::Time deadline = DeadlineOf(client, call);
  Backoff backoff(client.options(), deadline);
  // The error of a try that may have been recorded.
  absl::Status open_outcome;
  while (true) {
    Response response;
    absl::Status status = client.Connect(deadline);
    if (status.ok()) {
      status = CallOnce(stub, method, request, deadline, response);
      if (status.ok() && !response.has_result() && !request.validate_only()) {
        status = absl::UnknownError(
            "the server accepted the write without saying where it is "
            "recorded; is it a chipledgerd?");
      }
      if (status.ok()) return response;
      if (LeavesOutcomeOpen(status)) open_outcome = status;
      if (SettlesEarlierTries(status)) return status;
      if (backoff.WaitAfter(status)) continue;
    }
    if (open_outcome.ok() || request.validate_only()) return status;
    return OutcomeUnknown(open_outcome, status, request.request_id());
  }
}

// Who ends a stream when nothing fails.
enum class EndedBy { kServer, kCaller };

template <typename Response>
absl::Status Drain(grpc::ClientContext& context,
                   grpc::ClientReader<Response>& reader,
                   absl::FunctionRef<bool(const Response&)> on_message,
                   EndedBy ended_by, absl::Duration max_silence) {
  Response response;
  bool stopped = false;
  SilenceLimit silence(context, max_silence);
  const auto read = [&] {
    silence.BeginWait();
    const bool ok = reader.Read(&response);
    silence.EndWait();
    return ok;
  };
  while (read()) {
    if (on_message(response)) continue;
    stopped = true;
    context.TryCancel();
    break;
  }
  // A stream must be read to its end before Finish.
  while (stopped && reader.Read(&response)) {
  }
  const absl::Status status = FromGrpcStatus(reader.Finish());
  if (stopped) return absl::OkStatus();
  if (silence.exceeded()) {
    return absl::UnavailableError(
        absl::StrCat("the server has given no sign of life for ",
                     absl::FormatDuration(max_silence)));
  }
  if (status.ok() && ended_by == EndedBy::kCaller) {
    return absl::UnavailableError("the server has ended the watch");
  }
  return status;
}

// Streams messages, with a new call after a broken connection, which continues
// what was seen by this one. `on_message` may change the request of that call.
// A server that was never reached is given up as for other calls.
template <typename Stub, typename Request, typename Response>
absl::Status Stream(Client& client, Stub& stub,
                    std::unique_ptr<grpc::ClientReader<Response>> (
                        Stub::*method)(grpc::ClientContext*, const Request&),
                    Request& request,
                    absl::FunctionRef<bool(const Response&)> on_message,
                    EndedBy ended_by, const CallOptions& call) {
  const absl::Time deadline =
      call.deadline ? Now() + *call.deadline : absl::InfiniteFuture();
  Backoff backoff(client.options(), deadline);
  // Only watches send signs of life; others may have work to do.
  const absl::Duration max_silence = ended_by == EndedBy::kCaller
                                         ? client.options().max_silence
                                         : absl::InfiniteDuration();
  while (true) {
    RETURN_IF_ERROR(client.Connect(backoff.ConnectBy()));
    backoff.BridgeOutages();
    grpc::ClientContext context;
    if (call.deadline) context.set_deadline(absl::ToChronoTime(deadline));
    const auto reader = (stub.*method)(&context, request);
    const absl::Status status = Drain<Response>(
        context, *reader,
        [&](const Response& response) {
          backoff.Reset();
          if (response.has_position()) {
            *request.mutable_seen() = response.position();
          }
          return on_message(response);
        },
        ended_by, max_silence);
    if (status.ok() || !backoff.WaitAfter(status)) return status;
  }
}

// Streams entries, again from the next index after a broken connection.
template <typename Request, typename Response>
absl::Status StreamEntries(
    Client& client, v1::AuditService::Stub& stub,
    std::unique_ptr<grpc::ClientReader<Response>> (
        v1::AuditService::Stub::*method)(grpc::ClientContext*, const Request&),
    Request request, absl::FunctionRef<bool(const Response&)> on_message,
    EndedBy ended_by, const CallOptions& call) {
  absl::Status contradiction;
  const auto take = [&](const Response& response) {
    if (response.first_index() != request.start_index()) {
      contradiction = absl::InternalError(absl::StrCat(
          "the server sent entries from index ", response.first_index(),
          " on where ", request.start_index(), " was the next"));
      return false;
    }
    request.set_start_index(response.first_index() + response.entries_size());
    return on_message(response);
  };
  const absl::Status status = Stream<v1::AuditService::Stub, Request, Response>(
      client, stub, method, request, take, ended_by, call);
  return contradiction.ok() ? status : contradiction;
}

}  // namespace

Client::Client(ClientOptions options)
    : options_(std::move(options)),
      stubs_(std::make_unique<Stubs>(MakeChannel(options_))) {}

Client::~Client() = default;

absl::Status Client::Connect(absl::Time deadline) {
  const absl::Time begin = Now();
  const auto until = absl::ToChronoTime(deadline);
  grpc_connectivity_state state;
  do {
    state = stubs_->channel->GetState(true);
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
  } while (stubs_->channel->WaitForStateChange(state, until));
  std::string cause = "the attempt to connect has had no answer";
  if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) {
    // Only a call that fails says why there is no connection.
    v1::GetLedgerResponse response;
    const absl::Status status =
        CallOnce(*stubs_->admin, &v1::AdminService::Stub::GetLedger,
                 v1::GetLedgerRequest(), Now() + kCauseTimeout, response);
    if (status.ok()) return status;
    cause = std::string(status.message());
  }
  const std::string proxy =
      IsLoopback(options_.server) ? "" : ProxyFor(options_.server);
  return NoConnection(absl::StrCat(
      "no connection to ", options_.server,
      proxy.empty() ? "" : " through the proxy ", proxy, " in ",
      absl::FormatDuration(absl::Floor(Now() - begin, absl::Milliseconds(100))),
      " (", cause, "); is chipledgerd running there?",
      proxy.empty() ? "" : " What no_proxy names is reached without a proxy."));
}

absl::StatusOr<v1::RecordShipmentResponse> Client::RecordShipment(
    v1::RecordShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::RecordShipment, std::move(request),
               call);
}

absl::StatusOr<v1::VoidShipmentResponse> Client::VoidShipment(
    v1::VoidShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::VoidShipment, std::move(request),
               call);
}

absl::StatusOr<v1::CorrectShipmentResponse> Client::CorrectShipment(
    v1::CorrectShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::CorrectShipment, std::move(request),
               call);
}

absl::StatusOr<v1::ReserveShipmentResponse> Client::ReserveShipment(
    v1::ReserveShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::ReserveShipment, std::move(request),
               call);
}

absl::StatusOr<v1::ReleaseReservationResponse> Client::ReleaseReservation(
    v1::ReleaseReservationRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::ReleaseReservation,
               std::move(request), call);
}

absl::StatusOr<v1::ReceiveShipmentResponse> Client::ReceiveShipment(
    v1::ReceiveShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::ReceiveShipment, std::move(request),
               call);
}

absl::StatusOr<v1::ReturnShipmentResponse> Client::ReturnShipment(
    v1::ReturnShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::ReturnShipment, std::move(request),
               call);
}

absl::StatusOr<v1::ReexportShipmentResponse> Client::ReexportShipment(
    v1::ReexportShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::ReexportShipment, std::move(request),
               call);
}

absl::StatusOr<v1::TransferShipmentResponse> Client::TransferShipment(
    v1::TransferShipmentRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::TransferShipment, std::move(request),
               call);
}

absl::StatusOr<v1::RetireUnitsResponse> Client::RetireUnits(
    v1::RetireUnitsRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::RetireUnits, std::move(request),
               call);
}

absl::StatusOr<v1::ReportDiversionResponse> Client::ReportDiversion(
    v1::ReportDiversionRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::ReportDiversion, std::move(request),
               call);
}

absl::StatusOr<v1::RecoverUnitsResponse> Client::RecoverUnits(
    v1::RecoverUnitsRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::RecoverUnits, std::move(request),
               call);
}

absl::StatusOr<v1::RelocateUnitsResponse> Client::RelocateUnits(
    v1::RelocateUnitsRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::RelocateUnits, std::move(request),
               call);
}

absl::StatusOr<v1::VoidMovementResponse> Client::VoidMovement(
    v1::VoidMovementRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::VoidMovement, std::move(request),
               call);
}

absl::StatusOr<v1::DeclareComputeResponse> Client::DeclareCompute(
    v1::DeclareComputeRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::DeclareCompute, std::move(request),
               call);
}

absl::StatusOr<v1::SubmitShipmentCommandsResponse>
Client::SubmitShipmentCommands(v1::SubmitShipmentCommandsRequest request,
                               const CallOptions& call) {
  return Write(*this, *stubs_->shipments,
               &v1::ShipmentService::Stub::SubmitShipmentCommands,
               std::move(request), call);
}

absl::StatusOr<v1::GetShipmentResponse> Client::GetShipment(
    const v1::GetShipmentRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->shipments,
              &v1::ShipmentService::Stub::GetShipment, request, call);
}

absl::StatusOr<v1::ListShipmentsResponse> Client::ListShipments(
    const v1::ListShipmentsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->shipments,
              &v1::ShipmentService::Stub::ListShipments, request, call);
}

absl::StatusOr<v1::ListDeclarationsResponse> Client::ListDeclarations(
    const v1::ListDeclarationsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->shipments,
              &v1::ShipmentService::Stub::ListDeclarations, request, call);
}

absl::StatusOr<v1::ListReservationsResponse> Client::ListReservations(
    const v1::ListReservationsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->shipments,
              &v1::ShipmentService::Stub::ListReservations, request, call);
}

absl::StatusOr<v1::GrantLicenseResponse> Client::GrantLicense(
    v1::GrantLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::GrantLicense, std::move(request),
               call);
}

absl::StatusOr<v1::AmendLicenseResponse> Client::AmendLicense(
    v1::AmendLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::AmendLicense, std::move(request),
               call);
}

absl::StatusOr<v1::SuspendLicenseResponse> Client::SuspendLicense(
    v1::SuspendLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::SuspendLicense, std::move(request),
               call);
}

absl::StatusOr<v1::ReinstateLicenseResponse> Client::ReinstateLicense(
    v1::ReinstateLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::ReinstateLicense, std::move(request),
               call);
}

absl::StatusOr<v1::RevokeLicenseResponse> Client::RevokeLicense(
    v1::RevokeLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::RevokeLicense, std::move(request),
               call);
}

absl::StatusOr<v1::RecordAnnouncementResponse> Client::RecordAnnouncement(
    v1::RecordAnnouncementRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::RecordAnnouncement,
               std::move(request), call);
}

absl::StatusOr<v1::RecordApplicationStepResponse> Client::RecordApplicationStep(
    v1::RecordApplicationStepRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::RecordApplicationStep,
               std::move(request), call);
}

absl::StatusOr<v1::TransferLicenseResponse> Client::TransferLicense(
    v1::TransferLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::TransferLicense, std::move(request),
               call);
}

absl::StatusOr<v1::CorrectLicenseChangeResponse> Client::CorrectLicenseChange(
    v1::CorrectLicenseChangeRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::CorrectLicenseChange,
               std::move(request), call);
}

absl::StatusOr<v1::ExtendLicenseResponse> Client::ExtendLicense(
    v1::ExtendLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::ExtendLicense, std::move(request),
               call);
}

absl::StatusOr<v1::VoidLicenseResponse> Client::VoidLicense(
    v1::VoidLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses, &v1::LicenseService::Stub::VoidLicense,
               std::move(request), call);
}

absl::StatusOr<v1::RecordConditionResponse> Client::RecordCondition(
    v1::RecordConditionRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::RecordCondition, std::move(request),
               call);
}

absl::StatusOr<v1::ApplyForLicenseResponse> Client::ApplyForLicense(
    v1::ApplyForLicenseRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::ApplyForLicense, std::move(request),
               call);
}

absl::StatusOr<v1::ReturnApplicationResponse> Client::ReturnApplication(
    v1::ReturnApplicationRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::ReturnApplication, std::move(request),
               call);
}

absl::StatusOr<v1::DenyApplicationResponse> Client::DenyApplication(
    v1::DenyApplicationRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::DenyApplication, std::move(request),
               call);
}

absl::StatusOr<v1::SubmitLicenseCommandsResponse> Client::SubmitLicenseCommands(
    v1::SubmitLicenseCommandsRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->licenses,
               &v1::LicenseService::Stub::SubmitLicenseCommands,
               std::move(request), call);
}

absl::StatusOr<v1::GetLicenseResponse> Client::GetLicense(
    const v1::GetLicenseRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->licenses, &v1::LicenseService::Stub::GetLicense,
              request, call);
}

absl::StatusOr<v1::ListLicensesResponse> Client::ListLicenses(
    const v1::ListLicensesRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->licenses, &v1::LicenseService::Stub::ListLicenses,
              request, call);
}

absl::StatusOr<v1::GetApplicationResponse> Client::GetApplication(
    const v1::GetApplicationRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->licenses,
              &v1::LicenseService::Stub::GetApplication, request, call);
}

absl::StatusOr<v1::ListApplicationsResponse> Client::ListApplications(
    const v1::ListApplicationsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->licenses,
              &v1::LicenseService::Stub::ListApplications, request, call);
}

absl::StatusOr<v1::ListDealsResponse> Client::ListDeals(
    const v1::ListDealsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->licenses, &v1::LicenseService::Stub::ListDeals,
              request, call);
}

absl::StatusOr<v1::AdoptPolicyResponse> Client::AdoptPolicy(
    v1::AdoptPolicyRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies, &v1::PolicyService::Stub::AdoptPolicy,
               std::move(request), call);
}

absl::StatusOr<v1::AmendPolicyResponse> Client::AmendPolicy(
    v1::AmendPolicyRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies, &v1::PolicyService::Stub::AmendPolicy,
               std::move(request), call);
}

absl::StatusOr<v1::DiffPolicyResponse> Client::DiffPolicy(
    const v1::DiffPolicyRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::DiffPolicy,
              request, call);
}

absl::StatusOr<v1::RescindPolicyResponse> Client::RescindPolicy(
    v1::RescindPolicyRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies,
               &v1::PolicyService::Stub::RescindPolicy, std::move(request),
               call);
}

absl::StatusOr<v1::RegisterProductResponse> Client::RegisterProduct(
    v1::RegisterProductRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies,
               &v1::PolicyService::Stub::RegisterProduct, std::move(request),
               call);
}

absl::StatusOr<v1::RegisterPartyResponse> Client::RegisterParty(
    v1::RegisterPartyRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies,
               &v1::PolicyService::Stub::RegisterParty, std::move(request),
               call);
}

absl::StatusOr<v1::ChangeCountryGroupResponse> Client::ChangeCountryGroup(
    v1::ChangeCountryGroupRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies,
               &v1::PolicyService::Stub::ChangeCountryGroup, std::move(request),
               call);
}

absl::StatusOr<v1::ChangeHolidaysResponse> Client::ChangeHolidays(
    v1::ChangeHolidaysRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies,
               &v1::PolicyService::Stub::ChangeHolidays, std::move(request),
               call);
}

absl::StatusOr<v1::SubmitPolicyCommandsResponse> Client::SubmitPolicyCommands(
    v1::SubmitPolicyCommandsRequest request, const CallOptions& call) {
  return Write(*this, *stubs_->policies,
               &v1::PolicyService::Stub::SubmitPolicyCommands,
               std::move(request), call);
}

absl::StatusOr<v1::GetPolicyResponse> Client::GetPolicy(
    const v1::GetPolicyRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::GetPolicy,
              request, call);
}

absl::StatusOr<v1::ListPoliciesResponse> Client::ListPolicies(
    const v1::ListPoliciesRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::ListPolicies,
              request, call);
}

absl::StatusOr<v1::ExplainFactResponse> Client::ExplainFact(
    const v1::ExplainFactRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::ExplainFact,
              request, call);
}

absl::StatusOr<v1::ListReportsResponse> Client::ListReports(
    const v1::ListReportsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::ListReports,
              request, call);
}

absl::StatusOr<v1::ListProductsResponse> Client::ListProducts(
    const v1::ListProductsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::ListProducts,
              request, call);
}

absl::StatusOr<v1::ListPartiesResponse> Client::ListParties(
    const v1::ListPartiesRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies, &v1::PolicyService::Stub::ListParties,
              request, call);
}

absl::StatusOr<v1::ListCountryGroupsResponse> Client::ListCountryGroups(
    const v1::ListCountryGroupsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies,
              &v1::PolicyService::Stub::ListCountryGroups, request, call);
}

absl::StatusOr<v1::ListHolidayCalendarsResponse> Client::ListHolidayCalendars(
    const v1::ListHolidayCalendarsRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->policies,
              &v1::PolicyService::Stub::ListHolidayCalendars, request, call);
}

absl::StatusOr<v1::GetHeadroomResponse> Client::GetHeadroom(
    const v1::GetHeadroomRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->headroom, &v1::HeadroomService::Stub::GetHeadroom,
              request, call);
}

absl::StatusOr<v1::ListHeadroomResponse> Client::ListHeadroom(
    const v1::ListHeadroomRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->headroom,
              &v1::HeadroomService::Stub::ListHeadroom, request, call);
}

absl::StatusOr<v1::GetTimelineResponse> Client::GetTimeline(
    const v1::GetTimelineRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->headroom, &v1::HeadroomService::Stub::GetTimeline,
              request, call);
}

absl::StatusOr<v1::CompareHeadroomResponse> Client::CompareHeadroom(
    const v1::CompareHeadroomRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->headroom,
              &v1::HeadroomService::Stub::CompareHeadroom, request, call);
}

absl::StatusOr<v1::ListTotalEntriesResponse> Client::ListTotalEntries(
    const v1::ListTotalEntriesRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->headroom,
              &v1::HeadroomService::Stub::ListTotalEntries, request, call);
}

absl::StatusOr<v1::ListNoticesResponse> Client::ListNotices(
    const v1::ListNoticesRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->headroom, &v1::HeadroomService::Stub::ListNotices,
              request, call);
}

absl::StatusOr<v1::GetLedgerResponse> Client::GetLedger(
    const v1::GetLedgerRequest& request, const CallOptions& call) {
  return Read(*this, *stubs_->admin, &v1::AdminService::Stub::GetLedger,
              request, call);
}

absl::Status Client::ReadEntries(
    v1::ReadEntriesRequest request,
    absl::FunctionRef<bool(const v1::ReadEntriesResponse&)> on_message,
    const CallOptions& call) {
  const uint64_t asked_end = request.end_index();
  uint64_t end = 0;
  uint64_t next = 0;
  const auto take = [&](const v1::ReadEntriesResponse& response) {
    end =
        asked_end == 0 ? response.size() : std::min(asked_end, response.size());
    next = response.first_index() + response.entries_size();
    if (on_message(response)) return true;
    end = next;
    return false;
  };
  RETURN_IF_ERROR(
      (StreamEntries<v1::ReadEntriesRequest, v1::ReadEntriesResponse>(
          *this, *stubs_->audit, &v1::AuditService::Stub::ReadEntries,
          std::move(request), take, EndedBy::kServer, call)));
  if (next >= end) return absl::OkStatus();
  return absl::InternalError(
      absl::StrCat("the server ended before entry ", next,
                   " though it was to read up to entry ", end));
}

absl::Status Client::WatchEntries(
    v1::WatchEntriesRequest request,
    absl::FunctionRef<bool(const v1::WatchEntriesResponse&)> on_message,
    const CallOptions& call) {
  return StreamEntries(*this, *stubs_->audit,
                       &v1::AuditService::Stub::WatchEntries,
                       std::move(request), on_message, EndedBy::kCaller, call);
}

absl::Status Client::WatchHeadroom(
    v1::WatchHeadroomRequest request,
    absl::FunctionRef<bool(const v1::WatchHeadroomResponse&)> on_message,
    const CallOptions& call) {
  return Stream<v1::HeadroomService::Stub, v1::WatchHeadroomRequest,
                v1::WatchHeadroomResponse>(
      *this, *stubs_->headroom, &v1::HeadroomService::Stub::WatchHeadroom,
      request, on_message, EndedBy::kCaller, call);
}

absl::Status Client::WhatIf(
    const v1::WhatIfRequest& request,
    absl::FunctionRef<bool(const v1::WhatIfResponse&)> on_message,
    const CallOptions& call) {
  const absl::Time deadline =
      call.deadline ? Now() + *call.deadline : absl::InfiniteFuture();
  Backoff backoff(options_, deadline);
  bool begun = false;
  while (true) {
    RETURN_IF_ERROR(Connect(backoff.ConnectBy()));
    backoff.BridgeOutages();
    grpc::ClientContext context;
    if (call.deadline) context.set_deadline(absl::ToChronoTime(deadline));
    const auto reader = stubs_->policies->WhatIf(&context, request);
    const absl::Status status = Drain<v1::WhatIfResponse>(
        context, *reader,
        [&](const v1::WhatIfResponse& response) {
          begun = true;
          return on_message(response);
        },
        EndedBy::kServer, absl::InfiniteDuration());
    if (status.ok() || begun || !backoff.WaitAfter(status)) return status;
  }
}

}  // namespace chipledger::client
