// When and how a failed call is tried again.
#ifndef CHIPLEDGER_CLIENT_RETRY_H_
#define CHIPLEDGER_CLIENT_RETRY_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/client.h"

namespace chipledger::client {

// The current time, by ledger/base/clock.h.
absl::Time Now();

// Backoff counts the tries of a call and waits between them.
class Backoff {
 public:
  // Tries end at `deadline`. Requires: `options` outlives it.
  Backoff(const ClientOptions& options, absl::Time deadline)
      : options_(options), deadline_(deadline) {}

  // Waits before the next try after a try failed with this status. Returns
  // false, at once, when there is none: the error is not transient, the tries
  // are used up, or the wait would pass the deadline.
  bool WaitAfter(const absl::Status& status);
  // Forgets the failed tries: there was progress.
  void Reset() { failed_attempts_ = 0; }

 private:
  absl::Duration NextWait(const absl::Status& status) const;

  const ClientOptions& options_;
  absl::Time deadline_;
  int failed_attempts_ = 0;
};

}  // namespace chipledger::client

#endif  // CHIPLEDGER_CLIENT_RETRY_H_
