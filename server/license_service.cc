#include "server/license_service.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/known.h"
#include "ledger/domain/license_moves.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/through_date.h"
#include "server/write_call.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 100;
constexpr size_t kMaxPage = 1'000;

const CommandKinds& LicenseCommandKinds() {
  // The last is the ledger's own: it answers who else sends it.
  static const auto& kinds = *new CommandKinds{
      v1::Command::kGrantLicense,       v1::Command::kAmendLicense,
      v1::Command::kSuspendLicense,     v1::Command::kReinstateLicense,
      v1::Command::kRevokeLicense,      v1::Command::kExtendLicense,
      v1::Command::kVoidLicense,        v1::Command::kRecordCondition,
      v1::Command::kApplyForLicense,    v1::Command::kReturnApplication,
      v1::Command::kDenyApplication,    v1::Command::kRecordApplicationStep,
      v1::Command::kTransferLicense,    v1::Command::kCorrectLicenseChange,
      v1::Command::kRecordAnnouncement, v1::Command::kExpireLicense};
  return kinds;
}

absl::Status ReadLicense(const ReadView& view,
                         const v1::GetLicenseRequest& request,
                         v1::GetLicenseResponse& response) {
  const std::string& license_id = request.license_id();
  if (license_id.empty()) return MissingField("license_id");
  const auto* license = view.snapshot().licenses.Find(license_id);
  if (license == nullptr || (*license)->grant_date > view.moment.through) {
    return domain::LicenseNotFound(license_id);
  }
  *response.mutable_license() = (*license)->ToView(view.moment.through);
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

bool Matches(const domain::LicenseState& state, Date through,
             const v1::ListLicensesRequest& request) {
  const v1::License& license = state.license;
  return state.grant_date <= through &&
         (request.exporter().empty() ||
          state.LicenseeOn(through) == request.exporter()) &&
         (request.destination_country().empty() ||
          absl::c_linear_search(license.destination_countries(),
                                request.destination_country()));
}

absl::Status ReadLicenses(const ReadView& view,
                          const v1::ListLicensesRequest& request,
                          v1::ListLicensesResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(domain::CheckPartyKnown(view.snapshot(), request.exporter()));
  RETURN_IF_ERROR(domain::CheckCountryKnown("destination_country",
                                            request.destination_country()));
  const Date through = view.moment.through;
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().licenses, page_size,
      [&](const auto& license) { return Matches(*license, through, request); },
      [&](const auto& license) -> const auto& {
        return *response.add_licenses() = license->ToView(through);
      },
      response));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

// The date on which an application was decided.
absl::StatusOr<std::string> DecisionDate(const Ledger& ledger,
                                         const v1::ApplicationView& view) {
  ASSIGN_OR_RETURN(
      const std::vector<std::string> entries,
      ledger.ReadEntries(view.decided_index(), view.decided_index() + 1, 1));
  v1::Entry entry;
  if (entries.empty() || !entry.ParseFromString(entries.front())) {
    return domain::DataDamaged(view.decided_index(),
                               "should decide an application, and does not");
  }
  const v1::Event& event = entry.event();
  switch (event.kind_case()) {
    case v1::Event::kLicenseReturned:
      return event.license_returned().command().effective_date();
    case v1::Event::kLicenseDenied:
      return event.license_denied().command().effective_date();
    default:
      return event.license_granted().command().license().grant_date();
  }
}

// Adds what became of what was applied for, when it was granted.
void AddGrantedLines(const domain::Snapshot& snapshot,
                     v1::ApplicationView& view) {
  const auto* license = snapshot.licenses.Find(view.license_id());
  if (license == nullptr) return;
  for (const auto& line : (*license)->lines) {
    v1::LicenseLine& granted = *view.add_granted_lines();
    granted.set_line_number(line.line_number);
    granted.set_product_code(line.product_code);
    granted.set_destination_country(line.destination_country);
    granted.set_quantity(line.authorized);
    if (line.value_authorized_usd) {
      granted.set_value_usd(*line.value_authorized_usd);
    }
  }
}

