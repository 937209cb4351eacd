// Instants as texts, and the dates they fall on.
#ifndef CHIPLEDGER_LEDGER_BASE_INSTANT_H_
#define CHIPLEDGER_LEDGER_BASE_INSTANT_H_

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "ledger/base/date.h"

namespace chipledger {

// Reads an RFC 3339 time with its offset, such as "2026-01-02T23:50:00-05:00"
// or "2026-01-03T04:50:00Z". Returns nanoseconds since the Unix epoch; nothing
// for other texts and for years before 1900 or from 2200 on.
std::optional<int64_t> ParseInstantNs(absl::string_view text);

// Reads an offset from UTC, "+hh:mm" or "-hh:mm" up to 14 hours. Returns
// minutes.
std::optional<int32_t> ParseUtcOffset(absl::string_view text);

// The date at an offset from UTC. Requires: instant_ns is one that
// ParseInstantNs returns.
Date DateAt(int64_t instant_ns, int32_t utc_offset_minutes);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_INSTANT_H_
