// Why the rules did what they did with a command or an entry.
#ifndef CHIPLEDGER_LEDGER_EXPLAIN_H_
#define CHIPLEDGER_LEDGER_EXPLAIN_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "chipledger/v1/policy_service.pb.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

namespace chipledger {

// See Ledger::ExplainFact. A command is decided as of `now_ns`, nanoseconds
// since the Unix epoch, where the moment is the latest; else as of right after
// the moment's last entry. Requires: the moment has the index that is asked
// for.
absl::StatusOr<v1::ExplainFactResponse> ExplainFactAt(
    const store::Store& store, const Ledger::Moment& moment, int64_t now_ns,
    bool is_latest, const v1::ExplainFactRequest& request);

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_EXPLAIN_H_
