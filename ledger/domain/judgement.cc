#include "ledger/domain/judgement.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/base/count_of.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/shipment_state.h"
#include "ledger/domain/whole_event.h"

namespace chipledger::domain {
namespace {

// Words ----------------------------------------------------------------------

std::string AmountForPeople(const CompiledRule& rule, int64_t amount) {
  switch (rule.measure.unit) {
    case v1::MEASURE_GPUS:
      return CountOf(amount, "GPU");
    case v1::MEASURE_VALUE_USD:
      return CountOf(amount, "US dollar");
    default:
      return absl::StrCat(FormatDecimalForPeople(amount, rule.measure.Scale()),
                          " TPP");
  }
}

void AppendKey(absl::string_view words, absl::string_view value,
               std::string& text) {
  if (!value.empty()) absl::StrAppend(&text, words, value);
}

// Such as " for AE under license D123".
std::string GroupForPeople(const v1::GroupKey& group) {
  std::string text;
  AppendKey(" for ", group.destination_country(), text);
  AppendKey(" for country group ", group.country_group(), text);
  AppendKey(" for headquarters in ", group.headquarters_country(), text);
  AppendKey(" for exporter ", group.exporter(), text);
  AppendKey(" for consignee ", group.consignee(), text);
  AppendKey(" for end user ", group.end_user(), text);
  AppendKey(" for ultimate parent ", group.ultimate_parent(), text);
  AppendKey(" for product ", group.product_code(), text);
  AppendKey(" under license ", group.license_id(), text);
  if (group.license_line() != 0) {
    absl::StrAppend(&text, " line ", group.license_line());
  }
  return text;
}

// "LICENSE_EXPIRED" as a rule's id.
std::string CheckId(v1::LicenseCheck check) {
  return absl::AsciiStrToLower(v1::LicenseCheck_Name(check));
}

std::string DateText(int32_t days) { return Date::FromDays(days).ToString(); }

const v1::Item& ItemOf(const v1::Shipment& shipment, int32_t item) {
  return item >= 0 && item < shipment.items_size()
             ? shipment.items(item)
             : v1::Item::default_instance();
}

// What a finding says of its license, such as "had expired on 2026-05-05, after
// 2026-03-01".
std::string FindingText(const v1::LicenseFinding& finding,
                        const v1::Shipment& shipment) {
  const std::string& exported = shipment.export_date();
  switch (finding.check()) {
    case v1::LICENSE_WRONG_EXPORTER:
      return absl::StrCat("is licensed to ", finding.licensee(), ", not ",
                          shipment.exporter());
    case v1::LICENSE_CONSIGNEE_NOT_NAMED:
      return absl::StrCat("does not name consignee \"", shipment.consignee(),
                          "\"");
    case v1::LICENSE_END_USER_NOT_NAMED:
      return absl::StrCat("does not name end user \"", shipment.end_user(),
                          "\"");
    case v1::LICENSE_DESTINATION_NOT_NAMED:
      return absl::StrCat("does not name destination ",
                          shipment.destination_country());
    case v1::LICENSE_NOT_YET_VALID:
      return absl::StrCat("is valid only from ", DateText(finding.date()),
                          " on, and the export date is ", exported);
    case v1::LICENSE_EXPIRED:
      return absl::StrCat("authorizes exports through ",
                          DateText(finding.date()), ", and the export date is ",
                          exported);
    case v1::LICENSE_SUSPENDED:
      return absl::StrCat("was suspended from ", DateText(finding.date()),
                          " on, and the export date is ", exported);
    case v1::LICENSE_REVOKED:
      return absl::StrCat("was revoked from ", DateText(finding.date()),
                          " on, and the export date is ", exported);
    case v1::LICENSE_REPLACED:
      return absl::StrCat("was replaced from ", DateText(finding.date()),
                          " on, and the export date is ", exported);
    case v1::LICENSE_VOID:
      return "is void from issuance";
    case v1::LICENSE_WRONG_KIND:
      return absl::StrCat(
          "is of kind ", v1::AuthorizationKind_Name(finding.kind()), ", not ",
          v1::AuthorizationKind_Name(shipment.authorization().kind()));
    case v1::LICENSE_PRODUCT_NOT_NAMED:
      return absl::StrCat("has no line for product \"",
                          ItemOf(shipment, finding.item()).product_code(),
                          "\" to ", shipment.destination_country());
    case v1::QUANTITY_EXHAUSTED:
      return absl::StrCat(
          finding.line_number() == 0
              ? std::string("has on all lines together ")
              : absl::StrCat("line ", finding.line_number(), " has "),
          finding.authorized() - finding.used() - finding.reserved(),
          " units left of ", finding.authorized(), ", ",
          ItemOf(shipment, finding.item()).quantity(), " asked");
    case v1::LICENSE_NOT_KNOWN:
      return "is not known; correct the shipment when the number is wrong, or "
             "grant the license and correct the shipment then";
    default:
      return absl::StrCat("does not pass the check ", CheckId(finding.check()));
  }
}

std::string NoLicenseFitsText(const v1::LicenseFinding& finding,
                              const v1::Shipment& shipment) {
  std::vector<std::string> reasons;
  for (const v1::LicenseFinding& reason : finding.reasons()) {
    reasons.push_back(absl::StrCat("license ", reason.license_id(), " ",
                                   FindingText(reason, shipment)));
  }
  return absl::StrCat(
      "none of the ", finding.licenses(), " licenses of ", shipment.exporter(),
      " fits the shipment", reasons.empty() ? "" : ": ",
      absl::StrJoin(reasons, "; "),
      finding.licenses() > reasons.size() ? "; and others" : "");
}

// Policies -------------------------------------------------------------------

// PolicyFinder finds policies by the entries that adopted them, also those that
// a request adopts itself.
class PolicyFinder {
 public:
  explicit PolicyFinder(const Catalog& catalog) : catalog_(catalog) {}

