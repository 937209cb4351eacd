// The facts of an event that was decided, made again from what it says.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_EVENT_FACTS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_EVENT_FACTS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/history.h"
#include "ledger/domain/rules/assessment.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// What an event's facts are and how they count. Borrows from the event, the
// state and the catalog.
struct EventFacts {
  std::vector<Fact> facts;
  Occasion occasion = Occasion::kShipment;
  // What the facts borrow from beside these; null: nothing.
  std::shared_ptr<const v1::Event> content;
};

// The license that an event granted, amended or transferred, or null.
const v1::License* GrantedLicenseOf(const v1::Event& event);

// Whether an event has facts of its own: others move what earlier ones counted,
// or count nothing.
bool HasFacts(const v1::Event& event);

// Returns the facts of an event, with the licenses and lines that it drew.
// `catalog` is the one that they are resolved by; `index` is the event's, or
// the one that it would have. Requires: HasFacts. Errors: DATA_DAMAGED.
absl::StatusOr<EventFacts> FactsOfEvent(const State& state,
                                        const History& history,
                                        const Catalog& catalog,
                                        const v1::Event& event, uint64_t index);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_EVENT_FACTS_H_
