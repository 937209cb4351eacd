#include "server/headroom_watch.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "ledger/domain/headroom.h"
#include "server/wire.h"

namespace chipledger {
namespace {

// About 150 KB: well below what clients take in one message.
constexpr size_t kRowsPerMessage = 1'000;

}  // namespace

absl::Status HeadroomWatch::Init(const v1::WatchHeadroomRequest& request) {
  filter_ = request.filter();
  return domain::CheckHeadroomFilter(*runtime_.ledger.Latest(), filter_);
}

absl::StatusOr<Watch::Step> HeadroomWatch::Next(bool sign_of_life) {
  if (next_unsent_ == unsent_.size()) CollectChanges();
  if (next_unsent_ < unsent_.size() || !caught_up_ || sign_of_life) {
    return SendRows();
  }
  Step step;
  step.then = Then::kWait;
  step.seen_size = size_;
  return step;
}

void HeadroomWatch::CollectChanges() {
  const std::shared_ptr<const domain::Snapshot> snapshot =
      runtime_.ledger.Latest();
  const Date today = runtime_.ledger.Today();
  if (caught_up_ && snapshot->size == size_ && today == today_) return;
  size_ = snapshot->size;
  today_ = today;
  unsent_.clear();
  next_unsent_ = 0;
  std::map<domain::TotalId, std::string> rows;
  for (domain::ListedRow& listed :
       domain::ListHeadroom({.snapshot = *snapshot, .today = today}, filter_,
                            std::nullopt, std::numeric_limits<size_t>::max())) {
    std::string bytes = listed.row.SerializeAsString();
    const auto before = sent_.find(listed.id);
    if (before == sent_.end() || before->second != bytes) {
      unsent_.push_back(std::move(listed.row));
    }
    rows.emplace_hint(rows.end(), std::move(listed.id), std::move(bytes));
  }
  sent_ = std::move(rows);
}

Watch::Step HeadroomWatch::SendRows() {
  v1::WatchHeadroomResponse response;
  const size_t end = std::min(next_unsent_ + kRowsPerMessage, unsent_.size());
  for (; next_unsent_ < end; ++next_unsent_) {
    *response.add_rows() = std::move(unsent_[next_unsent_]);
  }
  const bool last = next_unsent_ == unsent_.size();
  caught_up_ |= last;
  response.set_size(size_);
  response.set_caught_up(caught_up_);
  Step step;
  step.message = SerializeMessage(response);
  step.then = last ? Then::kWait : Then::kGoOn;
  step.seen_size = size_;
  return step;
}

}  // namespace chipledger
