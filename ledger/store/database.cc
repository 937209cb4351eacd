#include "ledger/store/database.h"

#include <chrono>
#include <cstdarg>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/store/convert_status.h"
#include "ledger/store/keyspace.h"
#include "rocksdb/cache.h"
#include "rocksdb/env.h"
#include "rocksdb/filter_policy.h"
#include "rocksdb/table.h"
#include "rocksdb/transaction_log.h"

namespace chipledger::store {
namespace {

constexpr size_t kMiB = 1024 * 1024;
// Bounds the log that a start after a crash reads again.
constexpr size_t kMaxWalBytes = 256 * kMiB;
constexpr size_t kCacheBytes = 128 * kMiB;
// One absent id in a thousand costs reading a block of a file.
constexpr size_t kFilterBitsPerId = 14;
// Longer than a burst of connections takes to be closed, and shorter than
// callers wait.
constexpr std::chrono::microseconds kReadPatience = std::chrono::seconds(2);

// Drops what RocksDB says of its doings. Its own log is a file beside the data,
// and on a full disk the failed write of a log line aborts the process. What
// matters to an operator comes back as the status of a read or a write.
class SilentLogger final : public rocksdb::Logger {
 public:
  SilentLogger() : Logger(rocksdb::InfoLogLevel::FATAL_LEVEL) {}
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
};

rocksdb::DBOptions DatabaseOptions(int max_open_files) {
  rocksdb::DBOptions options;
  options.max_open_files = max_open_files;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  // What a crash may leave of the write-ahead log is a last record that is cut
  // short; it was never acknowledged, because a group is synced before it is
  // answered. So:
  // - kAbsoluteConsistency would refuse to start after any kill -9;
  // - kPointInTimeRecovery, RocksDB's default, would take a damaged record in
  //   the middle for the end and silently drop acknowledged groups behind it;
  // - kTolerateCorruptedTailRecords drops exactly the cut record and refuses
  //   everything else.
  options.wal_recovery_mode =
      rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  // A missing or shortened log file is an error too.
  options.track_and_verify_wals_in_manifest = true;
  options.max_total_wal_size = kMaxWalBytes;
  options.max_background_jobs = 2;
  // Large files go to the disk as they are written, so that the sync of a group
  // does not wait for them.
  options.bytes_per_sync = kMiB;
  options.info_log = std::make_shared<SilentLogger>();
  options.info_log_level = rocksdb::InfoLogLevel::FATAL_LEVEL;
  return options;
}

rocksdb::ColumnFamilyOptions FamilyOptions(
    const std::shared_ptr<rocksdb::Cache>& cache, bool with_filter) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  if (with_filter) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kFilterBitsPerId));
  }
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kLZ4Compression;
  options.write_buffer_size = 64 * kMiB;
  return options;
}

std::vector<rocksdb::ColumnFamilyDescriptor> Families() {
  const std::shared_ptr<rocksdb::Cache> cache =
      rocksdb::NewLRUCache(kCacheBytes);
  // Blocks are written in the order of their keys, so compaction only moves
  // files from level to level: one compression for all levels keeps it so.
  rocksdb::ColumnFamilyOptions entries = FamilyOptions(cache, false);
  // Random keys that come in sorted files and are never overwritten: universal
  // compaction rewrites each the least.
  rocksdb::ColumnFamilyOptions ids = FamilyOptions(cache, true);
  ids.compaction_style = rocksdb::kCompactionStyleUniversal;
  rocksdb::ColumnFamilyOptions state = FamilyOptions(cache, false);
  rocksdb::ColumnFamilyOptions meta = FamilyOptions(cache, false);
  return {{rocksdb::kDefaultColumnFamilyName, meta},
          {kEntriesFamily, entries},
          {kIdsFamily, ids},
          {kStateFamily, state},
          {kMetaFamily, meta}};
}

}  // namespace

rocksdb::ReadOptions ReadPatiently() {
  rocksdb::ReadOptions options;
  options.io_timeout = kReadPatience;
  return options;
}

absl::StatusOr<std::unique_ptr<Database>> Database::Open(
    const std::string& path, int max_open_files,
    std::shared_ptr<rocksdb::FileSystem> files,
    std::function<void(absl::string_view)> log) {
  auto database = std::make_unique<Database>();
  database->files =
      std::make_shared<PatientFiles>(std::move(files), std::move(log));
  database->env = rocksdb::NewCompositeEnv(database->files);
  rocksdb::DBOptions options = DatabaseOptions(max_open_files);
  options.env = database->env.get();
  // Compaction gives way to those who wait for an answer. Where the system does
  // not allow it, it runs as they do.
  (void)options.env->LowerThreadPoolCPUPriority(rocksdb::Env::LOW,
                                                rocksdb::CpuPriority::kLow);
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status status =
      rocksdb::DB::Open(options, path, Families(), &handles, &db);
  if (!status.ok()) {
    return OpenError(status, absl::StrCat("open the database in ", path));
  }
  database->files->StartWaiting();
  database->db.reset(db);
  database->default_family = handles[0];
  database->entries = handles[1];
  database->ids = handles[2];
  database->state = handles[3];
  database->meta = handles[4];
  return database;
}

bool Database::FilesAreInPlace() const {
  // The log file may have been followed by another between being named and
  // being looked at; not twice.
  for (int attempt = 0; attempt < 2; ++attempt) {
    std::unique_ptr<rocksdb::LogFile> log;
    if (db->GetCurrentWalFile(&log).ok() &&
        db->GetEnv()->FileExists(db->GetName() + "/CURRENT").ok()) {
      return true;
    }
  }
  return false;
}

Database::~Database() {
  if (db == nullptr) return;
  // A failure costs only time at the next start.
  if (flush_at_end) {
    db->Flush(rocksdb::FlushOptions(), {entries, state, meta})
        .PermitUncheckedError();
  }
  for (rocksdb::ColumnFamilyHandle* handle :
       {default_family, entries, ids, state, meta}) {
    db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
  }
  db->Close().PermitUncheckedError();
}

}  // namespace chipledger::store
