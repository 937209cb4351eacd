#include "ledger/domain/rules/policy.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/limits.h"
#include "ledger/domain/check.h"
#include "ledger/domain/rules/check_lists.h"
#include "ledger/domain/rules/policy_walk.h"

namespace chipledger::domain {
namespace {

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
  CheckDistinct(provenance.sources(), absl::StrCat(path, ".sources"), checks);
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
  if (rule.accrual() == v1::ACCRUAL_INSTALLED_NET &&
      rule.measure() == v1::MEASURE_VALUE_USD) {
    checks.Add(absl::StrCat(path, ".measure"),
               "is not known of what is installed: declarations and diversions "
               "state no value");
  }
  only_for(rule.expiry_effect() != v1::EXPIRY_EFFECT_UNSPECIFIED, licensed,
           "expiry_effect", "ACCRUAL_LICENSED");
  only_for(rule.return_effect() != v1::RETURN_EFFECT_UNSPECIFIED,
           rule.accrual() == v1::ACCRUAL_EXPORTED, "return_effect",
           "ACCRUAL_EXPORTED");
  only_for(!rule.scope().where().movements().empty(), !licensed,
           "scope.where.movements", "accruals of shipments");
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
  CheckWindow(policy, rule, absl::StrCat(path, ".window"), checks);
  CheckLimits(policy, rule, path, checks);
  for (int i = 0; i < rule.exemptions_size(); ++i) {
    CheckExemption(rule.exemptions(i),
                   absl::StrCat(path, ".exemptions[", i, "]"), checks);
  }
  CheckEnforcement(rule, path, checks);
  CheckProvenance(rule.provenance(), false, absl::StrCat(path, ".provenance"),
                  checks);
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
    checks.Text(setting.value(), limits::kMaxRuleIdBytes, false,
                absl::StrCat(at, ".value"));
  }
}

// Finds messages that are set and say nothing, such as "items {}": their
// author meant to say something. Requires: all else was checked.
void CheckSaysSomething(const v1::Policy& policy, absl::string_view path,
                        FieldChecks& checks) {
  VisitMessagesIn(
      policy, std::string(path),
      [&](const google::protobuf::Message& message, const std::string& at) {
        // Some are said by their name alone.
        const bool has_to =
            message.GetDescriptor()->field_count() > 0 &&
            message.GetDescriptor() != v1::Limit::Authorized::descriptor();
        if (has_to && message.ByteSizeLong() == 0 && !checks.HasWithin(at)) {
          checks.Add(at, "says nothing; leave it out, or say what it is");
        }
      });
}

CompiledRule CompileRule(uint32_t number, const TotalOwner& owner,
                         const v1::Policy& policy, const v1::Rule& rule) {
  CompiledRule compiled{
      .number = number,
      .owner = owner,
      .rule_id = rule.rule_id(),
      .citation = rule.provenance().citation().empty()
                      ? policy.provenance().citation()
                      : rule.provenance().citation(),
      .measure = CompileMeasure(rule),
      .accrual = rule.accrual(),
      .release_on_revocation =
          rule.revocation_effect() == v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED,
      .release_on_expiry =
          rule.expiry_effect() == v1::EXPIRY_EFFECT_RELEASE_UNSHIPPED,
      .counts_back_returns =
          rule.return_effect() == v1::RETURN_EFFECT_COUNT_BACK,
      .group_by = CompileGroupBy(rule.scope()),
      .where = CompileFactFilter(rule.scope().where()),
      .window = CompileWindow(rule.window()),
      .limit = CompileLimit(rule.limit(), policy, rule),
      .enforcement = CompileEnforcement(rule)};
  if (rule.has_items()) compiled.items = CompileItemFilter(rule.items());
  // What the accrual says when the rule selects no movements.
  if (compiled.where.movements.empty() &&
      compiled.accrual == v1::ACCRUAL_EXPORTED) {
    compiled.where.movements = {v1::MOVEMENT_EXPORT, v1::MOVEMENT_REEXPORT};
  }
  for (const v1::LimitCase& limit_case : rule.limit_cases()) {
    compiled.limit_cases.push_back(
        {.where = CompileFactFilter(limit_case.where()),
         .limit = CompileLimit(limit_case.limit(), policy, rule)});
  }
  for (const v1::Exemption& exemption : rule.exemptions()) {
    compiled.exemptions.push_back(CompileExemption(exemption));
  }
  return compiled;
}

}  // namespace

