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

constexpr char kShipmentKind = static_cast<char>(RowKind::kShipment);

// The rows of a mark that a row belongs to.
storage::v1::Mark::Rows& RowsOf(absl::string_view row_key,
                                storage::v1::Mark& mark) {
  return row_key[0] == kShipmentKind ? *mark.mutable_shipments()
                                     : *mark.mutable_others();
}

void Take(uint64_t checksum, storage::v1::Mark::Rows& rows) {
  rows.set_count(rows.count() + 1);
  rows.set_checksum(rows.checksum() + checksum);
}

void GiveBack(uint64_t checksum, storage::v1::Mark::Rows& rows) {
  rows.set_count(rows.count() - 1);
  rows.set_checksum(rows.checksum() - checksum);
}

bool AreSame(const storage::v1::Mark::Rows& a,
             const storage::v1::Mark::Rows& b) {
  return a.count() == b.count() && a.checksum() == b.checksum();
}

// Versions of a row that are passed by one by one before the iterator seeks: a
// seek costs about as much.
constexpr int kStepsBeforeSeek = 8;

// StateCursor goes through the rows of the state at a mark.
class StateCursor {
 public:
  StateCursor(const Database& database, uint64_t mark, bool skip_shipments)
      : mark_(mark),
        skip_shipments_(skip_shipments),
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
      if (skip_shipments_ && version->row_key[0] == kShipmentKind) {
        it_->Seek(std::string(1, kShipmentKind + 1));
        continue;
      }
      if (version->mark <= mark_) {
        row_key_ = std::string(version->row_key);
        return true;
      }
      RETURN_IF_ERROR(SkipNewer(std::string(version->row_key)));
    }
    return Check();
  }

  const std::string& row_key() const { return row_key_; }
  rocksdb::Slice key() const { return it_->key(); }
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
  const bool skip_shipments_;
  const std::unique_ptr<rocksdb::Iterator> it_;
  // Of the row that the cursor is at; empty at the start.
  std::string row_key_;
};

// Moves to the newest version of a row that is not above a mark, and returns
// its mark; nothing when there is none.
absl::StatusOr<std::optional<uint64_t>> SeekVersion(absl::string_view row_key,
                                                    uint64_t mark,
                                                    rocksdb::Iterator& it) {
  it.Seek(StateKey(row_key, mark));
  if (!it.status().ok()) return ReadError(it.status(), "the state");
  if (!it.Valid()) return std::nullopt;
  const std::optional<StateVersion> version = DecodeStateKey(ToView(it.key()));
  if (!version) return RowDamaged("its key is not one");
  if (version->row_key != row_key) return std::nullopt;
  return version->mark;
}

// Reads the value of a version and checks that it stands where it should.
absl::StatusOr<StateValue> ParseVersion(const rocksdb::Slice& key,
                                        const rocksdb::Slice& value,
                                        absl::string_view row_key,
                                        storage::v1::StateRow& row) {
  const std::optional<StateValue> stored =
      DecodeStateValue(ToView(key), ToView(value));
  if (!stored ||
      !row.ParseFromArray(stored->row.data(),
                          static_cast<int>(stored->row.size())) ||
      RowKey(row) != row_key) {
    return RowDamaged("it is not what its key says");
  }
  return *stored;
}

}  // namespace

absl::StatusOr<uint64_t> StateMarks::Position() const {
  ASSIGN_OR_RETURN(const std::optional<storage::v1::Mark> last,
                   Find(std::numeric_limits<uint64_t>::max()));
  return last ? last->head().size() : 0;
}

absl::Status StateMarks::Append(const Rows& rows,
                                const storage::v1::Head& head) {
  if (!last_) {
    ASSIGN_OR_RETURN(std::optional<storage::v1::Mark> last,
                     Find(std::numeric_limits<uint64_t>::max()));
    last_ = last.value_or(storage::v1::Mark());
  }
  storage::v1::Mark mark = *last_;
  *mark.mutable_head() = head;
  rocksdb::WriteBatch batch;
  rocksdb::Status status;
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.state));
  for (const storage::v1::StateRow& row : rows) {
    const std::string row_key = RowKey(row);
    const std::string key = StateKey(row_key, head.size());
    ASSIGN_OR_RETURN(const std::optional<uint64_t> before,
                     SeekVersion(row_key, head.size(), *it));
    if (before) {
      const auto old = DecodeStateValue(ToView(it->key()), ToView(it->value()));
      if (!old) return RowDamaged("it is not what its key says");
      GiveBack(old->checksum, RowsOf(row_key, mark));
    }
    const std::string value =
        EncodeStateValue(key, before.value_or(0), row.SerializeAsString());
    Take(ChecksumOfStateValue(value), RowsOf(row_key, mark));
    if (status.ok()) status = batch.Put(database_.state, key, value);
  }
  if (status.ok()) {
    status = batch.Put(database_.meta, MarkKey(head.size()), EncodeMeta(mark));
  }
  if (status.ok()) {
    status = database_.db->Write(rocksdb::WriteOptions(), &batch);
  }
  if (!status.ok()) {
    return WriteError(status, absl::StrCat("store the state at ", head.size()));
  }
  last_ = std::move(mark);
  return absl::OkStatus();
}

