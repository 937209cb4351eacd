// The one place where requests get their order and are decided.
#ifndef CHIPLEDGER_LEDGER_SEQUENCER_H_
#define CHIPLEDGER_LEDGER_SEQUENCER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "ledger/base/clock.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"
#include "ledger/envelope.h"
#include "ledger/group.h"
#include "ledger/load_state.h"
#include "ledger/pipeline.h"
#include "ledger/publisher.h"
#include "ledger/store/store.h"

namespace chipledger {

// Sequencer decides one request after the other and forms groups of them. Its
// state runs ahead of what is durable; nobody else sees it.
//
// Thread-safety: single-threaded, on the thread that calls Run.
class Sequencer : private domain::History {
 public:
  // `durable` is the state of the durable ledger; a mark is due when the log
  // has grown by `mark_entries` since the last one. `max_hold_seconds`: see
  // LedgerOptions. `epoch` is this writer's.
  // `stop_writing` is called with a DATA_DAMAGED error when deciding comes upon
  // something that cannot be. The others must outlive the sequencer.
  Sequencer(LoadedState durable, uint64_t epoch, size_t mark_entries,
            int64_t max_hold_seconds,
            std::function<void(const absl::Status&)> stop_writing,
            const Clock& clock, store::Store& store, const Publisher& publisher,
            Pipeline& pipeline);

  // Works until the pipeline is closed and empty.
  void Run();

 private:
  // Decides the first of the batches; the others are those behind it.
  void Decide(absl::Span<QueuedBatch> batches);
  // Looks up the ids of the next requests together, from one of the first
  // batch on.
  void PrefetchIds(absl::Span<const QueuedBatch> batches, size_t place);
  void DecideRequest(WriteBatch& batch, size_t place);
  // Makes the events entries of the group.
  void Record(WriteBatch& batch, const Uuid& request_id, int64_t record_time_ns,
              const std::vector<v1::Event*>& events, WriteAnswer& answer);
  bool GroupIsFull() const;
  void HandOnGroup();

  // History: everything decided so far, durable or not.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override;
  absl::StatusOr<domain::Catalog> CatalogAt(uint64_t size) const override;
  // Returns the bytes of an entry that is not known to be durable, or nothing.
  std::optional<absl::string_view> FindUnderWay(uint64_t index) const;

  domain::State state_;
  int64_t last_record_time_ns_;
  const size_t mark_entries_;
  const int64_t max_hold_seconds_;
  const std::function<void(const absl::Status&)> stop_writing_;
  // The size of the last mark.
  uint64_t mark_;
  const Clock& clock_;
  store::Store& store_;
  const Publisher& publisher_;
  Pipeline& pipeline_;

  EnvelopeWriter envelope_;
  // Of so many requests to come the ids have been looked up.
  size_t prefetched_ = 0;
  // The group being formed.
  std::unique_ptr<Group> group_;
  // Entries of the groups handed on that may not be durable yet, oldest first.
  std::deque<std::shared_ptr<const store::EntryGroup>> under_way_;
  // Those that CatalogAt was asked for, by size: one a policy adopted late.
  mutable std::map<uint64_t, domain::Catalog> past_catalogs_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_SEQUENCER_H_
