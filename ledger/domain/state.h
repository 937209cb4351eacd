// The state that decisions are made on: the fold of all events so far.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_STATE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/persistent_map.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/dated_sums.h"
#include "ledger/domain/fact_dates.h"
#include "ledger/domain/license_state.h"
#include "ledger/domain/rules/rule_index.h"
#include "ledger/domain/rules/total_key.h"
#include "ledger/domain/shipment_state.h"

namespace chipledger::domain {

// A total, in its rule's measure.
struct Total {
  Amounts sum;
  // The parts of `sum`, by the dates of the facts.
  DatedSums<Amounts> by_date;
  friend bool operator==(const Total&, const Total&) = default;
};

// What is few or changes seldom. A value: a copy is cheap and stays as it was.
struct Registers {
  Catalog catalog;
  // Those that hold something, by index.
  PersistentMap<uint64_t, std::shared_ptr<const ReservationState>> reservations;
  PersistentMap<std::string, std::shared_ptr<const v1::ApplicationView>>
      applications;
  // The index of each party's last ComputeDeclared.
  PersistentMap<std::string, uint64_t> declarations;
  // By party. Never without a condition.
  PersistentMap<std::string,
                std::shared_ptr<const storage::v1::PartyConditionsRow>>
      party_conditions;
  // The latest effective date of any fact so far, also of what was taken back.
  std::optional<Date> latest_fact_date;
  FactDates fact_dates;
  // The index of each TotalsReported, by ReportKey.
  PersistentMap<std::string, uint64_t> reports;
};

// What changed in the state since the last TakeDelta: the final value of
// everything touched.
struct Delta {
  std::vector<std::pair<TotalKey, Total>> totals;
  std::vector<std::shared_ptr<const LicenseState>> licenses;
  std::vector<std::pair<uint64_t, ShipmentState>> shipments;
  // Set when they changed.
  std::optional<Registers> registers;
};

// A read model of one ledger size. A value: a copy is cheap and stays as it
// was.
struct Snapshot {
  uint64_t size = 0;
  int64_t last_record_time_ns = 0;
  Registers registers;
  PersistentMap<TotalKey, Total> totals;
  PersistentMap<std::string, std::shared_ptr<const LicenseState>> licenses;
  // Shipments that changed after they were recorded, by index.
  PersistentMap<uint64_t, ShipmentState> shipments;
  // Of a past state: what became of a shipment that is not in `shipments` is in
  // the store, in its row at the mark of this size, if there is one. 0: nothing
  // became of it.
  uint64_t shipments_mark = 0;

  const Catalog& catalog() const { return registers.catalog; }

  // Brings a delta in; the size and the record time are the caller's to set.
  void Apply(const Delta& delta);
};

// State holds what deciding needs. Replaying the same events from the start
// gives an equal state, bit for bit.
//
// Thread-safety: single-threaded on the sequencer.
class State {
 public:
  // What a state remembers for TakeDelta and TakeMark. One that is never asked
  // for these, such as a replay's, tracks nothing: its memory does not grow
  // with the log.
  enum class Tracking { kChanges, kNothing };
  explicit State(Tracking tracking = Tracking::kChanges)
      : tracks_(tracking == Tracking::kChanges) {}

  // Number of entries folded so far; the next event's index.
  uint64_t size() const { return size_; }
  const std::string& ledger_id() const { return ledger_id_; }
  const Registers& registers() const { return registers_; }
  const Catalog& catalog() const { return registers_.catalog; }

  // The rules of a date, filed. Lives until the next call.
  const RuleIndex& RulesOn(Date date) const;
  // Returns the total, or null when nothing has touched it. Lives until the
  // next change of the state.
  const Total* FindTotal(const TotalKey& key) const;
  // Calls `visit` with every total, in no particular order.
  void VisitTotals(
      absl::FunctionRef<void(const TotalKey& key, const Total& total)> visit)
      const;
  // Returns the license, or null. Lives until the next change of the state.
  const LicenseState* FindLicense(absl::string_view license_id) const;
  // The licenses and other authorizations of an exporter, by id.
  const std::set<std::string>& LicensesOf(absl::string_view exporter) const;
  // The open reservations under a license, by index.
  const std::set<uint64_t>& ReservationsUnder(
      absl::string_view license_id) const;
  // Open reservations by the time they expire, soonest first.
  const std::set<std::pair<int64_t, uint64_t>>& ReservationsByExpiry() const {
    return reservations_by_expiry_;
  }
  // Licenses that have not ended, by their last export date.
  const std::set<std::pair<Date, std::string>>& LicensesByExpiry() const {
    return licenses_by_expiry_;
  }
  // Returns what became of a shipment; unchanged ones have revision 1.
  ShipmentState GetShipment(uint64_t shipment_index) const;
  // Whether it holds what became of a shipment.
  bool HasShipmentRow(uint64_t shipment_index) const {
    return shipments_.contains(shipment_index);
  }

