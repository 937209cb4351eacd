// Drawing on licenses: which one, whether it fits, and how many units are left.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_LICENSE_DRAW_H_
#define CHIPLEDGER_LEDGER_DOMAIN_LICENSE_DRAW_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/rules/assessment.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// Why a license, as it stands, does not authorize a shipment's exporter on its
// export date, whatever it ships: it is another's, not valid yet or any more,
// suspended, revoked, replaced or void. Requires: the date is one.
std::vector<v1::LicenseFinding> StandingFindings(const LicenseState& license,
                                                 const v1::Shipment& shipment);

// LicenseDraws draws on licenses and gives back during one decision; what was
// drawn before is seen by what comes later.
//
// Lifecycle: lives for one decision, beside its assessment.
class LicenseDraws {
 public:
  // All must outlive this.
  LicenseDraws(const State& state, const History& history,
               Assessment& assessment)
      : state_(state), history_(history), assessment_(assessment) {}

  // Checks the license of a fact of a shipment, or chooses one when the
  // authorization is a license and none is named, and draws on it; what is
  // wrong becomes findings of the evidence. An item draws the first line that
  // has enough left for all of it; when none has, each line gives what it has,
  // in their order, and the last what nobody has. Sets the license and the
  // license lines of the fact. `reserved`: units are reserved, not shipped.
  // `has_left`: the goods have left, so that nothing may keep them from being
  // recorded: a license that was never granted is a violation, and what one
  // that has ended gave back is charged again without a test. Errors:
  // LICENSE_NOT_FOUND, INVALID_FIELD for a departure on another date,
  // TOTAL_OVERFLOW.
  absl::Status Draw(const v1::Shipment& shipment, bool reserved, bool has_left,
                    Fact& fact, v1::Evidence& evidence);

  // Draws on a line without checks: what a reservation holds on.
  absl::Status Hold(const LicenseState& license, const LinePart& part,
                    int32_t item, Date date, v1::Evidence& evidence);

  // Gives back what an earlier entry drew. `date` is its date. What the license
  // counts is moved here, so Assessment::CountBack leaves it alone.
  // Errors: DATA_DAMAGED, TOTAL_OVERFLOW.
  absl::Status DrawBack(
      const google::protobuf::RepeatedPtrField<v1::LicenseDraw>& earlier,
      uint64_t earlier_index, Date date, v1::Evidence& evidence);

 private:
  // Which lines each item draws, and what is wrong with the license for the
  // shipment.
  struct Plan {
    std::vector<LineParts> items;
    std::vector<v1::LicenseFinding> findings;
  };
  // What this decision has drawn so far by one date.
  struct Pending {
    const LicenseState* license;
    int32_t line_number;
    Date date;
    DrawnUnits units;
  };

  absl::StatusOr<const LicenseState*> Choose(const v1::Shipment& shipment,
                                             const Fact& fact,
                                             v1::Evidence& evidence);
  Plan MakePlan(const LicenseState& license, const v1::Shipment& shipment,
                const Fact& fact) const;
  static void CheckTerms(const LicenseState& license,
                         const v1::Shipment& shipment, Date date,
                         std::vector<v1::LicenseFinding>& findings);
  // `planned` is what the items before have planned, by line.
  LineParts PlanItem(const LicenseState& license, const v1::Shipment& shipment,
                     int place, std::vector<int64_t>& planned,
                     std::vector<v1::LicenseFinding>& findings) const;
  void Report(v1::LicenseFinding finding, v1::Evidence& evidence);
  // Records a draw. A license that has ended counts what is shipped and
  // reserved under it, so its charges move with each draw.
  absl::Status Add(const LicenseState& license, v1::LicenseDraw draw, Date date,
                   Test test, v1::Evidence& evidence);
  // When the license ends it will count what was drawn, so that must fit.
  // Errors: TOTAL_OVERFLOW.
  static absl::Status CheckCanEnd(const LicenseState& license,
                                  int32_t line_number, int64_t units);
  // What this decision has drawn so far, by all dates.
  DrawnUnits PendingOf(const LicenseState& license, int32_t line_number) const;
  // Notes a draw, which must fit the line as folding will add it.
  // Errors: TOTAL_OVERFLOW.
  absl::Status AddPending(const LicenseState& license,
                          const v1::LicenseDraw& draw, Date date);

  const State& state_;
  const History& history_;
  Assessment& assessment_;
  std::vector<Pending> pending_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_LICENSE_DRAW_H_
