#include "ledger/shipments.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/license_draw.h"
#include "ledger/domain/shipment_state.h"
#include "ledger/domain/state.h"
#include "ledger/envelope.h"

namespace chipledger {
namespace {

using domain::ItemUnitsState;
using domain::ShipmentState;
using Units = google::protobuf::RepeatedPtrField<v1::ItemUnits>;

absl::Status NotAShipment(uint64_t index) {
  return domain::DataDamaged(index,
                             "should say what a shipment is, and does not");
}

absl::StatusOr<v1::Entry> ReadEntry(store::EntryReader& reader,
                                    uint64_t index) {
  v1::Entry entry;
  RETURN_IF_ERROR(
      ReadWhole([&](uint64_t at) { return reader.Read(at); }, index, entry));
  return entry;
}

// How the units of the shipment move whose first event this is; nothing for
// other events.
std::optional<v1::Movement> MovementBegunBy(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
      return v1::MOVEMENT_EXPORT;
    case v1::Event::kShipmentReexported:
      return v1::MOVEMENT_REEXPORT;
    case v1::Event::kShipmentTransferredInCountry:
      return v1::MOVEMENT_IN_COUNTRY_TRANSFER;
    default:
      return std::nullopt;
  }
}

// Moves what an event says of its shipment into the view.
template <typename ShipmentEvent>
void TakeContentOf(ShipmentEvent& event, v1::ShipmentView& view) {
  *view.mutable_shipment() =
      std::move(*event.mutable_command()->mutable_shipment());
  view.set_assurance(event.command().assurance());
  *view.mutable_evidence() = std::move(*event.mutable_evidence());
}

absl::Status TakeContent(const domain::Catalog& catalog, v1::Entry& entry,
                         v1::ShipmentView& view) {
  v1::Event& event = *entry.mutable_event();
  *view.mutable_judgement() =
      domain::JudgementOf(catalog, event, entry.index());
  domain::ShortenJudgement(*view.mutable_judgement());
  domain::ShortenEvidence(event);
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
      TakeContentOf(*event.mutable_shipment_recorded(), view);
      return absl::OkStatus();
    case v1::Event::kShipmentReexported:
      TakeContentOf(*event.mutable_shipment_reexported(), view);
      return absl::OkStatus();
    case v1::Event::kShipmentTransferredInCountry:
      TakeContentOf(*event.mutable_shipment_transferred_in_country(), view);
      return absl::OkStatus();
    case v1::Event::kShipmentCorrected:
      TakeContentOf(*event.mutable_shipment_corrected(), view);
      return absl::OkStatus();
    default:
      return NotAShipment(entry.index());
  }
}

// Who receives it: a party id, or a name; empty when nobody is stated.
const std::string& ConsigneeOf(const v1::Shipment& shipment) {
  return shipment.consignee().empty() ? shipment.consignee_name()
                                      : shipment.consignee();
}

// Whether an entry of a shipment says what it always was, not what happened to
// its units on a date.
bool IsCorrection(const v1::Event& event) {
  return event.has_shipment_corrected() || event.has_shipment_voided() ||
         event.has_movement_voided();
}

// What became of a shipment through a date: its movements after it have not
// happened.
struct Standing {
  std::vector<ItemUnitsState> items;
  // Ascending.
  std::vector<uint64_t> entry_indexes;
};

absl::StatusOr<Standing> StandingThrough(Date through,
                                         const v1::Shipment& content,
                                         const ShipmentState& state,
                                         store::EntryReader& reader) {
  Standing standing;
  if (std::all_of(state.entries.begin(), state.entries.end(),
                  [&](const auto& entry) { return entry.date <= through; })) {
    standing.items = domain::UnitsOf(content, state);
    for (const auto& entry : state.entries) {
      standing.entry_indexes.push_back(entry.index);
    }
    return standing;
  }
  standing.items = domain::UnitsOf(content, ShipmentState());
  for (const ShipmentState::EntryRef& ref : state.entries) {
    ASSIGN_OR_RETURN(const v1::Entry entry, ReadEntry(reader, ref.index));
    if (ref.date > through && !IsCorrection(entry.event())) continue;
    standing.entry_indexes.push_back(ref.index);
    if (!ref.voided) domain::ApplyMovement(entry.event(), standing.items);
  }
  return standing;
}

