#include "ledger/base/checksum.h"

#include <xxhash.h>

namespace chipledger {

uint64_t Checksum(absl::string_view bytes, uint64_t seed) {
  return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

}  // namespace chipledger
