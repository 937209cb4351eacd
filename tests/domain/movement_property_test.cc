// Goal: totals conserve. Method: random histories of licenses, reservations,
// shipments and all that can become of their units, under rules of every
// accrual; at the end each total must be what the places of the units say, and
// a replay must give the same totals bit for bit.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/domain/backfill.h"
#include "ledger/scenario/memory_ledger.h"
#include "rapidcheck/gtest.h"
#include "tests/domain/restarts.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using scenarios::ReplayTotals;

constexpr int64_t kGpusPerUnit = 4;
constexpr int kReferences = 12;

std::string Rule(
    const std::string& id, const std::string& accrual, const std::string& more,
    const std::string& group_by = "group_by: GROUP_BY_DESTINATION_COUNTRY") {
  return absl::StrCat("rules { rule_id: '", id,
                      "' title: 'R' accrual: ", accrual, " scope { ", group_by,
                      " } window { open {} } ", more, " }");
}

// Totals by license and line: what an item draws of several lines counts on
// each what is drawn from it.
std::string RuleByLine(const std::string& id, const std::string& accrual,
                       const std::string& more) {
  return Rule(id, accrual, more,
              "group_by: GROUP_BY_LICENSE group_by: GROUP_BY_LICENSE_LINE");
}

std::string Policy(const std::string& id) {
  const std::string gpus =
      "measure: MEASURE_GPUS limit { constant: '2000' } "
      "enforcement { mode: MODE_REFUSE }";
  return absl::StrCat(
      "adopt_policy { policy { policy_id: '", id,
      "' title: 'P' effective_from: '2025-01-01' provenance { citation: 'c' "
      "legal_status: LEGAL_STATUS_IN_FORCE "
      "enforcement_status: ENFORCEMENT_STATUS_ENFORCED }",
      Rule("exported", "ACCRUAL_EXPORTED",
           absl::StrCat(gpus, " return_effect: RETURN_EFFECT_COUNT_BACK")),
      Rule("received", "ACCRUAL_RECEIVED", gpus),
      Rule("installed", "ACCRUAL_INSTALLED_NET", gpus),
      Rule("licensed", "ACCRUAL_LICENSED",
           absl::StrCat(gpus,
                        " revocation_effect: "
                        "REVOCATION_EFFECT_RELEASE_UNSHIPPED expiry_effect: "
                        "EXPIRY_EFFECT_RELEASE_UNSHIPPED")),
      Rule("value", "ACCRUAL_EXPORTED",
           "measure: MEASURE_VALUE_USD limit { none {} } "
           "enforcement { mode: MODE_REPORT_ONLY }"),
      RuleByLine(
          "line_exported", "ACCRUAL_EXPORTED",
          absl::StrCat(gpus, " return_effect: RETURN_EFFECT_COUNT_BACK")),
      RuleByLine("line_received", "ACCRUAL_RECEIVED", gpus),
      RuleByLine("line_installed", "ACCRUAL_INSTALLED_NET", gpus),
      RuleByLine("line_value", "ACCRUAL_EXPORTED",
                 "measure: MEASURE_VALUE_USD limit { none {} } "
                 "enforcement { mode: MODE_REPORT_ONLY }"),
      "} }");
}

MemoryLedger MakeLedger() {
  MemoryLedger ledger(*Date::Parse("2026-01-01"));
  for (const std::string& text :
       {absl::StrCat("register_product { product { product_code: 'A' "
                     "gpus_per_unit: ",
                     kGpusPerUnit, " milli_tpp_per_gpu: 1000 source: 's' } }"),
        std::string("register_party { party { party_id: 'x' name: 'X' } }"),
        std::string("register_party { party { party_id: 'y' name: 'Y' } }"),
        Policy("p")}) {
    const auto outcome = ledger.Submit({Cmd(text)});
    EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  }
  return ledger;
}

int Number(int from, int below) { return *rc::gen::inRange(from, below); }

std::string Country() { return Number(0, 2) == 0 ? "MY" : "SG"; }

std::string AnyDate() {
  return absl::StrCat("2025-0", Number(1, 10), "-", Number(10, 29));
}

std::string Name(const std::string& field) {
  return absl::StrCat(field, " { exporter: 'x' shipment_reference: 'S",
                      Number(0, kReferences), "' } ");
}

