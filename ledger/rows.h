// What a group changed, as the rows that are stored with it.
#ifndef CHIPLEDGER_LEDGER_ROWS_H_
#define CHIPLEDGER_LEDGER_ROWS_H_

#include <vector>

#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/state.h"

namespace chipledger {

// Returns the rows of a delta. `catalog` is the one after the delta: it names
// the policies that totals know by number.
std::vector<storage::v1::StateRow> ToRows(const domain::Delta& delta,
                                          const domain::Catalog& catalog);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_ROWS_H_
