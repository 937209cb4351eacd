// SHA-256.
#ifndef CHIPLEDGER_LEDGER_BASE_SHA256_H_
#define CHIPLEDGER_LEDGER_BASE_SHA256_H_

#include <string>

#include "absl/strings/string_view.h"

namespace chipledger {

// Returns the 32 bytes of the SHA-256 of the bytes.
std::string Sha256(absl::string_view bytes);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_SHA256_H_
