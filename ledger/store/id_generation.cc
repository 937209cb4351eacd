#include "ledger/store/id_generation.h"

#include <algorithm>

namespace chipledger::store {
namespace {

constexpr size_t kChunkBytes = 64 * 1024;

}  // namespace

std::vector<std::pair<absl::string_view, uint64_t>> IdGeneration::Sorted()
    const {
  std::vector<std::pair<absl::string_view, uint64_t>> sorted(ids_.begin(),
                                                             ids_.end());
  std::sort(sorted.begin(), sorted.end());
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
