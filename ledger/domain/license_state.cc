#include "ledger/domain/license_state.h"

#include <algorithm>

#include "ledger/domain/catalog.h"
#include "ledger/domain/dated_rows.h"

namespace chipledger::domain {
namespace {

// 1970-01-01 was a Thursday.
bool IsWeekend(Date date) {
  const int32_t since_saturday = ((date.days() + 5) % 7 + 7) % 7;
  return since_saturday < 2;
}

// The changes of standing as views and rows tell them, those that hold by the
// date.
template <typename Message>
void FillStatusChanges(const LicenseState& license, Date through,
                       Message& message) {
  for (const LicenseState::StatusChange& change : license.status_changes) {
    if (change.from > through) continue;
    v1::LicenseView::StatusChange& out = *message.add_status_changes();
    out.set_effective_date(change.from.ToString());
    out.set_status(change.status);
    out.set_index(change.index);
    out.set_corrected_index(change.corrected_index);
  }
}

// The same of what was revoked in part.
template <typename Message>
void FillPartRevocations(const LicenseState& license, Date through,
                         Message& message) {
  for (const LicenseState::PartRevocation& part : license.part_revocations) {
    if (part.from > through) continue;
    v1::LicenseView::PartRevocation& out = *message.add_part_revocations();
    out.set_effective_date(part.from.ToString());
    out.set_index(part.index);
    out.set_corrected_index(part.corrected_index);
    for (const auto& [line_number, quantity] : part.units) {
      v1::LicenseView::RevokedUnits& units = *out.add_parts();
      units.set_line_number(line_number);
      units.set_quantity(quantity);
    }
  }
}

// The units of a line that were revoked in part after a date. What was revoked
// before the license was last amended or transferred is so on every date.
int64_t RevokedAfter(const LicenseState& license, int32_t line_number,
                     Date date) {
  int64_t revoked = 0;
  for (const LicenseState::PartRevocation& part : license.part_revocations) {
    if (part.from <= date || part.index < license.charges_index) continue;
    for (const auto& [line, quantity] : part.units) {
      if (line == line_number) revoked += quantity;
    }
  }
  return revoked;
}

LicenseState::Line LineOf(const v1::License& license,
                          const v1::LicenseLine& line) {
  LicenseState::Line state;
  state.line_number = line.line_number();
  state.product_code = line.product_code();
  state.destination_country = LineDestination(license, line);
  if (line.has_value_usd()) state.value_authorized_usd = line.value_usd();
  return state;
}

void TakeDrawdown(const storage::v1::LicenseRow::Line& row,
                  LicenseState::Line& line) {
  line.authorized = row.authorized();
  line.revoked = row.revoked();
  line.released = row.released();
  line.drawn = {.shipped = row.shipped(),
                .reserved = row.reserved(),
                .value_usd = row.value_shipped_usd()};
  auto days = DaysOf<DrawnUnits>(row.date_steps());
  TakePart(row.shipped_by_date(), &DrawnUnits::shipped, days);
  TakePart(row.reserved_by_date(), &DrawnUnits::reserved, days);
  TakePart(row.value_by_date(), &DrawnUnits::value_usd, days);
  line.drawn_by_date = DatedSums<DrawnUnits>(std::move(days));
}

}  // namespace

const std::string& LicenseState::LicenseeOn(Date date) const {
  return transfer && date < *Date::Parse(transfer->effective_date())
             ? transfer->from_exporter()
             : license.exporter();
}

LicenseState::Standing LicenseState::StandingOn(Date date) const {
  Standing standing{v1::LICENSE_STATUS_GRANTED, grant_date};
  std::optional<Date> revoked;
  for (const StatusChange& change : status_changes) {
    if (change.status == v1::LICENSE_STATUS_VOID) {
      return {change.status, change.from};
    }
    if (change.from > date) continue;
    standing = {change.status, change.from};
    if (change.status == v1::LICENSE_STATUS_REVOKED) {
      revoked = std::min(revoked.value_or(change.from), change.from);
    }
  }
  return revoked ? Standing{v1::LICENSE_STATUS_REVOKED, *revoked} : standing;
}

v1::LicenseStatus LicenseState::FinalStatus() const {
  return StatusOn(Date::Max());
}

const LicenseState::StatusChange* LicenseState::FirstEnd() const {
  const auto end =
      std::find_if(status_changes.begin(), status_changes.end(),
                   [](const StatusChange& change) {
                     return change.status != v1::LICENSE_STATUS_GRANTED &&
                            change.status != v1::LICENSE_STATUS_SUSPENDED;
                   });
  return end == status_changes.end() ? nullptr : &*end;
}

bool LicenseState::HasEnded() const { return FirstEnd() != nullptr; }

bool LicenseState::IsOverEverywhere(Date today) const {
  return today.days() >= last_export_date.days() + kDaysUntilOverEverywhere;
}

bool LicenseState::HasReleased(const Charge& charge) const {
  return std::any_of(status_changes.begin(), status_changes.end(),
                     [&](const StatusChange& change) {
                       switch (change.status) {
                         case v1::LICENSE_STATUS_REVOKED:
                         case v1::LICENSE_STATUS_VOID:
                           return charge.release_on_revocation;
                         case v1::LICENSE_STATUS_EXPIRED:
                           return charge.release_on_expiry;
                         case v1::LICENSE_STATUS_REPLACED:
                           return true;
                         default:
                           return false;
                       }
                     });
}

bool LicenseState::HasCondition(const std::string& kind, Date date) const {
  return HoldsOn(conditions, kind, date);
}

const LicenseState::Line* LicenseState::FindLine(int32_t line_number) const {
  for (const Line& line : lines) {
    if (line.line_number == line_number) return &line;
  }
  return nullptr;
}

LicenseState::Line* LicenseState::FindLine(int32_t line_number) {
  return const_cast<Line*>(
      static_cast<const LicenseState*>(this)->FindLine(line_number));
}

v1::LicenseView LicenseState::ToView(Date through) const {
  v1::LicenseView view;
  *view.mutable_license() = license;
  FillStatusChanges(*this, through, view);
  FillPartRevocations(*this, through, view);
  for (const Line& line : lines) {
    const int64_t not_yet = RevokedAfter(*this, line.line_number, through);
    const int64_t authorized = line.authorized + not_yet;
    const DrawnUnits drawn = through == Date::Max()
                                 ? line.drawn
                                 : line.drawn_by_date.Through(through);
    v1::LicenseView::LineDrawdown& out = *view.add_drawdown();
    out.set_line_number(line.line_number);
    out.set_product_code(line.product_code);
    out.set_destination_country(line.destination_country);
    out.set_authorized(authorized);
    out.set_revoked(line.revoked - not_yet);
    out.set_shipped(drawn.shipped);
    out.set_reserved(drawn.reserved);
    out.set_available(authorized - drawn.shipped - drawn.reserved);
    if (line.value_authorized_usd) {
      out.set_value_authorized_usd(*line.value_authorized_usd);
    }
    out.set_value_shipped_usd(drawn.value_usd);
  }
  view.set_revision(revision);
  view.set_index(index);
  view.set_last_export_date(last_export_date.ToString());
  for (const v1::Condition& condition : conditions) {
    if (*Date::Parse(condition.satisfied_date()) <= through) {
      *view.add_conditions() = condition;
    }
  }
  view.set_application_id(application_id);
  if (transfer && *Date::Parse(transfer->effective_date()) <= through) {
    *view.mutable_transfer() = *transfer;
  }
  view.mutable_license()->set_exporter(LicenseeOn(through));
  view.set_replaces(replaces);
  view.set_replaced_by(replaced_by);
  return view;
}

storage::v1::LicenseRow LicenseState::ToRow() const {
  storage::v1::LicenseRow row;
  *row.mutable_license() = license;
  FillStatusChanges(*this, Date::Max(), row);
  for (const Line& line : lines) {
    storage::v1::LicenseRow::Line& out = *row.add_lines();
    out.set_line_number(line.line_number);
    out.set_authorized(line.authorized);
    out.set_revoked(line.revoked);
    out.set_released(line.released);
    out.set_shipped(line.drawn.shipped);
    out.set_reserved(line.drawn.reserved);
    out.set_value_shipped_usd(line.drawn.value_usd);
    FillSteps(line.drawn_by_date, *out.mutable_date_steps());
    FillPart(line.drawn_by_date, &DrawnUnits::shipped,
             *out.mutable_shipped_by_date());
    FillPart(line.drawn_by_date, &DrawnUnits::reserved,
             *out.mutable_reserved_by_date());
    FillPart(line.drawn_by_date, &DrawnUnits::value_usd,
             *out.mutable_value_by_date());
  }
  for (const Charge& charge : charges) *row.add_charges() = charge.ToRow();
  row.set_revision(revision);
  row.set_index(index);
  *row.mutable_conditions() = conditions;
  row.set_application_id(application_id);
  row.set_charges_index(charges_index);
  row.set_last_export_date(last_export_date.days());
  if (transfer) *row.mutable_transfer() = *transfer;
  FillPartRevocations(*this, Date::Max(), row);
  row.set_replaces(replaces);
  row.set_replaced_by(replaced_by);
  return row;
}

LicenseState LicenseState::FromRow(const storage::v1::LicenseRow& row) {
  LicenseState state;
  state.license = row.license();
  state.grant_date = *Date::Parse(row.license().grant_date());
  state.expiry_date = *Date::Parse(row.license().expiry_date());
  state.last_export_date = Date::FromDays(row.last_export_date());
  for (const v1::LicenseView::StatusChange& change : row.status_changes()) {
    state.status_changes.push_back(
        {.from = *Date::Parse(change.effective_date()),
         .status = change.status(),
         .index = change.index(),
         .corrected_index = change.corrected_index()});
  }
  for (const v1::LicenseLine& line : row.license().lines()) {
    state.lines.push_back(LineOf(row.license(), line));
  }
  for (const storage::v1::LicenseRow::Line& line : row.lines()) {
    if (Line* found = state.FindLine(line.line_number())) {
      TakeDrawdown(line, *found);
    }
  }
  for (const storage::v1::LicenseRow::Charge& charge : row.charges()) {
    state.charges.push_back(Charge::FromRow(charge));
  }
  state.charges_index = row.charges_index();
  for (const v1::LicenseView::PartRevocation& part : row.part_revocations()) {
    LicenseState::PartRevocation& each = state.part_revocations.emplace_back();
    each.from = *Date::Parse(part.effective_date());
    each.index = part.index();
    each.corrected_index = part.corrected_index();
    for (const v1::LicenseView::RevokedUnits& units : part.parts()) {
      each.units.emplace_back(units.line_number(), units.quantity());
    }
  }
  state.conditions = row.conditions();
  state.application_id = row.application_id();
  if (row.has_transfer()) state.transfer = row.transfer();
  state.replaces = row.replaces();
  state.replaced_by = row.replaced_by();
  state.revision = row.revision();
  state.index = row.index();
  return state;
}

bool HoldsOn(
    const google::protobuf::RepeatedPtrField<v1::Condition>& conditions,
    const std::string& kind, Date date) {
  const std::string on = date.ToString();
  // ISO dates sort as text.
  return std::any_of(conditions.begin(), conditions.end(),
                     [&](const v1::Condition& condition) {
                       return condition.kind() == kind &&
                              condition.satisfied_date() <= on &&
                              (condition.valid_through().empty() ||
                               on <= condition.valid_through());
                     });
}

const std::string& LineDestination(const v1::License& license,
                                   const v1::LicenseLine& line) {
  return line.destination_country().empty() ? license.destination_countries(0)
                                            : line.destination_country();
}

Date LastExportDate(const Catalog& catalog, const v1::License& license) {
  const Date expiry = *Date::Parse(license.expiry_date());
  const auto* calendar =
      license.holiday_calendar().empty()
          ? nullptr
          : catalog.calendars.Find(license.holiday_calendar());
  if (calendar == nullptr) return expiry;
  const auto& holidays = (*calendar)->dates();
  const auto is_holiday = [&](Date date) {
    return std::binary_search(holidays.begin(), holidays.end(),
                              date.ToString());
  };
  if (!is_holiday(expiry)) return expiry;
  Date day = expiry;
  do {
    day = Date::FromDays(day.days() + 1);
  } while (IsWeekend(day) || is_holiday(day));
  return day;
}

}  // namespace chipledger::domain
