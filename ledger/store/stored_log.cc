#include "ledger/store/stored_log.h"

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

absl::Status EntryDamaged(uint64_t index, absl::string_view found) {
  return DamagedError(absl::StrCat("entry ", index), found, index);
}

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

class StoredEntries final : public EntryReader {
 public:
  explicit StoredEntries(const Database& database)
      : iterator_(database.db->NewIterator(ReadPatiently(), database.entries)) {
  }

  absl::StatusOr<absl::string_view> Read(uint64_t index) override {
    if (!block_.Contains(index)) RETURN_IF_ERROR(MoveTo(index));
    return block_.entry(index);
  }

 private:
  absl::Status MoveTo(uint64_t index) {
    const bool follows = iterator_->Valid() && index == block_.end_index();
    block_ = BlockView();
    if (follows) {
      iterator_->Next();
    } else {
      const Fixed64 key = EntriesKey(index);
      iterator_->SeekForPrev(ToSlice(AsView(key)));
    }
    if (!iterator_->status().ok()) {
      return ReadError(iterator_->status(), absl::StrCat("entry ", index),
                       index);
    }
    if (!iterator_->Valid()) return EntryDamaged(index, "it is not stored");
    const std::optional<uint64_t> first =
        DecodeEntriesKey(ToView(iterator_->key()));
    if (!first || !block_.Parse(*first, ToView(iterator_->value()))) {
      return EntryDamaged(index, "its block is not one");
    }
    if (!block_.Contains(index)) return EntryDamaged(index, "it is not stored");
    return absl::OkStatus();
  }

  const std::unique_ptr<rocksdb::Iterator> iterator_;
  // Points into the iterator's value.
  BlockView block_;
};

}  // namespace

StoredLog::StoredLog(const Database& database, bool sync,
                     std::function<absl::Status()> check_in_place)
    : database_(database),
      sync_(sync),
      check_in_place_(std::move(check_in_place)) {}

absl::Status StoredLog::Open() {
  std::string value;
  const rocksdb::Status status =
      database_.db->Get(ReadPatiently(), database_.meta, kHeadKey, &value);
  if (status.IsNotFound()) return absl::OkStatus();
  if (!status.ok()) {
    return ReadError(status, "the ledger's head");
  }
  storage::v1::Head head;
  if (!DecodeMeta(value, head) || head.size() == 0) {
    return DamagedError("the ledger's head", "it is not a head");
  }
  if (head.format_version() != kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the log was written with format version ", head.format_version(),
        "; this program reads version ", kFormatVersion,
        head.format_version() > kFormatVersion ? "; use a newer chipledger"
                                               : ""));
  }
  head_at_open_ = std::move(head);
  return absl::OkStatus();
}

absl::Status StoredLog::CheckEnds() const {
  const std::unique_ptr<EntryReader> reader = NewReader();
  v1::Entry opened;
  ASSIGN_OR_RETURN(absl::string_view bytes, reader->Read(0));
  if (!opened.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      opened.event().ledger_opened().ledger_id() !=
          head_at_open_->ledger_id()) {
    return DamagedError(
        "entry 0",
        absl::StrCat("it does not open the ledger ", head_at_open_->ledger_id(),
                     " that the head names"),
        0);
  }
  return CheckLast(*reader);
}

absl::Status StoredLog::CheckLast(EntryReader& reader) const {
  const uint64_t last = head_at_open_->size() - 1;
  ASSIGN_OR_RETURN(const absl::string_view bytes, reader.Read(last));
  v1::Entry entry;
  if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return EntryDamaged(last, "it is not an entry");
  }
  const int64_t record_time_ns = entry.record_time().seconds() * 1'000'000'000 +
                                 entry.record_time().nanos();
  if (entry.index() != last || entry.epoch() != head_at_open_->epoch() ||
      record_time_ns != head_at_open_->last_record_time_ns()) {
    return EntryDamaged(last, "it is not the last one that the head names");
  }
  // Nothing may follow: it would stand in the way of what is appended.
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.entries));
  it->SeekToLast();
  BlockView block;
  if (!it->Valid() ||
      !block.Parse(DecodeEntriesKey(ToView(it->key())).value_or(0),
                   ToView(it->value())) ||
      block.end_index() != last + 1) {
    return EntryDamaged(last, "its block is not the last one");
  }
  return absl::OkStatus();
}

std::unique_ptr<EntryReader> StoredLog::NewReader() const {
  return std::make_unique<StoredEntries>(database_);
}

absl::Status StoredLog::Append(const EntryGroup& group,
                               const storage::v1::Head& head) {
  rocksdb::WriteBatch batch;
  rocksdb::Status status = PutEntries(group, database_.entries, batch);
  if (status.ok()) {
    status = batch.Put(database_.meta, kHeadKey, EncodeMeta(head));
  }
  if (status.ok()) {
    rocksdb::WriteOptions how;
    how.sync = sync_;
    status = database_.db->Write(how, &batch);
  }
  if (!status.ok()) {
    return WriteError(
        status, absl::StrCat("store entries ", group.first_index(), " to ",
                             group.end_index() - 1));
  }
  // After the write, because an answer promises that it can be found again.
  RETURN_IF_ERROR(check_in_place_());
  for (const auto& on_size : subscribers_) on_size(group.end_index());
  return absl::OkStatus();
}

}  // namespace chipledger::store
