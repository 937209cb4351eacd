#include "tools/bench/measured_ledger.h"

#include <sys/resource.h>

#include <utility>
#include <vector>

#include "ledger/base/status_macros.h"
#include "ledger/domain/replay.h"
#include "tools/bench/stats.h"

namespace chipledger::bench {
namespace {

using Totals = std::vector<std::pair<domain::TotalKey, domain::Total>>;

Totals SortedTotals(const domain::Snapshot& snapshot) {
  Totals totals;
  snapshot.totals.VisitAll([&](const auto& id, const auto& total) {
    totals.emplace_back(id, total);
    return true;
  });
  return totals;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> ServeLedger(
    const std::string& directory) {
  ServerOptions options;
  options.ledger.data_dir = directory;
  options.ledger.mode = OpenMode::kExistingOrNew;
  options.listen = "127.0.0.1:0";
  return Server::Start(std::move(options));
}

absl::StatusOr<double> Replay(Ledger& ledger) {
  const uint64_t size = ledger.Latest()->size;
  domain::Replayer replayer([&](uint64_t index) -> absl::StatusOr<std::string> {
    ASSIGN_OR_RETURN(std::vector<std::string> entries,
                     ledger.ReadEntries(index, index + 1, 1));
    return std::move(entries[0]);
  });
  const Stopwatch watch;
  for (uint64_t at = 0; at < size;) {
    ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                     ledger.ReadEntries(at, size, 1 << 20));
    for (const std::string& entry : entries) {
      RETURN_IF_ERROR(replayer.Feed(entry));
    }
    at += entries.size();
  }
  const double seconds = watch.Seconds();
  if (replayer.state().SortedTotals() != SortedTotals(*ledger.Latest())) {
    return absl::DataLossError("the replayed totals are not the ledger's");
  }
  return seconds;
}

double ProcessorSeconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

}  // namespace chipledger::bench
