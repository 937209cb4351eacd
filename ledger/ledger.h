// The facade: everything the server needs of a ledger. The life of a write is
// told in ARCHITECTURE.md.
#ifndef CHIPLEDGER_LEDGER_LEDGER_H_
#define CHIPLEDGER_LEDGER_LEDGER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/license_service.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "chipledger/v1/shipment_service.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/base/clock.h"
#include "ledger/base/limits.h"
#include "ledger/base/open_mode.h"
#include "ledger/base/uuid.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"

namespace rocksdb {
class FileSystem;
}  // namespace rocksdb

namespace chipledger {

// Who a call runs as. Row scope will attach here.
struct Principal {
  std::string name;
};

// One request of a batch: its commands are all recorded, adjacent, or none.
struct WriteRequest {
  Uuid request_id;
  bool validate_only = false;
  // 1 to limits::kMaxCommandsPerRequest, on the batch's arena. The ledger takes
  // them over: events share their messages.
  std::vector<v1::Command*> commands;
};

// What became of a request.
struct WriteAnswer {
  // OK: accepted. REFUSED_BY_RULES: `events` is the one Refused. Else an error,
  // and nothing was recorded.
  absl::Status status;
  // The request's first entry. Unset for validate_only and errors.
  std::optional<uint64_t> index;
  // A size that includes the request; for validate_only, the size it was judged
  // at.
  uint64_t size = 0;
  // Of the first entry, nanoseconds since the Unix epoch; 0 when index is
  // unset.
  int64_t record_time_ns = 0;
  // The request had been answered before.
  bool repeated_answer = false;
  // The events, on the batch's arena.
  std::vector<v1::Event*> events;
  // REFUSED_BY_RULES: every violated rule, told for readers.
  google::protobuf::RepeatedPtrField<v1::Violation> violations;
};

// Requests that travel together. Independent of each other: one that fails does
// not affect the others.
struct WriteBatch {
  google::protobuf::Arena arena;
  Principal principal;
  // kLedger only for what the ledger records by itself.
  domain::AskedBy asked_by = domain::AskedBy::kAnyone;
  std::vector<WriteRequest> requests;
  // Filled by the ledger: one a request, in order.
  std::vector<WriteAnswer> answers;
};

// What bounds the batches that wait to be decided.
enum class WhenFull {
  // LedgerOptions::max_queued_commands, for all such batches together; above it
  // Submit fails with QUEUE_FULL.
  kRefuse,
  // The caller, who bounds what it has under way. Takes no room from kRefuse.
  kWait,
};

// How a ledger is opened.
struct LedgerOptions {
  // The data directory.
  std::string data_dir;
  // Whether it holds a ledger or is to get one.
  OpenMode mode = OpenMode::kExisting;
  // Written into LedgerOpened.
  std::string made_by = "chipledger";
  // Source of record times and of "today". Must outlive the ledger.
  const Clock* clock = SystemClock();
  // When the program was built, which the clock cannot be before; nanoseconds
  // since the Unix epoch.
  int64_t built_ns = 0;
  // Opens the ledger even if the clock is far off; see CheckClock.
  bool trust_clock = false;
  // Commands of WhenFull::kRefuse batches waiting to be decided; a batch that
  // would wait alone is taken at any size. Lower: earlier QUEUE_FULL; higher:
  // more memory and a longer wait.
  size_t max_queued_commands = limits::kMaxQueuedCommands;
  // Whether a group is synced to the disk before it is answered. Only
  // benchmarks of the other parts turn it off.
  bool sync = true;
  // Files of the database that are open at once, at least 20. Lower: fewer
  // descriptors, and files are opened again for reading.
  int max_open_files = limits::kMaxOpenFiles;
  // Entries whose ids are kept in memory before they go to a file of their own.
  // Lower: more files; higher: more memory and a longer start.
  size_t id_generation_entries = limits::kIdGenerationEntries;
  // Entries between two marks of the state, at least; the first group that
  // passes them carries one. Lower: more is stored; higher: a start and a read
  // of a past moment fold more entries.
  size_t mark_entries = limits::kMarkEntries;
  // How late the ledger may record what time brings about, such as the expiry
  // of a reservation, on a machine that is not busy; and how often it looks for
  // policies that have the log to count. Higher: a reservation may hold its
  // room that much longer.
  absl::Duration tick = absl::Seconds(1);
  // The longest hold that a reservation may ask for; more is INVALID_FIELD.
  // What was reserved before holds as long as it was told. At most
  // limits::kMaxHoldSeconds, which bounds every reservation.
  int64_t max_hold_seconds = limits::kMaxHoldSeconds;
  // Told what an operator must know, such as why the ledger became read-only.
  // Called on any thread; must not block. May be empty.
  std::function<void(absl::string_view)> log;
  // Called once when the ledger becomes read-only. As `log`.
  std::function<void()> on_read_only;
  // The file system under the database; null: the machine's. For tests, which
  // let it fail.
  std::shared_ptr<rocksdb::FileSystem> files;
};

// Ledger is an open data directory.
//
// Durability: when a request is answered with an index, its entries survive a
// crash of the process and of the machine, their indexes are never reused, and
// every later read sees them. A request without an answer may be there or not;
// sending it again with its request_id gets its answer.
// Thread-safety: thread-safe.
class Ledger {
 public:
  // Opens the directory, or makes a new ledger in an empty or absent one.
  // Errors: FAILED_PRECONDITION when the directory is foreign, newer, or open
  // elsewhere, or the clock is far off; PERMISSION_DENIED or UNAVAILABLE when
  // it cannot be written; DATA_LOSS when it is damaged.
  static absl::StatusOr<std::unique_ptr<Ledger>> Open(LedgerOptions options);

