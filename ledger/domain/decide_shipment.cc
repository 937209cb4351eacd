// Deciding about shipments.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/assessment.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

// A shipment that is in the log, as it stands.
struct FoundShipment {
  uint64_t index = 0;
  ShipmentChange change;
  // The event with its current content.
  v1::Event content;

  const std::string& export_date() const {
    return content.has_shipment_corrected()
               ? content.shipment_corrected().command().shipment().export_date()
               : content.shipment_recorded().command().shipment().export_date();
  }
};

// Errors: SHIPMENT_NOT_FOUND, WRONG_STATUS when voided.
absl::StatusOr<FoundShipment> FindUnvoided(const Case& c,
                                           const std::string& exporter,
                                           const std::string& reference) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   c.history.FindShipment(exporter, reference));
  if (!index) return ShipmentNotFound(exporter, reference);
  FoundShipment found{.index = *index,
                      .change = c.state.GetShipmentChange(*index)};
  if (found.change.voided) {
    return WrongStatus(absl::StrCat("shipment ", exporter, "/", reference),
                       "voided", "recorded");
  }
  ASSIGN_OR_RETURN(found.content,
                   c.history.ReadEvent(found.change.content_index));
  if (EvidenceOf(found.content) == nullptr) {
    return DataDamaged(found.change.content_index, "is not a shipment");
  }
  return found;
}

absl::Status CountBack(const FoundShipment& found, Assessment& assessment,
                       v1::Evidence& evidence) {
  const v1::Evidence& earlier = *EvidenceOf(found.content);
  RETURN_IF_ERROR(assessment.CountBack(earlier, evidence));
  return assessment.DrawBack(earlier, found.change.content_index, evidence);
}

// Errors: PARTY_NOT_FOUND, PRODUCT_NOT_FOUND, LICENSE_NOT_FOUND, in this order.
absl::StatusOr<Fact> FactOf(const State& state, const v1::Shipment& shipment,
                            v1::Evidence& evidence) {
  const Catalog& catalog = state.catalog();
  if (catalog.parties.Find(shipment.exporter()) == nullptr) {
    return PartyNotFound(shipment.exporter());
  }
  if (!shipment.consignee().empty() &&
      catalog.parties.Find(shipment.consignee()) == nullptr) {
    return PartyNotFound(shipment.consignee());
  }
  const v1::Authorization& authorization = shipment.authorization();
  Fact fact{.date = *Date::Parse(shipment.export_date()),
            .country = shipment.destination_country(),
            .license_id = authorization.license_id(),
            .authorization_kind = authorization.kind()};
  fact.items.reserve(static_cast<size_t>(shipment.items_size()));
  for (const v1::Item& item : shipment.items()) {
    const auto* product = catalog.products.Find(item.product_code());
    if (product == nullptr) return ProductNotFound(item.product_code());
    fact.items.push_back({.product = product->get(), .units = item.quantity()});
    v1::ItemFigures& figures = *evidence.add_figures();
    figures.set_gpus_per_unit((*product)->gpus_per_unit());
    if ((*product)->has_milli_tpp_per_gpu()) {
      figures.set_milli_tpp_per_gpu((*product)->milli_tpp_per_gpu());
    }
  }
  if (!authorization.license_id().empty() &&
      state.FindLicense(authorization.license_id()) == nullptr) {
    return LicenseNotFound(authorization.license_id());
  }
  return fact;
}

// Goods that have left did so at the latest today; where the exporter is, it
// may be tomorrow already.
absl::Status CheckHasLeft(const v1::Shipment& shipment, v1::Assurance assurance,
                          Date today) {
  const Date latest = Date::FromDays(today.days() + 1);
  if (assurance != v1::ASSURANCE_AFTER_THE_FACT ||
      *Date::Parse(shipment.export_date()) <= latest) {
    return absl::OkStatus();
  }
  return WrongDate("shipment.export_date", shipment.export_date(),
                   absl::StrCat("has not come yet (today is ", today.ToString(),
                                "); what is recorded after the fact has left "
                                "already"));
}

// Judges what a shipment says. Violations refuse it, unless it has left: then
// they become part of the evidence.
absl::Status Judge(Case& c, const v1::Shipment& shipment,
                   v1::Assurance assurance, Assessment& assessment,
                   v1::Evidence& evidence) {
  RETURN_IF_ERROR(CheckHasLeft(shipment, assurance, c.today));
  ASSIGN_OR_RETURN(const Fact fact, FactOf(c.state, shipment, evidence));
  if (!fact.license_id.empty()) {
    // What left under a license before it was revoked was authorized, whatever
    // became of the room it had; what has not left can still be stopped.
    const Test recharge = assurance == v1::ASSURANCE_BEFORE_EXPORT
                              ? Test::kLimit
                              : Test::kNothing;
    RETURN_IF_ERROR(assessment.Draw(*c.state.FindLicense(fact.license_id),
                                    shipment, fact.date, recharge, evidence));
  }
  RETURN_IF_ERROR(assessment.Count(
      v1::ACCRUAL_EXPORTED, absl::MakeConstSpan(&fact, 1), evidence, nullptr));
  if (assurance == v1::ASSURANCE_AFTER_THE_FACT) {
    for (v1::Violation& violation : assessment.violations()) {
      *evidence.add_violations() = std::move(violation);
    }
  } else {
    c.violations = std::move(assessment.violations());
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecideRecordShipment(v1::RecordShipment& command, Case& c) {
  const v1::Shipment& shipment = command.shipment();
  v1::ShipmentRecorded& recorded = *c.event.mutable_shipment_recorded();
  recorded.unsafe_arena_set_allocated_command(&command);
  Assessment assessment(c.state);
  RETURN_IF_ERROR(Judge(c, shipment, command.assurance(), assessment,
                        *recorded.mutable_evidence()));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> known,
                   c.history.FindShipment(shipment.exporter(),
                                          shipment.shipment_reference()));
  if (known) {
    return ShipmentReferenceReused(shipment.exporter(),
                                   shipment.shipment_reference(), *known);
  }
  return absl::OkStatus();
}

absl::Status DecideVoidShipment(v1::VoidShipment& command, Case& c) {
  ASSIGN_OR_RETURN(
      const FoundShipment found,
      FindUnvoided(c, command.exporter(), command.shipment_reference()));
  v1::ShipmentVoided& voided = *c.event.mutable_shipment_voided();
  voided.unsafe_arena_set_allocated_command(&command);
  voided.set_shipment_index(found.index);
  voided.set_export_date(found.export_date());
  Assessment assessment(c.state);
  return CountBack(found, assessment, *voided.mutable_evidence());
}

absl::Status DecideCorrectShipment(v1::CorrectShipment& command, Case& c) {
  const v1::Shipment& shipment = command.shipment();
  ASSIGN_OR_RETURN(
      const FoundShipment found,
      FindUnvoided(c, shipment.exporter(), shipment.shipment_reference()));
  v1::ShipmentCorrected& corrected = *c.event.mutable_shipment_corrected();
  corrected.unsafe_arena_set_allocated_command(&command);
  corrected.set_shipment_index(found.index);
  corrected.set_corrected_export_date(found.export_date());
  Assessment assessment(c.state);
  RETURN_IF_ERROR(CountBack(found, assessment, *corrected.mutable_reversal()));
  return Judge(c, shipment, command.assurance(), assessment,
               *corrected.mutable_evidence());
}

}  // namespace chipledger::domain
