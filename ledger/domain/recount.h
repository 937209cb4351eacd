// What policies that were adopted late count of events before their adoption.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RECOUNT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RECOUNT_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/charge.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Returns the evaluations of an event of the log: those stored in it, and those
// of policies adopted after it that have counted it since, with the catalog as
// it was at their adoption. Where the log is rerun, evaluations of policies
// that the state does not hold are left out.
//
// What is given back or moved of an event is taken from here, so that a policy
// that was adopted late loses exactly what it had counted.
// Errors: DATA_DAMAGED.
absl::StatusOr<v1::Evidence> CountedEvidence(const State& state,
                                             const History& history,
                                             const v1::Event& event,
                                             uint64_t index);

// Returns what each item of a shipment or line of a license counts by them.
absl::StatusOr<std::vector<Charge>> CountedCharges(const State& state,
                                                   const History& history,
                                                   const v1::Event& event,
                                                   uint64_t index);
absl::StatusOr<std::vector<Charge>> CountedCharges(const State& state,
                                                   const History& history,
                                                   const LicenseState& license);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RECOUNT_H_
