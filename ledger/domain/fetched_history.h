// What of the log's past is at hand while a request is decided, so that
// deciding itself reads nothing.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_FETCHED_HISTORY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_FETCHED_HISTORY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/command.pb.h"
#include "ledger/domain/history.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// FetchedHistory answers from memory alone. FetchNamed reads from the log what
// the commands name: their shipments, and what these hold now. What only
// deciding finds out, such as the grant of a license that a policy adopted late
// has counted, is answered with an error and noted; FetchMissed reads it, and
// the request is decided again, on the same state.
//
// Lifecycle: lives for one request; the log, the state and the commands must
// outlive it.
class FetchedHistory final : public History {
 public:
  explicit FetchedHistory(const History& log) : log_(log) {}

  // Requires: the commands are well-formed.
  absl::Status FetchNamed(const State& state,
                          absl::Span<v1::Command* const> commands);

  // Whether something was asked for that is not at hand.
  bool has_missed() const {
    return missed_event_.has_value() || missed_catalog_.has_value();
  }
  absl::Status FetchMissed();

  // History. Requires: the shipment is one that the commands name.
  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override;
  absl::StatusOr<Catalog> CatalogAt(uint64_t size) const override;
  bool is_rerun() const override { return log_.is_rerun(); }

 private:
  struct NamedShipment {
    absl::string_view exporter;
    absl::string_view reference;
    std::optional<uint64_t> index;
  };

  absl::Status FetchEvent(uint64_t index);

  const History& log_;
  absl::InlinedVector<NamedShipment, 1> shipments_;
  // Commands are decided in the order in which they were named, so the next one
  // asked for is here.
  mutable size_t next_ = 0;
  absl::flat_hash_map<uint64_t, std::shared_ptr<const v1::Event>> events_;
  absl::flat_hash_map<uint64_t, Catalog> catalogs_;
  // Deciding ends at the first thing that it misses.
  mutable std::optional<uint64_t> missed_event_;
  mutable std::optional<uint64_t> missed_catalog_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_FETCHED_HISTORY_H_
