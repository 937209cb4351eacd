#include "ledger/load_state.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_set.h"
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

// Brings in what became of a shipment until the mark, once.
class ShipmentRows {
 public:
  ShipmentRows(const store::Store& store, LoadedState& loaded)
      : store_(store), loaded_(loaded) {}

  absl::Status BringIn(uint64_t index) {
    // One recorded since is as its entry says.
    if (index >= loaded_.mark || !brought_.insert(index).second) {
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(auto row,
                     store_.marks().FindShipment(loaded_.mark, index));
    if (!row) return absl::OkStatus();
    storage::v1::StateRow state_row;
    *state_row.mutable_shipment() = *std::move(row);
    return loaded_.state.RestoreRow(state_row);
  }

 private:
  const store::Store& store_;
  LoadedState& loaded_;
  absl::flat_hash_set<uint64_t> brought_;
};

absl::Status FoldEntries(const store::Store& store, uint64_t end,
                         LoadShipments shipments, ReadEntryBytes read_entry,
                         LoadedState& loaded) {
  ShipmentRows rows(store, loaded);
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
      if (changed) RETURN_IF_ERROR(rows.BringIn(*changed));
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

}  // namespace chipledger
