// The data directory around the database: whose it is, and who has it open.
#ifndef CHIPLEDGER_LEDGER_STORE_DATA_DIRECTORY_H_
#define CHIPLEDGER_LEDGER_STORE_DATA_DIRECTORY_H_

#include <sys/types.h>

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "ledger/base/open_mode.h"

namespace chipledger::store {

// DataDirectory holds a data directory open for one process. A marker file
// says that the directory is a ledger's and of which format; a lock on it,
// which ends with the process however that dies, says that it is in use.
//
// The marker comes first: before the directory is known to be ours nothing in
// it is read as a database, and nothing is written to it.
class DataDirectory {
 public:
  // Opens the directory, or makes it when the mode allows that.
  // Errors: NOT_FOUND when there is no ledger and none may be made;
  // FAILED_PRECONDITION when it holds something else, was made by a newer
  // version, or is open elsewhere; PERMISSION_DENIED when it cannot be written;
  // UNAVAILABLE for other trouble with the disk.
  static absl::StatusOr<DataDirectory> Open(std::string path, OpenMode mode);

  DataDirectory(DataDirectory&& other) noexcept
      : path_(std::move(other.path_)),
        fd_(std::exchange(other.fd_, -1)),
        database_folder_(other.database_folder_) {}
  DataDirectory& operator=(DataDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(fd_, other.fd_);
    std::swap(database_folder_, other.database_folder_);
    return *this;
  }
  ~DataDirectory();

  const std::string& path() const { return path_; }
  // Where the database lives.
  std::string database_path() const;
  // Files on their way into the database; emptied by Open.
  std::string incoming_path() const;

  // Looks whether the path still leads to what was opened. A process can go on
  // writing to files that were removed, and would lose all of it at its end.
  // Thread-safe. Errors: READ_ONLY.
  absl::Status CheckInPlace() const;

 private:
  // Which file or folder something is, whatever its name.
  struct FileId {
    dev_t device = 0;
    ino_t inode = 0;
    friend bool operator==(const FileId&, const FileId&) = default;
  };

  DataDirectory(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  // The locked marker file.
  int fd_;
  FileId database_folder_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_DATA_DIRECTORY_H_
