// Comparing a state with what it is after a restart, whole.
#ifndef CHIPLEDGER_TESTS_DOMAIN_RESTARTS_H_
#define CHIPLEDGER_TESTS_DOMAIN_RESTARTS_H_

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "ledger/domain/state.h"

namespace chipledger::testing {

// Returns everything a state knows, a line for each thing.
std::vector<std::string> LinesOf(const domain::State& state);

// Folds a log, and after each event for which `restarts` says so, restores a
// state from the rows of a mark and goes on with it as well. Returns the lines
// in which the states ever differed; none when they never did.
std::vector<std::string> DifferencesAfterRestarts(
    const std::vector<std::string>& entries,
    absl::FunctionRef<bool()> restarts);

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_DOMAIN_RESTARTS_H_
