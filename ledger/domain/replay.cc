#include "ledger/domain/replay.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/event.pb.h"
#include "google/protobuf/arena.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/backfill.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Arena;
using google::protobuf::internal::WireFormatLite;
using storage::v1::StoredEntry;

// One field of a serialized message.
struct WireField {
  int number = 0;
  absl::string_view bytes;
};

// Returns the first field of a serialized message that holds bytes, of the
// number that is wanted or, for 0, of any.
std::optional<WireField> FindField(absl::string_view message, int wanted) {
  google::protobuf::io::CodedInputStream input(
      reinterpret_cast<const uint8_t*>(message.data()),
      static_cast<int>(message.size()));
  while (const uint32_t tag = input.ReadTag()) {
    const int number = WireFormatLite::GetTagFieldNumber(tag);
    uint32_t size = 0;
    if (WireFormatLite::GetTagWireType(tag) !=
        WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&input, tag)) return std::nullopt;
      continue;
    }
    if (!input.ReadVarint32(&size)) return std::nullopt;
    const auto at = static_cast<size_t>(input.CurrentPosition());
    if (size > message.size() - at) return std::nullopt;
    if (wanted == 0 || number == wanted) {
      return WireField{number, message.substr(at, size)};
    }
    if (!input.Skip(static_cast<int>(size))) return std::nullopt;
  }
  return std::nullopt;
}

bool Parse(absl::string_view bytes, google::protobuf::MessageLite& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

int64_t RecordTimeNs(const StoredEntry& entry) {
  return entry.record_time().seconds() * 1'000'000'000 +
         entry.record_time().nanos();
}

// Which shipment has a reference. Keeps a hash for each and leaves the rest to
// the log; the rare references whose hashes are equal are kept whole.
class ShipmentIndex {
 public:
  using Name = std::pair<std::string, std::string>;

  void Add(const v1::Shipment& shipment, uint64_t index) {
    const uint64_t hash =
        absl::HashOf(shipment.exporter(), shipment.shipment_reference());
    if (!by_hash_.try_emplace(hash, index).second) {
      others_[{shipment.exporter(), shipment.shipment_reference()}] = index;
    }
  }

  // `read_event` reads the event with an index.
  template <typename ReadEvent>
  absl::StatusOr<std::optional<uint64_t>> Find(
      absl::string_view exporter, absl::string_view reference,
      const ReadEvent& read_event) const {
    const auto found = by_hash_.find(absl::HashOf(exporter, reference));
    if (found == by_hash_.end()) return std::nullopt;
    ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> event,
                     read_event(found->second));
    if (IsOfShipment(*event, exporter, reference)) return found->second;
    const auto other =
        others_.find({std::string(exporter), std::string(reference)});
    if (other == others_.end()) return std::nullopt;
    return other->second;
  }

 private:
  absl::flat_hash_map<uint64_t, uint64_t> by_hash_;
  absl::flat_hash_map<Name, uint64_t> others_;
};

}  // namespace

class Replayer::Impl final : public History {
 public:
  explicit Impl(ReadEntry read_entry)
      : read_entry_(std::move(read_entry)), arena_(ReusedBlock()) {}