  // Drains: everything submitted before is decided and answered.
  virtual ~Ledger() = default;

  // Takes a batch. `done` is called once with it, on the ledger's publishing
  // thread, when everything it was answered is durable; it must not block.
  // Errors (done is not called): QUEUE_FULL, SHUTTING_DOWN, READ_ONLY,
  // TOO_MANY_COMMANDS; INVALID_FIELD for a request without commands, or a
  // principal of more than limits::kMaxNameBytes.
  using WriteDone = absl::AnyInvocable<void(std::unique_ptr<WriteBatch>)>;
  virtual absl::Status Submit(std::unique_ptr<WriteBatch> batch,
                              WhenFull when_full, WriteDone done) = 0;

  // The latest durable state. Never waits for the writer.
  virtual std::shared_ptr<const domain::Snapshot> Latest() const = 0;

  // Calls `ready` when the ledger has at least this size, or with
  // MIN_SIZE_NOT_REACHED at the deadline. At once, on this thread, when it has
  // it already; else on another thread, where it must not block.
  virtual void WhenSize(uint64_t min_size, absl::Time deadline,
                        absl::AnyInvocable<void(absl::Status)> ready) = 0;

  // A moment that a read looks at.
  struct Moment {
    std::shared_ptr<const domain::Snapshot> snapshot;
    // Only facts with an effective date not after this.
    Date through = Date::Max();
  };
  // Finds the moment that a read asks for and calls `ready` once: for the
  // latest state and for a size that the ledger has at once, on this thread;
  // else on another thread. A past moment costs reading a bounded number of
  // entries and is found on a thread of the ledger's, where `ready` may take
  // its time. Errors: INVALID_FIELD, INDEX_OUT_OF_RANGE, MOMENT_BEFORE_LEDGER,
  // MIN_SIZE_NOT_REACHED, DATA_DAMAGED.
  virtual void ReadAt(
      const v1::ReadPoint& read_point, absl::Time deadline,
      absl::AnyInvocable<void(absl::StatusOr<Moment>)> ready) = 0;

  // The state at a past size, on this thread.
  // Errors: INDEX_OUT_OF_RANGE, DATA_DAMAGED.
  virtual absl::StatusOr<std::shared_ptr<const domain::Snapshot>> SnapshotAt(
      uint64_t size) const = 0;

  // Stored entries [begin, ...) below `end` and the ledger's size, in order,
  // until `max_bytes` are exceeded; at least one if begin < min(end, size).
  // Errors: INDEX_OUT_OF_RANGE when begin is above the size, DATA_DAMAGED.
  virtual absl::StatusOr<std::vector<std::string>> ReadEntries(
      uint64_t begin, uint64_t end, size_t max_bytes) const = 0;

  // Errors: SHIPMENT_NOT_FOUND, DATA_DAMAGED.
  virtual absl::StatusOr<v1::ShipmentView> GetShipment(
      const Moment& moment, absl::string_view exporter,
      absl::string_view shipment_reference) const = 0;

  // Shipments recorded from `begin` on that match the request's filters, until
  // `max_count` or limits::kMaxPageBytes of them are found, or
  // limits::kMaxEntriesPerPage entries are read.
  struct ShipmentPage {
    std::vector<v1::ShipmentView> shipments;
    // Where to go on; the moment's size when all was read.
    uint64_t next = 0;
  };
  virtual absl::StatusOr<ShipmentPage> ListShipments(
      const Moment& moment, const v1::ListShipmentsRequest& filters,
      uint64_t begin, size_t max_count) const = 0;

