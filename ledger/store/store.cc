#include "ledger/store/store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/store/convert_status.h"
#include "ledger/store/database.h"
#include "ledger/store/stored_log.h"

namespace chipledger::store {

Store::Store(const StoreOptions& options, DataDirectory directory,
             std::unique_ptr<Database> database)
    : directory_(std::move(directory)),
      database_(std::move(database)),
      log_(std::make_unique<StoredLog>(*database_, options.sync,
                                       [this] { return CheckInPlace(); })),
      marks_(*database_),
      ids_(std::make_unique<IdIndex>(*database_, *log_,
                                     directory_.incoming_path(),
                                     options.id_generation_entries)) {}

Store::~Store() {
  // Closing writes, too, and would wait for ever.
  StopWaiting();
  database_->flush_at_end = CheckInPlace().ok();
}

absl::StatusOr<std::unique_ptr<Store>> Store::Open(
    const StoreOptions& options) {
  ASSIGN_OR_RETURN(DataDirectory directory,
                   DataDirectory::Open(options.data_dir, options.mode));
  ASSIGN_OR_RETURN(
      std::unique_ptr<Database> database,
      Database::Open(directory.database_path(), options.max_open_files,
                     options.files, options.log));
  std::unique_ptr<Store> store(
      new Store(options, std::move(directory), std::move(database)));
  RETURN_IF_ERROR(store->OpenLog(options.mode));
  RETURN_IF_ERROR(store->OpenProjections());
  return store;
}

absl::Status Store::OpenLog(OpenMode mode) {
  absl::Status status = log_->Open();
  if (absl::IsFailedPrecondition(status)) {
    return absl::FailedPreconditionError(
        absl::StrCat(directory_.path(), ": ", status.message()));
  }
  RETURN_IF_ERROR(status);
  RETURN_IF_ERROR(CheckMode(mode));
  return head_at_open() ? log_->CheckEnds() : absl::OkStatus();
}

absl::Status Store::OpenProjections() {
  const uint64_t size = head_at_open() ? head_at_open()->size() : 0;
  for (const Projection* projection :
       std::initializer_list<const Projection*>{&marks_, ids_.get()}) {
    ASSIGN_OR_RETURN(const uint64_t position, projection->Position());
    if (position > size) {
      return DamagedError(projection->name(),
                          absl::StrCat("it covers ", position,
                                       " entries, but the log has ", size));
    }
  }
  return ids_->Restore(size);
}

absl::Status Store::CheckMode(OpenMode mode) const {
  if (mode == OpenMode::kNew && head_at_open()) {
    return absl::FailedPreconditionError(absl::StrCat(
        directory_.path(), " holds the ledger ", head_at_open()->ledger_id(),
        " of ", head_at_open()->size(),
        " entries; leave out --create to open it, or name another directory "
        "to make a new one"));
  }
  if (mode == OpenMode::kExisting && !head_at_open()) {
    return absl::NotFoundError(absl::StrCat(
        "there is no ledger in ", directory_.path(),
        ": its making was cut short before its first entry; start again with "
        "--create"));
  }
  return absl::OkStatus();
}

absl::Status Store::CheckInPlace() const {
  RETURN_IF_ERROR(directory_.CheckInPlace());
  if (database_->FilesAreInPlace()) return absl::OkStatus();
  return MakeError(absl::StatusCode::kUnavailable, "READ_ONLY",
                   absl::StrCat("files in ", directory_.database_path(),
                                " were removed or moved while they were open"));
}

void Store::StopWaiting() { database_->files->StopWaiting(); }

Log& Store::log() { return *log_; }
const Log& Store::log() const { return *log_; }

const std::optional<storage::v1::Head>& Store::head_at_open() const {
  return log_->head_at_open();
}

}  // namespace chipledger::store