  // Takes the adoptions of an event, by its index; those of a refused request,
  // which has one entry, by the indexes that they would have had.
  void Add(const v1::Event& event, uint64_t index) {
    if (event.has_policy_adopted()) {
      Add(event.policy_adopted().command(), index);
    } else if (event.has_policy_amended()) {
      Add(event.policy_amended().command(), index);
    }
    const auto& commands = event.refused().commands();
    for (int i = 0; i < commands.size(); ++i) {
      const uint64_t would_be = index + static_cast<uint64_t>(i);
      if (commands[i].has_adopt_policy()) {
        Add(commands[i].adopt_policy(), would_be);
      } else if (commands[i].has_amend_policy()) {
        Add(commands[i].amend_policy(), would_be);
      }
    }
  }

  const CompiledPolicy* Find(uint64_t policy_index) const {
    const auto own = own_.find(policy_index);
    return own != own_.end() ? own->second.get()
                             : catalog_.FindAdopted(policy_index);
  }

 private:
  void Add(const v1::AdoptPolicy& command, uint64_t index) {
    v1::AdoptedPolicy adopted;
    *adopted.mutable_policy() = command.policy();
    adopted.set_index(index);
    adopted.set_version(1);
    adopted.set_mode(command.mode());
    own_[index] = CompilePolicy(0, adopted);
  }
  void Add(const v1::AmendPolicy& command, uint64_t index) {
    // In a request, each amends what the ones before it made.
    uint32_t version = 1;
    const auto count = [&](const CompiledPolicy& policy) {
      if (policy.policy_id() == command.policy().policy_id() &&
          policy.adopted.index() < index) {
        version = std::max(version, policy.adopted.version());
      }
    };
    for (const auto& policy : catalog_.policies) count(*policy);
    for (const auto& [own_index, policy] : own_) count(*policy);
    v1::AdoptedPolicy amended;
    *amended.mutable_policy() = command.policy();
    amended.set_index(index);
    amended.set_version(version + 1);
    amended.set_mode(command.mode());
    own_[index] = CompilePolicy(0, amended);
  }

