// Events whose evidence takes more than one entry. Everything but storage and
// replay sees whole events.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_WHOLE_EVENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_WHOLE_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"

namespace chipledger::domain {

// How many entries an event takes: itself and those that continue it.
inline uint64_t EntriesOf(const v1::Event& event) {
  return uint64_t{1} + event.continued_by();
}

// Returns the events of the entries that a whole event is stored in, on
// `arena`; just the event when it fits into one. `index` is that of the first.
// Each is at most `max_bytes` long, unless what is no evidence is longer
// already. The same for the same event, always.
std::vector<v1::Event*> SplitEvent(v1::Event& whole, uint64_t index,
                                   size_t max_bytes,
                                   google::protobuf::Arena* arena);

// Completes the event of entry `index` by those that continue it. `read`
// returns the event of an entry. Errors: DATA_DAMAGED, and those of `read`.
absl::Status CompleteEvent(
    absl::FunctionRef<absl::StatusOr<v1::Event>(uint64_t index)> read,
    uint64_t index, v1::Event& event);

// Adds what the next entry, which continues the event of entry `index`, has.
// Errors: DATA_DAMAGED.
absl::Status ContinueEvent(const v1::Event& next, uint64_t index,
                           v1::Event& event);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_WHOLE_EVENT_H_
