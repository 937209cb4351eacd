#include "ledger/ledger.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/backfiller.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/check_clock.h"
#include "ledger/committer.h"
#include "ledger/deals.h"
#include "ledger/envelope.h"
#include "ledger/explain.h"
#include "ledger/head.h"
#include "ledger/load_state.h"
#include "ledger/moments.h"
#include "ledger/notices.h"
#include "ledger/own_writer.h"
#include "ledger/periodic_task.h"
#include "ledger/pipeline.h"
#include "ledger/publisher.h"
#include "ledger/reports.h"
#include "ledger/sequencer.h"
#include "ledger/shipments.h"
#include "ledger/store/keyspace.h"
#include "ledger/store/store.h"
#include "ledger/timekeeper.h"
#include "ledger/total_entries.h"
#include "ledger/what_if.h"

namespace chipledger {
namespace {

// Stores entry 0.
absl::StatusOr<LoadedState> MakeNewLedger(const LedgerOptions& options,
                                          uint64_t epoch, store::Store& store) {
  LoadedState made;
  made.last_record_time_ns = std::max<int64_t>(options.clock->NowNs(), 1);
  v1::Event event;
  event.mutable_ledger_opened()->set_ledger_id(Uuid::Random().ToString());
  event.mutable_ledger_opened()->set_made_by(options.made_by);
  RETURN_IF_ERROR(made.state.Fold(event));

  const Uuid request_id = Uuid::Random();
  store::EntryGroup entries(0);
  EnvelopeWriter(epoch).Append(domain::kLedgerPrincipal, request_id,
                               made.last_record_time_ns, {&event}, entries);
  store.ids().Add(request_id, 0, {&event});
  RETURN_IF_ERROR(store.log().Append(
      entries,
      MakeHead(made.state.ledger_id(), 1, made.last_record_time_ns, epoch)));
  return made;
}

absl::StatusOr<LoadedState> LoadLedger(const store::Store& store) {
  const std::unique_ptr<store::EntryReader> reader = store.log().NewReader();
  return LoadState(store, store.head_at_open()->size(), LoadShipments::kAll,
                   [&](uint64_t index) { return reader->Read(index); });
}

domain::Snapshot FirstSnapshot(const LoadedState& opened) {
  domain::Snapshot snapshot = opened.state.ToSnapshot();
  snapshot.last_record_time_ns = opened.last_record_time_ns;
  return snapshot;
}

absl::Status TooMany(absl::string_view what, size_t count, size_t max) {
  return MakeError(
      absl::StatusCode::kInvalidArgument, "TOO_MANY_COMMANDS",
      absl::StrCat(what, " has ", count, "; at most ", max, " are allowed"),
      {{"count", absl::StrCat(count)}, {"max_count", absl::StrCat(max)}});
}

// Checks what the pipeline relies on and counts the commands.
absl::StatusOr<size_t> CountCommands(const WriteBatch& batch) {
  if (batch.requests.size() > limits::kMaxRequestsPerBatch) {
    return TooMany("requests of a batch", batch.requests.size(),
                   limits::kMaxRequestsPerBatch);
  }
  // An entry has room for a principal of this size beside its event.
  if (batch.principal.name.size() > limits::kMaxNameBytes) {
    return InvalidFields(
        {{"principal",
          absl::StrCat("has ", batch.principal.name.size(), " bytes; at most ",
                       limits::kMaxNameBytes, " are allowed")}});
  }
  size_t commands = 0;
  for (const WriteRequest& request : batch.requests) {
    if (request.commands.empty()) {
      return InvalidFields(
          {{"commands", "is required: a request has at least one command"}});
    }
    if (request.commands.size() > limits::kMaxCommandsPerRequest) {
      return TooMany("commands of a request", request.commands.size(),
                     limits::kMaxCommandsPerRequest);
    }
    commands += request.commands.size();
  }
  return commands;
}

absl::Status IndexOutOfRange(uint64_t index, uint64_t size) {
  return MakeError(
      absl::StatusCode::kOutOfRange, "INDEX_OUT_OF_RANGE",
      absl::StrCat("index ", index, " is past the ledger's size ", size),
      {{"index", absl::StrCat(index)}, {"size", absl::StrCat(size)}});
}

// LedgerImpl owns the parts and their threads.
class LedgerImpl : public Ledger {
 public:
  LedgerImpl(const LedgerOptions& options, uint64_t epoch,
             std::unique_ptr<store::Store> store, LoadedState opened)
      : clock_(*options.clock),
        ledger_id_(opened.state.ledger_id()),
        store_(std::move(store)),
        publisher_(FirstSnapshot(opened)),
        moments_(*store_, publisher_),
        pipeline_(options.max_queued_commands),
        sequencer_(
            std::move(opened), epoch, options.mark_entries,
            options.max_hold_seconds,
            [this](const absl::Status& cause) {
              committer_.BecomeReadOnly(cause);
            },
            clock_, *store_, publisher_, pipeline_),
        committer_(ledger_id_, epoch, options.log, options.on_read_only,
                   *store_, publisher_, pipeline_),
        sequencer_thread_([this] { sequencer_.Run(); }),
        committer_thread_([this] { committer_.Run(); }),
        own_writer_(pipeline_) {
    // So often that an expiry is durable within a tick of its time.
    timekeeper_.emplace(options.tick / 4, clock_, publisher_, own_writer_);
    backfiller_.emplace(options.tick, *store_, publisher_, own_writer_,
                        options.log);
    // Without it an idle ledger would call itself writable after its files were
    // removed, until somebody writes.
    directory_watch_.emplace(options.tick, [this] {
      const absl::Status in_place = store_->CheckInPlace();
      if (!in_place.ok()) committer_.BecomeReadOnly(in_place);
    });
  }

