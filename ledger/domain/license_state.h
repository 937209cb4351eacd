// A license with its standing and drawdown.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_LICENSE_STATE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_LICENSE_STATE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/license.pb.h"
#include "ledger/base/date.h"

namespace chipledger::domain {

// LicenseState is a value. Thread-safety: thread-compatible.
struct LicenseState {
  struct StatusChange {
    Date from;
    v1::LicenseStatus status;
    uint64_t index;
  };
  struct Line {
    int32_t line_number = 0;
    std::string product_code;
    std::string destination_country;
    int64_t authorized = 0;
    int64_t revoked = 0;
    int64_t shipped = 0;
    int64_t available() const { return authorized - shipped; }
  };

  v1::License license;
  Date grant_date;
  Date expiry_date;
  std::vector<StatusChange> status_changes;
  std::vector<Line> lines;
  std::vector<v1::LicenseCharge> charges;
  uint64_t revision = 0;
  uint64_t index = 0;

  // The standing on a date: revoked for good from the earliest revocation on,
  // else what the last recorded change not after the date says.
  v1::LicenseStatus StatusOn(Date date) const;
  // The standing after every recorded change, whatever their dates.
  v1::LicenseStatus FinalStatus() const;
  const Line* FindLine(int32_t line_number) const;
  Line* FindLine(int32_t line_number);

  v1::LicenseView ToView() const;
  storage::v1::LicenseRow ToRow() const;
  static LicenseState FromRow(const storage::v1::LicenseRow& row);
};

// The destination that a line is charged to.
const std::string& LineDestination(const v1::License& license,
                                   const v1::LicenseLine& line);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_LICENSE_STATE_H_
