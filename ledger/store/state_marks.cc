#include "ledger/store/state_marks.h"

#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/store/convert_status.h"
#include "ledger/store/database.h"
#include "ledger/store/keyspace.h"
#include "rocksdb/write_batch.h"

namespace chipledger::store {
namespace {

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

absl::StatusOr<uint64_t> StateMarks::Position() const {
  ASSIGN_OR_RETURN(const std::optional<storage::v1::Head> last,
                   Find(std::numeric_limits<uint64_t>::max()));
  return last ? last->size() : 0;
}

absl::Status StateMarks::Append(const Rows& rows,
                                const storage::v1::Head& head) {
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  std::string value;
  for (const storage::v1::StateRow& row : rows) {
    row.SerializeToString(&value);
    if (status.ok()) {
      status =
          batch.Put(database_.state, StateKey(RowKey(row), head.size()), value);
    }
  }
  if (status.ok()) {
    status = batch.Put(database_.meta, MarkKey(head.size()),
                       head.SerializeAsString());
  }
  if (status.ok()) {
    status = database_.db->Write(rocksdb::WriteOptions(), &batch);
  }
  if (status.ok()) return absl::OkStatus();
  return WriteError(status, absl::StrCat("store the state at ", head.size()));
}

absl::StatusOr<std::optional<storage::v1::Head>> StateMarks::Find(
    uint64_t size) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.meta));
  it->SeekForPrev(MarkKey(size));
  if (!it->status().ok()) {
    return ReadError(it->status(), "the marks");
  }
  if (!it->Valid() || !IsMarkKey(ToView(it->key()))) return std::nullopt;
  storage::v1::Head head;
  if (!ParseHead(ToView(it->value()), head) ||
      MarkKey(head.size()) != it->key()) {
    return DamagedError("a mark", "it is not what its key says");
  }
  return head;
}

absl::Status StateMarks::VisitRows(
    uint64_t mark,
    absl::FunctionRef<absl::Status(const storage::v1::StateRow&)> visit) const {
  StateCursor cursor(database_, mark);
  storage::v1::StateRow row;
  while (true) {
    ASSIGN_OR_RETURN(const bool at_row, cursor.Next());
    if (!at_row) return absl::OkStatus();
    RETURN_IF_ERROR(ParseRow(cursor.value(), cursor.row_key(), row));
    RETURN_IF_ERROR(visit(row));
  }
}

absl::Status StateMarks::VisitVersions(
    const storage::v1::StateRow& row, uint64_t after, uint64_t through,
    absl::FunctionRef<bool(const storage::v1::StateRow&)> visit) const {
  const std::string row_key = RowKey(row);
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.state));
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

}  // namespace chipledger::store
