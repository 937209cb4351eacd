// Answers to requests, first ones and repeated ones.
#ifndef CHIPLEDGER_LEDGER_ANSWERS_H_
#define CHIPLEDGER_LEDGER_ANSWERS_H_

#include <cstdint>

#include "ledger/domain/catalog.h"
#include "ledger/ledger.h"
#include "ledger/store/log.h"

namespace chipledger {

// Fills the answer to a refused request whose one event, index and size are
// set: the violations and the FAILED_PRECONDITION / REFUSED_BY_RULES error.
// `catalog` has the policies that it was judged by.
void FillRefusal(const domain::Catalog& catalog, WriteAnswer& answer);

// Answers a request whose id is that of the stored request at `first_index`:
// with the first answer again, or with REQUEST_ID_REUSED when it asks for
// something else or as somebody else. The events are made on the batch's arena.
// `catalog` is that of any later size.
// Errors, in the answer: REQUEST_ID_REUSED, DATA_DAMAGED.
WriteAnswer RepeatAnswer(store::EntryReader& reader,
                         const domain::Catalog& catalog, uint64_t first_index,
                         const WriteRequest& request, WriteBatch& batch);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_ANSWERS_H_
