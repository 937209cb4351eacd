// chipledger-bench: how fast the ledger is, beside what the machine can do, in
// one run. BENCHMARKS.md says how to read it.
#include <algorithm>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/mutex.h"
#include "ledger/base/decimal.h"
#include "ledger/base/mutex_checks.h"
#include "ledger/base/status_macros.h"
#include "server/server.h"
#include "spdlog/spdlog.h"
#include "tools/bench/baselines.h"
#include "tools/bench/bulk.h"
#include "tools/bench/callers.h"
#include "tools/bench/import.h"
#include "tools/bench/largest_request.h"
#include "tools/bench/many_rules.h"
#include "tools/bench/measured_ledger.h"
#include "tools/bench/report.h"
#include "tools/bench/rule_book.h"
#include "tools/bench/workload.h"

namespace chipledger::bench {
namespace {

// The targets that the project sets itself for 2 cores with both ends on them.
constexpr double kBulkTarget = 0.7;
constexpr double kGrowthTarget = 0.9;
constexpr double kImportTarget = 0.7;
constexpr double kUnaryTarget = 0.7;
constexpr double kOneCallerTarget = 1.3;
constexpr double kHeadroomTarget = 0.95;

struct Flags {
  size_t events = 1'000'000;
  size_t import_rows = 1'000'000;
  size_t unary_calls = 50'000;
  size_t single_calls = 2'000;
  size_t callers = 64;
  size_t batch = 1'000;
  size_t batches_under_way = 16;
  // 0: the usual run.
  size_t rules = 0;
  // Empty: the usual run.
  std::string book;
  std::string data;
  bool json = false;
};

std::string People(int64_t number) { return FormatDecimalForPeople(number, 0); }

// Bench is one run.
class Bench {
 public:
  explicit Bench(const Flags& flags) : flags_(flags) {}

  absl::Status Run() {
    report_.facts = DescribeMachine(flags_.data);
    report_.facts.push_back({"fsync", "every group, before it is answered"});
    report_.facts.push_back({"events", People(flags_.events)});
    if (!flags_.book.empty()) {
      return MeasureRuleBook({.folder = flags_.book, .events = flags_.events},
                             report_);
    }
    if (flags_.rules > 0) {
      return MeasureManyRules({.directory = flags_.data,
                               .rules = flags_.rules,
                               .events = flags_.events,
                               .batch = flags_.batch,
                               .batches_under_way = flags_.batches_under_way,
                               .headroom_calls = flags_.unary_calls,
                               .callers = flags_.callers},
                              report_);
    }
    double import_seconds = 0;
    if (flags_.import_rows > 0) {
      ASSIGN_OR_RETURN(import_seconds, MeasureImport());
    }
    ASSIGN_OR_RETURN(server_, ServeLedger(flags_.data + "/ledger"));
    RETURN_IF_ERROR(RecordCatalog(ConnectTo(server_->address())));
    RETURN_IF_ERROR(MeasureBulk());
    if (flags_.import_rows > 0) AddImportRow(import_seconds);
    RETURN_IF_ERROR(MeasureUnary());
    RETURN_IF_ERROR(MeasureOneCaller());
    RETURN_IF_ERROR(MeasureLargestRequest(report_));
    RETURN_IF_ERROR(MeasureReplay());
    return MeasureRestart();
  }

  Report& report() { return report_; }