// An application as it stood on the moment's last date: what was decided later
// is pending.
absl::StatusOr<v1::ApplicationView> ApplicationAt(
    const ReadView& view, const v1::ApplicationView& application) {
  v1::ApplicationView at = application;
  if (at.status() != v1::APPLICATION_STATUS_PENDING &&
      view.moment.through != Date::Max()) {
    ASSIGN_OR_RETURN(const std::string decided, DecisionDate(view.ledger, at));
    if (!HoldsBy(decided, view.moment.through)) {
      at.set_status(v1::APPLICATION_STATUS_PENDING);
      at.clear_decided_index();
      at.clear_license_id();
    }
  }
  // Their dates ascend.
  while (!at.steps().empty() &&
         !HoldsBy(at.steps().rbegin()->effective_date(), view.moment.through)) {
    at.mutable_steps()->RemoveLast();
  }
  if (at.status() == v1::APPLICATION_STATUS_PENDING) {
    const auto submitted = Date::Parse(at.application().application_date());
    const Date last = std::min(view.moment.through, view.ledger.Today());
    if (submitted) {
      at.set_age_days(last.days() - submitted->days());
      at.set_clock_days(domain::ClockDays(at, last));
    }
  }
  AddGrantedLines(view.snapshot(), at);
  return at;
}

absl::Status ReadApplication(const ReadView& view,
                             const v1::GetApplicationRequest& request,
                             v1::GetApplicationResponse& response) {
  const std::string& id = request.application_id();
  if (id.empty()) return MissingField("application_id");
  const auto* found = view.snapshot().registers.applications.Find(id);
  if (found == nullptr || !HoldsBy((*found)->application().application_date(),
                                   view.moment.through)) {
    return domain::ApplicationNotFound(id);
  }
  ASSIGN_OR_RETURN(*response.mutable_application(),
                   ApplicationAt(view, **found));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

bool Matches(const v1::ApplicationView& view,
             const v1::ListApplicationsRequest& request) {
  return (request.exporter().empty() ||
          view.application().exporter() == request.exporter()) &&
         (request.status() == v1::APPLICATION_STATUS_UNSPECIFIED ||
          view.status() == request.status());
}

absl::Status ReadApplications(const ReadView& view,
                              const v1::ListApplicationsRequest& request,
                              v1::ListApplicationsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(domain::CheckPartyKnown(view.snapshot(), request.exporter()));
  v1::ApplicationView at;
  absl::Status status;
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().registers.applications, page_size,
      [&](const auto& application) {
        if (!status.ok() ||
            !HoldsBy(application->application().application_date(),
                     view.moment.through)) {
          return false;
        }
        auto found = ApplicationAt(view, *application);
        status = found.status();
        if (!found.ok()) return false;
        at = *std::move(found);
        return Matches(at, request);
      },
      [&](const auto&) -> const auto& {
        return *response.add_applications() = at;
      },
      response));
  RETURN_IF_ERROR(status);
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadDeals(const ReadView& view,
                       const v1::ListDealsRequest& request,
                       v1::ListDealsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(domain::CheckPartyKnown(view.snapshot(), request.party()));
  RETURN_IF_ERROR(domain::CheckCountryKnown("destination_country",
                                            request.destination_country()));
  ASSIGN_OR_RETURN(const uint64_t begin, FirstOfPage(request, 0));
  ASSIGN_OR_RETURN(
      Ledger::DealsPage page,
      view.ledger.ListDeals(view.moment, request, begin, page_size));
  for (v1::Deal& deal : page.deals) *response.add_deals() = std::move(deal);
  if (page.next) {
    SetNextPage(request, view.moment, absl::StrCat(*page.next), response);
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* LicenseService::GrantLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::GrantLicenseRequest, v1::GrantLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_grant_license,
      [](v1::Event& event, v1::GrantLicenseResponse& answer) {
        v1::LicenseGranted& granted = *event.mutable_license_granted();
        answer.unsafe_arena_set_allocated_evidence(granted.mutable_evidence());
        *answer.mutable_released_reservations() =
            granted.released_reservations();
      });
}

