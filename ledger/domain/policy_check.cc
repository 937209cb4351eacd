// Checking policies: what contradicts itself is found here, so that nothing in
// a policy is ever ignored.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/domain/check.h"
#include "ledger/domain/policy.h"

namespace chipledger::domain {
namespace {

// More would allow twice what a line authorizes.
constexpr int64_t kMaxToleranceBasisPoints = 10'000;
constexpr int64_t kMaxPartsPerMillion = 1'000'000;
// More of a limit's own measure is taken as a slip of the pen.
constexpr int64_t kMaxFactor = 1'000'000'000;
// A leap year, so that "02-29" can be a reporting date.
constexpr absl::string_view kLeapYear = "2024-";

bool MeasuresTpp(const v1::Rule& rule) {
  return rule.measure() == v1::MEASURE_TPP;
}

bool GroupsBy(const v1::Rule& rule, v1::Scope::GroupBy key) {
  const auto& keys = rule.scope().group_by();
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

// A decimal of the rule's own unit as an amount, if it is one.
std::optional<int64_t> ParseAmount(const std::string& text,
                                   const v1::Rule& rule) {
  const auto value = ParseDecimal(text, MeasuresTpp(rule) ? 3 : 0);
  if (!value || *value < 0) return std::nullopt;
  return rule.measure() == v1::MEASURE_REFERENCE_EQUIVALENT
             ? CheckedMul(*value, rule.reference().milli_tpp())
             : value;
}

void CheckAmount(const std::string& text, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks) {
  if (ParseAmount(text, rule)) return;
  checks.Add(
      path,
      absl::StrCat("\"", text, "\" is not a number from 0 on with at most ",
                   MeasuresTpp(rule) ? 3 : 0, " decimals that fits 64 bits"));
}

void CheckProvenance(const v1::Provenance& provenance, bool required,
                     const std::string& path, FieldChecks& checks) {
  checks.Text(provenance.citation(), limits::kMaxTextBytes, required,
              absl::StrCat(path, ".citation"));
  checks.Text(provenance.confidence(), limits::kMaxTextBytes, false,
              absl::StrCat(path, ".confidence"));
  if (required &&
      provenance.legal_status() == v1::Provenance::LEGAL_STATUS_UNSPECIFIED) {
    checks.Add(absl::StrCat(path, ".legal_status"), "is required");
  }
  if (required && provenance.enforcement_status() ==
                      v1::Provenance::ENFORCEMENT_STATUS_UNSPECIFIED) {
    checks.Add(absl::StrCat(path, ".enforcement_status"), "is required");
  }
  for (int i = 0; i < provenance.sources_size(); ++i) {
    checks.Text(provenance.sources(i), limits::kMaxTextBytes, true,
                absl::StrCat(path, ".sources[", i, "]"));
  }
}

using Strings = google::protobuf::RepeatedPtrField<std::string>;

void CheckCountries(const Strings& list, const std::string& path,
                    FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Country(list[i], absl::StrCat(path, "[", i, "]"));
  }
}

void CheckPrintables(const Strings& list, size_t max_bytes,
                     const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Printable(list[i], max_bytes, true, absl::StrCat(path, "[", i, "]"));
  }
}

void CheckSlugs(const Strings& list, size_t max_bytes, const std::string& path,
                FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Slug(list[i], max_bytes, absl::StrCat(path, "[", i, "]"));
  }
}

// Kinds of authorizations or movements.
template <typename List>
void CheckKinds(const List& list, bool (*is_valid)(int),
                const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    if (!is_valid(list[i])) {
      checks.Add(absl::StrCat(path, "[", i, "]"),
                 absl::StrCat(list[i], " is not a kind"));
    }
  }
}

bool IsMovement(int movement) {
  return v1::Movement_IsValid(movement) && movement != v1::MOVEMENT_UNSPECIFIED;
}

