#include "server/headroom_service.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/headroom.h"
#include "server/headroom_watch.h"
#include "server/page_token.h"
#include "server/read_call.h"
#include "server/start_watch.h"

namespace chipledger {
namespace {

constexpr size_t kStandardPage = 1'000;
constexpr size_t kMaxPage = 10'000;

absl::Status ReadHeadroom(const ReadView& view,
                          const v1::GetHeadroomRequest& request,
                          v1::GetHeadroomResponse& response) {
  ASSIGN_OR_RETURN(
      *response.mutable_row(),
      domain::GetHeadroom(*view.snapshot, request, view.ledger.Today()));
  response.set_size(view.snapshot->size);
  return absl::OkStatus();
}

std::vector<std::string> PlaceOf(const domain::TotalId& id) {
  return {absl::StrCat(id.policy), absl::StrCat(id.rule),
          absl::StrCat(id.window_start), id.country, id.license_id};
}

// The last row of the page before; nothing for the first page.
absl::StatusOr<std::optional<domain::TotalId>> PlaceBefore(
    const v1::ListHeadroomRequest& request) {
  if (request.page_token().empty()) return std::nullopt;
  ASSIGN_OR_RETURN(
      std::vector<std::string> place,
      ReadPageToken(request.page_token(), ListFingerprint(request), 5));
  domain::TotalId id;
  if (!absl::SimpleAtoi(place[0], &id.policy) ||
      !absl::SimpleAtoi(place[1], &id.rule) ||
      !absl::SimpleAtoi(place[2], &id.window_start)) {
    return WrongPageToken();
  }
  id.country = std::move(place[3]);
  id.license_id = std::move(place[4]);
  return id;
}

absl::Status ReadHeadroomRows(const ReadView& view,
                              const v1::ListHeadroomRequest& request,
                              v1::ListHeadroomResponse& response) {
  ASSIGN_OR_RETURN(const size_t page_size,
                   PageSize(request.page_size(), kStandardPage, kMaxPage));
  ASSIGN_OR_RETURN(const std::optional<domain::TotalId> after,
                   PlaceBefore(request));
  RETURN_IF_ERROR(
      domain::CheckHeadroomFilter(*view.snapshot, request.filter()));
  // One more than asked says whether there is a next page.
  std::vector<domain::ListedRow> rows =
      domain::ListHeadroom(*view.snapshot, request.filter(),
                           view.ledger.Today(), after, page_size + 1);
  if (rows.size() > page_size) {
    rows.resize(page_size);
    response.set_next_page_token(
        WritePageToken(ListFingerprint(request), PlaceOf(rows.back().id)));
  }
  for (domain::ListedRow& listed : rows) {
    *response.add_rows() = std::move(listed.row);
  }
  response.set_size(view.snapshot->size);
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

grpc::ServerWriteReactor<grpc::ByteBuffer>* HeadroomService::WatchHeadroom(
    grpc::CallbackServerContext*, const grpc::ByteBuffer* request) {
  return StartWatch<HeadroomWatch, v1::WatchHeadroomRequest>(runtime_,
                                                             *request);
}

}  // namespace chipledger