std::string Units(int items) {
  std::string units;
  for (int i = 0; i < items; ++i) {
    absl::StrAppend(&units, "units { item: ", i, " quantity: ", Number(1, 8),
                    " } ");
  }
  return units;
}

std::string Shipment(const std::string& units_field = "") {
  std::string text =
      absl::StrCat("shipment { exporter: 'x' shipment_reference: 'S",
                   Number(0, kReferences), "' export_date: '", AnyDate(),
                   "' destination_country: '", Country(), "' consignee: 'y' ");
  const int authorization = Number(0, 4);
  switch (authorization) {
    case 0:
      absl::StrAppend(&text,
                      "authorization { kind: AUTHORIZATION_KIND_LICENSE } ");
      break;
    case 1:
      absl::StrAppend(&text,
                      "authorization { kind: AUTHORIZATION_KIND_LICENSE "
                      "license_id: 'L",
                      Number(0, 3), "' } ");
      break;
    default:
      break;
  }
  const int items = Number(1, 3);
  std::string units;
  for (int i = 0; i < items; ++i) {
    const int quantity = Number(1, 20);
    absl::StrAppend(&text, "items { product_code: 'A' quantity: ", quantity,
                    Number(0, 2) == 0 ? " value_usd: 100 " : "",
                    authorization < 2 && Number(0, 3) == 0
                        ? absl::StrCat(" license_id: 'L", Number(0, 3), "' ")
                        : "",
                    "} ");
    absl::StrAppend(&units, units_field, " { item: ", Number(0, 2),
                    " quantity: ", quantity, " } ");
  }
  return absl::StrCat(text, "} ", units_field.empty() ? "" : units);
}

std::string Assured() {
  return Number(0, 3) == 0 ? "assurance: ASSURANCE_AFTER_THE_FACT "
                           : "assurance: ASSURANCE_BEFORE_EXPORT ";
}

std::string LineText(int number, const std::string& country) {
  return absl::StrCat("lines { line_number: ", number,
                      " product_code: 'A' quantity: ", Number(1, 40),
                      " destination_country: '", country, "' } ");
}

std::string LicenseText() {
  return absl::StrCat(
      "license { license_id: 'L", Number(0, 3),
      "' exporter: 'x' destination_countries: ['MY', 'SG'] grant_date: "
      "'2025-01-01' expiry_date: '2025-12-31' ",
      LineText(1, "MY"), LineText(2, "SG"), LineText(3, "MY"),
      LineText(4, "SG"), "} ");
}

std::string Dated() {
  return absl::StrCat("effective_date: '", AnyDate(), "' ");
}

// A change of a license by its entry; an entry that made none when there is
// none.
uint64_t AnyChange(const MemoryLedger& ledger, const std::string& license_id) {
  const auto* license = ledger.state().FindLicense(license_id);
  if (license == nullptr || license->status_changes.size() < 2) return 1;
  return license
      ->status_changes[static_cast<size_t>(
          Number(1, static_cast<int>(license->status_changes.size())))]
      .index;
}

std::string LicenseChange(const MemoryLedger& ledger) {
  const std::string name = absl::StrCat("L", Number(0, 3));
  const std::string id = absl::StrCat("license_id: '", name, "' ");
  switch (Number(0, 11)) {
    case 0:
      return absl::StrCat("revoke_license { ", id, Dated(), "reason: 'r' ",
                          Number(0, 2) == 0
                              ? "reservation_effect: RESERVATION_EFFECT_KEEP "
                              : "",
                          "}");
    case 1:
      return absl::StrCat("revoke_license { ", id, Dated(),
                          "reason: 'r' parts { line_number: ", Number(1, 5),
                          " quantity: ", Number(1, 10), " } }");
    case 2:
      return absl::StrCat("void_license { ", id, "reason: 'r' }");
    case 3:
      return absl::StrCat("expire_license { ", id, "}");
    case 4:
      return absl::StrCat("transfer_license { ", id, Dated(), "exporter: '",
                          Number(0, 2) == 0 ? "x" : "y", "' reason: 'r' }");
    case 5:
      return absl::StrCat(
          "grant_license { ", LicenseText(), "replaces: '", name, "' ",
          Number(0, 2) == 0 ? "reservation_effect: RESERVATION_EFFECT_KEEP "
                            : "",
          "}");
    case 6:
      return absl::StrCat("suspend_license { ", id, Dated(), "reason: 'r' }");
    case 7:
      return absl::StrCat("reinstate_license { ", id, Dated(), "reason: 'r' }");
    case 8:
    case 9:
      return absl::StrCat("correct_license_change { ", id, Dated(),
                          "reason: 'r' change_index: ", AnyChange(ledger, name),
                          " }");
    default:
      return absl::StrCat("amend_license { ", LicenseText(), "reason: 'r' }");
  }
}

