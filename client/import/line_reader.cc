#include "client/import/line_reader.h"

#include <sys/stat.h>

#include <cerrno>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace chipledger::import {
namespace {

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

void LineReader::Closer::operator()(std::FILE* file) const {
  if (file != stdin) std::fclose(file);
}

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(
    const std::string& path, size_t max_line_bytes) {
  std::unique_ptr<LineReader> reader(new LineReader);
  reader->path_ = path;
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
  return reader;
}

absl::StatusOr<std::optional<Line>> LineReader::Next() {
  Line line;
  int c;
  while ((c = getc_unlocked(file_.get())) != EOF) {
    ++bytes_read_;
    if (line.text.size() < max_line_bytes_) {
      line.text.push_back(static_cast<char>(c));
    } else {
      line.too_long = true;
    }
    if (c == '\n') break;
  }
  if (std::ferror(file_.get())) {
    return absl::DataLossError(
        absl::StrCat("reading ", path_, " failed after line ", lines_));
  }
  if (line.text.empty()) return std::nullopt;
  line.number = ++lines_;
  if (line.number == 1 && absl::StartsWith(line.text, kByteOrderMark)) {
    line.text.erase(0, kByteOrderMark.size());
  }
  return line;
}

}  // namespace chipledger::import
