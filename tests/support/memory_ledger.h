// A ledger without disk, threads or clock: the domain's functions over a vector
// of stored entries.
#ifndef CHIPLEDGER_TESTS_SUPPORT_MEMORY_LEDGER_H_
#define CHIPLEDGER_TESTS_SUPPORT_MEMORY_LEDGER_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"

namespace chipledger::testing {

// MemoryLedger decides requests and keeps their entries.
//
// Thread-safety: single-threaded.
class MemoryLedger : public domain::History {
 public:
  // What became of a request.
  struct Outcome {
    // OK also when the rules refused; see `refused`.
    absl::Status status;
    bool refused = false;
    // The request's first entry. Unset for validate_only and errors.
    std::optional<uint64_t> index;
    std::vector<v1::Event> events;
  };

  // Starts a ledger with its LedgerOpened, by default on 2027-01-01, after the
  // dates of most stories.
  explicit MemoryLedger(Date start = Date::FromDays(20'819));

  // Decides a request and, unless it fails or only validates, stores it.
  Outcome Submit(absl::Span<const v1::Command> commands,
                 bool validate_only = false);

  // Entries from now on are stored on this date, or later if the last one was.
  void GoToDate(Date record_date);

  const domain::State& state() const { return state_; }
  // What changed since the last call, as a writer of read models takes it.
  domain::Delta TakeDelta() { return state_.TakeDelta(); }
  const std::vector<std::string>& entries() const { return entries_; }

  // History.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<v1::Event> ReadEvent(uint64_t index) const override;

 private:
  void Append(const std::vector<v1::Event>& events);

  domain::State state_;
  std::vector<std::string> entries_;
  std::map<std::pair<std::string, std::string>, uint64_t> shipments_;
  int64_t now_ns_;
  uint64_t next_request_ = 0;
};

// Replays the entries from index 0: judges every decision again and derives
// every total again.
// Errors: DATA_DAMAGED naming the first entry that the rules would not have
// made.
absl::StatusOr<std::vector<std::pair<domain::TotalId, domain::Total>>>
ReplayTotals(const std::vector<std::string>& entries);

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_SUPPORT_MEMORY_LEDGER_H_
