// Compares what a scenario's step expects with what came of it.
#ifndef CHIPLEDGER_LEDGER_SCENARIO_EXPECTATIONS_H_
#define CHIPLEDGER_LEDGER_SCENARIO_EXPECTATIONS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "chipledger/scenario/v1/scenario.pb.h"
#include "ledger/scenario/memory_ledger.h"
#include "ledger/scenario/step_report.h"

namespace chipledger::scenarios {

// What later steps may ask of a step that has run.
struct StepTrace {
  // The ledger's size right after it.
  uint64_t size = 0;
  // The index of its first entry, when it made one.
  std::optional<uint64_t> first_index;
  // The index of its reservation, when it made one.
  std::optional<uint64_t> reservation_index;
};

// By the steps' names.
using StepTraces = std::map<std::string, StepTrace>;

// What came of a request, in a line.
std::string Describe(const MemoryLedger::Outcome& outcome);

// Compares the answer to a step's request; `ledger` is as it is after it.
void CheckOutcome(const scenario::v1::Expectation& expected,
                  const MemoryLedger::Outcome& outcome,
                  const MemoryLedger& ledger, StepReport& report);

// Compares what the ledger says after a step; `traces` are of the steps up to
// it.
void CheckLedger(const scenario::v1::Expectation& expected,
                 const MemoryLedger& ledger, const StepTraces& traces,
                 StepReport& report);

}  // namespace chipledger::scenarios

#endif  // CHIPLEDGER_LEDGER_SCENARIO_EXPECTATIONS_H_
