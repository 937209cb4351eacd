// A license with its standing and drawdown.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_LICENSE_STATE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_LICENSE_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/license.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/charge.h"
#include "ledger/domain/dated_sums.h"

namespace chipledger::domain {

struct Catalog;

// How many days after a date has begun in UTC it is over wherever on Earth it
// is meant.
inline constexpr int32_t kDaysUntilOverEverywhere = 2;

// LicenseState is a value. Thread-safety: thread-compatible.
struct LicenseState {
  struct StatusChange {
    Date from;
    v1::LicenseStatus status;
    uint64_t index;
    // The entry that last corrected the date; 0: none.
    uint64_t corrected_index = 0;
  };
  // Units revoked in part.
  struct PartRevocation {
    Date from;
    // By line number.
    std::vector<std::pair<int32_t, int64_t>> units;
    uint64_t index;
    // As StatusChange::corrected_index.
    uint64_t corrected_index = 0;
  };
  struct Line {
    int32_t line_number = 0;
    std::string product_code;
    std::string destination_country;
    int64_t authorized = 0;
    int64_t revoked = 0;
    // What was neither shipped nor reserved when the license ended.
    int64_t released = 0;
    std::optional<int64_t> value_authorized_usd;
    DrawnUnits drawn;
    // The parts of `drawn`, by the date of the shipment or reservation.
    DatedSums<DrawnUnits> drawn_by_date;
    int64_t available() const {
      return authorized - drawn.shipped - drawn.reserved;
    }
  };

  v1::License license;
  Date grant_date;
  // As stated, and the last date on which it authorizes exports, by the holiday
  // calendar as it was when the license was granted, amended or extended.
  Date expiry_date;
  Date last_export_date;
  std::vector<StatusChange> status_changes;
  // In the order recorded.
  std::vector<PartRevocation> part_revocations;
  std::vector<Line> lines;
  std::vector<Charge> charges;
  // The entry that made the charges.
  uint64_t charges_index = 0;
  google::protobuf::RepeatedPtrField<v1::Condition> conditions;
  std::string application_id;
  // Set once it was transferred: `license` names the licensee since.
  std::optional<v1::LicenseView::Transfer> transfer;
  // Empty: none.
  std::string replaces;
  std::string replaced_by;
  uint64_t revision = 0;
  uint64_t index = 0;

  v1::AuthorizationKind kind() const {
    return license.authorization_kind() == v1::AUTHORIZATION_KIND_UNSPECIFIED
               ? v1::AUTHORIZATION_KIND_LICENSE
               : license.authorization_kind();
  }
  // Who may ship under it on a date.
  const std::string& LicenseeOn(Date date) const;
  // A standing and since when.
  struct Standing {
    v1::LicenseStatus status;
    Date since;
  };
  // The standing on a date: void on every date once voided; revoked for good
  // from the revocation on; else what the last recorded change not
  // after the date says.
  Standing StandingOn(Date date) const;
  v1::LicenseStatus StatusOn(Date date) const {
    return StandingOn(date).status;
  }
  // The standing after every recorded change, whatever their dates.
  v1::LicenseStatus FinalStatus() const;
  // The change that ended it, the first if it was voided since; null: none.
  const StatusChange* FirstEnd() const;
  // Whether what was not shipped has been given back to caps that release it:
  // after a revocation of the whole, a replacement, a voiding or an expiry.
  bool HasEnded() const;
  // Whether its last export date has passed wherever on Earth it is meant.
  // `today` is the date in UTC.
  bool IsOverEverywhere(Date today) const;
  // Whether an end of the license has given back what the charge counts for
  // units that were neither shipped nor reserved. From then on the charge
  // counts those that are, as they change.
  bool HasReleased(const Charge& charge) const;
  bool HasCondition(const std::string& kind, Date date) const;
  const Line* FindLine(int32_t line_number) const;
  Line* FindLine(int32_t line_number);

  // The license as a view, with the draws that count by a date not after
  // `through` and the standing then.
  v1::LicenseView ToView(Date through = Date::Max()) const;
  storage::v1::LicenseRow ToRow() const;
  static LicenseState FromRow(const storage::v1::LicenseRow& row);
};

// Whether a condition of this kind was met by the date and holds on it.
bool HoldsOn(
    const google::protobuf::RepeatedPtrField<v1::Condition>& conditions,
    const std::string& kind, Date date);

// The destination that a line is charged to.
const std::string& LineDestination(const v1::License& license,
                                   const v1::LicenseLine& line);

// The last date on which a license with this expiry authorizes exports; see
// v1::License::holiday_calendar. Requires: the expiry date is one.
Date LastExportDate(const Catalog& catalog, const v1::License& license);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_LICENSE_STATE_H_
