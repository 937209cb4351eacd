#include "client/import/csv_reader.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/import/text.h"
#include "ledger/base/status_macros.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

// A shipment's fields are below 5 KiB; notes in public data sets are longer.
// A lost quote costs at most this much reading ahead.
constexpr size_t kMaxRecordBytes = 256 * 1024;

// What an error quotes of a file at most.
constexpr size_t kMaxQuotedBytes = 400;

// How a first line starts that says which delimiter the file has.
constexpr absl::string_view kDelimiterHint = "sep=";

// Those that files have which do not say so. The first wins where several find
// as many columns.
constexpr absl::string_view kDelimiters = ",;\t|";

// libcsv's state between two records.
constexpr int kRowNotBegun = 0;

std::string Unterminated(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
    text.pop_back();
  }
  return text;
}

// Returns the delimiter that splits a header into most of the columns.
char FindDelimiter(absl::string_view header,
                   const std::vector<CsvColumn>& columns) {
  char best = kDelimiters[0];
  size_t most = 0;
  for (const char delimiter : kDelimiters) {
    absl::flat_hash_set<std::string> names;
    for (absl::string_view name : absl::StrSplit(header, delimiter)) {
      name = absl::StripAsciiWhitespace(name);
      absl::ConsumePrefix(&name, "\"");
      absl::ConsumeSuffix(&name, "\"");
      names.insert(FoldColumnName(name));
    }
    size_t found = 0;
    for (const CsvColumn& column : columns) {
      found += names.contains(FoldColumnName(column.name)) ? 1 : 0;
    }
    if (found > most) {
      most = found;
      best = delimiter;
    }
  }
  return best;
}

bool IsBlank(absl::string_view text) {
  return absl::StripAsciiWhitespace(text).empty();
}

bool IsBlank(const CsvRecord& record) {
  return std::all_of(record.fields.begin(), record.fields.end(),
                     [](const std::string& field) { return IsBlank(field); });
}

// Whether the word stands in the text, not as a part of a longer one.
bool HasWord(absl::string_view text, absl::string_view word) {
  const auto is_inside = [&](size_t place) {
    return place < text.size() &&
           (absl::ascii_isalnum(static_cast<unsigned char>(text[place])) ||
            absl::StrContains("-_./", text.substr(place, 1)));
  };
  for (size_t at = text.find(word); at != absl::string_view::npos;
       at = text.find(word, at + 1)) {
    if ((at == 0 || !is_inside(at - 1)) && !is_inside(at + word.size())) {
      return true;
    }
  }
  return false;
}

// Takes away blank fields at the end that the header has no column for.
void DropBlankEnd(std::vector<std::string>& fields, size_t columns) {
  while (fields.size() > columns && IsBlank(fields.back())) fields.pop_back();
}

}  // namespace

