// Deciding about shipments.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/recount.h"

namespace chipledger::domain {
namespace {

// Where the goods may be one day ahead of where the ledger is.
constexpr int32_t kDaysAhead = 1;

std::string NameOf(const v1::Shipment& shipment) {
  return absl::StrCat("shipment ", shipment.exporter(), "/",
                      shipment.shipment_reference());
}

// What is corrected or voided must be as it left: movements rest on it, and
// what a movement made rests on its origin. Errors: WRONG_STATUS.
absl::Status RequireUnmoved(const FoundShipment& found) {
  if (found.state.HasMoved()) {
    return WrongStatus(NameOf(found.shipment()), "moved on",
                       "in transit as a whole; record a return, a retirement "
                       "or a diversion of its units instead");
  }
  if (found.content->has_shipment_reexported() ||
      found.content->has_shipment_transferred_in_country()) {
    return WrongStatus(NameOf(found.shipment()),
                       "made of units of another shipment",
                       "an export; record a return, or send its units on");
  }
  return absl::OkStatus();
}

// Goods that have left did so already.
absl::Status CheckHasLeft(const ShipmentCase& shipment, const Case& c) {
  const std::string& date = shipment.shipment.export_date();
  const Date latest = Date::FromDays(c.today.days() + kDaysAhead);
  if (shipment.assurance != v1::ASSURANCE_AFTER_THE_FACT ||
      ParsedDate(date) <= latest) {
    return absl::OkStatus();
  }
  return WrongDate(
      "shipment.export_date", date,
      absl::StrCat("has not come yet (today is ", c.today.ToString(),
                   "); what is recorded after the fact has left already"));
}

// Whether a shipment was said to have left, by what says what it is now.
bool HasLeft(const v1::Event& content) {
  return (content.has_shipment_corrected()
              ? content.shipment_corrected().command().assurance()
              : content.shipment_recorded().command().assurance()) ==
         v1::ASSURANCE_AFTER_THE_FACT;
}

}  // namespace

absl::Status CountBackShipment(const Case& c, const FoundShipment& found,
                               Assessment& assessment, LicenseDraws& draws,
                               v1::Evidence& evidence) {
  const uint64_t index = found.state.content_index;
  ASSIGN_OR_RETURN(const v1::Evidence earlier,
                   CountedEvidence(c.state, c.history, *found.content, index));
  RETURN_IF_ERROR(assessment.CountBack(earlier, found.export_date(), nullptr));
  RETURN_IF_ERROR(
      draws.DrawBack(earlier.draws(), index, found.export_date(), evidence));
  return assessment.Judge(evidence);
}

void AddFigures(const v1::Product& product, v1::Evidence& evidence) {
  v1::ItemFigures& figures = *evidence.add_figures();
  figures.set_gpus_per_unit(product.gpus_per_unit());
  if (product.has_milli_tpp_per_gpu()) {
    figures.set_milli_tpp_per_gpu(product.milli_tpp_per_gpu());
  }
  if (product.has_memory_bandwidth_mb_s()) {
    figures.set_memory_bandwidth_mb_s(product.memory_bandwidth_mb_s());
  }
  figures.set_classification(product.classification());
}

void AddParties(const Catalog& catalog, const Fact& fact,
                v1::Evidence& evidence) {
  bool any_known = false;
  const auto add = [&](absl::string_view party) {
    v1::PartyFacts& facts = *evidence.add_parties();
    const absl::string_view country = catalog.HeadquartersOf(party, fact.date);
    facts.set_headquarters_country(country.data(), country.size());
    any_known |= !country.empty();
    const absl::string_view parent = catalog.UltimateParentOf(party, fact.date);
    if (parent == party) return;
    any_known = true;
    facts.set_ultimate_parent(parent.data(), parent.size());
    const absl::string_view from = catalog.HeadquartersOf(parent, fact.date);
    facts.set_parent_headquarters_country(from.data(), from.size());
  };
  for (const absl::string_view party : fact.consignees) add(party);
  for (const absl::string_view party : fact.end_users) add(party);
  if (!any_known) evidence.clear_parties();
}

void AddKnown(const Catalog& catalog, const Fact& fact,
              v1::Evidence& evidence) {
  for (const CountedItem& item : fact.items) {
    AddFigures(*item.product, evidence);
  }
  AddParties(catalog, fact, evidence);
}

absl::Status CheckHasHappened(absl::string_view field, const std::string& date,
                              const Case& c) {
  if (ParsedDate(date) <= Date::FromDays(c.today.days() + kDaysAhead)) {
    return absl::OkStatus();
  }
  return WrongDate(
      field, date,
      absl::StrCat("has not come yet (today is ", c.today.ToString(),
                   "); record what has happened"));
}

absl::Status CheckNotFarAhead(absl::string_view field, const std::string& date,
                              const Case& c) {
  const Date latest = Date::FromDays(c.today.days() + limits::kMaxDaysAhead);
  if (ParsedDate(date) <= latest) return absl::OkStatus();
  return WrongDate(
      field, date,
      absl::StrCat("is more than ", limits::kMaxDaysAhead,
                   " days ahead of today, ", c.today.ToString(),
                   "; the latest is ", latest.ToString(),
                   ": what is planned for later is recorded then"));
}

absl::Status RequireRules(const Catalog& catalog, const Overrides& overrides) {
  for (const v1::Override& one : overrides) {
    if (catalog.FindPolicy(one.policy_id()) == nullptr) {
      return PolicyNotFound(one.policy_id());
    }
    if (catalog.FindRuleOn(one.policy_id(), one.rule_id(), Date::Max()).rule ==
        nullptr) {
      return RuleNotFound(one.policy_id(), one.rule_id());
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<FoundShipment> FindUnvoided(const Case& c,
                                           const std::string& exporter,
                                           const std::string& reference) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   c.history.FindShipment(exporter, reference));
  if (!index) return ShipmentNotFound(exporter, reference);
  FoundShipment found{.index = *index, .state = c.state.GetShipment(*index)};
  if (found.state.voided) {
    return WrongStatus(absl::StrCat("shipment ", exporter, "/", reference),
                       "voided", "recorded");
  }
  ASSIGN_OR_RETURN(found.content,
                   c.history.ReadEvent(found.state.content_index));
  return found;
}

absl::Status RequireNewReference(const Case& c, const v1::Shipment& shipment) {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> known,
                   c.history.FindShipment(shipment.exporter(),
                                          shipment.shipment_reference()));
  if (!known) return absl::OkStatus();
  return ShipmentReferenceReused(shipment.exporter(),
                                 shipment.shipment_reference(), *known);
}

absl::Status JudgeShipment(Case& c, const ShipmentCase& shipment,
                           Assessment& assessment, LicenseDraws& draws,
                           v1::Evidence& evidence) {
  RETURN_IF_ERROR(CheckHasLeft(shipment, c));
  RETURN_IF_ERROR(CheckNotFarAhead("shipment.export_date",
                                   shipment.shipment.export_date(), c));
  ASSIGN_OR_RETURN(
      Fact fact,
      FactOfShipment(c.state.catalog(), shipment.shipment, shipment.movement));
  AddKnown(c.state.catalog(), fact, evidence);
  if (fact.license_id.empty() &&
      fact.authorization_kind == v1::AUTHORIZATION_KIND_LICENSE &&
      !shipment.reserved_license_id.empty()) {
    fact.license_id = shipment.reserved_license_id;
    evidence.set_chosen_license_id(shipment.reserved_license_id);
  }
  // What left under a license before it was revoked was authorized, whatever
  // became of the room it had; what has not left can still be stopped.
  const bool has_left = shipment.assurance != v1::ASSURANCE_BEFORE_EXPORT;
  const bool reserves = shipment.occasion == Occasion::kReservation;
  std::vector<Fact> facts = SplitByLicense(std::move(fact), shipment.shipment);
  for (Fact& one : facts) {
    RETURN_IF_ERROR(
        draws.Draw(shipment.shipment, reserves, has_left, one, evidence));
  }
  RETURN_IF_ERROR(assessment.Count(facts, shipment.occasion, Test::kLimit));
  RETURN_IF_ERROR(assessment.Judge(evidence));
  c.refused = assessment.violated() &&
              shipment.assurance != v1::ASSURANCE_AFTER_THE_FACT;
  return absl::OkStatus();
}

absl::Status DecideRecordShipment(v1::RecordShipment& command, Case& c) {
  const v1::Shipment& shipment = command.shipment();
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  v1::ShipmentRecorded& recorded = *c.event.mutable_shipment_recorded();
  recorded.unsafe_arena_set_allocated_command(&command);
  Assessment assessment(c.state, ParsedDate(shipment.export_date()),
                        &command.overrides());
  LicenseDraws draws(c.state, c.history, assessment);
  ShipmentCase judged{.shipment = shipment, .assurance = command.assurance()};
  if (command.has_reservation_index()) {
    ASSIGN_OR_RETURN(const ReservationState* reservation,
                     FindRunningReservation(c, command.reservation_index()));
    RETURN_IF_ERROR(UseReservation(c, *reservation, command, assessment, draws,
                                   *recorded.mutable_reservation()));
    judged.reserved_license_id =
        reservation->shipment.authorization().license_id();
  }
  RETURN_IF_ERROR(JudgeShipment(c, judged, assessment, draws,
                                *recorded.mutable_evidence()));
  return RequireNewReference(c, shipment);
}

absl::Status DecideVoidShipment(v1::VoidShipment& command, Case& c) {
  ASSIGN_OR_RETURN(
      const FoundShipment found,
      FindUnvoided(c, command.exporter(), command.shipment_reference()));
  RETURN_IF_ERROR(RequireUnmoved(found));
  if (HasLeft(*found.content) && command.recorded_in_error().empty()) {
    return WrongStatus(
        absl::StrCat("shipment ", command.exporter(), "/",
                     command.shipment_reference()),
        "recorded as having left",
        "before its export; return, retire or divert its units, or say in "
        "recorded_in_error what shows that no such goods left");
  }
  v1::ShipmentVoided& voided = *c.event.mutable_shipment_voided();
  voided.unsafe_arena_set_allocated_command(&command);
  voided.set_shipment_index(found.index);
  voided.set_export_date(found.shipment().export_date());
  Assessment assessment(c.state, found.export_date(), nullptr);
  LicenseDraws draws(c.state, c.history, assessment);
  return CountBackShipment(c, found, assessment, draws,
                           *voided.mutable_evidence());
}

absl::Status DecideCorrectShipment(v1::CorrectShipment& command, Case& c) {
  const v1::Shipment& shipment = command.shipment();
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  ASSIGN_OR_RETURN(
      const FoundShipment found,
      FindUnvoided(c, shipment.exporter(), shipment.shipment_reference()));
  RETURN_IF_ERROR(RequireUnmoved(found));
  v1::ShipmentCorrected& corrected = *c.event.mutable_shipment_corrected();
  corrected.unsafe_arena_set_allocated_command(&command);
  corrected.set_shipment_index(found.index);
  corrected.set_corrected_export_date(found.shipment().export_date());
  Assessment assessment(c.state, ParsedDate(shipment.export_date()),
                        &command.overrides());
  LicenseDraws draws(c.state, c.history, assessment);
  RETURN_IF_ERROR(CountBackShipment(c, found, assessment, draws,
                                    *corrected.mutable_reversal()));
  return JudgeShipment(c,
                       {.shipment = shipment, .assurance = command.assurance()},
                       assessment, draws, *corrected.mutable_evidence());
}

}  // namespace chipledger::domain
