#include "server/policy_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/amendment.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/headroom.h"
#include "ledger/domain/rules/policy_change.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/through_date.h"
#include "server/what_if_call.h"
#include "server/write_call.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 100;
constexpr size_t kMaxPage = 1'000;
constexpr size_t kStandardDiffPage = 1'000;
constexpr size_t kMaxDiffPage = 10'000;

const CommandKinds& PolicyCommandKinds() {
  // The last two are the ledger's own: it answers who else sends them.
  static const auto& kinds = *new CommandKinds{
      v1::Command::kRegisterProduct,    v1::Command::kRegisterParty,
      v1::Command::kChangeCountryGroup, v1::Command::kAdoptPolicy,
      v1::Command::kAmendPolicy,        v1::Command::kRescindPolicy,
      v1::Command::kChangeHolidays,     v1::Command::kRecordBackfill,
      v1::Command::kReportTotals};
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

// Whether a version judges facts dated by a date.
bool BeginsBy(const v1::AdoptedPolicy& adopted, Date through) {
  return HoldsBy(adopted.policy().effective_from(), through) &&
         (adopted.amended_from().empty() ||
          HoldsBy(adopted.amended_from(), through));
}

absl::Status ReadPolicy(const ReadView& view,
                        const v1::GetPolicyRequest& request,
                        v1::GetPolicyResponse& response) {
  const std::string& policy_id = request.policy_id();
  if (policy_id.empty()) return MissingField("policy_id");
  const domain::CompiledPolicy* found = nullptr;
  bool any = false;
  for (const auto& version : view.snapshot().catalog().policies) {
    if (version->policy_id() != policy_id ||
        !BeginsBy(version->adopted, view.moment.through)) {
      continue;
    }
    any = true;
    if (request.version() == 0 ||
        request.version() == version->adopted.version()) {
      found = version.get();
    }
  }
  if (!any) return domain::PolicyNotFound(policy_id);
  if (found == nullptr) {
    return InvalidFields(
        {{"version", absl::StrCat("policy \"", policy_id, "\" has no version ",
                                  request.version())}});
  }
  *response.mutable_policy() = PolicyNow(view, *found);
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadPolicies(const ReadView& view,
                          const v1::ListPoliciesRequest& request,
                          v1::ListPoliciesResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  const auto& policies = view.snapshot().catalog().policies;
  ASSIGN_OR_RETURN(uint64_t number, FirstOfPage(request, 0));
  PageRoom room(page_size);
  for (; number < policies.size() && !room.IsFull(); ++number) {
    const domain::CompiledPolicy& policy = *policies[number];
    if (!BeginsBy(policy.adopted, view.moment.through)) continue;
    room.Take(*response.add_policies() = PolicyNow(view, policy));
  }
  if (number < policies.size()) {
    SetNextPage(request, view.moment, absl::StrCat(number), response);
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadDifferences(const ReadView& view,
                             const v1::DiffPolicyRequest& request,
                             v1::DiffPolicyResponse& response) {
  if (!request.has_command()) return MissingField("command");
  ASSIGN_OR_RETURN(
      const size_t page_size,
      PageSize(request.page_size(), kStandardDiffPage, kMaxDiffPage));
  ASSIGN_OR_RETURN(const std::optional<domain::TotalKey> after,
                   TotalBeforePage(request));
  ASSIGN_OR_RETURN(const domain::Snapshot amended,
                   domain::WithAmendment(view.snapshot(), request));
  const v1::Policy& policy = request.command().policy();
  const domain::CompiledPolicy& latest =
      *view.snapshot().catalog().FindLatestVersion(policy.policy_id());
  *response.mutable_before() = PolicyNow(view, latest);
  for (const domain::RuleChange& change :
       domain::ChangesOf(latest.adopted.policy(), policy)) {
    v1::DiffPolicyResponse::RuleChange& out = *response.add_rule_changes();
    out.set_rule_id(change.rule_id());
    if (change.before != nullptr) *out.mutable_before() = *change.before;
    if (change.after != nullptr) *out.mutable_after() = *change.after;
    out.mutable_fields()->Add(change.fields.begin(), change.fields.end());
  }
  v1::HeadroomFilter filter;
  filter.set_policy_id(policy.policy_id());
  filter.set_on_date(request.command().effective_date());
  const Date today = view.ledger.Today();
  const Date through = view.moment.through;
  // One more than asked says whether there is a next page.
  std::vector<domain::ListedPair> pairs = domain::CompareHeadroom(
      {.snapshot = view.snapshot(), .today = today, .through = through},
      {.snapshot = amended, .today = today, .through = through}, filter, after,
      page_size + 1);
  const size_t all = pairs.size();
  pairs.resize(CountThatFit(
      pairs, page_size, [](const domain::ListedPair& listed) -> const auto& {
        return listed.pair;
      }));
  if (pairs.size() < all) {
    SetNextPage(request, view.moment, std::string(pairs.back().key.bytes()),
                response);
  }
  for (domain::ListedPair& listed : pairs) {
    *response.add_pairs() = std::move(listed.pair);
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
  for (const v1::Party& party : response.parties()) {
    const auto* met =
        view.snapshot().registers.party_conditions.Find(party.party_id());
    if (met == nullptr) continue;
    auto& conditions = *response.add_conditions();
    conditions.set_party(party.party_id());
    for (const v1::Condition& condition : (*met)->conditions()) {
      if (HoldsBy(condition.satisfied_date(), view.moment.through)) {
        *conditions.add_conditions() = condition;
      }
    }
  }
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

absl::Status ReadReports(const ReadView& view,
                         const v1::ListReportsRequest& request,
                         v1::ListReportsResponse& response) {
  if (request.policy_id().empty()) return MissingField("policy_id");
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  Date begin = Date::Min();
  if (!request.page_token().empty()) {
    ASSIGN_OR_RETURN(
        const std::vector<std::string> place,
        ReadPagePlace(request.page_token(), ListFingerprint(request), 1));
    const std::optional<Date> date = Date::Parse(place.front());
    if (!date) return WrongPageToken();
    begin = *date;
  }
  ASSIGN_OR_RETURN(Ledger::ReportsPage page,
                   view.ledger.ListReports(view.moment, request.policy_id(),
                                           begin, page_size));
  for (auto& report : page.reports) *response.add_reports() = std::move(report);
  if (page.next) {
    SetNextPage(request, view.moment, page.next->ToString(), response);
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadExplanation(const ReadView& view,
                             const v1::ExplainFactRequest& request,
                             v1::ExplainFactResponse& response) {
  if (!request.read_point().through_date().empty()) {
    return InvalidFields(
        {{"read_point.through_date",
          "is not taken: what was decided rests on all that was known"}});
  }
  ASSIGN_OR_RETURN(response, view.ledger.ExplainFact(view.moment, request));
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

grpc::ServerUnaryReactor* PolicyService::AmendPolicy(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeCommand<v1::AmendPolicyRequest, v1::AmendPolicyResponse>(
      {runtime_, context, request, response},
      &v1::Command::unsafe_arena_set_allocated_amend_policy);
}

grpc::ServerUnaryReactor* PolicyService::DiffPolicy(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::DiffPolicyRequest, v1::DiffPolicyResponse>(
      {runtime_, context, request, response}, &ReadDifferences);
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

grpc::ServerUnaryReactor* PolicyService::ExplainFact(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ExplainFactRequest, v1::ExplainFactResponse>(
      {runtime_, context, request, response}, &ReadExplanation,
      ReadSource::kLog);
}

grpc::ServerUnaryReactor* PolicyService::ListReports(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListReportsRequest, v1::ListReportsResponse>(
      {runtime_, context, request, response}, &ReadReports, ReadSource::kLog);
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
