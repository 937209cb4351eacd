// The entries of a group, from the sequencer's hands to the disk.
#ifndef CHIPLEDGER_LEDGER_STORE_ENTRY_GROUP_H_
#define CHIPLEDGER_LEDGER_STORE_ENTRY_GROUP_H_

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ledger/base/limits.h"

namespace chipledger::store {

// EntryGroup holds the serialized entries of adjacent indexes, in one run of
// bytes.
//
// Thread-safety: thread-compatible; not changed any more once handed on.
class EntryGroup {
 public:
  explicit EntryGroup(uint64_t first_index) : first_index_(first_index) {}

  uint64_t first_index() const { return first_index_; }
  uint64_t end_index() const { return first_index_ + ends_.size(); }
  bool empty() const { return ends_.empty(); }
  size_t bytes() const { return bytes_.size(); }

  // Makes room for the next entry and returns where its bytes go. Valid until
  // the next call. Requires: size <= limits::kMaxEntryBytes.
  uint8_t* Append(size_t size) {
    assert(size <= limits::kMaxEntryBytes);
    const size_t begin = bytes_.size();
    bytes_.resize(begin + size);
    ends_.push_back(static_cast<uint32_t>(begin + size));
    return reinterpret_cast<uint8_t*>(bytes_.data()) + begin;
  }
  void Append(absl::string_view entry) {
    entry.copy(reinterpret_cast<char*>(Append(entry.size())), entry.size());
  }

  // Returns an entry's bytes. Requires: first_index() <= index < end_index().
  absl::string_view entry(uint64_t index) const {
    assert(first_index_ <= index && index < end_index());
    const size_t place = index - first_index_;
    const size_t begin = place == 0 ? 0 : ends_[place - 1];
    return {bytes_.data() + begin, ends_[place] - begin};
  }

 private:
  uint64_t first_index_;
  std::string bytes_;
  // Where each entry ends in bytes_. A group is far below 4 GiB.
  std::vector<uint32_t> ends_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_ENTRY_GROUP_H_
