// The log: what everything else is derived from.
#ifndef CHIPLEDGER_LEDGER_STORE_LOG_H_
#define CHIPLEDGER_LEDGER_STORE_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/store/entry_group.h"

namespace chipledger::store {

// EntryReader reads the entries that were durable when it was made. Reading on
// from where it is costs no search.
//
// Thread-safety: thread-compatible.
// Lifecycle: ends before the log. Short-lived: it may keep what it reads from
// being tidied up.
class EntryReader {
 public:
  virtual ~EntryReader() = default;
  // Returns the entry's bytes, valid until the next call; they were checked
  // against a checksum. Errors: DATA_DAMAGED, also when there is no such entry.
  virtual absl::StatusOr<absl::string_view> Read(uint64_t index) = 0;
};

// Log keeps the entries, in order, for ever. It knows nothing of what they say,
// and nothing that is derived from them is in it (see Projection), so that it
// can be kept elsewhere than the projections.
//
// Thread-safety: thread-safe, but Append and Subscribe belong to one thread.
class Log {
 public:
  virtual ~Log() = default;

  // The head as it was when the log was opened; nothing for a new one.
  virtual const std::optional<storage::v1::Head>& head_at_open() const = 0;

  // Stores the entries of a group and the head after them, both or neither.
  // When it returns they are durable. When it fails the log must not be
  // written again: what is stored is known only after it is opened anew.
  // Requires: the group follows the last one, and the head follows the group.
  // Errors: READ_ONLY.
  virtual absl::Status Append(const EntryGroup& group,
                              const storage::v1::Head& head) = 0;

  // Reads what is durable now.
  virtual std::unique_ptr<EntryReader> NewReader() const = 0;

  // Calls `on_size` in each Append, with the size that has become durable. It
  // must not block. For ever.
  virtual void Subscribe(std::function<void(uint64_t size)> on_size) = 0;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_LOG_H_
