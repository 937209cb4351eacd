// Dimension 7 of a rule: what an exceeded limit does, and when it is tested.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_ENFORCEMENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_ENFORCEMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/check.h"

namespace chipledger::domain {

// Whether an exceeded limit refuses, with or without a way around.
inline bool Denies(v1::Enforcement::Mode mode) {
  return mode == v1::Enforcement::MODE_REFUSE ||
         mode == v1::Enforcement::MODE_PRESUME_DENIAL;
}

// How a rule is enforced; see v1::Enforcement. Immutable.
struct CompiledEnforcement {
  v1::Enforcement::Mode mode = v1::Enforcement::MODE_UNSPECIFIED;
  // For MODE_NOTIFY.
  int64_t notify_at = 0;
  v1::TestPoint test_point = v1::TEST_POINT_UNSPECIFIED;
  // Days of the year as "MM-DD", ascending.
  std::vector<std::string> reporting_dates;
  // Kinds that the authorization of a shipment must have met.
  std::vector<std::string> required_conditions;
  // The total from which they are required; unset: always.
  std::optional<int64_t> conditions_from;

  // The last reporting date not after a date, if the rule has any.
  std::optional<Date> LastReportingDate(Date date) const;
  // The reporting dates in [from, to), ascending.
  std::vector<Date> ReportingDates(Date from, Date to) const;
  // Whether a date is a reporting date.
  bool ReportsOn(Date date) const;
};

// Checks what belongs to the enforcement; `path` is the rule's.
void CheckEnforcement(const v1::Rule& rule, const std::string& path,
                      FieldChecks& checks);
CompiledEnforcement CompileEnforcement(const v1::Rule& rule);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_ENFORCEMENT_H_
