#include "ledger/timekeeper.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "ledger/domain/license_state.h"
#include "ledger/domain/reports.h"

namespace chipledger {
namespace {

// Licenses and reporting dates are over by the day, so they are looked through
// when the day changes, and now and then because one may be recorded when it is
// over already.
constexpr int kTicksBetweenDays = 60;

// When a date is over so many days later, by UTC.
int64_t DaysAfterNs(Date date, int days) {
  constexpr int64_t kNsPerDay = int64_t{86'400} * 1'000'000'000;
  return (int64_t{date.days()} + days) * kNsPerDay;
}

}  // namespace

Timekeeper::Timekeeper(absl::Duration tick, const Clock& clock,
                       const Publisher& publisher, OwnWriter& writer)
    : clock_(clock),
      publisher_(publisher),
      writer_(writer),
      task_(tick, [this] { Look(); }) {}

void Timekeeper::Look() {
  const std::shared_ptr<const domain::Snapshot> snapshot = publisher_.Latest();
  // Entries are not dated back when the clock is set back.
  const int64_t now_ns =
      std::max(clock_.NowNs(), snapshot->last_record_time_ns);
  std::vector<Due> due;
  AppendDueReservations(*snapshot, now_ns, due);
  AppendDueByDate(*snapshot, Date::FromUnixNs(now_ns), due);
  // A report says what was reserved on its date, so the order matters.
  std::stable_sort(due.begin(), due.end(), [](const Due& a, const Due& b) {
    return a.at_ns < b.at_ns;
  });
  std::vector<v1::Command> commands;
  commands.reserve(due.size());
  for (Due& one : due) commands.push_back(std::move(one.command));
  // One that fails was released or extended meanwhile, or the ledger takes no
  // writes, which the operator has been told; what is still due is found again.
  if (!commands.empty()) writer_.Record(std::move(commands));
}

void Timekeeper::AppendDueReservations(const domain::Snapshot& snapshot,
                                       int64_t now_ns, std::vector<Due>& due) {
  if (snapshot.size == reservations_size_ && now_ns < next_expiry_ns_) return;
  // Of what is due, too: until it is recorded it is looked for.
  int64_t next_ns = std::numeric_limits<int64_t>::max();
  snapshot.registers.reservations.VisitAll([&](uint64_t index,
                                               const auto& reservation) {
    next_ns = std::min(next_ns, reservation->expire_time_ns);
    if (reservation->expire_time_ns <= now_ns) {
      due.emplace_back(Due{.at_ns = reservation->expire_time_ns, .command = {}})
          .command.mutable_expire_reservation()
          ->set_reservation_index(index);
    }
    return true;
  });
  reservations_size_ = snapshot.size;
  next_expiry_ns_ = next_ns;
}

void Timekeeper::AppendDueByDate(const domain::Snapshot& snapshot, Date today,
                                 std::vector<Due>& due) {
  if (looked_through_ == today && ++skipped_ < kTicksBetweenDays) return;
  looked_through_ = today;
  skipped_ = 0;
  snapshot.licenses.VisitAll([&](const std::string& id, const auto& license) {
    if (!license->HasEnded() && license->IsOverEverywhere(today)) {
      const int64_t at_ns = DaysAfterNs(license->last_export_date,
                                        domain::kDaysUntilOverEverywhere);
      due.emplace_back(Due{.at_ns = at_ns, .command = {}})
          .command.mutable_expire_license()
          ->set_license_id(id);
    }
    return true;
  });
  for (const domain::DueReport& report :
       domain::DueReports(snapshot.registers, today)) {
    v1::ReportTotals& command =
        *due.emplace_back(
                Due{.at_ns = DaysAfterNs(report.date, 1), .command = {}})
             .command.mutable_report_totals();
    command.set_policy_id(report.policy->policy_id());
    command.set_date(report.date.ToString());
  }
}

}  // namespace chipledger
