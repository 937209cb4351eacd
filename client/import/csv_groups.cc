#include "client/import/csv_groups.h"

#include <algorithm>
#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {

CsvGroups::CsvGroups(std::unique_ptr<CsvTable> table, CsvGrouping grouping)
    : table_(std::move(table)), grouping_(std::move(grouping)) {}

void CsvGroups::SetScattered(absl::flat_hash_set<uint64_t> scattered) {
  scattered_ = std::move(scattered);
}

absl::StatusOr<std::optional<SourceCommand>> CsvGroups::Next() {
  while (ready_.empty() && !at_end_) {
    ASSIGN_OR_RETURN(const bool more, table_->Next(record_));
    if (more) {
      TakeRecord(record_);
    } else {
      CloseGroup();
      at_end_ = true;
    }
  }
  if (ready_.empty()) return std::nullopt;
  SourceCommand result = std::move(ready_.front());
  ready_.pop_front();
  return result;
}

void CsvGroups::TakeRecord(CsvRecord& record) {
  if (!record.problem.empty()) return TakeUnreadable(record);
  if (table_->Field(record, grouping_.name).empty()) {
    return TakeNameless(record);
  }
  if (!BelongsToOpen(record)) {
    CloseGroup();
    OpenGroup(record);
  }
  unclear_.reset();
  const absl::Status added = AddTo(record, open_.command);
  AddRecord(record, std::string(added.message()));
}

void CsvGroups::TakeUnreadable(CsvRecord& record) {
  unclear_ = record;
  std::string problem = record.problem;
  if (is_open_ && table_->MayHave(record, grouping_.name, name_)) {
    return AddRecord(record, std::move(problem));
  }
  CloseGroup();
  ready_.push_back({.records = {{record.line, std::move(record.raw)}},
                    .problem = std::move(problem)});
}

void CsvGroups::TakeNameless(CsvRecord& record) {
  unclear_.reset();
  if (MayBeFirst(record)) unclear_ = record;
  const std::string problem =
      absl::StrCat(grouping_.name, " is empty; write it in each record of its ",
                   grouping_.noun);
  if (is_open_) return AddRecord(record, problem);
  ready_.push_back(
      {.records = {{record.line, std::move(record.raw)}}, .problem = problem});
}

bool CsvGroups::MayBeFirst(const CsvRecord& record) const {
  return std::none_of(grouping_.first_columns.begin(),
                      grouping_.first_columns.end(),
                      [&](absl::string_view column) {
                        return table_->Field(record, column).empty();
                      });
}

absl::string_view CsvGroups::OwnerIn(const CsvRecord& record) const {
  return grouping_.owner.empty() ? absl::string_view()
                                 : table_->Field(record, grouping_.owner);
}

bool CsvGroups::BelongsToOpen(const CsvRecord& record) const {
  if (!is_open_ || table_->Field(record, grouping_.name) != name_) {
    return false;
  }
  const absl::string_view owner = OwnerIn(record);
  return owner.empty() || !owner_is_written_ || owner == owner_;
}

absl::StatusOr<absl::flat_hash_set<uint64_t>> CsvGroups::FindScattered() {
  absl::flat_hash_set<uint64_t> scattered;
  while (true) {
    ASSIGN_OR_RETURN(const bool more, table_->Next(record_));
    if (!more) return scattered;
    if (!record_.problem.empty() ||
        table_->Field(record_, grouping_.name).empty() ||
        BelongsToOpen(record_)) {
      continue;
    }
    const uint64_t key = SetKey(record_);
    if (!seen_.insert(key).second) scattered.insert(key);
  }
}

uint64_t CsvGroups::SetKey(const CsvRecord& record) {
  owner_ = std::string(OwnerIn(record));
  owner_is_written_ = !owner_.empty();
  if (!owner_is_written_) owner_ = grouping_.default_owner;
  name_ = Field(record, grouping_.name);
  is_open_ = true;
  return absl::HashOf(owner_, name_);
}

void CsvGroups::OpenGroup(const CsvRecord& record) {
  const uint64_t key = SetKey(record);
  const bool comes_again =
      scattered_ ? scattered_->contains(key) : !seen_.insert(key).second;
  if (comes_again) {
    Blame(record.line,
          absl::StrCat(grouping_.name, " \"", name_, "\"",
                       grouping_.owner.empty() ? "" : " of ", owner_,
                       " is in this file in several places; records of one ",
                       grouping_.noun, " must follow each other, and another ",
                       grouping_.noun, " needs another ", grouping_.name));
  }
  if (unclear_ && (table_->Field(*unclear_, grouping_.name).empty() ||
                   table_->MayHave(*unclear_, grouping_.name, name_))) {
    Blame(unclear_->line,
          absl::StrCat("this record, just before the ", grouping_.noun,
                       ", may be of it: ",
                       unclear_->problem.empty()
                           ? absl::StrCat("its ", grouping_.name, " is empty")
                           : unclear_->problem));
  }
}

void CsvGroups::CloseGroup() {
  if (!open_.records.empty()) ready_.push_back(std::move(open_));
  open_ = {};
  is_open_ = false;
  overflowed_ = false;
}

void CsvGroups::AddRecord(CsvRecord& record, std::string problem) {
  if (!problem.empty()) Blame(record.line, std::move(problem));
  open_.records.push_back({record.line, std::move(record.raw)});
  if (open_.records.size() > grouping_.max_records || overflowed_) {
    // Bounds the memory of a group that never ends.
    open_.problem =
        absl::StrCat("the ", grouping_.noun, " has more than ",
                     grouping_.max_records, " records, one ", grouping_.part);
    open_.problem_line = record.line;
    ready_.push_back(std::exchange(open_, {}));
    overflowed_ = true;
  }
}

void CsvGroups::Blame(int64_t line, std::string problem) {
  if (!open_.problem.empty()) return;
  open_.problem = std::move(problem);
  open_.problem_line = line;
}

absl::Status CsvGroups::CheckAgrees(
    const google::protobuf::Message& first,
    const google::protobuf::Message& later) const {
  const std::unique_ptr<google::protobuf::Message> merged(first.New());
  merged->CopyFrom(first);
  merged->MergeFrom(later);
  if (google::protobuf::util::MessageDifferencer::Equals(*merged, first)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("it says otherwise about ", grouping_.noun, " ", name_,
                   " than line ", open_.records.front().line,
                   "; records of one ", grouping_.noun, " must agree"));
}

absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvGroups(
    const std::string& path,
    const std::function<absl::StatusOr<std::unique_ptr<CsvGroups>>()>& open) {
  ASSIGN_OR_RETURN(auto source, open());
  if (!CanBeReadAgain(path)) return source;
  ASSIGN_OR_RETURN(auto scattered, source->FindScattered());
  ASSIGN_OR_RETURN(source, open());
  source->SetScattered(std::move(scattered));
  return source;
}

}  // namespace chipledger::import
