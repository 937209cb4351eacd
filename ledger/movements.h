// What an event moved, told apart by total and date.
#ifndef CHIPLEDGER_LEDGER_MOVEMENTS_H_
#define CHIPLEDGER_LEDGER_MOVEMENTS_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/dated_sums.h"

namespace chipledger {

// An amount that an event added to a total. Borrows from the event.
struct TotalMovement {
  // The entry that adopted the policy, and the rule's place in it.
  uint64_t policy_index = 0;
  uint32_t rule = 0;
  // As in a TotalKey.
  int32_t window_start = 0;
  const v1::GroupKey& group;
  Date date;
  domain::Amounts amounts;
};

// Calls `visit` with all that folding the event adds to totals. What folding
// skips, such as the totals of single orders, may be among it. `catalog` is
// that of any later size.
void VisitMovements(const domain::Catalog& catalog, const v1::Event& event,
                    int64_t record_time_ns,
                    absl::FunctionRef<void(const TotalMovement&)> visit);

// The event's kind, as the field of v1::Event is called.
const std::string& KindOf(const v1::Event& event);

// What the event speaks of, for people, such as "shipment acme/S-17".
std::string SubjectOf(const v1::Event& event);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_MOVEMENTS_H_
