// What deciding may ask of the log's past.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_HISTORY_H_
#define CHIPLEDGER_LEDGER_DOMAIN_HISTORY_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/catalog.h"

namespace chipledger::domain {

// History knows which shipment has a reference, and what an entry says. It
// covers every entry folded into the state.
class History {
 public:
  virtual ~History() = default;
  // Returns the index of the shipment's first event (ShipmentRecorded,
  // ShipmentReexported or ShipmentTransferredInCountry), if there is one.
  virtual absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const = 0;
  // Returns the event with the index, whole (see whole_event.h). Requires:
  // index < state.size().
  virtual absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const = 0;
  // Returns the catalog as it was at a past size. Asked for only where a policy
  // was adopted late. Requires: size <= state.size().
  virtual absl::StatusOr<Catalog> CatalogAt(uint64_t size) const = 0;
  // Whether the log is rerun under other policies than it was recorded under.
  // What it says of policies that the state does not hold is left out then;
  // else it is damage.
  virtual bool is_rerun() const { return false; }
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_HISTORY_H_
