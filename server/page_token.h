// Paging (AIP-158): page sizes, and tokens that say where to go on.
#ifndef CHIPLEDGER_SERVER_PAGE_TOKEN_H_
#define CHIPLEDGER_SERVER_PAGE_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"

namespace chipledger {

// How many rows a page has: `asked`, `standard` for 0, at most `max`.
// Errors: INVALID_FIELD for a negative one.
absl::StatusOr<size_t> PageSize(int32_t asked, size_t standard, size_t max);

// Names the list that a token belongs to: the request without its page_size,
// page_token and freshness. Equal on every build.
uint64_t ListFingerprint(const google::protobuf::Message& request);

// Writes a token: the list it belongs to, and the place to go on, as strings.
std::string WritePageToken(uint64_t list,
                           const std::vector<std::string>& place);

// Reads a token's place, which has `parts` strings.
// Errors: INVALID_FIELD when it is no token of this list.
absl::StatusOr<std::vector<std::string>> ReadPageToken(absl::string_view token,
                                                       uint64_t list,
                                                       size_t parts);

// The error for a page token that does not fit.
absl::Status WrongPageToken();

// Fills a page of a list by key: calls add(value) for at most `page_size`
// values of a PersistentMap<std::string, Value> that `matches` takes, from
// where the request's page_token says, and sets the response's next_page_token.
// Errors: INVALID_FIELD for the page_token.
template <typename Request, typename Response, typename Map, typename Matches,
          typename Add>
absl::Status FillPage(const Request& request, const Map& map, size_t page_size,
                      Matches matches, Add add, Response& response) {
  std::string from;
  if (!request.page_token().empty()) {
    absl::StatusOr<std::vector<std::string>> place =
        ReadPageToken(request.page_token(), ListFingerprint(request), 1);
    if (!place.ok()) return std::move(place).status();
    from = std::move(place->front());
  }
  size_t added = 0;
  map.VisitFrom(from, [&](const std::string& key, const auto& value) {
    if (!matches(value)) return true;
    if (added == page_size) {
      response.set_next_page_token(
          WritePageToken(ListFingerprint(request), {key}));
      return false;
    }
    add(value);
    ++added;
    return true;
  });
  return absl::OkStatus();
}

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_PAGE_TOKEN_H_
