// Checking policies. What the engine does not evaluate is found here, so that
// nothing in a policy is ever ignored.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/check.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/policy.h"

namespace chipledger::domain {
namespace {

// Returns POLICY_PART_NOT_EVALUATED from the enclosing function when the field
// of the message is set.
#define RETURN_IF_USED(used, path, field) \
  if (used) return PolicyPartNotEvaluated(absl::StrCat(path, ".", field))

absl::Status CheckItemFilterEvaluated(const v1::ItemFilter& filter,
                                      absl::string_view path) {
  RETURN_IF_USED(filter.has_min_milli_tpp(), path, "min_milli_tpp");
  RETURN_IF_USED(filter.has_below_milli_tpp(), path, "below_milli_tpp");
  RETURN_IF_USED(filter.has_below_memory_bandwidth_mb_s(), path,
                 "below_memory_bandwidth_mb_s");
  return absl::OkStatus();
}

absl::Status CheckScopeEvaluated(const v1::Scope& scope,
                                 absl::string_view path) {
  for (int i = 0; i < scope.group_by_size(); ++i) {
    const int key = scope.group_by(i);
    RETURN_IF_USED(key != v1::Scope::GROUP_BY_UNSPECIFIED &&
                       key != v1::Scope::GROUP_BY_DESTINATION_COUNTRY &&
                       key != v1::Scope::GROUP_BY_LICENSE,
                   path, absl::StrCat("group_by[", i, "]"));
  }
  const v1::FactFilter& where = scope.where();
  RETURN_IF_USED(!where.headquarters_groups().empty(), path,
                 "where.headquarters_groups");
  RETURN_IF_USED(!where.exporters().empty(), path, "where.exporters");
  RETURN_IF_USED(!where.consignees().empty(), path, "where.consignees");
  RETURN_IF_USED(!where.end_users().empty(), path, "where.end_users");
  RETURN_IF_USED(!where.ultimate_parents().empty(), path,
                 "where.ultimate_parents");
  return absl::OkStatus();
}

absl::Status CheckRuleEvaluated(const v1::Rule& rule, absl::string_view path) {
  RETURN_IF_USED(rule.measure() == v1::MEASURE_REFERENCE_EQUIVALENT ||
                     rule.measure() == v1::MEASURE_VALUE_USD,
                 path, "measure");
  RETURN_IF_USED(rule.has_reference(), path, "reference");
  RETURN_IF_ERROR(
      CheckItemFilterEvaluated(rule.items(), absl::StrCat(path, ".items")));
  RETURN_IF_USED(rule.accrual() == v1::ACCRUAL_RECEIVED ||
                     rule.accrual() == v1::ACCRUAL_INSTALLED_NET,
                 path, "accrual");
  RETURN_IF_ERROR(
      CheckScopeEvaluated(rule.scope(), absl::StrCat(path, ".scope")));
  RETURN_IF_USED(rule.window().has_calendar_quarter(), path,
                 "window.calendar_quarter");
  RETURN_IF_USED(rule.window().has_validity_of_authorization(), path,
                 "window.validity_of_authorization");
  RETURN_IF_USED(rule.window().has_per_order(), path, "window.per_order");
  RETURN_IF_USED(rule.limit().has_schedule(), path, "limit.schedule");
  RETURN_IF_USED(rule.limit().has_scaled(), path, "limit.scaled");
  RETURN_IF_USED(rule.limit().has_share(), path, "limit.share");
  RETURN_IF_USED(rule.limit().has_predicate(), path, "limit.predicate");
  RETURN_IF_USED(rule.limit().has_unknown(), path, "limit.unknown");
  for (int i = 0; i < rule.exemptions_size(); ++i) {
    const v1::Exemption& exemption = rule.exemptions(i);
    const std::string at = absl::StrCat(path, ".exemptions[", i, "]");
    RETURN_IF_ERROR(CheckItemFilterEvaluated(exemption.items(),
                                             absl::StrCat(at, ".items")));
    RETURN_IF_USED(!exemption.before().empty(), at, "before");
    RETURN_IF_USED(!exemption.parties().empty(), at, "parties");
  }
  RETURN_IF_USED(
      rule.enforcement().mode() == v1::Enforcement::MODE_PRESUME_DENIAL ||
          rule.enforcement().mode() == v1::Enforcement::MODE_NOTIFY,
      path, "enforcement.mode");
  RETURN_IF_USED(!rule.enforcement().notify_at().empty(), path,
                 "enforcement.notify_at");
  RETURN_IF_USED(rule.test_point() != v1::TEST_POINT_UNSPECIFIED, path,
                 "test_point");
  RETURN_IF_USED(!rule.required_conditions().empty(), path,
                 "required_conditions");
  return absl::OkStatus();
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

void CheckCountries(const google::protobuf::RepeatedPtrField<std::string>& list,
                    const std::string& path, FieldChecks& checks) {
  for (int i = 0; i < list.size(); ++i) {
    checks.Country(list[i], absl::StrCat(path, "[", i, "]"));
  }
}

void CheckScope(const v1::Scope& scope, const std::string& path,
                FieldChecks& checks) {
  std::set<int> keys;
  for (int i = 0; i < scope.group_by_size(); ++i) {
    const int key = scope.group_by(i);
    if (key == v1::Scope::GROUP_BY_UNSPECIFIED ||
        !v1::Scope::GroupBy_IsValid(key) || !keys.insert(key).second) {
      checks.Add(absl::StrCat(path, ".group_by[", i, "]"),
                 absl::StrCat(key, " is not a key, or named twice"));
    }
  }
  const v1::FactFilter& where = scope.where();
  CheckCountries(where.destination_countries(),
                 absl::StrCat(path, ".where.destination_countries"), checks);
  const auto is_group = [&](const auto& list, absl::string_view field) {
    for (int i = 0; i < list.size(); ++i) {
      checks.Printable(list[i], limits::kMaxGroupIdBytes, true,
                       absl::StrCat(path, ".where.", field, "[", i, "]"));
    }
  };
  is_group(where.destination_groups(), "destination_groups");
  is_group(where.except_destination_groups(), "except_destination_groups");
  for (int i = 0; i < where.license_ids_size(); ++i) {
    checks.Printable(where.license_ids(i), limits::kMaxLicenseIdBytes, true,
                     absl::StrCat(path, ".where.license_ids[", i, "]"));
  }
}

void CheckWindow(const v1::Window& window, const std::string& path,
                 FieldChecks& checks) {
  if (window.kind_case() == v1::Window::KIND_NOT_SET) {
    checks.Add(path, "is required: set fixed, calendar_year or open");
  }
  if (!window.has_fixed()) return;
  checks.Date(window.fixed().from(), true, absl::StrCat(path, ".fixed.from"));
  checks.Date(window.fixed().to(), true, absl::StrCat(path, ".fixed.to"));
  if (window.fixed().to() <= window.fixed().from()) {
    checks.Add(absl::StrCat(path, ".fixed.to"), "is not after fixed.from");
  }
}

void CheckLimit(const v1::Rule& rule, const std::string& path,
                FieldChecks& checks) {
  if (rule.limit().kind_case() == v1::Limit::KIND_NOT_SET) {
    checks.Add(path, "is required: set constant, zero or none");
  } else if (rule.limit().kind_case() == v1::Limit::kConstant) {
    const int scale = rule.measure() == v1::MEASURE_TPP ? 3 : 0;
    const auto value = ParseDecimal(rule.limit().constant(), scale);
    if (!value || *value < 0) {
      checks.Add(absl::StrCat(path, ".constant"),
                 absl::StrCat("\"", rule.limit().constant(),
                              "\" is not a number from 0 on with at most ",
                              scale, " decimals"));
    }
  }
}

void CheckExemption(const v1::Exemption& exemption, const std::string& path,
                    FieldChecks& checks) {
  if (exemption.authorization_kinds().empty() && !exemption.has_items()) {
    checks.Add(path, "exempts everything; set authorization_kinds or items");
  }
  for (int i = 0; i < exemption.authorization_kinds_size(); ++i) {
    if (!v1::AuthorizationKind_IsValid(exemption.authorization_kinds(i))) {
      checks.Add(
          absl::StrCat(path, ".authorization_kinds[", i, "]"),
          absl::StrCat(exemption.authorization_kinds(i), " is not a kind"));
    }
  }
  checks.Text(exemption.citation(), limits::kMaxTextBytes, false,
              absl::StrCat(path, ".citation"));
}

void CheckRule(const v1::Rule& rule, const std::string& path,
               FieldChecks& checks) {
  checks.Slug(rule.rule_id(), limits::kMaxRuleIdBytes,
              absl::StrCat(path, ".rule_id"));
  checks.Text(rule.title(), limits::kMaxNameBytes, true,
              absl::StrCat(path, ".title"));
  if (rule.measure() == v1::MEASURE_UNSPECIFIED ||
      !v1::Measure_IsValid(rule.measure())) {
    checks.Add(absl::StrCat(path, ".measure"), "is required");
  }
  if (rule.accrual() == v1::ACCRUAL_UNSPECIFIED ||
      !v1::Accrual_IsValid(rule.accrual())) {
    checks.Add(absl::StrCat(path, ".accrual"), "is required");
  }
  CheckScope(rule.scope(), absl::StrCat(path, ".scope"), checks);
  CheckWindow(rule.window(), absl::StrCat(path, ".window"), checks);
  CheckLimit(rule, absl::StrCat(path, ".limit"), checks);
  for (int i = 0; i < rule.exemptions_size(); ++i) {
    CheckExemption(rule.exemptions(i),
                   absl::StrCat(path, ".exemptions[", i, "]"), checks);
  }
  if (rule.enforcement().mode() == v1::Enforcement::MODE_UNSPECIFIED ||
      !v1::Enforcement::Mode_IsValid(rule.enforcement().mode())) {
    checks.Add(absl::StrCat(path, ".enforcement.mode"), "is required");
  }
  const bool has_effect =
      rule.revocation_effect() == v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED ||
      rule.revocation_effect() == v1::REVOCATION_EFFECT_KEEP_CHARGE;
  if (has_effect != (rule.accrual() == v1::ACCRUAL_LICENSED)) {
    checks.Add(absl::StrCat(path, ".revocation_effect"),
               "is required for ACCRUAL_LICENSED and only there");
  }
  CheckProvenance(rule.provenance(), false, absl::StrCat(path, ".provenance"),
                  checks);
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
  if (policy.rules().empty() ||
      policy.rules_size() > static_cast<int>(limits::kMaxRulesPerPolicy)) {
    checks.Add(at("rules"),
               absl::StrCat(policy.rules_size(), " rules are not from 1 to ",
                            limits::kMaxRulesPerPolicy));
  }
  std::set<std::string> ids;
  for (int i = 0; i < policy.rules_size(); ++i) {
    const std::string rule_path = absl::StrCat(path, ".rules[", i, "]");
    CheckRule(policy.rules(i), rule_path, checks);
    if (!ids.insert(policy.rules(i).rule_id()).second) {
      checks.Add(absl::StrCat(rule_path, ".rule_id"), "is used twice");
    }
  }
  RETURN_IF_ERROR(checks.ToStatus());
  for (int i = 0; i < policy.rules_size(); ++i) {
    RETURN_IF_ERROR(CheckRuleEvaluated(policy.rules(i),
                                       absl::StrCat(path, ".rules[", i, "]")));
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain
