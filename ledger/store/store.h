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
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "ledger/base/limits.h"
#include "ledger/base/open_mode.h"
#include "ledger/store/data_directory.h"
#include "ledger/store/entry_group.h"
#include "ledger/store/entry_reader.h"
#include "ledger/store/id_index.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace chipledger::store {

struct Database;

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
  // Whether a group is on the disk, not only with the operating system, when
  // AppendGroup returns.
  bool sync = true;
  // See IdIndex.
  size_t id_generation_entries = limits::kIdGenerationEntries;
  // Under the database; null: the machine's.
  std::shared_ptr<rocksdb::FileSystem> files;
};

// Store is an open data directory. One group is one atomic, synced write of its
// entries, its mark if it has one, and the head, so that these never disagree.
//
// A mark is the state at a size: the rows that changed since the mark before,
// each a new version beside the older ones. So the state at any mark can be
// read for ever.
//
// When the process or the machine is short of descriptors or memory, writes
// wait, and reads fail with RESOURCE_SHORTAGE after a while.
//
// Thread-safety: thread-safe, but AppendGroup belongs to one thread, and ids()
// has its own rules.
class Store {
 public:
  // Errors: see DataDirectory::Open; FAILED_PRECONDITION when there is a ledger
  // and a new one is wanted; DATA_LOSS when the data is damaged.
  static absl::StatusOr<std::unique_ptr<Store>> Open(
      const StoreOptions& options);
  ~Store();

  // The head as it was when the store was opened; nothing for a new ledger.
  const std::optional<storage::v1::Head>& head_at_open() const {
    return head_at_open_;
  }

  // Returns the head as it was at the greatest mark not above a size, if there
  // is one.
  // Errors: DATA_DAMAGED.
  absl::StatusOr<std::optional<storage::v1::Head>> FindMark(
      uint64_t size) const;

  // Calls `visit` with every row of the state at a mark, in the order of their
  // keys, until it fails. Costs what rows there are, hardly what versions.
  // Errors: DATA_DAMAGED, and those of `visit`.
  absl::Status VisitRows(
      uint64_t mark,
      absl::FunctionRef<absl::Status(const storage::v1::StateRow&)> visit)
      const;

  // Calls `visit` with the versions of one row, from the first with a mark
  // above `after` to the last not above `through`, until it returns false. Of
  // `row` only what identifies it is looked at. Errors: DATA_DAMAGED.
  absl::Status VisitVersions(
      const storage::v1::StateRow& row, uint64_t after, uint64_t through,
      absl::FunctionRef<bool(const storage::v1::StateRow&)> visit) const;

  // The rows of a mark.
  using MarkRows = std::vector<storage::v1::StateRow>;

  // Stores a group, and with `mark` a mark at the head's size. When it fails
  // the store must not be written again: what is on the disk is known only
  // after it is opened anew. Requires: the group follows the last one, and the
  // head follows the group. Errors: READ_ONLY.
  absl::Status AppendGroup(const EntryGroup& group,
                           const std::optional<MarkRows>& mark,
                           const storage::v1::Head& head);

  // Looks whether the files that are written still are where they were opened.
  // What was stored in removed files ends with this process. Errors: READ_ONLY.
  absl::Status CheckInPlace() const;

  // Lets operations that wait for descriptors or memory fail, because the
  // process is about to end. Thread-safe.
  void StopWaiting();

  // Reads what is stored now.
  EntryReader NewReader() const { return EntryReader(*database_); }

  IdIndex& ids() { return *ids_; }
  const IdIndex& ids() const { return *ids_; }

 private:
  Store(const StoreOptions& options, DataDirectory directory,
        std::unique_ptr<Database> database);

  absl::Status ReadHead();
  absl::Status CheckMode(OpenMode mode) const;
  absl::Status CheckLog() const;

  const bool sync_;
  // In the order in which they are opened.
  DataDirectory directory_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<IdIndex> ids_;
  std::optional<storage::v1::Head> head_at_open_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_STORE_H_
