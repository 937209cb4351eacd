// Bringing the state at a size into memory.
#ifndef CHIPLEDGER_LEDGER_LOAD_STATE_H_
#define CHIPLEDGER_LEDGER_LOAD_STATE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "ledger/domain/state.h"
#include "ledger/envelope.h"
#include "ledger/store/store.h"

namespace chipledger {

// Which shipments that changed since they were recorded are brought in.
enum class LoadShipments {
  kAll,
  // Those that changed since the mark. The others are found in the store when
  // they are asked for, so that a past state costs the same however many there
  // are.
  kSinceMark,
};

// The state at a size.
struct LoadedState {
  domain::State state;
  // Of the last entry, nanoseconds since the Unix epoch; 0 at size 0.
  int64_t last_record_time_ns = 0;
  // The mark that it was made from; 0 for none.
  uint64_t mark = 0;
};

// Loads the greatest mark not above `size` and folds the entries since: a
// bounded number, however long the log is. The state has an empty delta; what
// it would store with its next mark is what came since that mark. Errors:
// DATA_DAMAGED, and those of `read_entry`.
absl::StatusOr<LoadedState> LoadState(const store::Store& store, uint64_t size,
                                      LoadShipments shipments,
                                      ReadEntryBytes read_entry);

// Brings in what became of a shipment, which kSinceMark leaves out unless it
// changed since the mark. `shipment_index` is its first entry's.
// Errors: DATA_DAMAGED.
absl::Status BringInShipment(const store::Store& store, uint64_t shipment_index,
                             LoadedState& loaded);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_LOAD_STATE_H_
