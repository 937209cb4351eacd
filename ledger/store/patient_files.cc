#include "ledger/store/patient_files.h"

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "ledger/store/convert_status.h"

namespace chipledger::store {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(20);

}  // namespace

rocksdb::IOStatus PatientFiles::Wait(
    const rocksdb::IOOptions& options,
    absl::FunctionRef<rocksdb::IOStatus()> open) {
  rocksdb::IOStatus status = open();
  if (!IsShortage(status) || !patient_) return status;
  {
    absl::MutexLock lock(&mutex_);
    if (++waiting_ == 1) {
      Say(absl::StrCat("the storage waits: ", DescribeStorageError(status),
                       " (", status.ToString(), ")"));
    }
  }
  absl::Duration left = options.timeout.count() == 0
                            ? absl::InfiniteDuration()
                            : absl::FromChrono(options.timeout);
  while (IsShortage(status) && patient_ && left > absl::ZeroDuration()) {
    absl::SleepFor(kPause);
    left -= kPause;
    status = open();
  }
  absl::MutexLock lock(&mutex_);
  if (--waiting_ == 0) Say("the storage waits no longer");
  return status;
}

void PatientFiles::Say(absl::string_view message) const {
  if (log_) log_(message);
}

rocksdb::IOStatus PatientFiles::NewSequentialFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSSequentialFile>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options.io_options, [&] {
    return target()->NewSequentialFile(name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::NewRandomAccessFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options.io_options, [&] {
    return target()->NewRandomAccessFile(name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::NewWritableFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options.io_options, [&] {
    return target()->NewWritableFile(name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::ReopenWritableFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options.io_options, [&] {
    return target()->ReopenWritableFile(name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::ReuseWritableFile(
    const std::string& name, const std::string& old_name,
    const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options.io_options, [&] {
    return target()->ReuseWritableFile(name, old_name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::NewRandomRWFile(
    const std::string& name, const rocksdb::FileOptions& options,
    std::unique_ptr<rocksdb::FSRandomRWFile>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options.io_options, [&] {
    return target()->NewRandomRWFile(name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::NewDirectory(
    const std::string& name, const rocksdb::IOOptions& options,
    std::unique_ptr<rocksdb::FSDirectory>* result,
    rocksdb::IODebugContext* debug) {
  return Wait(options, [&] {
    return target()->NewDirectory(name, options, result, debug);
  });
}

rocksdb::IOStatus PatientFiles::GetChildren(const std::string& name,
                                            const rocksdb::IOOptions& options,
                                            std::vector<std::string>* result,
                                            rocksdb::IODebugContext* debug) {
  return Wait(options, [&] {
    return target()->GetChildren(name, options, result, debug);
  });
}

}  // namespace chipledger::store
