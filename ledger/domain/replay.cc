#include "ledger/domain/replay.h"

#include <deque>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Arena;

std::string ShipmentKey(absl::string_view exporter,
                        absl::string_view reference) {
  // A party id has no NUL byte.
  return absl::StrCat(exporter, absl::string_view("\0", 1), reference);
}

int64_t RecordTimeNs(const v1::Entry& entry) {
  return entry.record_time().seconds() * 1'000'000'000 +
         entry.record_time().nanos();
}

}  // namespace

class Replayer::Impl final : public History {
 public:
  explicit Impl(ReadEntry read_entry)
      : read_entry_(std::move(read_entry)), arena_(ReusedBlock()) {}

  absl::Status Feed(absl::string_view stored) {
    const uint64_t index = state_.size() + pending_.size();
    auto* entry = Arena::CreateMessage<v1::Entry>(&arena_);
    if (!entry->ParseFromArray(stored.data(),
                               static_cast<int>(stored.size()))) {
      return DataDamaged(index, "the stored bytes are not an Entry");
    }
    RETURN_IF_ERROR(CheckEnvelope(index, *entry));
    // The bytes of a last part are only looked at before Feed returns.
    const bool last = entry->request_part() + 1 == entry->request_parts();
    if (!last) held_.emplace_back(stored);
    pending_.push_back(
        {entry, last ? stored : absl::string_view(held_.back())});
    if (!last) return absl::OkStatus();
    const absl::Status judged = JudgeRequest();
    pending_.clear();
    held_.clear();
    arena_.Reset();
    return judged;
  }

  const State& state() const { return state_; }

  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter, absl::string_view reference) const override {
    const auto found = shipments_.find(ShipmentKey(exporter, reference));
    if (found == shipments_.end()) return std::nullopt;
    return found->second;
  }

  absl::StatusOr<v1::Event> ReadEvent(uint64_t index) const override {
    ASSIGN_OR_RETURN(const std::string stored, read_entry_(index));
    v1::Entry entry;
    if (!entry.ParseFromString(stored)) {
      return DataDamaged(index, "the stored bytes are not an Entry");
    }
    return std::move(*entry.mutable_event());
  }

 private:
  struct Pending {
    v1::Entry* entry;
    absl::string_view stored;
  };

  absl::Status CheckEnvelope(uint64_t index, const v1::Entry& entry) {
    if (entry.index() != index) {
      return DataDamaged(index,
                         absl::StrCat("says it is entry ", entry.index()));
    }
    const int64_t record_time = RecordTimeNs(entry);
    if (index > 0 && record_time <= last_record_time_ns_) {
      return DataDamaged(index, "its record time is not after the one before");
    }
    last_record_time_ns_ = record_time;
    if (entry.request_part() != pending_.size() ||
        entry.request_parts() <= entry.request_part()) {
      return DataDamaged(index, absl::StrCat("is part ", entry.request_part(),
                                             " of ", entry.request_parts(),
                                             " of its request, expected part ",
                                             pending_.size()));
    }
    if (!pending_.empty() &&
        (entry.request_id() != pending_[0].entry->request_id() ||
         entry.principal() != pending_[0].entry->principal() ||
         entry.request_parts() != pending_[0].entry->request_parts())) {
      return DataDamaged(index, "does not belong to the request before it");
    }
    return absl::OkStatus();
  }

  absl::Status JudgeRequest() {
    const uint64_t first = state_.size();
    if (first == 0) return state_.Fold(pending_[0].entry->event());
    std::vector<v1::Command*> commands;
    for (const Pending& pending : pending_) {
      for (v1::Command* command :
           CommandsOf(*pending.entry->mutable_event(), &arena_)) {
        commands.push_back(command);
      }
    }
    if (commands.empty()) {
      return DataDamaged(first,
                         "its event has no kind that this version knows");
    }
    absl::StatusOr<DecidedRequest> decided =
        DecideRequest(state_, *this, commands, &arena_, Effect::kApply);
    if (!decided.ok()) {
      return DataDamaged(first, absl::StrCat("is recorded, but judged again "
                                             "its request is wrong: ",
                                             decided.status().message()));
    }
    if (decided->events.size() != pending_.size()) {
      return DataDamaged(
          first, absl::StrCat("its request has ", pending_.size(),
                              " entries, but judged again it is ",
                              decided->refused ? "refused" : "accepted"));
    }
    for (size_t i = 0; i < pending_.size(); ++i) {
      RETURN_IF_ERROR(Compare(first + i, pending_[i], decided->events[i]));
    }
    return absl::OkStatus();
  }

  // Compares the stored bytes with those that the decided event gives.
  absl::Status Compare(uint64_t index, const Pending& pending,
                       v1::Event* decided) {
    v1::Entry& entry = *pending.entry;
    v1::Event* stored = entry.unsafe_arena_release_event();
    entry.unsafe_arena_set_allocated_event(decided);
    judged_.clear();
    entry.AppendToString(&judged_);
    if (judged_ != pending.stored) {
      return DataDamaged(index,
                         absl::StrCat("expected ", decided->ShortDebugString(),
                                      ", found ", stored->ShortDebugString()));
    }
    if (decided->has_shipment_recorded()) {
      const v1::Shipment& shipment =
          decided->shipment_recorded().command().shipment();
      shipments_[ShipmentKey(shipment.exporter(),
                             shipment.shipment_reference())] = index;
    }
    return absl::OkStatus();
  }

  // Large enough for most requests, so that an entry costs no allocation.
  google::protobuf::ArenaOptions ReusedBlock() {
    google::protobuf::ArenaOptions options;
    options.initial_block = block_.get();
    options.initial_block_size = kBlockBytes;
    return options;
  }

  static constexpr size_t kBlockBytes = 128 * 1024;

  ReadEntry read_entry_;
  State state_;
  std::unique_ptr<char[]> block_ = std::make_unique<char[]>(kBlockBytes);
  Arena arena_;
  // The bytes of a judged entry; kept for its memory.
  std::string judged_;
  std::vector<Pending> pending_;
  // The stored bytes of pending entries but the last; a deque keeps them where
  // they are.
  std::deque<std::string> held_;
  int64_t last_record_time_ns_ = 0;
  absl::flat_hash_map<std::string, uint64_t> shipments_;
};

Replayer::Replayer(ReadEntry read_entry)
    : impl_(std::make_unique<Impl>(std::move(read_entry))) {}

Replayer::~Replayer() = default;

absl::Status Replayer::Feed(absl::string_view stored_entry) {
  return impl_->Feed(stored_entry);
}

const State& Replayer::state() const { return impl_->state(); }

}  // namespace chipledger::domain
