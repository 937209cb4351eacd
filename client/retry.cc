#include "client/retry.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "client/errors.h"
#include "ledger/base/clock.h"
#include "ledger/base/uuid.h"

namespace chipledger::client {
namespace {

// A random number in [0, 1), from the ledger's one source of randomness.
double RandomFraction() { return Uuid::Random().bytes[0] / 256.0; }

}  // namespace

absl::Time Now() { return absl::FromUnixNanos(SystemClock()->NowNs()); }

absl::Time Backoff::ConnectBy() const {
  if (!bridges_outages_) return std::min(deadline_, Now() + options_.deadline);
  const absl::Time since = failed_attempts_ > 0 ? failing_since_ : Now();
  return std::min(deadline_, since + options_.max_outage);
}

bool Backoff::WaitAfter(const absl::Status& status) {
  const absl::Time now = Now();
  if (++failed_attempts_ == 1) failing_since_ = now;
  if (GetErrorDetails(status).reason != v1::SHUTTING_DOWN) ++counted_attempts_;
  if (!IsTransient(status)) return false;
  const absl::Duration wait = NextWait(status);
  if (bridges_outages_ ? now + wait > failing_since_ + options_.max_outage
                       : counted_attempts_ >= options_.max_attempts) {
    return false;
  }
  if (now + wait >= deadline_) return false;
  absl::SleepFor(wait);
  return true;
}

absl::Duration Backoff::NextWait(const absl::Status& status) const {
  absl::Duration wait = options_.initial_backoff;
  for (int i = 1; i < failed_attempts_ && wait < options_.max_backoff; ++i) {
    wait *= 2;
  }
  wait = std::min(wait, options_.max_backoff);
  wait = wait / 2 + wait / 2 * RandomFraction();
  const std::optional<absl::Duration> asked =
      GetErrorDetails(status).retry_delay;
  return asked ? std::max(wait, *asked) : wait;
}

}  // namespace chipledger::client
