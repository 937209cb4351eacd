#include "ledger/sequencer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/answers.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/named_shipments.h"
#include "ledger/envelope.h"
#include "ledger/store/keyspace.h"

namespace chipledger {
namespace {

// Ids looked up together: enough to share the cost, few enough to stay in the
// processor's cache until they are used.
constexpr size_t kPrefetchedIds = 256;

// Appends the ids that deciding a request asks for.
void AppendIds(const WriteRequest& request, std::vector<store::IdKey>& keys) {
  keys.push_back(store::IdKey::Request(request.request_id));
  for (const v1::Command* command : request.commands) {
    domain::VisitShipments(
        *command, [&](absl::string_view exporter, absl::string_view reference,
                      domain::ShipmentUse) {
          keys.push_back(store::IdKey::Shipment(exporter, reference));
        });
  }
}

// Checks the one thing about commands that each ledger is set to by itself. So
// it is looked at before a request is decided for the first time, and neither
// when it is repeated nor by a replay.
// Errors: INVALID_FIELD.
absl::Status CheckHolds(absl::Span<v1::Command* const> commands,
                        int64_t max_hold_seconds) {
  // That bound is checked with the rest of a command.
  if (max_hold_seconds >= limits::kMaxHoldSeconds) return absl::OkStatus();
  std::vector<FieldViolation> violations;
  for (size_t i = 0; i < commands.size(); ++i) {
    if (!commands[i]->has_reserve_shipment()) continue;
    const int64_t asked = commands[i]->reserve_shipment().hold_seconds();
    if (asked <= max_hold_seconds) continue;
    violations.push_back(
        {commands.size() == 1 ? "hold_seconds"
                              : absl::StrCat("commands[", i, "].hold_seconds"),
         absl::StrCat(asked, " is more than ", max_hold_seconds,
                      ", the longest that this ledger is set to hold")});
  }
  return violations.empty() ? absl::OkStatus() : InvalidFields(violations);
}

}  // namespace

Sequencer::Sequencer(LoadedState durable, uint64_t epoch, size_t mark_entries,
                     int64_t max_hold_seconds,
                     std::function<void(const absl::Status&)> stop_writing,
                     const Clock& clock, store::Store& store,
                     const Publisher& publisher, Pipeline& pipeline)
    : state_(std::move(durable.state)),
      last_record_time_ns_(durable.last_record_time_ns),
      mark_entries_(mark_entries),
      max_hold_seconds_(max_hold_seconds),
      stop_writing_(std::move(stop_writing)),
      mark_(durable.mark),
      clock_(clock),
      store_(store),
      publisher_(publisher),
      pipeline_(pipeline),
      envelope_(epoch),
      group_(std::make_unique<Group>(state_.size())) {}

void Sequencer::Run() {
  std::vector<QueuedBatch> batches;
  while (true) {
    switch (pipeline_.Next(!group_->empty(), batches)) {
      case Pipeline::Task::kDecide:
        for (size_t i = 0; i < batches.size(); ++i) {
          Decide(absl::MakeSpan(batches).subspan(i));
        }
        break;
      case Pipeline::Task::kHandOn:
        HandOnGroup();
        break;
      case Pipeline::Task::kEnd:
        pipeline_.HandOn(nullptr);
        return;
    }
  }
}

void Sequencer::Decide(absl::Span<QueuedBatch> batches) {
  QueuedBatch& queued = batches.front();
  WriteBatch& batch = *queued.batch;
  batch.answers.resize(batch.requests.size());
  for (size_t place = 0; place < batch.requests.size(); ++place) {
    if (GroupIsFull()) HandOnGroup();
    if (group_->spans.empty() || group_->spans.back().batch != &batch) {
      group_->spans.push_back({&batch, place, place});
    }
    group_->spans.back().end = place + 1;
    group_->commands += batch.requests[place].commands.size();
    if (prefetched_ == 0) PrefetchIds(batches, place);
    --prefetched_;
    DecideRequest(batch, place);
  }
  pipeline_.Dequeue(queued);
  group_->finished.push_back(std::move(queued));
}

void Sequencer::PrefetchIds(absl::Span<const QueuedBatch> batches,
                            size_t place) {
  std::vector<store::IdKey> keys;
  keys.reserve(kPrefetchedIds + 2);
  for (const QueuedBatch& queued : batches) {
    const std::vector<WriteRequest>& requests = queued.batch->requests;
    for (; place < requests.size() && keys.size() < kPrefetchedIds; ++place) {
      AppendIds(requests[place], keys);
      ++prefetched_;
    }
    place = 0;
  }
  store_.ids().Prefetch(keys);
}

void Sequencer::DecideRequest(WriteBatch& batch, size_t place) {
  const WriteRequest& request = batch.requests[place];
  WriteAnswer& answer = batch.answers[place];
  const auto known = store_.ids().FindRequest(request.request_id);
  if (!known.ok()) {
    answer.status = known.status();
    return;
  }
  if (known->has_value()) {
    group_->repeats.push_back({&batch, place, **known});
    return;
  }
  answer.status = CheckHolds(request.commands, max_hold_seconds_);
  if (!answer.status.ok()) return;
  const int64_t record_time_ns =
      std::max(clock_.NowNs(), last_record_time_ns_ + 1);
  auto decided = domain::DecideRequest(
      state_, *this, request.commands, record_time_ns, batch.asked_by,
      &batch.arena,
      request.validate_only ? domain::Effect::kValidateOnly
                            : domain::Effect::kApply);
  if (!decided.ok()) {
    answer.status = decided.status();
    // What rests on damage is not added to.
    if (absl::IsDataLoss(answer.status)) stop_writing_(answer.status);
    return;
  }
  if (!request.validate_only) {
    Record(batch, request.request_id, record_time_ns, decided->entries(),
           answer);
  }
  answer.events = std::move(decided->events);
  answer.size = state_.size();
  if (decided->refused) FillRefusal(state_.catalog(), answer);
}

void Sequencer::Record(WriteBatch& batch, const Uuid& request_id,
                       int64_t record_time_ns,
                       const std::vector<v1::Event*>& events,
                       WriteAnswer& answer) {
  const uint64_t index = group_->entries->end_index();
  envelope_.Append(batch.principal.name, request_id, record_time_ns, events,
                   *group_->entries);
  last_record_time_ns_ =
      record_time_ns + static_cast<int64_t>(events.size()) - 1;
  store_.ids().Add(request_id, index, events);
  answer.index = index;
  answer.record_time_ns = record_time_ns;
}

bool Sequencer::GroupIsFull() const {
  return group_->commands >= limits::kMaxGroupCommands ||
         group_->entries->bytes() >= limits::kMaxGroupBytes;
}

void Sequencer::HandOnGroup() {
  group_->delta = state_.TakeDelta();
  group_->last_record_time_ns = last_record_time_ns_;
  // Only with entries: a group without any is not stored.
  if (!group_->entries->empty() && state_.size() - mark_ >= mark_entries_) {
    group_->mark = state_.TakeMark();
    mark_ = state_.size();
  }
  const uint64_t durable_size = publisher_.Latest()->size;
  while (!under_way_.empty() &&
         under_way_.front()->end_index() <= durable_size) {
    under_way_.pop_front();
  }
  if (!group_->entries->empty()) under_way_.push_back(group_->entries);
  pipeline_.HandOn(std::move(group_));
  group_ = std::make_unique<Group>(state_.size());
  store_.ids().EndGroup(state_.size());
}

absl::StatusOr<std::optional<uint64_t>> Sequencer::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  return store_.ids().FindShipment(exporter, shipment_reference);
}