  // Applies a whole event (see whole_event.h) whose first entry is number
  // `size()`. Requires: the event was decided on this state, or is a stored one
  // being replayed in order; on an arena or not.
  // Errors: DATA_DAMAGED when the event cannot follow this state; unless the
  // request is then rolled back, the state is not fit for further use.
  absl::Status Fold(const v1::Event& event);

  // Makes `size` the next index.
  void MoveTo(uint64_t size) { size_ = size; }
  // For states that rerun a log under other policies: sets the catalog.
  void ReplaceCatalog(Catalog catalog);

  // From BeginRequest on, changes can be taken back by RollbackRequest until
  // CommitRequest. Not nested. A change is kept as what takes it back, so that
  // a request costs what it changes, however large what it changes is.
  void BeginRequest();
  void CommitRequest();
  void RollbackRequest();

  // Returns what changed since the last call.
  Delta TakeDelta();

  // Returns the rows of everything that changed since the last call, or since
  // the state was restored: what a mark stores.
  std::vector<storage::v1::StateRow> TakeMark();

  // Restores a state from its rows, in any order; FinishRestore ends it and
  // leaves an empty delta.
  absl::Status RestoreRow(const storage::v1::StateRow& row);
  absl::Status FinishRestore(const storage::v1::Head& head);

  // The whole state as a read model.
  Snapshot ToSnapshot() const;

  // All totals, in the order of their ids; for comparing states.
  std::vector<std::pair<TotalKey, Total>> SortedTotals() const;

 private:
  friend class Folder;

  // What a row holds beside its value, so that each is listed once in the next
  // delta and the next mark.
  struct TotalSlot {
    Total total;
    bool touched = false;
    // The entries since the last mark that moved it, ascending.
    std::vector<uint64_t> entries;
  };
  // Where a license stands in the sets that are derived from licenses.
  struct LicensePlace {
    // The licensee, and the one before a transfer.
    std::vector<std::string> exporters;
    // Unset when the license has ended.
    std::optional<Date> last_export_date;
  };
  // A touched license is owned by this state alone; an untouched one may be
  // shared with a snapshot and is copied before it changes.
  struct LicenseSlot {
    std::shared_ptr<LicenseState> license;
    bool touched = false;
    std::optional<LicensePlace> place;
    // The entries since the last mark that changed or drew it, ascending.
    std::vector<uint64_t> entries;
  };
  // Changes of a request. Lists of entries are not kept but cut.
  struct TotalChange {
    TotalKey key;
    Date date;
    Amounts added;
    // There was no such total before.
    bool is_new;
  };
  struct DrawChange {
    std::string license_id;
    int32_t line_number;
    Date date;
    DrawnUnits drawn;
  };
  struct LicenseChange {
    std::string license_id;
    LicenseSlot before;
  };
  struct ShipmentChange {
    uint64_t index;
    std::optional<ShipmentState> before;
  };
  struct ReservationChange {
    std::shared_ptr<const ReservationState> before;
    std::shared_ptr<const ReservationState> after;
  };
  using Change = std::variant<TotalChange, DrawChange, LicenseChange,
                              ShipmentChange, ReservationChange>;
  // What RollbackRequest puts back.
  struct Undo {
    // Between BeginRequest and the end of the request.
    bool is_open = false;
    uint64_t size = 0;
    bool registers_changed = false;
    // As they were, once they changed.
    std::optional<Registers> registers;
    // Oldest first.
    std::vector<Change> changes;
  };
  // Names of rows, by what they are of.
  struct Touched {
    std::vector<TotalKey> totals;
    std::vector<std::string> licenses;
    std::set<std::string> products, parties, groups, policies, calendars,
        applications, declarations, fact_dates, party_conditions, reports;
    std::set<uint64_t> reservations, shipments;
    bool latest_fact_date = false;
  };

