// Commands that a CSV file says in several records each: the items of a
// shipment, the lines of a license.
//
// Records that follow each other with one name are one command, imported whole
// or not at all: when one of them is bad, none of it is. A record without a
// name belongs to the one before it, as merged cells of a spreadsheet are
// written; and to the one after it as well, when it says enough to be its
// first. A record that cannot be read belongs to the one before and the one
// after it, unless it has another name.
//
// Records with one name that do not follow each other are all bad input: the
// later ones may be repeated rows, or rows that the first would lack. A file is
// read once before for it. Standard input is not, and there the first ones are
// imported and the later ones rejected. To tell, a 64-bit fingerprint of each
// name is kept: some 16 bytes of memory a command. Of ten million commands, one
// in 300,000 files would have a good one rejected for another with the same
// fingerprint.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_GROUPS_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_GROUPS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/command_source.h"
#include "client/import/csv_reader.h"
#include "google/protobuf/message.h"

namespace chipledger::import {

// By what records make a group.
struct CsvGrouping {
  // What a group is: "shipment".
  absl::string_view noun;
  // The column with its name.
  absl::string_view name;
  // Whose name it is, where others may have the same: a column that later
  // records may leave empty. Empty: names are nobody's.
  absl::string_view owner;
  // The owner where a record names none.
  std::string default_owner;
  // A record without a name that fills these may be the first of its group.
  std::vector<absl::string_view> first_columns;
  // What a record is: "item".
  absl::string_view part;
  size_t max_records = 0;
};

// CsvGroups gathers the records of a group until another one begins.
//
// Thread-safety: thread-compatible.
class CsvGroups : public CommandSource {
 public:
  // Reads the table to its end, and returns the fingerprints of the names whose
  // records do not all follow each other. Errors: as CsvTable::Next.
  absl::StatusOr<absl::flat_hash_set<uint64_t>> FindScattered();
  // Says what FindScattered returned of the same file.
  void SetScattered(absl::flat_hash_set<uint64_t> scattered);

  absl::StatusOr<std::optional<SourceCommand>> Next() override;
  const LineReader& lines() const override { return table_->lines(); }
  std::vector<std::string> ignored_columns() const override {
    return table_->ignored_columns();
  }

 protected:
  CsvGroups(std::unique_ptr<CsvTable> table, CsvGrouping grouping);

  // Adds what a record says to the command of its group, which is empty before
  // the first. Errors: INVALID_ARGUMENT saying what is wrong with the record.
  virtual absl::Status AddTo(const CsvRecord& record, v1::Command& command) = 0;

  std::string Field(const CsvRecord& record, absl::string_view column) const {
    return std::string(table_->Field(record, column));
  }
  // How the file writes numbers.
  bool comma_is_decimal() const { return table_->delimiter() == ';'; }
  // Of the group that is being read.
  const std::string& name() const { return name_; }
  const std::string& owner() const { return owner_; }
  // Checks that a record says of the group what the first says of it; what it
  // leaves empty is as the first says. Lists must not be in `later`.
  // Errors: INVALID_ARGUMENT.
  absl::Status CheckAgrees(const google::protobuf::Message& first,
                           const google::protobuf::Message& later) const;

 private:
  // Each may take what it needs of the record.
  void TakeRecord(CsvRecord& record);
  void TakeUnreadable(CsvRecord& record);
  void TakeNameless(CsvRecord& record);
  absl::string_view OwnerIn(const CsvRecord& record) const;
  bool BelongsToOpen(const CsvRecord& record) const;
  bool MayBeFirst(const CsvRecord& record) const;
  void OpenGroup(const CsvRecord& record);
  // Notes which group a record is of. Returns a fingerprint of it.
  uint64_t SetKey(const CsvRecord& record);
  void CloseGroup();
  // Adds a record to the open group, with what is wrong with it.
  void AddRecord(CsvRecord& record, std::string problem);
  // Marks the open group as bad for what is wrong in a line; the first such
  // mark stays.
  void Blame(int64_t line, std::string problem);

  std::unique_ptr<CsvTable> table_;
  const CsvGrouping grouping_;
  // The one that is being read, whose memory is used again.
  CsvRecord record_;
  std::deque<SourceCommand> ready_;
  // Whether a group is open, and which.
  bool is_open_ = false;
  std::string owner_;
  std::string name_;
  // The open group's first record names the owner, rather than leaving it to
  // the default.
  bool owner_is_written_ = false;
  SourceCommand open_;
  // The open group had too many records: what follows of it is bad as well.
  bool overflowed_ = false;
  // The record just before, when it may be the first of the next group.
  std::optional<CsvRecord> unclear_;
  // Fingerprints of all groups so far, where the file was not read before, and
  // of those that come again, where it was.
  absl::flat_hash_set<uint64_t> seen_;
  std::optional<absl::flat_hash_set<uint64_t>> scattered_;
  bool at_end_ = false;
};

// Opens groups with `open`, and reads them once before where the path can be
// read again. Errors: those of `open`, and as CsvTable::Next.
absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvGroups(
    const std::string& path,
    const std::function<absl::StatusOr<std::unique_ptr<CsvGroups>>()>& open);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_GROUPS_H_
