// Replaying a log: every decision judged again, every total derived again.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_REPLAY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_REPLAY_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Replayer takes a log's stored entries in order and stops at the first that
// the rules would not have made.
//
// Thread-safety: single-threaded.
class Replayer {
 public:
  // Reads the stored bytes of an entry that was fed before.
  using ReadEntry = std::function<absl::StatusOr<std::string>(uint64_t index)>;
  explicit Replayer(ReadEntry read_entry);
  ~Replayer();

  // Takes the next entry: checks its envelope, decides its request again when
  // its last entry has come, compares, and folds.
  // Errors: DATA_DAMAGED naming the index, what was expected and what found.
  absl::Status Feed(absl::string_view stored_entry);

  // The state after all complete requests so far.
  const State& state() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_REPLAY_H_
