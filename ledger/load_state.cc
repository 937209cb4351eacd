#include "ledger/load_state.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/envelope.h"

namespace chipledger {
namespace {

using google::protobuf::Arena;

// Large enough for any entry, so that parsing one seldom allocates.
constexpr size_t kArenaBytes = 256 * 1024;

absl::Status FoldEntries(const store::Store& store, uint64_t end,
                         LoadShipments shipments, ReadEntryBytes read_entry,
                         LoadedState& loaded) {
  const auto block = std::make_unique<char[]>(kArenaBytes);
  google::protobuf::ArenaOptions options;
  options.initial_block = block.get();
  options.initial_block_size = kArenaBytes;
  Arena arena(options);
  while (loaded.state.size() < end) {
    auto* entry = Arena::CreateMessage<v1::Entry>(&arena);
    RETURN_IF_ERROR(ReadWhole(read_entry, loaded.state.size(), *entry));
    if (shipments == LoadShipments::kSinceMark) {
      const auto changed = domain::ChangedShipmentOf(entry->event());
      if (changed) {
        RETURN_IF_ERROR(BringInShipment(store, *changed, loaded));
      }
    }
    RETURN_IF_ERROR(loaded.state.Fold(entry->event()));
    // Entries of a request follow each other by a nanosecond. What continues
    // the last event may reach beyond the end.
    const uint64_t last = std::min(loaded.state.size(), end) - 1;
    loaded.last_record_time_ns =
        RecordTimeNs(*entry) + static_cast<int64_t>(last - entry->index());
    arena.Reset();
  }
  loaded.state.MoveTo(end);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<LoadedState> LoadState(const store::Store& store, uint64_t size,
                                      LoadShipments shipments,
                                      ReadEntryBytes read_entry) {
  LoadedState loaded;
  ASSIGN_OR_RETURN(const std::optional<storage::v1::Mark> mark,
                   store.marks().Find(size));
  if (mark) {
    domain::State& state = loaded.state;
    RETURN_IF_ERROR(store.marks().VisitRows(
        *mark,
        shipments == LoadShipments::kAll
            ? store::StateMarks::Which::kAll
            : store::StateMarks::Which::kAllButShipments,
        [&](const storage::v1::StateRow& row) {
          return state.RestoreRow(row);
        }));
    RETURN_IF_ERROR(state.FinishRestore(mark->head()));
    loaded.last_record_time_ns = mark->head().last_record_time_ns();
    loaded.mark = mark->head().size();
  }
  RETURN_IF_ERROR(FoldEntries(store, size, shipments, read_entry, loaded));
  loaded.state.TakeDelta();
  return loaded;
}

absl::Status BringInShipment(const store::Store& store, uint64_t shipment_index,
                             LoadedState& loaded) {
  // One recorded since is as its entry says; one that the state has was brought
  // in before, and may have changed since.
  if (shipment_index >= loaded.mark ||
      loaded.state.HasShipmentRow(shipment_index)) {
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(auto row,
                   store.marks().FindShipment(loaded.mark, shipment_index));
  if (!row) return absl::OkStatus();
  storage::v1::StateRow state_row;
  *state_row.mutable_shipment() = *std::move(row);
  return loaded.state.RestoreRow(state_row);
}

}  // namespace chipledger
