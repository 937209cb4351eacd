#include "client/import/csv_records.h"

#include "ledger/base/status_macros.h"

namespace chipledger::import {

absl::StatusOr<std::optional<SourceCommand>> CsvRecords::Next() {
  ASSIGN_OR_RETURN(std::optional<CsvRecord> record, table_->Next());
  if (!record) return std::nullopt;
  SourceCommand result;
  result.problem = record->problem;
  if (result.problem.empty()) {
    result.problem = std::string(Read(*record, result.command).message());
  }
  result.records.push_back({record->line, std::move(record->raw)});
  return result;
}

}  // namespace chipledger::import
