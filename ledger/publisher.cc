#include "ledger/publisher.h"

#include <algorithm>
#include <utility>

namespace chipledger {

class Publisher::Handle : public Ledger::Subscription {
 public:
  Handle(std::shared_ptr<SubscriberList> list,
         std::shared_ptr<Subscriber> subscriber)
      : list_(std::move(list)), subscriber_(std::move(subscriber)) {}

  ~Handle() override {
    {
      absl::MutexLock lock(&list_->mutex);
      auto rest = std::make_shared<Subscribers>(*list_->subscribers);
      rest->erase(std::remove(rest->begin(), rest->end(), subscriber_),
                  rest->end());
      list_->subscribers = std::move(rest);
    }
    // Waits for a call under way.
    absl::MutexLock lock(&subscriber_->mutex);
    subscriber_->on_size = nullptr;
  }

 private:
  const std::shared_ptr<SubscriberList> list_;
  const std::shared_ptr<Subscriber> subscriber_;
};

Publisher::Publisher(domain::Snapshot first)
    : latest_(std::make_shared<domain::Snapshot>(std::move(first))),
      waiters_(latest_->size) {}

std::shared_ptr<const domain::Snapshot> Publisher::Latest() const {
  absl::MutexLock lock(&mutex_);
  return latest_;
}

void Publisher::Publish(std::shared_ptr<const domain::Snapshot> next) {
  const uint64_t size = next->size;
  {
    absl::MutexLock lock(&mutex_);
    latest_.swap(next);
  }
  // The last one, if nobody reads it, is freed at the end, outside the lock.
  waiters_.Advance(size);
  std::shared_ptr<const Subscribers> subscribers;
  {
    absl::MutexLock lock(&list_->mutex);
    subscribers = list_->subscribers;
  }
  for (const auto& subscriber : *subscribers) {
    absl::MutexLock lock(&subscriber->mutex);
    if (subscriber->on_size) subscriber->on_size(size);
  }
}

void Publisher::WhenSize(uint64_t min_size, absl::Time deadline,
                         SizeWaiters::Ready ready) {
  waiters_.Add(min_size, deadline, std::move(ready));
}

std::unique_ptr<Ledger::Subscription> Publisher::Subscribe(
    std::function<void(uint64_t size)> on_size) {
  auto subscriber = std::make_shared<Subscriber>();
  {
    absl::MutexLock lock(&subscriber->mutex);
    subscriber->on_size = std::move(on_size);
  }
  {
    absl::MutexLock lock(&list_->mutex);
    auto more = std::make_shared<Subscribers>(*list_->subscribers);
    more->push_back(subscriber);
    list_->subscribers = std::move(more);
  }
  return std::make_unique<Handle>(list_, std::move(subscriber));
}

}  // namespace chipledger
