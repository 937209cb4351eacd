// Fold: (state, event) -> state. It only does arithmetic that the event states;
// it judges nothing, so that a later change of the rules changes no past total.
#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Folder applies one event to a state.
class Folder {
 public:
  explicit Folder(State& state) : state_(state) {}

  absl::Status Fold(const v1::Event& event) {
    if ((state_.size_ == 0) != event.has_ledger_opened()) {
      return Damaged("LedgerOpened is entry 0 and no other");
    }
    RETURN_IF_ERROR(FoldKind(event));
    ++state_.size_;
    return absl::OkStatus();
  }

 private:
  absl::Status FoldKind(const v1::Event& event) {
    switch (event.kind_case()) {
      case v1::Event::kLedgerOpened:
        state_.ledger_id_ = event.ledger_opened().ledger_id();
        return absl::OkStatus();
      case v1::Event::kProductRegistered:
        return Fold(event.product_registered());
      case v1::Event::kPartyRegistered:
        return Fold(event.party_registered());
      case v1::Event::kCountryGroupChanged:
        return Fold(event.country_group_changed());
      case v1::Event::kPolicyAdopted:
        return Fold(event.policy_adopted());
      case v1::Event::kPolicyRescinded:
        return Fold(event.policy_rescinded());
      case v1::Event::kLicenseGranted:
        return Fold(event.license_granted());
      case v1::Event::kLicenseAmended:
        return Fold(event.license_amended());
      case v1::Event::kLicenseSuspended:
        return ChangeStatus(event.license_suspended().command(),
                            v1::LICENSE_STATUS_SUSPENDED);
      case v1::Event::kLicenseReinstated:
        return ChangeStatus(event.license_reinstated().command(),
                            v1::LICENSE_STATUS_GRANTED);
      case v1::Event::kLicenseRevoked:
        return Fold(event.license_revoked());
      case v1::Event::kShipmentRecorded:
        return Fold(event.shipment_recorded());
      case v1::Event::kShipmentVoided:
        return Fold(event.shipment_voided());
      case v1::Event::kShipmentCorrected:
        return Fold(event.shipment_corrected());
      case v1::Event::kRefused:
        return absl::OkStatus();
      case v1::Event::KIND_NOT_SET:
        break;
    }
    return Damaged("the event has no kind that this version knows");
  }

  absl::Status Fold(const v1::ProductRegistered& event) {
    const v1::Product& product = event.command().product();
    state_.catalog_.products.Set(product.product_code(),
                                 std::make_shared<v1::Product>(product));
    *AddCatalogRow().mutable_product() = product;
    return absl::OkStatus();
  }

  absl::Status Fold(const v1::PartyRegistered& event) {
    const v1::Party& party = event.command().party();
    state_.catalog_.parties.Set(party.party_id(),
                                std::make_shared<v1::Party>(party));
    *AddCatalogRow().mutable_party() = party;
    return absl::OkStatus();
  }

  absl::Status Fold(const v1::CountryGroupChanged& event) {
    const v1::ChangeCountryGroup& command = event.command();
    v1::CountryGroup group;
    if (const auto* known = state_.catalog_.groups.Find(command.group_id())) {
      group = (*known)->proto();
    }
    group.set_group_id(command.group_id());
    group.mutable_changes()->MergeFrom(command.changes());
    state_.catalog_.groups.Set(command.group_id(),
                               std::make_shared<DatedGroup>(group));
    *AddCatalogRow().mutable_country_group() = group;
    return absl::OkStatus();
  }

  absl::Status Fold(const v1::PolicyAdopted& event) {
    v1::AdoptedPolicy adopted;
    *adopted.mutable_policy() = event.command().policy();
    adopted.set_index(state_.size_);
    adopted.set_version(1);
    adopted.set_mode(event.command().mode());
    auto& policies = state_.catalog_.policies;
    policies.push_back(
        CompilePolicy(static_cast<uint32_t>(policies.size()), adopted));
    *AddCatalogRow().mutable_policy() = adopted;
    return absl::OkStatus();
  }

