#include "ledger/timekeeper.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace chipledger {
namespace {

// Licenses expire by the day, so they are looked through when the day changes,
// and now and then because one may be recorded when it is over already.
constexpr int kTicksBetweenLicenses = 60;

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
  std::vector<v1::Command> commands;
  AppendDueReservations(*snapshot, now_ns, commands);
  AppendDueLicenses(*snapshot, Date::FromUnixNs(now_ns), commands);
  // One that fails was released or extended meanwhile, or the ledger takes no
  // writes, which the operator has been told; what is still due is found again.
  if (!commands.empty()) writer_.Record(std::move(commands));
}

void Timekeeper::AppendDueReservations(const domain::Snapshot& snapshot,
                                       int64_t now_ns,
                                       std::vector<v1::Command>& commands) {
  if (snapshot.size == reservations_size_ && now_ns < next_expiry_ns_) return;
  // Of what is due, too: until it is recorded it is looked for.
  int64_t next_ns = std::numeric_limits<int64_t>::max();
  std::vector<std::pair<int64_t, uint64_t>> due;
  snapshot.registers.reservations.VisitAll(
      [&](uint64_t index, const auto& reservation) {
        next_ns = std::min(next_ns, reservation->expire_time_ns);
        if (reservation->expire_time_ns <= now_ns) {
          due.emplace_back(reservation->expire_time_ns, index);
        }
        return true;
      });
  // In the order in which they ran out.
  std::sort(due.begin(), due.end());
  for (const auto& [expire_time_ns, index] : due) {
    commands.emplace_back().mutable_expire_reservation()->set_reservation_index(
        index);
  }
  reservations_size_ = snapshot.size;
  next_expiry_ns_ = next_ns;
}

void Timekeeper::AppendDueLicenses(const domain::Snapshot& snapshot, Date today,
                                   std::vector<v1::Command>& commands) {
  if (licenses_date_ == today && ++skipped_ < kTicksBetweenLicenses) return;
  licenses_date_ = today;
  skipped_ = 0;
  snapshot.licenses.VisitAll([&](const std::string& id, const auto& license) {
    if (!license->HasEnded() && license->IsOverEverywhere(today)) {
      commands.emplace_back().mutable_expire_license()->set_license_id(id);
    }
    return true;
  });
}

}  // namespace chipledger
