// Opening files when the process is short of descriptors or memory. Private to
// ledger/store/.
#ifndef CHIPLEDGER_LEDGER_STORE_PATIENT_FILES_H_
#define CHIPLEDGER_LEDGER_STORE_PATIENT_FILES_H_

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/file_system.h"

namespace chipledger::store {

// PatientFiles is the machine's file system, but for one thing: while it is
// patient, opening a file for which no descriptor or memory is free waits until
// there is. RocksDB would take the failure for one of the disk and write no
// more until it is opened again, although nothing was lost. Only opening waits:
// what happened to bytes whose write failed is not known, so that it cannot be
// tried again.
//
// With a timeout in the options, as those of a read have, it waits that long;
// without, as long as it is patient. It is not at first, because a start that
// fails is better than one that hangs.
//
// Thread-safety: thread-safe.
class PatientFiles final : public rocksdb::FileSystemWrapper {
 public:
  // `files` is where they are; null: on the machine. `log` is told when waiting
  // begins and ends; it may be empty.
  PatientFiles(std::shared_ptr<rocksdb::FileSystem> files,
               std::function<void(absl::string_view)> log)
      : FileSystemWrapper(files == nullptr ? rocksdb::FileSystem::Default()
                                           : std::move(files)),
        log_(std::move(log)) {}

  // Opening waits from now on.
  void StartWaiting() { patient_ = true; }
  // What waits fails, and nothing waits any more, because the process ends.
  void StopWaiting() { patient_ = false; }

  const char* Name() const override { return "PatientFiles"; }
  rocksdb::IOStatus NewSequentialFile(
      const std::string& name, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSSequentialFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(
      const std::string& name, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(
      const std::string& name, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(
      const std::string& name, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReuseWritableFile(
      const std::string& name, const std::string& old_name,
      const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomRWFile(
      const std::string& name, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSRandomRWFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& name,
                                 const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetChildren(const std::string& name,
                                const rocksdb::IOOptions& options,
                                std::vector<std::string>* result,
                                rocksdb::IODebugContext* debug) override;

 private:
  // Calls `open` until it does not fail for want of descriptors or memory, or
  // time is up.
  rocksdb::IOStatus Wait(const rocksdb::IOOptions& options,
                         absl::FunctionRef<rocksdb::IOStatus()> open);
  void Say(absl::string_view message) const;

  const std::function<void(absl::string_view)> log_;
  std::atomic<bool> patient_ = false;
  absl::Mutex mutex_;
  // Files that wait to be opened.
  int waiting_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_PATIENT_FILES_H_
