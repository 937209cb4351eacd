#include "ledger/scenario/memory_ledger.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "google/protobuf/arena.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/backfill.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/replay.h"
#include "ledger/domain/reports.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::scenarios {
namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;
constexpr int64_t kNsPerDay = 86'400 * kNsPerSecond;
constexpr char kLedgerId[] = "00000000-0000-4000-8000-000000000000";

// Judges the first entries again and returns what `read` reads from the state
// they give.
template <typename Read>
auto Replay(const std::vector<std::string>& entries, uint64_t size,
            const Read& read)
    -> absl::StatusOr<decltype(read(std::declval<const domain::State&>()))> {
  domain::Replayer replayer([&](uint64_t index) -> absl::StatusOr<std::string> {
    return entries[index];
  });
  for (uint64_t index = 0; index < size; ++index) {
    RETURN_IF_ERROR(replayer.Feed(entries[index]));
  }
  if (replayer.state().size() != size) {
    return absl::DataLossError(absl::StrCat("the request at entry ",
                                            replayer.state().size(),
                                            " is not there whole"));
  }
  return read(replayer.state());
}

}  // namespace

MemoryLedger::MemoryLedger(Date start) : now_ns_(start.days() * kNsPerDay) {
  v1::Event opened;
  opened.mutable_ledger_opened()->set_ledger_id(kLedgerId);
  opened.mutable_ledger_opened()->set_made_by("memory ledger");
  absl::Status folded = state_.Fold(opened);
  if (!folded.ok()) std::abort();
  Append({&opened}, domain::AskedBy::kLedger);
}

void MemoryLedger::GoToDate(Date record_date) {
  // The next entry is a second later.
  now_ns_ = std::max<int64_t>(now_ns_, record_date.days() * kNsPerDay);
}

MemoryLedger::Outcome MemoryLedger::Submit(
    absl::Span<const v1::Command> commands, bool validate_only,
    domain::AskedBy by) {
  google::protobuf::Arena arena;
  std::vector<v1::Command*> on_arena;
  for (const v1::Command& command : commands) {
    on_arena.push_back(
        google::protobuf::Arena::CreateMessage<v1::Command>(&arena));
    *on_arena.back() = command;
  }
  const uint64_t index = state_.size();
  auto decided = domain::DecideRequest(
      state_, *this, on_arena, now_ns_ + kNsPerSecond, by, &arena,
      validate_only ? domain::Effect::kValidateOnly : domain::Effect::kApply);
  Outcome outcome;
  outcome.status = decided.status();
  if (!decided.ok()) return outcome;
  outcome.refused = decided->refused;
  for (const v1::Event* event : decided->events) {
    outcome.events.push_back(*event);
  }
  const std::vector<const v1::Event*> events(decided->events.begin(),
                                             decided->events.end());
  outcome.judgements = domain::JudgementsOf(state_.catalog(), events, index);
  if (validate_only) return outcome;
  outcome.index = index;
  Append(decided->entries(), by);
  return outcome;
}

void MemoryLedger::Append(const std::vector<v1::Event*>& events,
                          domain::AskedBy by) {
  const std::string request_id =
      absl::StrFormat("00000000-0000-4000-8000-%012d", next_request_++);
  for (size_t part = 0; part < events.size(); ++part) {
    // Entries of one request follow each other by a nanosecond.
    now_ns_ += part == 0 ? kNsPerSecond : 1;
    v1::Entry entry;
    entry.set_index(entries_.size());
    entry.mutable_record_time()->set_seconds(now_ns_ / kNsPerSecond);
    entry.mutable_record_time()->set_nanos(now_ns_ % kNsPerSecond);
    entry.set_principal(by == domain::AskedBy::kLedger
                            ? std::string(domain::kLedgerPrincipal)
                            : "scenario");
    entry.set_request_id(request_id);
    entry.set_request_part(part);
    entry.set_request_parts(events.size());
    entry.set_epoch(1);
    *entry.mutable_event() = *events[part];
    const v1::Shipment* shipment = domain::ShipmentOf(*events[part]);
    if (shipment != nullptr && !events[part]->has_shipment_corrected()) {
      shipments_[{shipment->exporter(), shipment->shipment_reference()}] =
          entry.index();
    }
    entries_.push_back(entry.SerializeAsString());
  }
}

