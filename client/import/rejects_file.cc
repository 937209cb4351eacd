#include "client/import/rejects_file.h"

#include <csv.h>

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

}  // namespace

absl::StatusOr<std::unique_ptr<RejectsFile>> RejectsFile::Create(
    const std::string& path) {
  auto file = std::make_unique<RejectsFile>();
  if (path.empty()) return file;
  file->path_ = path;
  file->out_.open(path, std::ios::binary | std::ios::trunc);
  file->out_ << "line,reason,record\n";
  if (!file->out_) {
    return absl::UnavailableError(
        absl::StrCat("cannot write the rejects file ", path));
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
  out_.close();
  if (out_.fail()) {
    return absl::UnavailableError(
        absl::StrCat("the rejects file ", path_, " could not be written"));
  }
  return absl::OkStatus();
}

}  // namespace chipledger::import
