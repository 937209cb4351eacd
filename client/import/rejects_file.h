// The file of records that were not imported.
#ifndef CHIPLEDGER_CLIENT_IMPORT_REJECTS_FILE_H_
#define CHIPLEDGER_CLIENT_IMPORT_REJECTS_FILE_H_

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/command_source.h"

namespace chipledger::import {

// RejectsFile writes CSV (RFC 4180) with the columns line, reason and record.
// It is written beside the file of its name and takes its place when it is
// closed, so that there is a whole file or the one before. What is no plain
// file, such as a pipe, is written to at once. With an empty path it writes
// nothing.
//
// Thread-safety: thread-compatible.
class RejectsFile {
 public:
  // Errors: UNAVAILABLE and others naming the path.
  static absl::StatusOr<std::unique_ptr<RejectsFile>> Create(
      const std::string& path);
  // Without Close there is no file.
  ~RejectsFile();

  // Writes a line for each record; of a very long one the start. The reason is
  // about the record of `reason_line`, which the others name with it.
  // Errors: it cannot be written.
  absl::Status Add(const std::vector<SourceRecord>& records,
                   int64_t reason_line, absl::string_view reason);

  // Closes the file and puts it in its place. Errors: not everything could be
  // written; then the file of before is still there.
  absl::Status Close();

 private:
  std::string path_;
  // What is written; the same as path_ for what is no plain file.
  std::string written_path_;
  std::ofstream out_;
};

// Errors: INVALID_ARGUMENT when both paths lead to one file, by whatever name
// or link; `input` "-" is standard input.
absl::Status CheckNotTheInput(const std::string& input,
                              const std::string& rejects);

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_REJECTS_FILE_H_
