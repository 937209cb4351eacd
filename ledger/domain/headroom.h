// Headroom rows of a snapshot.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_HEADROOM_H_
#define CHIPLEDGER_LEDGER_DOMAIN_HEADROOM_H_

#include <cstddef>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Answers GetHeadroom. `today` is used where the request has no date.
// Errors: INVALID_FIELD, POLICY_NOT_FOUND, RULE_NOT_FOUND.
absl::StatusOr<v1::HeadroomRow> GetHeadroom(
    const Snapshot& snapshot, const v1::GetHeadroomRequest& request,
    Date today);

// A row with the id of its total, which is also its place in the list.
struct ListedRow {
  TotalId id;
  v1::HeadroomRow row;
};

// Lists at most `limit` rows that match the filter, from the first whose id is
// above `after` (unset: from the start), in the order of TotalId.
// Requires: CheckHeadroomFilter accepts the filter.
std::vector<ListedRow> ListHeadroom(const Snapshot& snapshot,
                                    const v1::HeadroomFilter& filter,
                                    Date today,
                                    const std::optional<TotalId>& after,
                                    size_t limit);

// Errors: INVALID_FIELD, POLICY_NOT_FOUND.
absl::Status CheckHeadroomFilter(const Snapshot& snapshot,
                                 const v1::HeadroomFilter& filter);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_HEADROOM_H_
