#include "ledger/store/id_generation.h"

#include <algorithm>

namespace chipledger::store {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;

// Eight bytes of a key as a number of the same order; short keys are filled up
// with zeros.
uint64_t Head(absl::string_view key, size_t from) {
  uint64_t head = 0;
  for (size_t i = from; i < from + sizeof(head); ++i) {
    head = head << 8 | (i < key.size() ? static_cast<uint8_t>(key[i]) : 0);
  }
  return head;
}

// Most keys differ in their first 16 bytes; with these at hand, sorting seldom
// goes to the keys, which are all over the memory.
struct SortItem {
  uint64_t first;
  uint64_t second;
  absl::string_view key;
  uint64_t index;

  bool operator<(const SortItem& other) const {
    if (first != other.first) return first < other.first;
    if (second != other.second) return second < other.second;
    return key < other.key;
  }
};

}  // namespace

std::vector<std::pair<absl::string_view, uint64_t>> IdGeneration::Sorted()
    const {
  std::vector<SortItem> items;
  items.reserve(ids_.size());
  for (const auto& [key, index] : ids_) {
    items.push_back({Head(key, 0), Head(key, sizeof(uint64_t)), key, index});
  }
  std::sort(items.begin(), items.end());
  std::vector<std::pair<absl::string_view, uint64_t>> sorted;
  sorted.reserve(items.size());
  for (const SortItem& item : items) sorted.emplace_back(item.key, item.index);
  return sorted;
}

absl::string_view IdGeneration::Keep(absl::string_view key) {
  if (key.size() > free_in_chunk_) {
    free_in_chunk_ = std::max(kChunkBytes, key.size());
    chunks_.push_back(std::make_unique<char[]>(free_in_chunk_));
  }
  // A chunk is filled from its end.
  free_in_chunk_ -= key.size();
  char* const place = chunks_.back().get() + free_in_chunk_;
  key.copy(place, key.size());
  return {place, key.size()};
}

}  // namespace chipledger::store
