// Reads RFC 4180 records in bounded memory, and knows the line each starts on.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_READER_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_READER_H_

#include <csv.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/line_reader.h"

namespace chipledger::import {

// One record of a file.
struct CsvRecord {
  // The line it starts on, from 1.
  int64_t line = 0;
  // As it stands in the file, without its last line break.
  std::string raw;
  std::vector<std::string> fields;
  // Why its fields could not be read; empty: they were.
  std::string problem;
};

// CsvReader reads fields in quotes with commas, quotes and line breaks in them,
// lines that end in LF or CRLF, and a byte order mark. Empty lines are passed
// over; blanks are kept. A record that is not well-formed, such as one whose
// quote is never closed, is returned with its problem, and reading goes on at
// the line after its first.
//
// Thread-safety: thread-compatible.
class CsvReader {
 public:
  // Errors: as LineReader::Open.
  static absl::StatusOr<std::unique_ptr<CsvReader>> Open(
      const std::string& path);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // Returns the next record, or nothing at the end.
  // Errors: as LineReader::Next.
  absl::StatusOr<std::optional<CsvRecord>> Next();

  const LineReader& lines() const { return *lines_; }

 private:
  explicit CsvReader(std::unique_ptr<LineReader> lines);

  static void OnField(void* text, size_t size, void* self);
  static void OnRecordEnd(int terminator, void* self);

  absl::StatusOr<std::optional<Line>> NextLine();
  void TakeLine(Line line);
  void Fail(absl::string_view problem);
  void ResetParser();
  bool InsideRecord() const;

  std::unique_ptr<LineReader> lines_;
  csv_parser parser_{};
  // Read and given back, to be taken before the file goes on.
  std::deque<Line> returned_lines_;
  // The lines of the record that is being read.
  std::vector<Line> open_lines_;
  size_t open_bytes_ = 0;
  std::vector<std::string> fields_;
  std::deque<CsvRecord> ready_;
};

// CsvTable reads a file whose first record names its columns.
class CsvTable {
 public:
  // `known` are the columns that may be there, `required` those that must.
  // Empty `known`: any. Errors: as CsvReader; INVALID_ARGUMENT naming the file
  // and every column that is missing, unknown or there twice.
  static absl::StatusOr<std::unique_ptr<CsvTable>> Open(
      const std::string& path, const std::vector<absl::string_view>& required,
      const std::vector<absl::string_view>& known);

  // Returns the next record. One with another number of fields than the header,
  // or that is not UTF-8, has a problem. Errors: as CsvReader::Next.
  absl::StatusOr<std::optional<CsvRecord>> Next();

  // Returns the record's field, without blanks at its ends; empty when the file
  // has no such column. Requires: the record has no problem.
  absl::string_view Field(const CsvRecord& record,
                          absl::string_view column) const;

  const LineReader& lines() const { return reader_->lines(); }

 private:
  std::unique_ptr<CsvReader> reader_;
  absl::flat_hash_map<std::string, size_t> columns_;
  size_t column_count_ = 0;
};

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_READER_H_
