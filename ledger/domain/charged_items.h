// Deriving charges from a command and its evidence.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CHARGED_ITEMS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CHARGED_ITEMS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/license.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/charge.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/rules/measure.h"

namespace chipledger::domain {

// An item or line as it was counted.
struct ChargedItem {
  // As Charge::item.
  int32_t number = 0;
  MeasuredItem measured;
  // As CountedItem::lines.
  LineParts lines;
};

// The items of a stored command: `evidence` has their figures.
// Errors: DATA_DAMAGED, naming the entry `index`, when it has not.
absl::StatusOr<std::vector<ChargedItem>> ChargedItemsOf(
    const v1::Shipment& shipment, const v1::Evidence& evidence, uint64_t index);
absl::StatusOr<std::vector<ChargedItem>> ChargedItemsOf(
    const v1::License& license, const v1::Evidence& evidence, uint64_t index);

// Of a diversion: the items of `shipment` that were diverted.
absl::StatusOr<std::vector<ChargedItem>> ChargedItemsOf(
    const v1::DiversionReported& diversion, const v1::Shipment& shipment,
    const v1::Evidence& evidence, uint64_t index);

// The items of facts.
std::vector<ChargedItem> ChargedItemsOf(absl::Span<const Fact> facts);

// Appends what each item counts of the totals that evidence says it does.
// `items` are all of the command; `index` is the entry of the evidence.
// Errors: DATA_DAMAGED.
absl::Status AppendCharges(const Catalog& catalog, const v1::Evidence& evidence,
                           absl::Span<const ChargedItem> items, uint64_t index,
                           std::vector<Charge>& charges);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CHARGED_ITEMS_H_
