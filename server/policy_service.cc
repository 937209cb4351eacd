#include "server/policy_service.h"

#include <memory>
#include <string>

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

const CommandKinds& PolicyCommandKinds() {
  static const auto& kinds = *new CommandKinds{
      v1::Command::kRegisterProduct, v1::Command::kRegisterParty,
      v1::Command::kChangeCountryGroup, v1::Command::kAdoptPolicy,
      v1::Command::kRescindPolicy};
  return kinds;
}

absl::Status ReadPolicy(const ReadView& view,
                        const v1::GetPolicyRequest& request,
                        v1::GetPolicyResponse& response) {
  const std::string& policy_id = request.policy_id();
  if (policy_id.empty()) return MissingField("policy_id");
  const domain::CompiledPolicy* policy =
      view.snapshot->catalog.FindPolicy(policy_id);
  if (policy == nullptr) {
    return MakeError(
        absl::StatusCode::kNotFound, "POLICY_NOT_FOUND",
        absl::StrCat("policy \"", policy_id, "\" was never adopted here"),
        {{"policy_id", policy_id}});
  }
  *response.mutable_policy() = policy->adopted;
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

absl::Status ReadPolicies(const ReadView& view, const v1::ListPoliciesRequest&,
                          v1::ListPoliciesResponse& response) {
  for (const auto& policy : view.snapshot->catalog.policies) {
    *response.add_policies() = policy->adopted;
  }
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

absl::Status ReadProducts(const ReadView& view,
                          const v1::ListProductsRequest& request,
                          v1::ListProductsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(FillPage(
      request, view.snapshot->catalog.products, page_size,
      [](const auto&) { return true; },
      [&](const auto& product) { *response.add_products() = *product; },
      response));
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

absl::Status ReadParties(const ReadView& view,
                         const v1::ListPartiesRequest& request,
                         v1::ListPartiesResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(FillPage(
      request, view.snapshot->catalog.parties, page_size,
      [](const auto&) { return true; },
      [&](const auto& party) { *response.add_parties() = *party; }, response));
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

absl::Status ReadCountryGroups(const ReadView& view,
                               const v1::ListCountryGroupsRequest&,
                               v1::ListCountryGroupsResponse& response) {
  view.snapshot->catalog.groups.VisitAll(
      [&](const std::string&, const auto& group) {
        *response.add_groups() = group->proto();
        return true;
      });
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* PolicyService::AdoptPolicy(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::AdoptPolicyRequest, v1::AdoptPolicyResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_adopt_policy);
}

grpc::ServerUnaryReactor* PolicyService::RescindPolicy(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::RescindPolicyRequest, v1::RescindPolicyResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_rescind_policy);
}

grpc::ServerUnaryReactor* PolicyService::RegisterProduct(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::RegisterProductRequest, v1::RegisterProductResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_register_product);
}

grpc::ServerUnaryReactor* PolicyService::RegisterParty(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::RegisterPartyRequest, v1::RegisterPartyResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_register_party);
}

grpc::ServerUnaryReactor* PolicyService::ChangeCountryGroup(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::ChangeCountryGroupRequest,
                      v1::ChangeCountryGroupResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_change_country_group);
}

grpc::ServerUnaryReactor* PolicyService::SubmitPolicyCommands(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommands<v1::SubmitPolicyCommandsRequest,
                       v1::SubmitPolicyCommandsResponse>(
      {runtime_, context, request, response}, PolicyCommandKinds());
}

grpc::ServerUnaryReactor* PolicyService::GetPolicy(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetPolicyRequest, v1::GetPolicyResponse>(
      {runtime_, context, request, response}, &ReadPolicy);
}

grpc::ServerUnaryReactor* PolicyService::ListPolicies(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListPoliciesRequest, v1::ListPoliciesResponse>(
      {runtime_, context, request, response}, &ReadPolicies);
}

grpc::ServerUnaryReactor* PolicyService::ListProducts(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListProductsRequest, v1::ListProductsResponse>(
      {runtime_, context, request, response}, &ReadProducts);
}

grpc::ServerUnaryReactor* PolicyService::ListParties(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListPartiesRequest, v1::ListPartiesResponse>(
      {runtime_, context, request, response}, &ReadParties);
}

grpc::ServerUnaryReactor* PolicyService::ListCountryGroups(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListCountryGroupsRequest, v1::ListCountryGroupsResponse>(
      {runtime_, context, request, response}, &ReadCountryGroups);
}

}  // namespace chipledger