bool CompiledRule::GroupsBy(v1::Scope::GroupBy key) const {
  return std::find(group_by.begin(), group_by.end(), key) != group_by.end();
}

absl::string_view CompiledPolicy::Treated(absl::string_view country,
                                          Date date) const {
  for (const Treatment& treatment : treatments) {
    if (treatment.country == country && treatment.from <= date) {
      return treatment.treated_as;
    }
  }
  return country;
}

const CompiledRule* CompiledPolicy::FindRule(const TotalOwner& owner) const {
  for (const CompiledRule& rule : rules) {
    if (rule.owner == owner) return &rule;
  }
  return nullptr;
}

const CompiledRule* CompiledPolicy::FindRule(absl::string_view rule_id) const {
  for (const CompiledRule& rule : rules) {
    if (rule.rule_id == rule_id) return &rule;
  }
  return nullptr;
}

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
  CheckLimitsTogether(policy, path, checks);
  CheckSaysSomething(policy, path, checks);
  return checks.ToStatus();
}

namespace {

// Makes a version ready whose rules have these owners.
std::shared_ptr<const CompiledPolicy> Compile(
    uint32_t number, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by,
    absl::FunctionRef<TotalOwner(uint32_t rule)> owner_of) {
  auto compiled = std::make_shared<CompiledPolicy>();
  const v1::Policy& policy = adopted.policy();
  compiled->number = number;
  compiled->adopted = adopted;
  compiled->from = std::max(Date::ParseOr(policy.effective_from(), Date::Min()),
                            Date::ParseOr(adopted.amended_from(), Date::Min()));
  compiled->to =
      std::min({Date::ParseOr(policy.effective_to(), Date::Max()),
                Date::ParseOr(adopted.rescinded_from(), Date::Max()),
                Date::ParseOr(adopted.superseded_from(), Date::Max())});
  for (const v1::CountryTreatment& treatment : policy.country_treatments()) {
    compiled->treatments.push_back(
        {.country = treatment.country(),
         .treated_as = treatment.treated_as(),
         .from = Date::ParseOr(treatment.effective_from(), Date::Min())});
  }
  for (int i = 0; i < policy.rules_size(); ++i) {
    const auto rule = static_cast<uint32_t>(i);
    compiled->rules.push_back(
        CompileRule(rule, owner_of(rule), policy, policy.rules(i)));
  }
  // A rerun of the log counts all of it anew, by the versions as they are.
  const bool counted_late =
      adopted.has_backfill() &&
      adopted.backfill().through_index() <= adopted.index();
  if (counted_late && (!adopted.rescinded_from().empty() ||
                       !adopted.superseded_from().empty())) {
    v1::AdoptedPolicy as_adopted = adopted;
    as_adopted.clear_rescinded_from();
    as_adopted.clear_superseded_from();
    compiled->as_adopted = Compile(number, as_adopted, counts_by, owner_of);
  }
  compiled->counts_by = std::move(counts_by);
  return compiled;
}

}  // namespace

std::shared_ptr<const CompiledPolicy> CompilePolicy(
    uint32_t number, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by, const CompiledPolicy* before) {
  return Compile(number, adopted, std::move(counts_by), [&](uint32_t rule) {
    const CompiledRule* kept =
        before == nullptr
            ? nullptr
            : before->FindRule(
                  adopted.policy().rules(static_cast<int>(rule)).rule_id());
    return kept == nullptr ? TotalOwner{number, rule} : kept->owner;
  });
}

std::shared_ptr<const CompiledPolicy> WithStanding(
    const CompiledPolicy& policy, const v1::AdoptedPolicy& adopted,
    std::shared_ptr<const Catalog> counts_by) {
  return Compile(policy.number, adopted, std::move(counts_by),
                 [&](uint32_t rule) { return policy.rules[rule].owner; });
}

}  // namespace chipledger::domain
