// The envelope that makes an event an entry.
#ifndef CHIPLEDGER_LEDGER_ENVELOPE_H_
#define CHIPLEDGER_LEDGER_ENVELOPE_H_

#include <cstdint>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/uuid.h"
#include "ledger/store/entry_group.h"

namespace chipledger {

// EnvelopeWriter serializes a request's events as entries. The bytes it makes
// are the entries for ever.
//
// Thread-safety: thread-compatible. Kept and used again, it allocates nothing.
class EnvelopeWriter {
 public:
  // `epoch`: see v1::Entry.
  explicit EnvelopeWriter(uint64_t epoch) { entry_.set_epoch(epoch); }

  // Appends the events, the first with this record time and each following one
  // a nanosecond later. The events are only read, and stay their owner's.
  void Append(absl::string_view principal, const Uuid& request_id,
              int64_t record_time_ns, const std::vector<v1::Event*>& events,
              store::EntryGroup& entries);

 private:
  v1::Entry entry_;
};

inline constexpr int64_t kNsPerSecond = 1'000'000'000;

// Nanoseconds since the Unix epoch.
int64_t RecordTimeNs(const v1::Entry& entry);

// The DATA_DAMAGED error for bytes that should be an entry and are not.
absl::Status EntryDamaged(uint64_t index);

// Reads the bytes of an entry. Errors: DATA_DAMAGED.
absl::Status ParseEntry(absl::string_view bytes, uint64_t index,
                        v1::Entry& entry);

// Reads the bytes of an entry, valid until the next call.
using ReadEntryBytes =
    absl::FunctionRef<absl::StatusOr<absl::string_view>(uint64_t index)>;

// Reads an entry with its event whole: completed by the entries after it that
// continue it. Errors: DATA_DAMAGED, and those of `read_entry`.
absl::Status ReadWhole(ReadEntryBytes read_entry, uint64_t index,
                       v1::Entry& entry);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_ENVELOPE_H_
