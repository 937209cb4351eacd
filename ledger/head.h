// The head that is stored with a group.
#ifndef CHIPLEDGER_LEDGER_HEAD_H_
#define CHIPLEDGER_LEDGER_HEAD_H_

#include <cstdint>
#include <string>

#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/store/keyspace.h"

namespace chipledger {

inline storage::v1::Head MakeHead(const std::string& ledger_id, uint64_t size,
                                  int64_t last_record_time_ns, uint64_t epoch) {
  storage::v1::Head head;
  head.set_format_version(store::kFormatVersion);
  head.set_ledger_id(ledger_id);
  head.set_size(size);
  head.set_last_record_time_ns(last_record_time_ns);
  head.set_epoch(epoch);
  return head;
}

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_HEAD_H_
