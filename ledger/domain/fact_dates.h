// Of which countries and parties there are facts, and of which dates: what a
// change of the catalog that is recorded late would have judged otherwise.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_FACT_DATES_H_
#define CHIPLEDGER_LEDGER_DOMAIN_FACT_DATES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/license.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/persistent_map.h"
#include "ledger/domain/catalog.h"

namespace chipledger::domain {

// The facts of a subject on a date: of the first ones their entries, of others
// only that there are some.
struct FactsOnDate {
  // How many are told apart.
  static constexpr size_t kMaxIndexes = 4;

  // Ascending.
  std::vector<uint64_t> indexes;
  // Whether there were others. They are not forgotten when they are taken back.
  bool has_more = false;

  // Returns false when nothing changes.
  bool Add(uint64_t index);
  bool Remove(uint64_t index);
  bool empty() const { return indexes.empty() && !has_more; }
};

// By FactDateKey; never empty ones. A license that was voided and a reservation
// that has ended are forgotten when they count nothing any more. What became of
// a shipment is not: its dates are those of goods, and near.
using FactDates = PersistentMap<std::string, FactsOnDate>;

// What the catalog is asked about for a fact: country codes, and party ids,
// which are told apart by their case. May repeat itself. Borrows from the fact
// and the catalog.
using Subjects = std::vector<absl::string_view>;

// Such as "MY/2026-01-31": the dates of one subject are together.
std::string FactDateKey(absl::string_view subject, Date date);

// The subjects of a fact: its destinations, those who receive or use the goods,
// those who own them, and where all of these are headquartered.
Subjects SubjectsOf(const Catalog& catalog, const v1::Shipment& shipment,
                    Date date);
Subjects SubjectsOf(const Catalog& catalog, const v1::License& license,
                    Date date);
Subjects SubjectsOf(const Catalog& catalog,
                    const v1::DeclareCompute& declaration, Date date);
Subjects SubjectsOf(const Catalog& catalog,
                    const v1::ReportDiversion& diversion, Date date);

// A country and a date of which there are facts.
struct DatedCountry {
  std::string country;
  Date date;
};

// Returns those from a date on.
std::vector<DatedCountry> CountriesWithFactsFrom(const FactDates& fact_dates,
                                                 Date from);

// A fact that a policy has judged by what a change would alter.
struct JudgedFact {
  // Unset when its entry is not told apart; see FactsOnDate.
  std::optional<uint64_t> index;
  // A country or a party.
  std::string subject;
  std::string date;
  std::string policy_id;
};

// Find a fact that a policy in force on its date would have judged otherwise
// with a changed group or party. Nothing when the change alters no past
// judgement. A group alters what asks whether a country belongs to it; a party
// what asks for its headquarters or owner, when that differs.
std::optional<JudgedFact> FindJudgedOtherwise(const Catalog& catalog,
                                              const FactDates& fact_dates,
                                              const DatedGroup& changed);
std::optional<JudgedFact> FindJudgedOtherwise(const Catalog& catalog,
                                              const FactDates& fact_dates,
                                              const v1::Party& changed);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_FACT_DATES_H_
