// Goal: the engine finds what the description of the rules says, whatever the
// policies and whatever happens. Method: random requests on a ledger with
// random policies, and a second, slow implementation (slow_model.h) that is
// told the same; after each request what they find is compared, at the end
// every total.
//
// A long run:
//   RC_PARAMS="max_success=100000" build/release/bin/slow_model_test
#include "tests/domain/slow_model.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/headroom.h"
#include "ledger/domain/reports.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/domain/whole_event.h"
#include "ledger/scenario/memory_ledger.h"
#include "rapidcheck/gtest.h"
#include "tests/support/commands.h"

namespace chipledger::testing {
namespace {

using scenarios::MemoryLedger;
using scenarios::ReplayTotals;

// Whatever the size of a test: the smallest would repeat itself for ever.
int Number(int from, int below) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, below));
}
// Mostly a multiple of `unit`, so that sums meet limits exactly.
int Rounded(int from, int below, int unit) {
  const int number = Number(from, below);
  return number < unit || Number(0, 4) == 0 ? number : number - number % unit;
}

bool OneIn(int n) { return Number(0, n) == 0; }

using Choices = std::initializer_list<const char*>;

std::string Pick(Choices choices) {
  return choices.begin()[Number(0, static_cast<int>(choices.size()))];
}

// One to all of the choices, each in its turn.
std::vector<std::string> Some(Choices choices) {
  std::vector<std::string> some;
  for (const char* choice : choices) {
    if (OneIn(2)) some.push_back(choice);
  }
  return some.empty() ? std::vector<std::string>{Pick(choices)} : some;
}

template <typename Field>
void AddAll(const std::vector<std::string>& values, Field* field) {
  for (const std::string& value : values) *field->Add() = value;
}

// Edges of quarters, years, policies and of what the catalog says.
constexpr Choices kDates = {
    "2024-12-31", "2025-01-01", "2025-02-15", "2025-03-31", "2025-04-01",
    "2025-05-01", "2025-06-30", "2025-07-01", "2025-09-30", "2025-10-01",
    "2025-12-31", "2026-01-01", "2026-03-01", "2026-07-01", "2026-12-31"};
constexpr Choices kCountries = {"MY", "SG", "HK", "CN", "AE"};
constexpr Choices kGroups = {"g1", "g2", "g3"};
constexpr Choices kExporters = {"x", "y"};
constexpr Choices kParties = {"c1", "c2", "c3", "p"};
constexpr Choices kProducts = {"A", "B", "C", "U"};
constexpr int kLicenses = 5;

// Products: one with a decimal TPP, one whose figures change, one whose TPP is
// not known. Parties: with headquarters and parents that change, with a parent
// that has one, and with nothing. Groups whose members change.
const char* const kCatalog[] = {
    "register_product { product { product_code: 'A' gpus_per_unit: 1 "
    "milli_tpp_per_gpu: 1000 classification: '3A090.a' source: 's' "
    "memory_bandwidth_mb_s: 3000 } }",
    "register_product { product { product_code: 'B' gpus_per_unit: 8 "
    "milli_tpp_per_gpu: 2501 classification: '3A090.b' source: 's' } }",
    "register_product { product { product_code: 'C' gpus_per_unit: 2 "
    "milli_tpp_per_gpu: 1500 source: 's' } }",
    "register_product { product { product_code: 'C' gpus_per_unit: 3 "
    "milli_tpp_per_gpu: 2000 classification: '3A090.a' source: 's' "
    "effective_from: '2025-07-01' } }",
    "register_product { product { product_code: 'U' gpus_per_unit: 1 "
    "classification: '3A090.a' source: 's' } }",
    "register_party { party { party_id: 'x' name: 'X' } }",
    "register_party { party { party_id: 'y' name: 'Y' } }",
    "register_party { party { party_id: 'p' name: 'P' "
    "headquarters { country: 'CN' } "
    "headquarters { country: 'MY' effective_from: '2025-09-30' } } }",
    "register_party { party { party_id: 'c1' name: 'C1' "
    "headquarters { country: 'SG' } "
    "ultimate_parents { party_id: 'p' effective_from: '2025-05-01' } } }",
    "register_party { party { party_id: 'c2' name: 'C2' "
    "headquarters { country: 'HK' effective_from: '2025-04-01' } "
    "ultimate_parents { party_id: 'c1' } } }",
    "register_party { party { party_id: 'c3' name: 'C3' } }",
    "change_country_group { group_id: 'g1' "
    "changes { country: 'MY' kind: KIND_JOIN } "
    "changes { country: 'SG' kind: KIND_JOIN effective_date: '2025-07-01' } "
    "changes { country: 'MY' kind: KIND_LEAVE effective_date: '2026-01-01' } }",
    "change_country_group { group_id: 'g2' "
    "changes { country: 'CN' kind: KIND_JOIN } "
    "changes { country: 'SG' kind: KIND_JOIN } "
    "changes { country: 'SG' kind: KIND_LEAVE effective_date: '2025-04-01' } }",
    "change_country_group { group_id: 'g3' "
    "changes { country: 'AE' kind: KIND_JOIN effective_date: '2025-04-01' } "
    "changes { country: 'HK' kind: KIND_JOIN } }",
};

// Policies.

v1::AuthorizationKind AnyKind() {
  return static_cast<v1::AuthorizationKind>(Number(0, 4));
}

void FillItems(v1::ItemFilter& filter) {
  switch (Number(0, 4)) {
    case 0:
      AddAll(Some({"3A090.a", "3A090.b"}), filter.mutable_classifications());
      break;
    case 1:
      AddAll(Some(kProducts), filter.mutable_product_codes());
      break;
    case 2:
      filter.set_below_milli_tpp(Number(0, 2) == 0 ? 2000 : 2501);
      if (OneIn(3)) filter.set_below_memory_bandwidth_mb_s(4000);
      break;
    default:
      filter.set_min_milli_tpp(Number(0, 2) == 0 ? 1500 : 2000);
  }
}

