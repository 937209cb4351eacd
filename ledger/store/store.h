// The data directory: the log, the state at its marks and the index of ids. The
// only door to RocksDB. Formats are in keyspace.h and entry_block.h.
#ifndef CHIPLEDGER_LEDGER_STORE_STORE_H_
#define CHIPLEDGER_LEDGER_STORE_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/base/limits.h"
#include "ledger/base/open_mode.h"
#include "ledger/store/data_directory.h"
#include "ledger/store/id_index.h"
#include "ledger/store/log.h"
#include "ledger/store/state_marks.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace chipledger::store {

struct Database;
class StoredLog;

// Returns the storage engine's own words about a failed write, for the
// operator's log; empty when there are none.
std::string StorageDetail(const absl::Status& status);

// Whether a read failed only for want of descriptors or memory, which passes.
bool IsResourceShortage(const absl::Status& error);

// How a store is opened.
struct StoreOptions {
  std::string data_dir;
  OpenMode mode = OpenMode::kExisting;
  // Files of the database that are open at once.
  int max_open_files = limits::kMaxOpenFiles;
  // Told when the storage waits for descriptors or memory; may be empty.
  std::function<void(absl::string_view)> log;
  // Whether a group is on the disk, not only with the operating system, when it
  // was appended.
  bool sync = true;
  // See IdIndex.
  size_t id_generation_entries = limits::kIdGenerationEntries;
  // Under the database; null: the machine's.
  std::shared_ptr<rocksdb::FileSystem> files;
};

// Store is an open data directory: the log, and the projections that are kept
// beside it.
//
// When the process or the machine is short of descriptors or memory, writes
// wait, and reads fail with RESOURCE_SHORTAGE after a while.
//
// Thread-safety: thread-safe, but for what log(), marks() and ids() say.
class Store {
 public:
  // Errors: see DataDirectory::Open; FAILED_PRECONDITION when there is a ledger
  // and a new one is wanted; DATA_LOSS when the data is damaged, as when a
  // projection leads the log.
  static absl::StatusOr<std::unique_ptr<Store>> Open(
      const StoreOptions& options);
  ~Store();

  // See Log.
  const std::optional<storage::v1::Head>& head_at_open() const;

  Log& log();
  const Log& log() const;
  StateMarks& marks() { return marks_; }
  const StateMarks& marks() const { return marks_; }
  IdIndex& ids() { return *ids_; }
  const IdIndex& ids() const { return *ids_; }

  // Looks whether the files that are written still are where they were opened.
  // What was stored in removed files ends with this process. Errors: READ_ONLY.
  absl::Status CheckInPlace() const;

  // Lets operations that wait for descriptors or memory fail, because the
  // process is about to end. Thread-safe.
  void StopWaiting();

 private:
  Store(const StoreOptions& options, DataDirectory directory,
        std::unique_ptr<Database> database);

  absl::Status OpenLog(OpenMode mode);
  absl::Status OpenProjections();
  absl::Status CheckMode(OpenMode mode) const;

  // In the order in which they are opened.
  DataDirectory directory_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<StoredLog> log_;
  StateMarks marks_;
  std::unique_ptr<IdIndex> ids_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_STORE_H_
