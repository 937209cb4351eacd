// Reads a file line by line in bounded memory.
#ifndef CHIPLEDGER_CLIENT_IMPORT_LINE_READER_H_
#define CHIPLEDGER_CLIENT_IMPORT_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace chipledger::import {

// One physical line.
struct Line {
  // From 1.
  int64_t number = 0;
  // With its line end, if it has one. Of a line that is too long the start.
  std::string text;
  // The line had more bytes than the reader takes; the rest was passed over.
  bool too_long = false;
};

// Whether a path can be read more than once: not standard input ("-"), nor a
// pipe. What is not there can.
bool CanBeReadAgain(const std::string& path);

// LineReader reads a file, or standard input, from the start. A line ends in
// LF, CRLF or, as old spreadsheets write it, CR. A byte order mark at the start
// is dropped.
//
// Thread-safety: thread-compatible.
class LineReader {
 public:
  // "-" is standard input. Errors: NOT_FOUND and others, naming the file;
  // INVALID_ARGUMENT for a directory, and for a file that is no plain text in
  // UTF-8 by its first bytes (compressed, a spreadsheet, UTF-16), saying what
  // it is and how to convert it.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(
      const std::string& path, size_t max_line_bytes);

  // Reads the next line into `line`, whose memory is used again; false at the
  // end. Errors: DATA_LOSS when the file cannot be read further.
  absl::StatusOr<bool> Next(Line& line);
  // Returns the next line, or nothing at the end. Errors: as above.
  absl::StatusOr<std::optional<Line>> Next();

  // Bytes read so far.
  uint64_t bytes_read() const { return bytes_read_; }
  // The file's size; 0 when it is not known.
  uint64_t total_bytes() const { return total_bytes_; }

 private:
  struct Closer {
    void operator()(std::FILE* file) const;
  };

  LineReader() = default;

  // Reads more into the buffer when it is used up. Returns whether there is
  // anything. Errors: as Next.
  absl::StatusOr<bool> Fill();
  // Adds to the buffer. Returns whether there was more. Errors: as Next.
  absl::StatusOr<bool> ReadMore();

  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  // What was read and not yet returned: buffer_ from position_ on.
  std::string buffer_;
  size_t position_ = 0;
  size_t max_line_bytes_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t total_bytes_ = 0;
  int64_t lines_ = 0;
};

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_LINE_READER_H_
