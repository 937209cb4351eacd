// What the crash test believes about the log, and checks after every crash.
#ifndef CHIPLEDGER_TESTS_E2E_CRASH_LOG_H_
#define CHIPLEDGER_TESTS_E2E_CRASH_LOG_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/replay.h"
#include "tests/e2e/crash_load.h"

namespace chipledger::testing {

// CrashLog reads the log as it grows and says what is wrong with it: a gap, an
// entry that nobody sent, a request that is there twice or not whole, bytes
// that changed, or a reservation that is used when its time is over, runs out
// before, or ends twice.
//
// Thread-safety: single-threaded.
class CrashLog {
 public:
  // Finds what a client sent under a request id; null: nobody did.
  using FindRequest = std::function<const SentRequest*(const std::string&)>;
  explicit CrashLog(FindRequest find_request)
      : find_request_(std::move(find_request)) {}

  // Entries checked so far; the next index.
  uint64_t size() const { return stored_.size(); }

  // Takes the next entry's stored bytes. Returns what is wrong; empty: nothing.
  std::string Take(const std::string& stored);
  // Whether the last request is there whole.
  bool AtEndOfRequest() const { return missing_parts_ == 0; }

  // The index of a request's first entry.
  std::optional<uint64_t> Find(const std::string& request_id) const;
  // Whether an entry is a Refused.
  bool IsRefused(uint64_t index) const { return stored_[index].refused; }

  // A reservation that has not ended.
  struct OpenReservation {
    v1::Shipment planned;
    int64_t expire_time_ns = 0;
    // Units that it still holds.
    int64_t left = 0;
  };
  // By index.
  const std::map<uint64_t, OpenReservation>& open_reservations() const {
    return open_reservations_;
  }
  // Whether one is open though its time was over at `now_ns`.
  bool HasOverdue(int64_t now_ns) const;
  // Reservations that the ledger has let run out.
  bool RanOut(uint64_t index) const { return ran_out_.contains(index); }
  size_t ran_out() const { return ran_out_.size(); }

  // Feeds every entry to a replayer: every decision is judged again.
  absl::Status Replay(domain::Replayer& replayer) const;
  std::string StoredBytes(uint64_t index) const { return stored_[index].bytes; }

 private:
  struct Stored {
    std::string bytes;
    bool refused = false;
  };
  std::string CheckPart(const v1::Entry& entry, const SentRequest& sent) const;
  // Follows what the entry means for reservations, and says what is wrong.
  std::string FollowReservations(const v1::Entry& entry);
  std::string FollowReserved(const v1::Entry& entry);
  std::string FollowUsed(const v1::RecordShipment& command, int64_t time_ns);
  std::string FollowReleased(uint64_t index);
  std::string FollowExpired(const v1::Entry& entry, int64_t time_ns);

  const FindRequest find_request_;
  std::vector<Stored> stored_;
  absl::flat_hash_map<std::string, uint64_t> first_index_;
  std::string last_request_id_;
  uint32_t missing_parts_ = 0;
  std::map<uint64_t, OpenReservation> open_reservations_;
  absl::flat_hash_set<uint64_t> ran_out_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_E2E_CRASH_LOG_H_
