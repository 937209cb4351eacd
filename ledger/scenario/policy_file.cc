#include "ledger/scenario/policy_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "ledger/base/date.h"
#include "ledger/base/decimal.h"
#include "ledger/base/error.h"
#include "ledger/base/limits.h"
#include "ledger/base/near.h"
#include "ledger/base/status_macros.h"
#include "ledger/scenario/rule_field.h"

namespace chipledger::scenarios {
namespace {

using Choice = v1::Parameter::Choice;

// No amount of a policy has more decimals.
constexpr int kMaxDecimals = 4;
constexpr std::array<absl::string_view, 4> kUnits = {"TPP", "GPUs", "USD",
                                                     "percent"};

bool IsUnit(absl::string_view unit) {
  return std::find(kUnits.begin(), kUnits.end(), unit) != kUnits.end();
}

// A number as people write one: "60,400 GPUs" in GPUs, "7%" in percent.
std::optional<int64_t> ParseAmount(absl::string_view text,
                                   absl::string_view unit) {
  text = absl::StripAsciiWhitespace(text);
  if (!absl::ConsumeSuffix(&text, unit) && unit == "percent") {
    absl::ConsumeSuffix(&text, "%");
  }
  return ParseDecimal(
      absl::StrReplaceAll(absl::StripTrailingAsciiWhitespace(text),
                          {{",", ""}}),
      kMaxDecimals);
}

// Whether two decimals say the same number.
bool SameAmount(absl::string_view a, absl::string_view b) {
  const auto left = ParseDecimal(a, kMaxDecimals);
  return left.has_value() && left == ParseDecimal(b, kMaxDecimals);
}

const Choice* FindChoice(const v1::Parameter& parameter,
                         absl::string_view value) {
  for (const Choice& choice : parameter.choices()) {
    if (choice.value() == value) return &choice;
  }
  return nullptr;
}

std::vector<std::string> ValuesOf(const v1::Parameter& parameter) {
  std::vector<std::string> values;
  for (const Choice& choice : parameter.choices()) {
    values.push_back(choice.value());
  }
  return values;
}

std::string RangeText(const v1::Parameter::Amount& amount) {
  return absl::StrCat("a number of ", amount.unit(), " from ", amount.min(),
                      " to ", amount.max());
}

// Returns a value as it is recorded: without its unit.
absl::StatusOr<std::string> CanonicalValue(const v1::Parameter& parameter,
                                           absl::string_view value) {
  if (parameter.has_amount()) {
    const auto number = ParseAmount(value, parameter.amount().unit());
    const auto min = ParseDecimal(parameter.amount().min(), kMaxDecimals);
    const auto max = ParseDecimal(parameter.amount().max(), kMaxDecimals);
    if (number && min && max && *min <= *number && *number <= *max) {
      return FormatDecimal(*number, kMaxDecimals);
    }
    return absl::InvalidArgumentError(
        absl::StrCat("\"", value, "\" is not ", RangeText(parameter.amount())));
  }
  if (parameter.has_date()) {
    if (Date::Parse(value).has_value()) return std::string(value);
    return absl::InvalidArgumentError(
        absl::StrCat("\"", value, "\" is not a date such as 2025-05-13"));
  }
  if (FindChoice(parameter, value) != nullptr) return std::string(value);
  const std::vector<std::string> values = ValuesOf(parameter);
  return absl::InvalidArgumentError(absl::StrCat("\"", value, "\" is none of ",
                                                 absl::StrJoin(values, ", "),
                                                 DidYouMean(value, values)));
}

const google::protobuf::RepeatedPtrField<std::string>& FieldsOf(
    const v1::Parameter& parameter) {
  return parameter.has_amount() ? parameter.amount().fields()
                                : parameter.date().fields();
}

// Puts parts of rules into the rules of their ids.
void Merge(const Choice& choice, v1::Policy& policy) {
  for (const v1::Rule& part : choice.rules()) {
    for (v1::Rule& rule : *policy.mutable_rules()) {
      if (rule.rule_id() == part.rule_id()) rule.MergeFrom(part);
    }
  }
}

// Gives the rules a value. Requires: the parameter was checked.
absl::Status Apply(const v1::Parameter& parameter, const std::string& value,
                   v1::Policy& policy) {
  if (const Choice* choice = FindChoice(parameter, value)) {
    Merge(*choice, policy);
    return absl::OkStatus();
  }
  for (const std::string& path : FieldsOf(parameter)) {
    ASSIGN_OR_RETURN(const RuleField field, RuleField::Find(path, policy));
    RETURN_IF_ERROR(field.Set(value));
  }
  return absl::OkStatus();
}

// What the adopted policy says of a parameter.
v1::Setting SettingOf(const v1::Parameter& parameter,
                      const std::string& value) {
  v1::Setting setting;
  setting.set_name(parameter.name());
  setting.set_question(parameter.question());
  setting.set_value(value);
  if (parameter.has_amount()) {
    setting.set_chosen(
        absl::StrCat(value, " ", parameter.amount().unit(), "."));
    setting.set_alternatives(
        absl::StrCat("Also ", RangeText(parameter.amount()), "."));
    return setting;
  }
  if (parameter.has_date()) {
    setting.set_chosen(absl::StrCat(value, "."));
    setting.set_alternatives("Also another date.");
    return setting;
  }
  std::vector<std::string> others;
  for (const Choice& choice : parameter.choices()) {
    if (choice.value() == value) {
      setting.set_chosen(choice.meaning());
    } else {
      others.push_back(absl::StrCat(choice.value(), ": ", choice.meaning()));
    }
  }
  setting.set_alternatives(absl::StrJoin(others, " "));
  return setting;
}

void CheckChoices(const v1::Parameter& parameter, const v1::Policy& policy,
                  const std::string& path, domain::FieldChecks& checks) {
  if (parameter.choices_size() < 2) {
    checks.Add(absl::StrCat(path, ".choices"), "one value is no choice");
  }
  std::set<std::string> values;
  for (int i = 0; i < parameter.choices_size(); ++i) {
    const Choice& choice = parameter.choices(i);
    const std::string at = absl::StrCat(path, ".choices[", i, "]");
    checks.Slug(choice.value(), limits::kMaxRuleIdBytes,
                absl::StrCat(at, ".value"));
    if (!values.insert(choice.value()).second) {
      checks.Add(absl::StrCat(at, ".value"), "is there twice");
    }
    checks.Text(choice.meaning(), limits::kMaxTextBytes, true,
                absl::StrCat(at, ".meaning"));
    const bool is_default = choice.value() == parameter.default_value();
    if (is_default && choice.rules_size() > 0) {
      checks.Add(absl::StrCat(at, ".rules"),
                 "the default changes nothing: write the rules as it has them");
    }
    if (!is_default && choice.rules_size() == 0) {
      checks.Add(absl::StrCat(at, ".rules"),
                 "changes nothing; say what this value changes");
    }
    for (int j = 0; j < choice.rules_size(); ++j) {
      const std::string& rule_id = choice.rules(j).rule_id();
      std::vector<std::string> ids;
      for (const v1::Rule& rule : policy.rules()) ids.push_back(rule.rule_id());
      if (std::find(ids.begin(), ids.end(), rule_id) == ids.end()) {
        checks.Add(absl::StrCat(at, ".rules[", j, "].rule_id"),
                   absl::StrCat("the policy has no rule \"", rule_id, "\"",
                                DidYouMean(rule_id, ids)));
      }
    }
  }
  if (!values.contains(parameter.default_value())) {
    checks.Add(absl::StrCat(path, ".default_value"),
               absl::StrCat("\"", parameter.default_value(),
                            "\" is none of the choices"));
  }
}

// Checks the fields that an amount or a date stands in.
void CheckFields(const v1::Parameter& parameter, const v1::Policy& policy,
                 const std::string& path, domain::FieldChecks& checks) {
  v1::Policy copy = policy;
  if (FieldsOf(parameter).empty()) {
    checks.Add(absl::StrCat(path, ".fields"), "is required");
  }
  for (int i = 0; i < FieldsOf(parameter).size(); ++i) {
    const std::string at = absl::StrCat(path, ".fields[", i, "]");
    const auto field = RuleField::Find(FieldsOf(parameter)[i], copy);
    if (!field.ok()) {
      checks.Add(at, std::string(field.status().message()));
      continue;
    }
    const std::string held = field->Get();
    const bool same = parameter.has_amount()
                          ? SameAmount(held, parameter.default_value())
                          : held == parameter.default_value();
    if (!same) {
      checks.Add(at, absl::StrCat("the rule has \"", held,
                                  "\" there and not the default, \"",
                                  parameter.default_value(), "\""));
    }
  }
}

void CheckAmount(const v1::Parameter& parameter, const v1::Policy& policy,
                 const std::string& path, domain::FieldChecks& checks) {
  const v1::Parameter::Amount& amount = parameter.amount();
  if (!IsUnit(amount.unit())) {
    checks.Add(absl::StrCat(path, ".amount.unit"),
               absl::StrCat("\"", amount.unit(), "\" is none of ",
                            absl::StrJoin(kUnits, ", ")));
    return;
  }
  const auto min = ParseDecimal(amount.min(), kMaxDecimals);
  const auto max = ParseDecimal(amount.max(), kMaxDecimals);
  if (!min || !max || *max < *min) {
    checks.Add(absl::StrCat(path, ".amount.min"),
               "with max is no range of two decimals");
    return;
  }
  const auto value = CanonicalValue(parameter, parameter.default_value());
  if (!value.ok()) {
    checks.Add(absl::StrCat(path, ".default_value"),
               std::string(value.status().message()));
    return;
  }
  CheckFields(parameter, policy, absl::StrCat(path, ".amount"), checks);
}

// The first of a list of wrong fields with its place.
absl::Status WithPlace(const PolicyText& text, const absl::Status& status) {
  const std::vector<FieldViolation> violations = GetFieldViolations(status);
  if (violations.empty()) return status;
  return absl::InvalidArgumentError(FormatViolation(
      text.path, text.places, *text.file.GetDescriptor(), violations.front()));
}

// "; it has a, b", with what the name may have meant.
std::string ParametersText(const v1::PolicyFile& file,
                           const std::string& name) {
  std::vector<std::string> names;
  for (const v1::Parameter& parameter : file.parameters()) {
    names.push_back(parameter.name());
  }
  if (names.empty()) return "; it has none";
  return absl::StrCat("; it has ", absl::StrJoin(names, ", "),
                      DidYouMean(name, names));
}

const v1::Parameter* FindParameter(const v1::PolicyFile& file,
                                   absl::string_view name) {
  for (const v1::Parameter& parameter : file.parameters()) {
    if (parameter.name() == name) return &parameter;
  }
  return nullptr;
}

absl::Status CheckValues(const PolicyText& text,
                         const ParameterValues& values) {
  std::set<std::string> given;
  for (const auto& [name, value] : values) {
    if (FindParameter(text.file, name) == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(text.path, " has no parameter \"", name, "\"",
                       ParametersText(text.file, name)));
    }
    if (!given.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("the parameter \"", name, "\" is given twice"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PolicyText> ReadPolicyText(const std::string& path) {
  PolicyText text;
  text.path = path == "-" ? "standard input" : path;
  RETURN_IF_ERROR(ReadTextFile(path, text.file, &text.places));
  return text;
}

void CheckParameters(const v1::PolicyFile& file, domain::FieldChecks& checks) {
  std::set<std::string> names;
  for (const v1::Setting& setting : file.policy().settings()) {
    names.insert(setting.name());
  }
  for (int i = 0; i < file.parameters_size(); ++i) {
    const v1::Parameter& parameter = file.parameters(i);
    const std::string path = absl::StrCat("parameters[", i, "]");
    checks.Slug(parameter.name(), limits::kMaxRuleIdBytes,
                absl::StrCat(path, ".name"));
    if (!names.insert(parameter.name()).second) {
      checks.Add(absl::StrCat(path, ".name"),
                 "is the name of another parameter or setting");
    }
    checks.Text(parameter.question(), limits::kMaxTextBytes, true,
                absl::StrCat(path, ".question"));
    const int kinds = (parameter.choices_size() > 0 ? 1 : 0) +
                      (parameter.has_amount() ? 1 : 0) +
                      (parameter.has_date() ? 1 : 0);
    if (kinds != 1) {
      checks.Add(path, "must have choices, an amount or a date, one of them");
    } else if (parameter.has_amount()) {
      CheckAmount(parameter, file.policy(), path, checks);
    } else if (parameter.has_date()) {
      checks.Date(parameter.default_value(), true,
                  absl::StrCat(path, ".default_value"));
      CheckFields(parameter, file.policy(), absl::StrCat(path, ".date"),
                  checks);
    } else {
      CheckChoices(parameter, file.policy(), path, checks);
    }
  }
}

absl::StatusOr<v1::PolicyFile> WithParameters(const PolicyText& text,
                                              const ParameterValues& values) {
  domain::FieldChecks checks;
  CheckParameters(text.file, checks);
  RETURN_IF_ERROR(WithPlace(text, checks.ToStatus()));
  RETURN_IF_ERROR(CheckValues(text, values));
  v1::PolicyFile file = text.file;
  file.clear_parameters();
  for (int i = 0; i < text.file.parameters_size(); ++i) {
    const v1::Parameter& parameter = text.file.parameters(i);
    const auto given = std::find_if(
        values.begin(), values.end(),
        [&](const auto& value) { return value.first == parameter.name(); });
    const std::string wanted =
        given == values.end() ? parameter.default_value() : given->second;
    const auto value = CanonicalValue(parameter, wanted);
    if (!value.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          FormatPlace(text.path,
                      text.places.Find(*text.file.GetDescriptor(),
                                       absl::StrCat("parameters[", i, "]"))),
          ": the parameter \"", parameter.name(),
          "\": ", value.status().message()));
    }
    if (given != values.end()) {
      RETURN_IF_ERROR(Apply(parameter, *value, *file.mutable_policy()));
    }
    *file.mutable_policy()->add_settings() = SettingOf(parameter, *value);
  }
  return file;
}

absl::StatusOr<v1::PolicyFile> ReadPolicyFile(const std::string& path,
                                              const ParameterValues& values) {
  ASSIGN_OR_RETURN(const PolicyText text, ReadPolicyText(path));
  return WithParameters(text, values);
}

std::vector<v1::Command> AdoptionOf(const v1::PolicyFile& file,
                                    v1::AdoptionMode mode) {
  std::vector<v1::Command> commands;
  for (const v1::ChangeCountryGroup& group : file.country_groups()) {
    *commands.emplace_back().mutable_change_country_group() = group;
  }
  for (const v1::Party& party : file.parties()) {
    *commands.emplace_back().mutable_register_party()->mutable_party() = party;
  }
  if (file.has_policy()) {
    v1::AdoptPolicy& adopt = *commands.emplace_back().mutable_adopt_policy();
    *adopt.mutable_policy() = file.policy();
    adopt.set_mode(mode);
  }
  for (const v1::RescindPolicy& rescission : file.rescissions()) {
    *commands.emplace_back().mutable_rescind_policy() = rescission;
  }
  return commands;
}

absl::StatusOr<std::pair<std::string, std::string>> ParseParameterValue(
    absl::string_view text) {
  const size_t equals = text.find('=');
  if (equals == absl::string_view::npos || equals == 0 ||
      equals + 1 == text.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not NAME=VALUE"));
  }
  return std::make_pair(std::string(text.substr(0, equals)),
                        std::string(text.substr(equals + 1)));
}

}  // namespace chipledger::scenarios
