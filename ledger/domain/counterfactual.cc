#include "ledger/domain/counterfactual.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/as_recorded.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/check.h"
#include "ledger/domain/describe.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::domain {
namespace {

using google::protobuf::Arena;
using Difference = v1::WhatIfResponse::Difference;
using Request = absl::Span<const v1::Entry* const>;

// Indexes of what is accepted here and was refused in the log: no log is so
// long.
constexpr uint64_t kFirstOwnIndex = uint64_t{1} << 62;

// A policy that has counted from the start: whatever is looked up in the log,
// what it counts of it is found anew.
v1::AdoptedPolicy FromTheStart(v1::AdoptedPolicy adopted) {
  adopted.mutable_backfill()->set_through_index(
      std::numeric_limits<uint64_t>::max());
  adopted.mutable_backfill()->set_done(true);
  return adopted;
}

// Decides the adoption on a state that has the catalog, so that it fails as it
// would in a ledger.
absl::Status CheckAdoption(const Catalog& catalog, const History& log,
                           const v1::Policy& policy) {
  State state(State::Tracking::kNothing);
  v1::Event opened;
  opened.mutable_ledger_opened();
  RETURN_IF_ERROR(state.Fold(opened));
  Catalog without_policies = catalog;
  without_policies.policies = Policies();
  state.ReplaceCatalog(std::move(without_policies));
  Arena arena;
  auto* command = Arena::CreateMessage<v1::Command>(&arena);
  *command->mutable_adopt_policy()->mutable_policy() = policy;
  return DecideRequest(state, log, {command}, 0, AskedBy::kAnyone, &arena,
                       Effect::kValidateOnly)
      .status();
}

std::string DescribeRequest(Request request) {
  const std::vector<v1::Command> commands =
      CommandsOf(request.front()->event());
  const size_t count = std::max(commands.size(), request.size());
  const std::string first = DescribeCommand(commands.front());
  return count == 1
             ? first
             : absl::StrCat(first, " and ", count - 1, " more of one request");
}

// Appends the violations of an event that decide, or would have.
void AppendViolations(const Catalog& catalog, const v1::Event& event,
                      uint64_t index, std::vector<v1::Violation>& violations) {
  v1::Judgement judgement = JudgementOf(catalog, event, index);
  for (v1::Violation& violation : *judgement.mutable_violations()) {
    if (violation.verdict() != v1::VERDICT_VIOLATED) continue;
    violations.push_back(std::move(violation));
  }
}

bool SameRules(const std::vector<v1::Violation>& a,
               const std::vector<v1::Violation>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const v1::Violation& x, const v1::Violation& y) {
                      return x.policy_id() == y.policy_id() &&
                             x.rule_id() == y.rule_id();
                    });
}

bool SameDraws(const v1::Event& a, const v1::Event& b) {
  const v1::Evidence* drawn_a = EvidenceOf(a);
  const v1::Evidence* drawn_b = EvidenceOf(b);
  if (drawn_a == nullptr || drawn_b == nullptr) return drawn_a == drawn_b;
  return std::equal(drawn_a->draws().begin(), drawn_a->draws().end(),
                    drawn_b->draws().begin(), drawn_b->draws().end(),
                    [](const v1::LicenseDraw& x, const v1::LicenseDraw& y) {
                      return x.SerializeAsString() == y.SerializeAsString();
                    });
}

