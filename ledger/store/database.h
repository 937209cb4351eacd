// The RocksDB database and its column families. Private to ledger/store/.
#ifndef CHIPLEDGER_LEDGER_STORE_DATABASE_H_
#define CHIPLEDGER_LEDGER_STORE_DATABASE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/store/patient_files.h"
#include "rocksdb/db.h"
#include "rocksdb/options.h"

namespace chipledger::store {

// How a caller's reads read: for a file that is to be opened they wait a while
// only; see PatientFiles.
rocksdb::ReadOptions ReadPatiently();

// Database holds the open database. Thread-safety: thread-safe.
struct Database {
  // `files` and `log`: see PatientFiles. Errors: DATA_LOSS, UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<Database>> Open(
      const std::string& path, int max_open_files,
      std::shared_ptr<rocksdb::FileSystem> files,
      std::function<void(absl::string_view)> log);
  ~Database();

  // Whether the files that are written now still have their names. A file that
  // was removed can be written to for as long as it is open.
  bool FilesAreInPlace() const;

  // Written tables spare the next start reading the write-ahead log. Not when
  // the path leads to files that are not ours.
  bool flush_at_end = true;
  // Both outlive the database.
  std::shared_ptr<PatientFiles> files;
  std::unique_ptr<rocksdb::Env> env;
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
