// The standings of licenses and applications and the moves between them: the
// one table that deciding asks and documents print.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_LICENSE_MOVES_H_
#define CHIPLEDGER_LEDGER_DOMAIN_LICENSE_MOVES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/license.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/license_state.h"

namespace chipledger::domain {

// What can happen to a license after its grant.
enum class LicenseMove {
  kAmend,
  kExtend,
  kTransfer,
  kMeetCondition,
  kSuspend,
  kReinstate,
  kRevokePart,
  kRevoke,
  kReplace,
  kExpire,
  kVoid,
  kCorrectChange,
};

// Where a move may start and where it leads.
struct LicenseMoveRule {
  LicenseMove move;
  // For people, such as "revoke in part".
  absl::string_view name;
  std::vector<v1::LicenseStatus> from;
  // Unset: it stays where it is.
  std::optional<v1::LicenseStatus> to;
  // What else must hold; may be empty.
  absl::string_view note;
};
absl::Span<const LicenseMoveRule> LicenseMoves();

// Where an application stands.
enum class ApplicationStanding {
  kSubmitted,
  kReferred,
  kIntentToDeny,
  kReturned,
  kDenied,
  kGranted,
};

// What can happen to an application.
enum class ApplicationMove {
  kRefer,
  kStopClock,
  kRestartClock,
  kTellIntentToDeny,
  kReturn,
  kDeny,
  kGrant,
};

struct ApplicationMoveRule {
  ApplicationMove move;
  absl::string_view name;
  std::vector<ApplicationStanding> from;
  // Unset: it stays where it is.
  std::optional<ApplicationStanding> to;
  // Whether the clock must run, or must not; unset: either.
  std::optional<bool> clock_runs;
};
absl::Span<const ApplicationMoveRule> ApplicationMoves();

// Names for people, such as "suspended" and "intent to deny".
std::string NameOf(v1::LicenseStatus status);
absl::string_view NameOf(ApplicationStanding standing);

ApplicationStanding StandingOf(const v1::ApplicationView& application);
bool ClockRuns(const v1::ApplicationView& application);
// The days from the submission to a date on which the clock ran: the day on
// which it stops counts no more, that on which it goes on counts again.
int32_t ClockDays(const v1::ApplicationView& application, Date through);

// Whether the move may start where the license or application stands after all
// that is recorded. Errors: WRONG_STATUS.
absl::Status CheckMove(const LicenseState& license, LicenseMove move);
absl::Status CheckMove(const v1::ApplicationView& application,
                       ApplicationMove move);

// What happens to an application does so after what has happened to it already.
// Errors: WRONG_DATE.
absl::Status CheckNotBefore(const v1::ApplicationView& application,
                            absl::string_view field, const std::string& date);

// The move that a recorded step is. Requires: the step is one.
ApplicationMove MoveOf(v1::ApplicationStep step);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_LICENSE_MOVES_H_