  const Catalog& catalog_;
  std::map<uint64_t, std::shared_ptr<const CompiledPolicy>> own_;
};

// A rule and the policy it stands in; null when there is none.
struct Named {
  const CompiledPolicy* policy = nullptr;
  const CompiledRule* rule = nullptr;
};

Named NameRule(const PolicyFinder& policies, uint64_t policy_index,
               uint32_t rule) {
  const CompiledPolicy* policy = policies.Find(policy_index);
  if (policy == nullptr || rule >= policy->rules.size()) return {};
  return {policy, &policy->rules[rule]};
}

// Violations -----------------------------------------------------------------

// A violation of a rule, without what is compared.
v1::Violation StartViolation(const Named& named, const v1::GroupKey& group) {
  v1::Violation violation;
  violation.set_policy_id(named.policy->policy_id());
  violation.set_policy_version(named.policy->adopted.version());
  violation.set_rule_id(named.rule->rule_id);
  violation.set_citation(named.rule->citation);
  *violation.mutable_group() = group;
  violation.set_verdict(v1::VERDICT_VIOLATED);
  return violation;
}

v1::Violation LimitViolation(const Named& named,
                             const v1::RuleEvaluation& evaluation) {
  const CompiledRule& rule = *named.rule;
  v1::Violation violation = StartViolation(named, evaluation.group());
  // Notice of what is over its limit is a report of it.
  violation.set_verdict(evaluation.verdict() == v1::VERDICT_NOTICE_DUE
                            ? v1::VERDICT_REPORTED
                            : evaluation.verdict());
  violation.set_measure(evaluation.measure());
  violation.set_window_start(evaluation.window_start());
  violation.set_used(evaluation.used());
  violation.set_reserved(evaluation.reserved());
  violation.set_asked(evaluation.asked());
  if (evaluation.unknown_limit()) {
    violation.set_unknown_limit(true);
    violation.set_description(absl::StrCat(
        named.policy->policy_id(), "/", rule.rule_id,
        GroupForPeople(evaluation.group()), ": ",
        AmountForPeople(rule, evaluation.asked()),
        " asked under a limit whose value is not known; nothing more is "
        "allowed until it is",
        rule.enforcement.mode == v1::Enforcement::MODE_PRESUME_DENIAL
            ? ", but by an override of the rule"
            : ""));
    return violation;
  }
  violation.set_limit(evaluation.limit());
  violation.set_headroom(evaluation.headroom_before());
  violation.set_excess(-evaluation.headroom_after());
  violation.set_description(absl::StrCat(
      named.policy->policy_id(), "/", rule.rule_id,
      GroupForPeople(evaluation.group()),
      evaluation.binding_date().empty() ? "" : " on ",
      evaluation.binding_date(), ": ",
      AmountForPeople(rule, evaluation.asked()), " asked, headroom ",
      AmountForPeople(rule, evaluation.headroom_before()), " of ",
      AmountForPeople(rule, evaluation.limit()), ", over by ",
      AmountForPeople(rule, -evaluation.headroom_after())));
  return violation;
}

// A total was over its limit on a reporting date. Nothing is asked.
v1::Violation ReportedViolation(const Named& named,
                                const v1::RuleEvaluation& evaluation,
                                const std::string& date) {
  const CompiledRule& rule = *named.rule;
  v1::Violation violation = StartViolation(named, evaluation.group());
  violation.set_verdict(v1::VERDICT_REPORTED);
  violation.set_measure(evaluation.measure());
  violation.set_window_start(evaluation.window_start());
  violation.set_used(evaluation.used());
  violation.set_reserved(evaluation.reserved());
  violation.set_limit(evaluation.limit());
  violation.set_headroom(evaluation.headroom_before());
  violation.set_excess(-evaluation.headroom_before());
  violation.set_description(absl::StrCat(
      named.policy->policy_id(), "/", rule.rule_id,
      GroupForPeople(evaluation.group()), " on ", date, ": ",
      AmountForPeople(rule, evaluation.used()), " used, ",
      AmountForPeople(rule, evaluation.reserved()), " reserved, of ",
      AmountForPeople(rule, evaluation.limit()), ", over by ",
      AmountForPeople(rule, -evaluation.headroom_before())));
  return violation;
}

// The figure of a product that a rule measures is not known.
v1::Violation UnknownViolation(const Named& named, const v1::GroupKey& group,
                               absl::string_view product) {
  v1::Violation violation = StartViolation(named, group);
  const bool value = named.rule->measure.unit == v1::MEASURE_VALUE_USD;
  violation.set_rule_id(CheckId(value ? v1::VALUE_UNKNOWN : v1::TPP_UNKNOWN));
  violation.set_description(
      absl::StrCat(named.policy->policy_id(), "/", named.rule->rule_id,
                   value ? " measures value, and the item of product \""
                         : " measures TPP, and that of product \"",
                   product,
                   value ? "\" states none; state its value_usd"
                         : "\" is not known; register its milli_tpp_per_gpu"));
  return violation;
}

v1::Violation ConditionViolation(const Named& named,
                                 const v1::MissingCondition& missing,
                                 const std::string& date) {
  v1::Violation violation = StartViolation(named, missing.group());
  violation.set_description(absl::StrCat(
      named.policy->policy_id(), "/", named.rule->rule_id, " requires \"",
      missing.kind(), "\" to be met on ", date, ", and ",
      missing.license_id().empty()
          ? std::string("the shipment cites no authorization that was granted, "
                        "and no party of it has met it")
          : absl::StrCat("neither license ", missing.license_id(),
                         " nor a party of the shipment has met it"),
      "; record the condition with its evidence first"));
  return violation;
}

}  // namespace

v1::RuleEvaluation TellEvaluation(const Evaluation& evaluation,
                                  const CompiledPolicy& policy,
                                  const CompiledRule& rule) {
  v1::RuleEvaluation out;
  out.set_policy_id(policy.policy_id());
  out.set_policy_version(policy.adopted.version());
  out.set_rule_id(rule.rule_id);
  out.set_measure(rule.measure.unit);
  *out.mutable_group() = *evaluation.group;
  out.set_window_start(rule.window.StartText(evaluation.window_start));
  out.set_used(evaluation.used);
  out.set_reserved(evaluation.reserved);
  out.set_asked(evaluation.asked);
  if (const auto limit = JudgedLimit(evaluation, rule)) {
    out.set_limit(*limit);
    out.set_headroom_before(HeadroomBefore(evaluation, *limit));
    out.set_headroom_after(HeadroomAfter(evaluation, *limit));
  }
  out.set_unknown_limit(evaluation.limit_source == v1::LIMIT_SOURCE_UNKNOWN);
  out.set_verdict(evaluation.verdict);
  out.set_unmeasured_gpus(evaluation.unmeasured_gpus);
  out.set_balance(evaluation.balance);
  if (evaluation.date) out.set_date(evaluation.date->ToString());
  if (evaluation.binding_date) {
    out.set_binding_date(evaluation.binding_date->ToString());
  }
  return out;
}

v1::Violation LicenseViolation(const v1::LicenseFinding& finding,
                               const v1::Shipment& shipment) {
  v1::Violation violation;
  violation.set_rule_id(CheckId(finding.check()));
  violation.set_verdict(v1::VERDICT_VIOLATED);
  if (finding.check() == v1::NO_LICENSE_FITS) {
    violation.set_description(NoLicenseFitsText(finding, shipment));
    return violation;
  }
  violation.mutable_group()->set_license_id(finding.license_id());
  violation.set_description(absl::StrCat("license ", finding.license_id(), " ",
                                         FindingText(finding, shipment)));
  if (finding.check() == v1::QUANTITY_EXHAUSTED) {
    const int64_t left =
        finding.authorized() - finding.used() - finding.reserved();
    const int64_t asked = ItemOf(shipment, finding.item()).quantity();
    violation.set_limit(finding.authorized());
    violation.set_used(finding.used());
    violation.set_reserved(finding.reserved());
    violation.set_asked(asked);
    violation.set_headroom(left);
    violation.set_excess(asked - left);
  }
  return violation;
}

namespace {

// Whether an evaluation is over its limit, whatever came of it.
bool IsViolated(const v1::RuleEvaluation& evaluation) {
  switch (evaluation.verdict()) {
    case v1::VERDICT_VIOLATED:
    case v1::VERDICT_OVERRIDDEN:
      return true;
    case v1::VERDICT_REPORTED:
    case v1::VERDICT_NOTICE_DUE:
      // What only takes back can leave a total above its limit.
      return evaluation.asked() > 0 && evaluation.has_headroom_after() &&
             evaluation.headroom_after() < 0;
    default:
      return false;
  }
}

// A violation of a rule and the rule's place, which orders it.
struct Placed {
  uint64_t policy_index;
  uint32_t rule;
  v1::Violation violation;
};

using Violations = google::protobuf::RepeatedPtrField<v1::Violation>;

// Appends what an evidence says is violated. `shipment` is what it is about, if
// it is about one, and `date` when that happened.
void AppendViolations(const PolicyFinder& policies,
                      const v1::Evidence& evidence,
                      const v1::Shipment& shipment, const std::string& date,
                      Violations& violations) {
  for (const v1::LicenseFinding& finding : evidence.license_findings()) {
    *violations.Add() = LicenseViolation(finding, shipment);
  }
  std::vector<Placed> placed;
  for (const v1::MissingCondition& missing : evidence.missing_conditions()) {
    const Named named =
        NameRule(policies, missing.policy_index(), missing.rule());
    if (named.rule == nullptr) continue;
    placed.push_back({missing.policy_index(), missing.rule(),
                      ConditionViolation(named, missing, date)});
  }
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    const Named named =
        NameRule(policies, evaluation.policy_index, evaluation.rule);
    if (named.rule == nullptr) return true;
    if (!evaluation.unknown_product.empty()) {
      placed.push_back({evaluation.policy_index, evaluation.rule,
                        UnknownViolation(named, *evaluation.group,
                                         evaluation.unknown_product)});
    }
    const v1::RuleEvaluation told =
        TellEvaluation(evaluation, *named.policy, *named.rule);
    if (IsViolated(told)) {
      placed.push_back({evaluation.policy_index, evaluation.rule,
                        LimitViolation(named, told)});
    }
    return true;
  });
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Placed& a, const Placed& b) {
                     return std::pair(a.policy_index, a.rule) <
                            std::pair(b.policy_index, b.rule);
                   });
  for (Placed& one : placed) *violations.Add() = std::move(one.violation);
}