void CheckItemFilter(const v1::ItemFilter& filter, const std::string& path,
                     FieldChecks& checks) {
  CheckPrintables(filter.classifications(), limits::kMaxNameBytes,
                  absl::StrCat(path, ".classifications"), checks);
  CheckPrintables(filter.product_codes(), limits::kMaxProductCodeBytes,
                  absl::StrCat(path, ".product_codes"), checks);
  const auto at_least_zero = [&](bool has, int64_t value,
                                 absl::string_view field) {
    if (has && value < 0) {
      checks.Add(absl::StrCat(path, ".", field),
                 absl::StrCat(value, " is negative"));
    }
  };
  at_least_zero(filter.has_min_milli_tpp(), filter.min_milli_tpp(),
                "min_milli_tpp");
  at_least_zero(filter.has_below_milli_tpp(), filter.below_milli_tpp(),
                "below_milli_tpp");
  at_least_zero(filter.has_below_memory_bandwidth_mb_s(),
                filter.below_memory_bandwidth_mb_s(),
                "below_memory_bandwidth_mb_s");
  if (filter.has_min_milli_tpp() && filter.has_below_milli_tpp() &&
      filter.below_milli_tpp() <= filter.min_milli_tpp()) {
    checks.Add(
        absl::StrCat(path, ".below_milli_tpp"),
        absl::StrCat(filter.below_milli_tpp(), " is not above min_milli_tpp, ",
                     filter.min_milli_tpp(), "; no item matches"));
  }
}

void CheckFactFilter(const v1::FactFilter& where, const std::string& path,
                     FieldChecks& checks) {
  const auto at = [&](absl::string_view field) {
    return absl::StrCat(path, ".", field);
  };
  CheckCountries(where.destination_countries(), at("destination_countries"),
                 checks);
  CheckPrintables(where.destination_groups(), limits::kMaxGroupIdBytes,
                  at("destination_groups"), checks);
  CheckPrintables(where.except_destination_groups(), limits::kMaxGroupIdBytes,
                  at("except_destination_groups"), checks);
  CheckPrintables(where.license_ids(), limits::kMaxLicenseIdBytes,
                  at("license_ids"), checks);
  CheckPrintables(where.headquarters_groups(), limits::kMaxGroupIdBytes,
                  at("headquarters_groups"), checks);
  CheckPrintables(where.except_headquarters_groups(), limits::kMaxGroupIdBytes,
                  at("except_headquarters_groups"), checks);
  CheckSlugs(where.exporters(), limits::kMaxPartyIdBytes, at("exporters"),
             checks);
  CheckSlugs(where.consignees(), limits::kMaxPartyIdBytes, at("consignees"),
             checks);
  CheckSlugs(where.end_users(), limits::kMaxPartyIdBytes, at("end_users"),
             checks);
  CheckSlugs(where.ultimate_parents(), limits::kMaxPartyIdBytes,
             at("ultimate_parents"), checks);
  CheckKinds(where.authorization_kinds(), v1::AuthorizationKind_IsValid,
             at("authorization_kinds"), checks);
  CheckKinds(where.movements(), IsMovement, at("movements"), checks);
}

void CheckScope(const v1::Rule& rule, const std::string& path,
                FieldChecks& checks) {
  const v1::Scope& scope = rule.scope();
  std::set<int> keys;
  for (int i = 0; i < scope.group_by_size(); ++i) {
    const int key = scope.group_by(i);
    if (key == v1::Scope::GROUP_BY_UNSPECIFIED ||
        !v1::Scope::GroupBy_IsValid(key) || !keys.insert(key).second) {
      checks.Add(absl::StrCat(path, ".group_by[", i, "]"),
                 absl::StrCat(key, " is not a key, or named twice"));
    }
  }
  if (GroupsBy(rule, v1::Scope::GROUP_BY_COUNTRY_GROUP) &&
      scope.where().destination_groups().empty()) {
    checks.Add(absl::StrCat(path, ".group_by"),
               "GROUP_BY_COUNTRY_GROUP needs where.destination_groups");
  }
  if (GroupsBy(rule, v1::Scope::GROUP_BY_LICENSE_LINE) &&
      !GroupsBy(rule, v1::Scope::GROUP_BY_LICENSE)) {
    checks.Add(absl::StrCat(path, ".group_by"),
               "GROUP_BY_LICENSE_LINE needs GROUP_BY_LICENSE");
  }
  CheckFactFilter(scope.where(), absl::StrCat(path, ".where"), checks);
}