// Whether an event is the first of a shipment.
bool BeginsShipment(const v1::Event& event) {
  return ShipmentOf(event) != nullptr && !event.has_shipment_corrected();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Counterfactual>> Counterfactual::Make(
    const History& log, const Catalog& catalog,
    const v1::WhatIfRequest& request) {
  Registers registers{.catalog = catalog};
  FieldChecks file;
  if (!request.policy_file().parameters().empty()) {
    file.Add("policy_file.parameters",
             "are chosen before a file is sent: its rules as they are to be, "
             "and no parameters");
  }
  if (!request.policy_file().rescissions().empty()) {
    file.Add("policy_file.rescissions", "are not tried out; send a policy");
  }
  RETURN_IF_ERROR(file.ToStatus());
  RETURN_IF_ERROR(FoldPolicyFile(request.policy_file(), 0, registers));
  Catalog with_groups = std::move(registers.catalog);
  v1::AdoptedPolicy adopted;
  v1::Policy& policy = *adopted.mutable_policy();
  policy = request.policy_file().policy();
  std::optional<Date> from;
  if (!request.from_date().empty()) {
    FieldChecks checks;
    checks.Date(request.from_date(), true, "from_date");
    RETURN_IF_ERROR(checks.ToStatus());
    from = Date::Parse(request.from_date());
    policy.set_effective_from(request.from_date());
  }
  RETURN_IF_ERROR(CheckAdoption(with_groups, log, policy));
  adopted.set_version(1);
  auto counts_by = std::make_shared<const Catalog>(std::move(with_groups));
  auto compiled = CompilePolicy(0, FromTheStart(std::move(adopted)), counts_by);
  return std::unique_ptr<Counterfactual>(
      new Counterfactual(log, std::move(compiled), std::move(counts_by), from));
}

Counterfactual::Counterfactual(const History& log,
                               std::shared_ptr<const CompiledPolicy> policy,
                               std::shared_ptr<const Catalog> catalog,
                               std::optional<Date> from)
    : log_(log),
      policy_(std::move(policy)),
      catalog_(std::move(catalog)),
      from_(from),
      next_own_index_(kFirstOwnIndex) {}

absl::StatusOr<std::optional<Difference>> Counterfactual::Feed(
    Request request) {
  const v1::Entry& first = *request.front();
  if (first.index() != state_.size()) {
    return DataDamaged(state_.size(),
                       absl::StrCat("says it is entry ", first.index()));
  }
  if (first.index() == 0) {
    RETURN_IF_ERROR(state_.Fold(first.event()));
    Catalog only;
    only.policies.Add(policy_);
    state_.ReplaceCatalog(std::move(only));
    return std::nullopt;
  }
  const v1::Entry& last = *request.back();
  const uint64_t end = last.index() + EntriesOf(last.event());
  fed_ = first.index();
  const bool was_refused = first.event().has_refused();
  RETURN_IF_ERROR(ExpireReservations(RecordTimeNsOf(first)));
  const std::vector<v1::Command*> commands = CommandsToDecide(request);
  std::optional<Difference> difference;
  if (!commands.empty()) {
    // What was refused has one entry, whatever it would have made.
    if (was_refused) state_.MoveTo(next_own_index_);
    const uint64_t index = state_.size();
    auto now = DecideRequest(state_, *this, commands, RecordTimeNsOf(first),
                             AskedBy::kLedger, &arena_, Effect::kApply);
    if (!now.ok() && now.status().code() == absl::StatusCode::kDataLoss) {
      return now.status();
    }
    const bool accepted = now.ok() && !now->refused;
    if (accepted && was_refused) {
      KeepAccepted(index, now->events, first.index());
    }
    if (accepted && !was_refused) KeepChanged(request, now->events);
    if (!accepted && !was_refused) NoteAbsent(request);
    difference = Compare(request, now, index);
    CompileReplaced();
  }
  state_.MoveTo(end);
  arena_.Reset();
  return difference;
}

std::vector<v1::Command*> Counterfactual::CommandsToDecide(Request request) {
  std::vector<v1::Command*> to_decide;
  for (const v1::Entry* entry : request) {
    for (v1::Command& command : CommandsOf(entry->event())) {
      if (IsReplaced(command)) continue;
      to_decide.push_back(Arena::CreateMessage<v1::Command>(&arena_));
      *to_decide.back() = std::move(command);
    }
  }
  return to_decide;
}

bool Counterfactual::IsReplaced(v1::Command& command) const {
  if (command.has_rescind_policy()) {
    return command.rescind_policy().policy_id() == policy_id();
  }
  if (command.has_record_backfill()) {
    return command.record_backfill().policy_id() == policy_id();
  }
  if (command.has_report_totals()) {
    return command.report_totals().policy_id() == policy_id();
  }
  if (command.has_amend_policy())
    return IsReplaced(*command.mutable_amend_policy());
  if (!command.has_adopt_policy()) return false;
  v1::Policy& policy = *command.mutable_adopt_policy()->mutable_policy();
  if (policy.policy_id() != policy_id()) return false;
  // ISO dates sort as text.
  if (!from_ || policy.effective_from() >= from_->ToString()) return true;
  policy.set_policy_id(absl::StrCat(policy_id(), ".before"));
  policy.set_effective_to(from_->ToString());
  return false;
}

bool Counterfactual::IsReplaced(v1::AmendPolicy& command) const {
  v1::Policy& policy = *command.mutable_policy();
  if (policy.policy_id() != policy_id()) return false;
  // ISO dates sort as text.
  if (!from_ || command.effective_date() >= from_->ToString()) return true;
  policy.set_policy_id(absl::StrCat(policy_id(), ".before"));
  policy.set_effective_to(from_->ToString());
  return false;
}

void Counterfactual::CompileReplaced() {
  const std::string before = absl::StrCat(policy_id(), ".before");
  Catalog catalog = state_.catalog();
  bool any = false;
  for (const auto& version : Policies(catalog.policies)) {
    if (version->policy_id() != before || version->counts_by != nullptr) {
      continue;
    }
    catalog.policies.Replace(
        WithStanding(*version, FromTheStart(version->adopted), catalog_));
    any = true;
  }
  if (any) state_.ReplaceCatalog(std::move(catalog));
}

void Counterfactual::KeepAccepted(uint64_t first,
                                  const std::vector<v1::Event*>& events,
                                  uint64_t logged) {
  next_own_index_ = first;
  for (const v1::Event* event : events) {
    const uint64_t index = next_own_index_;
    next_own_index_ += EntriesOf(*event);
    refused_at_[index] = logged;
    events_[index] = std::make_shared<const v1::Event>(*event);
    if (BeginsShipment(*event)) {
      const v1::Shipment& shipment = *ShipmentOf(*event);
      shipments_[{shipment.exporter(), shipment.shipment_reference()}] = index;
    }
  }
}

void Counterfactual::KeepChanged(Request request,
                                 const std::vector<v1::Event*>& events) {
  if (events.size() != request.size()) return;
  for (size_t i = 0; i < events.size(); ++i) {
    if (!SameDraws(request[i]->event(), *events[i])) {
      events_[request[i]->index()] =
          std::make_shared<const v1::Event>(*events[i]);
    }
  }
}

void Counterfactual::NoteAbsent(Request request) {
  for (const v1::Entry* entry : request) {
    if (BeginsShipment(entry->event())) absent_.insert(entry->index());
  }
}

absl::Status Counterfactual::ExpireReservations(int64_t now_ns) {
  // Those of the log expire by its own entries.
  std::vector<uint64_t> due;
  for (const auto& [time_ns, index] : state_.ReservationsByExpiry()) {
    if (time_ns > now_ns) break;
    if (index >= kFirstOwnIndex) due.push_back(index);
  }
  const uint64_t size = state_.size();
  for (const uint64_t index : due) {
    state_.MoveTo(next_own_index_++);
    auto* command = Arena::CreateMessage<v1::Command>(&arena_);
    command->mutable_expire_reservation()->set_reservation_index(index);
    RETURN_IF_ERROR(DecideRequest(state_, *this, {command}, now_ns,
                                  AskedBy::kLedger, &arena_, Effect::kApply)
                        .status());
  }
  state_.MoveTo(size);
  return absl::OkStatus();
}

std::string Counterfactual::ErrorText(const absl::Status& status) const {
  ErrorCause cause = GetErrorCause(status).value_or(ErrorCause());
  uint64_t index = 0;
  if (!absl::SimpleAtoi(cause.metadata["index"], &index)) {
    return std::string(status.message());
  }
  const auto refused = refused_at_.find(index);
  return refused == refused_at_.end()
             ? std::string(status.message())
             : absl::StrCat("would be a repeat of what entry ", refused->second,
                            " refused, which would have been accepted");
}

std::optional<Difference> Counterfactual::Compare(
    Request request, const absl::StatusOr<DecidedRequest>& now,
    uint64_t index) {
  std::vector<v1::Violation> hypothetical;
  const v1::Entry& first = *request.front();
  const bool was_refused = first.event().has_refused();
  Difference difference;
  if (!now.ok()) {
    if (was_refused) return std::nullopt;
    difference.set_kind(Difference::KIND_WOULD_FAIL);
    difference.set_error(ErrorText(now.status()));
  } else if (now->refused != was_refused) {
    difference.set_kind(now->refused ? Difference::KIND_WOULD_BE_REFUSED
                                     : Difference::KIND_WOULD_BE_ACCEPTED);
    if (now->refused) {
      AppendViolations(state_.catalog(), *now->events.front(), index,
                       hypothetical);
    }
  } else if (!was_refused && now->events.size() == request.size()) {
    std::vector<v1::Violation> actual;
    for (size_t i = 0; i < request.size(); ++i) {
      // The policy that is replaced is in the log's catalog only.
      AppendViolations(*catalog_, request[i]->event(), request[i]->index(),
                       actual);
      AppendViolations(state_.catalog(), *now->events[i], index, hypothetical);
      index += EntriesOf(*now->events[i]);
    }
    if (SameRules(actual, hypothetical)) return std::nullopt;
    difference.set_kind(Difference::KIND_OTHER_VIOLATIONS);
  } else {
    return std::nullopt;
  }
  difference.mutable_violations()->Add(
      std::make_move_iterator(hypothetical.begin()),
      std::make_move_iterator(hypothetical.end()));
  difference.set_index(first.index());
  *difference.mutable_record_time() = first.record_time();
  difference.set_description(DescribeRequest(request));
  return difference;
}

absl::StatusOr<std::optional<uint64_t>> Counterfactual::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  const auto own =
      shipments_.find({std::string(exporter), std::string(shipment_reference)});
  if (own != shipments_.end()) return own->second;
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   log_.FindShipment(exporter, shipment_reference));
  // The log knows more than has been fed, and what was not accepted here.
  return index && *index < fed_ && !absent_.contains(*index) ? index
                                                             : std::nullopt;
}

absl::StatusOr<std::shared_ptr<const v1::Event>> Counterfactual::ReadEvent(
    uint64_t index) const {
  const auto own = events_.find(index);
  if (own != events_.end()) return own->second;
  return log_.ReadEvent(index);
}

absl::StatusOr<Catalog> Counterfactual::CatalogAt(uint64_t) const {
  return *catalog_;
}

}  // namespace chipledger::domain