// An open reservation by its place; an index that is none when there is none.
uint64_t AnyReservation(const MemoryLedger& ledger) {
  std::vector<uint64_t> open;
  for (const auto& [time, index] : ledger.state().ReservationsByExpiry()) {
    open.push_back(index);
  }
  return open.empty() ? 1
                      : open[static_cast<size_t>(
                            Number(0, static_cast<int>(open.size())))];
}

std::string ReservationCommand(const MemoryLedger& ledger) {
  const std::string index =
      absl::StrCat("reservation_index: ", AnyReservation(ledger), " ");
  switch (Number(0, 4)) {
    case 0:
      return absl::StrCat("release_reservation { ", index, "reason: 'r' }");
    case 1:
      return absl::StrCat("expire_reservation { ", index, "}");
    case 2:
      return absl::StrCat("record_shipment { ", Shipment(), Assured(), index,
                          "}");
    default:
      return absl::StrCat("reserve_shipment { ", Shipment(),
                          "hold_seconds: ", Number(1, 200), " }");
  }
}

// An entry of a shipment, to be voided; entry 1 when it has none.
uint64_t AnyEntry(const MemoryLedger& ledger, const std::string& reference) {
  const auto index = ledger.FindShipment("x", reference);
  if (!index.ok() || !index->has_value()) return 1;
  const auto entries = ledger.state().GetShipment(**index).entries;
  return entries.empty() ? 1
                         : entries[static_cast<size_t>(Number(
                                       0, static_cast<int>(entries.size())))]
                               .index;
}

std::string VoidOfMovement(const MemoryLedger& ledger) {
  const std::string reference = absl::StrCat("S", Number(0, kReferences));
  return absl::StrCat(
      "void_movement { shipment { exporter: 'x' shipment_reference: '",
      reference,
      "' } reason: 'r' movement_index: ", AnyEntry(ledger, reference), " }");
}

std::string Recovery(const MemoryLedger& ledger) {
  const std::string reference = absl::StrCat("S", Number(0, kReferences));
  return absl::StrCat(
      "recover_units { shipment { exporter: 'x' shipment_reference: '",
      reference, "' } ", Dated(), Units(Number(1, 3)),
      "evidence: 'e' movement_index: ", AnyEntry(ledger, reference), " }");
}

// Whether a movement is recorded whatever the ledger knows.
std::string Reported() {
  return Number(0, 3) == 0 ? "assurance: ASSURANCE_AFTER_THE_FACT " : "";
}

std::string MovementCommand(const MemoryLedger& ledger) {
  switch (Number(0, 13)) {
    case 10:
    case 11:
      return Recovery(ledger);
    case 12:
      return absl::StrCat("relocate_units { ", Name("shipment"), Dated(),
                          Units(1), "site: 's' }");
    case 8:
    case 9:
      return VoidOfMovement(ledger);
    case 0:
    case 1:
      return absl::StrCat("receive_shipment { ", Name("shipment"), Dated(),
                          Reported(), "}");
    case 2:
      return absl::StrCat("receive_shipment { ", Name("shipment"), Dated(),
                          Units(1), Reported(), "}");
    case 3:
      return absl::StrCat("return_shipment { ", Name("shipment"), Dated(),
                          Units(Number(1, 3)), Reported(), "reason: 'r' }");
    case 4:
      return absl::StrCat("retire_units { ", Name("shipment"), Dated(),
                          Units(Number(1, 3)), Reported(),
                          "cause: CAUSE_LOSS evidence: 'e' }");
    case 5:
      return absl::StrCat("report_diversion { ", Name("shipment"), Dated(),
                          Units(1), Reported(), "found_country: '", Country(),
                          "' evidence: 'e' }");
    case 6:
      return absl::StrCat("reexport_shipment { ", Name("origin"),
                          Shipment("units"), Assured(), "}");
    default:
      return absl::StrCat("transfer_shipment { ", Name("origin"),
                          Shipment("units"), Assured(), "}");
  }
}