void AppendEvaluations(
    const PolicyFinder& policies, const v1::Evidence& evidence,
    google::protobuf::RepeatedPtrField<v1::RuleEvaluation>& rules) {
  VisitEvaluations(evidence.totals(), [&](const Evaluation& evaluation) {
    const Named named =
        NameRule(policies, evaluation.policy_index, evaluation.rule);
    if (named.rule != nullptr) {
      *rules.Add() = TellEvaluation(evaluation, *named.policy, *named.rule);
    }
    return true;
  });
}

// Appends the totals of a report that were over their limit on its date.
void AppendReported(const PolicyFinder& policies,
                    const v1::TotalsReported& reported,
                    Violations& violations) {
  VisitEvaluations(
      reported.evidence().totals(), [&](const Evaluation& evaluation) {
        const Named named =
            NameRule(policies, evaluation.policy_index, evaluation.rule);
        if (named.rule == nullptr) return true;
        const v1::RuleEvaluation told =
            TellEvaluation(evaluation, *named.policy, *named.rule);
        if (told.has_headroom_before() && told.headroom_before() < 0) {
          *violations.Add() =
              ReportedViolation(named, told, reported.command().date());
        }
        return true;
      });
}

// Events ---------------------------------------------------------------------

// The shipment that a command is about and brings along; an empty one for
// commands that bring none.
const v1::Shipment& ShipmentOfCommand(const v1::Command& command) {
  switch (command.kind_case()) {
    case v1::Command::kRecordShipment:
      return command.record_shipment().shipment();
    case v1::Command::kCorrectShipment:
      return command.correct_shipment().shipment();
    case v1::Command::kReserveShipment:
      return command.reserve_shipment().shipment();
    case v1::Command::kReexportShipment:
      return command.reexport_shipment().shipment();
    case v1::Command::kTransferShipment:
      return command.transfer_shipment().shipment();
    default:
      return v1::Shipment::default_instance();
  }
}

