// A file system that fails, and forgets what was not synced.
#ifndef CHIPLEDGER_TESTS_LEDGER_FAULTY_FILES_H_
#define CHIPLEDGER_TESTS_LEDGER_FAULTY_FILES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "rocksdb/file_system.h"

namespace chipledger::testing {

// FaultyFiles is the machine's file system under a database. It counts the
// calls that change a file, lets one of them fail, and knows how much of each
// file was synced, so that the power can be cut. Directories are taken to be
// synced with each change, as a journaling file system does it.
//
// Thread-safety: thread-safe.
class FaultyFiles : public rocksdb::FileSystemWrapper {
 public:
  FaultyFiles() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  // What a failure is like.
  enum class Failure {
    // One call fails; those after it do not.
    kOnce,
    // That call and all after it fail: the power is cut.
    kPower,
  };
  // Lets the n-th changing call from now, from 1, fail.
  void FailAt(int64_t n, Failure failure) ABSL_LOCKS_EXCLUDED(mutex_);
  // Whether that call was made.
  bool has_failed() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Syncs so far.
  int64_t syncs() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets all changing calls fail from now on.
  void CutPower() ABSL_LOCKS_EXCLUDED(mutex_);
  // Lets syncs wait until they are let go; AwaitHeldSync waits for one that
  // does.
  void HoldSyncs() ABSL_LOCKS_EXCLUDED(mutex_);
  void LetSyncsGo() ABSL_LOCKS_EXCLUDED(mutex_);
  void AwaitHeldSync() ABSL_LOCKS_EXCLUDED(mutex_);
  // Cuts each file to what was synced of it. Requires: nobody uses the files.
  void ForgetUnsynced() ABSL_LOCKS_EXCLUDED(mutex_);

  const char* Name() const override { return "FaultyFiles"; }
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
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& name,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class File;
  // Bytes of a file.
  struct Extent {
    uint64_t written = 0;
    uint64_t synced = 0;
  };

  // Counts a call; an error when it is to fail.
  rocksdb::IOStatus Change() ABSL_LOCKS_EXCLUDED(mutex_);
  void Wrote(const std::string& name, uint64_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Truncated(const std::string& name, uint64_t size)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Synced(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits while syncs are held.
  void WaitToSync() ABSL_LOCKS_EXCLUDED(mutex_);
  std::unique_ptr<rocksdb::FSWritableFile> Wrap(
      const std::string& name, std::unique_ptr<rocksdb::FSWritableFile> file);

  mutable absl::Mutex mutex_;
  int64_t calls_until_failure_ ABSL_GUARDED_BY(mutex_) = -1;
  Failure failure_ ABSL_GUARDED_BY(mutex_) = Failure::kOnce;
  bool has_failed_ ABSL_GUARDED_BY(mutex_) = false;
  bool power_is_cut_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t syncs_ ABSL_GUARDED_BY(mutex_) = 0;
  bool holds_syncs_ ABSL_GUARDED_BY(mutex_) = false;
  int held_syncs_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, Extent> extents_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_LEDGER_FAULTY_FILES_H_