void CheckWindow(const v1::Rule& rule, const std::string& path,
                 FieldChecks& checks) {
  const v1::Window& window = rule.window();
  if (window.kind_case() == v1::Window::KIND_NOT_SET) {
    checks.Add(path,
               "is required: set fixed, calendar_year, calendar_quarter, "
               "validity_of_authorization, per_order or open");
  }
  if (window.has_validity_of_authorization() &&
      !GroupsBy(rule, v1::Scope::GROUP_BY_LICENSE)) {
    checks.Add(absl::StrCat(path, ".validity_of_authorization"),
               "needs scope.group_by GROUP_BY_LICENSE");
  }
  if (!window.has_fixed()) return;
  checks.Date(window.fixed().from(), true, absl::StrCat(path, ".fixed.from"));
  checks.Date(window.fixed().to(), true, absl::StrCat(path, ".fixed.to"));
  if (window.fixed().to() <= window.fixed().from()) {
    checks.Add(absl::StrCat(path, ".fixed.to"), "is not after fixed.from");
  }
}

// Checks the limits of one rule.
class LimitChecks {
 public:
  LimitChecks(const v1::Policy& policy, const v1::Rule& rule,
              FieldChecks& checks)
      : policy_(policy), rule_(rule), checks_(checks) {}

  void Check(const v1::Limit& limit, bool in_case, const std::string& path) {
    switch (limit.kind_case()) {
      case v1::Limit::KIND_NOT_SET:
        checks_.Add(path, "is required: set exactly one kind");
        return;
      case v1::Limit::kConstant:
        CheckAmount(limit.constant(), rule_, absl::StrCat(path, ".constant"),
                    checks_);
        return;
      case v1::Limit::kSchedule:
        return CheckSchedule(limit.schedule(), absl::StrCat(path, ".schedule"));
      case v1::Limit::kScaled:
        return CheckScaled(limit.scaled(), in_case,
                           absl::StrCat(path, ".scaled"));
      case v1::Limit::kShare:
        return CheckShare(limit.share(), absl::StrCat(path, ".share"));
      case v1::Limit::kPredicate:
        if (in_case) {
          checks_.Add(path, "a predicate cannot stand in a limit case");
        }
        return CheckItemFilter(limit.predicate().allowed(),
                               absl::StrCat(path, ".predicate.allowed"),
                               checks_);
      case v1::Limit::kAuthorized:
        if (in_case) {
          checks_.Add(path, "authorized cannot stand in a limit case");
        }
        return CheckAuthorized(limit.authorized(),
                               absl::StrCat(path, ".authorized"));
      default:
        return;
    }
  }

 private:
  void CheckSchedule(const v1::Limit::Schedule& schedule,
                     const std::string& path) {
    if (schedule.steps().empty()) {
      checks_.Add(absl::StrCat(path, ".steps"), "is required");
    }
    for (int i = 0; i < schedule.steps_size(); ++i) {
      const v1::Limit::Schedule::Step& step = schedule.steps(i);
      const std::string at = absl::StrCat(path, ".steps[", i, "]");
      checks_.Date(step.from(), true, absl::StrCat(at, ".from"));
      // ISO dates sort as text.
      if (i > 0 && step.from() <= schedule.steps(i - 1).from()) {
        checks_.Add(absl::StrCat(at, ".from"),
                    absl::StrCat("\"", step.from(),
                                 "\" is not after the step before it; steps "
                                 "do not overlap"));
      }
      if (step.value() != "unknown") {
        CheckAmount(step.value(), rule_, absl::StrCat(at, ".value"), checks_);
      }
    }
    const std::string first = FirstCovered();
    if (!schedule.steps().empty() && schedule.steps(0).from() > first) {
      checks_.Add(absl::StrCat(path, ".steps[0].from"),
                  absl::StrCat("\"", schedule.steps(0).from(), "\" is after ",
                               first, ", the first date that the rule covers"));
    }
  }

  // The first date that the policy and the rule's window cover.
  std::string FirstCovered() const {
    return rule_.window().has_fixed() ? std::max(policy_.effective_from(),
                                                 rule_.window().fixed().from())
                                      : policy_.effective_from();
  }

  const v1::Rule* FindRule(const std::string& rule_id,
                           const std::string& path) {
    for (const v1::Rule& rule : policy_.rules()) {
      if (rule.rule_id() == rule_id) return &rule;
    }
    checks_.Add(path,
                absl::StrCat("\"", rule_id, "\" is not a rule of this policy"));
    return nullptr;
  }