 private:
  absl::Status MeasureBulk() {
    Ledger& ledger = server_->ledger();
    std::vector<uint64_t> ends = {ledger.Latest()->size};
    absl::Mutex mutex;
    auto groups = ledger.Subscribe([&](uint64_t size) {
      absl::MutexLock lock(&mutex);
      ends.push_back(size);
    });
    ASSIGN_OR_RETURN(
        CallTimes times,
        WriteStream(server_->address(), MakeRequest, 0, flags_.events,
                    flags_.batch, flags_.batches_under_way));
    groups.reset();
    next_number_ = flags_.events;
    ASSIGN_OR_RETURN(const std::vector<BareGroup> groups_of_entries,
                     ReadGroups(ledger, ends));
    std::vector<BareGroup> blocks;
    int64_t total = 0;
    for (const BareGroup& entries : groups_of_entries) {
      std::string& block = blocks.emplace_back().emplace_back();
      for (const std::string& entry : entries) block += entry;
      total += block.size();
    }
    ASSIGN_OR_RETURN(const double seconds_by_group,
                     WriteBareRocksDb(flags_.data + "/bare-groups", blocks));
    ASSIGN_OR_RETURN(
        const double seconds_by_entry,
        WriteBareRocksDb(flags_.data + "/bare-entries", groups_of_entries));

    const double rate = flags_.events / times.seconds;
    report_.rows.push_back(
        {.name = "bulk append, 1 stream",
         .rate = rate,
         .unit = "event",
         .latencies = std::move(times.latencies),
         .ratio = rate / (flags_.events / seconds_by_group),
         .baseline = "bare RocksDB, one key a group",
         .target = kBulkTarget,
         .note = absl::StrFormat(
             "batches of %d, %d under way; %s groups, %.0f events and one sync "
             "each; %.0f bytes an entry; latency is that of a batch",
             flags_.batch, flags_.batches_under_way, People(blocks.size()),
             static_cast<double>(flags_.events) / blocks.size(),
             static_cast<double>(total) / flags_.events)});
    AddGrowthRow(times);
    AddBareRow("  bare RocksDB, one key a group", seconds_by_group, rate);
    AddBareRow("  bare RocksDB, one key an entry", seconds_by_entry, rate);
    const int64_t on_disk = BytesOnDisk(flags_.data + "/ledger");
    report_.rows.push_back(
        {.name = "  disk",
         .note = absl::StrFormat("%s bytes for %s serialized: %.2f x",
                                 People(on_disk), People(total),
                                 static_cast<double>(on_disk) / total)});
    return absl::OkStatus();
  }

  // Imports into a new ledger, as the bulk append writes to one. Returns the
  // seconds.
  absl::StatusOr<double> MeasureImport() {
    ASSIGN_OR_RETURN(const auto server, ServeLedger(flags_.data + "/imported"));
    RETURN_IF_ERROR(RecordCatalog(ConnectTo(server->address())));
    return ImportCsv(server->address(), flags_.data + "/rows.csv", 0,
                     flags_.import_rows);
  }

  void AddImportRow(double seconds) {
    const double rate = flags_.import_rows / seconds;
    report_.rows.push_back(
        {.name = "import of a CSV file",
         .rate = rate,
         .unit = "row",
         .ratio = rate / report_.rows.front().rate,
         .baseline = "bulk append, 1 stream",
         .target = kImportTarget,
         .note = absl::StrFormat("%s shipments of one row, from opening the "
                                 "file to the last durable answer",
                                 People(flags_.import_rows))});
  }

  // Whether a longer log makes appending slower.
  void AddGrowthRow(const CallTimes& times) {
    const double tenth = flags_.events / 10;
    const double last = times.seconds - times.nine_tenths_seconds;
    if (times.first_tenth_seconds == 0 || last == 0) return;
    report_.rows.push_back(
        {.name = "  the last tenth of it",
         .rate = tenth / last,
         .unit = "event",
         .ratio = times.first_tenth_seconds / last,
         .baseline = "the first tenth of it",
         .target = kGrowthTarget,
         .note = absl::StrFormat(
             "the first tenth: %s event/s",
             People(static_cast<int64_t>(tenth / times.first_tenth_seconds)))});
  }

  void AddBareRow(const std::string& name, double seconds, double our_rate) {
    const double rate = flags_.events / seconds;
    report_.rows.push_back(
        {.name = name,
         .rate = rate,
         .unit = "event",
         .note = absl::StrFormat("same bytes and groups, nothing decided; the "
                                 "bulk append is %.2f x this",
                                 our_rate / rate)});
  }

  // The entries of each group, as the ledger committed them.
  static absl::StatusOr<std::vector<BareGroup>> ReadGroups(
      Ledger& ledger, const std::vector<uint64_t>& ends) {
    std::vector<BareGroup> groups;
    for (size_t i = 1; i < ends.size(); ++i) {
      BareGroup& group = groups.emplace_back();
      for (uint64_t at = ends[i - 1]; at < ends[i];) {
        ASSIGN_OR_RETURN(std::vector<std::string> entries,
                         ledger.ReadEntries(at, ends[i], 1 << 22));
        at += entries.size();
        std::move(entries.begin(), entries.end(), std::back_inserter(group));
      }
    }
    return groups;
  }

