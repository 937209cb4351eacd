#include "ledger/domain/explanation.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/describe.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/event_facts.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/rule_reasons.h"

namespace chipledger::domain {
namespace {

using PolicyExplanation = v1::ExplainFactResponse::PolicyExplanation;
using RuleExplanation = v1::ExplainFactResponse::RuleExplanation;

// What the evidence of an event says of each rule, by the rule's place.
using Touched =
    std::map<std::pair<uint64_t, uint32_t>, std::vector<v1::RuleEvaluation>>;

Touched TouchedBy(const Catalog& catalog, const v1::Evidence* evidence) {
  Touched touched;
  if (evidence == nullptr) return touched;
  VisitEvaluations(evidence->totals(), [&](const Evaluation& evaluation) {
    const CompiledPolicy* policy = catalog.FindAdopted(evaluation.policy_index);
    if (policy == nullptr || evaluation.rule >= policy->rules.size()) {
      return true;
    }
    touched[{evaluation.policy_index, evaluation.rule}].push_back(
        TellEvaluation(evaluation, *policy, policy->rules[evaluation.rule]));
    return true;
  });
  return touched;
}

// Why a policy looks at none of the facts; empty: it does.
std::string WhyNotInForce(const CompiledPolicy& policy,
                          const EventFacts& facts) {
  for (const Fact& fact : facts.facts) {
    if (policy.InForceOn(fact.date)) return "";
  }
  if (facts.facts.empty()) return "";
  if (policy.from >= policy.to) return "ended before it came into force";
  return absl::StrCat(
      "is in force from ", policy.from.ToString(),
      policy.to == Date::Max() ? " on" : " to before " + policy.to.ToString());
}

// Adds why a rule did not count a fact or some of its items.
void AddReasons(const RuleLook& look, bool several_facts,
                RuleExplanation& explanation) {
  const auto add = [&](std::optional<RuleReason> reason) {
    if (!reason) return;
    if (several_facts) {
      reason->set_destination_country(std::string(look.fact.country));
    }
    *explanation.add_reasons() = *std::move(reason);
  };
  std::optional<RuleReason> of_fact = WhyNotFact(look);
  if (of_fact) {
    // A shipment under a license that was revoked counts again what the
    // revocation had released, also where the rule counts grants.
    const bool by_license = of_fact->kind() == RuleReason::KIND_ACCRUAL &&
                            !explanation.evaluations().empty();
    return by_license ? void() : add(std::move(of_fact));
  }
  for (const CountedItem& item : look.fact.items) add(WhyNotItem(look, item));
}

RuleExplanation ExplainRule(const Catalog& catalog,
                            const CompiledPolicy& policy,
                            const CompiledRule& rule, const EventFacts& facts,
                            Touched& touched) {
  RuleExplanation explanation;
  explanation.set_rule_id(rule.rule_id);
  explanation.set_citation(rule.citation);
  for (v1::RuleEvaluation& evaluation :
       touched[{policy.adopted.index(), rule.number}]) {
    *explanation.add_evaluations() = std::move(evaluation);
  }
  for (const Fact& fact : facts.facts) {
    if (!policy.InForceOn(fact.date)) continue;
    AddReasons({.catalog = catalog,
                .policy = policy,
                .rule = rule,
                .fact = fact,
                .occasion = facts.occasion},
               facts.facts.size() > 1, explanation);
  }
  return explanation;
}

PolicyExplanation ExplainPolicy(const State& before,
                                const CompiledPolicy& policy,
                                const EventFacts& facts, Touched& touched) {
  PolicyExplanation explanation;
  explanation.set_policy_id(policy.policy_id());
  explanation.set_policy_version(policy.adopted.version());
  explanation.set_reports_only(!policy.Decides());
  explanation.set_not_in_force(WhyNotInForce(policy, facts));
  if (!explanation.not_in_force().empty()) return explanation;
  const Catalog& catalog =
      policy.counts_by ? *policy.counts_by : before.catalog();
  for (const CompiledRule& rule : policy.rules) {
    RuleExplanation of_rule =
        ExplainRule(catalog, policy, rule, facts, touched);
    // What moves units that were counted before has no facts of its own: of
    // rules that had not counted them there is nothing to say.
    if (facts.facts.empty() && of_rule.evaluations().empty()) continue;
    *explanation.add_rules() = std::move(of_rule);
  }
  return explanation;
}

}  // namespace

absl::StatusOr<v1::ExplainFactResponse::Fact> ExplainEvent(
    const State& before, const History& history, const DecidedEvent& decided) {
  const v1::Event& event = decided.event;
  v1::ExplainFactResponse::Fact fact;
  for (const v1::Command& command : CommandsOf(event)) {
    fact.set_description(DescribeCommand(command));
  }
  fact.set_effective_date(
      EffectiveDateOf(event, decided.record_time_ns).ToString());
  *fact.mutable_judgement() =
      JudgementOf(before.catalog(), event, decided.index);
  EventFacts facts;
  if (HasFacts(event)) {
    ASSIGN_OR_RETURN(facts, FactsOfEvent(before, history, before.catalog(),
                                         event, decided.index));
  }
  Touched touched = TouchedBy(before.catalog(), EvidenceOf(event));
  for (const auto& policy : before.catalog().policies) {
    PolicyExplanation explanation =
        ExplainPolicy(before, *policy, facts, touched);
    if (facts.facts.empty() && explanation.rules().empty()) continue;
    *fact.add_policies() = std::move(explanation);
  }
  return fact;
}

void ShortenExplanation(v1::ExplainFactResponse::Fact& fact, size_t max_bytes) {
  ShortenJudgement(*fact.mutable_judgement(),
                   std::min(max_bytes / 2, limits::kMaxJudgementBytes));
  size_t bytes = fact.ByteSizeLong();
  auto& policies = *fact.mutable_policies();
  for (int i = policies.size(); i-- > 0 && bytes > max_bytes;) {
    auto& rules = *policies[i].mutable_rules();
    while (!rules.empty() && bytes > max_bytes) {
      bytes -= std::min(bytes, rules.rbegin()->ByteSizeLong());
      rules.RemoveLast();
      fact.set_left_out(fact.left_out() + 1);
    }
  }
}

}  // namespace chipledger::domain