  void CheckScaled(const v1::Limit::Scaled& scaled, bool in_case,
                   const std::string& path) {
    const auto factor = [&](int64_t value, absl::string_view field) {
      if (value < 1 || value > kMaxFactor) {
        checks_.Add(absl::StrCat(path, ".", field),
                    absl::StrCat(value, " is not from 1 to ", kMaxFactor));
      }
    };
    factor(scaled.numerator(), "numerator");
    factor(scaled.denominator(), "denominator");
    const std::string at = absl::StrCat(path, ".rule_id");
    const v1::Rule* other = FindRule(scaled.rule_id(), at);
    if (other == nullptr) return;
    if (other == &rule_ && !in_case) {
      checks_.Add(at,
                  "is the rule itself; only a limit case can scale the "
                  "rule's own limit");
    }
    if (other->measure() != rule_.measure()) {
      checks_.Add(
          at, absl::StrCat("\"", scaled.rule_id(), "\" has another measure"));
    }
    const auto scales = [](const v1::Limit& limit) {
      return limit.has_constant() || limit.has_schedule() ||
             limit.has_scaled() || limit.has_zero() || limit.has_unknown() ||
             limit.has_none();
    };
    bool all_scale = scales(other->limit());
    for (const v1::LimitCase& limit_case : other->limit_cases()) {
      // A rule's own case can scale the rule, not its own cases.
      all_scale = all_scale && (other == &rule_ || scales(limit_case.limit()));
    }
    if (!all_scale) {
      checks_.Add(at, absl::StrCat("\"", scaled.rule_id(),
                                   "\" has a limit that cannot be scaled; only "
                                   "constants, schedules and what is scaled "
                                   "from them can"));
    }
  }

  void CheckShare(const v1::Limit::Share& share, const std::string& path) {
    if (share.parts_per_million() < 1 ||
        share.parts_per_million() > kMaxPartsPerMillion) {
      checks_.Add(absl::StrCat(path, ".parts_per_million"),
                  absl::StrCat(share.parts_per_million(), " is not from 1 to ",
                               kMaxPartsPerMillion));
    }
    const std::string at = absl::StrCat(path, ".of_rule_id");
    const v1::Rule* whole = FindRule(share.of_rule_id(), at);
    if (whole == nullptr) return;
    if (whole == &rule_) {
      checks_.Add(at, "is the rule itself: a share of itself limits nothing");
      return;
    }
    if (whole->measure() != rule_.measure()) {
      checks_.Add(
          at, absl::StrCat("\"", share.of_rule_id(), "\" has another measure"));
    }
    if (whole->window().SerializeAsString() !=
        rule_.window().SerializeAsString()) {
      checks_.Add(
          at, absl::StrCat("\"", share.of_rule_id(), "\" has another window"));
    }
    if (rule_.window().has_per_order()) {
      checks_.Add(at, "nothing adds up by order: a share needs another window");
    }
    for (const int key : whole->scope().group_by()) {
      if (!GroupsBy(rule_, static_cast<v1::Scope::GroupBy>(key))) {
        checks_.Add(
            at, absl::StrCat("\"", share.of_rule_id(), "\" groups by ",
                             v1::Scope::GroupBy_Name(key),
                             ", and this rule does not: its total would be a "
                             "share of several"));
      }
    }
  }

  void CheckAuthorized(const v1::Limit::Authorized& authorized,
                       const std::string& path) {
    if (rule_.measure() != v1::MEASURE_VALUE_USD ||
        rule_.accrual() == v1::ACCRUAL_LICENSED ||
        !GroupsBy(rule_, v1::Scope::GROUP_BY_LICENSE_LINE)) {
      checks_.Add(path,
                  "needs MEASURE_VALUE_USD, an accrual of shipments, and "
                  "GROUP_BY_LICENSE with GROUP_BY_LICENSE_LINE");
    }
    if (authorized.tolerance_basis_points() < 0 ||
        authorized.tolerance_basis_points() > kMaxToleranceBasisPoints) {
      checks_.Add(absl::StrCat(path, ".tolerance_basis_points"),
                  absl::StrCat(authorized.tolerance_basis_points(),
                               " is not from 0 to ", kMaxToleranceBasisPoints));
    }
  }

  const v1::Policy& policy_;
  const v1::Rule& rule_;
  FieldChecks& checks_;
};

