// The C++ client of a ledger: one method an RPC, with deadlines, retries and
// typed errors.
#ifndef CHIPLEDGER_CLIENT_CLIENT_H_
#define CHIPLEDGER_CLIENT_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "chipledger/v1/admin_service.pb.h"
#include "chipledger/v1/audit_service.pb.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/license_service.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "chipledger/v1/shipment_service.pb.h"

namespace chipledger::client {

// How a client talks to its server.
struct ClientOptions {
  // HOST:PORT.
  std::string server = "127.0.0.1:7401";
  // From the start of a call to its end, retries included.
  absl::Duration deadline = absl::Seconds(10);
  // Tries of a call that reached a server, the first included, while the error
  // is transient. 1: no retries. Waiting for a connection is no try, and
  // neither is a call that finds the server shutting down: both go on until the
  // deadline. Streams go by max_outage instead.
  int max_attempts = 5;
  // How long a stream that has reached the server once is tried again without
  // progress, while the error is transient. Higher: longer outages are bridged.
  // The first connection has to be there within `deadline`.
  absl::Duration max_outage = absl::Seconds(30);
  // While calls are under way, a connection on which nothing has come for
  // `keepalive` is asked for a sign of life, and given up when none comes
  // within `keepalive_timeout`: a pulled cable or a firewall closes nothing.
  // Servers close connections that ask more often than every 10 s.
  absl::Duration keepalive = absl::Seconds(20);
  absl::Duration keepalive_timeout = absl::Seconds(10);
  // A watch that hears nothing for so long is called again, though its
  // connection may live. Servers send a message every 10 s at least.
  absl::Duration max_silence = absl::Seconds(35);
  // Waiting before the second try; it doubles from try to try up to
  // max_backoff. Half of each wait is random, so that callers spread out.
  absl::Duration initial_backoff = absl::Milliseconds(100);
  absl::Duration max_backoff = absl::Seconds(2);
};

// What one call does otherwise.
struct CallOptions {
  // Unset: as in ClientOptions.
  std::optional<absl::Duration> deadline;
};

// Client calls one server.
//
// Writes: a request without a request_id gets a random one. A transient error
// is retried with the same request_id, so that a write is never recorded twice.
// When the connection broke or the deadline passed after sending and no later
// try was told what became of it, the error says that the outcome is unknown
// and names the request_id (ErrorDetails::outcome_unknown_request_id). Errors:
// those of the server, with their details (client/errors.h); UNAVAILABLE when
// the server cannot be reached, in which case nothing was sent;
// DEADLINE_EXCEEDED; RESOURCE_EXHAUSTED when an answer is larger than 64 MiB;
// INTERNAL when an answer contradicts what was asked. Thread-safety:
// thread-safe; calls block their thread.
class Client {
 public:
  // Never fails: it connects with the first call.
  explicit Client(ClientOptions options);
  ~Client();

  const ClientOptions& options() const { return options_; }

