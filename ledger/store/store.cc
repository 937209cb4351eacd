#include "ledger/store/store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/error.h"
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

rocksdb::Status PutMark(const Store::MarkRows& rows,
                        const storage::v1::Head& head, const Database& database,
                        rocksdb::WriteBatch& batch) {
  std::string value;
  for (const storage::v1::StateRow& row : rows) {
    row.SerializeToString(&value);
    const rocksdb::Status status =
        batch.Put(database.state, StateKey(RowKey(row), head.size()), value);
    if (!status.ok()) return status;
  }
  return batch.Put(database.meta, MarkKey(head.size()),
                   head.SerializeAsString());
}

bool ParseHead(const rocksdb::Slice& value, storage::v1::Head& head) {
  return head.ParseFromArray(value.data(), static_cast<int>(value.size())) &&
         head.size() > 0;
}

absl::Status RowDamaged(absl::string_view found) {
  return DamagedError("a row of the state", found);
}

// Versions of a row that are passed by one by one before the iterator seeks: a
// seek costs about as much.
constexpr int kStepsBeforeSeek = 8;

// StateCursor goes through the rows of the state at a mark.
class StateCursor {
 public:
  StateCursor(const Database& database, uint64_t mark)
      : mark_(mark),
        it_(database.db->NewIterator(ReadPatiently(), database.state)) {
    it_->SeekToFirst();
  }

  // Moves to the next row that the state has, or to the end.
  absl::StatusOr<bool> Next() {
    RETURN_IF_ERROR(PassVersions());
    while (it_->Valid()) {
      const std::optional<StateVersion> version =
          DecodeStateKey(ToView(it_->key()));
      if (!version) return RowDamaged("its key is not one");
      if (version->mark <= mark_) {
        row_key_ = std::string(version->row_key);
        return true;
      }
      RETURN_IF_ERROR(SkipNewer(std::string(version->row_key)));
    }
    return Check();
  }

  const std::string& row_key() const { return row_key_; }
  rocksdb::Slice value() const { return it_->value(); }

 private:
  // Leaves the versions of the last row, whose oldest is the last.
  absl::Status PassVersions() {
    for (int steps = 0; IsAtVersionOf(row_key_); ++steps) {
      if (steps < kStepsBeforeSeek) {
        it_->Next();
      } else {
        it_->Seek(StateKey(row_key_, 0) + '\0');
      }
    }
    return Check().status();
  }

  // Passes by the versions of a row that are newer than the mark; afterwards
  // the cursor is at the version wanted or, when the row is newer, at the next
  // row.
  absl::Status SkipNewer(const std::string& row_key) {
    for (int steps = 0; steps < kStepsBeforeSeek; ++steps) {
      it_->Next();
      const auto version =
          it_->Valid() ? DecodeStateKey(ToView(it_->key())) : std::nullopt;
      if (!version || version->row_key != row_key || version->mark <= mark_) {
        return Check().status();
      }
    }
    it_->Seek(StateKey(row_key, mark_));
    return Check().status();
  }

  bool IsAtVersionOf(absl::string_view row_key) const {
    if (row_key.empty() || !it_->Valid()) return false;
    const std::optional<StateVersion> version =
        DecodeStateKey(ToView(it_->key()));
    return version && version->row_key == row_key;
  }

  // False at the end.
  absl::StatusOr<bool> Check() const {
    if (it_->status().ok()) return it_->Valid();
    return ReadError(it_->status(), "the state");
  }

  const uint64_t mark_;
  const std::unique_ptr<rocksdb::Iterator> it_;
  // Of the row that the cursor is at; empty at the start.
  std::string row_key_;
};

// Reads a stored row and checks that it stands where it should.
absl::Status ParseRow(const rocksdb::Slice& value, absl::string_view row_key,
                      storage::v1::StateRow& row) {
  if (!row.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
      RowKey(row) != row_key) {
    return RowDamaged("it is not what its key says");
  }
  return absl::OkStatus();
}

}  // namespace

Store::Store(const StoreOptions& options, DataDirectory directory,
             std::unique_ptr<Database> database)
    : sync_(options.sync),
      directory_(std::move(directory)),
      database_(std::move(database)),
      ids_(std::make_unique<IdIndex>(*database_, directory_.incoming_path(),
                                     options.id_generation_entries)) {}