  absl::Status Fold(const v1::PolicyRescinded& event) {
    const CompiledPolicy* policy =
        state_.catalog_.FindPolicy(event.command().policy_id());
    if (policy == nullptr) return Damaged("rescinds an unknown policy");
    v1::AdoptedPolicy adopted = policy->adopted;
    adopted.set_rescinded_from(event.command().effective_date());
    const uint32_t number = policy->number;
    state_.catalog_.policies[number] = CompilePolicy(number, adopted);
    *AddCatalogRow().mutable_policy() = adopted;
    return absl::OkStatus();
  }

  absl::Status Fold(const v1::LicenseGranted& event) {
    const v1::License& license = event.command().license();
    LicenseState& state = state_.MutableLicense(license.license_id());
    state.index = state_.size_;
    const std::optional<Date> granted = Date::Parse(license.grant_date());
    if (!granted) return Damaged("grants on a date that does not exist");
    state.status_changes = {{.from = *granted,
                             .status = v1::LICENSE_STATUS_GRANTED,
                             .index = state_.size_}};
    RETURN_IF_ERROR(SetLicense(license, event.evidence(), state));
    RETURN_IF_ERROR(CountFact(license.grant_date(), 1));
    return Apply(event.evidence());
  }

  absl::Status Fold(const v1::LicenseAmended& event) {
    const v1::License& license = event.command().license();
    LicenseState& state = state_.MutableLicense(license.license_id());
    RETURN_IF_ERROR(SetLicense(license, event.evidence(), state));
    return Apply(event.evidence());
  }

  absl::Status Fold(const v1::LicenseRevoked& event) {
    const v1::RevokeLicense& command = event.command();
    if (command.parts().empty()) {
      RETURN_IF_ERROR(ChangeStatus(command, v1::LICENSE_STATUS_REVOKED));
    } else {
      LicenseState& state = state_.MutableLicense(command.license_id());
      for (const v1::RevokeLicense::Part& part : command.parts()) {
        LicenseState::Line* line = state.FindLine(part.line_number());
        if (line == nullptr) return Damaged("revokes an unknown line");
        line->authorized -= part.quantity();
        line->revoked += part.quantity();
      }
      ++state.revision;
    }
    return Apply(event.evidence());
  }

  absl::Status Fold(const v1::ShipmentRecorded& event) {
    RETURN_IF_ERROR(CountFact(event.command().shipment().export_date(), 1));
    return Apply(event.evidence());
  }

  absl::Status Fold(const v1::ShipmentVoided& event) {
    ShipmentChange change = state_.GetShipmentChange(event.shipment_index());
    ++change.revision;
    change.voided = true;
    state_.SetShipmentChange(event.shipment_index(), change);
    RETURN_IF_ERROR(CountFact(event.export_date(), -1));
    return Apply(event.evidence());
  }

  absl::Status Fold(const v1::ShipmentCorrected& event) {
    ShipmentChange change = state_.GetShipmentChange(event.shipment_index());
    ++change.revision;
    change.content_index = state_.size_;
    state_.SetShipmentChange(event.shipment_index(), change);
    RETURN_IF_ERROR(CountFact(event.corrected_export_date(), -1));
    RETURN_IF_ERROR(CountFact(event.command().shipment().export_date(), 1));
    RETURN_IF_ERROR(Apply(event.reversal()));
    return Apply(event.evidence());
  }

  template <typename C>
  absl::Status ChangeStatus(const C& command, v1::LicenseStatus status) {
    const std::optional<Date> from = Date::Parse(command.effective_date());
    if (!from || state_.FindLicense(command.license_id()) == nullptr) {
      return Damaged("changes an unknown license or names no date");
    }
    LicenseState& state = state_.MutableLicense(command.license_id());
    state.status_changes.push_back(
        {.from = *from, .status = status, .index = state_.size_});
    ++state.revision;
    return absl::OkStatus();
  }

