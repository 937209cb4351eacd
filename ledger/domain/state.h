// The state that decisions are made on: the fold of all events so far.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_STATE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_STATE_H_

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/persistent_map.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/license_state.h"

namespace chipledger::domain {

// Which total: a rule (by the numbers of its policy and itself), a window and a
// group. The order is the order in which headroom is listed.
struct TotalId {
  uint32_t policy = 0;
  uint32_t rule = 0;
  int32_t window_start = 0;
  std::string country;
  std::string license_id;

  friend auto operator<=>(const TotalId&, const TotalId&) = default;
  friend bool operator==(const TotalId&, const TotalId&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const TotalId& id) {
    return H::combine(std::move(h), id.policy, id.rule, id.window_start,
                      id.country, id.license_id);
  }
};

// A total, in its rule's measure.
struct Total {
  int64_t used = 0;
  int64_t reserved = 0;
  // See v1::HeadroomRow::unmeasured_gpus.
  int64_t unmeasured_gpus = 0;
  friend bool operator==(const Total&, const Total&) = default;
};

// What became of a shipment after it was recorded.
struct ShipmentChange {
  uint64_t revision = 1;
  bool voided = false;
  uint64_t content_index = 0;
};

// What changed in the state since the last TakeDelta: the final value of
// everything touched.
struct Delta {
  std::vector<std::pair<TotalId, Total>> totals;
  std::vector<std::shared_ptr<const LicenseState>> licenses;
  std::vector<std::pair<uint64_t, ShipmentChange>> shipments;
  std::vector<std::pair<Date, int64_t>> fact_dates;
  // Rows of changed products, parties, country groups and policies.
  std::vector<storage::v1::StateRow> catalog_rows;
  // Set when the catalog changed.
  std::optional<Catalog> catalog;
};

// A read model of one ledger size. A value: a copy is cheap and stays as it
// was.
struct Snapshot {
  uint64_t size = 0;
  int64_t last_record_time_ns = 0;
  Catalog catalog;
  PersistentMap<TotalId, Total> totals;
  PersistentMap<std::string, std::shared_ptr<const LicenseState>> licenses;
  // Shipments that changed after they were recorded, by index.
  PersistentMap<uint64_t, ShipmentChange> shipments;

  // Brings a delta in; the size and the record time are the caller's to set.
  void Apply(const Delta& delta);
};

// State holds what deciding needs. Replaying the same events from the start
// gives an equal state, bit for bit.
//
// Thread-safety: single-threaded on the sequencer.
class State {
 public:
  // Number of events folded so far; the next event's index.
  uint64_t size() const { return size_; }
  const std::string& ledger_id() const { return ledger_id_; }
  const Catalog& catalog() const { return catalog_; }
  // The latest date of any grant, and of any shipment that was not voided.
  std::optional<Date> latest_fact_date() const;

  // Returns the total, zero when nothing has touched it.
  Total GetTotal(const TotalId& id) const;
  // Returns the license, or null. Lives until the next change of the state.
  const LicenseState* FindLicense(absl::string_view license_id) const;
  // Returns what became of a shipment; unchanged ones have revision 1.
  ShipmentChange GetShipmentChange(uint64_t shipment_index) const;

  // Applies an event as entry number `size()`. Requires: the event was decided
  // on this state, or is a stored one being replayed in order.
  // Errors: DATA_DAMAGED when the event cannot follow this state; the state is
  // then not fit for further use.
  absl::Status Fold(const v1::Event& event);

  // From BeginRequest on, changes can be taken back by RollbackRequest until
  // CommitRequest. Not nested.
  void BeginRequest();
  void CommitRequest();
  void RollbackRequest();

  // Returns what changed since the last call.
  Delta TakeDelta();

  // Restores a state from its rows, in any order; FinishRestore ends it and
  // leaves an empty delta.
  absl::Status RestoreRow(const storage::v1::StateRow& row);
  absl::Status FinishRestore(const storage::v1::Head& head);

  // The whole state as a read model.
  Snapshot ToSnapshot() const;

  // All totals, in the order of their ids; for comparing states.
  std::vector<std::pair<TotalId, Total>> SortedTotals() const;

 private:
  friend class Folder;

  // What a touched row holds beside its value, so that each is listed once in
  // the next delta.
  struct TotalSlot {
    Total total;
    bool touched = false;
  };
  // A touched license is owned by this state alone; an untouched one may be
  // shared with a snapshot and is copied before it changes.
  struct LicenseSlot {
    std::shared_ptr<LicenseState> license;
    bool touched = false;
  };
  // What RollbackRequest puts back, oldest first.
  struct Undo {
    uint64_t size;
    Catalog catalog;
    size_t catalog_rows;
    bool catalog_changed;
    std::vector<std::pair<TotalId, std::optional<Total>>> totals;
    std::vector<std::pair<std::string, LicenseSlot>> licenses;
    std::vector<std::pair<uint64_t, std::optional<ShipmentChange>>> shipments;
    std::vector<std::pair<Date, int64_t>> fact_dates;
  };

  // False when the total would overflow.
  bool AddToTotal(const TotalId& id, int64_t amount, int64_t unmeasured_gpus);
  // Returns the license to change, made when absent.
  LicenseState& MutableLicense(const std::string& license_id);
  void SetShipmentChange(uint64_t shipment_index, const ShipmentChange& change);
  // One fact more or less stands with the date.
  void AddFact(Date date, int64_t count);

  uint64_t size_ = 0;
  std::string ledger_id_;
  Catalog catalog_;
  absl::flat_hash_map<TotalId, TotalSlot> totals_;
  absl::flat_hash_map<std::string, LicenseSlot> licenses_;
  absl::flat_hash_map<uint64_t, ShipmentChange> shipments_;
  // How many facts stand with each date; none with 0.
  std::map<Date, int64_t> fact_dates_;

  // Touched since the last TakeDelta. After a rollback it may name rows that
  // are gone or not touched any more, and rows twice.
  std::vector<TotalId> touched_totals_;
  std::vector<std::string> touched_licenses_;
  std::vector<uint64_t> touched_shipments_;
  std::set<Date> touched_fact_dates_;
  std::vector<storage::v1::StateRow> catalog_rows_;
  bool catalog_changed_ = false;

  std::optional<Undo> undo_;
  // Rows that wait for the policies they speak of, during a restore.
  std::vector<v1::AdoptedPolicy> restored_policies_;
  std::vector<storage::v1::TotalRow> restored_totals_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_STATE_H_
