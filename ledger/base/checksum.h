// A checksum that tells damage from what was stored. Not for secrets, and no
// defence against somebody who wants to deceive.
#ifndef CHIPLEDGER_LEDGER_BASE_CHECKSUM_H_
#define CHIPLEDGER_LEDGER_BASE_CHECKSUM_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace chipledger {

// Returns the XXH3 (64 bits) of the bytes. `seed` is what else it depends on.
uint64_t Checksum(absl::string_view bytes, uint64_t seed = 0);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_CHECKSUM_H_
