#include "tests/support/memory_ledger.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/arena.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/replay.h"

namespace chipledger::testing {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerDay = 86'400 * kNsPerSecond;
constexpr char kLedgerId[] = "00000000-0000-4000-8000-000000000000";

}  // namespace

MemoryLedger::MemoryLedger(Date start) : now_ns_(start.days() * kNsPerDay) {
  v1::Event opened;
  opened.mutable_ledger_opened()->set_ledger_id(kLedgerId);
  opened.mutable_ledger_opened()->set_made_by("memory ledger");
  absl::Status folded = state_.Fold(opened);
  if (!folded.ok()) std::abort();
  Append({opened});
}

void MemoryLedger::GoToDate(Date record_date) {
  now_ns_ = std::max<int64_t>(now_ns_, record_date.days() * kNsPerDay);
}

MemoryLedger::Outcome MemoryLedger::Submit(
    absl::Span<const v1::Command> commands, bool validate_only) {
  google::protobuf::Arena arena;
  std::vector<v1::Command*> on_arena;
  for (const v1::Command& command : commands) {
    on_arena.push_back(
        google::protobuf::Arena::CreateMessage<v1::Command>(&arena));
    *on_arena.back() = command;
  }
  const uint64_t index = state_.size();
  auto decided = domain::DecideRequest(
      state_, *this, on_arena, Date::FromUnixNs(now_ns_ + kNsPerSecond), &arena,
      validate_only ? domain::Effect::kValidateOnly : domain::Effect::kApply);
  Outcome outcome;
  outcome.status = decided.status();
  if (!decided.ok()) return outcome;
  outcome.refused = decided->refused;
  for (const v1::Event* event : decided->events) {
    outcome.events.push_back(*event);
  }
  if (validate_only) return outcome;
  outcome.index = index;
  Append(outcome.events);
  return outcome;
}

void MemoryLedger::Append(const std::vector<v1::Event>& events) {
  const std::string request_id =
      absl::StrFormat("00000000-0000-4000-8000-%012d", next_request_++);
  for (size_t part = 0; part < events.size(); ++part) {
    now_ns_ += kNsPerSecond;
    v1::Entry entry;
    entry.set_index(entries_.size());
    entry.mutable_record_time()->set_seconds(now_ns_ / kNsPerSecond);
    entry.mutable_record_time()->set_nanos(now_ns_ % kNsPerSecond);
    entry.set_principal("scenario");
    entry.set_request_id(request_id);
    entry.set_request_part(part);
    entry.set_request_parts(events.size());
    *entry.mutable_event() = events[part];
    if (events[part].has_shipment_recorded()) {
      const v1::Shipment& shipment =
          events[part].shipment_recorded().command().shipment();
      shipments_[{shipment.exporter(), shipment.shipment_reference()}] =
          entry.index();
    }
    entries_.push_back(entry.SerializeAsString());
  }
}

absl::StatusOr<std::optional<uint64_t>> MemoryLedger::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  auto found =
      shipments_.find({std::string(exporter), std::string(shipment_reference)});
  if (found == shipments_.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<v1::Event> MemoryLedger::ReadEvent(uint64_t index) const {
  v1::Entry entry;
  if (index >= entries_.size() || !entry.ParseFromString(entries_[index])) {
    return absl::DataLossError(absl::StrCat("cannot read entry ", index));
  }
  return entry.event();
}

absl::StatusOr<std::vector<std::pair<domain::TotalId, domain::Total>>>
ReplayTotals(const std::vector<std::string>& entries) {
  domain::Replayer replayer([&](uint64_t index) -> absl::StatusOr<std::string> {
    return entries[index];
  });
  for (const std::string& entry : entries) {
    RETURN_IF_ERROR(replayer.Feed(entry));
  }
  if (replayer.state().size() != entries.size()) {
    return absl::DataLossError(absl::StrCat("the request at entry ",
                                            replayer.state().size(),
                                            " is not there whole"));
  }
  return replayer.state().SortedTotals();
}

}  // namespace chipledger::testing
