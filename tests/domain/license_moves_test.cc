// Goal: what the table of moves says is what happens. Method: a license, or an
// application, is brought to each standing and each move is tried there; it
// must succeed exactly where the table says so, and lead where it says.
#include "ledger/domain/license_moves.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/base/error.h"
#include "ledger/scenario/memory_ledger.h"
#include "tests/support/commands.h"

namespace chipledger::domain {
namespace {

using scenarios::MemoryLedger;

MemoryLedger::Outcome Submit(MemoryLedger& ledger, const std::string& text) {
  return ledger.Submit({testing::Cmd(text)}, false, AskedBy::kLedger);
}

uint64_t MustAccept(MemoryLedger& ledger, const std::string& text) {
  const auto outcome = Submit(ledger, text);
  EXPECT_TRUE(outcome.status.ok() && !outcome.refused)
      << text << ": " << outcome.status;
  return outcome.index.value_or(0);
}

MemoryLedger MakeLedger() {
  MemoryLedger ledger;
  MustAccept(ledger,
             "register_product { product { product_code: 'A' gpus_per_unit: 1 "
             "milli_tpp_per_gpu: 1 source: 's' } }");
  MustAccept(ledger, "register_party { party { party_id: 'x' name: 'X' } }");
  MustAccept(ledger, "register_party { party { party_id: 'y' name: 'Y' } }");
  return ledger;
}

std::string License(const std::string& id,
                    const std::string& grant_date = "2025-01-01") {
  return absl::StrCat("license { license_id: '", id,
                      "' exporter: 'x' destination_countries: 'MY' grant_date: "
                      "'",
                      grant_date,
                      "' expiry_date: '2025-12-31' lines { "
                      "line_number: 1 product_code: 'A' quantity: 100 } } ");
}

std::string Grant(const std::string& id, const std::string& more = "") {
  return absl::StrCat("grant_license { ", License(id), more, " }");
}

std::string Dated(const std::string& command, const std::string& date,
                  const std::string& more = "") {
  return absl::StrCat(command, " { license_id: 'L' effective_date: '", date,
                      "' reason: 'r' ", more, " }");
}

// Grants L with a suspension that was over soon, and brings it to a standing.
// Returns the entry of the suspension.
uint64_t MakeLicense(MemoryLedger& ledger, v1::LicenseStatus status) {
  MustAccept(ledger, Grant("L"));
  const uint64_t suspension =
      MustAccept(ledger, Dated("suspend_license", "2025-02-01"));
  MustAccept(ledger, Dated("reinstate_license", "2025-03-01"));
  switch (status) {
    case v1::LICENSE_STATUS_SUSPENDED:
      MustAccept(ledger, Dated("suspend_license", "2025-04-01"));
      break;
    case v1::LICENSE_STATUS_REVOKED:
      MustAccept(ledger, Dated("revoke_license", "2025-04-01"));
      break;
    case v1::LICENSE_STATUS_REPLACED:
      MustAccept(ledger, Grant("M", "replaces: 'L'"));
      break;
    case v1::LICENSE_STATUS_EXPIRED:
      MustAccept(ledger, "expire_license { license_id: 'L' }");
      break;
    case v1::LICENSE_STATUS_VOID:
      MustAccept(ledger, "void_license { license_id: 'L' reason: 'r' }");
      break;
    default:
      break;
  }
  EXPECT_EQ(ledger.state().FindLicense("L")->FinalStatus(), status);
  return suspension;
}

std::string CommandOf(LicenseMove move, uint64_t suspension) {
  switch (move) {
    case LicenseMove::kAmend:
      return absl::StrCat("amend_license { ", License("L"), "reason: 'r' }");
    case LicenseMove::kExtend:
      return "extend_license { license_id: 'L' expiry_date: '2027-06-01' "
             "reason: 'r' }";
    case LicenseMove::kTransfer:
      return Dated("transfer_license", "2025-05-01", "exporter: 'y'");
    case LicenseMove::kMeetCondition:
      return "record_condition { license_id: 'L' condition { kind: 'kyc' "
             "evidence: 'e' satisfied_date: '2025-05-01' } }";
    case LicenseMove::kSuspend:
      return Dated("suspend_license", "2025-05-01");
    case LicenseMove::kReinstate:
      return Dated("reinstate_license", "2025-05-01");
    case LicenseMove::kRevokePart:
      return Dated("revoke_license", "2025-05-01",
                   "parts { line_number: 1 quantity: 1 }");
    case LicenseMove::kRevoke:
      return Dated("revoke_license", "2025-05-01");
    case LicenseMove::kReplace:
      return Grant("N", "replaces: 'L'");
    case LicenseMove::kExpire:
      return "expire_license { license_id: 'L' }";
    case LicenseMove::kVoid:
      return "void_license { license_id: 'L' reason: 'r' }";
    case LicenseMove::kCorrectChange:
      return Dated("correct_license_change", "2025-01-20",
                   absl::StrCat("change_index: ", suspension));
  }
  return "";
}

TEST(LicenseMoves, HappenWhereTheTableSaysSo) {
  int tried = 0;
  for (const LicenseMoveRule& rule : LicenseMoves()) {
    for (const v1::LicenseStatus status :
         {v1::LICENSE_STATUS_GRANTED, v1::LICENSE_STATUS_SUSPENDED,
          v1::LICENSE_STATUS_REVOKED, v1::LICENSE_STATUS_REPLACED,
          v1::LICENSE_STATUS_EXPIRED, v1::LICENSE_STATUS_VOID}) {
      SCOPED_TRACE(absl::StrCat(rule.name, " from ", NameOf(status)));
      MemoryLedger ledger = MakeLedger();
      const uint64_t suspension = MakeLicense(ledger, status);
      const auto outcome = Submit(ledger, CommandOf(rule.move, suspension));
      ++tried;
      const bool allowed = std::find(rule.from.begin(), rule.from.end(),
                                     status) != rule.from.end();
      EXPECT_EQ(outcome.status.ok(), allowed) << outcome.status;
      if (!allowed) {
        EXPECT_EQ(GetErrorCause(outcome.status)->reason, "WRONG_STATUS")
            << outcome.status;
      }
      EXPECT_EQ(ledger.state().FindLicense("L")->FinalStatus(),
                allowed ? rule.to.value_or(status) : status);
    }
  }
  EXPECT_EQ(tried, 12 * 6);
}

TEST(LicenseMoves, ATransferHappensOnce) {
  MemoryLedger ledger = MakeLedger();
  MakeLicense(ledger, v1::LICENSE_STATUS_GRANTED);
  MustAccept(ledger, Dated("transfer_license", "2025-05-01", "exporter: 'y'"));
  const auto again =
      Submit(ledger, Dated("transfer_license", "2025-06-01", "exporter: 'x'"));
  EXPECT_EQ(GetErrorCause(again.status)->reason, "WRONG_STATUS");
  EXPECT_NE(again.status.message().find("transferred from x on 2025-05-01"),
            std::string::npos)
      << again.status;
}

TEST(LicenseMoves, AMistypedReplacementIsVoidedAndMadeAnew) {
  MemoryLedger ledger = MakeLedger();
  MakeLicense(ledger, v1::LICENSE_STATUS_GRANTED);
  MustAccept(ledger, Grant("M", "replaces: 'L'"));
  const auto twice = Submit(ledger, Grant("N", "replaces: 'L'"));
  EXPECT_EQ(GetErrorCause(twice.status)->reason, "WRONG_STATUS");
  MustAccept(ledger, "void_license { license_id: 'M' reason: 'mistyped' }");
  MustAccept(ledger, Grant("N", "replaces: 'L'"));
  EXPECT_EQ(ledger.state().FindLicense("L")->replaced_by, "N");
}

TEST(LicenseMoves, AReplacementIsNotRecordedAhead) {
  MemoryLedger ledger = MakeLedger();
  MakeLicense(ledger, v1::LICENSE_STATUS_GRANTED);
  const auto ahead = Submit(
      ledger,
      "grant_license { license { license_id: 'M' exporter: 'x' "
      "destination_countries: 'MY' grant_date: '2027-01-05' expiry_date: "
      "'2027-12-31' lines { line_number: 1 product_code: 'A' quantity: 1 } } "
      "replaces: 'L' }");
  EXPECT_EQ(GetErrorCause(ahead.status)->reason, "WRONG_DATE");
}

TEST(LicenseMoves, ATransferLeavesWhatWasRevokedRevoked) {
  MemoryLedger ledger = MakeLedger();
  MakeLicense(ledger, v1::LICENSE_STATUS_GRANTED);
  MustAccept(ledger, Dated("revoke_license", "2025-05-01",
                           "parts { line_number: 1 quantity: 20 }"));
  MustAccept(ledger, Dated("transfer_license", "2025-05-01", "exporter: 'y'"));
  const LicenseState::Line& line = ledger.state().FindLicense("L")->lines[0];
  EXPECT_EQ(line.authorized, 80);
  EXPECT_EQ(line.revoked, 20);
}

TEST(LicenseMoves, ATransferWaitsForReservationsThatNobodyCouldUse) {
  MemoryLedger ledger = MakeLedger();
  MakeLicense(ledger, v1::LICENSE_STATUS_GRANTED);
  const uint64_t reservation = MustAccept(
      ledger,
      "reserve_shipment { shipment { exporter: 'x' shipment_reference: 'P' "
      "export_date: '2025-06-01' destination_country: 'MY' authorization { "
      "kind: AUTHORIZATION_KIND_LICENSE license_id: 'L' } items { "
      "product_code: 'A' quantity: 5 } } hold_seconds: 3600 }");
  const std::string transfer =
      Dated("transfer_license", "2025-05-01", "exporter: 'y'");
  const auto held = Submit(ledger, transfer);
  EXPECT_EQ(GetErrorCause(held.status)->reason, "WRONG_STATUS");
  EXPECT_NE(held.status.message().find(
                absl::StrCat("held by reservation ", reservation)),
            std::string::npos)
      << held.status;
  MustAccept(ledger, absl::StrCat("release_reservation { reservation_index: ",
                                  reservation, " reason: 'r' }"));
  MustAccept(ledger, transfer);
}

TEST(LicenseMoves, ChangesRecordedOutOfOrderCanStillBeCorrected) {
  MemoryLedger ledger = MakeLedger();
  MustAccept(ledger, Grant("L"));
  MustAccept(ledger, Dated("suspend_license", "2025-09-01"));
  const uint64_t revocation =
      MustAccept(ledger, Dated("revoke_license", "2025-08-01"));
  MustAccept(ledger, Dated("correct_license_change", "2025-07-01",
                           absl::StrCat("change_index: ", revocation)));
  EXPECT_EQ(
      ledger.state().FindLicense("L")->StatusOn(*Date::Parse("2025-07-01")),
      v1::LICENSE_STATUS_REVOKED);
}

TEST(LicenseMoves, ASuspensionIsNotCorrectedAway) {
  MemoryLedger ledger = MakeLedger();
  const uint64_t suspension = MakeLicense(ledger, v1::LICENSE_STATUS_GRANTED);
  const auto on_its_end =
      Submit(ledger, Dated("correct_license_change", "2025-03-01",
                           absl::StrCat("change_index: ", suspension)));
  EXPECT_EQ(GetErrorCause(on_its_end.status)->reason, "WRONG_DATE");
  EXPECT_NE(on_its_end.status.message().find("is not before the change"),
            std::string::npos)
      << on_its_end.status;
}

std::string Step(const std::string& step, const std::string& date) {
  return absl::StrCat("record_application_step { application_id: 'Z' step: ",
                      "APPLICATION_STEP_", step, " effective_date: '", date,
                      "' reason: 'r' }");
}

std::string Decision(const std::string& command) {
  return absl::StrCat(command, " { application_id: 'Z' effective_date: ",
                      "'2025-04-01' reason: 'r' }");
}

std::string GrantOfApplication(const std::string& id) {
  return absl::StrCat("grant_license { ", License(id, "2025-04-01"),
                      "application_id: 'Z' }");
}

void MakeApplication(MemoryLedger& ledger, ApplicationStanding standing,
                     bool clock_runs) {
  MustAccept(ledger,
             "apply_for_license { application { application_id: 'Z' exporter: "
             "'x' application_date: '2025-01-01' destination_countries: 'MY' "
             "lines { line_number: 1 product_code: 'A' quantity: 100 } } }");
  if (standing == ApplicationStanding::kReferred) {
    MustAccept(ledger, Step("REFERRED", "2025-01-05"));
  } else if (standing == ApplicationStanding::kIntentToDeny) {
    MustAccept(ledger, Step("INTENT_TO_DENY", "2025-01-05"));
  }
  if (!clock_runs) MustAccept(ledger, Step("CLOCK_STOPPED", "2025-02-01"));
  if (standing == ApplicationStanding::kReturned) {
    MustAccept(ledger, Decision("return_application"));
  } else if (standing == ApplicationStanding::kDenied) {
    MustAccept(ledger, Decision("deny_application"));
  } else if (standing == ApplicationStanding::kGranted) {
    MustAccept(ledger, GrantOfApplication("L"));
  }
}

std::string CommandOf(ApplicationMove move) {
  switch (move) {
    case ApplicationMove::kRefer:
      return Step("REFERRED", "2025-03-01");
    case ApplicationMove::kStopClock:
      return Step("CLOCK_STOPPED", "2025-03-01");
    case ApplicationMove::kRestartClock:
      return Step("CLOCK_RESTARTED", "2025-03-01");
    case ApplicationMove::kTellIntentToDeny:
      return Step("INTENT_TO_DENY", "2025-03-01");
    case ApplicationMove::kReturn:
      return Decision("return_application");
    case ApplicationMove::kDeny:
      return Decision("deny_application");
    case ApplicationMove::kGrant:
      return GrantOfApplication("N");
  }
  return "";
}

const v1::ApplicationView& ApplicationIn(const MemoryLedger& ledger) {
  return **ledger.state().registers().applications.Find("Z");
}

TEST(ApplicationMoves, HappenWhereTheTableSaysSo) {
  for (const ApplicationMoveRule& rule : ApplicationMoves()) {
    for (const ApplicationStanding standing :
         {ApplicationStanding::kSubmitted, ApplicationStanding::kReferred,
          ApplicationStanding::kIntentToDeny, ApplicationStanding::kReturned,
          ApplicationStanding::kDenied, ApplicationStanding::kGranted}) {
      for (const bool clock_runs : {true, false}) {
        SCOPED_TRACE(absl::StrCat(rule.name, " from ", NameOf(standing),
                                  clock_runs ? "" : ", off the clock"));
        MemoryLedger ledger = MakeLedger();
        MakeApplication(ledger, standing, clock_runs);
        const auto outcome = Submit(ledger, CommandOf(rule.move));
        const bool allowed = std::find(rule.from.begin(), rule.from.end(),
                                       standing) != rule.from.end() &&
                             rule.clock_runs.value_or(clock_runs) == clock_runs;
        EXPECT_EQ(outcome.status.ok(), allowed) << outcome.status;
        if (!allowed) {
          EXPECT_EQ(GetErrorCause(outcome.status)->reason, "WRONG_STATUS")
              << outcome.status;
        }
        EXPECT_EQ(NameOf(StandingOf(ApplicationIn(ledger))),
                  NameOf(allowed ? rule.to.value_or(standing) : standing));
      }
    }
  }
}

TEST(ApplicationMoves, TheClockCountsTheDaysItRan) {
  MemoryLedger ledger = MakeLedger();
  MakeApplication(ledger, ApplicationStanding::kReferred, true);
  MustAccept(ledger, Step("CLOCK_STOPPED", "2025-01-11"));
  MustAccept(ledger, Step("CLOCK_RESTARTED", "2025-02-01"));
  const v1::ApplicationView& application = ApplicationIn(ledger);
  const auto days = [&](const char* through) {
    return ClockDays(application, *Date::Parse(through));
  };
  EXPECT_EQ(days("2025-01-01"), 0);
  EXPECT_EQ(days("2025-01-10"), 9);
  EXPECT_EQ(days("2025-01-11"), 10);
  EXPECT_EQ(days("2025-01-31"), 10);
  EXPECT_EQ(days("2025-02-01"), 10);
  EXPECT_EQ(days("2025-02-15"), 24);
}

TEST(ApplicationMoves, AnApplicationIsPendingAgainWhenItsLicenseIsVoid) {
  MemoryLedger ledger = MakeLedger();
  MakeApplication(ledger, ApplicationStanding::kGranted, true);
  MustAccept(ledger, "void_license { license_id: 'L' reason: 'mistyped' }");
  EXPECT_EQ(ApplicationIn(ledger).status(), v1::APPLICATION_STATUS_PENDING);
  EXPECT_TRUE(ApplicationIn(ledger).license_id().empty());
  MustAccept(ledger, GrantOfApplication("N"));
}

TEST(ApplicationMoves, AGrantComesAfterWhatItAnswers) {
  MemoryLedger ledger = MakeLedger();
  MakeApplication(ledger, ApplicationStanding::kReferred, true);
  const auto before = Submit(ledger, Grant("L", "application_id: 'Z'"));
  EXPECT_EQ(GetErrorCause(before.status)->reason, "WRONG_DATE");
}

TEST(ApplicationMoves, AnApplicationKeepsAThousandSteps) {
  MemoryLedger ledger = MakeLedger();
  MakeApplication(ledger, ApplicationStanding::kSubmitted, true);
  for (int i = 0; i < 500; ++i) {
    MustAccept(ledger, Step("CLOCK_STOPPED", "2025-03-01"));
    MustAccept(ledger, Step("CLOCK_RESTARTED", "2025-03-01"));
  }
  const auto more = Submit(ledger, Step("CLOCK_STOPPED", "2025-03-01"));
  EXPECT_EQ(GetErrorCause(more.status)->reason, "INVALID_FIELD");
  MustAccept(ledger, Decision("deny_application"));
}

TEST(ApplicationMoves, StepsComeInTheOrderOfTheirDates) {
  MemoryLedger ledger = MakeLedger();
  MakeApplication(ledger, ApplicationStanding::kReferred, true);
  const auto before = Submit(ledger, Step("CLOCK_STOPPED", "2025-01-04"));
  EXPECT_EQ(GetErrorCause(before.status)->reason, "WRONG_DATE");
  EXPECT_NE(
      before.status.message().find("before the step before it, 2025-01-05"),
      std::string::npos)
      << before.status;
  const auto ahead = Submit(ledger, Step("CLOCK_STOPPED", "2027-01-04"));
  EXPECT_EQ(GetErrorCause(ahead.status)->reason, "WRONG_DATE");
}

}  // namespace
}  // namespace chipledger::domain
