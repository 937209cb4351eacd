// Paging (AIP-158): page sizes, and tokens that say where to go on and at which
// moment.
#ifndef CHIPLEDGER_SERVER_PAGE_TOKEN_H_
#define CHIPLEDGER_SERVER_PAGE_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/common.pb.h"
#include "google/protobuf/message.h"
#include "ledger/base/limits.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"

namespace chipledger {

// How many rows a page has: `asked`, `standard` for 0, at most `max`.
// Errors: INVALID_FIELD for a negative one.
absl::StatusOr<size_t> PageSize(int32_t asked, size_t standard, size_t max);

// Names the list that a token belongs to: the request without its page_size,
// page_token and read points. Equal on every build.
uint64_t ListFingerprint(const google::protobuf::Message& request);

// What a page token says.
struct PageToken {
  // The moment that all pages of the list read, by size; two for a comparison.
  std::vector<v1::ReadPoint> moments;
  // Where to go on.
  std::vector<std::string> place;
};

// The read point that leads to a moment again.
v1::ReadPoint PinMoment(const Ledger::Moment& moment);

// Writes a token of the list.
std::string WritePageToken(uint64_t list, const PageToken& token);

// Reads a token with so many moments.
// Errors: INVALID_FIELD when it is no token of this list.
absl::StatusOr<PageToken> ReadPageToken(absl::string_view text, uint64_t list,
                                        size_t moments);

// Reads the place of a token with one moment, which has `parts` strings.
// Errors: INVALID_FIELD when it is no token of this list.
absl::StatusOr<std::vector<std::string>> ReadPagePlace(absl::string_view text,
                                                       uint64_t list,
                                                       size_t parts);

// The error for a page token that does not fit.
absl::Status WrongPageToken();

// The total that a place names. Errors: INVALID_FIELD.
absl::StatusOr<domain::TotalKey> TotalOfPlace(
    const std::vector<std::string>& place);

// Where a page of a list by number, such as of entries, begins: at `first`, or
// where the request's page_token says. Errors: INVALID_FIELD.
template <typename Request>
absl::StatusOr<uint64_t> FirstOfPage(const Request& request, uint64_t first) {
  if (request.page_token().empty()) return first;
  const absl::StatusOr<std::vector<std::string>> place =
      ReadPagePlace(request.page_token(), ListFingerprint(request), 1);
  if (!place.ok()) return place.status();
  if (!absl::SimpleAtoi(place->front(), &first)) return WrongPageToken();
  return first;
}

// The last total of the page before, in a list of totals; nothing for the first
// page. Errors: INVALID_FIELD.
template <typename Request>
absl::StatusOr<std::optional<domain::TotalKey>> TotalBeforePage(
    const Request& request) {
  if (request.page_token().empty()) return std::nullopt;
  const absl::StatusOr<std::vector<std::string>> place =
      ReadPagePlace(request.page_token(), ListFingerprint(request), 1);
  if (!place.ok()) return place.status();
  return TotalOfPlace(*place);
}

// Says in a response where the next page begins.
template <typename Request, typename Response>
void SetNextPage(const Request& request, const Ledger::Moment& moment,
                 std::string place, Response& response) {
  response.set_next_page_token(WritePageToken(
      ListFingerprint(request),
      {.moments = {PinMoment(moment)}, .place = {std::move(place)}}));
}

// Keys of lists as they stand in tokens.
inline std::string KeyToText(const std::string& key) { return key; }
inline std::string KeyToText(uint64_t key) { return absl::StrCat(key); }
inline bool KeyFromText(std::string text, std::string& key) {
  key = std::move(text);
  return true;
}
inline bool KeyFromText(const std::string& text, uint64_t& key) {
  return absl::SimpleAtoi(text, &key);
}

// PageRoom says when a page is full: by its rows or by its bytes.
class PageRoom {
 public:
  explicit PageRoom(size_t page_size) : rows_(page_size) {}
  bool IsFull() const { return rows_ == 0 || bytes_ >= limits::kMaxPageBytes; }
  void Take(const google::protobuf::Message& row) {
    --rows_;
    bytes_ += row.ByteSizeLong();
  }

 private:
  size_t rows_;
  size_t bytes_ = 0;
};

// How many of the first of a list fit on a page; row_of(listed) is the row.
template <typename Listed, typename RowOf>
size_t CountThatFit(const std::vector<Listed>& list, size_t page_size,
                    RowOf row_of) {
  PageRoom room(page_size);
  size_t count = 0;
  for (; count < list.size() && !room.IsFull(); ++count) {
    room.Take(row_of(list[count]));
  }
  return count;
}

// Fills a page of a list by key at a moment: calls add(value), which returns
// the row that it added, for values of a PersistentMap<Key, Value> that
// `matches` takes, from where the request's page_token says, until the page is
// full; and sets the response's next_page_token. Errors: INVALID_FIELD for the
// page_token.
template <typename Key, typename Request, typename Response, typename Map,
          typename Matches, typename Add>
absl::Status FillPage(const Request& request, const Ledger::Moment& moment,
                      const Map& map, size_t page_size, Matches matches,
                      Add add, Response& response) {
  Key from{};
  if (!request.page_token().empty()) {
    absl::StatusOr<std::vector<std::string>> place =
        ReadPagePlace(request.page_token(), ListFingerprint(request), 1);
    if (!place.ok()) return std::move(place).status();
    if (!KeyFromText(std::move(place->front()), from)) return WrongPageToken();
  }
  PageRoom room(page_size);
  map.VisitFrom(from, [&](const Key& key, const auto& value) {
    if (!matches(value)) return true;
    if (room.IsFull()) {
      SetNextPage(request, moment, KeyToText(key), response);
      return false;
    }
    room.Take(add(value));
    return true;
  });
  return absl::OkStatus();
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_PAGE_TOKEN_H_
