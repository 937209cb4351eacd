// When and how a failed call is tried again.
#ifndef CHIPLEDGER_CLIENT_RETRY_H_
#define CHIPLEDGER_CLIENT_RETRY_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/client.h"

namespace chipledger::client {

// The current time, by ledger/base/clock.h.
absl::Time Now();

// Backoff bounds the tries of a call, by number or time, and waits between
// them.
class Backoff {
 public:
  // Tries end at `deadline`. Requires: `options` outlives it.
  Backoff(const ClientOptions& options, absl::Time deadline)
      : options_(options), deadline_(deadline) {}

  // When a stream that has no connection gives up waiting for one: at its
  // deadline, after ClientOptions::deadline or, when outages are bridged, after
  // max_outage.
  absl::Time ConnectBy() const;
  // Waits before the next try after a try failed with this status. Returns
  // false, at once, when there is none: the error is not transient, the tries
  // or the time are used up, or the wait would pass the deadline.
  bool WaitAfter(const absl::Status& status);
  // From now on tries end after max_outage without progress, not by number.
  void BridgeOutages() { bridges_outages_ = true; }
  // Forgets the failed tries: there was progress.
  void Reset() { failed_attempts_ = counted_attempts_ = 0; }

 private:
  absl::Duration NextWait(const absl::Status& status) const;

  const ClientOptions& options_;
  absl::Time deadline_;
  bool bridges_outages_ = false;
  int failed_attempts_ = 0;
  // Of these, those that max_attempts counts.
  int counted_attempts_ = 0;
  // When the first of them failed.
  absl::Time failing_since_;
};

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_RETRY_H_
