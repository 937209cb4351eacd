// Looks for mistakes in a policy file without a ledger.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_POLICY_CHECK_H_
#define CHIPLEDGER_LEDGER_SCENARIO_POLICY_CHECK_H_

#include <string>

#include "chipledger/scenario/v1/scenario.pb.h"
#include "ledger/scenario/policy_file.h"

namespace chipledger::scenarios {

// Finds what a ledger would refuse, with any value of the file's parameters,
// and what is unlikely to be meant: rules that can never bind, exemptions that
// cover everything or nothing, overlaps and gaps between dates, and groups that
// are empty, not used or not in the file. What only a ledger knows, such as
// which products are registered, is not looked at.
scenario::v1::CheckReport CheckPolicyText(const PolicyText& text);

// Whether a ledger would refuse the file.
bool HasErrors(const scenario::v1::CheckReport& report);

// A report for people: "FILE:LINE:COLUMN: error: FIELD: what is wrong" for each
// finding, and "ok  FILE" when there is none.
std::string FormatReport(const scenario::v1::CheckReport& report);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_POLICY_CHECK_H_
