// The log in the data directory's database.
#ifndef CHIPLEDGER_LEDGER_STORE_STORED_LOG_H_
#define CHIPLEDGER_LEDGER_STORE_STORED_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "ledger/store/log.h"

namespace chipledger::store {

struct Database;

// StoredLog writes each group as one atomic, synced write. RocksDB checks the
// checksum of every block that is read.
class StoredLog final : public Log {
 public:
  // `sync`: see StoreOptions. `check_in_place` says whether what is written can
  // be found again. `database` must outlive the log.
  StoredLog(const Database& database, bool sync,
            std::function<absl::Status()> check_in_place);

  // Reads the head. Call first, once.
  // Errors: DATA_DAMAGED; FAILED_PRECONDITION for another format.
  absl::Status Open();
  // Checks that the log begins and ends as its head says. Requires: it has one.
  // Errors: DATA_DAMAGED.
  absl::Status CheckEnds() const;

  // Log.
  const std::optional<storage::v1::Head>& head_at_open() const override {
    return head_at_open_;
  }
  absl::Status Append(const EntryGroup& group,
                      const storage::v1::Head& head) override;
  std::unique_ptr<EntryReader> NewReader() const override;
  void Subscribe(std::function<void(uint64_t size)> on_size) override {
    subscribers_.push_back(std::move(on_size));
  }

 private:
  absl::Status CheckLast(EntryReader& reader) const;

  const Database& database_;
  const bool sync_;
  const std::function<absl::Status()> check_in_place_;
  std::optional<storage::v1::Head> head_at_open_;
  std::vector<std::function<void(uint64_t size)>> subscribers_;
};

}  // namespace chipledger::store

#endif  // CHIPLEDGER_LEDGER_STORE_STORED_LOG_H_
