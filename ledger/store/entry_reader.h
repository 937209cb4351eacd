// Reading entries back.
#ifndef CHIPLEDGER_LEDGER_STORE_ENTRY_READER_H_
#define CHIPLEDGER_LEDGER_STORE_ENTRY_READER_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/store/entry_block.h"

namespace rocksdb {
class Iterator;
}  // namespace rocksdb

namespace chipledger::store {

struct Database;

// EntryReader reads the entries that were stored when it was made. Reading on
// from where it is costs no search.
//
// Thread-safety: thread-compatible.
// Lifecycle: ends before the store. Short-lived: it keeps old files from being
// deleted.
class EntryReader {
 public:
  explicit EntryReader(const Database& database);
  EntryReader(EntryReader&&) noexcept;
  ~EntryReader();

  // Returns the entry's bytes, valid until the next call. RocksDB checks the
  // checksum of every block that it reads.
  // Errors: DATA_DAMAGED, also when there is no such entry.
  absl::StatusOr<absl::string_view> Read(uint64_t index);

 private:
  absl::Status MoveTo(uint64_t index);

  std::unique_ptr<rocksdb::Iterator> iterator_;
  // Points into the iterator's value.
  BlockView block_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_ENTRY_READER_H_
