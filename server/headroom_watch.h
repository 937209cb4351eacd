// WatchHeadroom: all rows, then those that change.
#ifndef CHIPLEDGER_SERVER_HEADROOM_WATCH_H_
#define CHIPLEDGER_SERVER_HEADROOM_WATCH_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/state.h"
#include "server/position.h"
#include "server/watch.h"

namespace chipledger {

// HeadroomWatch is one call of WatchHeadroom. It lists the rows anew when the
// ledger has grown and sends those that differ from what it sent before.
class HeadroomWatch final : public Watch {
 public:
  explicit HeadroomWatch(Runtime* runtime) : Watch(runtime) {}
  // Takes the request. Errors: INVALID_FIELD, POLICY_NOT_FOUND, OTHER_HISTORY.
  absl::Status Init(const v1::WatchHeadroomRequest& request);

 private:
  absl::StatusOr<Step> Next(bool sign_of_life) override;
  // Compares the ledger's rows with what was sent.
  void CollectChanges();
  // The message that the next changed row goes into.
  v1::WatchHeadroomResponse& OpenMessage();
  // Sends the next message; one without rows when nothing changed.
  absl::StatusOr<Step> Send();

  Positions positions_{runtime_.ledger};
  v1::HeadroomFilter filter_;
  // What the caller has, serialized, or will have after `unsent_`.
  std::map<domain::TotalKey, std::string> sent_;
  // Messages of rows that changed and rows that left.
  std::deque<v1::WatchHeadroomResponse> unsent_;
  // The size and day that `sent_` is of.
  uint64_t size_ = 0;
  Date today_;
  bool caught_up_ = false;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_HEADROOM_WATCH_H_
