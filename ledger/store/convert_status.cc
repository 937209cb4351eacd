#include "ledger/store/convert_status.h"

#include <cerrno>
#include <cstring>
#include <map>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "ledger/base/error.h"
#include "ledger/store/store.h"

namespace chipledger::store {
namespace {

constexpr absl::string_view kDetailPayload = "chipledger/storage-detail";
constexpr absl::string_view kShortage = "RESOURCE_SHORTAGE";

// RocksDB keeps an errno only as its text.
bool Tells(const rocksdb::Status& status, int error) {
  return status.IsIOError() &&
         absl::StrContains(status.ToString(), std::strerror(error));
}

}  // namespace

bool IsShortage(const rocksdb::Status& status) {
  return Tells(status, EMFILE) || Tells(status, ENFILE) ||
         Tells(status, ENOMEM);
}

std::string DescribeStorageError(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return "no space is left on the disk";
  if (status.IsCorruption()) return "the stored data is damaged";
  if (Tells(status, EMFILE)) {
    return "the process has as many files open as it may (ulimit -n)";
  }
  if (Tells(status, ENFILE)) {
    return "the machine has as many files open as it may";
  }
  if (Tells(status, ENOMEM)) return "the machine has no memory free";
  if (Tells(status, EFBIG)) {
    return "a file would grow beyond what the process may write (ulimit -f)";
  }
  if (status.IsIOError()) return "the disk reported an error";
  return "the storage reported an error";
}

absl::Status OpenError(const rocksdb::Status& status, absl::string_view what) {
  const std::string message =
      absl::StrCat("cannot ", what, ": ", DescribeStorageError(status), " (",
                   status.ToString(), ")");
  if (status.IsCorruption()) {
    return MakeError(
        absl::StatusCode::kDataLoss, "DATA_DAMAGED",
        absl::StrCat(message,
                     "; restore the directory from a backup, and keep the "
                     "damaged one for examination"));
  }
  return absl::UnavailableError(message);
}

absl::Status DamagedError(absl::string_view what, absl::string_view found,
                          std::optional<uint64_t> index) {
  std::map<std::string, std::string> metadata;
  if (index) metadata["index"] = absl::StrCat(*index);
  return MakeError(absl::StatusCode::kDataLoss, "DATA_DAMAGED",
                   absl::StrCat(what, " cannot be read: ", found,
                                "; restore the data directory from a backup"),
                   std::move(metadata));
}

absl::Status ReadError(const rocksdb::Status& status, absl::string_view what,
                       std::optional<uint64_t> index) {
  if (!IsShortage(status)) {
    return DamagedError(what, DescribeStorageError(status), index);
  }
  return MakeError(
      absl::StatusCode::kUnavailable, kShortage,
      absl::StrCat(what, " cannot be read now: ", DescribeStorageError(status),
                   "; send the request again a little later"));
}

absl::Status WriteError(const rocksdb::Status& status, absl::string_view what) {
  absl::Status error = MakeError(
      absl::StatusCode::kUnavailable, "READ_ONLY",
      absl::StrCat("cannot ", what, ": ", DescribeStorageError(status)));
  error.SetPayload(kDetailPayload, absl::Cord(status.ToString()));
  return error;
}

bool IsResourceShortage(const absl::Status& error) {
  const std::optional<ErrorCause> cause = GetErrorCause(error);
  return cause && cause->reason == kShortage;
}

std::string StorageDetail(const absl::Status& status) {
  const absl::optional<absl::Cord> detail = status.GetPayload(kDetailPayload);
  return detail.has_value() ? std::string(*detail) : "";
}

}  // namespace chipledger::store
