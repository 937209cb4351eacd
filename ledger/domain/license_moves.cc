#include "ledger/domain/license_moves.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

// The row of a move. Requires: the table has one for each.
template <typename Rule, typename Move>
const Rule& RowOf(absl::Span<const Rule> table, Move move) {
  return *std::find_if(table.begin(), table.end(),
                       [&](const Rule& rule) { return rule.move == move; });
}

// "granted or suspended".
template <typename List>
std::string AnyOf(const List& standings) {
  return absl::StrJoin(standings, " or ",
                       [](std::string* out, const auto& standing) {
                         absl::StrAppend(out, NameOf(standing));
                       });
}

}  // namespace

absl::Span<const LicenseMoveRule> LicenseMoves() {
  using enum LicenseMove;
  constexpr auto kGranted = v1::LICENSE_STATUS_GRANTED;
  constexpr auto kSuspended = v1::LICENSE_STATUS_SUSPENDED;
  constexpr auto kRevoked = v1::LICENSE_STATUS_REVOKED;
  constexpr auto kReplaced = v1::LICENSE_STATUS_REPLACED;
  constexpr auto kExpired = v1::LICENSE_STATUS_EXPIRED;
  static const auto& table = *new std::vector<LicenseMoveRule>{
      {kAmend, "amend", {kGranted, kSuspended}, std::nullopt, ""},
      {kExtend,
       "extend",
       {kGranted, kSuspended},
       std::nullopt,
       "to a later expiry"},
      {kTransfer,
       "transfer",
       {kGranted, kSuspended},
       std::nullopt,
       "once in its life"},
      {kMeetCondition,
       "meet a condition",
       {kGranted, kSuspended},
       std::nullopt,
       ""},
      {kSuspend, "suspend", {kGranted}, kSuspended, ""},
      {kReinstate, "reinstate", {kSuspended}, kGranted, ""},
      {kRevokePart,
       "revoke in part",
       {kGranted, kSuspended},
       std::nullopt,
       "units that are neither shipped nor reserved"},
      {kRevoke,
       "revoke",
       {kGranted, kSuspended},
       kRevoked,
       "not ahead of its date"},
      {kReplace,
       "replace",
       {kGranted, kSuspended},
       kReplaced,
       "by the grant of another license"},
      {kExpire,
       "expire",
       {kGranted, kSuspended},
       kExpired,
       "by the ledger, once it is over everywhere"},
      {kVoid,
       "void from issuance",
       {kGranted, kSuspended, kRevoked, kReplaced, kExpired},
       v1::LICENSE_STATUS_VOID,
       ""},
      {kCorrectChange,
       "correct the date of a change",
       {kGranted, kSuspended, kRevoked, kReplaced, kExpired},
       std::nullopt,
       "of a suspension, reinstatement or revocation"},
  };
  return table;
}

absl::Span<const ApplicationMoveRule> ApplicationMoves() {
  using enum ApplicationMove;
  using enum ApplicationStanding;
  static const auto& table = *new std::vector<ApplicationMoveRule>{
      {kRefer, "refer", {kSubmitted}, kReferred, std::nullopt},
      {kStopClock,
       "stop the clock",
       {kSubmitted, kReferred, kIntentToDeny},
       std::nullopt,
       true},
      {kRestartClock,
       "restart the clock",
       {kSubmitted, kReferred, kIntentToDeny},
       std::nullopt,
       false},
      {kTellIntentToDeny,
       "tell the intent to deny",
       {kSubmitted, kReferred},
       kIntentToDeny,
       std::nullopt},
      {kReturn,
       "return without action",
       {kSubmitted, kReferred, kIntentToDeny},
       kReturned,
       std::nullopt},
      {kDeny,
       "deny",
       {kSubmitted, kReferred, kIntentToDeny},
       kDenied,
       std::nullopt},
      {kGrant,
       "grant",
       {kSubmitted, kReferred, kIntentToDeny},
       kGranted,
       std::nullopt},
  };
  return table;
}

std::string NameOf(v1::LicenseStatus status) {
  constexpr absl::string_view kPrefix = "LICENSE_STATUS_";
  return absl::AsciiStrToLower(
      v1::LicenseStatus_Name(status).substr(kPrefix.size()));
}

absl::string_view NameOf(ApplicationStanding standing) {
  switch (standing) {
    case ApplicationStanding::kSubmitted:
      return "submitted";
    case ApplicationStanding::kReferred:
      return "referred";
    case ApplicationStanding::kIntentToDeny:
      return "intent to deny";
    case ApplicationStanding::kReturned:
      return "returned";
    case ApplicationStanding::kDenied:
      return "denied";
    case ApplicationStanding::kGranted:
      return "granted";
  }
  return "";
}

