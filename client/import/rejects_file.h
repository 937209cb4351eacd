// The file of records that were not imported.
#ifndef CHIPLEDGER_CLIENT_IMPORT_REJECTS_FILE_H_
#define CHIPLEDGER_CLIENT_IMPORT_REJECTS_FILE_H_

#include <fstream>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/import/shipment_source.h"

namespace chipledger::import {

// RejectsFile writes CSV (RFC 4180) with the columns line, reason and record.
// With an empty path it writes nothing.
//
// Thread-safety: thread-compatible.
class RejectsFile {
 public:
  // Errors: UNAVAILABLE naming the path.
  static absl::StatusOr<std::unique_ptr<RejectsFile>> Create(
      const std::string& path);

  // Writes a line for each record.
  void Add(const std::vector<SourceRecord>& records, absl::string_view reason);

  // Closes the file. Errors: not everything could be written.
  absl::Status Close();

 private:
  std::string path_;
  std::ofstream out_;
};

}  // namespace chipledger::import

#endif  // CHIPLEDGER_CLIENT_IMPORT_REJECTS_FILE_H_