v1::Command AnyCommand(const MemoryLedger& ledger) {
  switch (Number(0, 16)) {
    case 0:
      return Cmd(absl::StrCat("grant_license { ", LicenseText(), "}"));
    case 1:
      return Cmd(LicenseChange(ledger));
    case 2:
    case 3:
    case 4:
      return Cmd(ReservationCommand(ledger));
    case 5:
      return Cmd(absl::StrCat(
          "void_shipment { exporter: 'x' "
          "shipment_reference: 'S",
          Number(0, kReferences), "' reason: 'r' ",
          Number(0, 4) == 0 ? "" : "recorded_in_error: 'e' ", "}"));
    case 6:
      return Cmd(absl::StrCat("correct_shipment { ", Shipment(), Assured(),
                              "reason: 'r' }"));
    case 7:
      if (Number(0, 4) == 0) {
        return Cmd(absl::StrCat(
            "record_condition { ",
            Number(0, 2) == 0 ? "party: 'y'" : "license_id: 'L0'",
            " condition { kind: 'k' evidence: 'e' satisfied_date: '", AnyDate(),
            "' } }"));
      }
      return Cmd(absl::StrCat("declare_compute { party: 'y' ", Dated(),
                              "lines { country: 'MY' gpus: ", Number(0, 50),
                              " milli_tpp: 5 } source: 's' }"));
    case 8:
    case 9:
    case 10:
      return Cmd(
          absl::StrCat("record_shipment { ", Shipment(), Assured(), "}"));
    default:
      return Cmd(MovementCommand(ledger));
  }
}

// Submits random requests, of which validating must tell the outcome.
void Run(MemoryLedger& ledger, int requests) {
  for (int i = 0; i < requests; ++i) {
    std::vector<v1::Command> commands;
    const int count = Number(0, 5) == 0 ? Number(2, 4) : 1;
    for (int j = 0; j < count; ++j) commands.push_back(AnyCommand(ledger));
    const auto before = ledger.state().SortedTotals();
    const auto by = domain::AskedBy::kLedger;
    const auto validated = ledger.Submit(commands, true, by);
    RC_ASSERT(ledger.state().SortedTotals() == before);
    const auto outcome = ledger.Submit(commands, false, by);
    RC_ASSERT(validated.status == outcome.status);
    RC_ASSERT(validated.refused == outcome.refused);
    RC_ASSERT(outcome.status.code() != absl::StatusCode::kDataLoss);
    if (outcome.refused || !outcome.status.ok()) {
      RC_ASSERT(ledger.state().SortedTotals() == before);
    }
  }
}

// What a policy adopted late counts of the log before it.
std::vector<v1::RecordBackfill> CountLog(const MemoryLedger& ledger,
                                         uint32_t policy) {
  const v1::AdoptedPolicy& adopted =
      ledger.state().catalog().policies[policy]->adopted;
  domain::Backfill backfill(
      ledger, adopted, *ledger.CatalogAt(adopted.backfill().through_index()));
  while (!backfill.complete()) {
    v1::Entry entry;
    RC_ASSERT(entry.ParseFromString(ledger.entries()[backfill.next_index()]));
    const absl::Status fed = backfill.Feed(entry);
    if (!fed.ok()) RC_FAIL(std::string(fed.message()));
  }
  return backfill.ToCommands();
}

struct Standing {
  int64_t used = 0;
  int64_t reserved = 0;
};
// By rule and group.
using Standings = std::map<std::pair<std::string, std::string>, Standing>;

v1::Event EventAt(const MemoryLedger& ledger, uint64_t index) {
  return **ledger.ReadEvent(index);
}

std::string ByLine(const std::string& license_id, int32_t line_number) {
  v1::GroupKey group;
  group.set_license_id(license_id);
  group.set_license_line(line_number);
  return domain::EncodeGroup(
      {v1::Scope::GROUP_BY_LICENSE, v1::Scope::GROUP_BY_LICENSE_LINE}, group);
}

// Some of an item's units, one after another, and where they count by line.
struct UnitsOnLine {
  std::string group;
  int64_t first = 0;
  int64_t units = 0;

