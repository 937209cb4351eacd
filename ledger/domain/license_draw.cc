#include "ledger/domain/license_draw.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/error.h"
#include "ledger/base/instant.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/recount.h"

namespace chipledger::domain {
namespace {

bool Names(const google::protobuf::RepeatedPtrField<std::string>& list,
           const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

using Findings = std::vector<v1::LicenseFinding>;

v1::LicenseFinding& AddFinding(v1::LicenseCheck check, Findings& findings) {
  v1::LicenseFinding& finding = findings.emplace_back();
  finding.set_check(check);
  return finding;
}

absl::Status LineOverflow(const LicenseState& license, int32_t line_number) {
  return TotalOverflow(absl::StrCat("license ", license.license.license_id(),
                                    " line ", line_number));
}

// The first day has not come yet, the last has gone, or the standing is
// another.
void CheckStanding(const LicenseState& license, Date date, Findings& findings) {
  const auto add = [&](v1::LicenseCheck check, Date compared) {
    AddFinding(check, findings).set_date(compared.days());
  };
  if (date < license.grant_date) {
    add(v1::LICENSE_NOT_YET_VALID, license.grant_date);
  }
  if (date > license.last_export_date) {
    add(v1::LICENSE_EXPIRED, license.last_export_date);
  }
  const LicenseState::Standing standing = license.StandingOn(date);
  switch (standing.status) {
    case v1::LICENSE_STATUS_SUSPENDED:
      return add(v1::LICENSE_SUSPENDED, standing.since);
    case v1::LICENSE_STATUS_REVOKED:
      return add(v1::LICENSE_REVOKED, standing.since);
    case v1::LICENSE_STATUS_REPLACED:
      return add(v1::LICENSE_REPLACED, standing.since);
    case v1::LICENSE_STATUS_VOID:
      AddFinding(v1::LICENSE_VOID, findings);
      return;
    default:
      return;
  }
}

void CheckLicensee(const LicenseState& license, const v1::Shipment& shipment,
                   Date date, Findings& findings) {
  const std::string& licensee = license.LicenseeOn(date);
  if (licensee != shipment.exporter()) {
    AddFinding(v1::LICENSE_WRONG_EXPORTER, findings).set_licensee(licensee);
  }
}

// A stated departure must be on the export date where the license says the
// place of export is. Errors: INVALID_FIELD.
absl::Status CheckDeparture(const LicenseState& license,
                            const v1::Shipment& shipment) {
  const std::string& offset = license.license.utc_offset();
  if (offset.empty() || shipment.departure_time().empty()) {
    return absl::OkStatus();
  }
  const Date date = DateAt(*ParseInstantNs(shipment.departure_time()),
                           *ParseUtcOffset(offset));
  if (date.ToString() == shipment.export_date()) return absl::OkStatus();
  return InvalidFields(
      {{"shipment.departure_time",
        absl::StrCat("\"", shipment.departure_time(), "\" is on ",
                     date.ToString(), " at the place of export (UTC", offset,
                     " by license ", license.license.license_id(),
                     "), and export_date says ", shipment.export_date())}});
}

}  // namespace

std::vector<v1::LicenseFinding> StandingFindings(const LicenseState& license,
                                                 const v1::Shipment& shipment) {
  const Date date = *Date::Parse(shipment.export_date());
  Findings findings;
  CheckLicensee(license, shipment, date, findings);
  CheckStanding(license, date, findings);
  for (v1::LicenseFinding& finding : findings) {
    finding.set_license_id(license.license.license_id());
  }
  return findings;
}

absl::Status LicenseDraws::Draw(const v1::Shipment& shipment, bool reserved,
                                bool has_left, Fact& fact,
                                v1::Evidence& evidence) {
  const LicenseState* license = nullptr;
  if (!fact.license_id.empty()) {
    license = state_.FindLicense(fact.license_id);
    if (license == nullptr) {
      if (!has_left) return LicenseNotFound(fact.license_id);
      v1::LicenseFinding unknown;
      unknown.set_check(v1::LICENSE_NOT_KNOWN);
      unknown.set_license_id(std::string(fact.license_id));
      Report(std::move(unknown), evidence);
    }
  } else if (fact.authorization_kind == v1::AUTHORIZATION_KIND_LICENSE) {
    ASSIGN_OR_RETURN(license, Choose(shipment, fact, evidence));
  }
  if (license == nullptr) return absl::OkStatus();
  fact.license = license;
  fact.license_id = license->license.license_id();
  RETURN_IF_ERROR(CheckDeparture(*license, shipment));

  Plan plan = MakePlan(*license, shipment, fact);
  for (v1::LicenseFinding& finding : plan.findings) {
    Report(std::move(finding), evidence);
  }
  for (size_t i = 0; i < plan.items.size(); ++i) {
    const int32_t number = fact.items[i].number;
    const v1::Item& item = shipment.items(number);
    int64_t first = 0;
    for (const LinePart& part : plan.items[i]) {
      v1::LicenseDraw draw;
      draw.set_line_number(part.line_number);
      draw.set_quantity(part.units);
      draw.set_value_usd(reserved
                             ? 0
                             : PartOfValue(item.value_usd(), item.quantity(),
                                           first, part.units));
      draw.set_reserved(reserved);
      draw.set_item(number);
      draw.set_line_states_value(part.states_value);
      RETURN_IF_ERROR(Add(*license, std::move(draw), fact.date,
                          has_left ? Test::kNothing : Test::kLimit, evidence));
      first += part.units;
    }
    fact.items[i].lines = std::move(plan.items[i]);
  }
  return absl::OkStatus();
}

absl::StatusOr<const LicenseState*> LicenseDraws::Choose(
    const v1::Shipment& shipment, const Fact& fact, v1::Evidence& evidence) {
  std::vector<const LicenseState*> licenses;
  for (const std::string& id : state_.LicensesOf(shipment.exporter())) {
    const LicenseState* license = state_.FindLicense(id);
    if (license->kind() == v1::AUTHORIZATION_KIND_LICENSE) {
      licenses.push_back(license);
    }
  }
  // They come by id, so that the lowest wins among those that expire together.
  std::stable_sort(licenses.begin(), licenses.end(),
                   [](const LicenseState* a, const LicenseState* b) {
                     return a->last_export_date < b->last_export_date;
                   });
  v1::LicenseFinding none_fits;
  for (const LicenseState* license : licenses) {
    // It would not be the license of a place where it departs on that date.
    if (!CheckDeparture(*license, shipment).ok()) continue;
    Plan plan = MakePlan(*license, shipment, fact);
    if (plan.findings.empty()) {
      evidence.set_chosen_license_id(license->license.license_id());
      return license;
    }
    if (none_fits.reasons_size() <
        static_cast<int>(limits::kMaxExplainedLicenses)) {
      *none_fits.add_reasons() = std::move(plan.findings.front());
    }
  }
  none_fits.set_check(v1::NO_LICENSE_FITS);
  none_fits.set_licenses(static_cast<uint32_t>(licenses.size()));
  Report(std::move(none_fits), evidence);
  return nullptr;
}

LicenseDraws::Plan LicenseDraws::MakePlan(const LicenseState& license,
                                          const v1::Shipment& shipment,
                                          const Fact& fact) const {
  Plan plan;
  CheckTerms(license, shipment, fact.date, plan.findings);
  plan.items.resize(fact.items.size());
  // Without lines it authorizes any product in any quantity.
  if (!license.lines.empty()) {
    std::vector<int64_t> planned(license.lines.size());
    for (size_t i = 0; i < fact.items.size(); ++i) {
      plan.items[i] = PlanItem(license, shipment, fact.items[i].number, planned,
                               plan.findings);
    }
  }
  for (v1::LicenseFinding& finding : plan.findings) {
    finding.set_license_id(license.license.license_id());
  }
  std::stable_sort(
      plan.findings.begin(), plan.findings.end(),
      [](const auto& a, const auto& b) { return a.check() < b.check(); });
  return plan;
}

void LicenseDraws::CheckTerms(const LicenseState& license,
                              const v1::Shipment& shipment, Date date,
                              Findings& findings) {
  const v1::License& terms = license.license;
  CheckLicensee(license, shipment, date, findings);
  if (!terms.consignees().empty() &&
      !Names(terms.consignees(), shipment.consignee())) {
    AddFinding(v1::LICENSE_CONSIGNEE_NOT_NAMED, findings);
  }
  if (!Names(terms.destination_countries(), shipment.destination_country())) {
    AddFinding(v1::LICENSE_DESTINATION_NOT_NAMED, findings);
  }
  CheckStanding(license, date, findings);
  if (!terms.end_users().empty() &&
      !Names(terms.end_users(), shipment.end_user())) {
    AddFinding(v1::LICENSE_END_USER_NOT_NAMED, findings);
  }
  if (license.kind() != shipment.authorization().kind()) {
    AddFinding(v1::LICENSE_WRONG_KIND, findings).set_kind(license.kind());
  }
}

LineParts LicenseDraws::PlanItem(const LicenseState& license,
                                 const v1::Shipment& shipment, int place,
                                 std::vector<int64_t>& planned,
                                 Findings& findings) const {
  const v1::Item& item = shipment.items(place);
  // The lines of the product and destination, and what all of them say.
  absl::InlinedVector<size_t, 4> lines;
  absl::InlinedVector<int64_t, 4> left;
  int64_t authorized = 0;
  int64_t reserved = 0;
  int64_t drawn_by_event = 0;
  for (size_t i = 0; i < license.lines.size(); ++i) {
    const LicenseState::Line& line = license.lines[i];
    if (line.product_code != item.product_code() ||
        line.destination_country != shipment.destination_country()) {
      continue;
    }
    const DrawnUnits pending = PendingOf(license, line.line_number);
    const int64_t drawn = pending.shipped + pending.reserved + planned[i];
    lines.push_back(i);
    left.push_back(line.available() - drawn);
    authorized += line.authorized;
    reserved += line.drawn.reserved + pending.reserved;
    drawn_by_event += drawn;
  }
  if (lines.empty()) {
    AddFinding(v1::LICENSE_PRODUCT_NOT_NAMED, findings).set_item(place);
    return {};
  }

  // What each line gives, and which one answers for what none has.
  absl::InlinedVector<int64_t, 4> gives(lines.size());
  size_t last = 0;
  int64_t given = 0;
  const auto enough =
      std::find_if(left.begin(), left.end(),
                   [&](int64_t units) { return units >= item.quantity(); });
  if (enough != left.end()) {
    given = item.quantity();
    gives[static_cast<size_t>(enough - left.begin())] = given;
  }
  for (size_t i = 0; i < lines.size() && given < item.quantity(); ++i) {
    if (left[i] <= 0) continue;
    gives[i] = std::min(left[i], item.quantity() - given);
    given += gives[i];
    last = i;
  }
  const int64_t missing = item.quantity() - given;
  gives[last] += missing;
  // An event that gives back as much as it draws, such as a correction
  // downwards, makes nothing worse.
  if (missing > 0 && drawn_by_event + item.quantity() > 0) {
    const int64_t available =
        given > 0 ? given
                  : std::accumulate(left.begin(), left.end(), int64_t{0});
    v1::LicenseFinding& finding = AddFinding(v1::QUANTITY_EXHAUSTED, findings);
    finding.set_item(place);
    if (lines.size() == 1) {
      finding.set_line_number(license.lines[lines.front()].line_number);
    }
    finding.set_authorized(authorized);
    finding.set_used(authorized - available - reserved);
    finding.set_reserved(reserved);
  }
  LineParts parts;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (gives[i] == 0) continue;
    planned[lines[i]] += gives[i];
    const LicenseState::Line& line = license.lines[lines[i]];
    parts.push_back({.line_number = line.line_number,
                     .units = gives[i],
                     .states_value = line.value_authorized_usd.has_value()});
  }
  return parts;
}

void LicenseDraws::Report(v1::LicenseFinding finding, v1::Evidence& evidence) {
  *evidence.add_license_findings() = std::move(finding);
  assessment_.Violate();
}

absl::Status LicenseDraws::Hold(const LicenseState& license,
                                const LinePart& part, int32_t item, Date date,
                                v1::Evidence& evidence) {
  v1::LicenseDraw draw;
  draw.set_line_number(part.line_number);
  draw.set_quantity(part.units);
  draw.set_reserved(true);
  draw.set_item(item);
  draw.set_line_states_value(part.states_value);
  return Add(license, std::move(draw), date, Test::kNothing, evidence);
}

absl::Status LicenseDraws::DrawBack(
    const google::protobuf::RepeatedPtrField<v1::LicenseDraw>& earlier,
    uint64_t earlier_index, Date date, v1::Evidence& evidence) {
  for (const v1::LicenseDraw& drawn : earlier) {
    const LicenseState* license = state_.FindLicense(drawn.license_id());
    if (license == nullptr) {
      return DataDamaged(earlier_index, "draws from an unknown license");
    }
    v1::LicenseDraw draw = drawn;
    draw.set_quantity(-drawn.quantity());
    draw.set_value_usd(-drawn.value_usd());
    RETURN_IF_ERROR(
        Add(*license, std::move(draw), date, Test::kNothing, evidence));
  }
  return absl::OkStatus();
}

absl::Status LicenseDraws::Add(const LicenseState& license,
                               v1::LicenseDraw draw, Date date, Test test,
                               v1::Evidence& evidence) {
  draw.set_license_id(license.license.license_id());
  const DrawnUnits pending = PendingOf(license, draw.line_number());
  RETURN_IF_ERROR(AddPending(license, draw, date));
  const LicenseState::Line* line = license.FindLine(draw.line_number());
  const int64_t before = line == nullptr
                             ? 0
                             : line->drawn.shipped + line->drawn.reserved +
                                   pending.shipped + pending.reserved;
  if (line != nullptr && !license.HasEnded()) {
    RETURN_IF_ERROR(
        CheckCanEnd(license, draw.line_number(), before + draw.quantity()));
  } else if (line != nullptr) {
    ASSIGN_OR_RETURN(const std::vector<Charge> charges,
                     CountedCharges(state_, history_, license));
    for (const Charge& charge : charges) {
      if (charge.item != draw.line_number() || !license.HasReleased(charge)) {
        continue;
      }
      RETURN_IF_ERROR(assessment_.MoveUnits(charge, v1::BALANCE_USED, date,
                                            before, before + draw.quantity(),
                                            test));
    }
  }
  *evidence.add_draws() = std::move(draw);
  return absl::OkStatus();
}

absl::Status LicenseDraws::CheckCanEnd(const LicenseState& license,
                                       int32_t line_number, int64_t units) {
  for (const Charge& charge : license.charges) {
    if (charge.item == line_number && !charge.AmountOf(units)) {
      return LineOverflow(license, line_number);
    }
  }
  return absl::OkStatus();
}

DrawnUnits LicenseDraws::PendingOf(const LicenseState& license,
                                   int32_t line_number) const {
  DrawnUnits sum;
  for (const Pending& pending : pending_) {
    if (pending.license == &license && pending.line_number == line_number) {
      // Each sum was checked when it was added to.
      sum.Add(pending.units);
    }
  }
  return sum;
}

absl::Status LicenseDraws::AddPending(const LicenseState& license,
                                      const v1::LicenseDraw& draw, Date date) {
  DrawnUnits units{.value_usd = draw.value_usd()};
  (draw.reserved() ? units.reserved : units.shipped) = draw.quantity();
  const auto known =
      std::find_if(pending_.begin(), pending_.end(), [&](const Pending& p) {
        return p.license == &license && p.line_number == draw.line_number() &&
               p.date == date;
      });
  Pending& pending =
      known != pending_.end()
          ? *known
          : pending_.emplace_back(
                Pending{&license, draw.line_number(), date, DrawnUnits()});
  bool fits = pending.units.Add(units);
  if (const LicenseState::Line* line = license.FindLine(draw.line_number())) {
    DrawnUnits drawn = line->drawn;
    fits = fits && drawn.Add(PendingOf(license, draw.line_number())) &&
           CheckedAdd(drawn.shipped, drawn.reserved);
    DrawnUnits on_date = line->drawn_by_date.On(date);
    fits = fits && on_date.Add(pending.units);
  }
  return fits ? absl::OkStatus() : LineOverflow(license, draw.line_number());
}

}  // namespace chipledger::domain
