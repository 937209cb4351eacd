#include "ledger/total_entries.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chipledger/v1/event.pb.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/envelope.h"
#include "ledger/movements.h"

namespace chipledger {
namespace {

using Movement = v1::ListTotalEntriesResponse::Movement;
using ByDate = std::map<Date, domain::Amounts>;

// Finder goes through entries that may have moved a total and fills a page.
class Finder {
 public:
  Finder(const store::Store& store, const Ledger::Moment& moment,
         const domain::TotalKey& key, size_t max_count)
      : moment_(moment),
        key_(key),
        rule_(moment.snapshot->catalog()
                  .policies[key.policy()]
                  ->rules[key.rule()]),
        max_count_(max_count),
        reader_(store.log().NewReader()) {}

  // The row of the total, as far as it names it.
  storage::v1::StateRow RowName() const {
    storage::v1::StateRow row;
    row.mutable_total()->set_key(key_.bytes().data(), key_.bytes().size());
    return row;
  }

  // Looks at the entry with an index. False when the page is complete, with
  // where to go on.
  absl::StatusOr<bool> Take(uint64_t index) {
    if (read_ == limits::kMaxEntriesPerPage) {
      page_.next = index;
      return false;
    }
    ++read_;
    RETURN_IF_ERROR(ReadWhole([this](uint64_t at) { return reader_->Read(at); },
                              index, entry_));
    const ByDate moved = MovedBy(entry_);
    if (moved.empty()) return true;
    // Only now it is known that there is more than the page holds.
    if (page_.movements.size() >= max_count_) {
      page_.next = index;
      return false;
    }
    for (const auto& [date, amounts] : moved) {
      AddMovement(entry_, date, amounts);
    }
    return true;
  }

  Ledger::TotalEntriesPage TakePage() { return std::move(page_); }

 private:
  // What an entry added to the total, by date.
  ByDate MovedBy(const v1::Entry& entry) const {
    ByDate moved;
    VisitMovements(moment_.snapshot->catalog(), entry.event(),
                   RecordTimeNs(entry), [&](const TotalMovement& movement) {
                     if (movement.date > moment_.through || !Concerns(movement))
                       return;
                     moved[movement.date].Add(movement.amounts);
                   });
    std::erase_if(moved, [](const auto& day) { return day.second.IsZero(); });
    return moved;
  }

  bool Concerns(const TotalMovement& movement) const {
    const domain::CompiledRule* rule = moment_.snapshot->catalog().FindRule(
        movement.policy_index, movement.rule);
    return rule != nullptr && rule->owner == rule_.owner &&
           movement.window_start == key_.window_start() &&
           domain::EncodeGroup(rule_.group_by, movement.group) == key_.group();
  }

  void AddMovement(const v1::Entry& entry, Date date,
                   const domain::Amounts& amounts) {
    Movement& movement = page_.movements.emplace_back();
    movement.set_index(entry.index());
    *movement.mutable_record_time() = entry.record_time();
    movement.set_kind(KindOf(entry.event()));
    movement.set_subject(SubjectOf(entry.event()));
    movement.set_date(date.ToString());
    movement.set_used(amounts.used);
    movement.set_reserved(amounts.reserved);
    movement.set_unmeasured_gpus(amounts.unmeasured_gpus);
  }

  const Ledger::Moment& moment_;
  const domain::TotalKey& key_;
  const domain::CompiledRule& rule_;
  const size_t max_count_;
  const std::unique_ptr<store::EntryReader> reader_;
  v1::Entry entry_;
  size_t read_ = 0;
  Ledger::TotalEntriesPage page_;
};

// Takes the entries that the rows of the marks name, from `begin` on, below
// `end`. False when the page is complete.
absl::StatusOr<bool> TakeNamed(const store::Store& store, uint64_t begin,
                               uint64_t last_mark, uint64_t end,
                               Finder& finder) {
  absl::StatusOr<bool> go_on = true;
  const auto take_row = [&](const storage::v1::StateRow& row) {
    uint64_t index = 0;
    for (const uint64_t step : row.total().entry_steps()) {
      index += step;
      if (index < begin) continue;
      // Later rows name later entries.
      if (index >= end) return false;
      go_on = finder.Take(index);
      if (!go_on.ok() || !*go_on) return false;
    }
    return true;
  };
  RETURN_IF_ERROR(store.marks().VisitVersions(finder.RowName(), begin,
                                              last_mark, take_row));
  return go_on;
}

}  // namespace

absl::StatusOr<Ledger::TotalEntriesPage> ListTotalMovements(
    const store::Store& store, const Ledger::Moment& moment,
    const domain::TotalKey& total, uint64_t begin, size_t max_count) {
  Finder finder(store, moment, total, max_count);
  const uint64_t end = moment.snapshot->size;
  ASSIGN_OR_RETURN(const uint64_t last_mark, store.marks().Position());
  ASSIGN_OR_RETURN(bool go_on, TakeNamed(store, begin, last_mark, end, finder));
  for (uint64_t index = std::max(begin, last_mark); go_on && index < end;
       ++index) {
    ASSIGN_OR_RETURN(go_on, finder.Take(index));
  }
  return finder.TakePage();
}

}  // namespace chipledger
