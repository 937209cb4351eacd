#include "ledger/past_states.h"

#include <algorithm>
#include <utility>

#include "ledger/base/status_macros.h"
#include "ledger/load_state.h"

namespace chipledger {

absl::StatusOr<std::shared_ptr<const domain::Snapshot>> PastStates::At(
    uint64_t size) {
  const std::shared_ptr<Slot> slot = SlotOf(size);
  absl::MutexLock lock(&slot->mutex);
  if (slot->snapshot == nullptr) {
    ASSIGN_OR_RETURN(slot->snapshot, Load(size));
  }
  return slot->snapshot;
}

std::shared_ptr<PastStates::Slot> PastStates::SlotOf(uint64_t size) {
  // One that is let go is freed after the lock.
  std::shared_ptr<Slot> least_used;
  absl::MutexLock lock(&mutex_);
  const auto found =
      std::find_if(slots_.begin(), slots_.end(),
                   [&](const auto& slot) { return slot->size == size; });
  if (found != slots_.end()) {
    slots_.splice(slots_.begin(), slots_, found);
  } else {
    slots_.push_front(std::make_shared<Slot>(size));
    if (slots_.size() > max_kept_) {
      least_used = std::move(slots_.back());
      slots_.pop_back();
    }
  }
  return slots_.front();
}

absl::StatusOr<std::shared_ptr<const domain::Snapshot>> PastStates::Load(
    uint64_t size) const {
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  ASSIGN_OR_RETURN(
      const LoadedState loaded,
      LoadState(store_, size, LoadShipments::kSinceMark,
                [&](uint64_t index) { return reader->Read(index); }));
  auto snapshot = std::make_shared<domain::Snapshot>(loaded.state.ToSnapshot());
  snapshot->last_record_time_ns = loaded.last_record_time_ns;
  snapshot->shipments_mark = loaded.mark;
  return std::shared_ptr<const domain::Snapshot>(std::move(snapshot));
}

}  // namespace chipledger
