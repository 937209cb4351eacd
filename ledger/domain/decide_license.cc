// Deciding about licenses.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/license_moves.h"
#include "ledger/domain/recount.h"

namespace chipledger::domain {
namespace {

std::string Resource(const std::string& license_id) {
  return absl::StrCat("license ", license_id);
}

// The license, which the move may start from.
// Errors: LICENSE_NOT_FOUND, WRONG_STATUS.
absl::StatusOr<const LicenseState*> FindFor(LicenseMove move,
                                            const State& state,
                                            const std::string& license_id) {
  const LicenseState* license = state.FindLicense(license_id);
  if (license == nullptr) return LicenseNotFound(license_id);
  RETURN_IF_ERROR(CheckMove(*license, move));
  return license;
}

// Errors: WRONG_DATE.
absl::Status CheckEffectiveDate(const LicenseState& license,
                                const std::string& effective_date,
                                const Case& c) {
  RETURN_IF_ERROR(CheckNotFarAhead("effective_date", effective_date, c));
  // ISO dates sort as text.
  if (effective_date >= license.license.grant_date()) return absl::OkStatus();
  return WrongDate(
      "effective_date", effective_date,
      absl::StrCat("is before the grant date, ", license.license.grant_date()));
}

// Errors: WRONG_DATE.
absl::Status CheckRevocationDate(const LicenseState& license,
                                 const std::string& effective_date,
                                 const Case& c) {
  RETURN_IF_ERROR(CheckEffectiveDate(license, effective_date, c));
  if (ParsedDate(effective_date) <= c.today) return absl::OkStatus();
  return WrongDate(
      "effective_date", effective_date,
      absl::StrCat("has not come yet (today is ", c.today.ToString(),
                   " UTC); a revocation gives back its charge when it is "
                   "recorded, so record it on its date"));
}

absl::Status RequireCalendar(const Catalog& catalog,
                             const v1::License& license) {
  const std::string& calendar = license.holiday_calendar();
  return calendar.empty() || catalog.calendars.Find(calendar) != nullptr
             ? absl::OkStatus()
             : HolidayCalendarNotFound(calendar);
}

// Adds what the catalog says of a license's lines, in their order, and parties.
void AddKnown(const Catalog& catalog, const v1::License& license,
              absl::Span<const Fact> facts, v1::Evidence& evidence) {
  absl::flat_hash_map<int32_t, const v1::Product*> products;
  for (const Fact& fact : facts) {
    for (const CountedItem& item : fact.items) {
      products.emplace(item.number, item.product);
    }
  }
  for (const v1::LicenseLine& line : license.lines()) {
    AddFigures(*products.at(line.line_number()), evidence);
  }
  // The parties of each destination's fact are those of the license.
  AddParties(catalog, facts.front(), evidence);
}

// Counts what a license authorizes and tests it.
absl::Status CountLicense(const Case& c, const v1::License& license,
                          Assessment& assessment, v1::Evidence& evidence) {
  RETURN_IF_ERROR(RequireCalendar(c.state.catalog(), license));
  ASSIGN_OR_RETURN(const std::vector<Fact> facts,
                   FactsOfLicense(c.state.catalog(), license));
  AddKnown(c.state.catalog(), license, facts, evidence);
  RETURN_IF_ERROR(assessment.Count(facts, Occasion::kGrant, Test::kLimit));
  return assessment.Judge(evidence);
}

// Gathers the change of the charges of a license by line: from the units that
// they count to those that `units_after` says; it is asked for charges that it
// may leave as they are, and answers nothing for these.
absl::Status MoveCharges(
    const Case& c, const LicenseState& license, Date date,
    absl::FunctionRef<std::optional<int64_t>(const Charge& charge,
                                             const LicenseState::Line& line)>
        units_after,
    Assessment& assessment) {
  ASSIGN_OR_RETURN(const std::vector<Charge> charges,
                   CountedCharges(c.state, c.history, license));
  for (const Charge& charge : charges) {
    const LicenseState::Line* line = license.FindLine(charge.item);
    if (line == nullptr) continue;
    const std::optional<int64_t> after = units_after(charge, *line);
    if (!after) continue;
    const int64_t counted = license.HasReleased(charge)
                                ? line->drawn.shipped + line->drawn.reserved
                                : line->authorized;
    RETURN_IF_ERROR(assessment.MoveUnits(charge, v1::BALANCE_USED, date,
                                         counted, *after, Test::kNothing));
  }
  return absl::OkStatus();
}

// Gathers that what a charge counts fell from `before` units to `after` on
// another date.
absl::Status MoveDate(const Charge& charge, int64_t before, int64_t after,
                      Date from, Date to, Assessment& assessment) {
  // What goes from one date to another is taken away first, so that it does not
  // seem to be on both.
  RETURN_IF_ERROR(assessment.MoveUnits(charge, v1::BALANCE_USED, to, before,
                                       after, Test::kNothing));
  return assessment.MoveUnits(charge, v1::BALANCE_USED, from, after, before,
                              Test::kNothing);
}

// Gathers what the end of a license gave back, by rules that release what is
// revoked, by another date.
absl::Status MoveRelease(const Case& c, const LicenseState& license, Date from,
                         Date to, Assessment& assessment) {
  ASSIGN_OR_RETURN(const std::vector<Charge> charges,
                   CountedCharges(c.state, c.history, license));
  for (const Charge& charge : charges) {
    const LicenseState::Line* line = license.FindLine(charge.item);
    if (line == nullptr || !charge.release_on_revocation ||
        !license.HasReleased(charge)) {
      continue;
    }
    RETURN_IF_ERROR(MoveDate(charge, line->authorized,
                             line->authorized - line->released, from, to,
                             assessment));
  }
  return absl::OkStatus();
}

// What a reservation that is released holds on other licenses than the one that
// ends moves the charges of those that have ended already. Folding gives back
// the draws themselves.
absl::Status DrawBackElsewhere(const ReservationState& reservation,
                               const std::string& license_id,
                               LicenseDraws& draws) {
  google::protobuf::RepeatedPtrField<v1::LicenseDraw> elsewhere;
  for (const v1::LicenseDraw& draw : reservation.held.draws()) {
    if (draw.license_id() != license_id) *elsewhere.Add() = draw;
  }
  v1::Evidence not_recorded;
  return draws.DrawBack(elsewhere, reservation.index,
                        ParsedDate(reservation.shipment.export_date()),
                        not_recorded);
}

// Gives back all open reservations under a license, unless they are kept.
// Returns those released.
absl::StatusOr<std::vector<uint64_t>> ReleaseReservations(
    const Case& c, const std::string& license_id, v1::ReservationEffect effect,
    Assessment& assessment, LicenseDraws& draws, v1::Evidence& evidence) {
  std::vector<uint64_t> released;
  if (effect == v1::RESERVATION_EFFECT_KEEP) return released;
  for (const uint64_t index : c.state.ReservationsUnder(license_id)) {
    ASSIGN_OR_RETURN(const ReservationState* reservation,
                     FindReservation(c.state, index));
    RETURN_IF_ERROR(GiveBack(c, *reservation, GiveBackDraws::kByFolding,
                             assessment, draws, evidence));
    RETURN_IF_ERROR(DrawBackElsewhere(*reservation, license_id, draws));
    released.push_back(index);
  }
  return released;
}

// What a license that ends counts from then on: what was shipped and, if
// reservations are kept, what is reserved.
int64_t UnitsKept(const LicenseState::Line& line,
                  v1::ReservationEffect effect) {
  return effect == v1::RESERVATION_EFFECT_KEEP
             ? line.drawn.shipped + line.drawn.reserved
             : line.drawn.shipped;
}

// Errors: WRONG_DATE, INVALID_FIELD, QUANTITY_NOT_AVAILABLE.
absl::Status CheckReplacement(const LicenseState& current,
                              const v1::License& replacement) {
  const v1::License& granted = current.license;
  if (replacement.exporter() != granted.exporter()) {
    return InvalidFields(
        {{"license.exporter", absl::StrCat("\"", replacement.exporter(),
                                           "\" is not the licensee, \"",
                                           granted.exporter(), "\"")}});
  }
  if (replacement.grant_date() != granted.grant_date()) {
    return WrongDate(
        "license.grant_date", replacement.grant_date(),
        absl::StrCat("is not the granted one, ", granted.grant_date()));
  }
  for (const LicenseState::Line& line : current.lines) {
    const int64_t drawn = line.drawn.shipped + line.drawn.reserved;
    if (drawn == 0) continue;
    if (replacement.utc_offset() != granted.utc_offset()) {
      return InvalidFields(
          {{"license.utc_offset",
            absl::StrCat("\"", replacement.utc_offset(),
                         "\" is not the granted one, \"", granted.utc_offset(),
                         "\", by which departures of shipments under it are "
                         "dated already")}});
    }
    const std::string resource = absl::StrCat(Resource(granted.license_id()),
                                              " line ", line.line_number);
    const auto kept = std::find_if(
        replacement.lines().begin(), replacement.lines().end(),
        [&](const v1::LicenseLine& l) {
          return l.line_number() == line.line_number &&
                 l.product_code() == line.product_code &&
                 LineDestination(replacement, l) == line.destination_country;
        });
    if (kept == replacement.lines().end()) {
      return WrongStatus(resource, "drawn",
                         "kept with its product and destination");
    }
    if (kept->quantity() < drawn) {
      return QuantityDrawn(resource, drawn, kept->quantity());
    }
  }
  return absl::OkStatus();
}

// Errors: APPLICATION_NOT_FOUND, WRONG_STATUS, INVALID_FIELD.
absl::Status CheckApplication(const State& state,
                              const v1::GrantLicense& command) {
  const std::string& id = command.application_id();
  if (id.empty()) return absl::OkStatus();
  const auto* found = state.registers().applications.Find(id);
  if (found == nullptr) return ApplicationNotFound(id);
  const v1::ApplicationView& application = **found;
  RETURN_IF_ERROR(CheckMove(application, ApplicationMove::kGrant));
  RETURN_IF_ERROR(CheckNotBefore(application, "license.grant_date",
                                 command.license().grant_date()));
  if (application.application().exporter() != command.license().exporter()) {
    return InvalidFields(
        {{"application_id",
          absl::StrCat("\"", id, "\" is an application of \"",
                       application.application().exporter(), "\", not of \"",
                       command.license().exporter(), "\"")}});
  }
  return absl::OkStatus();
}

// Reverses what a license counts and counts what it authorizes now.
absl::Status CountInPlaceOf(const Case& c, const LicenseState& current,
                            const v1::License& license, Assessment& assessment,
                            v1::Evidence& evidence) {
  // What was revoked in part was given back, or its charge stays.
  RETURN_IF_ERROR(MoveCharges(
      c, current, current.grant_date,
      [](const Charge&, const LicenseState::Line&) {
        return std::optional<int64_t>(0);
      },
      assessment));
  RETURN_IF_ERROR(assessment.Judge(evidence));
  return CountLicense(c, license, assessment, evidence);
}

// A license that can be replaced; again, when what replaced it is void.
// Errors: LICENSE_NOT_FOUND, WRONG_STATUS.
absl::StatusOr<const LicenseState*> FindToReplace(
    const State& state, const std::string& license_id) {
  const LicenseState* license = state.FindLicense(license_id);
  if (license != nullptr &&
      license->FinalStatus() == v1::LICENSE_STATUS_REPLACED) {
    const LicenseState* by = state.FindLicense(license->replaced_by);
    if (by != nullptr && by->FinalStatus() == v1::LICENSE_STATUS_VOID) {
      return license;
    }
  }
  return FindFor(LicenseMove::kReplace, state, license_id);
}

// The license that a grant replaces ends: what was not shipped is given back,
// by every rule.
// Errors: LICENSE_NOT_FOUND, WRONG_STATUS, INVALID_FIELD, WRONG_DATE.
absl::Status Replace(const Case& c, const v1::GrantLicense& command,
                     Assessment& assessment, LicenseDraws& draws,
                     v1::LicenseGranted& granted) {
  ASSIGN_OR_RETURN(const LicenseState* replaced,
                   FindToReplace(c.state, command.replaces()));
  const v1::License& license = command.license();
  const Date date = ParsedDate(license.grant_date());
  if (license.exporter() != replaced->LicenseeOn(date)) {
    return InvalidFields(
        {{"replaces",
          absl::StrCat("\"", command.replaces(), "\" is a license of \"",
                       replaced->LicenseeOn(date), "\", not of \"",
                       license.exporter(), "\"")}});
  }
  if (date < replaced->grant_date) {
    return WrongDate("license.grant_date", license.grant_date(),
                     absl::StrCat("is before that of the license it replaces, ",
                                  replaced->license.grant_date()));
  }
  if (date > c.today) {
    return WrongDate(
        "license.grant_date", license.grant_date(),
        absl::StrCat("has not come yet (today is ", c.today.ToString(),
                     " UTC); the license that it replaces ends when it is "
                     "recorded, so record it on its date"));
  }
  v1::Evidence& evidence = *granted.mutable_evidence();
  ASSIGN_OR_RETURN(
      const std::vector<uint64_t> released,
      ReleaseReservations(c, command.replaces(), command.reservation_effect(),
                          assessment, draws, evidence));
  granted.mutable_released_reservations()->Add(released.begin(),
                                               released.end());
  RETURN_IF_ERROR(MoveCharges(
      c, *replaced, date,
      [&](const Charge&, const LicenseState::Line& line) {
        return std::optional(UnitsKept(line, command.reservation_effect()));
      },
      assessment));
  return assessment.Judge(evidence);
}

// Gathers what a revocation in part gave back, by rules that release what is
// revoked, by another date.
absl::Status MovePartRelease(const Case& c, const LicenseState& license,
                             const LicenseState::PartRevocation& revocation,
                             Date to, Assessment& assessment) {
  ASSIGN_OR_RETURN(const std::vector<Charge> charges,
                   CountedCharges(c.state, c.history, license));
  for (const auto& [line_number, units] : revocation.units) {
    // What the line authorized without it and the later ones.
    int64_t before = license.FindLine(line_number)->authorized;
    for (const LicenseState::PartRevocation& other : license.part_revocations) {
      if (other.index < revocation.index) continue;
      for (const auto& [other_line, other_units] : other.units) {
        if (other_line == line_number) before += other_units;
      }
    }
    for (const Charge& charge : charges) {
      if (charge.item != line_number || !charge.release_on_revocation) continue;
      RETURN_IF_ERROR(MoveDate(charge, before, before - units, revocation.from,
                               to, assessment));
    }
  }
  return absl::OkStatus();
}

// The revocation in part that an entry made, or null.
const LicenseState::PartRevocation* FindPartRevocation(
    const LicenseState& license, uint64_t index) {
  const auto& all = license.part_revocations;
  const auto found = std::find_if(
      all.begin(), all.end(),
      [&](const auto& revocation) { return revocation.index == index; });
  return found == all.end() ? nullptr : &*found;
}

// Errors: WRONG_DATE, WRONG_STATUS.
absl::Status CheckPartCorrection(const LicenseState& license,
                                 const LicenseState::PartRevocation& revocation,
                                 const std::string& effective_date) {
  if (ParsedDate(effective_date) == revocation.from) {
    return WrongDate("effective_date", effective_date, "is the date it has");
  }
  if (revocation.index < license.charges_index) {
    return WrongStatus(
        Resource(license.license.license_id()),
        absl::StrCat("amended or transferred by entry ", license.charges_index,
                     " since, so that what is left counts by the grant date"),
        "unchanged since the revocation");
  }
  return absl::OkStatus();
}

// The change of a license that an entry made, of those whose date can be
// corrected. Errors: INVALID_FIELD.
absl::StatusOr<size_t> FindChange(const LicenseState& license,
                                  uint64_t change_index) {
  std::vector<std::string> known;
  for (size_t i = 1; i < license.status_changes.size(); ++i) {
    const LicenseState::StatusChange& change = license.status_changes[i];
    switch (change.status) {
      case v1::LICENSE_STATUS_SUSPENDED:
      case v1::LICENSE_STATUS_GRANTED:
      case v1::LICENSE_STATUS_REVOKED:
        if (change.index == change_index) return i;
        known.push_back(absl::StrCat(change.index, " (", NameOf(change.status),
                                     " from ", change.from.ToString(), ")"));
        break;
      default:
        break;
    }
  }
  for (const LicenseState::PartRevocation& part : license.part_revocations) {
    known.push_back(absl::StrCat(part.index, " (revoked in part from ",
                                 part.from.ToString(), ")"));
  }
  return InvalidFields(
      {{"change_index",
        absl::StrCat(
            change_index,
            " is no suspension, reinstatement or revocation of license ",
            license.license.license_id(),
            known.empty()
                ? "; it has none"
                : absl::StrCat("; these are: ", absl::StrJoin(known, ", ")))}});
}

// The corrected change must still hold on some date, and so must the change
// before it, as far as they do now: changes may have been recorded in another
// order than that of their dates. Errors: WRONG_DATE.
absl::Status CheckBetweenNeighbors(const LicenseState& license, size_t place,
                                   const std::string& effective_date) {
  const auto& changes = license.status_changes;
  const Date date = ParsedDate(effective_date);
  const Date was = changes[place].from;
  const auto wrong = [&](const LicenseState::StatusChange& other,
                         absl::string_view side) {
    return WrongDate("effective_date", effective_date,
                     absl::StrCat("is ", side, " the change that entry ",
                                  other.index, " made, ", NameOf(other.status),
                                  " from ", other.from.ToString()));
  };
  if (date == was) {
    return WrongDate("effective_date", effective_date, "is the date it has");
  }
  // The grant's date was checked.
  if (place > 1 && changes[place - 1].from < was &&
      date <= changes[place - 1].from) {
    return wrong(changes[place - 1], "not after");
  }
  if (place + 1 < changes.size() && was < changes[place + 1].from &&
      date >= changes[place + 1].from) {
    return wrong(changes[place + 1], "not before");
  }
  return absl::OkStatus();
}

absl::Status CheckParts(const LicenseState& license,
                        const v1::RevokeLicense& command) {
  for (int i = 0; i < command.parts_size(); ++i) {
    const v1::RevokeLicense::Part& part = command.parts(i);
    const LicenseState::Line* line = license.FindLine(part.line_number());
    if (line == nullptr) {
      return InvalidFields({{absl::StrCat("parts[", i, "].line_number"),
                             absl::StrCat(part.line_number(),
                                          " is not a line of the license")}});
    }
    if (part.quantity() > line->available()) {
      return QuantityNotAvailable(absl::StrCat(Resource(command.license_id()),
                                               " line ", part.line_number()),
                                  part.quantity(), line->available());
    }
  }
  return absl::OkStatus();
}

// What the licensee before has reserved for a date of the new one nobody could
// use. Errors: WRONG_STATUS.
absl::Status RequireNoReservation(const Case& c,
                                  const v1::TransferLicense& command) {
  for (const uint64_t index : c.state.ReservationsUnder(command.license_id())) {
    ASSIGN_OR_RETURN(const ReservationState* reservation,
                     FindReservation(c.state, index));
    // ISO dates sort as text.
    if (reservation->shipment.export_date() < command.effective_date()) {
      continue;
    }
    return WrongStatus(
        Resource(command.license_id()),
        absl::StrCat("held by reservation ", index, " of ",
                     reservation->shipment.exporter(), " for ",
                     reservation->shipment.export_date()),
        "free from the date of the transfer on; release the reservation first");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status DecideGrantLicense(v1::GrantLicense& command, Case& c) {
  const v1::License& license = command.license();
  if (const LicenseState* known = c.state.FindLicense(license.license_id())) {
    return LicenseExists(license.license_id(), known->index);
  }
  RETURN_IF_ERROR(
      CheckNotFarAhead("license.grant_date", license.grant_date(), c));
  RETURN_IF_ERROR(CheckApplication(c.state, command));
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  v1::LicenseGranted& granted = *c.event.mutable_license_granted();
  granted.unsafe_arena_set_allocated_command(&command);
  Assessment assessment(c.state, ParsedDate(license.grant_date()),
                        &command.overrides());
  LicenseDraws draws(c.state, c.history, assessment);
  if (!command.replaces().empty()) {
    RETURN_IF_ERROR(Replace(c, command, assessment, draws, granted));
  }
  RETURN_IF_ERROR(
      CountLicense(c, license, assessment, *granted.mutable_evidence()));
  c.refused = assessment.violated();
  return absl::OkStatus();
}

absl::Status DecideTransferLicense(v1::TransferLicense& command, Case& c) {
  ASSIGN_OR_RETURN(
      const LicenseState* current,
      FindFor(LicenseMove::kTransfer, c.state, command.license_id()));
  if (current->transfer) {
    return WrongStatus(
        Resource(command.license_id()),
        absl::StrCat("transferred from ", current->transfer->from_exporter(),
                     " on ", current->transfer->effective_date()),
        "one that was not: a license is transferred once");
  }
  if (c.state.catalog().parties.Find(command.exporter()) == nullptr) {
    return PartyNotFound(command.exporter());
  }
  if (command.exporter() == current->license.exporter()) {
    return InvalidFields(
        {{"exporter", absl::StrCat("\"", command.exporter(),
                                   "\" is the licensee already")}});
  }
  RETURN_IF_ERROR(CheckEffectiveDate(*current, command.effective_date(), c));
  RETURN_IF_ERROR(RequireNoReservation(c, command));
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  v1::LicenseTransferred& transferred = *c.event.mutable_license_transferred();
  transferred.unsafe_arena_set_allocated_command(&command);
  v1::License& license = *transferred.mutable_license();
  license = current->license;
  license.set_exporter(command.exporter());
  // What was revoked in part stays revoked.
  for (v1::LicenseLine& line : *license.mutable_lines()) {
    line.set_quantity(current->FindLine(line.line_number())->authorized);
  }
  Assessment assessment(c.state, current->grant_date, &command.overrides());
  RETURN_IF_ERROR(CountInPlaceOf(c, *current, license, assessment,
                                 *transferred.mutable_evidence()));
  c.refused = assessment.violated();
  return absl::OkStatus();
}

absl::Status DecideAmendLicense(v1::AmendLicense& command, Case& c) {
  const v1::License& license = command.license();
  ASSIGN_OR_RETURN(const LicenseState* current,
                   FindFor(LicenseMove::kAmend, c.state, license.license_id()));
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  RETURN_IF_ERROR(CheckReplacement(*current, license));
  v1::LicenseAmended& amended = *c.event.mutable_license_amended();
  amended.unsafe_arena_set_allocated_command(&command);
  Assessment assessment(c.state, current->grant_date, &command.overrides());
  RETURN_IF_ERROR(CountInPlaceOf(c, *current, license, assessment,
                                 *amended.mutable_evidence()));
  c.refused = assessment.violated();
  return absl::OkStatus();
}

absl::Status DecideExtendLicense(v1::ExtendLicense& command, Case& c) {
  ASSIGN_OR_RETURN(
      const LicenseState* license,
      FindFor(LicenseMove::kExtend, c.state, command.license_id()));
  if (ParsedDate(command.expiry_date()) <= license->expiry_date) {
    return WrongDate("expiry_date", command.expiry_date(),
                     absl::StrCat("is not after the expiry date, ",
                                  license->expiry_date.ToString()));
  }
  c.event.mutable_license_extended()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideSuspendLicense(v1::SuspendLicense& command, Case& c) {
  ASSIGN_OR_RETURN(
      const LicenseState* license,
      FindFor(LicenseMove::kSuspend, c.state, command.license_id()));
  RETURN_IF_ERROR(CheckEffectiveDate(*license, command.effective_date(), c));
  c.event.mutable_license_suspended()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideReinstateLicense(v1::ReinstateLicense& command, Case& c) {
  ASSIGN_OR_RETURN(
      const LicenseState* license,
      FindFor(LicenseMove::kReinstate, c.state, command.license_id()));
  RETURN_IF_ERROR(CheckEffectiveDate(*license, command.effective_date(), c));
  c.event.mutable_license_reinstated()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideRevokeLicense(v1::RevokeLicense& command, Case& c) {
  ASSIGN_OR_RETURN(const LicenseState* license,
                   FindFor(command.parts().empty() ? LicenseMove::kRevoke
                                                   : LicenseMove::kRevokePart,
                           c.state, command.license_id()));
  RETURN_IF_ERROR(CheckRevocationDate(*license, command.effective_date(), c));
  const Date date = ParsedDate(command.effective_date());
  RETURN_IF_ERROR(CheckParts(*license, command));
  v1::LicenseRevoked& revoked = *c.event.mutable_license_revoked();
  revoked.unsafe_arena_set_allocated_command(&command);
  v1::Evidence& evidence = *revoked.mutable_evidence();
  Assessment assessment(c.state, date, nullptr);
  LicenseDraws draws(c.state, c.history, assessment);
  const bool whole = command.parts().empty();
  if (whole) {
    ASSIGN_OR_RETURN(const std::vector<uint64_t> released,
                     ReleaseReservations(c, command.license_id(),
                                         command.reservation_effect(),
                                         assessment, draws, evidence));
    revoked.mutable_released_reservations()->Add(released.begin(),
                                                 released.end());
  }
  RETURN_IF_ERROR(MoveCharges(
      c, *license, date,
      [&](const Charge& charge,
          const LicenseState::Line& line) -> std::optional<int64_t> {
        if (!charge.release_on_revocation) return std::nullopt;
        if (whole) return UnitsKept(line, command.reservation_effect());
        for (const v1::RevokeLicense::Part& part : command.parts()) {
          if (part.line_number() == line.line_number) {
            return line.authorized - part.quantity();
          }
        }
        return std::nullopt;
      },
      assessment));
  return assessment.Judge(evidence);
}

absl::Status DecideCorrectLicenseChange(v1::CorrectLicenseChange& command,
                                        Case& c) {
  ASSIGN_OR_RETURN(
      const LicenseState* license,
      FindFor(LicenseMove::kCorrectChange, c.state, command.license_id()));
  const std::string& effective_date = command.effective_date();
  v1::LicenseChangeCorrected& corrected =
      *c.event.mutable_license_change_corrected();
  corrected.unsafe_arena_set_allocated_command(&command);
  const Date date = ParsedDate(effective_date);
  Assessment assessment(c.state, date, nullptr);
  if (const LicenseState::PartRevocation* part =
          FindPartRevocation(*license, command.change_index())) {
    RETURN_IF_ERROR(CheckRevocationDate(*license, effective_date, c));
    RETURN_IF_ERROR(CheckPartCorrection(*license, *part, effective_date));
    corrected.set_corrected_date(part->from.ToString());
    RETURN_IF_ERROR(MovePartRelease(c, *license, *part, date, assessment));
    return assessment.Judge(*corrected.mutable_evidence());
  }
  ASSIGN_OR_RETURN(const size_t place,
                   FindChange(*license, command.change_index()));
  const LicenseState::StatusChange& change = license->status_changes[place];
  const bool revoked = change.status == v1::LICENSE_STATUS_REVOKED;
  RETURN_IF_ERROR(revoked ? CheckRevocationDate(*license, effective_date, c)
                          : CheckEffectiveDate(*license, effective_date, c));
  RETURN_IF_ERROR(CheckBetweenNeighbors(*license, place, effective_date));
  corrected.set_corrected_date(change.from.ToString());
  if (revoked) {
    RETURN_IF_ERROR(MoveRelease(c, *license, change.from, date, assessment));
  }
  return assessment.Judge(*corrected.mutable_evidence());
}

absl::Status DecideVoidLicense(v1::VoidLicense& command, Case& c) {
  ASSIGN_OR_RETURN(const LicenseState* license,
                   FindFor(LicenseMove::kVoid, c.state, command.license_id()));
  v1::LicenseVoided& voided = *c.event.mutable_license_voided();
  voided.unsafe_arena_set_allocated_command(&command);
  v1::Evidence& evidence = *voided.mutable_evidence();
  Assessment assessment(c.state, std::nullopt, nullptr);
  LicenseDraws draws(c.state, c.history, assessment);
  ASSIGN_OR_RETURN(
      const std::vector<uint64_t> released,
      ReleaseReservations(c, command.license_id(), command.reservation_effect(),
                          assessment, draws, evidence));
  voided.mutable_released_reservations()->Add(released.begin(), released.end());
  // What it gave back when it ended was never its.
  if (const LicenseState::StatusChange* end = license->FirstEnd()) {
    RETURN_IF_ERROR(
        MoveRelease(c, *license, end->from, license->grant_date, assessment));
  }
  RETURN_IF_ERROR(MoveCharges(
      c, *license, license->grant_date,
      [&](const Charge& charge,
          const LicenseState::Line& line) -> std::optional<int64_t> {
        if (!charge.release_on_revocation) return std::nullopt;
        return UnitsKept(line, command.reservation_effect());
      },
      assessment));
  return assessment.Judge(evidence);
}

absl::Status DecideExpireLicense(v1::ExpireLicense& command, Case& c) {
  ASSIGN_OR_RETURN(
      const LicenseState* license,
      FindFor(LicenseMove::kExpire, c.state, command.license_id()));
  const Date last = license->last_export_date;
  if (!license->IsOverEverywhere(c.today)) {
    return WrongStatus(Resource(command.license_id()),
                       absl::StrCat("valid through ", last.ToString()),
                       "over everywhere");
  }
  const Date date = Date::FromDays(last.days() + 1);
  v1::LicenseExpired& expired = *c.event.mutable_license_expired();
  expired.unsafe_arena_set_allocated_command(&command);
  expired.set_effective_date(date.ToString());
  Assessment assessment(c.state, date, nullptr);
  RETURN_IF_ERROR(MoveCharges(
      c, *license, date,
      [](const Charge& charge,
         const LicenseState::Line& line) -> std::optional<int64_t> {
        if (!charge.release_on_expiry) return std::nullopt;
        return UnitsKept(line, v1::RESERVATION_EFFECT_KEEP);
      },
      assessment));
  return assessment.Judge(*expired.mutable_evidence());
}

absl::Status DecideRecordCondition(v1::RecordCondition& command, Case& c) {
  const std::string& party = command.party();
  if (!party.empty()) {
    if (c.state.catalog().parties.Find(party) == nullptr) {
      return PartyNotFound(party);
    }
    const auto* met = c.state.registers().party_conditions.Find(party);
    if (met != nullptr &&
        (*met)->conditions_size() >= limits::kMaxConditionsPerParty) {
      return InvalidFields(
          {{"party", absl::StrCat("\"", party, "\" has met ",
                                  limits::kMaxConditionsPerParty,
                                  " conditions, and no more are kept")}});
    }
  } else {
    RETURN_IF_ERROR(
        FindFor(LicenseMove::kMeetCondition, c.state, command.license_id())
            .status());
  }
  RETURN_IF_ERROR(CheckHasHappened("condition.satisfied_date",
                                   command.condition().satisfied_date(), c));
  c.event.mutable_condition_recorded()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
