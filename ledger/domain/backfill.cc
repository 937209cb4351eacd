#include "ledger/domain/backfill.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/as_recorded.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::domain {
namespace {

// Room for the policy's id and the result beside the amounts of a part.
constexpr size_t kMaxAmountBytes = limits::kMaxRequestBytes - 16 * 1024;
constexpr int kMaxListedIndexes = 1'000;

// The policy as the state of a backfill holds it: it refuses nothing, and
// whatever is looked up in the log was recorded before it counted. What ended
// it since its adoption changes nothing of what was there before.
v1::AdoptedPolicy AdoptedLast(const v1::AdoptedPolicy& adopted) {
  v1::AdoptedPolicy last = adopted;
  last.set_index(std::numeric_limits<uint64_t>::max());
  last.set_mode(v1::ADOPTION_MODE_REPORT_ONLY);
  last.clear_rescinded_from();
  last.clear_superseded_from();
  last.mutable_backfill()->set_through_index(
      std::numeric_limits<uint64_t>::max());
  last.mutable_backfill()->set_done(true);
  return last;
}

// Whether the entry's facts can move a total or change what does.
bool IsCounted(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kProductRegistered:
    case v1::Event::kPartyRegistered:
    case v1::Event::kCountryGroupChanged:
    case v1::Event::kPolicyAdopted:
    case v1::Event::kPolicyAmended:
    case v1::Event::kPolicyRescinded:
    case v1::Event::kBackfillRecorded:
    case v1::Event::kTotalsReported:
    case v1::Event::kRefused:
      return false;
    default:
      return true;
  }
}

bool ExceedsLimit(const Evaluation& evaluation, const CompiledPolicy& policy) {
  if ((evaluation.verdict != v1::VERDICT_REPORTED &&
       evaluation.verdict != v1::VERDICT_NOTICE_DUE) ||
      evaluation.asked <= 0) {
    return false;
  }
  const std::optional<int64_t> limit =
      JudgedLimit(evaluation, policy.rules[evaluation.rule]);
  return limit && HeadroomAfter(evaluation, *limit) < 0;
}

}  // namespace

Backfill::Backfill(const History& log, const v1::AdoptedPolicy& adopted,
                   const Catalog& catalog)
    : log_(log),
      policy_id_(adopted.policy().policy_id()),
      through_index_(adopted.backfill().through_index()),
      catalog_(catalog) {
  catalog_.calendars = {};
  catalog_.policies = Policies({CompilePolicy(0, AdoptedLast(adopted))});
}

absl::Status Backfill::Feed(const v1::Entry& entry) {
  const uint64_t index = next_index();
  if (entry.index() != index) {
    return DataDamaged(index, absl::StrCat("says it is entry ", entry.index()));
  }
  const uint64_t end = index + EntriesOf(entry.event());
  if (index == 0) {
    RETURN_IF_ERROR(state_.Fold(entry.event()));
    state_.ReplaceCatalog(catalog_);
    return absl::OkStatus();
  }
  if (!IsCounted(entry.event())) {
    state_.MoveTo(end);
    return absl::OkStatus();
  }
  std::vector<v1::Command> commands = CommandsOf(entry.event());
  if (commands.empty()) return DataDamaged(index, "asks nothing");
  auto* command = google::protobuf::Arena::CreateMessage<v1::Command>(&arena_);
  *command = std::move(commands.front());
  // The rules they speak of are not in this state.
  ClearOverrides(*command);
  const auto decided =
      DecideRequest(state_, *this, {command}, RecordTimeNsOf(entry),
                    AskedBy::kLedger, &arena_, Effect::kApply);
  absl::Status status = decided.status();
  if (status.ok() && decided->refused) {
    status = DataDamaged(index, "is recorded, but counted anew it is refused");
  }
  if (status.ok()) NoteFact(*decided->events.front(), index);
  state_.MoveTo(end);
  arena_.Reset();
  return status;
}

void Backfill::NoteFact(const v1::Event& event, uint64_t index) {
  const v1::Evidence* evidence = EvidenceOf(event);
  if (evidence == nullptr || evidence->totals().empty()) return;
  result_.set_facts(result_.facts() + 1);
  bool exceeds = false;
  VisitEvaluations(evidence->totals(), [&](const Evaluation& evaluation) {
    exceeds = ExceedsLimit(evaluation, *catalog_.policies.front());
    return !exceeds;
  });
  if (!exceeds) return;
  result_.set_violating_facts(result_.violating_facts() + 1);
  if (result_.first_violating_indexes_size() < kMaxListedIndexes) {
    result_.add_first_violating_indexes(index);
  }
}

std::vector<v1::RecordBackfill> Backfill::ToCommands() const {
  std::vector<v1::RecordBackfill> commands(1);
  size_t bytes = 0;
  const CompiledPolicy& policy = *catalog_.policies.front();
  for (const auto& [key, total] : state_.SortedTotals()) {
    const CompiledRule& rule = policy.rules[key.rule()];
    const v1::GroupKey group = DecodeGroup(rule.group_by, key.group());
    const std::string window_start = rule.window.StartText(key.window_start());
    total.by_date.VisitAll([&](Date date, const Amounts& amounts) {
      v1::RecordBackfill::Amount amount;
      amount.set_rule_id(rule.rule_id);
      *amount.mutable_group() = group;
      amount.set_window_start(window_start);
      amount.set_date(date.ToString());
      amount.set_used(amounts.used);
      amount.set_reserved(amounts.reserved);
      amount.set_unmeasured_gpus(amounts.unmeasured_gpus);
      bytes += amount.ByteSizeLong();
      if (bytes > kMaxAmountBytes && !commands.back().amounts().empty()) {
        commands.emplace_back();
        bytes = amount.ByteSizeLong();
      }
      *commands.back().add_amounts() = std::move(amount);
      return true;
    });
  }
  for (size_t i = 0; i < commands.size(); ++i) {
    commands[i].set_policy_id(policy_id_);
    commands[i].set_part(static_cast<uint32_t>(i));
  }
  *commands.back().mutable_result() = result_;
  return commands;
}

absl::StatusOr<std::optional<uint64_t>> Backfill::FindShipment(
    absl::string_view exporter, absl::string_view shipment_reference) const {
  ASSIGN_OR_RETURN(const std::optional<uint64_t> index,
                   log_.FindShipment(exporter, shipment_reference));
  // The log knows more than has been fed.
  return index && *index < next_index() ? index : std::nullopt;
}

absl::StatusOr<std::shared_ptr<const v1::Event>> Backfill::ReadEvent(
    uint64_t index) const {
  return log_.ReadEvent(index);
}

absl::StatusOr<Catalog> Backfill::CatalogAt(uint64_t) const { return catalog_; }

}  // namespace chipledger::domain
