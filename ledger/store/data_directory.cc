#include "ledger/store/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/store/keyspace.h"

namespace chipledger::store {
namespace {

namespace fs = std::filesystem;

constexpr absl::string_view kMarkerTitle = "chipledger data directory\n";
constexpr absl::string_view kMarkerVersion = "format_version: ";

std::string MarkerText() {
  return absl::StrCat(kMarkerTitle, kMarkerVersion, kFormatVersion, "\n");
}

absl::Status SystemError(int error, absl::string_view what) {
  const std::string message =
      absl::StrCat("cannot ", what, ": ", std::strerror(error));
  if (error == EACCES || error == EPERM || error == EROFS) {
    return absl::PermissionDeniedError(absl::StrCat(
        message, "; the server's user must be able to write there"));
  }
  return absl::UnavailableError(message);
}

absl::Status ForeignError(absl::string_view path, absl::string_view found) {
  return absl::FailedPreconditionError(absl::StrCat(
      path, " is not a ledger's data directory: ", found,
      "; name an empty directory, or one that does not exist yet, to make a "
      "new ledger"));
}

absl::Status NoLedgerError(absl::string_view path, absl::string_view found) {
  return absl::NotFoundError(absl::StrCat(
      "there is no ledger in ", path, ": ", found,
      "; see that --data names the right directory and that its disk is "
      "mounted, or make a new ledger there with --create"));
}

// What stands in the directory besides the marker. The root of a file system
// may hold lost+found.
absl::StatusOr<std::vector<std::string>> ListOthers(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(path, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename();
    if (name != kMarkerFile && name != "lost+found") names.push_back(name);
  }
  if (error) {
    return SystemError(error.value(), absl::StrCat("list directory ", path));
  }
  return names;
}

absl::Status CheckNotForeign(const std::string& path) {
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    return ForeignError(path, "it is not a directory");
  }
  if (fs::exists(path + "/" + kMarkerFile, error)) return absl::OkStatus();
  ASSIGN_OR_RETURN(std::vector<std::string> names, ListOthers(path));
  if (names.empty()) return absl::OkStatus();
  return ForeignError(path, absl::StrCat("it holds ", names.front(),
                                         " but no file named ", kMarkerFile));
}

// Checks that there is a ledger, without touching anything.
absl::Status CheckHasLedger(const std::string& path) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (error) {
      return SystemError(error.value(), absl::StrCat("open directory ", path));
    }
    return NoLedgerError(path, "the directory does not exist");
  }
  RETURN_IF_ERROR(CheckNotForeign(path));
  if (!fs::exists(absl::StrCat(path, "/", kMarkerFile), error)) {
    return NoLedgerError(path, "the directory is empty");
  }
  return absl::OkStatus();
}

absl::Status SyncDirectory(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (synced) return absl::OkStatus();
  return SystemError(error, absl::StrCat("sync directory ", path));
}

absl::Status MakeFolder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) {
    return SystemError(error.value(), absl::StrCat("make directory ", path));
  }
  return absl::OkStatus();
}

absl::Status WriteMarker(int fd, const std::string& path) {
  const std::string text = MarkerText();
  if (ftruncate(fd, 0) != 0 ||
      pwrite(fd, text.data(), text.size(), 0) !=
          static_cast<ssize_t>(text.size()) ||
      fsync(fd) != 0) {
    return SystemError(errno, absl::StrCat("write ", path, "/", kMarkerFile));
  }
  return SyncDirectory(path);
}

absl::Status CheckMarker(int fd, const std::string& path) {
  char buffer[256];
  const ssize_t size = pread(fd, buffer, sizeof(buffer), 0);
  if (size < 0) {
    return SystemError(errno, absl::StrCat("read ", path, "/", kMarkerFile));
  }
  absl::string_view text(buffer, size);
  // A crash while the ledger was made can leave the first bytes of a marker,
  // with nothing beside it.
  const std::string wanted = MarkerText();
  if (text.size() < wanted.size() &&
      text == absl::string_view(wanted).substr(0, text.size())) {
    ASSIGN_OR_RETURN(std::vector<std::string> names, ListOthers(path));
    if (names.empty()) return WriteMarker(fd, path);
  }
  uint32_t version = 0;
  if (!absl::ConsumePrefix(&text, kMarkerTitle) ||
      !absl::ConsumePrefix(&text, kMarkerVersion) ||
      !absl::SimpleAtoi(text.substr(0, text.find('\n')), &version)) {
    return ForeignError(path,
                        absl::StrCat("its file ", kMarkerFile, " is not ours"));
  }
  if (version == kFormatVersion) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      path, " has format version ", version, "; this program reads version ",
      kFormatVersion,
      version > kFormatVersion ? "; use a newer chipledger"
                               : "; open it with the chipledger that made it"));
}

}  // namespace

absl::StatusOr<DataDirectory> DataDirectory::Open(std::string path,
                                                  OpenMode mode) {
  if (mode == OpenMode::kExisting) RETURN_IF_ERROR(CheckHasLedger(path));
  std::error_code error;
  if (!fs::exists(path, error) && !error) RETURN_IF_ERROR(MakeFolder(path));
  if (error) {
    return SystemError(error.value(), absl::StrCat("open directory ", path));
  }
  RETURN_IF_ERROR(CheckNotForeign(path));
  const std::string marker = path + "/" + kMarkerFile;
  const int fd = open(marker.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return SystemError(errno, absl::StrCat("write ", marker));
  DataDirectory directory(std::move(path), fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return SystemError(errno, absl::StrCat("lock ", marker));
    }
    return absl::FailedPreconditionError(
        absl::StrCat(directory.path_,
                     " is open in another process; one ledger has one server"));
  }
  RETURN_IF_ERROR(CheckMarker(fd, directory.path_));
  // A crash can leave the marker alone, and so can an operator.
  if (mode == OpenMode::kExisting &&
      !fs::exists(directory.database_path() + "/CURRENT", error)) {
    return NoLedgerError(
        directory.path_,
        absl::StrCat("its folder ", kDatabaseFolder, " holds no database"));
  }
  fs::remove_all(directory.incoming_path(), error);
  RETURN_IF_ERROR(MakeFolder(directory.incoming_path()));
  RETURN_IF_ERROR(MakeFolder(directory.database_path()));
  struct stat folder;
  if (stat(directory.database_path().c_str(), &folder) != 0) {
    return SystemError(errno, absl::StrCat("open ", directory.database_path()));
  }
  directory.database_folder_ = {folder.st_dev, folder.st_ino};
  return directory;
}

DataDirectory::~DataDirectory() {
  if (fd_ >= 0) close(fd_);
}

absl::Status DataDirectory::CheckInPlace() const {
  struct stat opened;
  struct stat marker;
  struct stat folder;
  if (fstat(fd_, &opened) == 0 &&
      stat(absl::StrCat(path_, "/", kMarkerFile).c_str(), &marker) == 0 &&
      stat(database_path().c_str(), &folder) == 0 &&
      FileId{opened.st_dev, opened.st_ino} ==
          FileId{marker.st_dev, marker.st_ino} &&
      FileId{folder.st_dev, folder.st_ino} == database_folder_) {
    return absl::OkStatus();
  }
  return MakeError(
      absl::StatusCode::kUnavailable, "READ_ONLY",
      absl::StrCat("the data directory ", path_,
                   " was removed, moved or replaced while it was open"));
}

std::string DataDirectory::database_path() const {
  return absl::StrCat(path_, "/", kDatabaseFolder);
}

std::string DataDirectory::incoming_path() const {
  return absl::StrCat(path_, "/", kIncomingFolder);
}

}  // namespace chipledger::store