  absl::Status Feed(absl::string_view stored) {
    const uint64_t index = state_.size() + pending_.size();
    auto* entry = Arena::CreateMessage<StoredEntry>(&arena_);
    if (!Parse(stored, *entry)) {
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

  absl::StatusOr<Catalog> CatalogAt(uint64_t size) const override {
    const auto found = catalogs_.find(size);
    if (found == catalogs_.end()) {
      return DataDamaged(size, "is not the adoption of a policy");
    }
    return found->second;
  }

  absl::StatusOr<std::optional<uint64_t>> FindShipment(
      absl::string_view exporter, absl::string_view reference) const override {
    return shipments_.Find(exporter, reference,
                           [this](uint64_t index) { return ReadEvent(index); });
  }

  absl::StatusOr<std::shared_ptr<const v1::Event>> ReadEvent(
      uint64_t index) const override {
    ASSIGN_OR_RETURN(v1::Entry entry, ReadWhole(index));
    return std::make_shared<const v1::Event>(std::move(*entry.mutable_event()));
  }

 private:
  // Reads an entry with its event whole.
  absl::StatusOr<v1::Entry> ReadWhole(uint64_t index) const {
    const auto read = [this](uint64_t at, v1::Entry& into) -> absl::Status {
      ASSIGN_OR_RETURN(const std::string stored, read_entry_(at));
      return Parse(stored, into)
                 ? absl::OkStatus()
                 : DataDamaged(at, "the stored bytes are not an Entry");
    };
    v1::Entry entry;
    RETURN_IF_ERROR(ReadWholeEntry(read, index, entry));
    return entry;
  }

  struct Pending {
    StoredEntry* entry;
    absl::string_view stored;
  };

  absl::Status CheckEnvelope(uint64_t index, const StoredEntry& entry) {
    if (entry.index() != index) {
      return DataDamaged(index,
                         absl::StrCat("says it is entry ", entry.index()));
    }
    const int64_t record_time = RecordTimeNs(entry);
    if (index > 0 && record_time <= last_record_time_ns_) {
      return DataDamaged(index, "its record time is not after the one before");
    }
    last_record_time_ns_ = record_time;
    if (entry.epoch() < epoch_) {
      return DataDamaged(index, absl::StrCat("is of epoch ", entry.epoch(),
                                             ", after one of epoch ", epoch_));
    }
    epoch_ = entry.epoch();
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
    if (first == 0) return FoldFirst();
    std::vector<v1::Command*> commands;
    for (size_t i = 0; i < pending_.size(); ++i) {
      RETURN_IF_ERROR(TakeCommands(first + i, *pending_[i].entry, commands));
    }
    if (commands.empty()) return DataDamaged(first, "its request asks nothing");
    if (commands.front()->has_record_backfill()) {
      RETURN_IF_ERROR(
          CheckBackfill(first, commands.front()->record_backfill()));
    }
    const StoredEntry& entry = *pending_[0].entry;
    const AskedBy by = entry.principal() == kLedgerPrincipal ? AskedBy::kLedger
                                                             : AskedBy::kAnyone;
    // Copied only where it is needed, which is seldom.
    std::optional<Registers> before;
    if (std::any_of(commands.begin(), commands.end(), [](const v1::Command* c) {
          return c->has_adopt_policy();
        })) {
      before = state_.registers();
    }
    absl::StatusOr<DecidedRequest> decided =
        DecideRequest(state_, *this, commands, RecordTimeNs(entry), by, &arena_,
                      Effect::kApply);
    if (!decided.ok()) {
      return DataDamaged(first, absl::StrCat("is recorded, but judged again "
                                             "its request is wrong: ",
                                             decided.status().message()));
    }
    const std::vector<v1::Event*>& entries = decided->entries();
    if (entries.size() != pending_.size()) {
      return DataDamaged(
          first, absl::StrCat("its request has ", pending_.size(),
                              " entries, but judged again it is ",
                              decided->refused ? "refused" : "accepted"));
    }
    for (size_t i = 0; i < pending_.size(); ++i) {
      RETURN_IF_ERROR(Compare(first + i, pending_[i], entries[i]));
    }
    return before ? KeepCatalogs(first, *std::move(before), entries)
                  : absl::OkStatus();
  }

  // Counts the log for a policy that was adopted late, and compares.
  absl::Status CheckBackfill(uint64_t index,
                             const v1::RecordBackfill& recorded) {
    const CompiledPolicy* policy =
        state_.catalog().FindPolicy(recorded.policy_id());
    if (policy == nullptr) return DataDamaged(index, "counts for no policy");
    auto& expected = backfills_[recorded.policy_id()];
    if (expected.empty()) {
      ASSIGN_OR_RETURN(expected, CountAnew(policy->adopted));
    }
    if (recorded.part() >= expected.size() ||
        expected[recorded.part()].SerializeAsString() !=
            recorded.SerializeAsString()) {
      return DataDamaged(
          index, absl::StrCat("part ", recorded.part(), " of what policy ",
                              recorded.policy_id(),
                              " counts is not what counting gives"));
    }
    if (recorded.has_result()) backfills_.erase(recorded.policy_id());
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<v1::RecordBackfill>> CountAnew(
      const v1::AdoptedPolicy& adopted) const {
    ASSIGN_OR_RETURN(const Catalog catalog,
                     CatalogAt(adopted.backfill().through_index()));
    Backfill backfill(*this, adopted, catalog);
    while (!backfill.complete()) {
      ASSIGN_OR_RETURN(const v1::Entry entry, ReadWhole(backfill.next_index()));
      RETURN_IF_ERROR(backfill.Feed(entry));
    }
    return backfill.ToCommands();
  }

  // Keeps the catalogs at the adoption of policies that count what is in the
  // log: history is asked for these. `registers` are those before the request.
  absl::Status KeepCatalogs(uint64_t first, Registers registers,
                            const std::vector<v1::Event*>& events) {
    for (size_t i = 0; i < events.size(); ++i) {
      const uint64_t index = first + i;
      if (events[i]->has_policy_adopted()) {
        catalogs_.emplace(index, registers.catalog);
      }
      RETURN_IF_ERROR(FoldCatalog(*events[i], index, registers));
    }
    return absl::OkStatus();
  }

  absl::Status FoldFirst() {
    v1::Event event;
    if (!Parse(pending_[0].entry->event(), event)) {
      return DataDamaged(0, "its event is not an Event");
    }
    return state_.Fold(event);
  }

  // Reads what was asked from an event and leaves what was decided, which is
  // decided again.
  absl::Status TakeCommands(uint64_t index, const StoredEntry& entry,
                            std::vector<v1::Command*>& commands) {
    const std::optional<WireField> kind = FindField(entry.event(), 0);
    if (kind && kind->number == v1::Event::kEvidenceContinuedFieldNumber) {
      return absl::OkStatus();
    }
    if (kind && kind->number == v1::Event::kRefusedFieldNumber) {
      auto* refused = Arena::CreateMessage<v1::Refused>(&arena_);
      if (!Parse(kind->bytes, *refused)) {
        return DataDamaged(index, "its event is not an Event");
      }
      for (v1::Command& command : *refused->mutable_commands()) {
        commands.push_back(&command);
      }
      return absl::OkStatus();
    }
    const auto* command_kind = kind ? CommandKindOf(kind->number) : nullptr;
    // Every kind of event has its command as field 1.
    const std::optional<WireField> bytes =
        command_kind ? FindField(kind->bytes, 1) : std::nullopt;
    if (!bytes) {
      return DataDamaged(index,
                         "its event has no kind that this version knows");
    }
    auto* command = Arena::CreateMessage<v1::Command>(&arena_);
    if (!Parse(bytes->bytes, *command->GetReflection()->MutableMessage(
                                 command, command_kind))) {
      return DataDamaged(index, "its command is not what its kind says");
    }
    commands.push_back(command);
    return absl::OkStatus();
  }

  // Compares the stored bytes with those that the decided event gives.
  absl::Status Compare(uint64_t index, const Pending& pending,
                       v1::Event* decided) {
    const StoredEntry& entry = *pending.entry;
    expected_.set_index(index);
    *expected_.mutable_record_time() = entry.record_time();
    expected_.set_principal(entry.principal());
    expected_.set_request_id(entry.request_id());
    expected_.set_request_part(entry.request_part());
    expected_.set_request_parts(entry.request_parts());
    expected_.set_epoch(entry.epoch());
    // Lent for the moment of writing, so that the event is not copied.
    expected_.unsafe_arena_set_allocated_event(decided);
    expected_bytes_.clear();
    expected_.AppendToString(&expected_bytes_);
    expected_.unsafe_arena_release_event();
    if (expected_bytes_ != pending.stored) {
      v1::Event found;
      Parse(entry.event(), found);
      return DataDamaged(index,
                         absl::StrCat("expected ", decided->ShortDebugString(),
                                      ", found ", found.ShortDebugString()));
    }
    const v1::Shipment* shipment = ShipmentOf(*decided);
    if (shipment != nullptr && !decided->has_shipment_corrected()) {
      shipments_.Add(*shipment, index);
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
  State state_{State::Tracking::kNothing};
  ShipmentIndex shipments_;
  // At the adoption of policies, by its index.
  std::map<uint64_t, Catalog> catalogs_;
  // What policies adopted late must have counted, until it is recorded.
  std::map<std::string, std::vector<v1::RecordBackfill>> backfills_;
  int64_t last_record_time_ns_ = 0;
  // Of the last entry.
  uint64_t epoch_ = 0;

  // The request that is being fed.
  std::unique_ptr<char[]> block_ = std::make_unique<char[]>(kBlockBytes);
  Arena arena_;
  std::vector<Pending> pending_;
  // The stored bytes of pending entries but the last; a deque keeps them where
  // they are.
  std::deque<std::string> held_;

  // Kept for their memory.
  v1::Entry expected_;
  std::string expected_bytes_;
};

Replayer::Replayer(ReadEntry read_entry)
    : impl_(std::make_unique<Impl>(std::move(read_entry))) {}

Replayer::~Replayer() = default;

absl::Status Replayer::Feed(absl::string_view stored_entry) {
  return impl_->Feed(stored_entry);
}

const State& Replayer::state() const { return impl_->state(); }

}  // namespace chipledger::domain