  std::string NextShipment(uint64_t number) {
    v1::RecordShipmentRequest request;
    MakeRequest(number, *request.mutable_request_id(),
                *request.mutable_command());
    return request.SerializeAsString();
  }

  absl::StatusOr<CallTimes> CallEmpty(size_t callers, size_t count) {
    return MakeUnaryCalls(empty_.address(), "/bench.Empty/Call", callers, 0,
                          count, [](uint64_t) { return std::string(); });
  }

  absl::StatusOr<CallTimes> CallAppend(size_t callers, size_t count) {
    const uint64_t first = next_number_;
    next_number_ += count;
    return MakeUnaryCalls(
        server_->address(), "/chipledger.v1.ShipmentService/RecordShipment",
        callers, first, count,
        [this](uint64_t number) { return NextShipment(number); });
  }

  absl::StatusOr<CallTimes> CallHeadroom(size_t callers, size_t count) {
    return MakeUnaryCalls(server_->address(),
                          "/chipledger.v1.HeadroomService/GetHeadroom", callers,
                          0, count, [](uint64_t number) {
                            return MakeQuestion(number).SerializeAsString();
                          });
  }

  absl::Status MeasureUnary() {
    const size_t count = flags_.unary_calls;
    // The first calls of each kind warm up threads and caches.
    RETURN_IF_ERROR(CallEmpty(flags_.callers, count / 10).status());
    ASSIGN_OR_RETURN(CallTimes empty, CallEmpty(flags_.callers, count));
    RETURN_IF_ERROR(CallAppend(flags_.callers, count / 10).status());
    ASSIGN_OR_RETURN(CallTimes append, CallAppend(flags_.callers, count));
    RETURN_IF_ERROR(CallHeadroom(flags_.callers, count / 10).status());
    ASSIGN_OR_RETURN(CallTimes headroom, CallHeadroom(flags_.callers, count));

    const double empty_rate = count / empty.seconds;
    const std::string callers = absl::StrCat(", ", flags_.callers, " callers");
    report_.rows.push_back({.name = absl::StrCat("unary append", callers),
                            .rate = count / append.seconds,
                            .unit = "call",
                            .latencies = std::move(append.latencies),
                            .ratio = count / append.seconds / empty_rate,
                            .baseline = "empty unary",
                            .target = kUnaryTarget});
    report_.rows.push_back({.name = absl::StrCat("GetHeadroom", callers),
                            .rate = count / headroom.seconds,
                            .unit = "call",
                            .latencies = std::move(headroom.latencies),
                            .ratio = count / headroom.seconds / empty_rate,
                            .baseline = "empty unary",
                            .target = kHeadroomTarget});
    report_.rows.push_back(
        {.name = absl::StrCat("  empty unary", callers),
         .rate = empty_rate,
         .unit = "call",
         .latencies = std::move(empty.latencies),
         .note = "a generic service of the benchmark that answers nothing"});
    return absl::OkStatus();
  }

  absl::Status MeasureOneCaller() {
    const size_t count = flags_.single_calls;
    RETURN_IF_ERROR(CallEmpty(1, count / 10).status());
    ASSIGN_OR_RETURN(CallTimes empty, CallEmpty(1, count));
    RETURN_IF_ERROR(CallAppend(1, count / 10).status());
    ASSIGN_OR_RETURN(CallTimes append, CallAppend(1, count));
    ASSIGN_OR_RETURN(Latencies sync,
                     MeasureDataSync(flags_.data + "/synced", 512, count));
    Row row{.name = "unary append, 1 caller", .unit = "call"};
    row.rate = count / append.seconds;
    row.latencies = std::move(append.latencies);
    row.ratio = row.latencies.AtMicros(0.5) /
                (sync.AtMicros(0.5) + empty.latencies.AtMicros(0.5));
    row.baseline = "fdatasync + empty unary, p50";
    row.target = kOneCallerTarget;
    row.lower_is_better = true;
    report_.rows.push_back(std::move(row));
    report_.rows.push_back({.name = "  empty unary, 1 caller",
                            .rate = count / empty.seconds,
                            .unit = "call",
                            .latencies = std::move(empty.latencies)});
    report_.rows.push_back({.name = "  append of 512 bytes and fdatasync",
                            .unit = "call",
                            .latencies = std::move(sync)});
    return absl::OkStatus();
  }