grpc::ServerUnaryReactor* LicenseService::AmendLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::AmendLicenseRequest, v1::AmendLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_amend_license,
      [](v1::Event& event, v1::AmendLicenseResponse& answer) {
        answer.unsafe_arena_set_allocated_evidence(
            event.mutable_license_amended()->mutable_evidence());
      });
}

grpc::ServerUnaryReactor* LicenseService::SuspendLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::SuspendLicenseRequest, v1::SuspendLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_suspend_license);
}

grpc::ServerUnaryReactor* LicenseService::ReinstateLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::ReinstateLicenseRequest,
                      v1::ReinstateLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_reinstate_license);
}

grpc::ServerUnaryReactor* LicenseService::RevokeLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::RevokeLicenseRequest, v1::RevokeLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_revoke_license,
      [](v1::Event& event, v1::RevokeLicenseResponse& answer) {
        v1::LicenseRevoked& revoked = *event.mutable_license_revoked();
        answer.unsafe_arena_set_allocated_evidence(revoked.mutable_evidence());
        *answer.mutable_released_reservations() =
            revoked.released_reservations();
      });
}

grpc::ServerUnaryReactor* LicenseService::RecordAnnouncement(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::RecordAnnouncementRequest,
                    v1::RecordAnnouncementResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_record_announcement);
}

grpc::ServerUnaryReactor* LicenseService::ListDeals(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListDealsRequest, v1::ListDealsResponse>(
      {runtime_, context, request, response}, &ReadDeals, ReadSource::kLog);
}

grpc::ServerUnaryReactor* LicenseService::RecordApplicationStep(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::RecordApplicationStepRequest,
                    v1::RecordApplicationStepResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_record_application_step);
}

grpc::ServerUnaryReactor* LicenseService::TransferLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::TransferLicenseRequest, v1::TransferLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_transfer_license);
}

grpc::ServerUnaryReactor* LicenseService::CorrectLicenseChange(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::CorrectLicenseChangeRequest,
                    v1::CorrectLicenseChangeResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_correct_license_change);
}

grpc::ServerUnaryReactor* LicenseService::ExtendLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ExtendLicenseRequest, v1::ExtendLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_extend_license);
}

grpc::ServerUnaryReactor* LicenseService::VoidLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::VoidLicenseRequest, v1::VoidLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_void_license);
}

grpc::ServerUnaryReactor* LicenseService::RecordCondition(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::RecordConditionRequest, v1::RecordConditionResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_record_condition);
}

grpc::ServerUnaryReactor* LicenseService::ApplyForLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ApplyForLicenseRequest, v1::ApplyForLicenseResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_apply_for_license);
}

grpc::ServerUnaryReactor* LicenseService::ReturnApplication(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ReturnApplicationRequest,
                    v1::ReturnApplicationResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_return_application);
}

grpc::ServerUnaryReactor* LicenseService::DenyApplication(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::DenyApplicationRequest, v1::DenyApplicationResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_deny_application);
}

grpc::ServerUnaryReactor* LicenseService::SubmitLicenseCommands(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommands<v1::SubmitLicenseCommandsRequest,
                       v1::SubmitLicenseCommandsResponse>(
      {runtime_, context, request, response}, LicenseCommandKinds());
}

grpc::ServerUnaryReactor* LicenseService::GetLicense(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetLicenseRequest, v1::GetLicenseResponse>(
      {runtime_, context, request, response}, &ReadLicense);
}

grpc::ServerUnaryReactor* LicenseService::ListLicenses(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListLicensesRequest, v1::ListLicensesResponse>(
      {runtime_, context, request, response}, &ReadLicenses);
}

grpc::ServerUnaryReactor* LicenseService::GetApplication(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetApplicationRequest, v1::GetApplicationResponse>(
      {runtime_, context, request, response}, &ReadApplication,
      ReadSource::kLog);
}

grpc::ServerUnaryReactor* LicenseService::ListApplications(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListApplicationsRequest, v1::ListApplicationsResponse>(
      {runtime_, context, request, response}, &ReadApplications,
      ReadSource::kLog);
}

}  // namespace chipledger
