// RocksDB's errors in the ledger's words. RocksDB's own text goes to the
// operator only: into errors of Open and into the log, never into an answer.
#ifndef CHIPLEDGER_LEDGER_STORE_CONVERT_STATUS_H_
#define CHIPLEDGER_LEDGER_STORE_CONVERT_STATUS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/slice.h"
#include "rocksdb/status.h"

namespace chipledger::store {

inline rocksdb::Slice ToSlice(absl::string_view view) {
  return {view.data(), view.size()};
}
inline absl::string_view ToView(const rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

// Whether an operation failed only because the process or the machine had no
// descriptor or memory free at that moment: nothing is wrong with the storage.
bool IsShortage(const rocksdb::Status& status);

// Returns what went wrong in a word for people, without RocksDB's text: "no
// space is left on the disk".
std::string DescribeStorageError(const rocksdb::Status& status);

// The error of Open. `what` is what was tried: "open the database in DIR".
absl::Status OpenError(const rocksdb::Status& status, absl::string_view what);

// DATA_LOSS / DATA_DAMAGED: what is stored cannot be read. `what` is the thing:
// "entry 17".
absl::Status DamagedError(absl::string_view what, absl::string_view found,
                          std::optional<uint64_t> index = std::nullopt);

// The error of a read: UNAVAILABLE / RESOURCE_SHORTAGE when it is one, else
// DamagedError.
absl::Status ReadError(const rocksdb::Status& status, absl::string_view what,
                       std::optional<uint64_t> index = std::nullopt);

// UNAVAILABLE / READ_ONLY: the storage refused a write. RocksDB's text goes
// along for StorageDetail.
absl::Status WriteError(const rocksdb::Status& status, absl::string_view what);

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_CONVERT_STATUS_H_