void FillBalances(const std::vector<ItemUnitsState>& items,
                  v1::ShipmentView& view) {
  for (size_t i = 0; i < items.size(); ++i) {
    const v1::Item& item = view.shipment().items(static_cast<int>(i));
    v1::ItemBalance& balance = *view.add_balances();
    balance.set_product_code(item.product_code());
    balance.set_shipped(item.quantity());
    balance.set_in_transit(items[i].in_transit);
    balance.set_on_hand(items[i].on_hand);
    balance.set_returned(items[i].returned);
    balance.set_sent_on(items[i].sent_on);
    balance.set_retired(items[i].retired);
    balance.set_diverted(items[i].diverted);
  }
}

// The positions of units that left the consignee for places of their own: what
// was sent on by the shipment that took it, what was diverted by where it was
// found.
class Departures {
 public:
  // Takes what an entry of the shipment moved.
  void Take(uint64_t index, const v1::Event& event) {
    switch (event.kind_case()) {
      case v1::Event::kShipmentReexported:
        return SendOn(event.shipment_reexported());
      case v1::Event::kShipmentTransferredInCountry:
        return SendOn(event.shipment_transferred_in_country());
      case v1::Event::kDiversionReported: {
        const v1::DiversionReported& diverted = event.diversion_reported();
        found_[index] = {diverted.command().found_country(),
                         diverted.command().found_party()};
        return Find(index, domain::UnitsMoved(diverted), 1);
      }
      case v1::Event::kUnitsRecovered: {
        const v1::RecoverUnits& command = event.units_recovered().command();
        return Find(command.movement_index(), command.units(), -1);
      }
      default:
        return;
    }
  }

  // Appends those of an item.
  void AppendTo(int32_t item, std::vector<v1::UnitPosition>& positions) const {
    for (const v1::UnitPosition& sent_on : sent_on_) {
      if (sent_on.item() == item) positions.push_back(sent_on);
    }
    for (const auto& [place, units] : diverted_) {
      if (place.item != item || units == 0) continue;
      v1::UnitPosition& position = positions.emplace_back();
      position.set_units(units);
      position.set_state(v1::UNIT_STATE_DIVERTED);
      position.set_country(place.country);
      position.set_holder(place.party);
    }
  }

 private:
  struct FoundAt {
    std::string country;
    std::string party;
  };
  struct Place {
    int32_t item;
    std::string country;
    std::string party;
    auto operator<=>(const Place&) const = default;
  };

  template <typename E>
  void SendOn(const E& event) {
    const v1::Shipment& made = event.command().shipment();
    for (const v1::ItemUnits& units : domain::UnitsMoved(event)) {
      v1::UnitPosition& position = sent_on_.emplace_back();
      position.set_item(units.item());
      position.set_units(units.quantity());
      position.set_state(v1::UNIT_STATE_SENT_ON);
      position.set_country(made.destination_country());
      position.set_holder(ConsigneeOf(made));
      v1::ShipmentName& name = *position.mutable_sent_on_as();
      name.set_exporter(made.exporter());
      name.set_shipment_reference(made.shipment_reference());
    }
  }

  // A recovery of what was retired finds nothing here.
  void Find(uint64_t index, const domain::ItemUnitsList& units, int64_t sign) {
    const auto at = found_.find(index);
    if (at == found_.end()) return;
    for (const v1::ItemUnits& some : units) {
      diverted_[{some.item(), at->second.country, at->second.party}] +=
          sign * some.quantity();
    }
  }

  std::vector<v1::UnitPosition> sent_on_;
  // By the entry that reported it.
  std::map<uint64_t, FoundAt> found_;
  std::map<Place, int64_t> diverted_;
};

