#include "ledger/scenario/policy_lint.h"

#include <algorithm>
#include <initializer_list>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/date.h"
#include "ledger/domain/rules/policy_walk.h"

namespace chipledger::scenarios {
namespace {

using google::protobuf::Message;
using google::protobuf::RepeatedPtrField;

// Days from `from` to before `to`.
struct Span {
  Date from = Date::Min();
  Date to = Date::Max();

  bool empty() const { return to <= from; }
};

Span Common(const Span& a, const Span& b) {
  return {std::max(a.from, b.from), std::min(a.to, b.to)};
}

Span SpanOf(const std::string& from, const std::string& to) {
  return {Date::ParseOr(from, Date::Min()), Date::ParseOr(to, Date::Max())};
}

Span SpanOf(const v1::Policy& policy) {
  return SpanOf(policy.effective_from(), policy.effective_to());
}

// The days on which a rule counts.
Span SpanOf(const v1::Policy& policy, const v1::Rule& rule) {
  if (!rule.window().has_fixed()) return SpanOf(policy);
  return Common(SpanOf(policy), SpanOf(rule.window().fixed().from(),
                                       rule.window().fixed().to()));
}

template <typename List, typename Other>
bool ContainsAll(const List& list, const Other& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  });
}

template <typename List, typename Other>
bool ContainsNone(const List& list, const Other& wanted) {
  return std::none_of(wanted.begin(), wanted.end(), [&](const auto& one) {
    return std::find(list.begin(), list.end(), one) != list.end();
  });
}

// Whether a message sets nothing but these fields.
bool SetsOnly(const Message& message, std::initializer_list<int> numbers) {
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  return std::all_of(fields.begin(), fields.end(), [&](const auto* field) {
    return std::find(numbers.begin(), numbers.end(), field->number()) !=
           numbers.end();
  });
}

void LintEnforcement(const v1::Rule& rule, const std::string& path,
                     const Warn& warn) {
  const v1::Enforcement::Mode mode = rule.enforcement().mode();
  const bool refuses = mode == v1::Enforcement::MODE_REFUSE ||
                       mode == v1::Enforcement::MODE_PRESUME_DENIAL;
  if (refuses && rule.limit().has_none() && rule.limit_cases().empty() &&
      rule.required_conditions().empty()) {
    warn(absl::StrCat(path, ".enforcement"),
         "the limit is none, so the rule never refuses; give it a limit, or "
         "say MODE_REPORT_ONLY");
  }
}

void LintExemption(const v1::Rule& rule, const v1::Exemption& exemption,
                   const Span& counted, const std::string& path,
                   const Warn& warn) {
  using Field = v1::Exemption;
  const Span exempt =
      Common(counted, SpanOf(exemption.from(), exemption.before()));
  if (exempt.empty()) {
    warn(path, "exempts nothing: the rule counts no fact of its dates");
    return;
  }
  const bool all_days = exempt.from == counted.from && exempt.to == counted.to;
  if (all_days &&
      SetsOnly(exemption, {Field::kBeforeFieldNumber, Field::kFromFieldNumber,
                           Field::kCitationFieldNumber})) {
    warn(path, "exempts every fact, so the rule never binds");
  }
  const auto& kinds = rule.scope().where().authorization_kinds();
  if (!kinds.empty() && !exemption.authorization_kinds().empty()) {
    if (ContainsNone(kinds, exemption.authorization_kinds())) {
      warn(absl::StrCat(path, ".authorization_kinds"),
           "exempts nothing: the rule's scope has none of these kinds");
    } else if (all_days &&
               ContainsAll(exemption.authorization_kinds(), kinds) &&
               SetsOnly(exemption,
                        {Field::kAuthorizationKindsFieldNumber,
                         Field::kBeforeFieldNumber, Field::kFromFieldNumber,
                         Field::kCitationFieldNumber})) {
      warn(absl::StrCat(path, ".authorization_kinds"),
           "are all that the rule's scope has, so the rule never binds");
    }
  }
  const auto& classes = rule.items().classifications();
  if (!classes.empty() && !exemption.items().classifications().empty() &&
      ContainsNone(classes, exemption.items().classifications())) {
    warn(absl::StrCat(path, ".items"),
         "exempts nothing: the rule counts none of these classifications");
  }
}

