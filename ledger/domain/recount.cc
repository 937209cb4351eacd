#include "ledger/domain/recount.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/assessment.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/fact.h"

namespace chipledger::domain {
namespace {

v1::Movement MovementOf(const v1::Event& event) {
  if (event.has_shipment_reexported()) return v1::MOVEMENT_REEXPORT;
  return event.has_shipment_transferred_in_country()
             ? v1::MOVEMENT_IN_COUNTRY_TRANSFER
             : v1::MOVEMENT_EXPORT;
}

// What an event's facts are and how they count.
struct Counted {
  std::vector<Fact> facts;
  Occasion occasion = Occasion::kShipment;
};

// Makes the fact of a shipment again, with the license and lines that it drew.
absl::StatusOr<Fact> FactAgain(const State& state, const Catalog& catalog,
                               const v1::Event& event) {
  ASSIGN_OR_RETURN(Fact fact, FactOfShipment(catalog, *ShipmentOf(event),
                                             MovementOf(event)));
  const v1::Evidence& evidence = *EvidenceOf(event);
  if (!evidence.chosen_license_id().empty()) {
    fact.license_id = evidence.chosen_license_id();
  }
  fact.license = state.FindLicense(fact.license_id);
  for (const v1::LicenseDraw& draw : evidence.draws()) {
    const auto item = static_cast<size_t>(draw.item());
    if (item < fact.items.size()) {
      fact.items[item].license_line = draw.line_number();
    }
  }
  return fact;
}

// Errors: DATA_DAMAGED.
absl::StatusOr<Counted> FactsOf(const State& state, const Catalog& catalog,
                                const v1::Event& event, uint64_t index) {
  Counted counted;
  if (ShipmentOf(event) != nullptr) {
    ASSIGN_OR_RETURN(Fact fact, FactAgain(state, catalog, event));
    counted.facts.push_back(std::move(fact));
    return counted;
  }
  if (event.has_license_granted() || event.has_license_amended()) {
    const v1::License& license =
        event.has_license_granted()
            ? event.license_granted().command().license()
            : event.license_amended().command().license();
    ASSIGN_OR_RETURN(counted.facts, FactsOfLicense(catalog, license));
    counted.occasion = Occasion::kGrant;
    return counted;
  }
  if (event.has_compute_declared()) {
    counted.facts = FactsOfDeclaration(event.compute_declared().command());
    counted.occasion = Occasion::kInstalled;
    return counted;
  }
  return DataDamaged(index, "holds nothing that can be counted anew");
}

}  // namespace

absl::StatusOr<v1::Evidence> CountedEvidence(const State& state,
                                             const History& history,
                                             const v1::Event& event,
                                             uint64_t index) {
  v1::Evidence counted = *EvidenceOf(event);
  const Catalog& now = state.catalog();
  // What is counted anew takes the place of what a policy of the same id
  // counted in the log that is rerun.
  const auto is_known = [&](uint64_t policy_index) {
    const CompiledPolicy* policy = now.FindAdopted(policy_index);
    return policy != nullptr && !policy->CountsAnew(index);
  };
  KeepEvaluations(
      [&](const Evaluation& evaluation) {
        return is_known(evaluation.policy_index);
      },
      *counted.mutable_totals());
  auto& charges = *counted.mutable_charges();
  charges.erase(std::remove_if(charges.begin(), charges.end(),
                               [&](const v1::Charge& charge) {
                                 return !is_known(charge.policy_index());
                               }),
                charges.end());
  for (const auto& policy : now.policies) {
    if (!policy->CountsAnew(index)) continue;
    ASSIGN_OR_RETURN(
        const Catalog catalog,
        history.CatalogAt(policy->adopted.backfill().through_index()));
    ASSIGN_OR_RETURN(const Counted facts,
                     FactsOf(state, catalog, event, index));
    Assessment assessment(state, EffectiveDateOf(event, 0), nullptr);
    RETURN_IF_ERROR(assessment.CountUnder(catalog, *policy, facts.facts,
                                          facts.occasion, Test::kNothing,
                                          counted.mutable_charges()));
    RETURN_IF_ERROR(assessment.Judge(counted));
  }
  return counted;
}

absl::StatusOr<std::vector<v1::Charge>> CountedCharges(
    const State& state, const History& history, const LicenseState& license) {
  const auto& policies = state.catalog().policies;
  if (std::none_of(policies.begin(), policies.end(), [&](const auto& policy) {
        return policy->CountsAnew(license.charges_index);
      })) {
    return license.charges;
  }
  ASSIGN_OR_RETURN(const v1::Event event,
                   history.ReadEvent(license.charges_index));
  ASSIGN_OR_RETURN(
      const v1::Evidence counted,
      CountedEvidence(state, history, event, license.charges_index));
  return std::vector<v1::Charge>(counted.charges().begin(),
                                 counted.charges().end());
}

}  // namespace chipledger::domain
