// Assessing one event against the policies in force: what it adds to which
// total, and which limits that exceeds.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_ASSESSMENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_ASSESSMENT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Units of a product that a fact counts.
struct CountedItem {
  const v1::Product* product = nullptr;
  int64_t units = 0;
  // For licenses: the line.
  int32_t line_number = 0;
};

// Something that policies may count: a shipment, or the lines of a license for
// one destination.
struct Fact {
  Date date;
  absl::string_view country;
  // Empty: none.
  absl::string_view license_id;
  v1::AuthorizationKind authorization_kind = v1::AUTHORIZATION_KIND_UNSPECIFIED;
  std::vector<CountedItem> items;
};

// Whether an amount is tested against the limit, or only counted.
enum class Test { kLimit, kNothing };

// Assessment collects the evidence and the violations of one event. Later calls
// see what earlier ones added.
//
// Lifecycle: lives for one decision; the state must not change meanwhile.
class Assessment {
 public:
  explicit Assessment(const State& state) : state_(state) {}

  // Counts facts under every rule with this accrual, in the order of policies
  // and rules, then of facts. For licenses, `charges` receives what a
  // revocation needs.
  // Errors: TOTAL_OVERFLOW.
  absl::Status Count(
      v1::Accrual accrual, absl::Span<const Fact> facts, v1::Evidence& evidence,
      google::protobuf::RepeatedPtrField<v1::LicenseCharge>* charges);

  // Counts back every rule of an earlier evidence.
  absl::Status CountBack(const v1::Evidence& earlier, v1::Evidence& evidence);

  // Gives back units of a license's charges, summed by total: `units_of` says
  // how many for each charge.
  template <typename UnitsOf>
  absl::Status Release(const LicenseState& license, UnitsOf units_of,
                       v1::Evidence& evidence);

  // Checks the license that a shipment cites and draws its items from the
  // license's lines. A license that was revoked had released what was not
  // shipped, so what is drawn from it all the same is charged again.
  // `recharge` says whether that charge is tested.
  absl::Status Draw(const LicenseState& license, const v1::Shipment& shipment,
                    Date export_date, Test recharge, v1::Evidence& evidence);

  // Gives back the draws of an earlier evidence, recorded with the entry
  // `recorded_index`.
  absl::Status DrawBack(const v1::Evidence& earlier, uint64_t recorded_index,
                        v1::Evidence& evidence);

  // Every violated rule so far, in the documented order.
  std::vector<v1::Violation>& violations() { return violations_; }

 private:
  struct PendingDraw {
    std::string license_id;
    int32_t line_number;
    int64_t units;
  };

  absl::Status CountUnder(
      const CompiledPolicy& policy, const CompiledRule& rule, const Fact& fact,
      v1::Evidence& evidence,
      google::protobuf::RepeatedPtrField<v1::LicenseCharge>* charges);
  // What an event adds to one total.
  struct Amount {
    int64_t amount = 0;
    // GPUs whose amount is not known.
    int64_t unmeasured_gpus = 0;
    Test test = Test::kNothing;
  };
  absl::Status Add(const CompiledPolicy& policy, const CompiledRule& rule,
                   const TotalId& id, const Amount& added,
                   v1::Evidence& evidence);
  // Adds to a total by names.
  absl::Status AddTo(const std::string& policy_id, const std::string& rule_id,
                     const std::string& window_start, const v1::GroupKey& group,
                     const Amount& added, v1::Evidence& evidence);
  bool Applies(const CompiledRule& rule, const Fact& fact) const;
  void CheckLicense(const LicenseState& license, const v1::Shipment& shipment,
                    Date export_date);
  absl::Status DrawItem(const LicenseState& license, const v1::Item& item,
                        const std::string& country, Test recharge,
                        v1::Evidence& evidence);
  v1::Violation& AddLicenseViolation(v1::LicenseCheck check,
                                     const LicenseState& license,
                                     std::string description);
  void AddDraw(const std::string& license_id, int32_t line_number,
               int64_t units, v1::Evidence& evidence);
  int64_t PendingUnits(const std::string& license_id,
                       int32_t line_number) const;
  // Charges (units > 0) or releases again what a revocation had released.
  absl::Status Recount(const LicenseState& license, int32_t line_number,
                       int64_t units, Test test, v1::Evidence& evidence);

  const State& state_;
  std::vector<std::pair<TotalId, int64_t>> pending_totals_;
  std::vector<PendingDraw> pending_draws_;
  std::vector<v1::Violation> violations_;
};

// Amount of units of a product in a measure; nothing on overflow or, for TPP,
// when the product's TPP is not known.
std::optional<int64_t> AmountOf(v1::Measure measure, const v1::Product& product,
                                int64_t units);

template <typename UnitsOf>
absl::Status Assessment::Release(const LicenseState& license, UnitsOf units_of,
                                 v1::Evidence& evidence) {
  // Charges of one rule and group stand together only by line, so amounts are
  // summed first: one evaluation a total.
  std::vector<std::pair<const v1::LicenseCharge*, int64_t>> sums;
  for (const v1::LicenseCharge& charge : license.charges) {
    const int64_t amount = charge.amount_per_unit() * units_of(charge);
    bool found = false;
    for (auto& [first, sum] : sums) {
      if (first->policy_id() == charge.policy_id() &&
          first->rule_id() == charge.rule_id() &&
          first->window_start() == charge.window_start() &&
          first->group().destination_country() ==
              charge.group().destination_country() &&
          first->group().license_id() == charge.group().license_id()) {
        sum += amount;
        found = true;
        break;
      }
    }
    if (!found) sums.emplace_back(&charge, amount);
  }
  for (const auto& [charge, amount] : sums) {
    if (amount == 0) continue;
    absl::Status added =
        AddTo(charge->policy_id(), charge->rule_id(), charge->window_start(),
              charge->group(), {.amount = -amount}, evidence);
    if (!added.ok()) return added;
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_ASSESSMENT_H_
