#include "ledger/domain/recount.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/charged_items.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/event_facts.h"
#include "ledger/domain/rules/assessment.h"
#include "ledger/domain/rules/fact.h"

namespace chipledger::domain {
namespace {

// The stored evidence, without what does not count in this state: what is
// counted anew takes the place of what a policy of the same id counted in the
// log that is rerun. Errors: DATA_DAMAGED.
absl::StatusOr<v1::Evidence> StoredEvidence(const State& state,
                                            const History& history,
                                            const v1::Event& event,
                                            uint64_t index) {
  v1::Evidence stored = *EvidenceOf(event);
  std::optional<uint64_t> adopts_none;
  KeepEvaluations(
      [&](const Evaluation& evaluation) {
        const CompiledPolicy* policy =
            state.catalog().FindAdopted(evaluation.policy_index);
        if (policy == nullptr) adopts_none = evaluation.policy_index;
        return policy != nullptr && !policy->CountsAnew(index);
      },
      *stored.mutable_totals());
  if (adopts_none && !history.is_rerun()) {
    return DataDamaged(
        index, absl::StrCat("counts by the policy that entry ", *adopts_none,
                            " adopted, which adopted none"));
  }
  return stored;
}

// Counts an event for each policy that was adopted after it and has counted it
// since; calls `take` with what one of them counted.
absl::Status CountLate(
    const State& state, const History& history, const v1::Event& event,
    uint64_t index,
    absl::FunctionRef<absl::Status(absl::Span<const Fact> facts,
                                   const v1::Evidence& counted)>
        take) {
  for (const auto& policy : state.catalog().policies) {
    if (!policy->CountsAnew(index)) continue;
    ASSIGN_OR_RETURN(
        const Catalog catalog,
        history.CatalogAt(policy->adopted.backfill().through_index()));
    ASSIGN_OR_RETURN(const EventFacts facts,
                     FactsOfEvent(state, history, catalog, event, index));
    Assessment assessment(state, EffectiveDateOf(event, 0), nullptr);
    RETURN_IF_ERROR(assessment.CountUnder(
        catalog, policy->as_adopted ? *policy->as_adopted : *policy,
        facts.facts, facts.occasion, Test::kNothing));
    v1::Evidence counted;
    RETURN_IF_ERROR(assessment.Judge(counted));
    RETURN_IF_ERROR(take(facts.facts, counted));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Evidence> CountedEvidence(const State& state,
                                             const History& history,
                                             const v1::Event& event,
                                             uint64_t index) {
  ASSIGN_OR_RETURN(v1::Evidence counted,
                   StoredEvidence(state, history, event, index));
  RETURN_IF_ERROR(CountLate(
      state, history, event, index,
      [&](absl::Span<const Fact>, const v1::Evidence& late) {
        VisitEvaluations(late.totals(), [&](const Evaluation& evaluation) {
          AppendEvaluation(evaluation, *counted.mutable_totals());
          return true;
        });
        return absl::OkStatus();
      }));
  return counted;
}

absl::StatusOr<std::vector<Charge>> CountedCharges(const State& state,
                                                   const History& history,
                                                   const v1::Event& event,
                                                   uint64_t index) {
  ASSIGN_OR_RETURN(const v1::Evidence stored,
                   StoredEvidence(state, history, event, index));
  std::vector<ChargedItem> items;
  if (const v1::Shipment* shipment = ShipmentOf(event)) {
    ASSIGN_OR_RETURN(items, ChargedItemsOf(*shipment, stored, index));
  } else if (const v1::License* license = GrantedLicenseOf(event)) {
    ASSIGN_OR_RETURN(items, ChargedItemsOf(*license, stored, index));
  } else if (event.has_diversion_reported()) {
    ASSIGN_OR_RETURN(
        const std::shared_ptr<const v1::Event> content,
        history.ReadEvent(
            state.GetShipment(event.diversion_reported().shipment_index())
                .content_index));
    const v1::Shipment* shipment = ShipmentOf(*content);
    if (shipment == nullptr) return DataDamaged(index, "is of no shipment");
    ASSIGN_OR_RETURN(items, ChargedItemsOf(event.diversion_reported(),
                                           *shipment, stored, index));
  }
  std::vector<Charge> charges;
  RETURN_IF_ERROR(
      AppendCharges(state.catalog(), stored, items, index, charges));
  RETURN_IF_ERROR(
      CountLate(state, history, event, index,
                [&](absl::Span<const Fact> facts, const v1::Evidence& late) {
                  return AppendCharges(state.catalog(), late,
                                       ChargedItemsOf(facts), index, charges);
                }));
  return charges;
}

absl::StatusOr<std::vector<Charge>> CountedCharges(
    const State& state, const History& history, const LicenseState& license) {
  const auto& policies = state.catalog().policies;
  if (std::none_of(policies.begin(), policies.end(), [&](const auto& policy) {
        return policy->CountsAnew(license.charges_index);
      })) {
    return license.charges;
  }
  ASSIGN_OR_RETURN(const std::shared_ptr<const v1::Event> event,
                   history.ReadEvent(license.charges_index));
  return CountedCharges(state, history, *event, license.charges_index);
}

}  // namespace chipledger::domain
