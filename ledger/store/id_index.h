// Which index a request id or a shipment reference has.
#ifndef CHIPLEDGER_LEDGER_STORE_ID_INDEX_H_
#define CHIPLEDGER_LEDGER_STORE_ID_INDEX_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/uuid.h"
#include "ledger/store/keyspace.h"
#include "ledger/store/log.h"
#include "ledger/store/projection.h"

namespace chipledger::store {

class IdGeneration;
struct Database;

// IdIndex finds ids for ever. Recent ones are in memory; older ones are in
// RocksDB, where they come a generation at a time as one sorted file, ingested
// in the background with a watermark that says how far it goes. They are not
// part of the synced write: they are derived from the log, and Restore derives
// again what had not been ingested.
//
// Invariants: every id of an entry below the watermark is in RocksDB, every
// other one in memory. A generation is ingested only when all of it is
// durable, and dropped only after it was ingested.
//
// Thread-safety: Prefetch, Find, Add and EndGroup belong to the sequencer's
// thread; LookUpShipment and status to any thread.
class IdIndex final : public Projection {
 public:
  // `generation_entries`: a generation is closed when it covers that many
  // entries. Higher: more memory and a longer start; lower: more files.
  IdIndex(const Database& database, Log& log, std::string incoming_path,
          size_t generation_entries);
  // Ingests what is in memory, if it is worth a file.
  ~IdIndex() override;

  // Projection: the watermark.
  absl::string_view name() const override { return "the index of ids"; }
  absl::StatusOr<uint64_t> Position() const override;

  // Brings the index up to `size` from the log's tail. Call first, once.
  // Requires: Position() <= size.
  // Errors: DATA_DAMAGED.
  absl::Status Restore(uint64_t size);

  // Looks up ids together that will soon be asked for one by one, in this
  // order; some may be left out. That costs RocksDB a fraction. Replaces those
  // of the call before.
  void Prefetch(const std::vector<IdKey>& keys);

  // The index of the request's first entry, if the id is known.
  // Errors: DATA_DAMAGED.
  absl::StatusOr<std::optional<uint64_t>> FindRequest(
      const Uuid& request_id) const;
  // The index of the shipment's first event, if there is one.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter, absl::string_view shipment_reference) const;
  // As FindShipment, for other threads. May find one that is not durable yet.
  absl::StatusOr<std::optional<uint64_t>> LookUpShipment(
      absl::string_view exporter, absl::string_view shipment_reference) const
      ABSL_LOCKS_EXCLUDED(memory_mutex_);

  // Adds what a request's entries, from `first_index` on, bring. Requires: the
  // ids are not known.
  void Add(const Uuid& request_id, uint64_t first_index,
           const std::vector<v1::Event*>& events)
      ABSL_LOCKS_EXCLUDED(memory_mutex_);

  // Says that a group ends at `size`. Waits when too many generations wait to
  // be ingested.
  void EndGroup(uint64_t size)
      ABSL_LOCKS_EXCLUDED(memory_mutex_, ingest_mutex_);

  // An error of the background work: ids stay in memory from then on, and the
  // ledger should take no more writes.
  absl::Status status() const ABSL_LOCKS_EXCLUDED(ingest_mutex_);

  // Ends waiting in EndGroup and background work for good; for a ledger that
  // has become read-only.
  void Stop() ABSL_LOCKS_EXCLUDED(ingest_mutex_);

 private:
  using Generation = std::shared_ptr<IdGeneration>;
  // What RocksDB has for a key of the last Prefetch.
  struct Prefetched {
    IdKey key;
    // Whether it could be read; else it is read again, which says why not.
    bool is_read = false;
    std::optional<uint64_t> index;
  };

  // Says that all entries below `size` are durable.
  void SetDurableSize(uint64_t size) ABSL_LOCKS_EXCLUDED(ingest_mutex_);
  // Adds the ids of the stored entries [begin, end).
  absl::Status DeriveFromLog(uint64_t begin, uint64_t end);
  std::optional<uint64_t> FindInMemory(absl::string_view key) const;
  const Prefetched* FindPrefetched(absl::string_view key) const;
  // Reads a value; nothing when it is none.
  std::optional<uint64_t> DecodeStored(absl::string_view value) const;
  absl::StatusOr<std::optional<uint64_t>> FindStored(
      absl::string_view key) const;
  absl::StatusOr<std::optional<uint64_t>> Find(const IdKey& key) const;
  void AddShipmentOf(const v1::Event& event, uint64_t index)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(memory_mutex_);
  void CloseGeneration(uint64_t size)
      ABSL_LOCKS_EXCLUDED(memory_mutex_, ingest_mutex_);
  void DropIngested() ABSL_LOCKS_EXCLUDED(memory_mutex_);
  bool CanIngest() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(ingest_mutex_);
  void IngestLoop() ABSL_LOCKS_EXCLUDED(ingest_mutex_);
  absl::Status Ingest(const IdGeneration& generation) const;

  const Database& database_;
  const Log& log_;
  const std::string incoming_path_;
  const size_t generation_entries_;

  // Taken for every request, so nobody waits for a condition on it: that would
  // make each unlock slow. Never held together with ingest_mutex_.
  mutable absl::Mutex memory_mutex_;
  // The generation being filled, and those closed before, oldest first.
  // Written by the sequencer under the lock; so the sequencer reads them
  // without it, and other threads under it.
  Generation current_;
  std::deque<Generation> closed_;
  // RocksDB holds ids of entries below this only; until there are any nothing
  // need be asked of it.
  std::atomic<uint64_t> stored_end_{0};
  // In the order in which they are asked for, and where the next one is. An id
  // that was added since is found in memory; so this is forgotten when memory
  // lets ids go.
  std::vector<Prefetched> prefetched_;
  mutable size_t next_prefetched_ = 0;

  mutable absl::Mutex ingest_mutex_;
  // Closed and not yet ingested, oldest first.
  std::deque<Generation> to_ingest_ ABSL_GUARDED_BY(ingest_mutex_);
  uint64_t durable_size_ ABSL_GUARDED_BY(ingest_mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(ingest_mutex_);
  // Ingest what can be ingested, then end.
  bool closing_ ABSL_GUARDED_BY(ingest_mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(ingest_mutex_) = false;
  std::thread ingester_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_ID_INDEX_H_
