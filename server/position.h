// Whether a stream goes on with the log that its caller has seen.
#ifndef CHIPLEDGER_SERVER_POSITION_H_
#define CHIPLEDGER_SERVER_POSITION_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/common.pb.h"
#include "ledger/ledger.h"

namespace chipledger {

// Positions makes the positions of one stream's messages.
//
// Thread-safety: thread-compatible.
class Positions {
 public:
  // `ledger` must outlive it.
  explicit Positions(const Ledger& ledger);

  // The position at a size that the ledger has. Reads its last entry unless the
  // position asked for or told before was the same.
  // Errors: DATA_DAMAGED.
  absl::StatusOr<v1::LedgerPosition> At(uint64_t size);
  // Tells the last entry of a size, which need not be read then.
  void Tell(uint64_t size, absl::string_view last_entry);

  // Whether the ledger has the position and so continues it.
  // Errors: OTHER_HISTORY, DATA_DAMAGED.
  absl::Status CheckContinues(const v1::LedgerPosition& seen);

 private:
  const Ledger& ledger_;
  v1::LedgerPosition last_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_POSITION_H_
