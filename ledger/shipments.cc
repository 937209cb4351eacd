#include "ledger/shipments.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"

namespace chipledger {
namespace {

absl::Status ShipmentNotFound(absl::string_view exporter,
                              absl::string_view shipment_reference) {
  return MakeError(
      absl::StatusCode::kNotFound, "SHIPMENT_NOT_FOUND",
      absl::StrCat("exporter \"", exporter, "\" has recorded no shipment \"",
                   shipment_reference, "\""),
      {{"exporter", std::string(exporter)},
       {"shipment_reference", std::string(shipment_reference)}});
}

absl::Status NotAShipment(uint64_t index) {
  return MakeError(absl::StatusCode::kDataLoss, "DATA_DAMAGED",
                   absl::StrCat("entry ", index,
                                " should say what a shipment is, and "
                                "does not"),
                   {{"index", absl::StrCat(index)}});
}

absl::StatusOr<v1::Entry> ReadEntry(store::EntryReader& reader,
                                    uint64_t index) {
  ASSIGN_OR_RETURN(const absl::string_view bytes, reader.Read(index));
  v1::Entry entry;
  if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return NotAShipment(index);
  }
  return entry;
}

// Moves what an event says of its shipment into the view.
template <typename ShipmentEvent>
void TakeContent(ShipmentEvent& event, v1::ShipmentView& view) {
  *view.mutable_shipment() =
      std::move(*event.mutable_command()->mutable_shipment());
  view.set_assurance(event.command().assurance());
  *view.mutable_evidence() = std::move(*event.mutable_evidence());
}

// Makes the view of the shipment that `recorded` recorded. `reader` reads its
// correction, if there is one.
absl::StatusOr<v1::ShipmentView> MakeView(v1::Entry& recorded,
                                          const domain::Snapshot& snapshot,
                                          store::EntryReader& reader) {
  v1::ShipmentView view;
  view.set_index(recorded.index());
  *view.mutable_record_time() = recorded.record_time();
  const domain::ShipmentChange* change =
      snapshot.shipments.Find(recorded.index());
  view.set_revision(change == nullptr ? 1 : change->revision);
  view.set_status(change != nullptr && change->voided
                      ? v1::SHIPMENT_STATUS_VOIDED
                      : v1::SHIPMENT_STATUS_RECORDED);
  if (change == nullptr || change->content_index == recorded.index()) {
    TakeContent(*recorded.mutable_event()->mutable_shipment_recorded(), view);
    return view;
  }
  ASSIGN_OR_RETURN(v1::Entry corrected,
                   ReadEntry(reader, change->content_index));
  if (!corrected.event().has_shipment_corrected()) {
    return NotAShipment(change->content_index);
  }
  TakeContent(*corrected.mutable_event()->mutable_shipment_corrected(), view);
  return view;
}

bool Matches(const v1::ListShipmentsRequest& filters,
             const v1::Shipment& shipment) {
  return (filters.exporter().empty() ||
          filters.exporter() == shipment.exporter()) &&
         (filters.destination_country().empty() ||
          filters.destination_country() == shipment.destination_country()) &&
         (filters.license_id().empty() ||
          filters.license_id() == shipment.authorization().license_id());
}

}  // namespace

absl::StatusOr<v1::ShipmentView> GetShipmentView(
    const store::Store& store, const domain::Snapshot& snapshot,
    absl::string_view exporter, absl::string_view shipment_reference) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   store.ids().LookUpShipment(exporter, shipment_reference));
  // One that is not durable yet is not there yet.
  if (!index || *index >= snapshot.size) {
    return ShipmentNotFound(exporter, shipment_reference);
  }
  store::EntryReader reader = store.NewReader();
  ASSIGN_OR_RETURN(v1::Entry recorded, ReadEntry(reader, *index));
  if (!recorded.event().has_shipment_recorded()) return NotAShipment(*index);
  return MakeView(recorded, snapshot, reader);
}

absl::StatusOr<Ledger::ShipmentPage> ListShipmentViews(
    const store::Store& store, const domain::Snapshot& snapshot,
    const v1::ListShipmentsRequest& filters, uint64_t begin, uint64_t end,
    size_t max_count) {
  Ledger::ShipmentPage page;
  // Two, so that reading corrections does not lose the place in the log.
  store::EntryReader log = store.NewReader();
  store::EntryReader corrections = store.NewReader();
  const uint64_t last = end - begin > limits::kMaxEntriesPerPage
                            ? begin + limits::kMaxEntriesPerPage
                            : end;
  page.next = begin;
  while (page.next < last && page.shipments.size() < max_count) {
    ASSIGN_OR_RETURN(v1::Entry entry, ReadEntry(log, page.next));
    ++page.next;
    if (!entry.event().has_shipment_recorded()) continue;
    ASSIGN_OR_RETURN(v1::ShipmentView view,
                     MakeView(entry, snapshot, corrections));
    if (Matches(filters, view.shipment())) {
      page.shipments.push_back(std::move(view));
    }
  }
  return page;
}

}  // namespace chipledger
