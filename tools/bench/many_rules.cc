#include "tools/bench/many_rules.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "tools/bench/bulk.h"
#include "tools/bench/callers.h"
#include "tools/bench/measured_ledger.h"
#include "tools/bench/skewed_workload.h"

namespace chipledger::bench {
namespace {

// The design's bound for thirty rules.
constexpr double kCostTarget = 2.0;
// They cost nothing; the rest is noise.
constexpr double kIdleTarget = 1.1;
// Policies that do not apply.
constexpr size_t kIdlePolicies = 900;

// What one number of rules costs. Amounts are of one event.
struct Cost {
  double append_rate = 0;
  // Of the whole process: server and writer.
  double processor_us = 0;
  double serialized_bytes = 0;
  // Of the whole ledger.
  double disk_bytes = 0;
  double replay_rate = 0;
  double headroom_rate = 0;
};

absl::StatusOr<int64_t> SerializedBytes(Ledger& ledger, uint64_t from,
                                        uint64_t to) {
  int64_t bytes = 0;
  for (uint64_t at = from; at < to;) {
    ASSIGN_OR_RETURN(const std::vector<std::string> entries,
                     ledger.ReadEntries(at, to, 1 << 20));
    for (const std::string& entry : entries) bytes += entry.size();
    at += entries.size();
  }
  return bytes;
}

absl::StatusOr<Cost> MeasureCost(const ManyRulesOptions& options, size_t rules,
                                 size_t idle_policies) {
  const std::string directory = absl::StrCat(options.directory, "/rules-",
                                             rules, "-beside-", idle_policies);
  const auto events = static_cast<double>(options.events);
  ASSIGN_OR_RETURN(std::unique_ptr<Server> server, ServeLedger(directory));
  RETURN_IF_ERROR(
      RecordSkewedCatalog(ConnectTo(server->address()), rules, idle_policies));
  Ledger& ledger = server->ledger();
  const uint64_t first = ledger.Latest()->size;
  const double processor_before = ProcessorSeconds();
  ASSIGN_OR_RETURN(
      const CallTimes times,
      WriteStream(server->address(), MakeSkewedRequest, 0, options.events,
                  options.batch, options.batches_under_way));
  Cost cost;
  cost.processor_us = (ProcessorSeconds() - processor_before) / events * 1e6;
  cost.append_rate = events / times.seconds;
  ASSIGN_OR_RETURN(const int64_t bytes,
                   SerializedBytes(ledger, first, ledger.Latest()->size));
  cost.serialized_bytes = static_cast<double>(bytes) / events;
  ASSIGN_OR_RETURN(const double replay_seconds, Replay(ledger));
  cost.replay_rate =
      static_cast<double>(ledger.Latest()->size) / replay_seconds;
  ASSIGN_OR_RETURN(
      const CallTimes headroom,
      MakeUnaryCalls(
          server->address(), "/chipledger.v1.HeadroomService/GetHeadroom",
          options.callers, 0, options.headroom_calls, [](uint64_t number) {
            return MakeSkewedQuestion(number).SerializeAsString();
          }));
  cost.headroom_rate =
      static_cast<double>(options.headroom_calls) / headroom.seconds;
  // A start brings what only the write-ahead log holds into files that stay.
  server.reset();
  ASSIGN_OR_RETURN(server, ServeLedger(directory));
  cost.disk_bytes = static_cast<double>(BytesOnDisk(directory)) / events;
  return cost;
}

std::string Of(size_t rules) {
  return rules == 1 ? std::string("1 rule") : absl::StrCat(rules, " rules");
}

void AddRates(const Cost& cost, const std::string& rules, Report& report) {
  report.rows.push_back(
      {.name = absl::StrCat("bulk append, ", rules),
       .rate = cost.append_rate,
       .unit = "event",
       .note = absl::StrFormat(
           "an event: %.2f us of processor time in server and writer, %.0f "
           "bytes serialized, %.0f on disk",
           cost.processor_us, cost.serialized_bytes, cost.disk_bytes)});
  report.rows.push_back({.name = absl::StrCat("  replay, ", rules),
                         .rate = cost.replay_rate,
                         .unit = "entry"});
  report.rows.push_back({.name = absl::StrCat("  GetHeadroom, ", rules),
                         .rate = cost.headroom_rate,
                         .unit = "call"});
}

Row CompareCosts(const std::string& name, double many, double one,
                 double target = kCostTarget) {
  return {.name = name,
          .ratio = many / one,
          .baseline = "1 rule",
          .target = target,
          .lower_is_better = true};
}

}  // namespace

absl::Status MeasureManyRules(const ManyRulesOptions& options, Report& report) {
  ASSIGN_OR_RETURN(const Cost one, MeasureCost(options, 1, 0));
  ASSIGN_OR_RETURN(const Cost many, MeasureCost(options, options.rules, 0));
  ASSIGN_OR_RETURN(const Cost beside, MeasureCost(options, 1, kIdlePolicies));
  const std::string rules = Of(options.rules);
  const std::string idle =
      absl::StrCat("1 rule, ", kIdlePolicies, " policies idle");
  AddRates(one, Of(1), report);
  AddRates(many, rules, report);
  AddRates(beside, idle, report);
  report.rows.push_back(CompareCosts(absl::StrCat("processor time, ", rules),
                                     many.processor_us, one.processor_us));
  report.rows.push_back(CompareCosts(absl::StrCat("bytes serialized, ", rules),
                                     many.serialized_bytes,
                                     one.serialized_bytes));
  report.rows.push_back(CompareCosts(absl::StrCat("bytes on disk, ", rules),
                                     many.disk_bytes, one.disk_bytes));
  report.rows.push_back(CompareCosts(absl::StrCat("replay, ", rules),
                                     one.replay_rate, many.replay_rate));
  report.rows.push_back(CompareCosts(absl::StrCat("processor time, ", idle),
                                     beside.processor_us, one.processor_us,
                                     kIdleTarget));
  return absl::OkStatus();
}

}  // namespace chipledger::bench
