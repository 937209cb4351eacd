// Text in UTF-8.
#ifndef CHIPLEDGER_LEDGER_BASE_UTF8_H_
#define CHIPLEDGER_LEDGER_BASE_UTF8_H_

#include <cstddef>

#include "absl/strings/string_view.h"

namespace chipledger {

// Whether the text is well-formed UTF-8 (RFC 3629).
bool IsUtf8(absl::string_view text);

// Returns the longest start of a UTF-8 text that has at most `max_bytes` and
// does not end inside a character.
absl::string_view TruncateUtf8(absl::string_view text, size_t max_bytes);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_UTF8_H_