  ~LedgerImpl() override {
    // Else the writers might wait for ever.
    store_->StopWaiting();
    directory_watch_.reset();
    // These write, and wait for the answers.
    timekeeper_.reset();
    backfiller_.reset();
    pipeline_.Close();
    sequencer_thread_.join();
    committer_thread_.join();
  }

  absl::Status Submit(std::unique_ptr<WriteBatch> batch, WhenFull when_full,
                      WriteDone done) override {
    ASSIGN_OR_RETURN(const size_t commands, CountCommands(*batch));
    return pipeline_.Push(
        {std::move(batch), std::move(done), commands, when_full});
  }

  std::shared_ptr<const domain::Snapshot> Latest() const override {
    return publisher_.Latest();
  }

  void WhenSize(uint64_t min_size, absl::Time deadline,
                absl::AnyInvocable<void(absl::Status)> ready) override {
    publisher_.WhenSize(min_size, deadline, std::move(ready));
  }

  void ReadAt(const v1::ReadPoint& read_point, absl::Time deadline,
              absl::AnyInvocable<void(absl::StatusOr<Moment>)> ready) override {
    moments_.ReadAt(read_point, deadline, std::move(ready));
  }

  absl::StatusOr<std::shared_ptr<const domain::Snapshot>> SnapshotAt(
      uint64_t size) const override {
    return moments_.SnapshotAt(size);
  }

  absl::StatusOr<std::vector<std::string>> ReadEntries(
      uint64_t begin, uint64_t end, size_t max_bytes) const override {
    const uint64_t size = Latest()->size;
    if (begin > size) return IndexOutOfRange(begin, size);
    end = std::min(end, size);
    const std::unique_ptr<store::EntryReader> reader =
        store_->log().NewReader();
    std::vector<std::string> entries;
    size_t bytes = 0;
    for (uint64_t index = begin; index < end; ++index) {
      ASSIGN_OR_RETURN(const absl::string_view entry, reader->Read(index));
      bytes += entry.size();
      if (!entries.empty() && bytes > max_bytes) break;
      entries.emplace_back(entry);
    }
    return entries;
  }

  absl::StatusOr<v1::ShipmentView> GetShipment(
      const Moment& moment, absl::string_view exporter,
      absl::string_view shipment_reference) const override {
    return GetShipmentView(*store_, moment, exporter, shipment_reference);
  }

  absl::StatusOr<ShipmentPage> ListShipments(
      const Moment& moment, const v1::ListShipmentsRequest& filters,
      uint64_t begin, size_t max_count) const override {
    const uint64_t size = moment.snapshot->size;
    if (begin > size) return IndexOutOfRange(begin, size);
    return ListShipmentViews(*store_, moment, filters, begin, max_count);
  }

  absl::StatusOr<TotalEntriesPage> ListTotalEntries(
      const Moment& moment, const domain::TotalKey& total, uint64_t begin,
      size_t max_count) const override {
    return ListTotalMovements(*store_, moment, total, begin, max_count);
  }

  absl::StatusOr<NoticesPage> ListNotices(const Moment& moment,
                                          const v1::ListNoticesRequest& filters,
                                          uint64_t begin,
                                          size_t max_count) const override {
    return ListDueNotices(*store_, moment, filters, begin, max_count);
  }

