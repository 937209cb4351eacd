// Deciding about applications for licenses.
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide_internal.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

// Errors: APPLICATION_NOT_FOUND, WRONG_STATUS when decided, WRONG_DATE.
absl::Status RequirePending(const Case& c, const std::string& application_id,
                            const std::string& effective_date) {
  const auto* application =
      c.state.registers().applications.Find(application_id);
  if (application == nullptr) return ApplicationNotFound(application_id);
  const v1::ApplicationView& view = **application;
  if (view.status() != v1::APPLICATION_STATUS_PENDING) {
    constexpr absl::string_view kPrefix = "APPLICATION_STATUS_";
    return WrongStatus(
        absl::StrCat("application ", application_id),
        absl::AsciiStrToLower(
            v1::ApplicationStatus_Name(view.status()).substr(kPrefix.size())),
        "pending");
  }
  // ISO dates sort as text.
  if (effective_date < view.application().application_date()) {
    return WrongDate("effective_date", effective_date,
                     absl::StrCat("is before the application_date, ",
                                  view.application().application_date()));
  }
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

absl::Status DecideReturnApplication(v1::ReturnApplication& command, Case& c) {
  RETURN_IF_ERROR(
      RequirePending(c, command.application_id(), command.effective_date()));
  c.event.mutable_license_returned()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

absl::Status DecideDenyApplication(v1::DenyApplication& command, Case& c) {
  RETURN_IF_ERROR(
      RequirePending(c, command.application_id(), command.effective_date()));
  c.event.mutable_license_denied()->unsafe_arena_set_allocated_command(
      &command);
  return absl::OkStatus();
}

}  // namespace chipledger::domain
