#include "client/import/line_reader.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "ledger/base/status_macros.h"

namespace chipledger::import {
namespace {

constexpr size_t kBufferBytes = 256 * 1024;
// The longest start that tells what a file is.
constexpr size_t kSignatureBytes = 4;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Returns what a file is that starts with these bytes and is no plain text in
// UTF-8, and what to do; empty: it may be.
std::string WhyNotPlainText(absl::string_view start) {
  if (absl::StartsWith(start, "\x1F\x8B")) {
    return "is compressed with gzip; decompress it first: gunzip -c FILE > "
           "PLAIN";
  }
  if (absl::StartsWith(start, "PK\x03\x04")) {
    return "is a zip archive, as .xlsx and .ods spreadsheets are; save the "
           "sheet as \"CSV UTF-8\" first";
  }
  if (absl::StartsWith(start, "\xD0\xCF\x11\xE0")) {
    return "is an old .xls spreadsheet; save the sheet as \"CSV UTF-8\" first";
  }
  if (absl::StartsWith(start, "\xFF\xFE") ||
      absl::StartsWith(start, "\xFE\xFF")) {
    return "is in UTF-16; convert it first: iconv -f UTF-16 -t UTF-8 FILE > "
           "PLAIN";
  }
  // UTF-16 without its mark: every other byte of plain letters is 0.
  if (start.size() >= 2 && (start[0] == '\0' || start[1] == '\0')) {
    return absl::StrCat(
        "is binary or in UTF-16; if it is text, convert it first: iconv -f "
        "UTF-16",
        start[0] == '\0' ? "BE" : "LE", " -t UTF-8 FILE > PLAIN");
  }
  return "";
}

// The first CR or LF, or npos.
size_t FindLineEnd(absl::string_view text) {
  const size_t line_feed = text.find('\n');
  return std::min(line_feed, text.substr(0, line_feed).find('\r'));
}

}  // namespace

bool CanBeReadAgain(const std::string& path) {
  struct stat stat;
  if (path == "-") return false;
  return ::stat(path.c_str(), &stat) != 0 || S_ISREG(stat.st_mode) ||
         S_ISDIR(stat.st_mode);
}

void LineReader::Closer::operator()(std::FILE* file) const {
  if (file != stdin) std::fclose(file);
}

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(
    const std::string& path, size_t max_line_bytes) {
  std::unique_ptr<LineReader> reader(new LineReader);
  reader->path_ = path == "-" ? "standard input" : path;
  reader->max_line_bytes_ = max_line_bytes;
  reader->file_.reset(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  struct stat stat;
  if (reader->file_ == nullptr ||
      fstat(fileno(reader->file_.get()), &stat) != 0) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot read ", path));
  }
  if (S_ISDIR(stat.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is a directory"));
  }
  if (S_ISREG(stat.st_mode)) {
    reader->total_bytes_ = static_cast<uint64_t>(stat.st_size);
  }
  while (reader->buffer_.size() < kSignatureBytes) {
    ASSIGN_OR_RETURN(const bool more, reader->ReadMore());
    if (!more) break;
  }
  if (const std::string problem = WhyNotPlainText(reader->buffer_);
      !problem.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(reader->path_, " ", problem));
  }
  if (absl::StartsWith(reader->buffer_, kByteOrderMark)) {
    reader->position_ = kByteOrderMark.size();
  }
  return reader;
}

absl::StatusOr<bool> LineReader::Fill() {
  if (position_ < buffer_.size()) return true;
  buffer_.clear();
  position_ = 0;
  return ReadMore();
}

absl::StatusOr<bool> LineReader::ReadMore() {
  const size_t before = buffer_.size();
  buffer_.resize(before + kBufferBytes);
  ssize_t size;
  do {
    // Not by fread, which waits for a full buffer of what comes slowly.
    size = ::read(fileno(file_.get()), buffer_.data() + before, kBufferBytes);
  } while (size < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(before + (size < 0 ? 0 : static_cast<size_t>(size)));
  if (size < 0) {
    return absl::DataLossError(
        absl::ErrnoToStatus(error, absl::StrCat("reading ", path_,
                                                " failed after line ", lines_))
            .message());
  }
  bytes_read_ += static_cast<uint64_t>(size);
  if (size == 0 && bytes_read_ < total_bytes_) {
    return absl::DataLossError(
        absl::StrCat(path_, " became shorter while it was read: ", total_bytes_,
                     " bytes at first, now ", bytes_read_));
  }
  return size > 0;
}

absl::StatusOr<std::optional<Line>> LineReader::Next() {
  Line line;
  ASSIGN_OR_RETURN(const bool more, Next(line));
  if (!more) return std::nullopt;
  return line;
}

absl::StatusOr<bool> LineReader::Next(Line& line) {
  line.text.clear();
  line.too_long = false;
  const auto take = [&](absl::string_view text) {
    const size_t room = max_line_bytes_ - line.text.size();
    line.too_long = line.too_long || text.size() > room;
    absl::StrAppend(&line.text, text.substr(0, room));
    position_ += text.size();
  };
  bool ended = false;
  bool after_cr = false;
  while (!ended) {
    ASSIGN_OR_RETURN(const bool more, Fill());
    if (!more) break;
    absl::string_view rest = absl::string_view(buffer_).substr(position_);
    if (after_cr) {
      if (rest[0] == '\n') take(rest.substr(0, 1));
      break;
    }
    const size_t end = FindLineEnd(rest);
    if (end == absl::string_view::npos) {
      take(rest);
      continue;
    }
    after_cr = rest[end] == '\r';
    ended = !after_cr;
    take(rest.substr(0, end + 1));
  }
  if (line.text.empty() && !line.too_long) return false;
  line.number = ++lines_;
  return true;
}

}  // namespace chipledger::import
