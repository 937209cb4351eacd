#include "ledger/log_history.h"

#include <utility>

#include "ledger/base/status_macros.h"
#include "ledger/envelope.h"
#include "ledger/load_state.h"

namespace chipledger {

absl::StatusOr<std::optional<uint64_t>> LogHistory::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  return store_.ids().LookUpShipment(exporter, shipment_reference);
}

absl::StatusOr<std::shared_ptr<const v1::Event>> LogHistory::ReadEvent(
    uint64_t index) const {
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  v1::Entry entry;
  RETURN_IF_ERROR(
      ReadWhole([&](uint64_t at) { return reader->Read(at); }, index, entry));
  return std::make_shared<const v1::Event>(std::move(*entry.mutable_event()));
}

absl::StatusOr<domain::Catalog> LogHistory::CatalogAt(uint64_t size) const {
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  ASSIGN_OR_RETURN(
      const LoadedState loaded,
      LoadState(store_, size, LoadShipments::kSinceMark,
                [&](uint64_t index) { return reader->Read(index); }));
  return loaded.state.catalog();
}

}  // namespace chipledger
