// Commands that a CSV file says in one record each.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_RECORDS_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_RECORDS_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/command_source.h"
#include "client/import/csv_reader.h"

namespace chipledger::import {

// CsvRecords reads a command from each record by itself.
//
// Thread-safety: thread-compatible.
class CsvRecords : public CommandSource {
 public:
  absl::StatusOr<std::optional<SourceCommand>> Next() override;
  const LineReader& lines() const override { return table_->lines(); }
  std::vector<std::string> ignored_columns() const override {
    return table_->ignored_columns();
  }

 protected:
  explicit CsvRecords(std::unique_ptr<CsvTable> table)
      : table_(std::move(table)) {}

  // Fills the command that a record says. Errors: INVALID_ARGUMENT saying what
  // is wrong with the record.
  virtual absl::Status Read(const CsvRecord& record, v1::Command& command) = 0;

  std::string Field(const CsvRecord& record, absl::string_view column) const {
    return std::string(table_->Field(record, column));
  }
  // How the file writes numbers.
  bool comma_is_decimal() const { return table_->delimiter() == ';'; }

 private:
  std::unique_ptr<CsvTable> table_;
};

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_RECORDS_H_
