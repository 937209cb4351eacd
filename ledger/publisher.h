// What readers see: the latest durable state, and word of each new one.
#ifndef CHIPLEDGER_LEDGER_PUBLISHER_H_
#define CHIPLEDGER_LEDGER_PUBLISHER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "ledger/domain/state.h"
#include "ledger/ledger.h"
#include "ledger/size_waiters.h"

namespace chipledger {

// Publisher holds the latest durable state.
//
// Thread-safety: thread-safe; Publish belongs to the committer.
class Publisher {
 public:
  explicit Publisher(domain::Snapshot first);

  // A reader holds the lock for the copy of one pointer.
  std::shared_ptr<const domain::Snapshot> Latest() const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes a state the latest one, and tells waiters and subscribers.
  void Publish(std::shared_ptr<const domain::Snapshot> next)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // See Ledger.
  void WhenSize(uint64_t min_size, absl::Time deadline,
                SizeWaiters::Ready ready);
  std::unique_ptr<Ledger::Subscription> Subscribe(
      std::function<void(uint64_t size)> on_size);

 private:
  // One subscription; lives while its handle or a Publish under way holds it.
  struct Subscriber {
    absl::Mutex mutex;
    std::function<void(uint64_t size)> on_size ABSL_GUARDED_BY(mutex);
  };
  // Replaced, not changed, so that Publish can go through it without its lock.
  using Subscribers = std::vector<std::shared_ptr<Subscriber>>;
  struct SubscriberList {
    absl::Mutex mutex;
    std::shared_ptr<const Subscribers> subscribers ABSL_GUARDED_BY(mutex) =
        std::make_shared<Subscribers>();
  };
  class Handle;

  mutable absl::Mutex mutex_;
  std::shared_ptr<const domain::Snapshot> latest_ ABSL_GUARDED_BY(mutex_);
  SizeWaiters waiters_;
  // Shared with the handles, which may outlive the ledger.
  const std::shared_ptr<SubscriberList> list_ =
      std::make_shared<SubscriberList>();
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_PUBLISHER_H_
