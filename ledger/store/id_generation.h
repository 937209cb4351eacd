// Ids of a span of entries, in memory.
#ifndef CHIPLEDGER_LEDGER_STORE_ID_GENERATION_H_
#define CHIPLEDGER_LEDGER_STORE_ID_GENERATION_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace chipledger::store {

// Hashes an IdKey by its first bytes after the kind, which are spread already;
// absl's seed keeps a caller who chooses request ids from choosing collisions.
struct IdKeyHash {
  size_t operator()(absl::string_view key) const {
    uint64_t first = 0;
    key.copy(reinterpret_cast<char*>(&first), sizeof(first), 1);
    uint64_t second = 0;
    if (key.size() > 1 + sizeof(first)) {
      key.copy(reinterpret_cast<char*>(&second), sizeof(second),
               1 + sizeof(first));
    }
    return absl::HashOf(first, second);
  }
};

// IdGeneration maps id keys to indexes. It keeps the keys' bytes in large
// chunks, so that adding an id seldom allocates.
//
// Thread-safety: thread-compatible; `ingested` is thread-safe.
class IdGeneration {
 public:
  // Covers entries from `begin` on. `expected_ids` saves growing.
  IdGeneration(uint64_t begin, size_t expected_ids) : begin_(begin) {
    ids_.reserve(expected_ids);
  }

  uint64_t begin() const { return begin_; }
  // One past the last entry covered, once closed.
  uint64_t end() const { return end_; }
  void Close(uint64_t end) { end_ = end; }

  void Add(absl::string_view key, uint64_t index) {
    ids_.try_emplace(Keep(key), index);
  }

  std::optional<uint64_t> Find(absl::string_view key) const {
    const auto it = ids_.find(key);
    if (it == ids_.end()) return std::nullopt;
    return it->second;
  }

  // Starts to load the place of a key into the processor's cache.
  void Prefetch(absl::string_view key) const { ids_.prefetch(key); }

  // Returns all ids in the order of their keys. The keys live as long as the
  // generation.
  std::vector<std::pair<absl::string_view, uint64_t>> Sorted() const;

  // Set when all of it is in RocksDB.
  std::atomic<bool> ingested{false};

 private:
  absl::string_view Keep(absl::string_view key);

  uint64_t begin_;
  uint64_t end_ = 0;
  absl::flat_hash_map<absl::string_view, uint64_t, IdKeyHash> ids_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  size_t free_in_chunk_ = 0;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_ID_GENERATION_H_
