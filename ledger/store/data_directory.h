// The data directory around the database: whose it is, and who has it open.
#ifndef CHIPLEDGER_LEDGER_STORE_DATA_DIRECTORY_H_
#define CHIPLEDGER_LEDGER_STORE_DATA_DIRECTORY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace chipledger::store {

// DataDirectory holds a data directory open for one process. A marker file
// says that the directory is a ledger's and of which format; a lock on it,
// which ends with the process however that dies, says that it is in use.
//
// The marker comes first: before the directory is known to be ours nothing in
// it is read as a database, and nothing is written to it.
class DataDirectory {
 public:
  // Opens the directory, or makes it.
  // Errors: FAILED_PRECONDITION when it holds something else, was made by a
  // newer version, or is open elsewhere; PERMISSION_DENIED when it cannot be
  // written; UNAVAILABLE for other trouble with the disk.
  static absl::StatusOr<DataDirectory> Open(std::string path);

  DataDirectory(DataDirectory&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  DataDirectory& operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DataDirectory();

  const std::string& path() const { return path_; }
  // Where the database lives.
  std::string database_path() const;
  // Files on their way into the database; emptied by Open.
  std::string incoming_path() const;

 private:
  DataDirectory(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  // The locked marker file.
  int fd_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_DATA_DIRECTORY_H_