// Fills where the units are; `reader` reads the shipment's entries when some
// left the consignee.
absl::Status FillPositions(const Standing& standing, const ShipmentState& state,
                           store::EntryReader& reader, v1::ShipmentView& view) {
  Departures departures;
  if (absl::c_any_of(standing.items, [](const ItemUnitsState& item) {
        return item.sent_on + item.diverted > 0;
      })) {
    for (const ShipmentState::EntryRef& ref : state.entries) {
      if (ref.voided ||
          !absl::c_binary_search(standing.entry_indexes, ref.index)) {
        continue;
      }
      ASSIGN_OR_RETURN(const v1::Entry entry, ReadEntry(reader, ref.index));
      departures.Take(ref.index, entry.event());
    }
  }
  const v1::Shipment& shipment = view.shipment();
  for (size_t i = 0; i < standing.items.size(); ++i) {
    const auto item = static_cast<int32_t>(i);
    const ItemUnitsState& at = standing.items[i];
    std::vector<v1::UnitPosition> positions;
    const auto add = [&](int64_t units, v1::UnitState where,
                         const std::string& country,
                         const std::string& holder) {
      if (units == 0) return;
      v1::UnitPosition& position = positions.emplace_back();
      position.set_units(units);
      position.set_state(where);
      position.set_country(country);
      position.set_holder(holder);
    };
    const std::string& country = shipment.destination_country();
    const std::string& consignee = ConsigneeOf(shipment);
    add(at.in_transit, v1::UNIT_STATE_IN_TRANSIT, country, consignee);
    add(at.on_hand, v1::UNIT_STATE_INSTALLED, country, consignee);
    add(at.returned, v1::UNIT_STATE_RETURNED, "", shipment.exporter());
    add(at.retired, v1::UNIT_STATE_RETIRED, country, consignee);
    departures.AppendTo(item, positions);
    for (v1::UnitPosition& position : positions) {
      position.set_item(item);
      position.set_product_code(shipment.items(item).product_code());
      *view.add_positions() = std::move(position);
    }
  }
  return absl::OkStatus();
}

// The licenses that a shipment drew or cites, each once.
std::vector<std::string> LicensesOf(const v1::ShipmentView& view) {
  std::vector<std::string> licenses;
  const std::string& chosen = view.evidence().chosen_license_id();
  for (const v1::Item& item : view.shipment().items()) {
    const std::string& named = domain::LicenseIdOf(view.shipment(), item);
    const std::string& license = named.empty() ? chosen : named;
    if (!license.empty() && !absl::c_linear_search(licenses, license)) {
      licenses.push_back(license);
    }
  }
  return licenses;
}

// Adds why the shipment's licenses do not authorize it, as it is known now.
void FillUnauthorized(const domain::Snapshot& snapshot,
                      v1::ShipmentView& view) {
  for (const std::string& license_id : LicensesOf(view)) {
    const auto* license = snapshot.licenses.Find(license_id);
    if (license == nullptr) continue;
    for (const v1::LicenseFinding& finding :
         domain::StandingFindings(**license, view.shipment())) {
      *view.add_unauthorized() =
          domain::LicenseViolation(finding, view.shipment());
    }
  }
}

// Makes the view of the shipment that began with `first`; nothing when its
// export is dated after the moment. `reader` reads its later entries.
absl::StatusOr<std::optional<v1::ShipmentView>> MakeView(
    const store::Store& store, v1::Entry& first, const Ledger::Moment& moment,
    store::EntryReader& reader) {
  const std::optional<v1::Movement> movement = MovementBegunBy(first.event());
  if (!movement) return NotAShipment(first.index());
  v1::ShipmentView view;
  view.set_index(first.index());
  *view.mutable_record_time() = first.record_time();
  view.set_movement(*movement);
  const domain::Catalog& catalog = moment.snapshot->catalog();
  ASSIGN_OR_RETURN(const ShipmentState state,
                   FindShipmentState(store, *moment.snapshot, first.index()));
  if (state.content_index == first.index()) {
    RETURN_IF_ERROR(TakeContent(catalog, first, view));
  } else {
    ASSIGN_OR_RETURN(v1::Entry corrected,
                     ReadEntry(reader, state.content_index));
    RETURN_IF_ERROR(TakeContent(catalog, corrected, view));
  }
  const std::optional<Date> date = Date::Parse(view.shipment().export_date());
  if (!date) return NotAShipment(state.content_index);
  if (*date > moment.through) return std::nullopt;
  ASSIGN_OR_RETURN(
      const Standing standing,
      StandingThrough(moment.through, view.shipment(), state, reader));
  view.set_revision(1 + standing.entry_indexes.size());
  view.set_status(state.voided ? v1::SHIPMENT_STATUS_VOIDED
                               : v1::SHIPMENT_STATUS_RECORDED);
  // Units of a voided shipment never were.
  if (!state.voided) {
    FillBalances(standing.items, view);
    RETURN_IF_ERROR(FillPositions(standing, state, reader, view));
    FillUnauthorized(*moment.snapshot, view);
  }
  view.add_entry_indexes(first.index());
  view.mutable_entry_indexes()->Add(standing.entry_indexes.begin(),
                                    standing.entry_indexes.end());
  return view;
}

