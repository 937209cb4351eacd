#include "ledger/domain/fetched_history.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/named_shipments.h"

namespace chipledger::domain {
namespace {

// Never leaves DecideRequest.
absl::Status NotAtHand(absl::string_view what, uint64_t number) {
  return absl::UnavailableError(
      absl::StrCat(what, " ", number, " was not fetched"));
}

}  // namespace

absl::Status FetchedHistory::FetchNamed(
    const State& state, absl::Span<v1::Command* const> commands) {
  absl::Status status;
  for (const v1::Command* command : commands) {
    VisitShipments(*command, [&](absl::string_view exporter,
                                 absl::string_view reference, ShipmentUse) {
      if (!status.ok()) return;
      const auto index = log_.FindShipment(exporter, reference);
      status = index.status();
      if (!status.ok()) return;
      shipments_.push_back({exporter, reference, *index});
      if (!index->has_value()) return;
      const uint64_t content = state.GetShipment(**index).content_index;
      status = FetchEvent(content);
      if (status.ok() &&
          !IsOfShipment(*events_[content], exporter, reference)) {
        status = DataDamaged(content, absl::StrCat("is not of shipment ",
                                                   exporter, "/", reference));
      }
    });
  }
  return status;
}

absl::Status FetchedHistory::FetchMissed() {
  if (missed_event_) RETURN_IF_ERROR(FetchEvent(*missed_event_));
  if (missed_catalog_) {
    ASSIGN_OR_RETURN(Catalog catalog, log_.CatalogAt(*missed_catalog_));
    catalogs_.emplace(*missed_catalog_, std::move(catalog));
  }
  missed_event_.reset();
  missed_catalog_.reset();
  return absl::OkStatus();
}

absl::Status FetchedHistory::FetchEvent(uint64_t index) {
  if (events_.contains(index)) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::shared_ptr<const v1::Event> event,
                   log_.ReadEvent(index));
  events_.emplace(index, std::move(event));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<uint64_t>> FetchedHistory::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  for (size_t i = 0; i < shipments_.size(); ++i) {
    const size_t place = (next_ + i) % shipments_.size();
    const NamedShipment& named = shipments_[place];
    if (named.reference == shipment_reference && named.exporter == exporter) {
      next_ = place + 1;
      return named.index;
    }
  }
  return absl::InternalError(absl::StrCat("shipment ", exporter, "/",
                                          shipment_reference,
                                          " is not named by the request"));
}

absl::StatusOr<std::shared_ptr<const v1::Event>> FetchedHistory::ReadEvent(
    uint64_t index) const {
  const auto found = events_.find(index);
  if (found != events_.end()) return found->second;
  missed_event_ = index;
  return NotAtHand("entry", index);
}

absl::StatusOr<Catalog> FetchedHistory::CatalogAt(uint64_t size) const {
  const auto found = catalogs_.find(size);
  if (found != catalogs_.end()) return found->second;
  missed_catalog_ = size;
  return NotAtHand("the catalog at size", size);
}

}  // namespace chipledger::domain
