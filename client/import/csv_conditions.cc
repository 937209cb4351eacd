#include "client/import/csv_conditions.h"

#include <utility>
#include <vector>

#include "client/import/csv_reader.h"
#include "client/import/csv_records.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kLicense = "license_id";
constexpr absl::string_view kKind = "kind";
constexpr absl::string_view kEvidence = "evidence";
constexpr absl::string_view kSatisfied = "satisfied_date";
constexpr absl::string_view kValidThrough = "valid_through";

std::vector<CsvColumn> Columns() {
  return {{kLicense, true},
          {kKind, true},
          {kEvidence, true},
          {kSatisfied, true},
          {kValidThrough}};
}

// CsvConditions reads a condition from each record.
class CsvConditions : public CsvRecords {
 public:
  explicit CsvConditions(std::unique_ptr<CsvTable> table)
      : CsvRecords(std::move(table)) {}

 private:
  absl::Status Read(const CsvRecord& record, v1::Command& command) override {
    v1::RecordCondition& met = *command.mutable_record_condition();
    met.set_license_id(Field(record, kLicense));
    v1::Condition& condition = *met.mutable_condition();
    condition.set_kind(Field(record, kKind));
    condition.set_evidence(Field(record, kEvidence));
    condition.set_satisfied_date(Field(record, kSatisfied));
    condition.set_valid_through(Field(record, kValidThrough));
    return absl::OkStatus();
  }
};

}  // namespace

std::string CsvConditionsHeader() { return CsvHeader(Columns()); }

absl::StatusOr<std::unique_ptr<CommandSource>> OpenCsvConditions(
    const std::string& path) {
  ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, Columns()));
  return std::make_unique<CsvConditions>(std::move(table));
}

}  // namespace chipledger::import