// Appends the units that a movement was to take and that were not there.
// `units` are those it asked for, of the shipment `name`.
template <typename Name>
void AppendNotThere(const ItemUnitsList& units, const ItemUnitsList& not_there,
                    const Name& name, Violations& violations) {
  for (const v1::ItemUnits& missing : not_there) {
    int64_t asked = 0;
    for (const v1::ItemUnits& some : units) {
      if (some.item() == missing.item()) asked += some.quantity();
    }
    // Of a receipt of all that is in transit.
    asked = std::max(asked, missing.quantity());
    const int64_t there = asked - missing.quantity();
    v1::Violation& violation = *violations.Add();
    violation.set_rule_id("units_not_there");
    violation.set_verdict(v1::VERDICT_VIOLATED);
    violation.set_limit(there);
    violation.set_asked(asked);
    violation.set_headroom(there);
    violation.set_excess(missing.quantity());
    violation.set_description(absl::StrCat(
        missing.quantity(), " of ", asked, " units of item ", missing.item(),
        " of shipment ", name.exporter(), "/", name.shipment_reference(),
        " were not there, and did not move"));
  }
}

void AppendNotThere(const v1::Event& event, Violations& violations) {
  const auto append = [&](const auto& moved, const auto& name) {
    AppendNotThere(moved.command().units(), moved.not_there(), name,
                   violations);
  };
  switch (event.kind_case()) {
    case v1::Event::kShipmentReceived:
      return append(event.shipment_received(),
                    event.shipment_received().command().shipment());
    case v1::Event::kShipmentReturned:
      return append(event.shipment_returned(),
                    event.shipment_returned().command().shipment());
    case v1::Event::kShipmentReexported:
      return append(event.shipment_reexported(),
                    event.shipment_reexported().command().origin());
    case v1::Event::kShipmentTransferredInCountry:
      return append(event.shipment_transferred_in_country(),
                    event.shipment_transferred_in_country().command().origin());
    case v1::Event::kUnitsRetired:
      return append(event.units_retired(),
                    event.units_retired().command().shipment());
    case v1::Event::kDiversionReported:
      return append(event.diversion_reported(),
                    event.diversion_reported().command().shipment());
    default:
      return;
  }
}

