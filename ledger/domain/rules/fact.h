// What policies may count: a license, a movement of goods, a declaration.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_FACT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_FACT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/license.pb.h"
#include "chipledger/v1/shipment.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/license_state.h"
#include "ledger/domain/rules/measure.h"

namespace chipledger::domain {

// Units of an item that are on one line of a license.
struct LinePart {
  int32_t line_number = 0;
  int64_t units = 0;
  // Whether the line states a value when the units are put on it.
  bool states_value = false;
};
// The part that a draw puts on its line.
LinePart LinePartOf(const v1::LicenseDraw& draw);
// All of an item, in the order of its units; empty without a line.
using LineParts = std::vector<LinePart>;

// What some of the units of an item are worth: those from `first` on, when all
// `units` together are worth `value`. The parts of an item add up to it.
// Requires: units > 0.
int64_t PartOfValue(int64_t value, int64_t units, int64_t first, int64_t some);

// Units of a product that a fact counts, or declared compute.
struct CountedItem {
  // Null for compute that is declared without one. The revision that holds on
  // the fact's date.
  const v1::Product* product = nullptr;
  // Set for compute that is declared without a product.
  const v1::DeclareCompute::Line* declared = nullptr;
  int64_t units = 0;
  // Of all units.
  std::optional<int64_t> value_usd;
  // The place of the item in its shipment, from 0; for licenses the number of
  // the line. Names the item in a Charge.
  int32_t number = 0;
  // The lines of the license that are charged or drawn.
  LineParts lines;

  // What is on one of `lines`.
  CountedItem PartOn(size_t line) const;
  // To be measured. Requires: it has a product.
  MeasuredItem ToMeasure() const;
  // What item filters look at.
  ItemTraits Traits() const;
};

// Views borrow from the command that the fact was made from, and from the
// catalog.
struct Fact {
  Date date;
  // Country of ultimate destination, or where declared compute is.
  absl::string_view country;
  v1::Movement movement = v1::MOVEMENT_EXPORT;
  absl::string_view exporter;
  // Registered parties only. A shipment has at most one of each.
  absl::InlinedVector<absl::string_view, 1> consignees;
  absl::InlinedVector<absl::string_view, 1> end_users;
  v1::AuthorizationKind authorization_kind = v1::AUTHORIZATION_KIND_UNSPECIFIED;
  // Empty: none.
  absl::string_view license_id;
  // The license with that id, as it is before the event; null when there is
  // none, and for the grant of a license.
  const LicenseState* license = nullptr;
  // For the grant of a license: what is granted.
  const v1::License* granted = nullptr;
  std::vector<CountedItem> items;

  // The grant date of its authorization, if it has one.
  std::optional<Date> GrantedOn() const {
    if (granted != nullptr) return date;
    if (license != nullptr) return license->grant_date;
    return std::nullopt;
  }
};

// Calls visit(party) with those who receive and use the goods, until it returns
// true; returns whether it did.
template <typename Visit>
bool AnyReceiver(const Fact& fact, Visit&& visit) {
  return std::any_of(fact.consignees.begin(), fact.consignees.end(), visit) ||
         std::any_of(fact.end_users.begin(), fact.end_users.end(), visit);
}

// Returns the fact of a shipment that is to be counted: its parties, license
// and items, with the product revisions that hold on its date. Draws set the
// lines later.
// Errors: PARTY_NOT_FOUND, PRODUCT_NOT_FOUND.
absl::StatusOr<Fact> FactOfShipment(const Catalog& catalog,
                                    const v1::Shipment& shipment,
                                    v1::Movement movement);

// Splits the fact of a shipment into one a license that its items name, in the
// order of the first item of each. `fact` names the one of the items that name
// none of their own.
std::vector<Fact> SplitByLicense(Fact fact, const v1::Shipment& shipment);

// Adds to the items of a fact the lines that were drawn for them.
void AddLines(const google::protobuf::RepeatedPtrField<v1::LicenseDraw>& draws,
              Fact& fact);

// Fills the fact of units of a shipment that were found elsewhere: what is
// there now. Borrows from the event and the shipment. Errors: as
// FactOfShipment.
absl::Status FillDiversion(const Catalog& catalog,
                           const v1::DiversionReported& event,
                           const v1::Shipment& shipment, Fact& fact);

// Returns the facts of a license: one a destination, in the order in which its
// lines name them; for one without lines one without items a destination.
// Errors: as FactOfShipment.
absl::StatusOr<std::vector<Fact>> FactsOfLicense(const Catalog& catalog,
                                                 const v1::License& license);

// Returns the facts of a declaration: one a line. Errors: PRODUCT_NOT_FOUND.
absl::StatusOr<std::vector<Fact>> FactsOfDeclaration(
    const Catalog& catalog, const v1::DeclareCompute& declaration);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_FACT_H_