void CheckLimits(const v1::Policy& policy, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks) {
  LimitChecks limit_checks(policy, rule, checks);
  limit_checks.Check(rule.limit(), false, absl::StrCat(path, ".limit"));
  if (!rule.limit_cases().empty() &&
      !GroupsBy(rule, v1::Scope::GROUP_BY_DESTINATION_COUNTRY)) {
    checks.Add(absl::StrCat(path, ".limit_cases"),
               "needs scope.group_by GROUP_BY_DESTINATION_COUNTRY");
  }
  for (int i = 0; i < rule.limit_cases_size(); ++i) {
    const v1::LimitCase& limit_case = rule.limit_cases(i);
    const std::string at = absl::StrCat(path, ".limit_cases[", i, "]");
    CheckFactFilter(limit_case.where(), absl::StrCat(at, ".where"), checks);
    v1::FactFilter others = limit_case.where();
    others.clear_destination_countries();
    others.clear_destination_groups();
    others.clear_except_destination_groups();
    if (!limit_case.has_where() || others.ByteSizeLong() > 0) {
      checks.Add(absl::StrCat(at, ".where"),
                 "must set destination fields, and only these");
    }
    limit_checks.Check(limit_case.limit(), true, absl::StrCat(at, ".limit"));
    checks.Text(limit_case.citation(), limits::kMaxTextBytes, false,
                absl::StrCat(at, ".citation"));
  }
}

void CheckExemption(const v1::Exemption& exemption, const std::string& path,
                    FieldChecks& checks) {
  v1::Exemption selects = exemption;
  selects.clear_citation();
  if (selects.ByteSizeLong() == 0) {
    checks.Add(path, "exempts everything; set what it exempts");
  }
  CheckKinds(exemption.authorization_kinds(), v1::AuthorizationKind_IsValid,
             absl::StrCat(path, ".authorization_kinds"), checks);
  CheckItemFilter(exemption.items(), absl::StrCat(path, ".items"), checks);
  checks.Date(exemption.before(), false, absl::StrCat(path, ".before"));
  checks.Date(exemption.from(), false, absl::StrCat(path, ".from"));
  if (!exemption.from().empty() && !exemption.before().empty() &&
      exemption.before() <= exemption.from()) {
    checks.Add(absl::StrCat(path, ".before"), "is not after from");
  }
  CheckSlugs(exemption.parties(), limits::kMaxPartyIdBytes,
             absl::StrCat(path, ".parties"), checks);
  CheckFactFilter(exemption.where(), absl::StrCat(path, ".where"), checks);
  checks.Text(exemption.citation(), limits::kMaxTextBytes, false,
              absl::StrCat(path, ".citation"));
}

void CheckMeasure(const v1::Rule& rule, const std::string& path,
                  FieldChecks& checks) {
  if (rule.measure() == v1::MEASURE_UNSPECIFIED ||
      !v1::Measure_IsValid(rule.measure())) {
    checks.Add(absl::StrCat(path, ".measure"), "is required");
  }
  if (rule.measure() != v1::MEASURE_REFERENCE_EQUIVALENT) {
    if (rule.has_reference()) {
      checks.Add(absl::StrCat(path, ".reference"),
                 "goes with MEASURE_REFERENCE_EQUIVALENT only");
    }
    return;
  }
  checks.Printable(rule.reference().product_code(),
                   limits::kMaxProductCodeBytes, true,
                   absl::StrCat(path, ".reference.product_code"));
  if (rule.reference().milli_tpp() < 1 ||
      rule.reference().milli_tpp() > limits::kMaxMilliTppPerGpu) {
    checks.Add(absl::StrCat(path, ".reference.milli_tpp"),
               absl::StrCat(rule.reference().milli_tpp(), " is not from 1 to ",
                            limits::kMaxMilliTppPerGpu,
                            "; equivalents cannot be counted without it"));
  }
}

bool RefusesOrPresumesDenial(const v1::Rule& rule) {
  return rule.enforcement().mode() == v1::Enforcement::MODE_REFUSE ||
         rule.enforcement().mode() == v1::Enforcement::MODE_PRESUME_DENIAL;
}

