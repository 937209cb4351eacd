// UUIDs: request ids and ledger identities.
#ifndef CHIPLEDGER_LEDGER_BASE_UUID_H_
#define CHIPLEDGER_LEDGER_BASE_UUID_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace chipledger {

// Uuid is 128 bits in network order. A value type.
struct Uuid {
  std::array<uint8_t, 16> bytes{};

  // Returns the UUID that the 36-character text names, any case, any version.
  static std::optional<Uuid> Parse(absl::string_view text);
  // Returns a random UUID (version 4).
  static Uuid Random();
  // Lower case, with hyphens.
  std::string ToString() const;

  absl::string_view AsBytes() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  friend bool operator==(const Uuid&, const Uuid&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Uuid& uuid) {
    return H::combine(std::move(h), uuid.bytes);
  }
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_UUID_H_