std::string FoldColumnName(absl::string_view name) {
  std::string folded;
  bool between = false;
  for (const char c : name) {
    if (absl::ascii_isspace(static_cast<unsigned char>(c)) || c == '_' ||
        c == '-') {
      between = !folded.empty();
      continue;
    }
    if (std::exchange(between, false)) folded.push_back('_');
    folded.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return folded;
}

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(
    const std::string& path) {
  ASSIGN_OR_RETURN(auto lines, LineReader::Open(path, kMaxRecordBytes));
  std::unique_ptr<CsvReader> reader(new CsvReader(std::move(lines)));
  ASSIGN_OR_RETURN(std::optional<Line> first, reader->lines_->Next());
  if (first && absl::StartsWithIgnoreCase(first->text, kDelimiterHint) &&
      Unterminated(first->text).size() == kDelimiterHint.size() + 1) {
    reader->SetDelimiter(first->text[kDelimiterHint.size()]);
    reader->names_delimiter_ = true;
    ASSIGN_OR_RETURN(first, reader->lines_->Next());
  }
  if (first) reader->returned_lines_.push_back(*std::move(first));
  return reader;
}

absl::string_view CsvReader::first_line() const {
  return returned_lines_.empty() ? absl::string_view()
                                 : returned_lines_.front().text;
}

void CsvReader::SetDelimiter(char delimiter) {
  delimiter_ = delimiter;
  ResetParser();
}

CsvReader::CsvReader(std::unique_ptr<LineReader> lines)
    : lines_(std::move(lines)) {
  ResetParser();
}

CsvReader::~CsvReader() { csv_free(&parser_); }

void CsvReader::ResetParser() {
  csv_free(&parser_);
  csv_init(&parser_, CSV_STRICT | CSV_STRICT_FINI);
  csv_set_delim(&parser_, static_cast<unsigned char>(delimiter_));
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
  // The parser still reads the line that it is in.
  for (const Line& line : reader->open_lines_) record.raw += line.text;
  record.raw = Unterminated(std::move(record.raw));
  record.fields = std::exchange(reader->fields_, {});
  reader->ready_.push_back(std::move(record));
}

absl::StatusOr<bool> CsvReader::NextLine() {
  if (returned_lines_.empty()) return lines_->Next(line_);
  line_ = std::move(returned_lines_.front());
  returned_lines_.pop_front();
  return true;
}

absl::StatusOr<std::optional<CsvRecord>> CsvReader::Next() {
  CsvRecord record;
  ASSIGN_OR_RETURN(const bool more, Next(record));
  if (!more) return std::nullopt;
  return record;
}

absl::StatusOr<bool> CsvReader::Next(CsvRecord& record) {
  while (ready_.empty()) {
    ASSIGN_OR_RETURN(const bool more, NextLine());
    if (more && IsPlainRecord()) {
      SplitPlainRecord(record);
      // As libcsv does, an empty line is no record.
      if (record.raw.empty()) continue;
      return true;
    }
    if (more) {
      TakeLine(std::move(line_));
      continue;
    }
    if (open_lines_.empty()) return false;
    // The last record may lack its line break.
    if (csv_fini(&parser_, OnField, OnRecordEnd, this) != 0) {
      Fail("a quote is opened and never closed");
    } else {
      open_lines_.clear();
      open_bytes_ = 0;
    }
  }
  record = std::move(ready_.front());
  ready_.pop_front();
  return true;
}

bool CsvReader::IsPlainRecord() const {
  return !InsideRecord() && !line_.too_long &&
         !absl::StrContains(line_.text, '"');
}

void CsvReader::SplitPlainRecord(CsvRecord& record) {
  record.line = line_.number;
  record.problem.clear();
  record.raw.assign(line_.text, 0, line_.text.find_last_not_of("\r\n") + 1);
  size_t count = 0;
  for (size_t begin = 0; begin <= record.raw.size();) {
    const size_t end =
        std::min(record.raw.find(delimiter_, begin), record.raw.size());
    if (count == record.fields.size()) record.fields.emplace_back();
    record.fields[count++].assign(record.raw, begin, end - begin);
    begin = end + 1;
  }
  record.fields.resize(count);
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
  record.fields = std::exchange(fields_, {});
  ready_.push_back(std::move(record));
  // One bad record must not take the ones after it along.
  returned_lines_.insert(returned_lines_.begin(),
                         std::make_move_iterator(open_lines_.begin() + 1),
                         std::make_move_iterator(open_lines_.end()));
  open_lines_.clear();
  open_bytes_ = 0;
  ResetParser();
}

std::string CsvHeader(const std::vector<CsvColumn>& columns) {
  std::vector<absl::string_view> names;
  for (const CsvColumn& column : columns) names.push_back(column.name);
  return absl::StrCat(absl::StrJoin(names, ","), "\n");
}

absl::StatusOr<std::unique_ptr<CsvTable>> CsvTable::Open(
    const std::string& path, const std::vector<CsvColumn>& columns) {
  auto table = std::make_unique<CsvTable>();
  ASSIGN_OR_RETURN(table->reader_, CsvReader::Open(path));
  CsvReader& reader = *table->reader_;
  if (!reader.names_delimiter()) {
    reader.SetDelimiter(FindDelimiter(reader.first_line(), columns));
  }
  RETURN_IF_ERROR(table->ReadHeader(path, columns));
  return table;
}

absl::Status CsvTable::ReadHeader(const std::string& path,
                                  const std::vector<CsvColumn>& columns) {
  std::optional<CsvRecord> header;
  do {
    ASSIGN_OR_RETURN(header, reader_->Next());
  } while (header && header->problem.empty() && IsBlank(*header));
  if (!header || !header->problem.empty() || !IsUtf8(header->raw)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path,
        " has no header: its first line must name the columns, in UTF-8"));
  }
  DropBlankEnd(header->fields, 0);
  column_count_ = header->fields.size();
  for (const CsvColumn& column : columns) {
    columns_.emplace_back(column.name, npos);
  }
  std::vector<std::string> problems;
  for (size_t i = 0; i < column_count_; ++i) {
    const std::string name = FoldColumnName(header->fields[i]);
    const auto column = std::find_if(
        columns_.begin(), columns_.end(),
        [&](const auto& known) { return FoldColumnName(known.first) == name; });
    if (column == columns_.end()) {
      if (!name.empty()) {
        ignored_columns_.push_back(OneLine(header->fields[i]));
      }
    } else if (column->second != npos) {
      problems.push_back(
          absl::StrCat("column \"", column->first, "\" is there twice"));
    } else {
      column->second = i;
    }
  }
  for (const CsvColumn& column : columns) {
    if (!column.required || PlaceOf(column.name) != npos) continue;
    problems.push_back(absl::StrCat("column \"", column.name, "\" is missing"));
    if (!column.otherwise.empty()) {
      absl::StrAppend(&problems.back(), " (add it, or ", column.otherwise, ")");
    }
  }
  if (problems.empty()) return absl::OkStatus();
  const std::string ignored = absl::StrJoin(ignored_columns_, ", ");
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": ", absl::StrJoin(problems, "; "),
      ignored.empty() ? ""
                      : absl::StrCat("; it has, and this does not know: ",
                                     TruncateUtf8(ignored, kMaxQuotedBytes))));
}

