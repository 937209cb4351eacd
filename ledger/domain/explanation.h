// Why each rule counted a fact or did not, told for readers. Looks at what
// deciding looks at, with its own functions and in its order; nothing of it is
// stored.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_EXPLANATION_H_
#define CHIPLEDGER_LEDGER_DOMAIN_EXPLANATION_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "ledger/domain/history.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// An event that was decided: recorded, or as it would be.
struct DecidedEvent {
  const v1::Event& event;
  // The entry that it is, or would be.
  uint64_t index = 0;
  // Nanoseconds since the Unix epoch.
  int64_t record_time_ns = 0;
};

// Explains an event, which is whole and no Refused. `before` is the state that
// it was decided on. Errors: DATA_DAMAGED, and those of reading.
absl::StatusOr<v1::ExplainFactResponse::Fact> ExplainEvent(
    const State& before, const History& history, const DecidedEvent& decided);

// Leaves out what is beyond so many bytes, the explanations of the last rules
// first, and says how much that is.
void ShortenExplanation(v1::ExplainFactResponse::Fact& fact, size_t max_bytes);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_EXPLANATION_H_
