#include "ledger/store/store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/status_macros.h"
#include "ledger/store/convert_status.h"
#include "ledger/store/database.h"
#include "ledger/store/entry_block.h"
#include "ledger/store/keyspace.h"
#include "rocksdb/write_batch.h"

namespace chipledger::store {
namespace {

// Adds the group's blocks without putting header and entries together first.
rocksdb::Status PutEntries(const EntryGroup& group,
                           rocksdb::ColumnFamilyHandle* family,
                           rocksdb::WriteBatch& batch) {
  for (const EncodedBlock& block : EncodeBlocks(group)) {
    const Fixed64 key_bytes = EntriesKey(block.first_index);
    const rocksdb::Slice key = ToSlice(AsView(key_bytes));
    const rocksdb::Slice value[] = {block.header, ToSlice(block.entries)};
    const rocksdb::Status status = batch.Put(
        family, rocksdb::SliceParts(&key, 1), rocksdb::SliceParts(value, 2));
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

rocksdb::Status PutRows(const std::vector<storage::v1::StateRow>& rows,
                        rocksdb::ColumnFamilyHandle* family,
                        rocksdb::WriteBatch& batch) {
  std::string value;
  for (const storage::v1::StateRow& row : rows) {
    row.SerializeToString(&value);
    const rocksdb::Status status = batch.Put(family, StateKey(row), value);
    if (!status.ok()) return status;
  }
  return rocksdb::Status::OK();
}

}  // namespace

Store::Store(const StoreOptions& options, DataDirectory directory,
             std::unique_ptr<Database> database)
    : sync_(options.sync),
      directory_(std::move(directory)),
      database_(std::move(database)),
      ids_(std::make_unique<IdIndex>(*database_, directory_.incoming_path(),
                                     options.id_generation_entries)) {}

Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(
    const StoreOptions& options) {
  ASSIGN_OR_RETURN(DataDirectory directory,
                   DataDirectory::Open(options.data_dir));
  ASSIGN_OR_RETURN(std::unique_ptr<Database> database,
                   Database::Open(directory.database_path()));
  std::unique_ptr<Store> store(
      new Store(options, std::move(directory), std::move(database)));
  RETURN_IF_ERROR(store->ReadHead());
  if (store->head_at_open_) RETURN_IF_ERROR(store->CheckLog());
  RETURN_IF_ERROR(store->ids_->Restore(
      store->head_at_open_ ? store->head_at_open_->size() : 0));
  return store;
}

absl::Status Store::ReadHead() {
  std::string value;
  const rocksdb::Status status = database_->db->Get(
      rocksdb::ReadOptions(), database_->meta, kHeadKey, &value);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) {
    return DamagedError("the ledger's head", DescribeStorageError(status));
  }
  storage::v1::Head head;
  if (!head.ParseFromString(value) || head.size() == 0) {
    return DamagedError("the ledger's head", "it is not a head");
  }
  if (head.format_version() != kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory_.path(), " was written with format version ",
        head.format_version(), "; this program reads version ", kFormatVersion,
        head.format_version() > kFormatVersion ? "; use a newer chipledger"
                                               : ""));
  }
  head_at_open_ = std::move(head);
  return absl::OkStatus();
}

absl::Status Store::CheckLog() const {
  EntryReader reader = NewReader();
  v1::Entry opened;
  ASSIGN_OR_RETURN(absl::string_view bytes, reader.Read(0));
  if (!opened.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      opened.event().ledger_opened().ledger_id() !=
          head_at_open_->ledger_id()) {
    return DamagedError(
        "entry 0",
        absl::StrCat("it does not open the ledger ", head_at_open_->ledger_id(),
                     " that the head names"),
        0);
  }
  return reader.Read(head_at_open_->size() - 1).status();
}

absl::Status Store::VisitRows(
    absl::FunctionRef<absl::Status(const storage::v1::StateRow&)> visit) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      database_->db->NewIterator(rocksdb::ReadOptions(), database_->state));
  storage::v1::StateRow row;
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    if (!row.ParseFromArray(it->value().data(),
                            static_cast<int>(it->value().size())) ||
        StateKey(row) != it->key()) {
      return DamagedError("a row of the state", "it is not what its key says");
    }
    RETURN_IF_ERROR(visit(row));
  }
  if (it->status().ok()) return absl::OkStatus();
  return DamagedError("the state", DescribeStorageError(it->status()));
}

absl::Status Store::AppendGroup(const EntryGroup& group,
                                const std::vector<storage::v1::StateRow>& rows,
                                const storage::v1::Head& head) {
  rocksdb::WriteBatch batch;
  rocksdb::Status status = PutEntries(group, database_->entries, batch);
  if (status.ok()) status = PutRows(rows, database_->state, batch);
  if (status.ok()) {
    status = batch.Put(database_->meta, kHeadKey, head.SerializeAsString());
  }
  if (status.ok()) {
    rocksdb::WriteOptions how;
    how.sync = sync_;
    status = database_->db->Write(how, &batch);
  }
  if (status.ok()) return absl::OkStatus();
  return WriteError(status, absl::StrCat("store entries ", group.first_index(),
                                         " to ", group.end_index() - 1));
}

}  // namespace chipledger::store