v1::Judgement JudgeRefused(const PolicyFinder& policies,
                           const v1::Refused& refused) {
  v1::Judgement judgement;
  Violations& violations = *judgement.mutable_violations();
  const int count = std::min(refused.commands_size(), refused.evidence_size());
  for (int i = 0; i < count; ++i) {
    const v1::Shipment& shipment = ShipmentOfCommand(refused.commands(i));
    const int before = violations.size();
    AppendViolations(policies, refused.evidence(i), shipment,
                     shipment.export_date(), violations);
    for (int at = before; at < violations.size(); ++at) {
      violations[at].set_command_index(static_cast<uint32_t>(i));
    }
  }
  return judgement;
}

// What a part of an event says by itself: not what the license was found to be,
// for which the command is needed.
v1::Judgement JudgeContinued(const PolicyFinder& policies,
                             const v1::EvidenceContinued& more) {
  v1::Judgement judgement;
  AppendEvaluations(policies, more.reversal(), *judgement.mutable_reversal());
  for (int i = 0; i < more.evidence_size(); ++i) {
    v1::Evidence totals;
    *totals.mutable_totals() = more.evidence(i).totals();
    AppendEvaluations(policies, totals, *judgement.mutable_rules());
    AppendViolations(policies, totals, v1::Shipment::default_instance(), "",
                     *judgement.mutable_violations());
  }
  return judgement;
}

