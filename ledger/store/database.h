// The RocksDB database and its column families. Private to ledger/store/.
#ifndef CHIPLEDGER_LEDGER_STORE_DATABASE_H_
#define CHIPLEDGER_LEDGER_STORE_DATABASE_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"

namespace chipledger::store {

// Database holds the open database. Thread-safety: thread-safe.
struct Database {
  // Errors: DATA_LOSS, UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const std::string& path,
                                                        int max_open_files);
  ~Database();

  // Whether the files that are written now still have their names. A file that
  // was removed can be written to for as long as it is open.
  bool FilesAreInPlace() const;

  // Written tables spare the next start reading the write-ahead log. Not when
  // the path leads to files that are not ours.
  bool flush_at_end = true;
  std::unique_ptr<rocksdb::DB> db;
  // Owned by this struct; closed before the database.
  rocksdb::ColumnFamilyHandle* default_family = nullptr;
  rocksdb::ColumnFamilyHandle* entries = nullptr;
  rocksdb::ColumnFamilyHandle* ids = nullptr;
  rocksdb::ColumnFamilyHandle* state = nullptr;
  rocksdb::ColumnFamilyHandle* meta = nullptr;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_DATABASE_H_
