// What the ledger reported on reporting dates.
#ifndef CHIPLEDGER_LEDGER_REPORTS_H_
#define CHIPLEDGER_LEDGER_REPORTS_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"
#include "ledger/base/date.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::ListReports.
absl::StatusOr<Ledger::ReportsPage> ListReportsOf(const store::Store& store,
                                                  const Ledger::Moment& moment,
                                                  const std::string& policy_id,
                                                  Date begin, size_t max_count);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_REPORTS_H_
