// Deciding about reservations.
#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/timestamp.pb.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

// A shipment that a reservation holds room for.
struct Held {
  const v1::Shipment& shipment;
  // The index of the reservation.
  uint64_t index;
  // The license lines that each item is reserved on.
  std::vector<LineParts> lines;
};

enum class Which { kAll, kLateOnly };

// Counts what a reservation holds, each policy by the catalog that it counted
// the reservation with.
absl::Status CountHeld(const Case& c, const Held& held, Which which,
                       Assessment& assessment, v1::Evidence& evidence) {
  // Facts borrow from catalogs.
  std::deque<Catalog> past;
  std::deque<std::vector<Fact>> facts;
  for (const auto& policy : c.state.catalog().policies) {
    const bool late = policy->CountsAnew(held.index);
    if (which == Which::kLateOnly && !late) continue;
    const Catalog* catalog =
        policy->counts_by ? policy->counts_by.get() : &c.state.catalog();
    if (late) {
      ASSIGN_OR_RETURN(
          Catalog then,
          c.history.CatalogAt(policy->adopted.backfill().through_index()));
      catalog = &past.emplace_back(std::move(then));
    }
    ASSIGN_OR_RETURN(Fact fact, FactOfShipment(*catalog, held.shipment,
                                               v1::MOVEMENT_EXPORT));
    std::vector<Fact>& of_policy =
        facts.emplace_back(SplitByLicense(std::move(fact), held.shipment));
    for (Fact& one : of_policy) {
      if (!one.license_id.empty()) {
        one.license = c.state.FindLicense(one.license_id);
      }
      for (CountedItem& item : one.items) {
        item.lines = held.lines[static_cast<size_t>(item.number)];
      }
    }
    RETURN_IF_ERROR(assessment.CountUnder(
        *catalog, *policy, of_policy, Occasion::kReservation, Test::kNothing));
  }
  return assessment.Judge(evidence);
}

// The lines that each item of a reservation is held on.
std::vector<LineParts> LinesOf(const ReservationState& reservation) {
  std::vector<LineParts> lines(
      static_cast<size_t>(reservation.shipment.items_size()));
  for (const v1::LicenseDraw& draw : reservation.held.draws()) {
    lines[static_cast<size_t>(draw.item())].push_back(LinePartOf(draw));
  }
  return lines;
}

// The last units of an item: a shipment draws the lines in their order, so that
// those at the end are left.
LineParts LastOf(const LineParts& lines, int64_t units) {
  LineParts last;
  for (auto part = lines.rbegin(); part != lines.rend() && units > 0; ++part) {
    const int64_t some = std::min(part->units, units);
    last.insert(last.begin(), *part)->units = some;
    units -= some;
  }
  return last;
}

// Gathers the opposite of what a reservation holds.
absl::Status CountHeldBack(const Case& c, const ReservationState& reservation,
                           Assessment& assessment) {
  const Date planned = ParsedDate(reservation.shipment.export_date());
  RETURN_IF_ERROR(assessment.CountBack(reservation.held, planned, nullptr));
  v1::Evidence late;
  Assessment anew(c.state, planned, nullptr);
  RETURN_IF_ERROR(CountHeld(c,
                            {.shipment = reservation.shipment,
                             .index = reservation.index,
                             .lines = LinesOf(reservation)},
                            Which::kLateOnly, anew, late));
  return assessment.CountBack(late, planned, nullptr);
}

// A reservation ends: all that it holds is given back.
absl::Status End(const Case& c, uint64_t index, v1::Evidence& evidence) {
  ASSIGN_OR_RETURN(const ReservationState* reservation,
                   FindReservation(c.state, index));
  Assessment assessment(c.state, std::nullopt, nullptr);
  LicenseDraws draws(c.state, c.history, assessment);
  return GiveBack(c, *reservation, GiveBackDraws::kInEvidence, assessment,
                  draws, evidence);
}

}  // namespace

absl::StatusOr<const ReservationState*> FindReservation(const State& state,
                                                        uint64_t index) {
  const auto* reservation = state.registers().reservations.Find(index);
  if (reservation == nullptr) return ReservationNotFound(index);
  return reservation->get();
}

absl::StatusOr<const ReservationState*> FindRunningReservation(const Case& c,
                                                               uint64_t index) {
  ASSIGN_OR_RETURN(const ReservationState* reservation,
                   FindReservation(c.state, index));
  if (c.record_time_ns >= reservation->expire_time_ns) {
    return ReservationNotFound(index);
  }
  return reservation;
}