std::optional<MemoryLedger::Due> MemoryLedger::FirstDue(
    int64_t until_ns) const {
  std::optional<Due> first;
  // Of what is due at one time, that which is named first.
  const auto find_command = [&](int64_t at_ns) -> v1::Command* {
    if (at_ns > until_ns || (first && first->at_ns <= at_ns)) return nullptr;
    return &first.emplace(Due{.at_ns = at_ns, .command = {}}).command;
  };
  if (!state_.ReservationsByExpiry().empty()) {
    const auto& [expire_time_ns, index] =
        *state_.ReservationsByExpiry().begin();
    if (v1::Command* command = find_command(expire_time_ns)) {
      command->mutable_expire_reservation()->set_reservation_index(index);
    }
  }
  if (!state_.LicensesByExpiry().empty()) {
    const auto& [last_export_date, license_id] =
        *state_.LicensesByExpiry().begin();
    // The first day on which it is over everywhere.
    if (v1::Command* command = find_command((int64_t{last_export_date.days()} +
                                             domain::kDaysUntilOverEverywhere) *
                                            kNsPerDay)) {
      command->mutable_expire_license()->set_license_id(license_id);
    }
  }
  const std::vector<domain::DueReport> reports =
      domain::DueReports(state_.registers(), Date::FromUnixNs(until_ns));
  if (!reports.empty()) {
    const domain::DueReport& report = reports.front();
    if (v1::Command* command =
            find_command((int64_t{report.date.days()} + 1) * kNsPerDay)) {
      command->mutable_report_totals()->set_policy_id(
          report.policy->policy_id());
      command->mutable_report_totals()->set_date(report.date.ToString());
    }
  }
  return first;
}

absl::Status MemoryLedger::PassTime(int64_t until_ns) {
  for (std::optional<Due> due = FirstDue(until_ns); due.has_value();
       due = FirstDue(until_ns)) {
    now_ns_ = std::max(now_ns_, due->at_ns);
    RETURN_IF_ERROR(RecordOwn(due->command));
  }
  now_ns_ = std::max(now_ns_, until_ns);
  return absl::OkStatus();
}

absl::Status MemoryLedger::RecordOwn(const v1::Command& command) {
  const Outcome outcome = Submit({command}, false, domain::AskedBy::kLedger);
  RETURN_IF_ERROR(outcome.status);
  if (outcome.refused) {
    return absl::InternalError("the rules refuse what the ledger records");
  }
  return absl::OkStatus();
}

absl::Status MemoryLedger::CountLateAdoptions() {
  // Counting replaces the catalog, so the policies are copied first.
  std::vector<v1::AdoptedPolicy> late;
  for (const auto& policy : state_.catalog().policies) {
    if (policy->IsBackfilling()) late.push_back(policy->adopted);
  }
  for (const v1::AdoptedPolicy& adopted : late) {
    RETURN_IF_ERROR(CountLog(adopted));
  }
  return absl::OkStatus();
}

absl::Status MemoryLedger::CountLog(const v1::AdoptedPolicy& adopted) {
  ASSIGN_OR_RETURN(const domain::Catalog catalog,
                   CatalogAt(adopted.backfill().through_index()));
  domain::Backfill backfill(*this, adopted, catalog);
  while (!backfill.complete()) {
    ASSIGN_OR_RETURN(const v1::Entry entry, ReadEntry(backfill.next_index()));
    RETURN_IF_ERROR(backfill.Feed(entry));
  }
  for (const v1::RecordBackfill& part : backfill.ToCommands()) {
    v1::Command command;
    *command.mutable_record_backfill() = part;
    RETURN_IF_ERROR(RecordOwn(command));
  }
  return absl::OkStatus();
}

absl::StatusOr<domain::Snapshot> MemoryLedger::SnapshotAt(uint64_t size) const {
  return Replay(entries_, size,
                [](const domain::State& state) { return state.ToSnapshot(); });
}

absl::StatusOr<std::optional<uint64_t>> MemoryLedger::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  auto found =
      shipments_.find({std::string(exporter), std::string(shipment_reference)});
  if (found == shipments_.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<std::shared_ptr<const v1::Event>> MemoryLedger::ReadEvent(
    uint64_t index) const {
  ASSIGN_OR_RETURN(v1::Entry entry, ReadEntry(index));
  return std::make_shared<const v1::Event>(std::move(*entry.mutable_event()));
}

absl::StatusOr<v1::Entry> MemoryLedger::ReadEntry(uint64_t index) const {
  const auto read = [this](uint64_t at, v1::Entry& into) -> absl::Status {
    return at < entries_.size() && into.ParseFromString(entries_[at])
               ? absl::OkStatus()
               : absl::DataLossError(absl::StrCat("cannot read entry ", at));
  };
  v1::Entry entry;
  RETURN_IF_ERROR(domain::ReadWholeEntry(read, index, entry));
  return entry;
}

absl::StatusOr<domain::Catalog> MemoryLedger::CatalogAt(uint64_t size) const {
  domain::Registers registers;
  for (uint64_t index = 0; index < size; ++index) {
    ASSIGN_OR_RETURN(const auto event, ReadEvent(index));
    RETURN_IF_ERROR(domain::FoldCatalog(*event, index, registers));
  }
  return std::move(registers.catalog);
}

absl::StatusOr<std::vector<std::pair<domain::TotalKey, domain::Total>>>
ReplayTotals(const std::vector<std::string>& entries) {
  return Replay(entries, entries.size(), [](const domain::State& state) {
    return state.SortedTotals();
  });
}

}  // namespace chipledger::scenarios
