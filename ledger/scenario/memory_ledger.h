// A ledger without disk, threads or clock: the domain's functions over a vector
// of stored entries.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_MEMORY_LEDGER_H_
#define CHIPLEDGER_LEDGER_SCENARIO_MEMORY_LEDGER_H_

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

namespace chipledger::scenarios {

// MemoryLedger decides requests and keeps their entries. What a ledger records
// by itself it records when it is told to: see PassTime and CountLateAdoptions.
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
    // What was found about each event.
    std::vector<v1::Judgement> judgements;
  };

  // Starts a ledger with its LedgerOpened, by default on 2027-01-01, after the
  // dates of most stories.
  explicit MemoryLedger(Date start = Date::FromDays(20'819));

  // Decides a request and, unless it fails or only validates, stores it.
  Outcome Submit(absl::Span<const v1::Command> commands,
                 bool validate_only = false,
                 domain::AskedBy by = domain::AskedBy::kAnyone);

  // Entries from now on are stored on this date, or later if the last one was.
  void GoToDate(Date record_date);
  // The time of the last entry, or the one gone to, in nanoseconds since the
  // Unix epoch.
  int64_t now_ns() const { return now_ns_; }
  // Goes to a time and records what it brings about, each when it is due:
  // reservations and licenses that expire. Does nothing for a time that has
  // passed.
  // Errors: those of deciding, which are defects.
  absl::Status PassTime(int64_t until_ns);
  // Counts the log for every policy that was adopted late and has not counted
  // it.
  // Errors: those of counting, which are defects.
  absl::Status CountLateAdoptions();
  // The state when the ledger had a size, derived again from its entries.
  // Errors: DATA_DAMAGED.
  absl::StatusOr<domain::Snapshot> SnapshotAt(uint64_t size) const;

  const domain::State& state() const { return state_; }
  // What changed since the last call, as a writer of read models takes it.
  domain::Delta TakeDelta() { return state_.TakeDelta(); }
  const std::vector<std::string>& entries() const { return entries_; }

  // History.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override;
  absl::StatusOr<domain::Catalog> CatalogAt(uint64_t size) const override;

 private:
  // Something that time brings about.
  struct Due {
    int64_t at_ns;
    v1::Command command;
  };

  void Append(const std::vector<v1::Event*>& events, domain::AskedBy by);
  // With its event whole.
  absl::StatusOr<v1::Entry> ReadEntry(uint64_t index) const;
  // What is due first, if anything is by then.
  std::optional<Due> FirstDue(int64_t until_ns) const;
  absl::Status RecordOwn(const v1::Command& command);
  absl::Status CountLog(const v1::AdoptedPolicy& adopted);

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
absl::StatusOr<std::vector<std::pair<domain::TotalKey, domain::Total>>>
ReplayTotals(const std::vector<std::string>& entries);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_MEMORY_LEDGER_H_
