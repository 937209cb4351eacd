// The one encoding of which total: the same bytes are the key in memory, the
// key on disk, the page token, and the order in which totals are listed.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_TOTAL_KEY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_TOTAL_KEY_H_

#include <compare>
#include <cstdint>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"

namespace chipledger::domain {

// TotalKey names a total by its rule, window and group. A value.
//
// Its bytes: the policy's number (4 bytes), the rule's (1), the window's first
// day with its sign bit turned over (4), all big-endian, and the group (see
// group_key.h). So they sort as their parts do: by adoption, by the place of
// the rule, by window, by group. On disk: never change.
class TotalKey {
 public:
  TotalKey() : TotalKey(0, 0, 0, "") {}
  // `window_start`: the first day, days since 1970-01-01; 0 for an open window.
  TotalKey(uint32_t policy, uint32_t rule, int32_t window_start,
           absl::string_view group);

  // Returns nothing for bytes that are no key.
  static std::optional<TotalKey> FromBytes(absl::string_view bytes);
  // Lives as long as the key.
  absl::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }

  uint32_t policy() const { return Number(0, 4); }
  uint32_t rule() const { return Number(4, 1); }
  int32_t window_start() const {
    return static_cast<int32_t>(Number(5, 4) ^ kSignBit);
  }
  // Lives as long as the key.
  absl::string_view group() const { return bytes().substr(kPrefixBytes); }

  friend std::strong_ordering operator<=>(const TotalKey& a,
                                          const TotalKey& b) {
    return a.bytes().compare(b.bytes()) <=> 0;
  }
  friend bool operator==(const TotalKey& a, const TotalKey& b) {
    return a.bytes() == b.bytes();
  }
  template <typename H>
  friend H AbslHashValue(H h, const TotalKey& key) {
    return H::combine(std::move(h), key.bytes());
  }

 private:
  static constexpr size_t kPrefixBytes = 9;
  static constexpr uint32_t kSignBit = 0x8000'0000;

  // A big-endian number of some of the bytes.
  uint32_t Number(size_t at, size_t size) const {
    uint32_t number = 0;
    for (size_t i = at; i < at + size; ++i) {
      number = number << 8 | static_cast<uint8_t>(bytes_[i]);
    }
    return number;
  }

  // Keys are made for each total that an event touches: those of one party,
  // license or product do without the heap.
  absl::InlinedVector<char, 40> bytes_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_TOTAL_KEY_H_
