// Reports: how totals stood on the reporting dates of their rules.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_REPORTS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_REPORTS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/persistent_map.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/rules/total_key.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Such as "us-diffusion-2025/2025-08-01": the reports of one policy are
// together, by date.
std::string ReportKey(absl::string_view policy_id, Date date);

// Whether any rule of the policy is tested on reporting dates.
bool HasReportingDates(const v1::Policy& policy);

// A report that the ledger is to record. Borrows.
struct DueReport {
  Date date;
  // The version of the policy that is in force on the date.
  const CompiledPolicy* policy = nullptr;
};

// Returns the reports that are due once `today` has begun, by date and then in
// the order of the policies: of each policy that has counted what it is to
// count, the reporting dates before today that come after its last report, from
// the day of its adoption on, on which the version in force has them.
std::vector<DueReport> DueReports(const Registers& registers, Date today);

// Returns the first of them of one policy, if there is one.
std::optional<DueReport> NextReport(const Registers& registers,
                                    absl::string_view policy_id, Date today);

// Where totals and licenses are looked up: in a state or in a snapshot.
// Borrows.
struct Totals {
  const Catalog& catalog;
  // Both return null for what is not there.
  absl::FunctionRef<const Total*(const TotalKey& key)> find_total;
  absl::FunctionRef<const LicenseState*(absl::string_view license_id)>
      find_license;
};

// Returns how a total stood through a date: what is used and reserved, the
// limit, and the verdict. Nothing is asked, no balance moves, and no group is
// named. A limit that leaves 64 bits is not known.
Evaluation StandingThrough(const Totals& totals, const CompiledPolicy& policy,
                           const CompiledRule& rule, const TotalKey& key,
                           Date date);

// Returns a rule's total that a stored row speaks of.
TotalKey KeyOf(const CompiledRule& rule, const Evaluation& evaluation);

// Fills in what is decided of a report: evidence, rules and policy_index.
// Looks at all totals once.
void FillReport(const State& state, const DueReport& due,
                v1::TotalsReported& reported);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_REPORTS_H_
