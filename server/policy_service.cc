#include "server/policy_service.h"

#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/through_date.h"
#include "server/what_if_call.h"
#include "server/write_call.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 100;
constexpr size_t kMaxPage = 1'000;

const CommandKinds& PolicyCommandKinds() {
  // The last is the ledger's own: it answers who else sends it.
  static const auto& kinds = *new CommandKinds{
      v1::Command::kRegisterProduct,    v1::Command::kRegisterParty,
      v1::Command::kChangeCountryGroup, v1::Command::kAdoptPolicy,
      v1::Command::kRescindPolicy,      v1::Command::kChangeHolidays,
      v1::Command::kRecordBackfill};
  return kinds;
}

// A policy as the moment has it, with how far it has counted the log by now.
v1::AdoptedPolicy PolicyNow(const ReadView& view,
                            const domain::CompiledPolicy& policy) {
  v1::AdoptedPolicy adopted =
      PolicyThrough(policy.adopted, view.moment.through);
  if (policy.IsBackfilling()) {
    adopted.mutable_backfill()->set_looked_at(
        view.ledger.BackfillLookedAt(adopted.policy().policy_id()));
  }
  return adopted;
}

absl::Status ReadPolicy(const ReadView& view,
                        const v1::GetPolicyRequest& request,
                        v1::GetPolicyResponse& response) {
  const std::string& policy_id = request.policy_id();
  if (policy_id.empty()) return MissingField("policy_id");
  const domain::CompiledPolicy* policy =
      view.snapshot().catalog().FindPolicy(policy_id);
  const Date through = view.moment.through;
  if (policy == nullptr ||
      !HoldsBy(policy->adopted.policy().effective_from(), through)) {
    return domain::PolicyNotFound(policy_id);
  }
  *response.mutable_policy() = PolicyNow(view, *policy);
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadPolicies(const ReadView& view,
                          const v1::ListPoliciesRequest& request,
                          v1::ListPoliciesResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  const auto& policies = view.snapshot().catalog().policies;
  size_t number = 0;
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(
        const std::vector<std::string> place,
        ReadPagePlace(request.page_token(), ListFingerprint(request), 1));
    if (!absl::SimpleAtoi(place.front(), &number)) return WrongPageToken();
  }
  PageRoom room(page_size);
  for (; number < policies.size() && !room.IsFull(); ++number) {
    const domain::CompiledPolicy& policy = *policies[number];
    if (!HoldsBy(policy.adopted.policy().effective_from(),
                 view.moment.through)) {
      continue;
    }
    room.Take(*response.add_policies() = PolicyNow(view, policy));
  }
  if (number < policies.size()) {
    response.set_next_page_token(WritePageToken(
        ListFingerprint(request), {.moments = {PinMoment(view.moment)},
                                   .place = {absl::StrCat(number)}}));
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

// The revision that was the latest by a date; null when there was none.
const v1::Product* ProductThrough(const domain::DatedProduct& product,
                                  Date through) {
  return through == Date::Max() ? &product.latest() : product.On(through);
}

absl::Status ReadProducts(const ReadView& view,
                          const v1::ListProductsRequest& request,
                          v1::ListProductsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  const v1::Product* product = nullptr;
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().catalog().products, page_size,
      [&](const auto& dated) {
        product = ProductThrough(*dated, view.moment.through);
        return product != nullptr;
      },
      [&](const auto&) -> const auto& {
        return *response.add_products() = *product;
      },
      response));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadParties(const ReadView& view,
                         const v1::ListPartiesRequest& request,
                         v1::ListPartiesResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().catalog().parties, page_size,
      [](const auto&) { return true; },
      [&](const auto& party) -> const auto& {
        return *response.add_parties() =
                   PartyThrough(*party, view.moment.through);
      },
      response));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadCountryGroups(const ReadView& view,
                               const v1::ListCountryGroupsRequest& request,
                               v1::ListCountryGroupsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().catalog().groups, page_size,
      [](const auto&) { return true; },
      [&](const auto& group) -> const auto& {
        return *response.add_groups() =
                   GroupThrough(group->proto(), view.moment.through);
      },
      response));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadCalendars(const ReadView& view,
                           const v1::ListHolidayCalendarsRequest& request,
                           v1::ListHolidayCalendarsResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  // Holidays are no facts of their day: a license that expires next year needs
  // next year's.
  RETURN_IF_ERROR(FillPage<std::string>(
      request, view.moment, view.snapshot().catalog().calendars, page_size,
      [](const auto&) { return true; },
      [&](const auto& calendar) -> const auto& {
        return *response.add_calendars() = *calendar;
      },
      response));
  response.set_size(view.snapshot().size);
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

grpc::ServerUnaryReactor* PolicyService::ChangeHolidays(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeEvent<v1::ChangeHolidaysRequest, v1::ChangeHolidaysResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_change_holidays);
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

grpc::ServerUnaryReactor* PolicyService::ListHolidayCalendars(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListHolidayCalendarsRequest,
                   v1::ListHolidayCalendarsResponse>(
      {runtime_, context, request, response}, &ReadCalendars);
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* PolicyService::WhatIf(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* request) {
  auto* call = new WhatIfCall(runtime_);
  call->Start(*request);
  return call;
}

}  // namespace chipledger
