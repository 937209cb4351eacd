// Headroom rows of a moment.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_HEADROOM_H_
#define CHIPLEDGER_LEDGER_DOMAIN_HEADROOM_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// What headroom is read from. Borrows the snapshot.
struct HeadroomView {
  const Snapshot& snapshot;
  // Used where a request has no date.
  Date today;
  // Only what counts by a date not after this.
  Date through = Date::Max();
};

// Finds the total that a request names: a rule, exactly the group's fields that
// the rule groups by, and the window of `on_date` (empty: today).
// Errors: INVALID_FIELD, POLICY_NOT_FOUND, RULE_NOT_FOUND; where nothing
// counted yet, those of CheckGroupKnown, and NOT_COVERED when nothing can.
absl::StatusOr<TotalKey> FindTotalKey(const HeadroomView& view,
                                      absl::string_view policy_id,
                                      absl::string_view rule_id,
                                      const v1::GroupKey& group,
                                      const std::string& on_date);

// Answers GetHeadroom. Errors: as FindTotalKey.
absl::StatusOr<v1::HeadroomRow> GetHeadroom(
    const HeadroomView& view, const v1::GetHeadroomRequest& request);

// Answers GetTimeline but for the size. Errors: as FindTotalKey.
absl::StatusOr<v1::GetTimelineResponse> GetTimeline(
    const HeadroomView& view, const v1::GetTimelineRequest& request);

// A row with the key of its total, which is also its place in the list.
struct ListedRow {
  TotalKey key;
  v1::HeadroomRow row;
};

// Lists at most `limit` rows that match the filter, from the first whose key is
// above `after` (unset: from the start), in the order of TotalKey.
// Requires: CheckHeadroomFilter accepts the filter.
std::vector<ListedRow> ListHeadroom(const HeadroomView& view,
                                    const v1::HeadroomFilter& filter,
                                    const std::optional<TotalKey>& after,
                                    size_t limit);

// A total at two moments, with its place in the list.
struct ListedPair {
  TotalKey key;
  v1::CompareHeadroomResponse::Pair pair;
};

// Lists at most `limit` totals that match the filter and differ, from the first
// whose key is above `after`, in the order of TotalKey. `earlier` and `later`
// are moments of one ledger. Requires: CheckHeadroomFilter accepts the filter
// for `later`.
std::vector<ListedPair> CompareHeadroom(const HeadroomView& earlier,
                                        const HeadroomView& later,
                                        const v1::HeadroomFilter& filter,
                                        const std::optional<TotalKey>& after,
                                        size_t limit);

// Errors: INVALID_FIELD; POLICY_NOT_FOUND, RULE_NOT_FOUND, PARTY_NOT_FOUND,
// PRODUCT_NOT_FOUND, COUNTRY_GROUP_NOT_FOUND; LICENSE_NOT_FOUND for a license
// that was never granted and has no total.
absl::Status CheckHeadroomFilter(const Snapshot& snapshot,
                                 const v1::HeadroomFilter& filter);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_HEADROOM_H_
