// Folding what became of licenses and of applications for them.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/status_macros.h"
#include "ledger/domain/charged_items.h"
#include "ledger/domain/folder.h"

namespace chipledger::domain {
namespace {

// Whether nothing that a license counted is left once it was voided.
bool CountsNothing(const LicenseState& license) {
  return std::all_of(license.lines.begin(), license.lines.end(),
                     [](const LicenseState::Line& line) {
                       return line.available() == line.authorized;
                     }) &&
         std::all_of(
             license.charges.begin(), license.charges.end(),
             [](const Charge& one) { return one.release_on_revocation; });
}

}  // namespace

absl::Status Folder::FoldLicenseKind(const v1::Event& event) {
  switch (event.kind_case()) {
    case v1::Event::kLicenseApplied:
      return Fold(event.license_applied());
    case v1::Event::kLicenseReturned:
      return DecideApplication(
          event.license_returned().command().application_id(),
          v1::APPLICATION_STATUS_RETURNED, "");
    case v1::Event::kLicenseDenied:
      return DecideApplication(
          event.license_denied().command().application_id(),
          v1::APPLICATION_STATUS_DENIED, "");
    case v1::Event::kLicenseGranted:
      return Fold(event.license_granted());
    case v1::Event::kLicenseAmended:
      return Fold(event.license_amended());
    case v1::Event::kLicenseExtended:
      return Fold(event.license_extended());
    case v1::Event::kAnnouncementRecorded:
      // It counts nothing; ListDeals reads it from the log.
      return absl::OkStatus();
    case v1::Event::kApplicationStepRecorded:
      return Fold(event.application_step_recorded());
    case v1::Event::kLicenseTransferred:
      return Fold(event.license_transferred());
    case v1::Event::kLicenseChangeCorrected:
      return Fold(event.license_change_corrected());
    case v1::Event::kLicenseSuspended:
      return ChangeStatus(event.license_suspended().command(),
                          v1::LICENSE_STATUS_SUSPENDED);
    case v1::Event::kLicenseReinstated:
      return ChangeStatus(event.license_reinstated().command(),
                          v1::LICENSE_STATUS_GRANTED);
    case v1::Event::kLicenseRevoked:
      return Fold(event.license_revoked());
    case v1::Event::kLicenseVoided:
      return Fold(event.license_voided());
    case v1::Event::kLicenseExpired:
      return Fold(event.license_expired());
    default:
      return Fold(event.condition_recorded());
  }
}

absl::Status Folder::Fold(const v1::LicenseApplied& event) {
  auto view = std::make_shared<v1::ApplicationView>();
  *view->mutable_application() = event.command().application();
  view->set_status(v1::APPLICATION_STATUS_PENDING);
  view->set_index(state_.size_);
  SetApplication(std::move(view));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<v1::ApplicationView>> Folder::CopyApplication(
    const std::string& application_id) const {
  const auto* known = state_.registers_.applications.Find(application_id);
  if (known == nullptr) return Damaged("speaks of an unknown application");
  return std::make_shared<v1::ApplicationView>(**known);
}

void Folder::SetApplication(std::shared_ptr<v1::ApplicationView> view) {
  const std::string id = view->application().application_id();
  state_.MutableRegisters().applications.Set(id, std::move(view));
  state_.touched_since_mark_.applications.insert(id);
}

absl::Status Folder::Fold(const v1::ApplicationStepRecorded& event) {
  const v1::RecordApplicationStep& command = event.command();
  ASSIGN_OR_RETURN(std::shared_ptr<v1::ApplicationView> view,
                   CopyApplication(command.application_id()));
  v1::ApplicationView::Step& step = *view->add_steps();
  step.set_step(command.step());
  step.set_effective_date(command.effective_date());
  step.set_reason(command.reason());
  step.set_index(state_.size_);
  SetApplication(std::move(view));
  return absl::OkStatus();
}

absl::Status Folder::ReopenApplication(const std::string& application_id) {
  ASSIGN_OR_RETURN(std::shared_ptr<v1::ApplicationView> view,
                   CopyApplication(application_id));
  view->set_status(v1::APPLICATION_STATUS_PENDING);
  view->clear_decided_index();
  view->clear_license_id();
  SetApplication(std::move(view));
  return absl::OkStatus();
}

absl::Status Folder::DecideApplication(const std::string& application_id,
                                       v1::ApplicationStatus status,
                                       const std::string& license_id) {
  ASSIGN_OR_RETURN(std::shared_ptr<v1::ApplicationView> view,
                   CopyApplication(application_id));
  view->set_status(status);
  view->set_decided_index(state_.size_);
  view->set_license_id(license_id);
  SetApplication(std::move(view));
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::LicenseGranted& event) {
  const v1::License& license = event.command().license();
  const std::string& application_id = event.command().application_id();
  ASSIGN_OR_RETURN(const Date granted, DateOf(license.grant_date()));
  LicenseState& state = state_.MutableLicense(license.license_id());
  state.index = state_.size_;
  state.application_id = application_id;
  state.status_changes = {{.from = granted,
                           .status = v1::LICENSE_STATUS_GRANTED,
                           .index = state_.size_}};
  RETURN_IF_ERROR(SetLicense(license, event.evidence(), state));
  if (!application_id.empty()) {
    RETURN_IF_ERROR(DecideApplication(
        application_id, v1::APPLICATION_STATUS_GRANTED, license.license_id()));
  }
  if (const std::string& replaced = event.command().replaces();
      !replaced.empty()) {
    state.replaces = replaced;
    RETURN_IF_ERROR(ReleaseReservations(event.released_reservations()));
    RETURN_IF_ERROR(
        ChangeStatus(replaced, granted, v1::LICENSE_STATUS_REPLACED));
    state_.MutableLicense(replaced).replaced_by = license.license_id();
  }
  NoteFact(license, granted);
  return Apply(event.evidence(), granted);
}

absl::Status Folder::Fold(const v1::LicenseAmended& event) {
  const v1::License& license = event.command().license();
  LicenseState& state = state_.MutableLicense(license.license_id());
  RETURN_IF_ERROR(SetLicense(license, event.evidence(), state));
  return Apply(event.evidence(), state.grant_date);
}

absl::Status Folder::Fold(const v1::LicenseTransferred& event) {
  const v1::TransferLicense& command = event.command();
  if (state_.FindLicense(command.license_id()) == nullptr) {
    return Damaged("transfers an unknown license");
  }
  LicenseState& state = state_.MutableLicense(command.license_id());
  state.transfer.emplace();
  state.transfer->set_from_exporter(state.license.exporter());
  state.transfer->set_effective_date(command.effective_date());
  state.transfer->set_index(state_.size_);
  const Date last_export_date = state.last_export_date;
  RETURN_IF_ERROR(SetLicense(event.license(), event.evidence(), state));
  // It was set by the holidays of then.
  state.last_export_date = last_export_date;
  state_.IndexLicense(command.license_id());
  return Apply(event.evidence(), state.grant_date);
}

absl::Status Folder::Fold(const v1::LicenseChangeCorrected& event) {
  const v1::CorrectLicenseChange& command = event.command();
  if (state_.FindLicense(command.license_id()) == nullptr) {
    return Damaged("corrects a change of an unknown license");
  }
  ASSIGN_OR_RETURN(const Date date, DateOf(command.effective_date()));
  LicenseState& state = state_.MutableLicense(command.license_id());
  const auto is_it = [&](const auto& change) {
    return change.index == command.change_index();
  };
  const auto correct = [&](auto& changes) {
    const auto change = std::find_if(changes.begin(), changes.end(), is_it);
    if (change == changes.end()) return false;
    change->from = date;
    change->corrected_index = state_.size_;
    return true;
  };
  if (!correct(state.status_changes) && !correct(state.part_revocations)) {
    return Damaged("corrects an unknown change");
  }
  ++state.revision;
  state_.IndexLicense(command.license_id());
  return ApplyTotals(event.evidence(), date);
}

absl::Status Folder::Fold(const v1::LicenseExtended& event) {
  const v1::ExtendLicense& command = event.command();
  if (state_.FindLicense(command.license_id()) == nullptr) {
    return Damaged("extends an unknown license");
  }
  ASSIGN_OR_RETURN(const Date expiry, DateOf(command.expiry_date()));
  LicenseState& state = state_.MutableLicense(command.license_id());
  state.license.set_expiry_date(command.expiry_date());
  state.expiry_date = expiry;
  state.last_export_date =
      LastExportDate(state_.registers_.catalog, state.license);
  ++state.revision;
  state_.IndexLicense(command.license_id());
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::ConditionRecorded& event) {
  const v1::RecordCondition& command = event.command();
  if (!command.party().empty()) {
    const auto* before =
        state_.registers_.party_conditions.Find(command.party());
    auto conditions =
        before == nullptr
            ? std::make_shared<storage::v1::PartyConditionsRow>()
            : std::make_shared<storage::v1::PartyConditionsRow>(**before);
    conditions->set_party_id(command.party());
    *conditions->add_conditions() = command.condition();
    state_.MutableRegisters().party_conditions.Set(command.party(),
                                                   std::move(conditions));
    state_.touched_since_mark_.party_conditions.insert(command.party());
    return absl::OkStatus();
  }
  if (state_.FindLicense(command.license_id()) == nullptr) {
    return Damaged("records a condition of an unknown license");
  }
  LicenseState& state = state_.MutableLicense(command.license_id());
  *state.conditions.Add() = command.condition();
  ++state.revision;
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::LicenseRevoked& event) {
  const v1::RevokeLicense& command = event.command();
  ASSIGN_OR_RETURN(const Date date, DateOf(command.effective_date()));
  RETURN_IF_ERROR(ReleaseReservations(event.released_reservations()));
  RETURN_IF_ERROR(command.parts().empty()
                      ? ChangeStatus(command, v1::LICENSE_STATUS_REVOKED)
                      : RevokeParts(command, date));
  return ApplyTotals(event.evidence(), date);
}

absl::Status Folder::RevokeParts(const v1::RevokeLicense& command, Date date) {
  LicenseState& state = state_.MutableLicense(command.license_id());
  LicenseState::PartRevocation& revocation =
      state.part_revocations.emplace_back();
  revocation.from = date;
  revocation.index = state_.size_;
  for (const v1::RevokeLicense::Part& part : command.parts()) {
    LicenseState::Line* line = state.FindLine(part.line_number());
    if (line == nullptr) return Damaged("revokes an unknown line");
    line->authorized -= part.quantity();
    line->revoked += part.quantity();
    revocation.units.emplace_back(part.line_number(), part.quantity());
  }
  ++state.revision;
  return absl::OkStatus();
}

absl::Status Folder::Fold(const v1::LicenseVoided& event) {
  const std::string& license_id = event.command().license_id();
  const LicenseState* license = state_.FindLicense(license_id);
  if (license == nullptr) return Damaged("voids an unknown license");
  const Date granted = license->grant_date;
  RETURN_IF_ERROR(ReleaseReservations(event.released_reservations()));
  RETURN_IF_ERROR(ChangeStatus(license_id, granted, v1::LICENSE_STATUS_VOID));
  if (const LicenseState& voided = *state_.FindLicense(license_id);
      CountsNothing(voided)) {
    ForgetFact(voided.license, granted, voided.index);
  }
  // What it answered is not answered any more.
  if (const std::string& application =
          state_.FindLicense(license_id)->application_id;
      !application.empty()) {
    RETURN_IF_ERROR(ReopenApplication(application));
  }
  return ApplyTotals(event.evidence(), std::nullopt);
}

absl::Status Folder::Fold(const v1::LicenseExpired& event) {
  ASSIGN_OR_RETURN(const Date date, DateOf(event.effective_date()));
  RETURN_IF_ERROR(ChangeStatus(event.command().license_id(), date,
                               v1::LICENSE_STATUS_EXPIRED));
  return ApplyTotals(event.evidence(), date);
}

template <typename C>
absl::Status Folder::ChangeStatus(const C& command, v1::LicenseStatus status) {
  ASSIGN_OR_RETURN(const Date from, DateOf(command.effective_date()));
  return ChangeStatus(command.license_id(), from, status);
}

absl::Status Folder::ChangeStatus(const std::string& license_id, Date from,
                                  v1::LicenseStatus status) {
  if (state_.FindLicense(license_id) == nullptr) {
    return Damaged("changes an unknown license");
  }
  LicenseState& state = state_.MutableLicense(license_id);
  const bool had_ended = state.HasEnded();
  state.status_changes.push_back(
      {.from = from, .status = status, .index = state_.size_});
  if (!had_ended && state.HasEnded()) {
    for (LicenseState::Line& line : state.lines)
      line.released = line.available();
  }
  ++state.revision;
  state_.IndexLicense(license_id);
  return absl::OkStatus();
}

absl::Status Folder::SetLicense(const v1::License& license,
                                const v1::Evidence& evidence,
                                LicenseState& state) {
  ASSIGN_OR_RETURN(const Date granted, DateOf(license.grant_date()));
  ASSIGN_OR_RETURN(const Date expires, DateOf(license.expiry_date()));
  std::vector<LicenseState::Line> lines;
  for (const v1::LicenseLine& line : license.lines()) {
    LicenseState::Line& next = lines.emplace_back();
    if (const LicenseState::Line* before = state.FindLine(line.line_number())) {
      next = *before;
    }
    next.line_number = line.line_number();
    next.product_code = line.product_code();
    next.destination_country = LineDestination(license, line);
    next.authorized = line.quantity();
    next.value_authorized_usd.reset();
    if (line.has_value_usd()) next.value_authorized_usd = line.value_usd();
  }
  state.license = license;
  state.grant_date = granted;
  state.expiry_date = expires;
  state.last_export_date = LastExportDate(state_.registers_.catalog, license);
  state.lines = std::move(lines);
  ASSIGN_OR_RETURN(const std::vector<ChargedItem> items,
                   ChargedItemsOf(license, evidence, state_.size_));
  state.charges.clear();
  RETURN_IF_ERROR(AppendCharges(state_.registers_.catalog, evidence, items,
                                state_.size_, state.charges));
  state.charges_index = state_.size_;
  ++state.revision;
  state_.IndexLicense(license.license_id());
  return absl::OkStatus();
}

}  // namespace chipledger::domain
