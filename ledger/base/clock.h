// The only source of time.
#ifndef CHIPLEDGER_LEDGER_BASE_CLOCK_H_
#define CHIPLEDGER_LEDGER_BASE_CLOCK_H_

#include <cstdint>

namespace chipledger {

// Clock tells the time. Thread-safety: thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds since the Unix epoch. May go backwards.
  virtual int64_t NowNs() const = 0;
};

// Returns the machine's clock. Lifecycle: lives for ever.
const Clock* SystemClock();

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_BASE_CLOCK_H_