void LintSchedule(const v1::Limit& limit, const Span& counted,
                  const std::string& path, const Warn& warn) {
  const auto& steps = limit.schedule().steps();
  for (int i = 0; i < steps.size(); ++i) {
    const std::string at = absl::StrCat(path, ".schedule.steps[", i, "]");
    if (Date::ParseOr(steps[i].from(), Date::Min()) >= counted.to) {
      warn(at, "begins when the rule counts nothing any more");
    } else if (i > 0 && steps[i].value() == steps[i - 1].value()) {
      warn(at, "changes nothing: the step before has the same limit");
    } else if (i + 1 < steps.size() &&
               Date::ParseOr(steps[i + 1].from(), Date::Min()) <=
                   counted.from) {
      warn(at, "is over before the rule counts anything");
    }
  }
}

void LintCases(const v1::Rule& rule, const std::string& path,
               const Warn& warn) {
  for (int i = 0; i < rule.limit_cases_size(); ++i) {
    const v1::LimitCase& one = rule.limit_cases(i);
    const std::string at = absl::StrCat(path, ".limit_cases[", i, "]");
    for (int j = 0; j < i; ++j) {
      if (rule.limit_cases(j).where().SerializeAsString() ==
          one.where().SerializeAsString()) {
        warn(at, "never decides: a case before it matches the same");
      }
    }
    if (!one.where().destination_groups().empty() &&
        ContainsAll(rule.scope().where().except_destination_groups(),
                    one.where().destination_groups())) {
      warn(at, "never decides: the rule's scope leaves these groups out");
    }
  }
}

// What two rules must share for their windows to continue one another.
std::string LikenessOf(const v1::Rule& rule) {
  v1::Rule alike;
  alike.set_measure(rule.measure());
  alike.set_accrual(rule.accrual());
  alike.set_test_point(rule.test_point());
  *alike.mutable_items() = rule.items();
  *alike.mutable_scope() = rule.scope();
  *alike.mutable_reference() = rule.reference();
  *alike.mutable_required_conditions() = rule.required_conditions();
  alike.set_conditions_from(rule.conditions_from());
  for (const v1::Exemption& exemption : rule.exemptions()) {
    *alike.add_exemptions() = exemption;
  }
  return alike.SerializeAsString();
}

std::string DaysText(const Span& span) {
  if (span.from == Date::Min()) {
    return absl::StrCat("before ", span.to.ToString());
  }
  if (span.to == Date::Max()) {
    return absl::StrCat("from ", span.from.ToString(), " on");
  }
  return absl::StrCat("from ", span.from.ToString(), " to before ",
                      span.to.ToString());
}

// A rule with a fixed window.
struct WindowedRule {
  int index;
  Span window;
  std::string path() const {
    return absl::StrCat("policy.rules[", index, "].window");
  }
};

void LintSequence(const v1::Policy& policy, std::vector<WindowedRule> rules,
                  const Warn& warn) {
  std::sort(rules.begin(), rules.end(),
            [](const WindowedRule& a, const WindowedRule& b) {
              return a.window.from < b.window.from;
            });
  const Span in_force = SpanOf(policy);
  const auto warn_gap = [&](const WindowedRule& at, const Span& gap) {
    const Span missed = Common(in_force, gap);
    if (missed.empty()) return;
    warn(at.path(),
         absl::StrCat("leaves a gap: the policy is in force ", DaysText(missed),
                      ", and no rule like this counts then"));
  };
  warn_gap(rules.front(), {Date::Min(), rules.front().window.from});
  Date covered = rules.front().window.to;
  for (size_t i = 1; i < rules.size(); ++i) {
    const Span overlap = Common({rules[i].window.from, rules[i].window.to},
                                {Date::Min(), covered});
    if (!overlap.empty()) {
      warn(rules[i].path(),
           absl::StrCat("overlaps that of ",
                        policy.rules(rules[i - 1].index).rule_id(),
                        ", which is alike: both count what is dated ",
                        DaysText(overlap)));
    }
    warn_gap(rules[i], {covered, rules[i].window.from});
    covered = std::max(covered, rules[i].window.to);
  }
  warn_gap(rules.back(), {covered, Date::Max()});
}

// Names in a file, each with the path of where it is named first.
using Named = std::map<std::string, std::string>;

void Note(const RepeatedPtrField<std::string>& names, const std::string& path,
          Named& named) {
  for (int i = 0; i < names.size(); ++i) {
    named.emplace(names[i], absl::StrCat(path, "[", i, "]"));
  }
}

