// What time brings about.
#ifndef CHIPLEDGER_LEDGER_TIMEKEEPER_H_
#define CHIPLEDGER_LEDGER_TIMEKEEPER_H_

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "chipledger/v1/command.pb.h"
#include "ledger/base/clock.h"
#include "ledger/base/date.h"
#include "ledger/domain/state.h"
#include "ledger/own_writer.h"
#include "ledger/periodic_task.h"
#include "ledger/publisher.h"

namespace chipledger {

// Timekeeper records the expiry of reservations and of licenses, and reports on
// reporting dates, when their time has come; what came due while nobody looked,
// in the order in which it did. Until an expiry is recorded the reservation
// holds its room; so the log alone says what was free when.
class Timekeeper {
 public:
  // Looks every `tick`. All must outlive this; the writer's pipeline must run.
  Timekeeper(absl::Duration tick, const Clock& clock,
             const Publisher& publisher, OwnWriter& writer);

 private:
  struct Due {
    int64_t at_ns = 0;
    v1::Command command;
  };

  void Look();
  void AppendDueReservations(const domain::Snapshot& snapshot, int64_t now_ns,
                             std::vector<Due>& due);
  // What comes due by the day.
  void AppendDueByDate(const domain::Snapshot& snapshot, Date today,
                       std::vector<Due>& due);

  const Clock& clock_;
  const Publisher& publisher_;
  OwnWriter& writer_;

  // The size at which reservations were looked through, and the first time at
  // which one of them is over.
  uint64_t reservations_size_ = 0;
  int64_t next_expiry_ns_ = std::numeric_limits<int64_t>::min();
  // The date on which what comes due by the day was looked through, and the
  // times that have gone by without since.
  std::optional<Date> looked_through_;
  int skipped_ = 0;
  // Last: it works on the others.
  PeriodicTask task_;
};

}  // namespace chipledger

#endif  // CHIPLEDGER_LEDGER_TIMEKEEPER_H_
