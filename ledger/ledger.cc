#include "ledger/ledger.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/committer.h"
#include "ledger/envelope.h"
#include "ledger/head.h"
#include "ledger/pipeline.h"
#include "ledger/publisher.h"
#include "ledger/rows.h"
#include "ledger/sequencer.h"
#include "ledger/shipments.h"
#include "ledger/store/keyspace.h"
#include "ledger/store/store.h"

namespace chipledger {
namespace {

// The principal of what the ledger records by itself.
constexpr absl::string_view kOwnPrincipal = "ledger";

// The state of the ledger on disk.
struct Opened {
  domain::State state;
  int64_t last_record_time_ns = 0;
};

// Stores entry 0.
absl::StatusOr<Opened> MakeNewLedger(const LedgerOptions& options,
                                     store::Store& store) {
  Opened opened;
  opened.last_record_time_ns = std::max<int64_t>(options.clock->NowNs(), 1);
  v1::Event event;
  event.mutable_ledger_opened()->set_ledger_id(Uuid::Random().ToString());
  event.mutable_ledger_opened()->set_made_by(options.made_by);
  RETURN_IF_ERROR(opened.state.Fold(event));

  const Uuid request_id = Uuid::Random();
  store::EntryGroup entries(0);
  EnvelopeWriter().Append(kOwnPrincipal, request_id, opened.last_record_time_ns,
                          {&event}, entries);
  RETURN_IF_ERROR(store.AppendGroup(
      entries, ToRows(opened.state.TakeDelta(), opened.state.catalog()),
      MakeHead(opened.state.ledger_id(), 1, opened.last_record_time_ns)));
  store.ids().Add(request_id, 0, {&event});
  store.ids().SetDurableSize(1);
  return opened;
}

absl::StatusOr<Opened> LoadLedger(const store::Store& store) {
  const storage::v1::Head& head = *store.head_at_open();
  Opened opened;
  opened.last_record_time_ns = head.last_record_time_ns();
  RETURN_IF_ERROR(store.VisitRows([&](const storage::v1::StateRow& row) {
    return opened.state.RestoreRow(row);
  }));
  RETURN_IF_ERROR(opened.state.FinishRestore(head));
  return opened;
}

domain::Snapshot FirstSnapshot(const Opened& opened) {
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
  LedgerImpl(const LedgerOptions& options, std::unique_ptr<store::Store> store,
             Opened opened)
      : clock_(*options.clock),
        ledger_id_(opened.state.ledger_id()),
        store_(std::move(store)),
        publisher_(FirstSnapshot(opened)),
        pipeline_(options.max_queued_commands),
        sequencer_(std::move(opened.state), opened.last_record_time_ns, clock_,
                   *store_, publisher_, pipeline_),
        committer_(ledger_id_, options.log, *store_, publisher_, pipeline_),
        sequencer_thread_([this] { sequencer_.Run(); }),
        committer_thread_([this] { committer_.Run(); }) {}

  ~LedgerImpl() override {
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

  absl::StatusOr<std::vector<std::string>> ReadEntries(
      uint64_t begin, uint64_t end, size_t max_bytes) const override {
    const uint64_t size = Latest()->size;
    if (begin > size) return IndexOutOfRange(begin, size);
    end = std::min(end, size);
    store::EntryReader reader = store_->NewReader();
    std::vector<std::string> entries;
    size_t bytes = 0;
    for (uint64_t index = begin; index < end; ++index) {
      ASSIGN_OR_RETURN(const absl::string_view entry, reader.Read(index));
      bytes += entry.size();
      if (!entries.empty() && bytes > max_bytes) break;
      entries.emplace_back(entry);
    }
    return entries;
  }

  absl::StatusOr<v1::ShipmentView> GetShipment(
      absl::string_view exporter,
      absl::string_view shipment_reference) const override {
    return GetShipmentView(*store_, *Latest(), exporter, shipment_reference);
  }

  absl::StatusOr<ShipmentPage> ListShipments(
      const v1::ListShipmentsRequest& filters, uint64_t begin, uint64_t end,
      size_t max_count) const override {
    const auto snapshot = Latest();
    if (begin > snapshot->size) return IndexOutOfRange(begin, snapshot->size);
    end = std::clamp(end, begin, snapshot->size);
    return ListShipmentViews(*store_, *snapshot, filters, begin, end,
                             max_count);
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

  Date Today() const override { return Date::FromUnixNs(clock_.NowNs()); }

 private:
  const Clock& clock_;
  const std::string ledger_id_;
  const std::unique_ptr<store::Store> store_;
  Publisher publisher_;
  Pipeline pipeline_;
  Sequencer sequencer_;
  Committer committer_;
  std::thread sequencer_thread_;
  std::thread committer_thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(LedgerOptions options) {
  ASSIGN_OR_RETURN(std::unique_ptr<store::Store> store,
                   store::Store::Open({.data_dir = options.data_dir,
                                       .sync = options.sync,
                                       .id_generation_entries =
                                           options.id_generation_entries}));
  absl::StatusOr<Opened> opened = store->head_at_open()
                                      ? LoadLedger(*store)
                                      : MakeNewLedger(options, *store);
  RETURN_IF_ERROR(opened.status());
  return std::make_unique<LedgerImpl>(options, std::move(store),
                                      *std::move(opened));
}

}  // namespace chipledger
