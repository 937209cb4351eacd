// ReadEntries and WatchEntries: stored entries in chunks.
#ifndef CHIPLEDGER_SERVER_ENTRY_WATCH_H_
#define CHIPLEDGER_SERVER_ENTRY_WATCH_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/audit_service.pb.h"
#include "server/position.h"
#include "server/watch.h"

namespace chipledger {

// EntryReader is one call of ReadEntries. It is not ended by a shutdown, which
// waits for it like for any read.
class EntryReader final : public Watch {
 public:
  explicit EntryReader(Runtime* runtime) : Watch(runtime) {}
  // Takes the request. Errors: INVALID_FIELD, INDEX_OUT_OF_RANGE,
  // OTHER_HISTORY.
  absl::Status Init(const v1::ReadEntriesRequest& request);

  void End(const absl::Status& why) override { static_cast<void>(why); }

 private:
  absl::StatusOr<Step> Next(bool sign_of_life) override;

  Positions positions_{runtime_.ledger};
  uint64_t next_ = 0;
  uint64_t end_ = 0;
  uint64_t size_ = 0;
};

// EntryWatch is one call of WatchEntries.
class EntryWatch final : public Watch {
 public:
  explicit EntryWatch(Runtime* runtime) : Watch(runtime) {}
  // Takes the request. Errors: INDEX_OUT_OF_RANGE, OTHER_HISTORY.
  absl::Status Init(const v1::WatchEntriesRequest& request);

 private:
  absl::StatusOr<Step> Next(bool sign_of_life) override;

  Positions positions_{runtime_.ledger};
  uint64_t next_ = 0;
  bool said_caught_up_ = false;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_ENTRY_WATCH_H_