v1::Judgement Judge(const PolicyFinder& policies, const v1::Event& event) {
  if (event.has_refused()) return JudgeRefused(policies, event.refused());
  if (event.has_evidence_continued()) {
    return JudgeContinued(policies, event.evidence_continued());
  }
  v1::Judgement judgement;
  if (const v1::Evidence* reversal = ReversalOf(event)) {
    AppendEvaluations(policies, *reversal, *judgement.mutable_reversal());
  }
  const v1::Evidence* evidence = EvidenceOf(event);
  if (evidence == nullptr) return judgement;
  AppendEvaluations(policies, *evidence, *judgement.mutable_rules());
  if (event.has_totals_reported()) {
    AppendReported(policies, event.totals_reported(),
                   *judgement.mutable_violations());
    return judgement;
  }
  const v1::Shipment* shipment = ShipmentOf(event);
  if (event.has_shipment_reserved()) {
    shipment = &event.shipment_reserved().command().shipment();
  }
  if (shipment == nullptr) shipment = &v1::Shipment::default_instance();
  AppendViolations(policies, *evidence, *shipment, shipment->export_date(),
                   *judgement.mutable_violations());
  AppendNotThere(event, *judgement.mutable_violations());
  return judgement;
}

// Keeps the first of a list, as many as there is room for; takes their bytes
// off the room and returns how many are left out.
template <typename List>
uint32_t KeepFirst(size_t& room, List& list) {
  int kept = 0;
  while (kept < list.size()) {
    const size_t bytes = list[kept].ByteSizeLong();
    if (bytes > room) break;
    room -= bytes;
    ++kept;
  }
  const int left_out = list.size() - kept;
  if (left_out > 0) {
    room = 0;
    list.DeleteSubrange(kept, left_out);
  }
  return static_cast<uint32_t>(left_out);
}

}  // namespace

void ShortenJudgement(v1::Judgement& judgement, size_t max_bytes) {
  if (judgement.ByteSizeLong() <= max_bytes) return;
  size_t room = max_bytes;
  uint32_t left_out = KeepFirst(room, *judgement.mutable_violations());
  left_out += KeepFirst(room, *judgement.mutable_rules());
  left_out += KeepFirst(room, *judgement.mutable_reversal());
  judgement.set_left_out(left_out);
}

void ShortenEvidence(v1::Event& event) {
  if (EntriesOf(event) == 1) return;
  size_t room = limits::kMaxShownEvidenceBytes;
  for (v1::Evidence* part :
       {MutableEvidenceOf(event), MutableReversalOf(event)}) {
    if (part == nullptr) continue;
    auto& totals = *part->mutable_totals();
    size_t bytes = part->ByteSizeLong();
    while (bytes > room && !totals.empty()) {
      totals.RemoveLast();
      bytes = part->ByteSizeLong();
    }
    room -= std::min(room, bytes);
  }
}

std::vector<v1::Judgement> JudgementsOf(
    const Catalog& catalog, absl::Span<const v1::Event* const> events,
    uint64_t first_index) {
  PolicyFinder policies(catalog);
  uint64_t index = first_index;
  for (const v1::Event* event : events) {
    policies.Add(*event, index);
    index += EntriesOf(*event);
  }
  std::vector<v1::Judgement> judgements;
  judgements.reserve(events.size());
  for (const v1::Event* event : events) {
    judgements.push_back(Judge(policies, *event));
  }
  return judgements;
}

v1::Judgement JudgementOf(const Catalog& catalog, const v1::Event& event,
                          uint64_t index) {
  const v1::Event* one = &event;
  return std::move(
      JudgementsOf(catalog, absl::MakeConstSpan(&one, 1), index).front());
}

}  // namespace chipledger::domain