absl::StatusOr<std::optional<CsvRecord>> CsvTable::Next() {
  CsvRecord record;
  ASSIGN_OR_RETURN(const bool more, Next(record));
  if (!more) return std::nullopt;
  return record;
}

absl::StatusOr<bool> CsvTable::Next(CsvRecord& record) {
  do {
    ASSIGN_OR_RETURN(const bool more, reader_->Next(record));
    if (!more) return false;
  } while (record.problem.empty() && IsBlank(record));
  if (!record.problem.empty()) return true;
  DropBlankEnd(record.fields, column_count_);
  if (record.fields.size() != column_count_) {
    record.problem = absl::StrCat("the record has ", record.fields.size(),
                                  " fields and the header ", column_count_);
  } else if (!IsUtf8(record.raw)) {
    record.problem =
        "the record is not UTF-8; convert the file, such as with iconv -f "
        "WINDOWS-1252 -t UTF-8";
  }
  return true;
}

absl::string_view CsvTable::Field(const CsvRecord& record,
                                  absl::string_view column) const {
  const size_t place = PlaceOf(column);
  // npos is beyond every record.
  if (place >= record.fields.size()) return "";
  return absl::StripAsciiWhitespace(record.fields[place]);
}

size_t CsvTable::PlaceOf(absl::string_view column) const {
  for (const auto& [name, place] : columns_) {
    if (name.data() == column.data()) return place;
  }
  for (const auto& [name, place] : columns_) {
    if (name == column) return place;
  }
  return npos;
}

bool CsvTable::MayHave(const CsvRecord& record, absl::string_view column,
                       absl::string_view text) const {
  const size_t place = PlaceOf(column);
  if (place == npos) return true;
  if (record.problem.empty()) return Field(record, column) == text;
  if (HasWord(record.raw, text)) return true;
  // A field too many or too few, which may be any, moves those after it.
  const size_t count = record.fields.size();
  const size_t lacking = column_count_ - std::min(count, column_count_);
  const size_t extra = count - std::min(count, column_count_);
  const size_t first = place - std::min(lacking, place);
  for (size_t i = first; i <= place + extra; ++i) {
    if (i >= count || IsBlank(record.fields[i])) return true;
  }
  return false;
}

}  // namespace chipledger::import
