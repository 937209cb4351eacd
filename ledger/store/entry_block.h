// The format of a value in `entries`.
#ifndef CHIPLEDGER_LEDGER_STORE_ENTRY_BLOCK_H_
#define CHIPLEDGER_LEDGER_STORE_ENTRY_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "ledger/store/entry_group.h"

namespace chipledger::store {

// A group is stored as blocks of about this many bytes, one key each: reading
// one entry then costs one block, not a group of megabytes, while the memtable
// still sees few keys.
inline constexpr size_t kBlockBytes = 64 * 1024;

// A block on its way to the disk: value = header, then entries.
//
//   checksum 8 bytes, big-endian, of all that follows and of the first index
//   count    4 bytes, big-endian, at least 1
//   lengths  2 bytes each, big-endian
//   entries  their bytes, in order, nothing between
struct EncodedBlock {
  uint64_t first_index = 0;
  std::string header;
  // In the group's buffer.
  absl::string_view entries;
};

// Cuts a group into blocks. They point into the group.
std::vector<EncodedBlock> EncodeBlocks(const EntryGroup& group);

// BlockView reads a stored block. Lives as long as the value it was made of.
class BlockView {
 public:
  // Makes an empty one.
  BlockView() = default;

  // Takes a stored value. Returns false when it is not a block; the view is
  // empty then.
  bool Parse(uint64_t first_index, absl::string_view value);

  uint64_t first_index() const { return first_index_; }
  uint64_t end_index() const { return first_index_ + ends_.size(); }
  bool Contains(uint64_t index) const {
    return first_index_ <= index && index < end_index();
  }
  // Requires: Contains(index).
  absl::string_view entry(uint64_t index) const;

 private:
  uint64_t first_index_ = 0;
  absl::string_view entries_;
  std::vector<uint32_t> ends_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_ENTRY_BLOCK_H_