void CheckEnforcement(const v1::Rule& rule, const std::string& path,
                      FieldChecks& checks) {
  const v1::Enforcement& enforcement = rule.enforcement();
  if (enforcement.mode() == v1::Enforcement::MODE_UNSPECIFIED ||
      !v1::Enforcement::Mode_IsValid(enforcement.mode())) {
    checks.Add(absl::StrCat(path, ".enforcement.mode"), "is required");
  }
  if (enforcement.mode() == v1::Enforcement::MODE_NOTIFY) {
    CheckAmount(enforcement.notify_at(), rule,
                absl::StrCat(path, ".enforcement.notify_at"), checks);
  } else if (!enforcement.notify_at().empty()) {
    checks.Add(absl::StrCat(path, ".enforcement.notify_at"),
               "goes with MODE_NOTIFY only");
  }
  if (rule.limit().has_unknown() && RefusesOrPresumesDenial(rule)) {
    checks.Add(absl::StrCat(path, ".enforcement.mode"),
               "a limit that is not known can refuse nothing; report it");
  }
}

void CheckReportingDates(const v1::Rule& rule, const std::string& path,
                         FieldChecks& checks) {
  const bool reports = rule.test_point() == v1::TEST_POINT_REPORTING_DATE;
  if (reports != !rule.reporting_dates().empty()) {
    checks.Add(absl::StrCat(path, ".reporting_dates"),
               "is required for TEST_POINT_REPORTING_DATE and only there");
  }
  for (int i = 0; i < rule.reporting_dates_size(); ++i) {
    if (!Date::Parse(absl::StrCat(kLeapYear, rule.reporting_dates(i)))) {
      checks.Add(absl::StrCat(path, ".reporting_dates[", i, "]"),
                 absl::StrCat("\"", rule.reporting_dates(i),
                              "\" is not a day of the year, as MM-DD"));
    }
  }
}

// Checks what goes with the accrual.
void CheckAccrual(const v1::Rule& rule, const std::string& path,
                  FieldChecks& checks) {
  if (rule.accrual() == v1::ACCRUAL_UNSPECIFIED ||
      !v1::Accrual_IsValid(rule.accrual())) {
    checks.Add(absl::StrCat(path, ".accrual"), "is required");
  }
  const bool licensed = rule.accrual() == v1::ACCRUAL_LICENSED;
  const bool has_effect =
      rule.revocation_effect() == v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED ||
      rule.revocation_effect() == v1::REVOCATION_EFFECT_KEEP_CHARGE;
  if (has_effect != licensed) {
    checks.Add(absl::StrCat(path, ".revocation_effect"),
               "is required for ACCRUAL_LICENSED and only there");
  }
  const auto only_for = [&](bool set, bool allowed, absl::string_view field,
                            absl::string_view accrual) {
    if (set && !allowed) {
      checks.Add(absl::StrCat(path, ".", field),
                 absl::StrCat("goes with ", accrual, " only"));
    }
  };
  only_for(rule.expiry_effect() != v1::EXPIRY_EFFECT_UNSPECIFIED, licensed,
           "expiry_effect", "ACCRUAL_LICENSED");
  only_for(rule.return_effect() != v1::RETURN_EFFECT_UNSPECIFIED,
           rule.accrual() == v1::ACCRUAL_EXPORTED, "return_effect",
           "ACCRUAL_EXPORTED");
  only_for(!rule.scope().where().movements().empty(), !licensed,
           "scope.where.movements", "accruals of shipments");
  if (!v1::TestPoint_IsValid(rule.test_point())) {
    checks.Add(absl::StrCat(path, ".test_point"),
               absl::StrCat(rule.test_point(), " is not a test point"));
  }
}

void CheckRule(const v1::Policy& policy, const v1::Rule& rule,
               const std::string& path, FieldChecks& checks) {
  checks.Slug(rule.rule_id(), limits::kMaxRuleIdBytes,
              absl::StrCat(path, ".rule_id"));
  checks.Text(rule.title(), limits::kMaxNameBytes, true,
              absl::StrCat(path, ".title"));
  CheckMeasure(rule, path, checks);
  CheckItemFilter(rule.items(), absl::StrCat(path, ".items"), checks);
  CheckAccrual(rule, path, checks);
  CheckScope(rule, absl::StrCat(path, ".scope"), checks);
  CheckWindow(rule, absl::StrCat(path, ".window"), checks);
  CheckLimits(policy, rule, path, checks);
  for (int i = 0; i < rule.exemptions_size(); ++i) {
    CheckExemption(rule.exemptions(i),
                   absl::StrCat(path, ".exemptions[", i, "]"), checks);
  }
  CheckEnforcement(rule, path, checks);
  CheckReportingDates(rule, path, checks);
  CheckSlugs(rule.required_conditions(), limits::kMaxConditionKindBytes,
             absl::StrCat(path, ".required_conditions"), checks);
  CheckProvenance(rule.provenance(), false, absl::StrCat(path, ".provenance"),
                  checks);
}