absl::Status GiveBack(const Case& c, const ReservationState& reservation,
                      GiveBackDraws give_back_draws, Assessment& assessment,
                      LicenseDraws& draws, v1::Evidence& evidence) {
  RETURN_IF_ERROR(CountHeldBack(c, reservation, assessment));
  if (give_back_draws == GiveBackDraws::kInEvidence) {
    RETURN_IF_ERROR(draws.DrawBack(
        reservation.held.draws(), reservation.index,
        ParsedDate(reservation.shipment.export_date()), evidence));
  }
  return assessment.Judge(evidence);
}

absl::Status UseReservation(const Case& c, const ReservationState& reservation,
                            const v1::RecordShipment& command,
                            Assessment& assessment, LicenseDraws& draws,
                            v1::Evidence& evidence) {
  const v1::Shipment& shipment = command.shipment();
  if (reservation.shipment.exporter() != shipment.exporter()) {
    return InvalidFields(
        {{"reservation_index",
          absl::StrCat(reservation.index, " is a reservation of \"",
                       reservation.shipment.exporter(), "\", not of \"",
                       shipment.exporter(), "\"")}});
  }
  RETURN_IF_ERROR(GiveBack(c, reservation, GiveBackDraws::kInEvidence,
                           assessment, draws, evidence));
  const LeftOver left = LeftAfter(reservation.shipment, shipment);
  if (left.shipment.items().empty() || command.release_rest()) {
    return absl::OkStatus();
  }
  Held held{.shipment = left.shipment, .index = reservation.index, .lines = {}};
  const std::vector<LineParts> lines = LinesOf(reservation);
  for (size_t i = 0; i < left.places.size(); ++i) {
    const int item = static_cast<int>(i);
    held.lines.push_back(LastOf(lines[static_cast<size_t>(left.places[i])],
                                left.shipment.items(item).quantity()));
    const std::string& license_id =
        LicenseIdOf(left.shipment, left.shipment.items(item));
    for (const LinePart& part : held.lines.back()) {
      RETURN_IF_ERROR(draws.Hold(*c.state.FindLicense(license_id), part, item,
                                 ParsedDate(left.shipment.export_date()),
                                 evidence));
    }
  }
  return CountHeld(c, held, Which::kAll, assessment, evidence);
}

absl::Status DecideReserveShipment(v1::ReserveShipment& command, Case& c) {
  const v1::Shipment& shipment = command.shipment();
  RETURN_IF_ERROR(RequireRules(c.state.catalog(), command.overrides()));
  v1::ShipmentReserved& reserved = *c.event.mutable_shipment_reserved();
  reserved.unsafe_arena_set_allocated_command(&command);
  google::protobuf::Timestamp& expires = *reserved.mutable_expire_time();
  expires.set_seconds(c.record_time_ns / kNsPerSecond + command.hold_seconds());
  expires.set_nanos(static_cast<int32_t>(c.record_time_ns % kNsPerSecond));
  Assessment assessment(c.state, ParsedDate(shipment.export_date()),
                        &command.overrides());
  LicenseDraws draws(c.state, c.history, assessment);
  return JudgeShipment(
      c, {.shipment = shipment, .occasion = Occasion::kReservation}, assessment,
      draws, *reserved.mutable_evidence());
}

absl::Status DecideReleaseReservation(v1::ReleaseReservation& command,
                                      Case& c) {
  v1::ReservationReleased& released = *c.event.mutable_reservation_released();
  released.unsafe_arena_set_allocated_command(&command);
  return End(c, command.reservation_index(), *released.mutable_evidence());
}

absl::Status DecideExpireReservation(v1::ExpireReservation& command, Case& c) {
  ASSIGN_OR_RETURN(const ReservationState* reservation,
                   FindReservation(c.state, command.reservation_index()));
  if (c.record_time_ns < reservation->expire_time_ns) {
    return WrongStatus(
        absl::StrCat("reservation ", command.reservation_index()), "running",
        "past its time");
  }
  v1::ReservationExpired& expired = *c.event.mutable_reservation_expired();
  expired.unsafe_arena_set_allocated_command(&command);
  return End(c, command.reservation_index(), *expired.mutable_evidence());
}

}  // namespace chipledger::domain
