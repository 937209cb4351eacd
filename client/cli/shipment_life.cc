#include "client/cli/shipment_life.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/print.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "ledger/base/status_macros.h"

namespace chipledger::cli {
namespace {

using Happening = ShipmentLife::Happening;
using Units = google::protobuf::RepeatedPtrField<v1::ItemUnits>;

// "6 x H100 (item 0)", by what the shipment said it was at that time.
std::string UnitsText(const v1::Shipment& shipment, const Units& units) {
  return absl::StrJoin(
      units, ", ", [&](std::string* out, const v1::ItemUnits& one) {
        const bool known =
            one.item() >= 0 && one.item() < shipment.items_size();
        absl::StrAppend(
            out, FormatCount(one.quantity()), " x ",
            known ? shipment.items(one.item()).product_code() : "unknown",
            " (item ", one.item(), ")");
      });
}

// What the shipment is from now on: "40 x H100 (item 0) to FR".
std::string ContentText(const v1::Shipment& shipment) {
  Units units;
  for (int i = 0; i < shipment.items_size(); ++i) {
    v1::ItemUnits& one = *units.Add();
    one.set_item(i);
    one.set_quantity(shipment.items(i).quantity());
  }
  return absl::StrCat(UnitsText(shipment, units), " to ",
                      shipment.destination_country());
}

// Teller words the entries of one shipment, one after the other.
class Teller {
 public:
  absl::StatusOr<Happening> Tell(const v1::Entry& entry) {
    const v1::Event& event = entry.event();
    Happening told;
    switch (event.kind_case()) {
      case v1::Event::kShipmentRecorded: {
        shipment_ = event.shipment_recorded().command().shipment();
        told = {.date = shipment_.export_date(),
                .what = absl::StrCat("shipped ", ContentText(shipment_))};
        break;
      }
      case v1::Event::kShipmentCorrected: {
        const auto& command = event.shipment_corrected().command();
        shipment_ = command.shipment();
        told = {.date = shipment_.export_date(),
                .what = absl::StrCat("corrected to ", ContentText(shipment_),
                                     ": ", command.reason())};
        break;
      }
      case v1::Event::kShipmentVoided:
        told = Voided(event.shipment_voided());
        break;
      case v1::Event::kShipmentReexported:
        told = SentOn(event.shipment_reexported(), "re-exported ",
                      event.shipment_reexported()
                          .command()
                          .shipment()
                          .destination_country());
        break;
      case v1::Event::kShipmentTransferredInCountry:
        told = SentOn(
            event.shipment_transferred_in_country(), "transferred ",
            ConsigneeOf(
                event.shipment_transferred_in_country().command().shipment()));
        break;
      case v1::Event::kShipmentReceived:
        told = {.date = event.shipment_received().command().effective_date(),
                .what = absl::StrCat(
                    "received ",
                    UnitsText(shipment_, event.shipment_received().units()),
                    NotThereText(event.shipment_received()))};
        break;
      case v1::Event::kShipmentReturned: {
        const auto& returned = event.shipment_returned();
        told = Moved(returned, "returned ",
                     absl::StrCat(": ", returned.command().reason()));
        break;
      }
      case v1::Event::kUnitsRetired: {
        const auto& command = event.units_retired().command();
        told = Moved(event.units_retired(), "retired ",
                     absl::StrCat(", ", FormatEnum(command.cause(), "CAUSE_"),
                                  ": ", command.evidence()));
        break;
      }
      case v1::Event::kDiversionReported: {
        const auto& command = event.diversion_reported().command();
        told = Moved(
            event.diversion_reported(), "diverted ",
            absl::StrCat(", found in ", command.found_country(),
                         command.found_party().empty() ? "" : " with ",
                         command.found_party(), ": ", command.evidence()));
        break;
      }
      case v1::Event::kUnitsRecovered: {
        const auto& command = event.units_recovered().command();
        told = {.date = command.effective_date(),
                .what = absl::StrCat("recovered ",
                                     UnitsText(shipment_, command.units()),
                                     " of entry ", command.movement_index(),
                                     ": ", command.evidence())};
        break;
      }
      case v1::Event::kUnitsRelocated: {
        const auto& command = event.units_relocated().command();
        told = {.date = command.effective_date(),
                .what = absl::StrCat("relocated ",
                                     UnitsText(shipment_, command.units()),
                                     " to ", command.site())};
        break;
      }
      default:
        return absl::UnimplementedError(absl::StrCat(
            "entry ", entry.index(),
            " says something of a shipment that this version does not know; "
            "use the chipledger of the server's version"));
    }
    told.index = entry.index();
    is_first_ = false;
    return told;
  }

