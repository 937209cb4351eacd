// Fold: (state, event) -> state.
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/catalog_fold.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/folder.h"
#include "ledger/domain/reports.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::domain {

absl::Status Folder::Fold(const v1::Event& event) {
  if ((state_.size_ == 0) != event.has_ledger_opened()) {
    return Damaged("LedgerOpened is entry 0 and no other");
  }
  RETURN_IF_ERROR(FoldKind(event));
  state_.size_ += EntriesOf(event);
  return absl::OkStatus();
}

absl::Status Folder::FoldKind(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kShipmentRecorded:
    case v1::Event::kShipmentVoided:
    case v1::Event::kShipmentCorrected:
    case v1::Event::kShipmentReserved:
    case v1::Event::kReservationReleased:
    case v1::Event::kReservationExpired:
    case v1::Event::kShipmentReceived:
    case v1::Event::kShipmentReturned:
    case v1::Event::kShipmentReexported:
    case v1::Event::kShipmentTransferredInCountry:
    case v1::Event::kUnitsRetired:
    case v1::Event::kUnitsRecovered:
    case v1::Event::kUnitsRelocated:
    case v1::Event::kDiversionReported:
    case v1::Event::kMovementVoided:
      return FoldShipmentKind(event);
    case v1::Event::kLicenseApplied:
    case v1::Event::kLicenseReturned:
    case v1::Event::kLicenseDenied:
    case v1::Event::kLicenseGranted:
    case v1::Event::kLicenseAmended:
    case v1::Event::kLicenseExtended:
    case v1::Event::kApplicationStepRecorded:
    case v1::Event::kAnnouncementRecorded:
    case v1::Event::kLicenseTransferred:
    case v1::Event::kLicenseChangeCorrected:
    case v1::Event::kLicenseSuspended:
    case v1::Event::kLicenseReinstated:
    case v1::Event::kLicenseRevoked:
    case v1::Event::kLicenseVoided:
    case v1::Event::kLicenseExpired:
    case v1::Event::kConditionRecorded:
      return FoldLicenseKind(event);
    case v1::Event::kProductRegistered:
    case v1::Event::kPartyRegistered:
    case v1::Event::kCountryGroupChanged:
    case v1::Event::kHolidaysChanged:
    case v1::Event::kPolicyAdopted:
    case v1::Event::kPolicyAmended:
    case v1::Event::kPolicyRescinded:
      return FoldCatalogKind(event);
    case v1::Event::kComputeDeclared:
      return Fold(event.compute_declared());
    case v1::Event::kBackfillRecorded:
      return Fold(event.backfill_recorded());
    case v1::Event::kTotalsReported:
      return Fold(event.totals_reported());
    case v1::Event::kLedgerOpened:
      state_.ledger_id_ = event.ledger_opened().ledger_id();
      return absl::OkStatus();
    case v1::Event::kRefused:
      return absl::OkStatus();
    case v1::Event::kEvidenceContinued:
      return Damaged("it continues an event, and none is before it");
    case v1::Event::KIND_NOT_SET:
      break;
  }
  return Damaged("the event has no kind that this version knows");
}

absl::Status Folder::FoldCatalogKind(const v1::Event& event) {
  State::Touched& touched = state_.touched_since_mark_;
  if (event.has_product_registered()) {
    touched.products.insert(
        event.product_registered().command().product().product_code());
  } else if (event.has_party_registered()) {
    touched.parties.insert(
        event.party_registered().command().party().party_id());
  } else if (event.has_country_group_changed()) {
    touched.groups.insert(event.country_group_changed().command().group_id());
  } else if (event.has_holidays_changed()) {
    touched.calendars.insert(event.holidays_changed().command().calendar_id());
  } else if (event.has_policy_adopted()) {
    touched.policies.insert(
        event.policy_adopted().command().policy().policy_id());
  } else if (event.has_policy_amended()) {
    touched.policies.insert(
        event.policy_amended().command().policy().policy_id());
  } else if (event.has_policy_rescinded()) {
    touched.policies.insert(event.policy_rescinded().command().policy_id());
  }
  return FoldCatalog(event, state_.size_, state_.MutableRegisters());
}