  // Sets what a license authorizes; what was shipped and what was revoked in
  // part carry over by line.
  absl::Status SetLicense(const v1::License& license,
                          const v1::Evidence& evidence, LicenseState& state) {
    const std::optional<Date> granted = Date::Parse(license.grant_date());
    const std::optional<Date> expires = Date::Parse(license.expiry_date());
    if (!granted || !expires) return Damaged("the license has a wrong date");
    std::vector<LicenseState::Line> lines;
    for (const v1::LicenseLine& line : license.lines()) {
      const LicenseState::Line* before = state.FindLine(line.line_number());
      lines.push_back({.line_number = line.line_number(),
                       .product_code = line.product_code(),
                       .destination_country = LineDestination(license, line),
                       .authorized = line.quantity(),
                       .revoked = before == nullptr ? 0 : before->revoked,
                       .shipped = before == nullptr ? 0 : before->shipped});
    }
    state.license = license;
    state.grant_date = *granted;
    state.expiry_date = *expires;
    state.lines = std::move(lines);
    state.charges.assign(evidence.charges().begin(), evidence.charges().end());
    ++state.revision;
    return absl::OkStatus();
  }

  // One fact that policies may count stands more, or less, with the date.
  absl::Status CountFact(const std::string& date, int64_t count) {
    const std::optional<Date> parsed = Date::Parse(date);
    if (!parsed) return Damaged("the fact has a date that does not exist");
    state_.AddFact(*parsed, count);
    return absl::OkStatus();
  }

  absl::Status Apply(const v1::Evidence& evidence) {
    for (const v1::RuleEvaluation& rule : evidence.rules()) {
      RETURN_IF_ERROR(Apply(rule));
    }
    for (const v1::LicenseDraw& draw : evidence.draws()) {
      if (state_.FindLicense(draw.license_id()) == nullptr) {
        return Damaged("draws from an unknown license");
      }
      LicenseState::Line* line =
          state_.MutableLicense(draw.license_id()).FindLine(draw.line_number());
      if (line == nullptr) return Damaged("draws from an unknown line");
      const auto shipped = CheckedAdd(line->shipped, draw.quantity());
      if (!shipped) return Damaged("a drawdown overflows");
      line->shipped = *shipped;
    }
    return absl::OkStatus();
  }

  absl::Status Apply(const v1::RuleEvaluation& evaluation) {
    const CompiledPolicy* policy =
        state_.catalog_.FindPolicy(evaluation.policy_id());
    const CompiledRule* rule =
        policy == nullptr ? nullptr : policy->FindRule(evaluation.rule_id());
    const std::optional<Date> window =
        evaluation.window_start().empty()
            ? Date()
            : Date::Parse(evaluation.window_start());
    if (rule == nullptr || !window) {
      return Damaged(absl::StrCat("moves a total of unknown rule \"",
                                  evaluation.policy_id(), "/",
                                  evaluation.rule_id(), "\""));
    }
    const TotalId id{.policy = policy->number,
                     .rule = rule->number,
                     .window_start = window->days(),
                     .country = evaluation.group().destination_country(),
                     .license_id = evaluation.group().license_id()};
    if (!state_.AddToTotal(id, evaluation.asked(),
                           evaluation.unmeasured_gpus())) {
      return Damaged("a total overflows");
    }
    return absl::OkStatus();
  }

  storage::v1::StateRow& AddCatalogRow() {
    state_.catalog_changed_ = true;
    return state_.catalog_rows_.emplace_back();
  }

  absl::Status Damaged(absl::string_view what) const {
    return DataDamaged(state_.size_, what);
  }

  State& state_;
};

absl::Status State::Fold(const v1::Event& event) {
  return Folder(*this).Fold(event);
}

}  // namespace chipledger::domain
