// Reads RFC 4180 records in bounded memory, and knows the line each starts on.
#ifndef CHIPLEDGER_CLIENT_IMPORT_CSV_READER_H_
#define CHIPLEDGER_CLIENT_IMPORT_CSV_READER_H_

#include <csv.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  // With a problem: those that were read until it showed.
  std::vector<std::string> fields;
  // Why its fields could not be read; empty: they were.
  std::string problem;
};

// CsvReader reads fields in quotes with commas, quotes and line breaks in them,
// lines that end in LF, CRLF or CR, and a byte order mark. Empty lines are
// passed over; blanks are kept. A record that is not well-formed, such as one
// whose quote is never closed, is returned with its problem, and reading goes
// on at the line after its first.
//
// The delimiter is a comma, unless the first line is "sep=" and another one, as
// spreadsheets write it.
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

  // Reads the next record into `record`, whose memory is used again; false at
  // the end. Errors: as LineReader::Next.
  absl::StatusOr<bool> Next(CsvRecord& record);
  // Returns the next record, or nothing at the end. Errors: as above.
  absl::StatusOr<std::optional<CsvRecord>> Next();

  // The first line after "sep=". Requires: before the first call of Next.
  absl::string_view first_line() const;
  char delimiter() const { return delimiter_; }
  // Whether the file itself says which, by "sep=".
  bool names_delimiter() const { return names_delimiter_; }
  // Requires: before the first call of Next.
  void SetDelimiter(char delimiter);

  const LineReader& lines() const { return *lines_; }

 private:
  explicit CsvReader(std::unique_ptr<LineReader> lines);

  static void OnField(void* text, size_t size, void* self);
  static void OnRecordEnd(int terminator, void* self);

  // Reads the next line into line_; false at the end.
  absl::StatusOr<bool> NextLine();
  void TakeLine(Line line);
  // Whether line_ is a record by itself and has no quotes, as most are.
  bool IsPlainRecord() const;
  // Splits it.
  void SplitPlainRecord(CsvRecord& record);
  void Fail(absl::string_view problem);
  void ResetParser();
  bool InsideRecord() const;

  std::unique_ptr<LineReader> lines_;
  Line line_;
  csv_parser parser_{};
  char delimiter_ = ',';
  bool names_delimiter_ = false;
  // Read and given back, to be taken before the file goes on.
  std::deque<Line> returned_lines_;
  // The lines of the record that is being read.
  std::vector<Line> open_lines_;
  size_t open_bytes_ = 0;
  std::vector<std::string> fields_;
  std::deque<CsvRecord> ready_;
};

// Returns a column's name however it is written: lower case, with one "_" for
// what stands between its words.
std::string FoldColumnName(absl::string_view name);

// A column that a table is read by.
struct CsvColumn {
  absl::string_view name;
  bool required = false;
  // What can take the place of a required column, such as "set --exporter".
  absl::string_view otherwise = "";
};

// The first line of a file with these columns.
std::string CsvHeader(const std::vector<CsvColumn>& columns);

// CsvTable reads a file whose first record names its columns. Names match
// whatever their case, with blanks, "-" or "_" between their words. The
// delimiter is the one of comma, semicolon, tab and bar that finds most
// columns, unless the file names another. Records whose fields are all blank
// are passed over, and so are blank columns at the end.
//
// Thread-safety: thread-compatible.
class CsvTable {
 public:
  // The names of `columns` must outlive the table. Errors: as CsvReader;
  // INVALID_ARGUMENT naming the file and every column that is missing or there
  // twice.
  static absl::StatusOr<std::unique_ptr<CsvTable>> Open(
      const std::string& path, const std::vector<CsvColumn>& columns);

  // Reads the next record, as CsvReader does. One with another number of fields
  // than the header, or that is not UTF-8, has a problem.
  absl::StatusOr<bool> Next(CsvRecord& record);
  absl::StatusOr<std::optional<CsvRecord>> Next();

  // Returns the record's field, without blanks at its ends; empty when the file
  // has no such column, or the record, having a problem, no such field.
  absl::string_view Field(const CsvRecord& record,
                          absl::string_view column) const;

  // Whether the record may have this text in the column. Of a record with a
  // problem more than one field may be the column's, or none was read; then it
  // may also be blank, and have any text.
  bool MayHave(const CsvRecord& record, absl::string_view column,
               absl::string_view text) const;

  char delimiter() const { return reader_->delimiter(); }
  // The columns of the file that it is not read by, as named there.
  const std::vector<std::string>& ignored_columns() const {
    return ignored_columns_;
  }
  const LineReader& lines() const { return reader_->lines(); }

 private:
  absl::Status ReadHeader(const std::string& path,
                          const std::vector<CsvColumn>& columns);

  std::unique_ptr<CsvReader> reader_;
  std::vector<std::string> ignored_columns_;
  // Returns the place of a column, or npos. Asked several times a record, it
  // knows the names that it was opened with by their addresses.
  size_t PlaceOf(absl::string_view column) const;

  static constexpr size_t npos = static_cast<size_t>(-1);
  // Every column that it is read by, and its place in a record or npos.
  std::vector<std::pair<absl::string_view, size_t>> columns_;
  size_t column_count_ = 0;
};

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_CSV_READER_H_
