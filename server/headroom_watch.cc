#include "server/headroom_watch.h"

#include <limits>
#include <memory>
#include <optional>

#include "ledger/base/status_macros.h"
#include "ledger/domain/headroom.h"
#include "server/wire.h"

namespace chipledger {
namespace {

// About 150 KB: well below what clients take in one message.
constexpr int kRowsPerMessage = 1'000;

}  // namespace

absl::Status HeadroomWatch::Init(const v1::WatchHeadroomRequest& request) {
  if (request.has_seen()) {
    RETURN_IF_ERROR(positions_.CheckContinues(request.seen()));
  }
  filter_ = request.filter();
  return domain::CheckHeadroomFilter(*runtime_.ledger.Latest(), filter_);
}

absl::StatusOr<Watch::Step> HeadroomWatch::Next(bool sign_of_life) {
  if (unsent_.empty()) CollectChanges();
  if (!unsent_.empty() || !caught_up_ || sign_of_life) return Send();
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
  std::map<domain::TotalKey, std::string> rows;
  for (domain::ListedRow& listed :
       domain::ListHeadroom({.snapshot = *snapshot, .today = today}, filter_,
                            std::nullopt, std::numeric_limits<size_t>::max())) {
    std::string bytes = listed.row.SerializeAsString();
    const auto before = sent_.find(listed.key);
    if (before == sent_.end() || before->second != bytes) {
      *OpenMessage().add_rows() = std::move(listed.row);
    }
    rows.emplace_hint(rows.end(), std::move(listed.key), std::move(bytes));
  }
  for (const auto& [key, bytes] : sent_) {
    if (rows.contains(key)) continue;
    v1::HeadroomRow row;
    row.ParseFromString(bytes);
    auto& removed = *OpenMessage().add_removed_rows();
    removed.set_policy_id(row.policy_id());
    removed.set_rule_id(row.rule_id());
    *removed.mutable_group() = std::move(*row.mutable_group());
    removed.set_window_start(row.window_start());
  }
  sent_ = std::move(rows);
}

v1::WatchHeadroomResponse& HeadroomWatch::OpenMessage() {
  if (unsent_.empty() ||
      unsent_.back().rows_size() + unsent_.back().removed_rows_size() >=
          kRowsPerMessage) {
    unsent_.emplace_back();
  }
  return unsent_.back();
}

absl::StatusOr<Watch::Step> HeadroomWatch::Send() {
  v1::WatchHeadroomResponse response;
  if (!unsent_.empty()) {
    response = std::move(unsent_.front());
    unsent_.pop_front();
  }
  const bool last = unsent_.empty();
  caught_up_ |= last;
  // Until the last message the caller's rows are of no size.
  if (last) {
    response.set_size(size_);
    ASSIGN_OR_RETURN(*response.mutable_position(), positions_.At(size_));
  }
  response.set_caught_up(caught_up_);
  Step step;
  step.message = SerializeMessage(response);
  step.then = last ? Then::kWait : Then::kGoOn;
  step.seen_size = size_;
  return step;
}

}  // namespace chipledger