void NoteNames(const Message& root, const std::string& path, Named& groups,
               Named& parties) {
  domain::VisitMessagesIn(
      root, path, [&](const Message& message, const std::string& at) {
        if (const auto* where = dynamic_cast<const v1::FactFilter*>(&message)) {
          Note(where->destination_groups(), at + ".destination_groups", groups);
          Note(where->except_destination_groups(),
               at + ".except_destination_groups", groups);
          Note(where->headquarters_groups(), at + ".headquarters_groups",
               groups);
          Note(where->except_headquarters_groups(),
               at + ".except_headquarters_groups", groups);
          Note(where->exporters(), at + ".exporters", parties);
          Note(where->consignees(), at + ".consignees", parties);
          Note(where->end_users(), at + ".end_users", parties);
          Note(where->ultimate_parents(), at + ".ultimate_parents", parties);
        }
        if (const auto* one = dynamic_cast<const v1::Exemption*>(&message)) {
          Note(one->parties(), at + ".parties", parties);
        }
      });
}

bool HasMembers(const v1::ChangeCountryGroup& group) {
  return std::any_of(group.changes().begin(), group.changes().end(),
                     [](const v1::MembershipChange& change) {
                       return change.kind() == v1::MembershipChange::KIND_JOIN;
                     });
}

// What a part counts should be in its whole, too: else what is only in the part
// fills a share that it does not enlarge.
void LintShare(const v1::Policy& policy, const v1::Rule& rule,
               const std::string& path, const Warn& warn) {
  if (!rule.limit().has_share()) return;
  for (const v1::Rule& whole : policy.rules()) {
    if (whole.rule_id() != rule.limit().share().of_rule_id()) continue;
    const auto& classes = whole.items().classifications();
    const auto& own = rule.items().classifications();
    if (!classes.empty() && (own.empty() || !ContainsAll(classes, own))) {
      warn(absl::StrCat(path, ".items"),
           absl::StrCat("counts goods that the whole, \"", whole.rule_id(),
                        "\", does not: name the same classifications"));
    }
  }
}

}  // namespace

void LintRules(const v1::Policy& policy, const Warn& warn) {
  for (int i = 0; i < policy.rules_size(); ++i) {
    const v1::Rule& rule = policy.rules(i);
    const std::string path = absl::StrCat("policy.rules[", i, "]");
    const Span counted = SpanOf(policy, rule);
    LintEnforcement(rule, path, warn);
    for (int j = 0; j < rule.exemptions_size(); ++j) {
      LintExemption(rule, rule.exemptions(j), counted,
                    absl::StrCat(path, ".exemptions[", j, "]"), warn);
    }
    LintSchedule(rule.limit(), counted, absl::StrCat(path, ".limit"), warn);
    LintCases(rule, path, warn);
    LintShare(policy, rule, path, warn);
  }
}

void LintWindows(const v1::Policy& policy, const Warn& warn) {
  std::map<std::string, std::vector<WindowedRule>> alike;
  for (int i = 0; i < policy.rules_size(); ++i) {
    const v1::Rule& rule = policy.rules(i);
    if (!rule.window().has_fixed()) continue;
    alike[LikenessOf(rule)].push_back(
        {i, SpanOf(rule.window().fixed().from(), rule.window().fixed().to())});
  }
  for (auto& [likeness, rules] : alike) LintSequence(policy, rules, warn);
}

void LintNames(const v1::PolicyFile& file, const Warn& warn) {
  Named groups, parties;
  NoteNames(file.policy(), "policy", groups, parties);
  for (int i = 0; i < file.parameters_size(); ++i) {
    NoteNames(file.parameters(i), absl::StrCat("parameters[", i, "]"), groups,
              parties);
  }
  std::set<std::string> have_groups, have_parties;
  for (int i = 0; i < file.country_groups_size(); ++i) {
    const v1::ChangeCountryGroup& group = file.country_groups(i);
    const std::string path = absl::StrCat("country_groups[", i, "].group_id");
    have_groups.insert(group.group_id());
    if (!groups.contains(group.group_id())) {
      warn(path, absl::StrCat("no rule names \"", group.group_id(), "\""));
    } else if (!HasMembers(group)) {
      warn(path, absl::StrCat("\"", group.group_id(),
                              "\" is empty: no country is in it until one "
                              "joins"));
    }
  }
  for (const v1::Party& party : file.parties()) {
    have_parties.insert(party.party_id());
  }
  for (const auto& [group, path] : groups) {
    if (have_groups.contains(group)) continue;
    warn(path, absl::StrCat("\"", group,
                            "\" is no group of this file; the ledger must "
                            "have it when the policy is adopted"));
  }
  for (const auto& [party, path] : parties) {
    if (have_parties.contains(party)) continue;
    warn(path, absl::StrCat("\"", party,
                            "\" is no party of this file; the ledger must "
                            "have it when the policy is adopted"));
  }
}

}  // namespace chipledger::scenarios