  absl::StatusOr<v1::RecordShipmentResponse> RecordShipment(
      v1::RecordShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::VoidShipmentResponse> VoidShipment(
      v1::VoidShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::CorrectShipmentResponse> CorrectShipment(
      v1::CorrectShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReserveShipmentResponse> ReserveShipment(
      v1::ReserveShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReleaseReservationResponse> ReleaseReservation(
      v1::ReleaseReservationRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReceiveShipmentResponse> ReceiveShipment(
      v1::ReceiveShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReturnShipmentResponse> ReturnShipment(
      v1::ReturnShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReexportShipmentResponse> ReexportShipment(
      v1::ReexportShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::TransferShipmentResponse> TransferShipment(
      v1::TransferShipmentRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RetireUnitsResponse> RetireUnits(
      v1::RetireUnitsRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReportDiversionResponse> ReportDiversion(
      v1::ReportDiversionRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RecoverUnitsResponse> RecoverUnits(
      v1::RecoverUnitsRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RelocateUnitsResponse> RelocateUnits(
      v1::RelocateUnitsRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::VoidMovementResponse> VoidMovement(
      v1::VoidMovementRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::DeclareComputeResponse> DeclareCompute(
      v1::DeclareComputeRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::SubmitShipmentCommandsResponse> SubmitShipmentCommands(
      v1::SubmitShipmentCommandsRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::GetShipmentResponse> GetShipment(
      const v1::GetShipmentRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListShipmentsResponse> ListShipments(
      const v1::ListShipmentsRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListDeclarationsResponse> ListDeclarations(
      const v1::ListDeclarationsRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListReservationsResponse> ListReservations(
      const v1::ListReservationsRequest& request, const CallOptions& call = {});

  absl::StatusOr<v1::GrantLicenseResponse> GrantLicense(
      v1::GrantLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::AmendLicenseResponse> AmendLicense(
      v1::AmendLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::SuspendLicenseResponse> SuspendLicense(
      v1::SuspendLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReinstateLicenseResponse> ReinstateLicense(
      v1::ReinstateLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RevokeLicenseResponse> RevokeLicense(
      v1::RevokeLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RecordAnnouncementResponse> RecordAnnouncement(
      v1::RecordAnnouncementRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RecordApplicationStepResponse> RecordApplicationStep(
      v1::RecordApplicationStepRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::TransferLicenseResponse> TransferLicense(
      v1::TransferLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::CorrectLicenseChangeResponse> CorrectLicenseChange(
      v1::CorrectLicenseChangeRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ExtendLicenseResponse> ExtendLicense(
      v1::ExtendLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::VoidLicenseResponse> VoidLicense(
      v1::VoidLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RecordConditionResponse> RecordCondition(
      v1::RecordConditionRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ApplyForLicenseResponse> ApplyForLicense(
      v1::ApplyForLicenseRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ReturnApplicationResponse> ReturnApplication(
      v1::ReturnApplicationRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::DenyApplicationResponse> DenyApplication(
      v1::DenyApplicationRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::SubmitLicenseCommandsResponse> SubmitLicenseCommands(
      v1::SubmitLicenseCommandsRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::GetLicenseResponse> GetLicense(
      const v1::GetLicenseRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListLicensesResponse> ListLicenses(
      const v1::ListLicensesRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::GetApplicationResponse> GetApplication(
      const v1::GetApplicationRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListApplicationsResponse> ListApplications(
      const v1::ListApplicationsRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListDealsResponse> ListDeals(
      const v1::ListDealsRequest& request, const CallOptions& call = {});

  absl::StatusOr<v1::AdoptPolicyResponse> AdoptPolicy(
      v1::AdoptPolicyRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::AmendPolicyResponse> AmendPolicy(
      v1::AmendPolicyRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::DiffPolicyResponse> DiffPolicy(
      const v1::DiffPolicyRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::RescindPolicyResponse> RescindPolicy(
      v1::RescindPolicyRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RegisterProductResponse> RegisterProduct(
      v1::RegisterProductRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::RegisterPartyResponse> RegisterParty(
      v1::RegisterPartyRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ChangeCountryGroupResponse> ChangeCountryGroup(
      v1::ChangeCountryGroupRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::ChangeHolidaysResponse> ChangeHolidays(
      v1::ChangeHolidaysRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::SubmitPolicyCommandsResponse> SubmitPolicyCommands(
      v1::SubmitPolicyCommandsRequest request, const CallOptions& call = {});
  absl::StatusOr<v1::GetPolicyResponse> GetPolicy(
      const v1::GetPolicyRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListPoliciesResponse> ListPolicies(
      const v1::ListPoliciesRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ExplainFactResponse> ExplainFact(
      const v1::ExplainFactRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListReportsResponse> ListReports(
      const v1::ListReportsRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListProductsResponse> ListProducts(
      const v1::ListProductsRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListPartiesResponse> ListParties(
      const v1::ListPartiesRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListCountryGroupsResponse> ListCountryGroups(
      const v1::ListCountryGroupsRequest& request,
      const CallOptions& call = {});
  absl::StatusOr<v1::ListHolidayCalendarsResponse> ListHolidayCalendars(
      const v1::ListHolidayCalendarsRequest& request,
      const CallOptions& call = {});

  absl::StatusOr<v1::GetHeadroomResponse> GetHeadroom(
      const v1::GetHeadroomRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListHeadroomResponse> ListHeadroom(
      const v1::ListHeadroomRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::GetTimelineResponse> GetTimeline(
      const v1::GetTimelineRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::CompareHeadroomResponse> CompareHeadroom(
      const v1::CompareHeadroomRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListTotalEntriesResponse> ListTotalEntries(
      const v1::ListTotalEntriesRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::ListNoticesResponse> ListNotices(
      const v1::ListNoticesRequest& request, const CallOptions& call = {});
  absl::StatusOr<v1::GetLedgerResponse> GetLedger(
      const v1::GetLedgerRequest& request, const CallOptions& call = {});

  // Streams. Each message is passed to `on_message` on the calling thread;
  // returning false ends the stream with OK. No deadline unless `call` has one;
  // it ends a stream with DEADLINE_EXCEEDED, or UNAVAILABLE when there is no
  // connection just then.

  // When the connection breaks, or has died without a word, they call again,
  // for ClientOptions::max_outage without a message. Where the server then has
  // another log than the one seen so far, they end with OTHER_HISTORY.

  // Calls again from the next index.
  absl::Status ReadEntries(
      v1::ReadEntriesRequest request,
      absl::FunctionRef<bool(const v1::ReadEntriesResponse&)> on_message,
      const CallOptions& call = {});
  // Calls again from the next index. Does not end by itself.
  absl::Status WatchEntries(
      v1::WatchEntriesRequest request,
      absl::FunctionRef<bool(const v1::WatchEntriesResponse&)> on_message,
      const CallOptions& call = {});
  // Each call starts with all rows, so that a call made again says everything
  // that changed meanwhile. Does not end by itself.
  absl::Status WatchHeadroom(
      v1::WatchHeadroomRequest request,
      absl::FunctionRef<bool(const v1::WatchHeadroomResponse&)> on_message,
      const CallOptions& call = {});

  // Tried again only until the first message: the replay starts anew with each
  // call. Ends by itself.
  absl::Status WhatIf(
      const v1::WhatIfRequest& request,
      absl::FunctionRef<bool(const v1::WhatIfResponse&)> on_message,
      const CallOptions& call = {});

  // Waits for a connection, with attempt after attempt, until the deadline.
  // Returns OK when there is one.
  // Errors: UNAVAILABLE, naming the server, how long it was tried, and why the
  // last attempt failed.
  absl::Status Connect(absl::Time deadline);
  // client/stubs.h; lives as long as the client.
  struct Stubs;
  Stubs& stubs() { return *stubs_; }

 private:
  ClientOptions options_;
  std::unique_ptr<Stubs> stubs_;
};

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_CLIENT_H_
