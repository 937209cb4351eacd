#include "client/import/csv_reader.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

// A shipment's fields are below 5 KiB; notes in public data sets are longer.
// A lost quote costs at most this much reading ahead.
constexpr size_t kMaxRecordBytes = 256 * 1024;

// libcsv's state between two records.
constexpr int kRowNotBegun = 0;

std::string Unterminated(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(auto lines, LineReader::Open(path, kMaxRecordBytes));
  return std::unique_ptr<CsvReader>(new CsvReader(std::move(lines)));
}

CsvReader::CsvReader(std::unique_ptr<LineReader> lines)
    : lines_(std::move(lines)) {
  ResetParser();
}

CsvReader::~CsvReader() { csv_free(&parser_); }

void CsvReader::ResetParser() {
  csv_free(&parser_);
  csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  // By default libcsv drops blanks around fields; RFC 4180 keeps them.
  csv_set_space_func(&parser_, [](unsigned char) { return 0; });
  fields_.clear();
}

bool CsvReader::InsideRecord() const {
  return parser_.pstate != kRowNotBegun || !fields_.empty();
}

void CsvReader::OnField(void* text, size_t size, void* self) {
  static_cast<CsvReader*>(self)->fields_.emplace_back(
      static_cast<const char*>(text), size);
}

void CsvReader::OnRecordEnd(int, void* self) {
  auto* reader = static_cast<CsvReader*>(self);
  CsvRecord record;
  record.line = reader->open_lines_.front().number;
  for (const Line& line : reader->open_lines_) record.raw += line.text;
  record.raw = Unterminated(std::move(record.raw));
  record.fields = std::exchange(reader->fields_, {});
  reader->ready_.push_back(std::move(record));
}

absl::StatusOr<std::optional<Line>> CsvReader::NextLine() {
  if (returned_lines_.empty()) return lines_->Next();
  Line line = std::move(returned_lines_.front());
  returned_lines_.pop_front();
  return line;
}

absl::StatusOr<std::optional<CsvRecord>> CsvReader::Next() {
  while (ready_.empty()) {
    ASSIGN_OR_RETURN(std::optional<Line> line, NextLine());
    if (line) {
      TakeLine(*std::move(line));
      continue;
    }
    if (open_lines_.empty()) return std::nullopt;
    // The last record may lack its line break.
    if (csv_fini(&parser_, OnField, OnRecordEnd, this) != 0) {
      Fail("a quote is opened and never closed");
    } else {
      open_lines_.clear();
      open_bytes_ = 0;
    }
  }
  CsvRecord record = std::move(ready_.front());
  ready_.pop_front();
  return record;
}

void CsvReader::TakeLine(Line line) {
  const bool too_long = line.too_long;
  open_bytes_ += line.text.size();
  open_lines_.push_back(std::move(line));
  if (too_long || open_bytes_ > kMaxRecordBytes) {
    return Fail(absl::StrCat("the record is longer than ", kMaxRecordBytes,
                             " bytes; is a quote not closed?"));
  }
  const std::string& text = open_lines_.back().text;
  if (csv_parse(&parser_, text.data(), text.size(), OnField, OnRecordEnd,
                this) != text.size()) {
    return Fail(
        "a quote stands inside a field; a field with quotes must be in quotes "
        "and repeat each of its own (RFC 4180)");
  }
  if (!InsideRecord()) {
    open_lines_.clear();
    open_bytes_ = 0;
  }
}

void CsvReader::Fail(absl::string_view problem) {
  CsvRecord record;
  record.line = open_lines_.front().number;
  record.raw = Unterminated(std::move(open_lines_.front().text));
  record.problem = std::string(problem);
  ready_.push_back(std::move(record));
  // One bad record must not take the ones after it along.
  returned_lines_.insert(returned_lines_.begin(),
                         std::make_move_iterator(open_lines_.begin() + 1),
                         std::make_move_iterator(open_lines_.end()));
  open_lines_.clear();
  open_bytes_ = 0;
  ResetParser();
}

absl::StatusOr<std::unique_ptr<CsvTable>> CsvTable::Open(
    const std::string& path, const std::vector<absl::string_view>& required,
    const std::vector<absl::string_view>& known) {
  auto table = std::make_unique<CsvTable>();
  ASSIGN_OR_RETURN(table->reader_, CsvReader::Open(path));
  ASSIGN_OR_RETURN(const std::optional<CsvRecord> header,
                   table->reader_->Next());
  if (!header || !header->problem.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, " has no header: its first line must name the columns"));
  }
  table->column_count_ = header->fields.size();
  std::vector<std::string> problems;
  for (size_t i = 0; i < header->fields.size(); ++i) {
    const absl::string_view name =
        absl::StripAsciiWhitespace(header->fields[i]);
    if (!known.empty() &&
        std::find(known.begin(), known.end(), name) == known.end()) {
      problems.push_back(absl::StrCat("column \"", name, "\" is not known"));
    }
    if (!table->columns_.emplace(name, i).second && !known.empty()) {
      problems.push_back(absl::StrCat("column \"", name, "\" is there twice"));
    }
  }
  for (const absl::string_view name : required) {
    if (!table->columns_.contains(name)) {
      problems.push_back(absl::StrCat("column \"", name, "\" is missing"));
    }
  }
  if (!problems.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": ", absl::StrJoin(problems, "; "),
                     known.empty() ? "" : "; the columns are: ",
                     absl::StrJoin(known, ", ")));
  }
  return table;
}

absl::StatusOr<std::optional<CsvRecord>> CsvTable::Next() {
  ASSIGN_OR_RETURN(std::optional<CsvRecord> record, reader_->Next());
  if (!record || !record->problem.empty()) return record;
  if (record->fields.size() != column_count_) {
    record->problem = absl::StrCat("the record has ", record->fields.size(),
                                   " fields and the header ", column_count_);
  } else if (!IsUtf8(record->raw)) {
    record->problem = "the record is not UTF-8; convert the file to UTF-8";
  }
  return record;
}

absl::string_view CsvTable::Field(const CsvRecord& record,
                                  absl::string_view column) const {
  const auto it = columns_.find(column);
  if (it == columns_.end()) return "";
  return absl::StripAsciiWhitespace(record.fields[it->second]);
}

}  // namespace chipledger::import
