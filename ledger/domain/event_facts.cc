#include "ledger/domain/event_facts.h"

#include <utility>

#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

v1::Movement MovementOf(const v1::Event& event) {
  if (event.has_shipment_reexported()) return v1::MOVEMENT_REEXPORT;
  return event.has_shipment_transferred_in_country()
             ? v1::MOVEMENT_IN_COUNTRY_TRANSFER
             : v1::MOVEMENT_EXPORT;
}

// Makes the facts of a shipment again, with the licenses and lines that it
// drew.
absl::StatusOr<std::vector<Fact>> FactsAgain(const State& state,
                                             const Catalog& catalog,
                                             const v1::Shipment& shipment,
                                             const v1::Event& event,
                                             uint64_t index) {
  ASSIGN_OR_RETURN(Fact whole,
                   FactOfShipment(catalog, shipment, MovementOf(event)));
  const v1::Evidence& evidence = *EvidenceOf(event);
  if (!evidence.chosen_license_id().empty()) {
    whole.license_id = evidence.chosen_license_id();
  }
  std::vector<Fact> facts = SplitByLicense(std::move(whole), shipment);
  for (Fact& fact : facts) {
    fact.license = state.FindLicense(fact.license_id);
    // When it was recorded, it cited a number that was not granted yet.
    if (fact.license != nullptr && fact.license->index > index) {
      fact.license = nullptr;
    }
    AddLines(evidence.draws(), fact);
  }
  return facts;
}

// Adds the fact of a diversion: what it brought is what its shipment says now,
// which cannot be corrected after it. Errors: those of reading.
absl::Status AddDiversion(const State& state, const History& history,
                          const Catalog& catalog,
                          const v1::DiversionReported& event,
                          EventFacts& counted) {
  ASSIGN_OR_RETURN(
      counted.content,
      history.ReadEvent(
          state.GetShipment(event.shipment_index()).content_index));
  const v1::Shipment* shipment = ShipmentOf(*counted.content);
  if (shipment == nullptr) {
    return DataDamaged(event.shipment_index(), "is no shipment");
  }
  return FillDiversion(catalog, event, *shipment, counted.facts.emplace_back());
}

}  // namespace

const v1::License* GrantedLicenseOf(const v1::Event& event) {
  if (event.has_license_granted()) {
    return &event.license_granted().command().license();
  }
  if (event.has_license_amended()) {
    return &event.license_amended().command().license();
  }
  return event.has_license_transferred()
             ? &event.license_transferred().license()
             : nullptr;
}

bool HasFacts(const v1::Event& event) {
  return ShipmentOf(event) != nullptr || GrantedLicenseOf(event) != nullptr ||
         event.has_shipment_reserved() || event.has_diversion_reported() ||
         event.has_compute_declared();
}

absl::StatusOr<EventFacts> FactsOfEvent(const State& state,
                                        const History& history,
                                        const Catalog& catalog,
                                        const v1::Event& event,
                                        uint64_t index) {
  EventFacts counted;
  if (ShipmentOf(event) != nullptr) {
    ASSIGN_OR_RETURN(
        counted.facts,
        FactsAgain(state, catalog, *ShipmentOf(event), event, index));
    return counted;
  }
  if (event.has_shipment_reserved()) {
    ASSIGN_OR_RETURN(counted.facts,
                     FactsAgain(state, catalog,
                                event.shipment_reserved().command().shipment(),
                                event, index));
    counted.occasion = Occasion::kReservation;
    return counted;
  }
  if (const v1::License* license = GrantedLicenseOf(event)) {
    ASSIGN_OR_RETURN(counted.facts, FactsOfLicense(catalog, *license));
    counted.occasion = Occasion::kGrant;
    return counted;
  }
  if (event.has_diversion_reported()) {
    RETURN_IF_ERROR(AddDiversion(state, history, catalog,
                                 event.diversion_reported(), counted));
    counted.occasion = Occasion::kDiversion;
    return counted;
  }
  if (event.has_compute_declared()) {
    ASSIGN_OR_RETURN(
        counted.facts,
        FactsOfDeclaration(catalog, event.compute_declared().command()));
    counted.occasion = Occasion::kInstalled;
    return counted;
  }
  return DataDamaged(index, "holds nothing that can be counted anew");
}

}  // namespace chipledger::domain
