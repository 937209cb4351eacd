#include "server/headroom_service.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/headroom.h"
#include "ledger/domain/known.h"
#include "server/headroom_watch.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/start_watch.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 1'000;
constexpr size_t kMaxPage = 10'000;
constexpr size_t kStandardEntryPage = 100;
constexpr size_t kMaxEntryPage = 1'000;

domain::HeadroomView ToHeadroomView(const Ledger& ledger,
                                    const Ledger::Moment& moment) {
  return {.snapshot = *moment.snapshot,
          .today = ledger.Today(),
          .through = moment.through};
}

domain::HeadroomView ToHeadroomView(const ReadView& view) {
  return ToHeadroomView(view.ledger, view.moment);
}

absl::Status ReadHeadroom(const ReadView& view,
                          const v1::GetHeadroomRequest& request,
                          v1::GetHeadroomResponse& response) {
  ASSIGN_OR_RETURN(*response.mutable_row(),
                   domain::GetHeadroom(ToHeadroomView(view), request));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadTimeline(const ReadView& view,
                          const v1::GetTimelineRequest& request,
                          v1::GetTimelineResponse& response) {
  ASSIGN_OR_RETURN(response,
                   domain::GetTimeline(ToHeadroomView(view), request));
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadHeadroomRows(const ReadView& view,
                              const v1::ListHeadroomRequest& request,
                              v1::ListHeadroomResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  ASSIGN_OR_RETURN(const std::optional<domain::TotalKey> after,
                   TotalBeforePage(request));
  RETURN_IF_ERROR(
      domain::CheckHeadroomFilter(view.snapshot(), request.filter()));
  // One more than asked says whether there is a next page.
  std::vector<domain::ListedRow> rows = domain::ListHeadroom(
      ToHeadroomView(view), request.filter(), after, page_size + 1);
  const size_t all = rows.size();
  rows.resize(CountThatFit(
      rows, page_size, [](const domain::ListedRow& listed) -> const auto& {
        return listed.row;
      }));
  if (rows.size() < all) {
    SetNextPage(request, view.moment, std::string(rows.back().key.bytes()),
                response);
  }
  for (domain::ListedRow& listed : rows) {
    *response.add_rows() = std::move(listed.row);
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadTotalEntries(const ReadView& view,
                              const v1::ListTotalEntriesRequest& request,
                              v1::ListTotalEntriesResponse& response) {
  ASSIGN_OR_RETURN(
      const size_t page_size,
      PageSize(request.page_size(), kStandardEntryPage, kMaxEntryPage));
  ASSIGN_OR_RETURN(const domain::TotalKey total,
                   domain::FindTotalKey(ToHeadroomView(view),
                                        request.policy_id(), request.rule_id(),
                                        request.group(), request.on_date()));
  ASSIGN_OR_RETURN(const uint64_t begin,
                   FirstOfPage(request, request.start_index()));
  ASSIGN_OR_RETURN(
      Ledger::TotalEntriesPage page,
      view.ledger.ListTotalEntries(view.moment, total, begin, page_size));
  for (auto& movement : page.movements) {
    *response.add_movements() = std::move(movement);
  }
  if (page.next) {
    SetNextPage(request, view.moment, absl::StrCat(*page.next), response);
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

absl::Status ReadNotices(const ReadView& view,
                         const v1::ListNoticesRequest& request,
                         v1::ListNoticesResponse& response) {
  ASSIGN_OR_RETURN(
      const size_t page_size,
      PageSize(request.page_size(), kStandardEntryPage, kMaxEntryPage));
  RETURN_IF_ERROR(domain::CheckRuleKnown(view.snapshot(), request.policy_id(),
                                         request.rule_id()));
  ASSIGN_OR_RETURN(const uint64_t begin,
                   FirstOfPage(request, request.start_index()));
  ASSIGN_OR_RETURN(
      Ledger::NoticesPage page,
      view.ledger.ListNotices(view.moment, request, begin, page_size));
  for (auto& notice : page.notices) {
    *response.add_notices() = std::move(notice);
  }
  if (page.next) {
    SetNextPage(request, view.moment, absl::StrCat(*page.next), response);
  }
  response.set_size(view.snapshot().size);
  return absl::OkStatus();
}

// What a page of CompareHeadroom reads.
struct ComparedMoments {
  v1::ReadPoint before;
  v1::ReadPoint after;
  // The last total of the page before.
  std::optional<domain::TotalKey> last;
};

absl::StatusOr<ComparedMoments> MomentsOf(
    const v1::CompareHeadroomRequest& request) {
  if (!request.has_before()) return MissingField("before");
  if (request.page_token().empty()) {
    return ComparedMoments{.before = request.before(),
                           .after = request.after()};
  }
  ASSIGN_OR_RETURN(PageToken token, ReadPageToken(request.page_token(),
                                                  ListFingerprint(request), 2));
  ASSIGN_OR_RETURN(domain::TotalKey last, TotalOfPlace(token.place));
  return ComparedMoments{.before = std::move(token.moments[0]),
                         .after = std::move(token.moments[1]),
                         .last = std::move(last)};
}

absl::Status Compare(const Ledger& ledger, const Ledger::Moment& before,
                     const Ledger::Moment& after,
                     const std::optional<domain::TotalKey>& last,
                     const v1::CompareHeadroomRequest& request,
                     v1::CompareHeadroomResponse& response) {
  if (before.snapshot->size > after.snapshot->size) {
    return InvalidFields(
        {{"before",
          absl::StrCat("is the moment of size ", before.snapshot->size,
                       ", which is later than the other, of size ",
                       after.snapshot->size)}});
  }
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  RETURN_IF_ERROR(
      domain::CheckHeadroomFilter(*after.snapshot, request.filter()));
  // One more than asked says whether there is a next page.
  std::vector<domain::ListedPair> pairs = domain::CompareHeadroom(
      ToHeadroomView(ledger, before), ToHeadroomView(ledger, after),
      request.filter(), last, page_size + 1);
  const size_t all = pairs.size();
  pairs.resize(CountThatFit(
      pairs, page_size, [](const domain::ListedPair& listed) -> const auto& {
        return listed.pair;
      }));
  if (pairs.size() < all) {
    response.set_next_page_token(
        WritePageToken(ListFingerprint(request),
                       {.moments = {PinMoment(before), PinMoment(after)},
                        .place = {std::string(pairs.back().key.bytes())}}));
  }
  for (domain::ListedPair& listed : pairs) {
    *response.add_pairs() = std::move(listed.pair);
  }
  response.set_before_size(before.snapshot->size);
  response.set_after_size(after.snapshot->size);
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* HeadroomService::GetHeadroom(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetHeadroomRequest, v1::GetHeadroomResponse>(
      {runtime_, context, request, response}, &ReadHeadroom);
}

grpc::ServerUnaryReactor* HeadroomService::ListHeadroom(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListHeadroomRequest, v1::ListHeadroomResponse>(
      {runtime_, context, request, response}, &ReadHeadroomRows);
}

grpc::ServerUnaryReactor* HeadroomService::GetTimeline(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::GetTimelineRequest, v1::GetTimelineResponse>(
      {runtime_, context, request, response}, &ReadTimeline);
}

grpc::ServerUnaryReactor* HeadroomService::ListTotalEntries(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListTotalEntriesRequest, v1::ListTotalEntriesResponse>(
      {runtime_, context, request, response}, &ReadTotalEntries,
      ReadSource::kLog);
}

grpc::ServerUnaryReactor* HeadroomService::ListNotices(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request,
    grpc::ByteBuffer* response) {
  return ServeRead<v1::ListNoticesRequest, v1::ListNoticesResponse>(
      {runtime_, context, request, response}, &ReadNotices, ReadSource::kLog);
}

grpc::ServerUnaryReactor* HeadroomService::CompareHeadroom(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* bytes,
    grpc::ByteBuffer* response) {
  const UnaryCall call{runtime_, context, bytes, response};
  v1::CompareHeadroomRequest request;
  absl::Status status = ParseMessage(*bytes, request);
  if (!status.ok()) return FailCall(call, status);
  absl::StatusOr<ComparedMoments> moments = MomentsOf(request);
  if (!moments.ok()) return FailCall(call, moments.status());
  const v1::ReadPoint later = moments->after;
  // The later moment may have to be waited for; then the earlier one is there.
  return ServeAtMoment(
      call, later, ReadSource::kMemory,
      [call, request = std::move(request), moments = *std::move(moments)](
          grpc::ServerUnaryReactor* reactor, Ledger::Moment after) mutable {
        v1::ReadPoint before = std::move(moments.before);
        if (!before.has_at_size() && !before.has_at_record_time()) {
          before.clear_min_size();
          before.set_at_size(after.snapshot->size);
        }
        call.runtime->ledger.ReadAt(
            before, WaitUntil(*call.context),
            [call, reactor, request = std::move(request),
             last = std::move(moments.last),
             after = std::move(after)](absl::StatusOr<Ledger::Moment> found) {
              v1::CompareHeadroomResponse answer;
              absl::Status status = found.status();
              if (status.ok()) {
                status = Compare(call.runtime->ledger, *found, after, last,
                                 request, answer);
              }
              FinishCall(call, reactor, status, answer);
            });
      });
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* HeadroomService::WatchHeadroom(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* request) {
  return StartWatch<HeadroomWatch, v1::WatchHeadroomRequest>(runtime_,
                                                             *request);
}

}  // namespace chipledger