absl::Status Folder::Fold(const v1::ComputeDeclared& event) {
  const v1::DeclareCompute& command = event.command();
  ASSIGN_OR_RETURN(const Date date, DateOf(command.effective_date()));
  NoteFact(command, date);
  state_.MutableRegisters().declarations.Set(command.party(), state_.size_);
  state_.touched_since_mark_.declarations.insert(command.party());
  return Apply(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::BackfillRecorded& event) {
  const v1::RecordBackfill& command = event.command();
  const CompiledPolicy* policy =
      state_.registers_.catalog.FindPolicy(command.policy_id());
  if (policy == nullptr) return Damaged("backfills an unknown policy");
  for (const v1::RecordBackfill::Amount& amount : command.amounts()) {
    ASSIGN_OR_RETURN(const Date date, DateOf(amount.date()));
    const CompiledRule* rule = policy->FindRule(amount.rule_id());
    if (rule == nullptr) return Damaged("backfills an unknown rule");
    const std::string& start = amount.window_start();
    ASSIGN_OR_RETURN(const Date window, start.empty() ? Date() : DateOf(start));
    RETURN_IF_ERROR(AddToTotal(*rule, window.days(), amount.group(), date,
                               {.used = amount.used(),
                                .reserved = amount.reserved(),
                                .unmeasured_gpus = amount.unmeasured_gpus()}));
  }
  v1::AdoptedPolicy adopted = policy->adopted;
  v1::Backfill& backfill = *adopted.mutable_backfill();
  if (command.has_result()) {
    const uint64_t through_index = backfill.through_index();
    backfill = command.result();
    backfill.set_through_index(through_index);
    backfill.set_done(true);
  }
  backfill.set_parts(command.part() + 1);
  auto next = WithStanding(*policy, adopted, policy->counts_by);
  state_.MutableRegisters().catalog.policies.Replace(std::move(next));
  state_.touched_since_mark_.policies.insert(command.policy_id());
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::TotalsReported& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.command().date()));
  const std::string key = ReportKey(event.command().policy_id(), date);
  state_.MutableRegisters().reports.Set(key, state_.size_);
  state_.touched_since_mark_.reports.insert(key);
  return absl::OkStatus();
}

absl::Status Folder::Apply(const v1::Evidence& evidence, Date date) {
  RETURN_IF_ERROR(ApplyTotals(evidence, date));
  return ApplyDraws(evidence.draws(), date, 1);
}

absl::Status Folder::ApplyTotals(const v1::Evidence& evidence,
                                 std::optional<Date> date) {
  absl::Status status;
  // Rows of one policy come together.
  const CompiledPolicy* policy = nullptr;
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    if (policy == nullptr ||
        policy->adopted.index() != evaluation.policy_index) {
      policy = state_.registers_.catalog.FindAdopted(evaluation.policy_index);
    }
    status = Apply(evaluation, policy, date);
    return status.ok();
  });
  return status;
}

absl::Status Folder::Apply(const Evaluation& evaluation,
                           const CompiledPolicy* policy,
                           std::optional<Date> date) {
  if (evaluation.balance == v1::BALANCE_NONE) return absl::OkStatus();
  if (evaluation.date) date = evaluation.date;
  if (!date) return Damaged("moves a total by no date");
  if (policy == nullptr || evaluation.rule >= policy->rules.size()) {
    return Damaged(absl::StrCat(
        "moves a total of rule ", evaluation.rule, " of the policy that entry ",
        evaluation.policy_index, " adopted, and there is none"));
  }
  return AddToTotal(policy->rules[evaluation.rule], evaluation.window_start,
                    *evaluation.group, *date, evaluation.Added());
}

absl::Status Folder::AddToTotal(const CompiledRule& rule, int32_t window_start,
                                const v1::GroupKey& group, Date date,
                                const Amounts& amounts) {
  // Each order stands by itself: nothing adds up.
  if (rule.window.IsPerOrder()) return absl::OkStatus();
  const TotalKey key =
      rule.KeyOf(window_start, EncodeGroup(rule.group_by, group));
  return state_.AddToTotal(key, date, amounts) ? absl::OkStatus()
                                               : Damaged("a total overflows");
}

absl::Status Folder::ApplyDraws(const Draws& draws, Date date, int64_t sign) {
  for (const v1::LicenseDraw& draw : draws) {
    DrawnUnits units;
    (draw.reserved() ? units.reserved : units.shipped) = sign * draw.quantity();
    units.value_usd = sign * draw.value_usd();
    if (!state_.Draw(draw.license_id(), draw.line_number(), date, units)) {
      return Damaged(absl::StrCat("draws on line ", draw.line_number(),
                                  " of license ", draw.license_id(),
                                  ", which is not there or overflows"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Date> Folder::DateOf(const std::string& text) const {
  const std::optional<Date> date = Date::Parse(text);
  if (!date) {
    return Damaged(absl::StrCat("\"", text, "\" is not a date that exists"));
  }
  return *date;
}

absl::Status Folder::Damaged(absl::string_view what) const {
  return DataDamaged(state_.size_, what);
}

absl::Status State::Fold(const v1::Event& event) {
  return Folder(*this).Fold(event);
}

}  // namespace chipledger::domain
