#include "ledger/domain/rules/total_key.h"

#include <algorithm>

#include "ledger/base/limits.h"

namespace chipledger::domain {

// A rule's number is its place in the policy.
static_assert(limits::kMaxRulesPerPolicy <= 256);

TotalKey::TotalKey(uint32_t policy, uint32_t rule, int32_t window_start,
                   absl::string_view group)
    : bytes_(kPrefixBytes + group.size()) {
  const uint32_t window = static_cast<uint32_t>(window_start) ^ kSignBit;
  for (size_t i = 0; i < 4; ++i) {
    bytes_[i] = static_cast<char>(policy >> (24 - 8 * i));
    bytes_[5 + i] = static_cast<char>(window >> (24 - 8 * i));
  }
  bytes_[4] = static_cast<char>(rule);
  std::copy(group.begin(), group.end(), bytes_.begin() + kPrefixBytes);
}

std::optional<TotalKey> TotalKey::FromBytes(absl::string_view bytes) {
  if (bytes.size() < kPrefixBytes) return std::nullopt;
  TotalKey key;
  key.bytes_.assign(bytes.begin(), bytes.end());
  return key;
}

}  // namespace chipledger::domain