// The rules that a rule's limits need: of these it is a share or a multiple.
std::vector<std::string> NeedsOf(const v1::Rule& rule) {
  std::vector<std::string> needs;
  const auto add = [&](const v1::Limit& limit) {
    if (limit.has_scaled()) needs.push_back(limit.scaled().rule_id());
    if (limit.has_share()) needs.push_back(limit.share().of_rule_id());
  };
  add(rule.limit());
  for (const v1::LimitCase& limit_case : rule.limit_cases()) {
    // A case may scale the rule's own limit.
    if (limit_case.limit().scaled().rule_id() != rule.rule_id()) {
      add(limit_case.limit());
    }
  }
  return needs;
}

// Finds limits that depend on themselves through others.
void CheckCycles(const v1::Policy& policy, absl::string_view path,
                 FieldChecks& checks) {
  std::map<std::string, std::vector<std::string>> needs;
  for (const v1::Rule& rule : policy.rules()) {
    needs[rule.rule_id()] = NeedsOf(rule);
  }
  for (int i = 0; i < policy.rules_size(); ++i) {
    const std::string& start = policy.rules(i).rule_id();
    std::set<std::string> seen;
    std::vector<std::string> open = needs[start];
    // One that names itself was found with its limit.
    std::erase(open, start);
    while (!open.empty()) {
      const std::string id = open.back();
      open.pop_back();
      if (id == start) {
        checks.Add(absl::StrCat(path, ".rules[", i, "].limit"),
                   absl::StrCat("the limit of \"", start,
                                "\" depends on itself through other rules"));
        break;
      }
      if (seen.insert(id).second && needs.contains(id)) {
        open.insert(open.end(), needs[id].begin(), needs[id].end());
      }
    }
  }
}

// Finds scaled limits that leave 64 bits.
void CheckScaledFit(const v1::Policy& policy, absl::string_view path,
                    FieldChecks& checks) {
  const auto find = [&](const std::string& rule_id) -> const v1::Rule& {
    return *std::find_if(
        policy.rules().begin(), policy.rules().end(),
        [&](const v1::Rule& rule) { return rule.rule_id() == rule_id; });
  };
  // The largest value of a limit; no cycles are left when this is asked.
  const std::function<std::optional<int64_t>(const v1::Rule&, const v1::Limit&)>
      largest = [&](const v1::Rule& rule,
                    const v1::Limit& limit) -> std::optional<int64_t> {
    if (limit.has_constant()) return ParseAmount(limit.constant(), rule);
    if (limit.has_schedule()) {
      int64_t max = 0;
      for (const auto& step : limit.schedule().steps()) {
        max = std::max(max, ParseAmount(step.value(), rule).value_or(0));
      }
      return max;
    }
    if (!limit.has_scaled()) return 0;
    const v1::Rule& other = find(limit.scaled().rule_id());
    auto max = largest(other, other.limit());
    for (const v1::LimitCase& limit_case : other.limit_cases()) {
      if (&other == &rule || !max) break;
      const auto of_case = largest(other, limit_case.limit());
      max = of_case ? std::optional(std::max(*max, *of_case)) : std::nullopt;
    }
    return max ? CheckedMulDiv(*max, limit.scaled().numerator(),
                               limit.scaled().denominator())
               : std::nullopt;
  };
  for (int i = 0; i < policy.rules_size(); ++i) {
    const v1::Rule& rule = policy.rules(i);
    bool fits = largest(rule, rule.limit()).has_value();
    for (const v1::LimitCase& limit_case : rule.limit_cases()) {
      fits = fits && largest(rule, limit_case.limit());
    }
    if (!fits) {
      checks.Add(absl::StrCat(path, ".rules[", i, "].limit"),
                 "scaled, it does not fit 64 bits");
    }
  }
}

