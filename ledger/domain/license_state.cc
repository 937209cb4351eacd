#include "ledger/domain/license_state.h"

namespace chipledger::domain {

v1::LicenseStatus LicenseState::StatusOn(Date date) const {
  v1::LicenseStatus status = v1::LICENSE_STATUS_GRANTED;
  for (const StatusChange& change : status_changes) {
    if (change.from > date) continue;
    status = change.status;
    if (status == v1::LICENSE_STATUS_REVOKED) return status;
  }
  return status;
}

v1::LicenseStatus LicenseState::FinalStatus() const {
  return StatusOn(Date::Max());
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

v1::LicenseView LicenseState::ToView() const {
  v1::LicenseView view;
  *view.mutable_license() = license;
  for (const StatusChange& change : status_changes) {
    v1::LicenseView::StatusChange& out = *view.add_status_changes();
    out.set_effective_date(change.from.ToString());
    out.set_status(change.status);
    out.set_index(change.index);
  }
  for (const Line& line : lines) {
    v1::LicenseView::LineDrawdown& out = *view.add_drawdown();
    out.set_line_number(line.line_number);
    out.set_product_code(line.product_code);
    out.set_destination_country(line.destination_country);
    out.set_authorized(line.authorized);
    out.set_revoked(line.revoked);
    out.set_shipped(line.shipped);
    out.set_available(line.available());
  }
  view.set_revision(revision);
  view.set_index(index);
  return view;
}

storage::v1::LicenseRow LicenseState::ToRow() const {
  storage::v1::LicenseRow row;
  *row.mutable_license() = license;
  for (const StatusChange& change : status_changes) {
    v1::LicenseView::StatusChange& out = *row.add_status_changes();
    out.set_effective_date(change.from.ToString());
    out.set_status(change.status);
    out.set_index(change.index);
  }
  for (const Line& line : lines) {
    storage::v1::LicenseRow::Line& out = *row.add_lines();
    out.set_line_number(line.line_number);
    out.set_authorized(line.authorized);
    out.set_revoked(line.revoked);
    out.set_shipped(line.shipped);
  }
  row.mutable_charges()->Add(charges.begin(), charges.end());
  row.set_revision(revision);
  row.set_index(index);
  return row;
}

LicenseState LicenseState::FromRow(const storage::v1::LicenseRow& row) {
  LicenseState state;
  state.license = row.license();
  state.grant_date = *Date::Parse(row.license().grant_date());
  state.expiry_date = *Date::Parse(row.license().expiry_date());
  for (const v1::LicenseView::StatusChange& change : row.status_changes()) {
    state.status_changes.push_back(
        {.from = *Date::Parse(change.effective_date()),
         .status = change.status(),
         .index = change.index()});
  }
  for (const v1::LicenseLine& line : row.license().lines()) {
    state.lines.push_back(
        {.line_number = line.line_number(),
         .product_code = line.product_code(),
         .destination_country = LineDestination(row.license(), line)});
  }
  for (const storage::v1::LicenseRow::Line& line : row.lines()) {
    if (Line* found = state.FindLine(line.line_number())) {
      found->authorized = line.authorized();
      found->revoked = line.revoked();
      found->shipped = line.shipped();
    }
  }
  state.charges.assign(row.charges().begin(), row.charges().end());
  state.revision = row.revision();
  state.index = row.index();
  return state;
}

const std::string& LineDestination(const v1::License& license,
                                   const v1::LicenseLine& line) {
  return line.destination_country().empty() ? license.destination_countries(0)
                                            : line.destination_country();
}

}  // namespace chipledger::domain