 private:
  static Happening Voided(const v1::ShipmentVoided& event) {
    const v1::VoidShipment& command = event.command();
    Happening told{.date = event.export_date(),
                   .what = absl::StrCat("voided: ", command.reason())};
    if (!command.recorded_in_error().empty()) {
      absl::StrAppend(&told.what,
                      "; recorded in error: ", command.recorded_in_error());
    }
    return told;
  }

  template <typename Movement>
  Happening Moved(const Movement& moved, absl::string_view verb,
                  const std::string& details) const {
    return {.date = moved.command().effective_date(),
            .what = absl::StrCat(verb,
                                 UnitsText(shipment_, moved.command().units()),
                                 details, NotThereText(moved))};
  }

  // "; not there: 2 x H100 (item 0)", or nothing.
  template <typename Movement>
  std::string NotThereText(const Movement& moved) const {
    return moved.not_there().empty()
               ? ""
               : absl::StrCat("; not there: ",
                              UnitsText(shipment_, moved.not_there()));
  }

  // Units that make a shipment of their own: this one, if it is its first
  // entry, or another.
  template <typename Movement>
  Happening SentOn(const Movement& moved, absl::string_view verb,
                   const std::string& to) {
    const auto& command = moved.command();
    const v1::Shipment& made = command.shipment();
    Happening told{.date = made.export_date()};
    if (is_first_) {
      shipment_ = made;
      told.what = absl::StrCat(verb, ContentText(made), ", from ",
                               ShipmentNameText(command.origin()));
      return told;
    }
    told.what = absl::StrCat(verb, UnitsText(shipment_, command.units()),
                             to.empty() ? "" : " to ", to, " as ",
                             ShipmentNameText(made), NotThereText(moved));
    told.sent_on_as.emplace();
    told.sent_on_as->set_exporter(made.exporter());
    told.sent_on_as->set_shipment_reference(made.shipment_reference());
    for (const v1::ItemUnits& units : moved.not_there()) {
      told.not_there[shipment_.items(units.item()).product_code()] +=
          units.quantity();
    }
    return told;
  }

  // As of the entry that is told.
  v1::Shipment shipment_;
  bool is_first_ = true;
};

}  // namespace

const std::string& ConsigneeOf(const v1::Shipment& shipment) {
  return shipment.consignee().empty() ? shipment.consignee_name()
                                      : shipment.consignee();
}

absl::StatusOr<ShipmentLife> LifeOf(const std::vector<v1::Entry>& entries) {
  std::map<uint64_t, std::string> voided;
  for (const v1::Entry& entry : entries) {
    if (!entry.event().has_movement_voided()) continue;
    const v1::VoidMovement& command = entry.event().movement_voided().command();
    voided[command.movement_index()] = absl::StrCat(
        "; voided by entry ", entry.index(), ": ", command.reason());
  }
  ShipmentLife life;
  Teller teller;
  for (const v1::Entry& entry : entries) {
    // Told with the movement that it voids.
    if (entry.event().has_movement_voided()) continue;
    ASSIGN_OR_RETURN(Happening told, teller.Tell(entry));
    if (const auto by = voided.find(entry.index()); by != voided.end()) {
      told.what += by->second;
      told.sent_on_as.reset();
      told.not_there.clear();
    }
    for (const auto& [product, units] : told.not_there) {
      life.sent_on_beyond[product] += units;
    }
    life.happenings.push_back(std::move(told));
  }
  // Dates are ISO, which sort as text.
  std::stable_sort(
      life.happenings.begin(), life.happenings.end(),
      [](const Happening& a, const Happening& b) { return a.date < b.date; });
  return life;
}

}  // namespace chipledger::cli
