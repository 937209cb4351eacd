// The log's past as it was at a size, for deciding again what was decided then.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_HISTORY_BEFORE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_HISTORY_BEFORE_H_

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/history.h"

namespace chipledger::domain {

// HistoryBefore knows no shipment that was recorded later. The log must outlive
// it.
class HistoryBefore final : public History {
 public:
  HistoryBefore(const History& log, uint64_t size) : log_(log), size_(size) {}

  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override {
    ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                     log_.FindShipment(exporter, shipment_reference));
    return index && *index < size_ ? index : std::nullopt;
  }
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override {
    return log_.ReadEvent(index);
  }
  absl::StatusOr<Catalog> CatalogAt(uint64_t size) const override {
    return log_.CatalogAt(size);
  }

 private:
  const History& log_;
  const uint64_t size_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_HISTORY_BEFORE_H_