std::optional<absl::string_view> Sequencer::FindUnderWay(uint64_t index) const {
  if (index >= group_->entries->first_index()) {
    return group_->entries->entry(index);
  }
  for (const auto& entries : under_way_) {
    if (entries->first_index() <= index && index < entries->end_index()) {
      return entries->entry(index);
    }
  }
  return std::nullopt;
}

absl::StatusOr<std::shared_ptr<const v1::Event>> Sequencer::ReadEvent(
    uint64_t index) const {
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  v1::Entry entry;
  RETURN_IF_ERROR(ReadWhole(
      [&](uint64_t at) -> absl::StatusOr<absl::string_view> {
        if (const auto bytes = FindUnderWay(at)) return *bytes;
        return reader->Read(at);
      },
      index, entry));
  return std::make_shared<const v1::Event>(std::move(*entry.mutable_event()));
}

absl::StatusOr<domain::Catalog> Sequencer::CatalogAt(uint64_t size) const {
  const auto found = past_catalogs_.find(size);
  if (found != past_catalogs_.end()) return found->second;
  const std::unique_ptr<store::EntryReader> reader = store_.log().NewReader();
  const auto read_entry =
      [&](uint64_t index) -> absl::StatusOr<absl::string_view> {
    if (const auto bytes = FindUnderWay(index)) return *bytes;
    return reader->Read(index);
  };
  ASSIGN_OR_RETURN(
      const LoadedState loaded,
      LoadState(store_, size, LoadShipments::kSinceMark, read_entry));
  return past_catalogs_.emplace(size, loaded.state.catalog()).first->second;
}

}  // namespace chipledger