void FillDestinations(v1::FactFilter& filter) {
  switch (Number(0, 3)) {
    case 0:
      AddAll(Some(kCountries), filter.mutable_destination_countries());
      break;
    case 1:
      AddAll(Some(kGroups), filter.mutable_destination_groups());
      break;
    default:
      AddAll(Some(kGroups), filter.mutable_except_destination_groups());
  }
}

void FillFilter(v1::FactFilter& filter) {
  switch (Number(0, 9)) {
    case 0:
      AddAll(Some(kGroups), filter.mutable_headquarters_groups());
      break;
    case 1:
      AddAll(Some(kGroups), filter.mutable_except_headquarters_groups());
      break;
    case 2:
      filter.add_exporters(Pick(kExporters));
      break;
    case 3:
      AddAll(Some(kParties), filter.mutable_consignees());
      break;
    case 4:
      AddAll(Some(kParties), filter.mutable_end_users());
      break;
    case 5:
      AddAll(Some(kParties), filter.mutable_ultimate_parents());
      break;
    case 6:
      filter.add_authorization_kinds(AnyKind());
      break;
    case 7:
      filter.add_license_ids(absl::StrCat("L", Number(0, kLicenses)));
      break;
    default:
      FillDestinations(filter);
  }
}

bool IsGroupedBy(const v1::Scope& scope, v1::Scope::GroupBy key) {
  for (const int each : scope.group_by()) {
    if (each == key) return true;
  }
  return false;
}

void FillScope(v1::Scope& scope) {
  for (int key = v1::Scope::GROUP_BY_DESTINATION_COUNTRY;
       key <= v1::Scope::GROUP_BY_PRODUCT; ++key) {
    if (OneIn(6)) scope.add_group_by(static_cast<v1::Scope::GroupBy>(key));
  }
  if (IsGroupedBy(scope, v1::Scope::GROUP_BY_LICENSE) && OneIn(3)) {
    scope.add_group_by(v1::Scope::GROUP_BY_LICENSE_LINE);
  }
  while (OneIn(3)) FillFilter(*scope.mutable_where());
  if (OneIn(8)) {
    scope.add_group_by(v1::Scope::GROUP_BY_COUNTRY_GROUP);
    scope.mutable_where()->clear_destination_groups();
    AddAll(Some(kGroups), scope.mutable_where()->mutable_destination_groups());
  }
}

void FillWindow(v1::Rule& rule) {
  v1::Window& window = *rule.mutable_window();
  switch (Number(0, 8)) {
    case 0:
      window.mutable_fixed()->set_from("2025-02-15");
      window.mutable_fixed()->set_to("2026-03-01");
      break;
    case 1:
      window.mutable_calendar_year();
      break;
    case 2:
      window.mutable_calendar_quarter();
      break;
    case 3:
      window.mutable_validity_of_authorization();
      if (!IsGroupedBy(rule.scope(), v1::Scope::GROUP_BY_LICENSE)) {
        rule.mutable_scope()->add_group_by(v1::Scope::GROUP_BY_LICENSE);
      }
      break;
    case 4:
      window.mutable_per_order();
      break;
    default:
      window.mutable_open();
  }
}

std::string AnyAmount(const v1::Rule& rule) {
  switch (rule.measure()) {
    case v1::MEASURE_TPP:
      return OneIn(3) ? absl::StrCat(Number(0, 400), ".", Number(0, 1000))
                      : absl::StrCat(Rounded(0, 400, 5));
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return absl::StrCat(Rounded(0, 200, 4));
    case v1::MEASURE_VALUE_USD:
      return absl::StrCat(Rounded(0, 3000, 100));
    default:
      return absl::StrCat(Rounded(0, 200, 5));
  }
}

// What a single order may come to exactly.
std::string OneOrder(const v1::Rule& rule) {
  switch (rule.measure()) {
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return Pick({"2", "4", "6", "8"});
    case v1::MEASURE_VALUE_USD:
      return Pick({"100", "200", "300", "400"});
    default:
      return Pick({"5", "10", "15", "20", "40"});
  }
}

// A limit that speaks of no other rule.
void FillLimit(const v1::Rule& rule, v1::Limit& limit) {
  switch (Number(0, 12)) {
    case 0:
      limit.mutable_zero();
      break;
    case 1:
      limit.mutable_unknown();
      break;
    case 2:
      limit.mutable_none();
      break;
    case 3:
      FillItems(*limit.mutable_predicate()->mutable_allowed());
      break;
    case 4:
    case 5:
    case 6:
      for (const char* from : {"2024-01-01", "2025-04-01", "2025-10-01",
                               "2026-01-01", "2026-07-01"}) {
        if (limit.schedule().steps_size() > 0 && OneIn(2)) continue;
        auto& step = *limit.mutable_schedule()->add_steps();
        step.set_from(from);
        step.set_value(OneIn(8) ? "unknown" : AnyAmount(rule));
      }
      break;
    default:
      limit.set_constant(AnyAmount(rule));
  }
}

