// Makes groups durable, and answers.
#ifndef CHIPLEDGER_LEDGER_COMMITTER_H_
#define CHIPLEDGER_LEDGER_COMMITTER_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/group.h"
#include "ledger/pipeline.h"
#include "ledger/publisher.h"
#include "ledger/store/store.h"

namespace chipledger {

// Committer stores one group after the other, publishes the state after it and
// gives batches back. Nothing is readable or answered before it is stored.
//
// After a storage error nothing is written any more: what reached the disk is
// known only when the ledger is opened again. That group, and all after it, is
// answered with READ_ONLY. So is what was written to files that somebody has
// removed meanwhile, and what comes after damage that deciding came upon.
//
// Thread-safety: single-threaded, on the thread that calls Run, but for
// BecomeReadOnly.
class Committer {
 public:
  // All must outlive the committer. `epoch` is this writer's. `log` and
  // `on_read_only`: see LedgerOptions.
  Committer(std::string ledger_id, uint64_t epoch,
            std::function<void(absl::string_view)> log,
            std::function<void()> on_read_only, store::Store& store,
            Publisher& publisher, Pipeline& pipeline);

  // Works until the last group.
  void Run();

  // Stops writing, for good, and tells the operator. The first cause counts.
  // Thread-safe.
  void BecomeReadOnly(const absl::Status& cause);

 private:
  void Commit(Group& group);
  // Makes the entries durable, and publishes the state after them.
  absl::Status Store(const Group& group);
  // Brings on what is derived from the log.
  absl::Status Project(const Group& group);
  storage::v1::Head Head(const Group& group) const;
  void AnswerRepeats(const Group& group);

  const std::string ledger_id_;
  const uint64_t epoch_;
  const std::function<void(absl::string_view)> log_;
  const std::function<void()> on_read_only_;
  store::Store& store_;
  Publisher& publisher_;
  Pipeline& pipeline_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_COMMITTER_H_
