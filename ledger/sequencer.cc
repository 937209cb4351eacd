#include "ledger/sequencer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/answers.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
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
    if (!command->has_record_shipment()) continue;
    const v1::Shipment& shipment = command->record_shipment().shipment();
    keys.push_back(store::IdKey::Shipment(shipment.exporter(),
                                          shipment.shipment_reference()));
  }
}

absl::StatusOr<v1::Event> ParseEvent(absl::string_view bytes, uint64_t index) {
  v1::Entry entry;
  if (!entry.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return MakeError(absl::StatusCode::kDataLoss, "DATA_DAMAGED",
                     absl::StrCat("entry ", index, " is not an entry"),
                     {{"index", absl::StrCat(index)}});
  }
  return std::move(*entry.mutable_event());
}

}  // namespace

Sequencer::Sequencer(domain::State state, int64_t last_record_time_ns,
                     const Clock& clock, store::Store& store,
                     const Publisher& publisher, Pipeline& pipeline)
    : state_(std::move(state)),
      last_record_time_ns_(last_record_time_ns),
      clock_(clock),
      store_(store),
      publisher_(publisher),
      pipeline_(pipeline),
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
  store_.ids().Prefetch(std::move(keys));
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
  const int64_t record_time_ns =
      std::max(clock_.NowNs(), last_record_time_ns_ + 1);
  auto decided = domain::DecideRequest(
      state_, *this, request.commands, Date::FromUnixNs(record_time_ns),
      &batch.arena,
      request.validate_only ? domain::Effect::kValidateOnly
                            : domain::Effect::kApply);
  if (!decided.ok()) {
    answer.status = decided.status();
    return;
  }
  answer.events = std::move(decided->events);
  if (!request.validate_only) {
    Record(batch, request.request_id, record_time_ns, answer);
  }
  answer.size = state_.size();
  if (decided->refused) {
    answer.status =
        RefusedByRules(answer.events.front()->refused(), answer.index);
  }
}

void Sequencer::Record(WriteBatch& batch, const Uuid& request_id,
                       int64_t record_time_ns, WriteAnswer& answer) {
  const uint64_t index = group_->entries->end_index();
  envelope_.Append(batch.principal.name, request_id, record_time_ns,
                   answer.events, *group_->entries);
  last_record_time_ns_ =
      record_time_ns + static_cast<int64_t>(answer.events.size()) - 1;
  store_.ids().Add(request_id, index, answer.events);
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

absl::StatusOr<v1::Event> Sequencer::ReadEvent(uint64_t index) const {
  if (index >= group_->entries->first_index()) {
    return ParseEvent(group_->entries->entry(index), index);
  }
  for (const auto& entries : under_way_) {
    if (entries->first_index() <= index && index < entries->end_index()) {
      return ParseEvent(entries->entry(index), index);
    }
  }
  store::EntryReader reader = store_.NewReader();
  ASSIGN_OR_RETURN(const absl::string_view bytes, reader.Read(index));
  return ParseEvent(bytes, index);
}

}  // namespace chipledger