  // How many of them are among the first `n` of the item.
  int64_t Of(int64_t n) const {
    return std::clamp<int64_t>(n - first, 0, units);
  }
  int64_t ValueOf(const v1::Item& item) const {
    const auto of_first = [&](int64_t n) {
      return item.value_usd() * n / item.quantity();
    };
    return of_first(first + units) - of_first(first);
  }
};
std::vector<UnitsOnLine> UnitsByLine(const v1::Shipment& shipment, int item,
                                     const v1::Evidence& evidence) {
  std::vector<UnitsOnLine> parts;
  int64_t first = 0;
  for (const v1::LicenseDraw& draw : evidence.draws()) {
    if (draw.item() != item) continue;
    parts.push_back({.group = ByLine(draw.license_id(), draw.line_number()),
                     .first = first,
                     .units = draw.quantity()});
    first += draw.quantity();
  }
  if (!parts.empty()) return parts;
  const std::string& named =
      domain::LicenseIdOf(shipment, shipment.items(item));
  const std::string& license =
      named.empty() ? evidence.chosen_license_id() : named;
  return {{.group = ByLine(license, 0),
           .first = 0,
           .units = shipment.items(item).quantity()}};
}

void AddByLine(const v1::Item& item, const domain::ItemUnitsState& at,
               const UnitsOnLine& on, bool exported, Standings& standings) {
  if (exported) {
    standings[{"line_exported", on.group}].used +=
        on.Of(item.quantity() - at.returned);
    standings[{"line_value", on.group}].used += on.ValueOf(item);
  }
  standings[{"line_received", on.group}].used += on.Of(at.received);
  // What is in transit are the last units but for those that went back.
  const int64_t end = item.quantity() - at.returned;
  const int64_t in_transit = on.Of(end) - on.Of(end - at.in_transit);
  standings[{"line_received", on.group}].reserved += in_transit;
  standings[{"line_installed", on.group}].used += on.Of(at.on_hand);
  standings[{"line_installed", on.group}].reserved += in_transit;
}

void AddShipments(const MemoryLedger& ledger, Standings& standings) {
  const domain::State& state = ledger.state();
  for (uint64_t index = 0; index < state.size(); ++index) {
    const v1::Event first = EventAt(ledger, index);
    if (domain::ShipmentOf(first) == nullptr ||
        first.has_shipment_corrected()) {
      continue;
    }
    const domain::ShipmentState shipment_state = state.GetShipment(index);
    if (shipment_state.voided) continue;
    const v1::Event content = EventAt(ledger, shipment_state.content_index);
    const v1::Shipment& shipment = *domain::ShipmentOf(content);
    const std::string& country = shipment.destination_country();
    const bool exported = !first.has_shipment_transferred_in_country();
    const auto places = domain::UnitsOf(shipment, shipment_state);
    for (size_t i = 0; i < places.size(); ++i) {
      const domain::ItemUnitsState& at = places[i];
      const v1::Item& item = shipment.items(static_cast<int>(i));
      for (const int64_t units : {at.in_transit, at.on_hand, at.returned,
                                  at.sent_on, at.retired, at.diverted}) {
        RC_ASSERT(units >= 0);
      }
      RC_ASSERT(at.in_transit + at.moved() == item.quantity());
      RC_ASSERT(at.received <= item.quantity());
      if (exported) {
        standings[{"exported", country}].used += item.quantity() - at.returned;
        standings[{"value", country}].used += item.value_usd();
      }
      standings[{"received", country}].used += at.received;
      standings[{"received", country}].reserved += at.in_transit;
      standings[{"installed", country}].used += at.on_hand;
      standings[{"installed", country}].reserved += at.in_transit;
      for (const UnitsOnLine& on : UnitsByLine(shipment, static_cast<int>(i),
                                               *domain::EvidenceOf(content))) {
        AddByLine(item, at, on, exported, standings);
      }
    }
  }
}

void AddReservations(const MemoryLedger& ledger, Standings& standings) {
  const auto& reservations = ledger.state().registers().reservations;
  for (const auto& [time, index] : ledger.state().ReservationsByExpiry()) {
    const domain::ReservationState& reservation = **reservations.Find(index);
    const v1::Shipment& shipment = reservation.shipment;
    for (int i = 0; i < shipment.items_size(); ++i) {
      const v1::Item& item = shipment.items(i);
      for (const UnitsOnLine& on : UnitsByLine(shipment, i, reservation.held)) {
        for (const char* rule :
             {"line_exported", "line_received", "line_installed"}) {
          standings[{rule, on.group}].reserved += on.units;
        }
        standings[{"line_value", on.group}].reserved += on.ValueOf(item);
      }
      for (const char* rule : {"exported", "received", "installed"}) {
        standings[{rule, shipment.destination_country()}].reserved +=
            item.quantity();
      }
      standings[{"value", shipment.destination_country()}].reserved +=
          item.value_usd();
    }
  }
}

