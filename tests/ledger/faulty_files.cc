#include "tests/ledger/faulty_files.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace chipledger::testing {
namespace {

// Long enough, mostly, for a thread in the background to write a small file.
constexpr absl::Duration kMeanwhile = absl::Milliseconds(30);

}  // namespace

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class FaultyFiles::File : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(FaultyFiles& files, std::string name,
       std::unique_ptr<rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)),
        files_(files),
        name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options,
                  IODebugContext* debug) override {
    IOStatus status = files_.Change();
    if (!status.ok()) return status;
    status = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (status.ok()) files_.Wrote(name_, data.size());
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options,
                  const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Truncate(uint64_t size, const IOOptions& options,
                    IODebugContext* debug) override {
    IOStatus status = files_.Change();
    if (!status.ok()) return status;
    status = FSWritableFileOwnerWrapper::Truncate(size, options, debug);
    if (status.ok()) files_.Truncated(name_, size);
    return status;
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    files_.WaitToSync();
    IOStatus status = files_.Change();
    if (!status.ok()) return status;
    // The disk of the test stays in power; what counts is that it was asked.
    status = FSWritableFileOwnerWrapper::Flush(options, debug);
    if (status.ok()) files_.Synced(name_);
    return status;
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultyFiles& files_;
  const std::string name_;
};

void FaultyFiles::FailAt(int64_t n, Failure failure) {
  absl::MutexLock lock(&mutex_);
  calls_until_failure_ = n;
  failure_ = failure;
}

bool FaultyFiles::has_failed() const {
  absl::MutexLock lock(&mutex_);
  return has_failed_;
}

int64_t FaultyFiles::syncs() const {
  absl::MutexLock lock(&mutex_);
  return syncs_;
}

void FaultyFiles::CutPower() {
  absl::MutexLock lock(&mutex_);
  power_is_cut_ = true;
}

void FaultyFiles::ForgetUnsynced() {
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, extent] : extents_) {
    std::error_code error;
    if (std::filesystem::file_size(name, error) > extent.synced && !error) {
      std::filesystem::resize_file(name, extent.synced);
    }
  }
}

IOStatus FaultyFiles::Change() {
  {
    absl::MutexLock lock(&mutex_);
    if (power_is_cut_) return IOStatus::IOError("the power is cut");
    if (calls_until_failure_ <= 0 || --calls_until_failure_ > 0) {
      return IOStatus::OK();
    }
    has_failed_ = true;
  }
  // What does not wait for this call goes on meanwhile, and is there in the
  // end.
  absl::SleepFor(kMeanwhile);
  absl::MutexLock lock(&mutex_);
  power_is_cut_ = failure_ == Failure::kPower;
  return IOStatus::IOError("the test lets this call fail");
}

void FaultyFiles::Wrote(const std::string& name, uint64_t bytes) {
  absl::MutexLock lock(&mutex_);
  extents_[name].written += bytes;
}

void FaultyFiles::Truncated(const std::string& name, uint64_t size) {
  absl::MutexLock lock(&mutex_);
  extents_[name].written = size;
}

void FaultyFiles::Synced(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  ++syncs_;
  Extent& extent = extents_[name];
  extent.synced = extent.written;
}

void FaultyFiles::HoldSyncs() {
  absl::MutexLock lock(&mutex_);
  holds_syncs_ = true;
}

void FaultyFiles::LetSyncsGo() {
  absl::MutexLock lock(&mutex_);
  holds_syncs_ = false;
}

void FaultyFiles::AwaitHeldSync() {
  const auto is_held = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return held_syncs_ > 0;
  };
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&is_held));
}

void FaultyFiles::WaitToSync() {
  const auto may_go = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    return !holds_syncs_;
  };
  absl::MutexLock lock(&mutex_);
  ++held_syncs_;
  mutex_.Await(absl::Condition(&may_go));
  --held_syncs_;
}

std::unique_ptr<rocksdb::FSWritableFile> FaultyFiles::Wrap(
    const std::string& name, std::unique_ptr<rocksdb::FSWritableFile> file) {
  return std::make_unique<File>(*this, name, std::move(file));
}

IOStatus FaultyFiles::NewWritableFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = target()->NewWritableFile(name, options, result, debug);
  if (!status.ok()) return status;
  *result = Wrap(name, std::move(*result));
  absl::MutexLock lock(&mutex_);
  extents_[name] = Extent();
  return status;
}

IOStatus FaultyFiles::ReopenWritableFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = target()->ReopenWritableFile(name, options, result, debug);
  if (!status.ok()) return status;
  *result = Wrap(name, std::move(*result));
  uint64_t bytes = 0;
  status = target()->GetFileSize(name, rocksdb::IOOptions(), &bytes, debug);
  absl::MutexLock lock(&mutex_);
  extents_[name].written = bytes;
  return status;
}

IOStatus FaultyFiles::ReuseWritableFile(
    const std::string& name, const std::string& old_name,
    const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = target()->ReuseWritableFile(name, old_name, options, result, debug);
  if (status.ok()) *result = Wrap(name, std::move(*result));
  return status;
}

IOStatus FaultyFiles::RenameFile(const std::string& from, const std::string& to,
                                 const IOOptions& options,
                                 IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = target()->RenameFile(from, to, options, debug);
  if (!status.ok()) return status;
  absl::MutexLock lock(&mutex_);
  const auto moved = extents_.find(from);
  if (moved == extents_.end()) return status;
  extents_[to] = moved->second;
  extents_.erase(from);
  return status;
}

IOStatus FaultyFiles::LinkFile(const std::string& from, const std::string& to,
                               const IOOptions& options,
                               IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = target()->LinkFile(from, to, options, debug);
  absl::MutexLock lock(&mutex_);
  // What was not written here may not be on the disk either.
  if (status.ok()) extents_[to] = extents_[from];
  return status;
}

IOStatus FaultyFiles::DeleteFile(const std::string& name,
                                 const IOOptions& options,
                                 IODebugContext* debug) {
  IOStatus status = Change();
  if (!status.ok()) return status;
  status = target()->DeleteFile(name, options, debug);
  absl::MutexLock lock(&mutex_);
  if (status.ok()) extents_.erase(name);
  return status;
}

}  // namespace chipledger::testing
