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

}  // namespace

bool IsLackOfDescriptors(const rocksdb::Status& status) {
  if (!status.IsIOError()) return false;
  const std::string text = status.ToString();
  return absl::StrContains(text, std::strerror(EMFILE)) ||
         absl::StrContains(text, std::strerror(ENFILE));
}

std::string DescribeStorageError(const rocksdb::Status& status) {
  if (status.IsNoSpace()) return "no space is left on the disk";
  if (status.IsCorruption()) return "the stored data is damaged";
  if (IsLackOfDescriptors(status)) return "no file descriptor is free";
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

absl::Status WriteError(const rocksdb::Status& status, absl::string_view what) {
  absl::Status error = MakeError(
      absl::StatusCode::kUnavailable, "READ_ONLY",
      absl::StrCat("cannot ", what, ": ", DescribeStorageError(status)));
  error.SetPayload(kDetailPayload, absl::Cord(status.ToString()));
  return error;
}

std::string StorageDetail(const absl::Status& status) {
  const absl::optional<absl::Cord> detail = status.GetPayload(kDetailPayload);
  return detail.has_value() ? std::string(*detail) : "";
}

}  // namespace chipledger::store