int64_t CountOf(const domain::ItemUnitsList& units) {
  int64_t count = 0;
  for (const v1::ItemUnits& some : units) count += some.quantity();
  return count;
}

// In GPUs: declared and found compute is not in units.
void AddElsewhere(const MemoryLedger& ledger, Standings& gpus) {
  if (const uint64_t* declared =
          ledger.state().registers().declarations.Find("y")) {
    const v1::Event event = EventAt(ledger, *declared);
    for (const auto& line : event.compute_declared().command().lines()) {
      gpus[{"installed", line.country()}].used += line.gpus();
      gpus[{"line_installed", ByLine("", 0)}].used += line.gpus();
    }
  }
  for (uint64_t index = 0; index < ledger.state().size(); ++index) {
    const v1::Event event = EventAt(ledger, index);
    uint64_t shipment_index = 0;
    std::string found_country;
    int64_t units = 0;
    if (event.has_diversion_reported()) {
      const v1::DiversionReported& diverted = event.diversion_reported();
      shipment_index = diverted.shipment_index();
      found_country = diverted.command().found_country();
      units =
          CountOf(diverted.command().units()) - CountOf(diverted.not_there());
    } else if (event.has_units_recovered() &&
               event.units_recovered().from_diverted()) {
      const v1::UnitsRecovered& recovered = event.units_recovered();
      shipment_index = recovered.shipment_index();
      found_country = EventAt(ledger, recovered.command().movement_index())
                          .diversion_reported()
                          .command()
                          .found_country();
      units = -CountOf(recovered.command().units());
    } else {
      continue;
    }
    const auto entries = ledger.state().GetShipment(shipment_index).entries;
    if (std::any_of(entries.begin(), entries.end(), [&](const auto& entry) {
          return entry.index == index && entry.voided;
        })) {
      continue;
    }
    gpus[{"installed", found_country}].used += units * kGpusPerUnit;
    gpus[{"line_installed", ByLine("", 0)}].used += units * kGpusPerUnit;
  }
}

void AddLicenses(const MemoryLedger& ledger, Standings& gpus) {
  for (int i = 0; i < 3; ++i) {
    const auto* license = ledger.state().FindLicense(absl::StrCat("L", i));
    if (license == nullptr) continue;
    for (const domain::LicenseState::Line& line : license->lines) {
      const int64_t units = license->HasEnded()
                                ? line.drawn.shipped + line.drawn.reserved
                                : line.authorized;
      gpus[{"licensed", line.destination_country}].used += units * kGpusPerUnit;
    }
  }
}

// What each total must be.
Standings Expected(const MemoryLedger& ledger) {
  Standings standings;
  AddShipments(ledger, standings);
  AddReservations(ledger, standings);
  for (auto& [key, standing] : standings) {
    if (key.first == "value" || key.first == "line_value") continue;
    standing.used *= kGpusPerUnit;
    standing.reserved *= kGpusPerUnit;
  }
  AddElsewhere(ledger, standings);
  AddLicenses(ledger, standings);
  std::erase_if(standings, [](const auto& s) {
    return s.second.used == 0 && s.second.reserved == 0;
  });
  return standings;
}

// What a policy counts.
Standings Counted(const MemoryLedger& ledger, uint32_t policy) {
  Standings counted;
  const auto& rules = ledger.state().catalog().policies[policy]->rules;
  for (const auto& [key, total] : ledger.state().SortedTotals()) {
    // What is licensed can be given back before it is drawn again.
    const bool never_below_zero =
        key.policy() == policy &&
        rules[key.rule()].accrual != v1::ACCRUAL_LICENSED;
    domain::Amounts by_date;
    total.by_date.VisitAll([&](Date, const domain::Amounts& amounts) {
      RC_ASSERT(by_date.Add(amounts));
      if (never_below_zero) {
        RC_ASSERT(by_date.used >= 0);
        RC_ASSERT(by_date.reserved >= 0);
      }
      return true;
    });
    RC_ASSERT(by_date == total.sum);
    if (key.policy() != policy ||
        (total.sum.used == 0 && total.sum.reserved == 0))
      continue;
    counted[{rules[key.rule()].rule_id, std::string(key.group())}] = {
        .used = total.sum.used, .reserved = total.sum.reserved};
  }
  return counted;
}