bool Matches(const v1::ListShipmentsRequest& filters,
             const v1::ShipmentView& view) {
  const v1::Shipment& shipment = view.shipment();
  return (filters.exporter().empty() ||
          filters.exporter() == shipment.exporter()) &&
         (filters.destination_country().empty() ||
          filters.destination_country() == shipment.destination_country()) &&
         (filters.license_id().empty() ||
          absl::c_linear_search(LicensesOf(view), filters.license_id())) &&
         (!filters.unauthorized_only() || !view.unauthorized().empty()) &&
         (!filters.in_transit_only() ||
          std::any_of(view.balances().begin(), view.balances().end(),
                      [](const v1::ItemBalance& balance) {
                        return balance.in_transit() > 0;
                      }));
}

}  // namespace

absl::StatusOr<std::optional<v1::ShipmentView>> ShipmentViewOf(
    const store::Store& store, const Ledger::Moment& moment, v1::Entry& entry,
    store::EntryReader& later) {
  if (!MovementBegunBy(entry.event())) return std::nullopt;
  return MakeView(store, entry, moment, later);
}

absl::StatusOr<ShipmentState> FindShipmentState(
    const store::Store& store, const domain::Snapshot& snapshot,
    uint64_t index) {
  if (const ShipmentState* changed = snapshot.shipments.Find(index)) {
    return *changed;
  }
  if (index < snapshot.shipments_mark) {
    ASSIGN_OR_RETURN(
        const std::optional<storage::v1::ShipmentRow> row,
        store.marks().FindShipment(snapshot.shipments_mark, index));
    if (row) return ShipmentState::FromRow(*row);
  }
  ShipmentState as_recorded;
  as_recorded.content_index = index;
  return as_recorded;
}

absl::StatusOr<v1::ShipmentView> GetShipmentView(
    const store::Store& store, const Ledger::Moment& moment,
    absl::string_view exporter, absl::string_view shipment_reference) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   store.ids().LookUpShipment(exporter, shipment_reference));
  // One that is not there at the moment, or not durable yet, is not there.
  if (!index || *index >= moment.snapshot->size) {
    return domain::ShipmentNotFound(exporter, shipment_reference);
  }
  const std::unique_ptr<store::EntryReader> reader = store.log().NewReader();
  ASSIGN_OR_RETURN(v1::Entry first, ReadEntry(*reader, *index));
  ASSIGN_OR_RETURN(std::optional<v1::ShipmentView> view,
                   MakeView(store, first, moment, *reader));
  if (!view) return domain::ShipmentNotFound(exporter, shipment_reference);
  if (view->shipment().exporter() != exporter ||
      view->shipment().shipment_reference() != shipment_reference) {
    return domain::DataDamaged(
        *index,
        absl::StrCat("is not of shipment ", exporter, "/", shipment_reference));
  }
  return *std::move(view);
}

absl::StatusOr<Ledger::ShipmentPage> ListShipmentViews(
    const store::Store& store, const Ledger::Moment& moment,
    const v1::ListShipmentsRequest& filters, uint64_t begin, size_t max_count) {
  Ledger::ShipmentPage page;
  // Two, so that reading corrections does not lose the place in the log.
  const std::unique_ptr<store::EntryReader> log = store.log().NewReader();
  const std::unique_ptr<store::EntryReader> later = store.log().NewReader();
  const uint64_t last =
      std::min(moment.snapshot->size, begin + limits::kMaxEntriesPerPage);
  page.next = begin;
  size_t bytes = 0;
  while (page.next < last && page.shipments.size() < max_count &&
         bytes < limits::kMaxPageBytes) {
    ASSIGN_OR_RETURN(v1::Entry entry, ReadEntry(*log, page.next));
    ++page.next;
    ASSIGN_OR_RETURN(std::optional<v1::ShipmentView> view,
                     ShipmentViewOf(store, moment, entry, *later));
    if (view && Matches(filters, *view)) {
      bytes += view->ByteSizeLong();
      page.shipments.push_back(*std::move(view));
    }
  }
  return page;
}

}  // namespace chipledger