Store::~Store() {
  // Closing writes, too, and would wait for ever.
  StopWaiting();
  database_->flush_at_end = CheckInPlace().ok();
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(
    const StoreOptions& options) {
  ASSIGN_OR_RETURN(DataDirectory directory,
                   DataDirectory::Open(options.data_dir, options.mode));
  ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(directory.database_path(), options.max_open_files,
                     options.files, options.log));
  std::unique_ptr<Store> store(
      new Store(options, std::move(directory), std::move(database)));
  RETURN_IF_ERROR(store->ReadHead());
  RETURN_IF_ERROR(store->CheckMode(options.mode));
  if (store->head_at_open_) RETURN_IF_ERROR(store->CheckLog());
  RETURN_IF_ERROR(store->ids_->Restore(
      store->head_at_open_ ? store->head_at_open_->size() : 0));
  return store;
}

absl::Status Store::ReadHead() {
  std::string value;
  const rocksdb::Status status =
      database_->db->Get(ReadPatiently(), database_->meta, kHeadKey, &value);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) {
    return ReadError(status, "the ledger's head");
  }
  storage::v1::Head head;
  if (!ParseHead(value, head)) {
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

absl::Status Store::CheckMode(OpenMode mode) const {
  if (mode == OpenMode::kNew && head_at_open_) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory_.path(), " holds the ledger ", head_at_open_->ledger_id(),
        " of ", head_at_open_->size(),
        " entries; leave out --create to open it, or name another directory "
        "to make a new one"));
  }
  if (mode == OpenMode::kExisting && !head_at_open_) {
    return absl::NotFoundError(absl::StrCat(
        "there is no ledger in ", directory_.path(),
        ": its making was cut short before its first entry; start again with "
        "--create"));
  }
  return absl::OkStatus();
}

absl::Status Store::CheckInPlace() const {
  RETURN_IF_ERROR(directory_.CheckInPlace());
  if (database_->FilesAreInPlace()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnavailable, "READ_ONLY",
                   absl::StrCat("files in ", directory_.database_path(),
                                " were removed or moved while they were open"));
}

void Store::StopWaiting() { database_->files->StopWaiting(); }

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

absl::StatusOr<std::optional<storage::v1::Head>> Store::FindMark(
    uint64_t size) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      database_->db->NewIterator(ReadPatiently(), database_->meta));
  it->SeekForPrev(MarkKey(size));
  if (!it->status().ok()) {
    return ReadError(it->status(), "the marks");
  }
  if (!it->Valid() || !IsMarkKey(ToView(it->key()))) return std::nullopt;
  storage::v1::Head head;
  if (!ParseHead(it->value(), head) || MarkKey(head.size()) != it->key()) {
    return DamagedError("a mark", "it is not what its key says");
  }
  return head;
}

absl::Status Store::VisitRows(
    uint64_t mark,
    absl::FunctionRef<absl::Status(const storage::v1::StateRow&)> visit) const {
  StateCursor cursor(*database_, mark);
  storage::v1::StateRow row;
  while (true) {
    ASSIGN_OR_RETURN(const bool at_row, cursor.Next());
    if (!at_row) return absl::OkStatus();
    RETURN_IF_ERROR(ParseRow(cursor.value(), cursor.row_key(), row));
    RETURN_IF_ERROR(visit(row));
  }
}

absl::Status Store::VisitVersions(
    const storage::v1::StateRow& row, uint64_t after, uint64_t through,
    absl::FunctionRef<bool(const storage::v1::StateRow&)> visit) const {
  const std::string row_key = RowKey(row);
  const std::unique_ptr<rocksdb::Iterator> it(
      database_->db->NewIterator(ReadPatiently(), database_->state));
  storage::v1::StateRow version_row;
  // Older versions come last.
  for (it->SeekForPrev(StateKey(row_key, after + 1)); it->Valid(); it->Prev()) {
    const std::optional<StateVersion> version =
        DecodeStateKey(ToView(it->key()));
    if (!version || version->row_key != row_key || version->mark > through) {
      break;
    }
    RETURN_IF_ERROR(ParseRow(it->value(), row_key, version_row));
    if (!visit(version_row)) break;
  }
  if (it->status().ok()) return absl::OkStatus();
  return ReadError(it->status(), "the state");
}

absl::Status Store::AppendGroup(const EntryGroup& group,
                                const std::optional<MarkRows>& mark,
                                const storage::v1::Head& head) {
  rocksdb::WriteBatch batch;
  rocksdb::Status status = PutEntries(group, database_->entries, batch);
  if (status.ok() && mark) status = PutMark(*mark, head, *database_, batch);
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
