// The past of a ledger, as the domain asks for it, read from the store.
#ifndef CHIPLEDGER_LEDGER_LOG_HISTORY_H_
#define CHIPLEDGER_LEDGER_LOG_HISTORY_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/decide.h"
#include "ledger/store/store.h"

namespace chipledger {

// LogHistory covers the durable entries. For rereading a log beside its writer:
// it may find shipments that are newer than what the reader has come to.
//
// Thread-safety: thread-safe.
class LogHistory : public domain::History {
 public:
  // `store` must outlive this.
  explicit LogHistory(const store::Store& store) : store_(store) {}

  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override;
  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override;
  absl::StatusOr<domain::Catalog> CatalogAt(uint64_t size) const override;

 private:
  const store::Store& store_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_LOG_HISTORY_H_
