// Deciding about applications for licenses.
#include <string>

#include "absl/strings/str_cat.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/license_moves.h"

namespace chipledger::domain {
namespace {

// Errors: APPLICATION_NOT_FOUND, WRONG_STATUS, WRONG_DATE.
absl::Status RequireMove(const Case& c, const std::string& application_id,
                         ApplicationMove move,
                         const std::string& effective_date) {
  const auto* application =
      c.state.registers().applications.Find(application_id);
  if (application == nullptr) return ApplicationNotFound(application_id);
  const v1::ApplicationView& view = **application;
  RETURN_IF_ERROR(CheckMove(view, move));
  RETURN_IF_ERROR(CheckNotBefore(view, "effective_date", effective_date));
  return CheckHasHappened("effective_date", effective_date, c);
}

}  // namespace

absl::Status DecideApplyForLicense(v1::ApplyForLicense& command, Case& c) {
  const v1::Application& application = command.application();
  const Catalog& catalog = c.state.catalog();
  if (const auto* known =
          c.state.registers().applications.Find(application.application_id())) {
    return ApplicationExists(application.application_id(), (*known)->index());
  }
  if (catalog.parties.Find(application.exporter()) == nullptr) {
    return PartyNotFound(application.exporter());
  }
  for (const std::string& consignee : application.consignees()) {
    if (catalog.parties.Find(consignee) == nullptr) {
      return PartyNotFound(consignee);
    }
  }
  for (const v1::LicenseLine& line : application.lines()) {
    if (catalog.products.Find(line.product_code()) == nullptr) {
      return ProductNotFound(line.product_code());
    }
  }
  RETURN_IF_ERROR(CheckHasHappened("application.application_date",
                                   application.application_date(), c));
  c.event.mutable_license_applied()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideRecordApplicationStep(v1::RecordApplicationStep& command,
                                         Case& c) {
  RETURN_IF_ERROR(RequireMove(c, command.application_id(),
                              MoveOf(command.step()),
                              command.effective_date()));
  const auto& application =
      **c.state.registers().applications.Find(command.application_id());
  if (application.steps_size() >= limits::kMaxStepsPerApplication) {
    return InvalidFields(
        {{"application_id",
          absl::StrCat("\"", command.application_id(), "\" has ",
                       limits::kMaxStepsPerApplication,
                       " steps, and no more are kept; decide it")}});
  }
  c.event.mutable_application_step_recorded()
      ->unsafe_arena_set_allocated_command(&command);
  return absl::OkStatus();
}

absl::Status DecideReturnApplication(v1::ReturnApplication& command, Case& c) {
  RETURN_IF_ERROR(RequireMove(c, command.application_id(),
                              ApplicationMove::kReturn,
                              command.effective_date()));
  c.event.mutable_license_returned()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideDenyApplication(v1::DenyApplication& command, Case& c) {
  RETURN_IF_ERROR(RequireMove(c, command.application_id(),
                              ApplicationMove::kDeny,
                              command.effective_date()));
  c.event.mutable_license_denied()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