// A limit that follows from the first rule, for a rule that is grouped at least
// as finely.
void FillDerivedLimit(const v1::Rule& other, v1::Rule& rule) {
  rule.set_measure(other.measure());
  rule.clear_reference();
  if (other.has_reference()) *rule.mutable_reference() = other.reference();
  for (const int each : other.scope().group_by()) {
    const auto key = static_cast<v1::Scope::GroupBy>(each);
    if (IsGroupedBy(rule.scope(), key)) continue;
    rule.mutable_scope()->add_group_by(key);
    if (key == v1::Scope::GROUP_BY_COUNTRY_GROUP) {
      *rule.mutable_scope()->mutable_where()->mutable_destination_groups() =
          other.scope().where().destination_groups();
    }
  }
  *rule.mutable_window() = other.window();
  // Of orders nothing adds up that a share could be of.
  if (OneIn(3) || other.window().has_per_order()) {
    auto& scaled = *rule.mutable_limit()->mutable_scaled();
    scaled.set_rule_id(other.rule_id());
    scaled.set_numerator(Number(1, 4));
    scaled.set_denominator(Number(1, 4));
  } else {
    auto& share = *rule.mutable_limit()->mutable_share();
    share.set_of_rule_id(other.rule_id());
    share.set_parts_per_million(Number(1, 10) * 100'000 + Number(0, 2));
  }
}

void FillExemption(v1::Exemption& exemption) {
  switch (Number(0, 5)) {
    case 0:
      exemption.add_authorization_kinds(AnyKind());
      break;
    case 1:
      FillItems(*exemption.mutable_items());
      break;
    case 2:
      if (OneIn(2)) {
        exemption.set_before(Pick({"2025-04-01", "2025-12-31"}));
      } else {
        exemption.set_from(Pick({"2025-07-01", "2026-01-01"}));
      }
      break;
    case 3:
      AddAll(Some(kParties), exemption.mutable_parties());
      break;
    default:
      FillFilter(*exemption.mutable_where());
  }
  if (OneIn(4)) exemption.set_from("2025-02-15");
}

void FillEnforcement(v1::Rule& rule) {
  v1::Enforcement& enforcement = *rule.mutable_enforcement();
  switch (Number(0, 8)) {
    case 0:
      enforcement.set_mode(v1::Enforcement::MODE_REPORT_ONLY);
      break;
    case 1:
      enforcement.set_mode(v1::Enforcement::MODE_NOTIFY);
      if (OneIn(2)) {
        rule.clear_limit_cases();
        rule.mutable_limit()->mutable_none();
      }
      enforcement.set_notify_at(OneIn(2) ? OneOrder(rule) : AnyAmount(rule));
      break;
    case 2:
    case 3:
      enforcement.set_mode(v1::Enforcement::MODE_PRESUME_DENIAL);
      break;
    default:
      enforcement.set_mode(v1::Enforcement::MODE_REFUSE);
  }
}

void FillRule(const v1::Policy& policy, v1::Rule& rule) {
  rule.set_rule_id(absl::StrCat("r", policy.rules_size()));
  rule.set_title("R");
  rule.set_measure(static_cast<v1::Measure>(Number(1, 5)));
  if (rule.measure() == v1::MEASURE_REFERENCE_EQUIVALENT) {
    rule.mutable_reference()->set_product_code("B");
    rule.mutable_reference()->set_milli_tpp(2500);
  }
  rule.set_accrual(static_cast<v1::Accrual>(std::vector<int>{
      v1::ACCRUAL_LICENSED, v1::ACCRUAL_EXPORTED, v1::ACCRUAL_LICENSED,
      v1::ACCRUAL_EXPORTED, v1::ACCRUAL_RECEIVED,
      v1::ACCRUAL_INSTALLED_NET}[Number(0, 6)]));
  if (rule.measure() == v1::MEASURE_VALUE_USD &&
      rule.accrual() == v1::ACCRUAL_INSTALLED_NET) {
    rule.set_accrual(v1::ACCRUAL_EXPORTED);
  }
  if (rule.accrual() == v1::ACCRUAL_LICENSED) {
    rule.set_revocation_effect(OneIn(3)
                                   ? v1::REVOCATION_EFFECT_KEEP_CHARGE
                                   : v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED);
    if (OneIn(2)) {
      rule.set_expiry_effect(v1::EXPIRY_EFFECT_RELEASE_UNSHIPPED);
    }
  }
  if (OneIn(4)) FillItems(*rule.mutable_items());
  FillScope(*rule.mutable_scope());
  FillWindow(rule);
  if (policy.rules_size() > 0 && OneIn(3)) {
    FillDerivedLimit(policy.rules(Number(0, policy.rules_size())), rule);
  } else {
    FillLimit(rule, *rule.mutable_limit());
  }
  if (rule.accrual() != v1::ACCRUAL_LICENSED && OneIn(3) &&
      IsGroupedBy(rule.scope(), v1::Scope::GROUP_BY_LICENSE)) {
    auto& authorized = *rule.mutable_limit()->mutable_authorized();
    if (OneIn(2)) {
      authorized.set_numerator(Number(1, 4));
      authorized.set_denominator(Number(1, 4));
    }
  }
  while (IsGroupedBy(rule.scope(), v1::Scope::GROUP_BY_DESTINATION_COUNTRY) &&
         !rule.limit().has_predicate() && OneIn(3)) {
    v1::LimitCase& limit_case = *rule.add_limit_cases();
    FillDestinations(*limit_case.mutable_where());
    if (OneIn(3)) {
      auto& scaled = *limit_case.mutable_limit()->mutable_scaled();
      scaled.set_rule_id(rule.rule_id());
      scaled.set_numerator(Number(1, 4));
      scaled.set_denominator(Number(1, 4));
    } else {
      FillLimit(rule, *limit_case.mutable_limit());
    }
  }
  while (OneIn(4)) FillExemption(*rule.add_exemptions());
  FillEnforcement(rule);
  // What says nothing is left out.
  if (rule.scope().ByteSizeLong() == 0) rule.clear_scope();
  if (OneIn(8)) {
    AddAll(Some({"k1", "k2"}), rule.mutable_required_conditions());
    if (OneIn(2) && rule.accrual() != v1::ACCRUAL_LICENSED) {
      rule.set_conditions_from(OneIn(2) ? OneOrder(rule) : AnyAmount(rule));
    }
  }
  if (OneIn(4)) {
    rule.set_test_point(OneIn(2) ? v1::TEST_POINT_GRANT
                                 : v1::TEST_POINT_SHIPMENT);
  } else if (OneIn(4) && !rule.window().has_per_order() &&
             rule.required_conditions().empty()) {
    rule.set_test_point(v1::TEST_POINT_REPORTING_DATE);
    AddAll(Some({"03-31", "06-30", "12-31"}), rule.mutable_reporting_dates());
    if (rule.enforcement().mode() != v1::Enforcement::MODE_NOTIFY) {
      rule.mutable_enforcement()->set_mode(v1::Enforcement::MODE_REPORT_ONLY);
    }
  }
}

v1::Command AnyAdoption(int number) {
  v1::Command command;
  v1::AdoptPolicy& adoption = *command.mutable_adopt_policy();
  if (OneIn(10)) adoption.set_mode(v1::ADOPTION_MODE_REPORT_ONLY);
  v1::Policy& policy = *adoption.mutable_policy();
  policy.set_policy_id(absl::StrCat("p", number));
  policy.set_title("P");
  policy.set_effective_from(OneIn(3) ? "2025-04-01" : "2024-06-01");
  if (OneIn(4)) policy.set_effective_to("2026-07-01");
  policy.mutable_provenance()->set_citation("c");
  policy.mutable_provenance()->set_legal_status(
      v1::Provenance::LEGAL_STATUS_IN_FORCE);
  policy.mutable_provenance()->set_enforcement_status(
      v1::Provenance::ENFORCEMENT_STATUS_ENFORCED);
  if (OneIn(2)) {
    v1::CountryTreatment& treatment = *policy.add_country_treatments();
    treatment.set_country("HK");
    treatment.set_treated_as("CN");
    if (OneIn(3)) treatment.set_effective_from("2025-07-01");
  }
  const int rules = Number(1, 5);
  for (int i = 0; i < rules; ++i) {
    v1::Rule rule;
    FillRule(policy, rule);
    *policy.add_rules() = rule;
  }
  return command;
}

// What happens.

// Each license has its exporter, grant date and kind, and each line number its
// product and destination, so that amendments are possible.
std::string ExporterOf(int license) { return license == 1 ? "y" : "x"; }

constexpr const char* kGrantDates[kLicenses] = {
    "2025-01-01", "2025-02-15", "2025-04-01", "2025-07-01", "2026-01-01"};

v1::AuthorizationKind KindOf(int license) {
  return license == 4 ? v1::AUTHORIZATION_KIND_NVEU
                      : v1::AUTHORIZATION_KIND_LICENSE;
}

struct Line {
  const char* product;
  const char* destination;
};
constexpr Line kLines[] = {{"A", "MY"}, {"B", "MY"}, {"A", "SG"}, {"B", "HK"},
                           {"C", "SG"}, {"U", "MY"}, {"A", "HK"}};
constexpr int kLineCount = static_cast<int>(std::size(kLines));

void FillLicense(int number, v1::License& license) {
  license.set_license_id(absl::StrCat("L", number));
  license.set_exporter(ExporterOf(number));
  license.set_authorization_kind(KindOf(number));
  for (const char* country : {"MY", "SG", "HK", "AE"}) {
    license.add_destination_countries(country);
  }
  license.set_grant_date(kGrantDates[number]);
  license.set_expiry_date(OneIn(4) ? "2026-06-30" : "2026-12-31");
  if (OneIn(2)) AddAll(Some({"c1", "c2", "c3"}), license.mutable_consignees());
  if (OneIn(3)) AddAll(Some({"c1", "c2", "p"}), license.mutable_end_users());
  for (int i = 0; i < kLineCount; ++i) {
    if (i > 0 && !OneIn(3)) continue;
    v1::LicenseLine& line = *license.add_lines();
    line.set_line_number(i + 1);
    line.set_product_code(kLines[i].product);
    line.set_destination_country(kLines[i].destination);
    line.set_quantity(Rounded(1, 60, 5));
    if (!OneIn(4)) line.set_value_usd(Rounded(0, 1000, 100));
  }
}

// What there is to speak of, as far as requests are accepted.
struct Known {
  std::set<int> licenses;
  std::set<int> shipments;
  int next_shipment = 0;
  // Suspensions and revocations: the license and the entry.
  std::vector<std::pair<std::string, uint64_t>> changes;

  // Mostly one of them.
  static int OneOf(const std::set<int>& known, int below) {
    if (known.empty() || OneIn(20)) return Number(0, below);
    return *rc::gen::elementOf(std::vector<int>(known.begin(), known.end()));
  }
  int License() const { return OneOf(licenses, kLicenses); }
  int Shipment() const { return OneOf(shipments, 20); }
};

// Each shipment has its exporter, so that its number says which it is.
std::string ShipperOf(int shipment) { return shipment % 4 == 1 ? "y" : "x"; }

void FillShipment(int number, const Known& known, v1::Shipment& shipment) {
  shipment.set_exporter(ShipperOf(number));
  shipment.set_shipment_reference(absl::StrCat("S", number));
  shipment.set_export_date(Pick(kDates));
  if (!OneIn(3)) shipment.set_consignee(Pick({"c1", "c2", "c3", "p"}));
  if (OneIn(3)) shipment.set_end_user(Pick({"c1", "c2", "p"}));
  const int items = Number(1, 4);
  if (OneIn(known.licenses.empty() ? 20 : 2)) {
    const int license = known.License();
    v1::Authorization& authorization = *shipment.mutable_authorization();
    authorization.set_kind(KindOf(license));
    authorization.set_license_id(absl::StrCat("L", license));
    const int first = Number(0, kLineCount);
    shipment.set_destination_country(kLines[first].destination);
    for (int i = 0; i < items; ++i) {
      const auto& [product, destination] = kLines[Number(0, kLineCount)];
      const bool fits = destination == shipment.destination_country();
      shipment.add_items()->set_product_code(fits ? product
                                                  : kLines[first].product);
    }
  } else {
    if (OneIn(2)) shipment.mutable_authorization()->set_kind(AnyKind());
    if (shipment.authorization().kind() == v1::AUTHORIZATION_KIND_LICENSE) {
      shipment.clear_authorization();
    }
    shipment.set_destination_country(Pick(kCountries));
    for (int i = 0; i < items; ++i) {
      shipment.add_items()->set_product_code(Pick(kProducts));
    }
  }
  for (v1::Item& item : *shipment.mutable_items()) {
    item.set_quantity(Rounded(1, 25, 5));
    if (!OneIn(4)) item.set_value_usd(Rounded(0, 400, 100));
  }
}

v1::Assurance AnyAssurance() {
  return OneIn(4) ? v1::ASSURANCE_AFTER_THE_FACT : v1::ASSURANCE_BEFORE_EXPORT;
}

template <typename Overrides>
void FillOverrides(const std::vector<v1::Policy>& policies,
                   Overrides* overrides) {
  for (const v1::Policy& policy : policies) {
    for (const v1::Rule& rule : policy.rules()) {
      const bool helps =
          rule.enforcement().mode() == v1::Enforcement::MODE_PRESUME_DENIAL;
      if (!OneIn(helps ? 2 : 8)) continue;
      v1::Override& each = *overrides->Add();
      each.set_policy_id(policy.policy_id());
      each.set_rule_id(rule.rule_id());
      each.set_reason("r");
      each.set_citation("c");
    }
  }
}

v1::Command AnyCommand(const std::vector<v1::Policy>& policies, Known& known) {
  v1::Command command;
  const auto of_license = [&](const std::string& kind,
                              const std::string& more = "") {
    return Cmd(absl::StrCat(kind, " { license_id: 'L", known.License(),
                            "' effective_date: '", Pick(kDates),
                            "' reason: 'r' ", more, "}"));
  };
  int kind = Number(0, 20);
  // Nearly always what there is something for.
  if (kind >= 4 && kind <= 9 && known.licenses.empty() && !OneIn(10)) kind = 0;
  if (kind >= 10 && kind <= 13 && known.shipments.empty() && !OneIn(10)) {
    kind = 19;
  }
  if (!known.changes.empty() && OneIn(12)) {
    const auto& [license_id, index] =
        known.changes[Number(0, known.changes.size())];
    return Cmd(absl::StrCat("correct_license_change { license_id: '",
                            license_id, "' change_index: ", index,
                            " effective_date: '", Pick(kDates),
                            "' reason: 'r' }"));
  }
  switch (kind) {
    case 0:
    case 1:
    case 2:
    case 3: {
      int license = Number(0, kLicenses);
      for (int i = 0; i < kLicenses && known.licenses.count(license) > 0; ++i) {
        license = (license + 1) % kLicenses;
      }
      if (known.licenses.insert(license).second) {
        v1::GrantLicense& grant = *command.mutable_grant_license();
        FillLicense(license, *grant.mutable_license());
        FillOverrides(policies, grant.mutable_overrides());
        return command;
      }
      [[fallthrough]];
    }
    case 4:
    case 5: {
      v1::AmendLicense& amendment = *command.mutable_amend_license();
      FillLicense(known.License(), *amendment.mutable_license());
      amendment.set_reason("r");
      FillOverrides(policies, amendment.mutable_overrides());
      return command;
    }
    case 6:
      if (OneIn(2)) {
        return Cmd(absl::StrCat(
            "record_condition { license_id: 'L", known.License(),
            "' condition { kind: '", Pick({"k1", "k2"}),
            "' evidence: 'e' satisfied_date: '", Pick(kDates), "' ",
            OneIn(2) ? "valid_through: '2026-12-31' " : "", "} }"));
      }
      return of_license(OneIn(2) ? "suspend_license" : "reinstate_license");
    case 7:
      if (OneIn(4)) {
        return Cmd(absl::StrCat("void_license { license_id: 'L",
                                known.License(), "' reason: 'r' }"));
      }
      return of_license("revoke_license");
    case 8:
    case 9:
      return of_license("revoke_license",
                        absl::StrCat("parts { line_number: ", Number(1, 4),
                                     " quantity: ", Number(1, 20), " } "));
    case 10: {
      const int shipment = known.Shipment();
      known.shipments.erase(shipment);
      v1::VoidShipment& voiding = *command.mutable_void_shipment();
      voiding.set_exporter(ShipperOf(shipment));
      voiding.set_shipment_reference(absl::StrCat("S", shipment));
      voiding.set_reason("r");
      voiding.set_recorded_in_error("e");
      return command;
    }
    case 11:
    case 12:
    case 13: {
      v1::CorrectShipment& correction = *command.mutable_correct_shipment();
      FillShipment(known.Shipment(), known, *correction.mutable_shipment());
      correction.set_assurance(AnyAssurance());
      correction.set_reason("r");
      FillOverrides(policies, correction.mutable_overrides());
      return command;
    }
    case 14:
      if (!policies.empty() && OneIn(3)) {
        return Cmd(absl::StrCat(
            "rescind_policy { policy_id: '",
            policies[Number(0, policies.size())].policy_id(),
            "' effective_date: '", Pick(kDates), "' reason: 'r' }"));
      }
      [[fallthrough]];
    default: {
      v1::RecordShipment& recorded = *command.mutable_record_shipment();
      const int shipment = known.next_shipment++;
      FillShipment(shipment, known, *recorded.mutable_shipment());
      known.shipments.insert(shipment);
      recorded.set_assurance(AnyAssurance());
      FillOverrides(policies, recorded.mutable_overrides());
      return command;
    }
  }
}

// Comparing.

// What was found about the commands of a request, by their place.
using Findings = std::set<std::pair<uint32_t, SlowModel::Finding>>;

Date WindowStart(const std::string& text) {
  return Date::ParseOr(text, Date::Min());
}

const v1::Policy* FindPolicy(const std::vector<v1::Policy>& policies,
                             const std::string& policy_id) {
  for (const v1::Policy& policy : policies) {
    if (policy.policy_id() == policy_id) return &policy;
  }
  return nullptr;
}

const v1::Rule* FindRule(const std::vector<v1::Policy>& policies,
                         const std::string& policy_id,
                         const std::string& rule_id) {
  for (const v1::Rule& rule : FindPolicy(policies, policy_id)->rules()) {
    if (rule.rule_id() == rule_id) return &rule;
  }
  return nullptr;
}

bool HasSchedule(const v1::Policy& policy) {
  return absl::StrContains(policy.ShortDebugString(), "schedule {");
}

SlowModel::Key KeyFrom(const v1::Rule& rule, const domain::TotalKey& key) {
  domain::GroupKeys group_by;
  for (const int each : rule.scope().group_by()) {
    group_by.push_back(static_cast<v1::Scope::GroupBy>(each));
  }
  std::sort(group_by.begin(), group_by.end());
  const bool is_open =
      rule.window().has_open() || rule.window().has_per_order();
  return {
      is_open ? Date::Min() : Date::FromDays(key.window_start()),
      SlowModel::GroupFrom(rule, domain::DecodeGroup(group_by, key.group()))};
}

std::string ToString(const Findings& findings) {
  std::string text;
  for (const auto& [place, finding] : findings) {
    absl::StrAppend(&text, place, ": ", finding.policy_id, "/", finding.rule_id,
                    " ",
                    finding.key.window_start == Date::Min()
                        ? ""
                        : finding.key.window_start.ToString(),
                    " (");
    for (const auto& [key, value] : finding.key.group) {
      absl::StrAppend(&text, " ", value);
    }
    absl::StrAppend(&text, " ) ", v1::Verdict_Name(finding.verdict), "\n");
  }
  return text;
}

// What the engine's judgements say of policies, but for what is only reported.
Findings FindingsOf(const MemoryLedger::Outcome& outcome,
                    const std::vector<v1::Policy>& policies) {
  Findings findings;
  for (size_t i = 0; i < outcome.judgements.size(); ++i) {
    for (const v1::Violation& violation : outcome.judgements[i].violations()) {
      if (violation.policy_id().empty() ||
          violation.verdict() == v1::VERDICT_REPORTED) {
        continue;
      }
      const v1::Rule* rule =
          FindRule(policies, violation.policy_id(), violation.rule_id());
      SlowModel::Key key{WindowStart(violation.window_start()), {}};
      if (rule != nullptr) {
        key.group = SlowModel::GroupFrom(*rule, violation.group());
      }
      findings.insert({outcome.refused ? violation.command_index()
                                       : static_cast<uint32_t>(i),
                       {violation.policy_id(), violation.rule_id(), key,
                        violation.verdict()}});
    }
    for (const v1::RuleEvaluation& evaluation : outcome.judgements[i].rules()) {
      const v1::Rule& rule =
          *FindRule(policies, evaluation.policy_id(), evaluation.rule_id());
      if (evaluation.verdict() != v1::VERDICT_NOTICE_DUE ||
          !SlowModel::OnlyNotifies(rule)) {
        continue;
      }
      findings.insert(
          {static_cast<uint32_t>(i),
           {evaluation.policy_id(), evaluation.rule_id(),
            SlowModel::Key{WindowStart(evaluation.window_start()),
                           SlowModel::GroupFrom(rule, evaluation.group())},
            evaluation.verdict()}});
    }
  }
  return findings;
}

// How many requests there were, and how many the rules judged.
struct Counts {
  int64_t histories = 0;
  int64_t policies = 0;
  int64_t adopted = 0;
  int64_t requests = 0;
  int64_t judged = 0;
  int64_t refused_by_policies = 0;
  int64_t findings = 0;
  int64_t limits = 0;
  int64_t corrected_changes = 0;
  int64_t reports = 0;
  int64_t standings = 0;
};
Counts counts;

// A ledger and a model that were told the same.
struct Pair {
  // After every date, so that each license can expire.
  MemoryLedger ledger{*Date::Parse("2027-02-01")};
  SlowModel model;
  std::vector<v1::Policy> policies;
  Known known;

  void Prepare() {
    for (const char* text : kCatalog) {
      const v1::Command command = Cmd(text);
      RC_ASSERT(ledger.Submit({command}).status.ok());
      model.Record(command, 0);
    }
    const int wanted = Number(1, 4);
    for (int i = 0; i < wanted; ++i) Adopt();
  }

  // Adopts a policy, if it is one; what stands by now is counted.
  void Adopt() {
    const v1::Command command = AnyAdoption(policies.size());
    ++counts.policies;
    if (!ledger.Submit({command}).status.ok()) return;
    ++counts.adopted;
    RC_LOG() << command.ShortDebugString() << "\n";
    RC_ASSERT(ledger.CountLateAdoptions().ok());
    model.Record(command, 0);
    policies.push_back(command.adopt_policy().policy());
  }

  // Submits a request to both and compares what they find.
  void SubmitOne() {
    Known would_be_known = known;
    std::vector<v1::Command> commands;
    const int size = OneIn(5) ? Number(2, 5) : 1;
    for (int i = 0; i < size; ++i) {
      commands.push_back(AnyCommand(policies, would_be_known));
    }
    domain::AskedBy by = domain::AskedBy::kAnyone;
    if (!known.licenses.empty() && OneIn(25)) {
      would_be_known = known;
      commands = {Cmd(absl::StrCat("expire_license { license_id: 'L",
                                   known.License(), "' }"))};
      by = domain::AskedBy::kLedger;
    }
    const uint64_t index = ledger.state().size();
    const MemoryLedger::Outcome outcome =
        ledger.Submit(commands, /*validate_only=*/false, by);
    ++counts.requests;
    if (!outcome.status.ok()) return;
    ++counts.judged;
    SlowModel would_be = model;
    Findings expected;
    for (size_t i = 0; i < commands.size(); ++i) {
      RC_LOG() << (outcome.refused ? "refused " : "accepted ") << i << " "
               << commands[i].ShortDebugString() << "\n";
      for (const SlowModel::Finding& finding :
           would_be.Record(commands[i], index + i)) {
        // A refusal says nothing of what would have been due.
        if (outcome.refused && finding.verdict == v1::VERDICT_NOTICE_DUE) {
          continue;
        }
        expected.insert({i, finding});
      }
    }
    const Findings found = FindingsOf(outcome, policies);
    RC_LOG() << "model:\n"
             << ToString(expected) << "engine:\n"
             << ToString(found);
    RC_ASSERT(found == expected);
    counts.findings += found.size();
    if (outcome.refused) {
      if (!found.empty()) ++counts.refused_by_policies;
    } else {
      model = std::move(would_be);
      known = std::move(would_be_known);
      for (size_t i = 0; i < commands.size(); ++i) {
        const v1::Command& command = commands[i];
        if (command.has_revoke_license()) {
          known.changes.emplace_back(command.revoke_license().license_id(),
                                     index + i);
        }
        if (command.has_suspend_license()) {
          known.changes.emplace_back(command.suspend_license().license_id(),
                                     index + i);
        }
        if (command.has_correct_license_change()) ++counts.corrected_changes;
      }
    }
  }

  // Compares the limit that each total's row shows, where it is one for all
  // dates.
  void CompareLimits() const {
    const Date today = *Date::Parse("2027-02-01");
    const domain::Snapshot snapshot = ledger.state().ToSnapshot();
    const auto rows = domain::ListHeadroom(
        {.snapshot = snapshot, .today = today}, {}, std::nullopt, 10'000);
    for (const auto& [ignored, row] : rows) {
      const v1::Rule& rule =
          *FindRule(policies, row.policy_id(), row.rule_id());
      const v1::Policy& policy = *FindPolicy(policies, row.policy_id());
      if (HasSchedule(policy)) continue;
      // The date of the window that is nearest to today.
      const Date last =
          row.window_end().empty()
              ? today
              : Date::FromDays(Date::Parse(row.window_end())->days() - 1);
      const std::optional<int64_t> expected =
          model.LimitOf(policy, rule,
                        {WindowStart(row.window_start()),
                         SlowModel::GroupFrom(rule, row.group())},
                        std::min(last, today));
      RC_LOG() << row.ShortDebugString() << " of " << rule.ShortDebugString()
               << "\n";
      RC_ASSERT(row.has_limit() == expected.has_value());
      if (expected.has_value()) RC_ASSERT(row.limit() == *expected);
      ++counts.limits;
    }
  }

  // Lets two years pass and compares what the ledger reports meanwhile. All
  // facts are dated before that, so the totals are those of now; what counts
  // through an earlier date is compared on dates of its own.
  void CompareReports() {
    constexpr int64_t kNsPerDay = int64_t{86'400} * 1'000'000'000;
    const uint64_t size = ledger.entries().size();
    RC_ASSERT(
        ledger.PassTime(Date::Parse("2029-01-01")->days() * kNsPerDay).ok());
    for (uint64_t index = size; index < ledger.entries().size();) {
      const auto event = ledger.ReadEvent(index);
      RC_ASSERT(event.ok());
      index += domain::EntriesOf(**event);
      if ((*event)->has_totals_reported()) {
        CompareReport((*event)->totals_reported());
      } else {
        // Licenses expire.
        for (const v1::Command& command : domain::CommandsOf(**event)) {
          model.Record(command, 0);
        }
      }
    }
    for (int i = 0; i < 3; ++i) CompareStandings(*Date::Parse(Pick(kDates)));
  }

  // What a policy has in the windows of a date, by rule.
  std::map<SlowModel::Key, SlowModel::Amounts> TotalsOn(
      const v1::Policy& policy, const v1::Rule& rule, Date date) const {
    auto totals = model.TotalsOf(policy, rule, date);
    for (auto it = totals.begin(); it != totals.end();) {
      it->second.unvalued_units = 0;
      const bool counts = it->second != SlowModel::Amounts();
      it = counts && IsIn(rule, it->first, date) ? std::next(it)
                                                 : totals.erase(it);
    }
    return totals;
  }

  static bool IsIn(const v1::Rule& rule, const SlowModel::Key& key, Date date) {
    const Date start = key.window_start;
    switch (rule.window().kind_case()) {
      case v1::Window::kCalendarYear:
        return start <= date && date < start.StartOfNextYear();
      case v1::Window::kCalendarQuarter:
        return start <= date && date < start.StartOfNextQuarter();
      case v1::Window::kFixed:
        return start <= date && date < *Date::Parse(rule.window().fixed().to());
      default:
        return true;
    }
  }

  void CompareReport(const v1::TotalsReported& report) {
    ++counts.reports;
    const Date date = *Date::Parse(report.command().date());
    const v1::Policy& policy =
        *FindPolicy(policies, report.command().policy_id());
    std::set<std::string> due;
    for (const v1::Rule& rule : policy.rules()) {
      for (const std::string& day : rule.reporting_dates()) {
        if (absl::EndsWith(report.command().date(), day)) {
          due.insert(rule.rule_id());
        }
      }
    }
    RC_ASSERT(due.size() == static_cast<size_t>(report.rules_size()));
    for (const v1::TotalsReported::RuleSummary& summary : report.rules()) {
      const v1::Rule& rule = policy.rules(static_cast<int>(summary.rule()));
      RC_ASSERT(due.contains(rule.rule_id()));
      // The model does not know until when an authorization is valid.
      if (rule.window().has_validity_of_authorization()) continue;
      const auto expected = TotalsOn(policy, rule, date);
      RC_LOG() << report.ShortDebugString() << "\n";
      RC_ASSERT(summary.totals() == expected.size());
      uint64_t over = 0;
      for (const auto& [key, amounts] : expected) {
        const auto limit = model.LimitOf(policy, rule, key, date, date);
        over += limit && amounts.used + amounts.reserved > *limit ? 1 : 0;
      }
      RC_ASSERT(summary.over_limit() == over);
    }
  }

  // Compares how every total stood through a date.
  void CompareStandings(Date date) const {
    const domain::Catalog& catalog = ledger.state().catalog();
    const auto find_total = [&](const domain::TotalKey& key) {
      return ledger.state().FindTotal(key);
    };
    const auto find_license = [&](absl::string_view id) {
      return ledger.state().FindLicense(id);
    };
    // By policy and rule.
    std::map<std::pair<uint32_t, uint32_t>,
             std::map<SlowModel::Key, SlowModel::Amounts>>
        totals;
    for (size_t p = 0; p < policies.size(); ++p) {
      for (int r = 0; r < policies[p].rules_size(); ++r) {
        totals[{p, r}] =
            model.TotalsOf(policies[p], policies[p].rules(r), date);
      }
    }
    for (const auto& [total_key, total] : ledger.state().SortedTotals()) {
      const domain::CompiledPolicy& compiled =
          *catalog.policies[total_key.policy()];
      const domain::CompiledRule& compiled_rule =
          compiled.rules[total_key.rule()];
      const v1::Policy& policy = policies[total_key.policy()];
      const v1::Rule& rule = policy.rules(static_cast<int>(total_key.rule()));
      const SlowModel::Key key = KeyFrom(rule, total_key);
      const domain::Evaluation standing =
          domain::StandingThrough({.catalog = catalog,
                                   .find_total = find_total,
                                   .find_license = find_license},
                                  compiled, compiled_rule, total_key, date);
      const SlowModel::Amounts expected =
          totals[{total_key.policy(), total_key.rule()}][key];
      RC_LOG() << date.ToString() << " " << rule.ShortDebugString() << "\n";
      RC_ASSERT(standing.used == expected.used);
      RC_ASSERT(standing.reserved == expected.reserved);
      RC_ASSERT(standing.unmeasured_gpus == expected.unmeasured_gpus);
      RC_ASSERT(domain::JudgedLimit(standing, compiled_rule) ==
                model.LimitOf(policy, rule, key, date, date));
      ++counts.standings;
    }
  }

  // Compares every total.
  void CompareTotals() const {
    const auto replayed = ReplayTotals(ledger.entries());
    RC_ASSERT(replayed.ok());
    RC_ASSERT(*replayed == ledger.state().SortedTotals());

    for (size_t p = 0; p < policies.size(); ++p) {
      const v1::Policy& policy = policies[p];
      for (int r = 0; r < policy.rules_size(); ++r) {
        const v1::Rule& rule = policy.rules(r);
        RC_LOG() << "totals of " << rule.ShortDebugString() << "\n";
        std::map<SlowModel::Key, SlowModel::Amounts> found;
        for (const auto& [key, total] : *replayed) {
          if (key.policy() != p || static_cast<int>(key.rule()) != r ||
              total.sum.IsZero()) {
            continue;
          }
          found[KeyFrom(rule, key)] = {
              .used = total.sum.used,
              .reserved = total.sum.reserved,
              .unmeasured_gpus = total.sum.unmeasured_gpus};
        }
        auto expected = model.TotalsOf(policy, rule);
        for (auto it = expected.begin(); it != expected.end();) {
          it->second.unvalued_units = 0;
          it = it->second == SlowModel::Amounts() ? expected.erase(it)
                                                  : std::next(it);
        }
        for (const auto* totals : {&expected, &found}) {
          for (const auto& [key, amounts] : *totals) {
            RC_LOG() << (totals == &found ? "engine " : "model ")
                     << key.window_start.days();
            for (const auto& [by, value] : key.group) RC_LOG() << " " << value;
            RC_LOG() << ": " << amounts.used << " " << amounts.reserved << " "
                     << amounts.unmeasured_gpus << "\n";
          }
        }
        RC_ASSERT(found == expected);
      }
    }
  }
};

void CompareOneHistory() {
  Pair pair;
  pair.Prepare();
  ++counts.histories;
  const int requests = Number(1, 40);
  for (int i = 0; i < requests; ++i) {
    if (pair.policies.size() < 4 && OneIn(40)) pair.Adopt();
    pair.SubmitOne();
  }
  pair.CompareTotals();
  pair.CompareLimits();
  pair.CompareReports();
  pair.CompareTotals();
}

// A comparison is worth what the rules had to decide, so most requests must
// reach them.
TEST(SlowModelTest, TheEngineFindsWhatTheRulesSay) {
  // Unless the environment says otherwise.
  ASSERT_EQ(setenv("RC_PARAMS", "max_success=500", /*overwrite=*/0), 0);
  EXPECT_TRUE(rc::check("engine and model agree", CompareOneHistory));
  std::cout << counts.histories << " histories, " << counts.adopted << " of "
            << counts.policies << " policies adopted, " << counts.judged
            << " of " << counts.requests << " requests judged, "
            << counts.refused_by_policies << " refused by policies, "
            << counts.findings << " findings, " << counts.limits << " limits, "
            << counts.corrected_changes << " corrected changes, "
            << counts.reports << " reports, " << counts.standings
            << " standings\n";
  EXPECT_GT(counts.reports, 0);
  EXPECT_GT(counts.judged * 2, counts.requests);
  EXPECT_GT(counts.adopted * 2, counts.policies);
  EXPECT_GT(counts.corrected_changes, 0);
}

}  // namespace
}  // namespace chipledger::testing