  // What moved a total, from the first entry not below `begin`, until
  // `max_count` movements are found, those of one entry together. Costs what is
  // found, not the length of the log.
  // Errors: DATA_DAMAGED.
  struct TotalEntriesPage {
    std::vector<v1::ListTotalEntriesResponse::Movement> movements;
    // Where to go on; nothing when that was all.
    std::optional<uint64_t> next;
  };
  virtual absl::StatusOr<TotalEntriesPage> ListTotalEntries(
      const Moment& moment, const domain::TotalKey& total, uint64_t begin,
      size_t max_count) const = 0;

  // What the rules that ask for notice say is due, from the first entry not
  // below `begin`, until `max_count` notices are found, those of one entry
  // together, or limits::kMaxEntriesPerPage entries are read. Looks at every
  // entry since such a rule was adopted. Errors: DATA_DAMAGED.
  struct NoticesPage {
    std::vector<v1::ListNoticesResponse::Notice> notices;
    // Where to go on; nothing when that was all.
    std::optional<uint64_t> next;
  };
  virtual absl::StatusOr<NoticesPage> ListNotices(
      const Moment& moment, const v1::ListNoticesRequest& filters,
      uint64_t begin, size_t max_count) const = 0;

  // What was announced, asked for, granted, shipped and installed, in the order
  // of the entries from `begin` on, until `max_count` deals or
  // limits::kMaxPageBytes are found, those of one entry together, or
  // limits::kMaxEntriesPerPage entries are read.
  // Errors: DATA_DAMAGED.
  struct DealsPage {
    std::vector<v1::Deal> deals;
    // Where to go on; nothing when that was all.
    std::optional<uint64_t> next;
  };
  virtual absl::StatusOr<DealsPage> ListDeals(
      const Moment& moment, const v1::ListDealsRequest& filters, uint64_t begin,
      size_t max_count) const = 0;

  // What the ledger reported of a policy on its reporting dates, from the date
  // `begin` on, until `max_count` reports or limits::kMaxPageBytes are found.
  // Costs what is found, not the length of the log.
  // Errors: POLICY_NOT_FOUND, DATA_DAMAGED.
  struct ReportsPage {
    std::vector<v1::ListReportsResponse::Report> reports;
    // Where to go on; nothing when that was all.
    std::optional<Date> next;
  };
  virtual absl::StatusOr<ReportsPage> ListReports(const Moment& moment,
                                                  const std::string& policy_id,
                                                  Date begin,
                                                  size_t max_count) const = 0;

  // Says which rules looked at a command or an entry, and why each counted it
  // or did not; see PolicyService.ExplainFact. Loads the state that it was or
  // would be decided on.
  // Errors: those of deciding the command, INVALID_FIELD, INDEX_OUT_OF_RANGE,
  // SHIPMENT_NOT_FOUND, DATA_DAMAGED.
  virtual absl::StatusOr<v1::ExplainFactResponse> ExplainFact(
      const Moment& moment, const v1::ExplainFactRequest& request) const = 0;

  // Replays the log under another policy; see PolicyService.WhatIf. Blocks, and
  // calls `send` with each message until it returns false, which ends it.
  // Errors: INVALID_FIELD and what adopting the policy could fail with,
  // INDEX_OUT_OF_RANGE, DATA_DAMAGED.
  virtual absl::Status WhatIf(
      const v1::WhatIfRequest& request,
      absl::AnyInvocable<bool(v1::WhatIfResponse)> send) const = 0;

  // Entries that have been looked at for a policy that is counting the log
  // before its adoption (v1::Backfill.looked_at); 0 when it is not being
  // counted.
  virtual uint64_t BackfillLookedAt(absl::string_view policy_id) const = 0;

  // Calls `on_size` on the publishing thread after each group, with the new
  // size; it must not block. Ends when the handle is destroyed, which waits for
  // a call under way; so never from within the call.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  virtual std::unique_ptr<Subscription> Subscribe(
      std::function<void(uint64_t size)> on_size) = 0;

  // How the ledger is.
  struct Status {
    std::string ledger_id;
    uint32_t format_version = 0;
    // Empty: writable. Else why it is read-only.
    std::string read_only_reason;
    size_t queued_commands = 0;
  };
  virtual Status GetStatus() const = 0;

  // Lets what waits for file descriptors or memory fail from now on, because
  // the process is about to end. The destructor does so, too.
  virtual void StopWaiting() = 0;

  // Today by the ledger's clock (UTC).
  virtual Date Today() const = 0;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_LEDGER_H_