  absl::Status MeasureReplay() {
    const uint64_t size = server_->ledger().Latest()->size;
    ASSIGN_OR_RETURN(const double seconds, Replay(server_->ledger()));
    report_.rows.push_back(
        {.name = "replay, every decision judged again",
         .rate = size / seconds,
         .unit = "entry",
         .note = "one core, from the stored bytes; totals equal the ledger's"});
    return absl::OkStatus();
  }

  absl::Status MeasureRestart() {
    const uint64_t size = server_->ledger().Latest()->size;
    server_.reset();
    const Stopwatch watch;
    ASSIGN_OR_RETURN(server_, ServeLedger(flags_.data + "/ledger"));
    const double seconds = watch.Seconds();
    if (server_->ledger().Latest()->size != size) {
      return absl::DataLossError("the ledger has another size after a restart");
    }
    report_.rows.push_back(
        {.name = "restart",
         .unit = "",
         .note = absl::StrFormat("%.0f ms until it serves %s entries",
                                 seconds * 1e3, People(size))});
    return absl::OkStatus();
  }

  const Flags flags_;
  Report report_;
  EmptyServer empty_;
  std::unique_ptr<Server> server_;
  uint64_t next_number_ = 0;
};

int Main(int argc, char** argv) {
  TurnOffDeadlockChecks();
  Flags flags;
  CLI::App app("Measures chipledger beside its machine, in one run");
  app.add_option("--events", flags.events, "Events of the bulk append")
      ->check(CLI::Range(1, 100'000'000))
      ->capture_default_str();
  app.add_option("--import-rows", flags.import_rows,
                 "Rows of the imported file; 0: none is imported")
      ->check(CLI::Range(0, 100'000'000))
      ->capture_default_str();
  app.add_option("--unary-calls", flags.unary_calls, "Calls of many callers")
      ->check(CLI::Range(10, 10'000'000))
      ->capture_default_str();
  app.add_option("--single-calls", flags.single_calls, "Calls of one caller")
      ->check(CLI::Range(10, 10'000'000))
      ->capture_default_str();
  app.add_option("--callers", flags.callers, "Callers at the same time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--batch", flags.batch, "Requests in a batch of the stream")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  app.add_option("--under-way", flags.batches_under_way,
                 "Batches written and not yet answered")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--rules", flags.rules,
                 "Instead of the usual run: what it costs that so many rules "
                 "count a shipment, beside one")
      ->check(CLI::Range(2, 100));
  app.add_option("--book", flags.book,
                 "Instead of the usual run: what it costs that all policies of "
                 "a folder, such as ledger/policies, are adopted, beside one "
                 "cap")
      ->check(CLI::ExistingDirectory);
  app.add_option("--data", flags.data,
                 "An absent directory for the data, removed afterwards; its "
                 "disk is what is measured")
      ->default_str("./chipledger-bench-data");
  app.add_flag("--json", flags.json, "Print JSON");
  CLI11_PARSE(app, argc, argv);
  // The report is all that standard output holds.
  spdlog::set_level(spdlog::level::off);
  if (flags.data.empty()) flags.data = "./chipledger-bench-data";
  std::error_code error;
  if (!std::filesystem::create_directory(flags.data, error)) {
    std::cerr << "chipledger-bench: cannot make " << flags.data << ": "
              << (error ? error.message() : "it exists") << "\n";
    return 2;
  }
  absl::Status status;
  {
    Bench bench(flags);
    status = bench.Run();
    if (status.ok()) {
      std::cout << (flags.json ? bench.report().ToJson()
                               : bench.report().ToTable());
    }
  }
  std::filesystem::remove_all(flags.data, error);
  if (!status.ok()) {
    std::cerr << "chipledger-bench: " << status << "\n";
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace chipledger::bench

int main(int argc, char** argv) { return chipledger::bench::Main(argc, argv); }