  // False, and nothing changes, when the total would overflow.
  bool AddToTotal(const TotalKey& key, Date date, const Amounts& amounts);
  // Draws on a line of a license. False, and nothing changes, when there is no
  // such line or its drawdown would overflow.
  bool Draw(const std::string& license_id, int32_t line_number, Date date,
            const DrawnUnits& units);
  // Returns the license to change, made when absent. Call IndexLicense when its
  // exporter, last export date or standing may have changed.
  LicenseState& MutableLicense(const std::string& license_id);
  void IndexLicense(const std::string& license_id);
  void SetShipment(uint64_t shipment_index, ShipmentState shipment);
  // Sets or, with null, ends a reservation.
  void SetReservation(uint64_t index,
                      std::shared_ptr<const ReservationState> reservation);
  // Returns the registers to change; the caller names what it changes in
  // touched_since_mark_.
  Registers& MutableRegisters();
  void NoteFactDate(Date date);
  // Notes that the next entry is a fact of these subjects on the date.
  void NoteFact(const Subjects& subjects, Date date);
  // The entry is no fact of these subjects any more.
  void ForgetFact(const Subjects& subjects, Date date, uint64_t index);
  void SetFactDate(const std::string& key, FactsOnDate facts);

  // Notes that the next entry changes a row.
  void Note(const TotalKey& key, TotalSlot& slot);
  void Note(const std::string& license_id, LicenseSlot& slot);
  // Makes the license this state's own, so that no snapshot changes with it.
  void Own(LicenseSlot& slot);
  void TakeBack(TotalChange& change);
  void TakeBack(DrawChange& change);
  void TakeBack(LicenseChange& change);
  void TakeBack(ShipmentChange& change);
  void TakeBack(ReservationChange& change);
  // Puts a license in the derived sets, or takes it out of them.
  void EnterLicense(const std::string& license_id, const LicensePlace& place);
  void LeaveLicense(const std::string& license_id, const LicensePlace& place);
  void EnterReservation(const ReservationState& reservation);
  void LeaveReservation(const ReservationState& reservation);
  // Appends the rows of a mark.
  void TakeTotalRows(std::vector<storage::v1::StateRow>& rows);
  void TakeLicenseRows(std::vector<storage::v1::StateRow>& rows);
  void TakeCatalogRows(std::vector<storage::v1::StateRow>& rows);
  void TakeRegisterRows(std::vector<storage::v1::StateRow>& rows);
  absl::Status RestoreRegisterRow(const storage::v1::StateRow& row);
  absl::Status RestoreTotal(const storage::v1::TotalRow& row);
  // Whether their rules are there.
  absl::Status CheckRestoredTotals() const;

  bool tracks_;
  uint64_t size_ = 0;
  std::string ledger_id_;
  Registers registers_;
  absl::flat_hash_map<TotalKey, TotalSlot> totals_;
  absl::flat_hash_map<std::string, LicenseSlot> licenses_;
  absl::flat_hash_map<uint64_t, ShipmentState> shipments_;

  // Derived from the licenses and reservations.
  absl::flat_hash_map<std::string, std::set<std::string>> licenses_by_exporter_;
  std::set<std::pair<Date, std::string>> licenses_by_expiry_;
  absl::flat_hash_map<std::string, std::set<uint64_t>> reservations_by_license_;
  std::set<std::pair<int64_t, uint64_t>> reservations_by_expiry_;

  // Touched since the last TakeDelta. After a rollback it may name rows that
  // are gone or not touched any more, and rows twice.
  std::vector<TotalKey> touched_totals_;
  std::vector<std::string> touched_licenses_;
  std::vector<uint64_t> touched_shipments_;
  bool registers_changed_ = false;

  // Touched since the last TakeMark, with the same reservations as above.
  Touched touched_since_mark_;

  Undo undo_;
  // Of the dates that were asked for last; what does not cover its date any
  // more is made anew.
  mutable std::vector<std::shared_ptr<const RuleIndex>> rule_indexes_;
  // During a restore, until all are there.
  std::vector<v1::AdoptedPolicy> restored_policies_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_STATE_H_
