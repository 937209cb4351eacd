#include "ledger/base/clock.h"

#include <chrono>

namespace chipledger {
namespace {

class MachineClock final : public Clock {
 public:
  int64_t NowNs() const override {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

}  // namespace

const Clock* SystemClock() {
  static const MachineClock clock;
  return &clock;
}

}  // namespace chipledger