absl::StatusOr<std::optional<storage::v1::Mark>> StateMarks::Find(
    uint64_t size) const {
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.meta));
  it->SeekForPrev(MarkKey(size));
  if (!it->status().ok()) {
    return ReadError(it->status(), "the marks");
  }
  if (!it->Valid() || !IsMarkKey(ToView(it->key()))) return std::nullopt;
  storage::v1::Mark mark;
  if (!DecodeMeta(ToView(it->value()), mark) ||
      MarkKey(mark.head().size()) != it->key()) {
    return DamagedError("a mark", "it is not what its key says");
  }
  return mark;
}

absl::Status StateMarks::VisitRows(
    const storage::v1::Mark& mark, Which which,
    absl::FunctionRef<absl::Status(const storage::v1::StateRow&)> visit) const {
  const bool all = which == Which::kAll;
  StateCursor cursor(database_, mark.head().size(), !all);
  storage::v1::StateRow row;
  storage::v1::Mark visited;
  while (true) {
    ASSIGN_OR_RETURN(const bool at_row, cursor.Next());
    if (!at_row) break;
    ASSIGN_OR_RETURN(
        const StateValue stored,
        ParseVersion(cursor.key(), cursor.value(), cursor.row_key(), row));
    Take(stored.checksum, RowsOf(cursor.row_key(), visited));
    RETURN_IF_ERROR(visit(row));
  }
  if (AreSame(visited.others(), mark.others()) &&
      (!all || AreSame(visited.shipments(), mark.shipments()))) {
    return absl::OkStatus();
  }
  return DamagedError(absl::StrCat("the state at ", mark.head().size()),
                      "its rows are not those that were stored");
}

absl::StatusOr<std::optional<storage::v1::ShipmentRow>>
StateMarks::FindShipment(uint64_t mark_size, uint64_t index) const {
  storage::v1::StateRow row;
  row.mutable_shipment()->set_index(index);
  const std::string row_key = RowKey(row);
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.state));
  ASSIGN_OR_RETURN(const std::optional<uint64_t> version,
                   SeekVersion(row_key, mark_size, *it));
  if (!version) return std::nullopt;
  RETURN_IF_ERROR(ParseVersion(it->key(), it->value(), row_key, row).status());
  return std::move(*row.mutable_shipment());
}

absl::Status StateMarks::VisitVersions(
    const storage::v1::StateRow& row, uint64_t after, uint64_t through,
    absl::FunctionRef<bool(const storage::v1::StateRow&)> visit) const {
  const std::string row_key = RowKey(row);
  const std::unique_ptr<rocksdb::Iterator> it(
      database_.db->NewIterator(ReadPatiently(), database_.state));
  storage::v1::StateRow version_row;
  // The version that was visited last; none before the first.
  std::optional<uint64_t> visited;
  // Older versions come last.
  for (it->SeekForPrev(StateKey(row_key, after + 1)); it->Valid(); it->Prev()) {
    const std::optional<StateVersion> version =
        DecodeStateKey(ToView(it->key()));
    if (!version || version->row_key != row_key || version->mark > through) {
      break;
    }
    ASSIGN_OR_RETURN(
        const StateValue stored,
        ParseVersion(it->key(), it->value(), row_key, version_row));
    if (visited ? stored.version_before != *visited
                : stored.version_before > after) {
      return RowDamaged("a version of it is missing");
    }
    visited = version->mark;
    if (!visit(version_row)) break;
  }
  if (it->status().ok()) return absl::OkStatus();
  return ReadError(it->status(), "the state");
}

}  // namespace chipledger::store
