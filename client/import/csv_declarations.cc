#include "client/import/csv_declarations.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/import/country_names.h"
#include "client/import/csv_groups.h"
#include "client/import/csv_reader.h"
#include "client/import/jsonl_commands.h"
#include "client/import/text.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kParty = "party";
constexpr absl::string_view kDate = "effective_date";
constexpr absl::string_view kCountry = "country";
constexpr absl::string_view kGpus = "gpus";
constexpr absl::string_view kTpp = "tpp";
constexpr absl::string_view kClassification = "classification";
constexpr absl::string_view kSource = "source";

constexpr int kMilliTppScale = 3;

std::vector<CsvColumn> Columns() {
  return {{kParty, true}, {kDate, true},     {kCountry, true}, {kGpus, true},
          {kTpp},         {kClassification}, {kSource, true}};
}

CsvGrouping Grouping() {
  return {.noun = "declaration",
          .name = kParty,
          .owner = kDate,
          .first_columns = {kDate, kSource},
          .part = "a line",
          .max_records = limits::kMaxLinesPerDeclaration};
}

// CsvDeclarations reads a line of a declaration from each record.
class CsvDeclarations : public CsvGroups {
 public:
  explicit CsvDeclarations(std::unique_ptr<CsvTable> table)
      : CsvGroups(std::move(table), Grouping()) {}

 private:
  absl::Status AddTo(const CsvRecord& record, v1::Command& command) override;

  // Errors: INVALID_ARGUMENT saying what is wrong with the record.
  absl::StatusOr<v1::DeclareCompute::Line> ReadLine(
      const CsvRecord& record) const;
};

absl::Status CsvDeclarations::AddTo(const CsvRecord& record,
                                    v1::Command& command) {
  v1::DeclareCompute said;
  said.set_party(name());
  said.set_effective_date(Field(record, kDate));
  said.set_source(Field(record, kSource));
  ASSIGN_OR_RETURN(v1::DeclareCompute::Line line, ReadLine(record));
  const bool is_first = !command.has_declare_compute();
  v1::DeclareCompute& whole = *command.mutable_declare_compute();
  if (is_first) {
    whole = std::move(said);
    if (line.ByteSizeLong() == 0) return absl::OkStatus();
  } else {
    v1::DeclareCompute first = whole;
    first.clear_lines();
    RETURN_IF_ERROR(CheckAgrees(first, said));
  }
  if (line.country().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        kCountry, " is empty; write in each record where the GPUs are"));
  }
  *whole.add_lines() = std::move(line);
  return absl::OkStatus();
}

absl::StatusOr<v1::DeclareCompute::Line> CsvDeclarations::ReadLine(
    const CsvRecord& record) const {
  v1::DeclareCompute::Line line;
  line.set_classification(Field(record, kClassification));
  if (const std::string country = Field(record, kCountry); !country.empty()) {
    ASSIGN_OR_RETURN(*line.mutable_country(),
                     InColumn(kCountry, ParseCountryName(country)));
    if (Field(record, kGpus).empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat(kGpus, " is empty; write how many there are, or 0"));
    }
  }
  if (const std::string text = Field(record, kGpus); !text.empty()) {
    ASSIGN_OR_RETURN(const int64_t gpus,
                     InColumn(kGpus, ParseUnits(text, comma_is_decimal())));
    line.set_gpus(gpus);
  }
  if (const std::string text = Field(record, kTpp); !text.empty()) {
    const auto milli_tpp = ParseDecimal(text, kMilliTppScale);
    if (!milli_tpp) {
      return absl::InvalidArgumentError(
          absl::StrCat(kTpp, " \"", OneLine(text),
                       "\" is no plain decimal with up to three decimals, such "
                       "as 20919.2"));
    }
    line.set_milli_tpp(*milli_tpp);
  }
  return line;
}

}  // namespace

std::string CsvDeclarationsHeader() { return CsvHeader(Columns()); }

absl::StatusOr<std::unique_ptr<CommandSource>> OpenDeclarationSource(
    const std::string& path, const std::string& format,
    const ImportDefaults& /*defaults*/) {
  const auto open = [&]() -> absl::StatusOr<std::unique_ptr<CsvGroups>> {
    ASSIGN_OR_RETURN(auto table, CsvTable::Open(path, Columns()));
    return std::make_unique<CsvDeclarations>(std::move(table));
  };
  return OpenCsvOrJsonl(
      path, format, [&] { return OpenCsvGroups(path, open); },
      // One chipledger.v1.DeclareCompute a line.
      {.message = [](v1::Command& c) { return c.mutable_declare_compute(); },
       .complete = [](v1::Command&) { return absl::OkStatus(); }});
}

}  // namespace chipledger::import
