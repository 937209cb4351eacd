// What a policy that is adopted late counts from the log before its adoption.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_BACKFILL_H_
#define CHIPLEDGER_LEDGER_DOMAIN_BACKFILL_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Backfill decides the accepted commands of a log again, as they were recorded,
// on a state whose only policy is the one adopted late, which refuses nothing.
// So it counts by the very functions that count new facts, and its memory is
// that of a state, not of a log.
//
// The catalog is that of the adoption from the start: a policy counts the past
// by what was known when it was adopted. Calendars of holidays alone are
// followed, because they say until when licenses authorized exports.
//
// Thread-safety: single-threaded.
class Backfill : private History {
 public:
  // `log` covers the entries before the adoption, and must outlive this.
  // `catalog` is that of the adoption.
  Backfill(const History& log, const v1::AdoptedPolicy& adopted,
           const Catalog& catalog);

  // The index of the entry that is wanted next.
  uint64_t next_index() const { return state_.size(); }
  // Whether all entries before the adoption were fed.
  bool complete() const { return next_index() == through_index_; }

  // Takes the next entry of the log, with its event whole (see whole_event.h).
  // Errors: DATA_DAMAGED.
  absl::Status Feed(const v1::Entry& entry);

  // Returns the commands that record what was counted, none of them too large
  // for an entry. Always the same for the same log. Requires: complete().
  std::vector<v1::RecordBackfill> ToCommands() const;

 private:
  // History.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override;
  absl::StatusOr<Catalog> CatalogAt(uint64_t size) const override;
  bool is_rerun() const override { return true; }

  void NoteFact(const v1::Event& event, uint64_t index);

  const History& log_;
  const std::string policy_id_;
  const uint64_t through_index_;
  Catalog catalog_;
  State state_{State::Tracking::kNothing};
  v1::Backfill result_;
  google::protobuf::Arena arena_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_BACKFILL_H_