  absl::StatusOr<DealsPage> ListDeals(const Moment& moment,
                                      const v1::ListDealsRequest& filters,
                                      uint64_t begin,
                                      size_t max_count) const override {
    return ListDealsOf(*store_, moment, filters, begin, max_count);
  }

  absl::StatusOr<ReportsPage> ListReports(const Moment& moment,
                                          const std::string& policy_id,
                                          Date begin,
                                          size_t max_count) const override {
    return ListReportsOf(*store_, moment, policy_id, begin, max_count);
  }

  absl::StatusOr<v1::ExplainFactResponse> ExplainFact(
      const Moment& moment,
      const v1::ExplainFactRequest& request) const override {
    const uint64_t size = moment.snapshot->size;
    if (request.has_index() && request.index() >= size) {
      return IndexOutOfRange(request.index(), size);
    }
    return ExplainFactAt(*store_, moment, clock_.NowNs(),
                         size == Latest()->size, request);
  }

  absl::Status WhatIf(
      const v1::WhatIfRequest& request,
      absl::AnyInvocable<bool(v1::WhatIfResponse)> send) const override {
    std::shared_ptr<const domain::Snapshot> actual = Latest();
    const uint64_t end = request.end_index();
    if (end > actual->size) return IndexOutOfRange(end, actual->size);
    if (end > 0) {
      ASSIGN_OR_RETURN(const uint64_t size, EndOfRequest(end - 1));
      ASSIGN_OR_RETURN(actual, SnapshotAt(size));
    }
    return RunWhatIf(*store_, *actual, Today(), request, std::move(send));
  }

  uint64_t BackfillLookedAt(absl::string_view policy_id) const override {
    return backfiller_->LookedAt(policy_id);
  }

  std::unique_ptr<Subscription> Subscribe(
      std::function<void(uint64_t size)> on_size) override {
    return publisher_.Subscribe(std::move(on_size));
  }

  Status GetStatus() const override {
    return {.ledger_id = ledger_id_,
            .format_version = store::kFormatVersion,
            .read_only_reason = std::string(pipeline_.read_only().message()),
            .queued_commands = pipeline_.queued_commands()};
  }

  void StopWaiting() override { store_->StopWaiting(); }

  Date Today() const override { return Date::FromUnixNs(clock_.NowNs()); }

 private:
  // Returns the size after the whole request that an entry belongs to.
  absl::StatusOr<uint64_t> EndOfRequest(uint64_t index) const {
    const std::unique_ptr<store::EntryReader> reader =
        store_->log().NewReader();
    ASSIGN_OR_RETURN(const absl::string_view bytes, reader->Read(index));
    v1::Entry entry;
    RETURN_IF_ERROR(ParseEntry(bytes, index, entry));
    return index + entry.request_parts() - entry.request_part();
  }

  const Clock& clock_;
  const std::string ledger_id_;
  const std::unique_ptr<store::Store> store_;
  Publisher publisher_;
  // Past states and the threads that load them, which read for const calls too.
  mutable Moments moments_;
  Pipeline pipeline_;
  Sequencer sequencer_;
  Committer committer_;
  std::thread sequencer_thread_;
  std::thread committer_thread_;
  OwnWriter own_writer_;
  std::optional<Timekeeper> timekeeper_;
  std::optional<Backfiller> backfiller_;
  std::optional<PeriodicTask> directory_watch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(LedgerOptions options) {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                   store::Store::Open(
                       {.data_dir = options.data_dir,
                        .mode = options.mode,
                        .max_open_files = options.max_open_files,
                        .log = options.log,
                        .sync = options.sync,
                        .id_generation_entries = options.id_generation_entries,
                        .files = options.files}));
  if (!options.trust_clock) {
    RETURN_IF_ERROR(
        CheckClock(options.clock->NowNs(), options.built_ns,
                   store->head_at_open()
                       ? std::optional<int64_t>(
                             store->head_at_open()->last_record_time_ns())
                       : std::nullopt));
  }
  const bool is_new = !store->head_at_open();
  const uint64_t epoch = is_new ? 1 : store->head_at_open()->epoch() + 1;
  absl::StatusOr<LoadedState> opened =
      is_new ? MakeNewLedger(options, epoch, *store) : LoadLedger(*store);
  RETURN_IF_ERROR(opened.status());
  return std::make_unique<LedgerImpl>(options, epoch, std::move(store),
                                      *std::move(opened));
}

}  // namespace chipledger
