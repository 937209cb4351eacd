// Of which countries and dates there are facts: what a change of a country
// group with an earlier date would have judged otherwise.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_FACT_DATES_H_
#define CHIPLEDGER_LEDGER_DOMAIN_FACT_DATES_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/license.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/persistent_map.h"
#include "ledger/domain/catalog.h"

namespace chipledger::domain {

// The index of the first entry with a fact of a country and date, also of one
// that was taken back; by FactDateKey.
using FactDates = PersistentMap<std::string, uint64_t>;

// Country, then date: as the state's rows are named.
std::string FactDateKey(absl::string_view country, Date date);

// The countries that groups are asked about for a fact: its destinations, and
// where its consignees and end users, and those who own them, are
// headquartered.
std::set<std::string> CountriesOf(const Catalog& catalog,
                                  const v1::Shipment& shipment, Date date);
std::set<std::string> CountriesOf(const Catalog& catalog,
                                  const v1::License& license, Date date);
std::set<std::string> CountriesOf(const v1::DeclareCompute& declaration);

// A fact that a policy has judged by a membership that a change would alter.
struct JudgedFact {
  uint64_t index = 0;
  std::string country;
  std::string date;
  std::string policy_id;
};
// Finds one for a change of a group; `after` is the group with the change.
// Nothing when the change alters no past judgement.
std::optional<JudgedFact> FindJudgedOtherwise(const Catalog& catalog,
                                              const FactDates& fact_dates,
                                              const DatedGroup* before,
                                              const DatedGroup& after);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_FACT_DATES_H_
