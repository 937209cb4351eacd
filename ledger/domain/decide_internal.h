// The parts of deciding, by kind of command. Internal to ledger/domain.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DECIDE_INTERNAL_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DECIDE_INTERNAL_H_

#include <vector>

#include "absl/status/status.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// What deciding one command reads and fills. `event` shares the command's
// message; it is only meaningful when there are no violations.
struct Case {
  const State& state;
  const History& history;
  // The date of the record time.
  Date today;
  v1::Event& event;
  std::vector<v1::Violation>& violations;
};

// Each requires that CheckCommand accepts the command. An error means that the
// command is wrong and nothing is recorded; violations mean a refusal.
absl::Status DecideRegisterProduct(v1::RegisterProduct& command, Case& c);
absl::Status DecideRegisterParty(v1::RegisterParty& command, Case& c);
absl::Status DecideChangeCountryGroup(v1::ChangeCountryGroup& command, Case& c);
absl::Status DecideAdoptPolicy(v1::AdoptPolicy& command, Case& c);
absl::Status DecideRescindPolicy(v1::RescindPolicy& command, Case& c);
absl::Status DecideGrantLicense(v1::GrantLicense& command, Case& c);
absl::Status DecideAmendLicense(v1::AmendLicense& command, Case& c);
absl::Status DecideSuspendLicense(v1::SuspendLicense& command, Case& c);
absl::Status DecideReinstateLicense(v1::ReinstateLicense& command, Case& c);
absl::Status DecideRevokeLicense(v1::RevokeLicense& command, Case& c);
absl::Status DecideRecordShipment(v1::RecordShipment& command, Case& c);
absl::Status DecideVoidShipment(v1::VoidShipment& command, Case& c);
absl::Status DecideCorrectShipment(v1::CorrectShipment& command, Case& c);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DECIDE_INTERNAL_H_
