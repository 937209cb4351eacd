#include "client/import/rejects_file.h"

#include <csv.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/utf8.h"

namespace chipledger::import {
namespace {

// What a reject repeats of a record. No shipment's fields are as long.
constexpr size_t kMaxRecordBytes = 8 * 1024;
constexpr absl::string_view kIncomplete =
    "; what was not imported is not listed there";

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
  // A link stays, and what it leads to is replaced.
  std::error_code error;
  const auto target = std::filesystem::weakly_canonical(path, error);
  file->path_ = error ? path : target.string();
  const auto status = std::filesystem::status(file->path_, error);
  if (std::filesystem::is_directory(status)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot write the rejects file ", path, ": it is a directory"));
  }
  file->written_path_ = std::filesystem::exists(status) &&
                                !std::filesystem::is_regular_file(status)
                            ? file->path_
                            : absl::StrCat(file->path_, ".partial-", getpid());
  errno = 0;
  file->out_.open(file->written_path_, std::ios::binary | std::ios::trunc);
  file->out_ << "line,reason,record\n";
  if (!file->out_) {
    return CannotWrite(path, "");
  }
  return file;
}

RejectsFile::~RejectsFile() {
  if (written_path_ != path_) std::remove(written_path_.c_str());
}

absl::Status RejectsFile::Add(const std::vector<SourceRecord>& records,
                              int64_t reason_line, absl::string_view reason) {
  if (path_.empty()) return absl::OkStatus();
  errno = 0;
  for (const SourceRecord& record : records) {
    const absl::string_view kept = TruncateUtf8(record.raw, kMaxRecordBytes);
    out_ << record.line << ','
         << Quoted(record.line == reason_line
                       ? std::string(reason)
                       : absl::StrCat("line ", reason_line, ": ", reason))
         << ','
         << Quoted(
                kept.size() == record.raw.size()
                    ? record.raw
                    : absl::StrCat(kept, "... (", record.raw.size(), " bytes)"))
         << '\n';
  }
  return out_.good() ? absl::OkStatus() : CannotWrite(path_, kIncomplete);
}

absl::Status RejectsFile::Close() {
  if (path_.empty()) return absl::OkStatus();
  errno = 0;
  out_.close();
  if (out_.fail() || (written_path_ != path_ &&
                      std::rename(written_path_.c_str(), path_.c_str()) != 0)) {
    return CannotWrite(path_, kIncomplete);
  }
  written_path_ = path_;
  return absl::OkStatus();
}

absl::Status CheckNotTheInput(const std::string& input,
                              const std::string& rejects) {
  struct stat read;
  struct stat written;
  if ((input == "-" ? fstat(STDIN_FILENO, &read)
                    : stat(input.c_str(), &read)) != 0 ||
      stat(rejects.c_str(), &written) != 0 || !S_ISREG(read.st_mode) ||
      read.st_dev != written.st_dev || read.st_ino != written.st_ino) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the rejects file ", rejects, " is the same file as ",
                   input == "-" ? "standard input" : input,
                   ", which it would overwrite; name another one"));
}

}  // namespace chipledger::import