std::string Text(const Standings& standings) {
  std::string text;
  for (const auto& [key, standing] : standings) {
    absl::StrAppend(&text, key.first, " ", key.second, ": ", standing.used,
                    " used, ", standing.reserved, " reserved\n");
  }
  return text;
}

// Fails with the history when totals are not what they must be.
void RequireTotals(const MemoryLedger& ledger, uint32_t policy) {
  const std::string expected = Text(Expected(ledger));
  const std::string counted = Text(Counted(ledger, policy));
  if (counted == expected) return;
  std::string story;
  for (uint64_t index = 0; index < ledger.state().size(); ++index) {
    for (const v1::Command& command :
         domain::CommandsOf(EventAt(ledger, index))) {
      absl::StrAppend(&story, index, ": ", command.ShortDebugString(), "\n");
    }
  }
  RC_FAIL(absl::StrCat("expected\n", expected, "counted\n", counted, "after\n",
                       story));
}

RC_GTEST_PROP(MovementProperty, WhatLeavesOneBalanceArrivesInAnother, ()) {
  MemoryLedger ledger = MakeLedger();
  Run(ledger, Number(1, 80));
  RequireTotals(ledger, 0);
}

RC_GTEST_PROP(MovementProperty, DrawdownIsWhatStandsUnderTheLicense, ()) {
  MemoryLedger ledger = MakeLedger();
  Run(ledger, Number(1, 80));
  // Units reserved, by license and line.
  std::map<std::pair<std::string, int>, int64_t> reserved;
  for (const auto& [time, index] : ledger.state().ReservationsByExpiry()) {
    const auto& held =
        (*ledger.state().registers().reservations.Find(index))->held;
    for (const v1::LicenseDraw& draw : held.draws()) {
      reserved[{draw.license_id(), draw.line_number()}] += draw.quantity();
    }
  }
  for (int i = 0; i < 3; ++i) {
    const std::string id = absl::StrCat("L", i);
    const auto* license = ledger.state().FindLicense(id);
    if (license == nullptr) continue;
    for (const domain::LicenseState::Line& line : license->lines) {
      RC_ASSERT(line.drawn.shipped >= 0);
      const int64_t held = reserved[{id, line.line_number}];
      RC_ASSERT(line.drawn.reserved == held);
    }
  }
}

RC_GTEST_PROP(MovementProperty, ReplayGivesTheSameTotalsBitForBit, ()) {
  MemoryLedger ledger = MakeLedger();
  Run(ledger, Number(1, 60));
  const auto replayed = ReplayTotals(ledger.entries());
  RC_ASSERT(replayed.ok());
  RC_ASSERT(*replayed == ledger.state().SortedTotals());
}

RC_GTEST_PROP(MovementProperty, ARestartChangesNothing, ()) {
  MemoryLedger ledger = MakeLedger();
  Run(ledger, Number(1, 60));
  RC_ASSERT(DifferencesAfterRestarts(ledger.entries(), [] {
              return Number(0, 4) == 0;
            }) == std::vector<std::string>());
}

// A policy that is adopted late counts the log before its adoption as if it had
// been there, and from then on as the one that was.
RC_GTEST_PROP(MovementProperty, APolicyAdoptedLateCountsWhatAnEarlyOneCounts,
              ()) {
  MemoryLedger ledger = MakeLedger();
  Run(ledger, Number(1, 40));
  const auto adopted = ledger.Submit({Cmd(Policy("late"))});
  RC_ASSERT(adopted.status.ok());
  const bool counts_log =
      ledger.state().catalog().policies[1]->adopted.has_backfill();
  const std::vector<v1::RecordBackfill> parts =
      counts_log ? CountLog(ledger, 1) : std::vector<v1::RecordBackfill>();
  Run(ledger, Number(0, 20));
  for (const v1::RecordBackfill& part : parts) {
    v1::Command command;
    *command.mutable_record_backfill() = part;
    const auto outcome =
        ledger.Submit({command}, false, domain::AskedBy::kLedger);
    RC_ASSERT(outcome.status.ok());
  }
  Run(ledger, Number(0, 20));
  RequireTotals(ledger, 1);
  const auto replayed = ReplayTotals(ledger.entries());
  RC_ASSERT(replayed.ok());
  RC_ASSERT(*replayed == ledger.state().SortedTotals());
}

}  // namespace
}  // namespace chipledger::testing
