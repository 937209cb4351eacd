#include "client/import/rejects_file.h"

#include <csv.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace chipledger::import {
namespace {

std::string Quoted(absl::string_view field) {
  // libcsv: each byte may become two, and there are two quotes.
  std::string quoted(2 * field.size() + 2, '\0');
  quoted.resize(
      csv_write(quoted.data(), quoted.size(), field.data(), field.size()));
  return quoted;
}

// The error of a stream that has failed. Streams need not say why.
absl::Status CannotWrite(const std::string& path, absl::string_view more) {
  return absl::ErrnoToStatus(
      errno != 0 ? errno : EIO,
      absl::StrCat("cannot write the rejects file ", path, more));
}

}  // namespace

absl::StatusOr<std::unique_ptr<RejectsFile>> RejectsFile::Create(
    const std::string& path) {
  auto file = std::make_unique<RejectsFile>();
  if (path.empty()) return file;
  file->path_ = path;
  errno = 0;
  file->out_.open(path, std::ios::binary | std::ios::trunc);
  file->out_ << "line,reason,record\n";
  if (!file->out_) {
    return CannotWrite(path, "");
  }
  return file;
}

void RejectsFile::Add(const std::vector<SourceRecord>& records,
                      absl::string_view reason) {
  if (path_.empty()) return;
  for (const SourceRecord& record : records) {
    out_ << record.line << ',' << Quoted(reason) << ',' << Quoted(record.raw)
         << '\n';
  }
}

absl::Status RejectsFile::Close() {
  if (path_.empty()) return absl::OkStatus();
  errno = 0;
  out_.close();
  if (out_.fail()) {
    return CannotWrite(path_, ", which lacks some of what was rejected");
  }
  return absl::OkStatus();
}

}  // namespace chipledger::import
