#include "server/license_service.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/write_call.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 100;
constexpr size_t kMaxPage = 1'000;

const CommandKinds& LicenseCommandKinds() {
  static const auto& kinds = *new CommandKinds{
      v1::Command::kGrantLicense, v1::Command::kAmendLicense,
      v1::Command::kSuspendLicense, v1::Command::kReinstateLicense,
      v1::Command::kRevokeLicense};
  return kinds;
}

absl::Status ReadLicense(const ReadView& view,
                         const v1::GetLicenseRequest& request,
                         v1::GetLicenseResponse& response) {
  const std::string& license_id = request.license_id();
  if (license_id.empty()) return MissingField("license_id");
  const auto* license = view.snapshot->licenses.Find(license_id);
  if (license == nullptr) {
    return MakeError(
        absl::StatusCode::kNotFound, "LICENSE_NOT_FOUND",
        absl::StrCat("license \"", license_id, "\" was never granted here"),
        {{"license_id", license_id}});
  }
  *response.mutable_license() = (*license)->ToView();
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

bool Matches(const v1::License& license,
             const v1::ListLicensesRequest& request) {
  return (request.exporter().empty() ||
          license.exporter() == request.exporter()) &&
         (request.destination_country().empty() ||
          absl::c_linear_search(license.destination_countries(),
                                request.destination_country()));
}

absl::Status ReadLicenses(const ReadView& view,
                          const v1::ListLicensesRequest& request,
                          v1::ListLicensesResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(FillPage(
      request, view.snapshot->licenses, page_size,
      [&](const auto& license) { return Matches(license->license, request); },
      [&](const auto& license) {
        *response.add_licenses() = license->ToView();
      },
      response));
  response.set_size(view.snapshot->size);
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
        answer.unsafe_arena_set_allocated_evidence(
            event.mutable_license_granted()->mutable_evidence());
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
        answer.unsafe_arena_set_allocated_evidence(
            event.mutable_license_revoked()->mutable_evidence());
      });
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

}  // namespace chipledger
