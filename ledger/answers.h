// Answers to requests, first ones and repeated ones.
#ifndef CHIPLEDGER_LEDGER_ANSWERS_H_
#define CHIPLEDGER_LEDGER_ANSWERS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/ledger.h"
#include "ledger/store/entry_reader.h"

namespace chipledger {

// The FAILED_PRECONDITION / REFUSED_BY_RULES error of a refusal. `index` is
// that of the Refused entry, if it was stored.
absl::Status RefusedByRules(const v1::Refused& refused,
                            std::optional<uint64_t> index);

// Answers a request whose id is that of the stored request at `first_index`:
// with the first answer again, or with REQUEST_ID_REUSED when it asks for
// something else or as somebody else. The events are made on the batch's arena.
// Errors, in the answer: REQUEST_ID_REUSED, DATA_DAMAGED.
WriteAnswer RepeatAnswer(store::EntryReader& reader, uint64_t first_index,
                         const WriteRequest& request, WriteBatch& batch);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_ANSWERS_H_
