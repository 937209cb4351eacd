// Whether the machine's clock can be believed when a ledger is opened.
#ifndef CHIPLEDGER_LEDGER_CHECK_CLOCK_H_
#define CHIPLEDGER_LEDGER_CHECK_CLOCK_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"

namespace chipledger {

// Compares a clock with what must be in its past. Record times never go back,
// so one start with a clock that is years ahead would stamp every later entry
// with its year, and "today", by which dates are checked, would be that year.
// All times are nanoseconds since the Unix epoch; `last_record_time_ns` is that
// of the last entry, unset for a new ledger.
// Errors: FAILED_PRECONDITION when the clock is before `built_ns`, more than
// limits::kMaxClockBehindHours before the last entry, or more than
// limits::kMaxClockAheadHours after it.
absl::Status CheckClock(int64_t now_ns, int64_t built_ns,
                        std::optional<int64_t> last_record_time_ns);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_CHECK_CLOCK_H_
