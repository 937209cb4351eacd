// What travels from the sequencer to the committer.
#ifndef CHIPLEDGER_LEDGER_GROUP_H_
#define CHIPLEDGER_LEDGER_GROUP_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "ledger/store/entry_group.h"
#include "ledger/store/store.h"

namespace chipledger {

// A batch, and whom to give it back to.
struct QueuedBatch {
  std::unique_ptr<WriteBatch> batch;
  Ledger::WriteDone done;
  // Of all its requests.
  size_t commands = 0;
  WhenFull when_full = WhenFull::kRefuse;
};

// Group is what becomes durable in one write: whole requests, in order. A
// batch may reach over several groups; the last one gives it back.
struct Group {
  explicit Group(uint64_t first_index)
      : entries(std::make_shared<store::EntryGroup>(first_index)) {}

  // Some adjacent requests of a batch, decided in this group.
  struct Span {
    WriteBatch* batch;
    size_t begin;
    size_t end;
  };
  // A request whose id was known. Its first answer may itself wait in this
  // group, so it is looked up when that is durable.
  struct Repeat {
    WriteBatch* batch;
    size_t request;
    uint64_t first_index;
  };

  bool empty() const { return spans.empty() && finished.empty(); }

  // Shared with the sequencer, which reads back from it what is not durable
  // yet. Not changed after the group was handed on.
  std::shared_ptr<store::EntryGroup> entries;
  std::vector<Span> spans;
  std::vector<Repeat> repeats;
  // Batches whose last request is in this group.
  std::vector<QueuedBatch> finished;
  size_t commands = 0;

  // Set when the group is handed on: what it changed in the state, and, when a
  // mark is due, the rows of the mark.
  domain::Delta delta;
  std::optional<store::StateMarks::Rows> mark;
  int64_t last_record_time_ns = 0;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_GROUP_H_