void CheckTreatments(const v1::Policy& policy, const std::string& path,
                     FieldChecks& checks) {
  std::set<std::string> countries;
  for (const v1::CountryTreatment& treatment : policy.country_treatments()) {
    countries.insert(treatment.country());
  }
  for (int i = 0; i < policy.country_treatments_size(); ++i) {
    const v1::CountryTreatment& treatment = policy.country_treatments(i);
    const std::string at = absl::StrCat(path, "[", i, "]");
    checks.Country(treatment.country(), absl::StrCat(at, ".country"));
    checks.Country(treatment.treated_as(), absl::StrCat(at, ".treated_as"));
    if (countries.contains(treatment.treated_as())) {
      checks.Add(absl::StrCat(at, ".treated_as"),
                 absl::StrCat("\"", treatment.treated_as(),
                              "\" is itself treated as another country"));
    }
    for (int j = 0; j < i; ++j) {
      if (policy.country_treatments(j).country() == treatment.country()) {
        checks.Add(
            absl::StrCat(at, ".country"),
            absl::StrCat("\"", treatment.country(), "\" is named twice"));
      }
    }
    checks.Date(treatment.effective_from(), false,
                absl::StrCat(at, ".effective_from"));
    checks.Text(treatment.citation(), limits::kMaxTextBytes, false,
                absl::StrCat(at, ".citation"));
  }
}

void CheckSettings(const v1::Policy& policy, const std::string& path,
                   FieldChecks& checks) {
  std::set<std::string> names;
  for (int i = 0; i < policy.settings_size(); ++i) {
    const v1::Setting& setting = policy.settings(i);
    const std::string at = absl::StrCat(path, "[", i, "]");
    checks.Slug(setting.name(), limits::kMaxRuleIdBytes,
                absl::StrCat(at, ".name"));
    if (!names.insert(setting.name()).second) {
      checks.Add(absl::StrCat(at, ".name"), "is used twice");
    }
    checks.Text(setting.question(), limits::kMaxTextBytes, true,
                absl::StrCat(at, ".question"));
    checks.Text(setting.chosen(), limits::kMaxTextBytes, true,
                absl::StrCat(at, ".chosen"));
    checks.Text(setting.alternatives(), limits::kMaxTextBytes, true,
                absl::StrCat(at, ".alternatives"));
  }
}

}  // namespace

absl::Status CheckPolicy(const v1::Policy& policy, absl::string_view path) {
  FieldChecks checks;
  const auto at = [path](absl::string_view field) {
    return absl::StrCat(path, ".", field);
  };
  checks.Slug(policy.policy_id(), limits::kMaxPolicyIdBytes, at("policy_id"));
  checks.Text(policy.title(), limits::kMaxNameBytes, true, at("title"));
  checks.Text(policy.description(), limits::kMaxTextBytes, false,
              at("description"));
  checks.Date(policy.effective_from(), true, at("effective_from"));
  checks.Date(policy.effective_to(), false, at("effective_to"));
  if (!policy.effective_to().empty() &&
      policy.effective_to() <= policy.effective_from()) {
    checks.Add(at("effective_to"), "is not after effective_from");
  }
  CheckProvenance(policy.provenance(), true, at("provenance"), checks);
  CheckTreatments(policy, at("country_treatments"), checks);
  CheckSettings(policy, at("settings"), checks);
  if (policy.rules().empty() ||
      policy.rules_size() > static_cast<int>(limits::kMaxRulesPerPolicy)) {
    checks.Add(at("rules"),
               absl::StrCat(policy.rules_size(), " rules are not from 1 to ",
                            limits::kMaxRulesPerPolicy));
  }
  std::set<std::string> ids;
  for (int i = 0; i < policy.rules_size(); ++i) {
    const std::string rule_path = absl::StrCat(path, ".rules[", i, "]");
    CheckRule(policy, policy.rules(i), rule_path, checks);
    if (!ids.insert(policy.rules(i).rule_id()).second) {
      checks.Add(absl::StrCat(rule_path, ".rule_id"), "is used twice");
    }
  }
  CheckCycles(policy, path, checks);
  if (checks.ok()) CheckScaledFit(policy, path, checks);
  return checks.ToStatus();
}

}  // namespace chipledger::domain
