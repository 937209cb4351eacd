#include "ledger/store/entry_block.h"

#include <cassert>

#include "ledger/base/checksum.h"

namespace chipledger::store {
namespace {

constexpr size_t kChecksumBytes = 8;
constexpr size_t kCountBytes = 4;
constexpr size_t kLengthBytes = 2;

void AppendBigEndian(std::string& out, uint64_t value, size_t bytes) {
  for (size_t i = bytes; i-- > 0;) {
    out.push_back(static_cast<char>(value >> (8 * i)));
  }
}

uint64_t ReadBigEndian(absl::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

// `counted` is the count and the lengths.
uint64_t ChecksumOf(uint64_t first_index, absl::string_view counted,
                    absl::string_view entries) {
  return Checksum(entries, Checksum(counted, first_index));
}

EncodedBlock EncodeBlock(const EntryGroup& group, uint64_t begin,
                         uint64_t end) {
  EncodedBlock block;
  block.first_index = begin;
  std::string counted;
  counted.reserve(kCountBytes + kLengthBytes * (end - begin));
  AppendBigEndian(counted, end - begin, kCountBytes);
  for (uint64_t index = begin; index < end; ++index) {
    AppendBigEndian(counted, group.entry(index).size(), kLengthBytes);
  }
  const char* first = group.entry(begin).data();
  const absl::string_view last = group.entry(end - 1);
  block.entries = absl::string_view(first, last.data() + last.size() - first);
  block.header.reserve(kChecksumBytes + counted.size());
  AppendBigEndian(block.header, ChecksumOf(begin, counted, block.entries),
                  kChecksumBytes);
  block.header += counted;
  return block;
}

}  // namespace

std::vector<EncodedBlock> EncodeBlocks(const EntryGroup& group) {
  std::vector<EncodedBlock> blocks;
  uint64_t begin = group.first_index();
  size_t bytes = 0;
  for (uint64_t index = begin; index < group.end_index(); ++index) {
    bytes += group.entry(index).size();
    if (bytes >= kBlockBytes || index + 1 == group.end_index()) {
      blocks.push_back(EncodeBlock(group, begin, index + 1));
      begin = index + 1;
      bytes = 0;
    }
  }
  return blocks;
}

bool BlockView::Parse(uint64_t first_index, absl::string_view value) {
  first_index_ = first_index;
  ends_.clear();
  entries_ = {};
  if (value.size() < kChecksumBytes + kCountBytes) return false;
  const uint64_t checksum = ReadBigEndian(value.substr(0, kChecksumBytes));
  value.remove_prefix(kChecksumBytes);
  const absl::string_view checked = value;
  const uint64_t count = ReadBigEndian(value.substr(0, kCountBytes));
  value.remove_prefix(kCountBytes);
  if (count == 0 || count > value.size() / kLengthBytes) return false;
  absl::string_view lengths = value.substr(0, count * kLengthBytes);
  const absl::string_view counted =
      checked.substr(0, kCountBytes + lengths.size());
  const absl::string_view entries = value.substr(lengths.size());
  if (checksum != ChecksumOf(first_index, counted, entries)) return false;
  entries_ = entries;
  ends_.reserve(count);
  uint64_t end = 0;
  for (; !lengths.empty(); lengths.remove_prefix(kLengthBytes)) {
    end += ReadBigEndian(lengths.substr(0, kLengthBytes));
    ends_.push_back(static_cast<uint32_t>(end));
  }
  if (end == entries_.size()) return true;
  ends_.clear();
  return false;
}

absl::string_view BlockView::entry(uint64_t index) const {
  assert(Contains(index));
  const size_t place = index - first_index_;
  const size_t begin = place == 0 ? 0 : ends_[place - 1];
  return entries_.substr(begin, ends_[place] - begin);
}

}  // namespace chipledger::store
