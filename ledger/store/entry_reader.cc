#include "ledger/store/entry_reader.h"

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/store/convert_status.h"
#include "ledger/store/database.h"
#include "ledger/store/keyspace.h"

namespace chipledger::store {
namespace {

absl::Status EntryDamaged(uint64_t index, absl::string_view found) {
  return DamagedError(absl::StrCat("entry ", index), found, index);
}

}  // namespace

EntryReader::EntryReader(const Database& database)
    : iterator_(database.db->NewIterator(ReadPatiently(), database.entries)) {}
EntryReader::EntryReader(EntryReader&&) noexcept = default;
EntryReader::~EntryReader() = default;

absl::StatusOr<absl::string_view> EntryReader::Read(uint64_t index) {
  if (!block_.Contains(index)) RETURN_IF_ERROR(MoveTo(index));
  return block_.entry(index);
}

absl::Status EntryReader::MoveTo(uint64_t index) {
  const bool follows = iterator_->Valid() && index == block_.end_index();
  block_ = BlockView();
  if (follows) {
    iterator_->Next();
  } else {
    const Fixed64 key = EntriesKey(index);
    iterator_->SeekForPrev(ToSlice(AsView(key)));
  }
  if (!iterator_->status().ok()) {
    return ReadError(iterator_->status(), absl::StrCat("entry ", index), index);
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

}  // namespace chipledger::store
