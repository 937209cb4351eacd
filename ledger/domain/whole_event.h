// Events whose evidence takes more than one entry. Everything but storage and
// replay sees whole events.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_WHOLE_EVENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_WHOLE_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"

namespace chipledger::domain {

// How many entries an event takes: itself and those that continue it.
inline uint64_t EntriesOf(const v1::Event& event) {
  return uint64_t{1} + event.continued_by();
}

// Returns the events of the entries that a whole event is stored in, on
// `arena`; just the event when it fits into one. `index` is that of the first,
// which says how many continue it. Each is at most `max_bytes` long, unless
// what is no evidence is longer already. The same for the same event, always,
// whether it says already how many entries continue it or not.
std::vector<v1::Event*> SplitEvent(v1::Event& whole, uint64_t index,
                                   size_t max_bytes,
                                   google::protobuf::Arena* arena);

// Reads an entry with its event whole: completed by the entries after it that
// continue it. `read` reads an entry as it is stored.
// Errors: DATA_DAMAGED, and those of `read`.
absl::Status ReadWholeEntry(
    absl::FunctionRef<absl::Status(uint64_t index, v1::Entry& entry)> read,
    uint64_t index, v1::Entry& entry);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_WHOLE_EVENT_H_