ApplicationStanding StandingOf(const v1::ApplicationView& application) {
  switch (application.status()) {
    case v1::APPLICATION_STATUS_RETURNED:
      return ApplicationStanding::kReturned;
    case v1::APPLICATION_STATUS_DENIED:
      return ApplicationStanding::kDenied;
    case v1::APPLICATION_STATUS_GRANTED:
      return ApplicationStanding::kGranted;
    default:
      break;
  }
  ApplicationStanding standing = ApplicationStanding::kSubmitted;
  for (const v1::ApplicationView::Step& step : application.steps()) {
    standing =
        RowOf(ApplicationMoves(), MoveOf(step.step())).to.value_or(standing);
  }
  return standing;
}

bool ClockRuns(const v1::ApplicationView& application) {
  bool runs = true;
  for (const v1::ApplicationView::Step& step : application.steps()) {
    if (step.step() == v1::APPLICATION_STEP_CLOCK_STOPPED) runs = false;
    if (step.step() == v1::APPLICATION_STEP_CLOCK_RESTARTED) runs = true;
  }
  return runs;
}

int32_t ClockDays(const v1::ApplicationView& application, Date through) {
  Date since =
      Date::ParseOr(application.application().application_date(), through);
  bool runs = true;
  int32_t days = 0;
  for (const v1::ApplicationView::Step& step : application.steps()) {
    const Date date = Date::ParseOr(step.effective_date(), through);
    if (date > through) break;
    if (step.step() == v1::APPLICATION_STEP_CLOCK_STOPPED && runs) {
      days += date.days() - since.days();
      runs = false;
    } else if (step.step() == v1::APPLICATION_STEP_CLOCK_RESTARTED) {
      since = date;
      runs = true;
    }
  }
  return runs ? days + through.days() - since.days() : days;
}

absl::Status CheckMove(const LicenseState& license, LicenseMove move) {
  const LicenseMoveRule& rule = RowOf(LicenseMoves(), move);
  const v1::LicenseStatus status = license.FinalStatus();
  if (std::find(rule.from.begin(), rule.from.end(), status) !=
      rule.from.end()) {
    return absl::OkStatus();
  }
  return WrongStatus(absl::StrCat("license ", license.license.license_id()),
                     NameOf(status),
                     absl::StrCat(AnyOf(rule.from), " to ", rule.name));
}

absl::Status CheckMove(const v1::ApplicationView& application,
                       ApplicationMove move) {
  const ApplicationMoveRule& rule = RowOf(ApplicationMoves(), move);
  const std::string resource =
      absl::StrCat("application ", application.application().application_id());
  const ApplicationStanding standing = StandingOf(application);
  if (std::find(rule.from.begin(), rule.from.end(), standing) ==
      rule.from.end()) {
    return WrongStatus(resource, NameOf(standing),
                       absl::StrCat(AnyOf(rule.from), " to ", rule.name));
  }
  if (rule.clock_runs && *rule.clock_runs != ClockRuns(application)) {
    return WrongStatus(
        resource, *rule.clock_runs ? "off the clock" : "on the clock",
        absl::StrCat(*rule.clock_runs ? "on it" : "off it", " to ", rule.name));
  }
  return absl::OkStatus();
}

absl::Status CheckNotBefore(const v1::ApplicationView& application,
                            absl::string_view field, const std::string& date) {
  const bool first = application.steps().empty();
  const std::string& latest =
      first ? application.application().application_date()
            : application.steps().rbegin()->effective_date();
  // ISO dates sort as text.
  if (date >= latest) return absl::OkStatus();
  return WrongDate(
      field, date,
      absl::StrCat("is before ",
                   first ? "the application_date" : "the step before it", ", ",
                   latest));
}

ApplicationMove MoveOf(v1::ApplicationStep step) {
  switch (step) {
    case v1::APPLICATION_STEP_REFERRED:
      return ApplicationMove::kRefer;
    case v1::APPLICATION_STEP_CLOCK_STOPPED:
      return ApplicationMove::kStopClock;
    case v1::APPLICATION_STEP_CLOCK_RESTARTED:
      return ApplicationMove::kRestartClock;
    default:
      return ApplicationMove::kTellIntentToDeny;
  }
}

}  // namespace chipledger::domain
