#include "ledger/domain/assessment.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

bool Contains(const std::vector<std::string>& list, absl::string_view value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

bool IsExempt(const CompiledRule& rule, v1::AuthorizationKind kind,
              const v1::Product& product) {
  for (const CompiledExemption& exemption : rule.exemptions) {
    const auto& kinds = exemption.authorization_kinds;
    const bool kind_matches =
        kinds.empty() ||
        std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
    if (kind_matches && (exemption.any_item ||
                         exemption.items.Matches(product.classification(),
                                                 product.product_code()))) {
      return true;
    }
  }
  return false;
}

bool Counts(const CompiledRule& rule, v1::AuthorizationKind kind,
            const v1::Product& product) {
  return (rule.any_item || rule.items.Matches(product.classification(),
                                              product.product_code())) &&
         !IsExempt(rule, kind, product);
}

std::string AmountForPeople(v1::Measure measure, int64_t amount) {
  return measure == v1::MEASURE_TPP
             ? absl::StrCat(FormatDecimalForPeople(amount, 3), " TPP")
             : absl::StrCat(FormatDecimalForPeople(amount, 0), " GPUs");
}

std::string WindowStart(const CompiledRule& rule, const TotalId& id) {
  return rule.window == v1::Window::kOpen
             ? std::string()
             : Date::FromDays(id.window_start).ToString();
}

void SetGroup(const TotalId& id, v1::GroupKey& group) {
  if (!id.country.empty()) group.set_destination_country(id.country);
  if (!id.license_id.empty()) group.set_license_id(id.license_id);
}

v1::Violation MakeViolation(const CompiledPolicy& policy,
                            const CompiledRule& rule,
                            const v1::RuleEvaluation& evaluation) {
  v1::Violation violation;
  violation.set_policy_id(evaluation.policy_id());
  violation.set_policy_version(evaluation.policy_version());
  violation.set_rule_id(evaluation.rule_id());
  violation.set_citation(rule.citation);
  violation.set_measure(evaluation.measure());
  *violation.mutable_group() = evaluation.group();
  violation.set_window_start(evaluation.window_start());
  violation.set_limit(evaluation.limit());
  violation.set_used(evaluation.used());
  violation.set_reserved(evaluation.reserved());
  violation.set_asked(evaluation.asked());
  violation.set_headroom(evaluation.headroom_before());
  violation.set_excess(-evaluation.headroom_after());
  const v1::GroupKey& group = evaluation.group();
  violation.set_description(absl::StrCat(
      policy.policy_id(), "/", rule.rule_id,
      group.destination_country().empty()
          ? ""
          : absl::StrCat(" for ", group.destination_country()),
      group.license_id().empty()
          ? ""
          : absl::StrCat(" under license ", group.license_id()),
      ": ", AmountForPeople(rule.measure, evaluation.asked()),
      " asked, headroom ",
      AmountForPeople(rule.measure, evaluation.headroom_before()), " of ",
      AmountForPeople(rule.measure, evaluation.limit()), ", over by ",
      AmountForPeople(rule.measure, -evaluation.headroom_after())));
  return violation;
}

}  // namespace

std::optional<int64_t> AmountOf(v1::Measure measure, const v1::Product& product,
                                int64_t units) {
  const std::optional<int64_t> gpus =
      CheckedMul(units, product.gpus_per_unit());
  if (!gpus || measure == v1::MEASURE_GPUS) return gpus;
  if (!product.has_milli_tpp_per_gpu()) return std::nullopt;
  return CheckedMul(*gpus, product.milli_tpp_per_gpu());
}

bool Assessment::Applies(const CompiledRule& rule, const Fact& fact) const {
  return (rule.license_ids.empty() ||
          Contains(rule.license_ids, fact.license_id)) &&
         CoversCountry(state_.catalog(), rule, fact.country, fact.date);
}

absl::Status Assessment::Count(
    v1::Accrual accrual, absl::Span<const Fact> facts, v1::Evidence& evidence,
    google::protobuf::RepeatedPtrField<v1::LicenseCharge>* charges) {
  for (const auto& policy : state_.catalog().policies) {
    for (const CompiledRule& rule : policy->rules) {
      if (rule.accrual != accrual) continue;
      for (const Fact& fact : facts) {
        if (policy->InForceOn(fact.date) && Applies(rule, fact)) {
          RETURN_IF_ERROR(CountUnder(*policy, rule, fact, evidence, charges));
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Assessment::CountUnder(
    const CompiledPolicy& policy, const CompiledRule& rule, const Fact& fact,
    v1::Evidence& evidence,
    google::protobuf::RepeatedPtrField<v1::LicenseCharge>* charges) {
  const std::optional<WindowSpan> window = rule.WindowOf(fact.date);
  if (!window) return absl::OkStatus();
  TotalId id{.policy = policy.number,
             .rule = rule.number,
             .window_start = window->start_key};
  if (rule.group_by_country) id.country = std::string(fact.country);
  if (rule.group_by_license) id.license_id = std::string(fact.license_id);

  bool touched = false;
  Amount added{.test = Test::kLimit};
  for (const CountedItem& item : fact.items) {
    if (!Counts(rule, fact.authorization_kind, *item.product)) continue;
    touched = true;
    if (rule.measure == v1::MEASURE_TPP &&
        !item.product->has_milli_tpp_per_gpu()) {
      const auto gpus = AmountOf(v1::MEASURE_GPUS, *item.product, item.units);
      const auto unmeasured =
          gpus ? CheckedAdd(added.unmeasured_gpus, *gpus) : std::nullopt;
      if (!unmeasured) return TotalOverflow(rule.rule_id);
      added.unmeasured_gpus = *unmeasured;
      if (policy.Refuses(rule)) {
        v1::Violation& violation = violations_.emplace_back();
        violation.set_policy_id(policy.policy_id());
        violation.set_policy_version(policy.adopted.version());
        violation.set_rule_id("tpp_unknown");
        violation.set_citation(rule.citation);
        SetGroup(id, *violation.mutable_group());
        violation.set_description(
            absl::StrCat(policy.policy_id(), "/", rule.rule_id,
                         " measures TPP, and that of "
                         "product \"",
                         item.product->product_code(),
                         "\" is not known; register its milli_tpp_per_gpu"));
      }
      continue;
    }
    const auto amount = AmountOf(rule.measure, *item.product, item.units);
    const auto next = amount ? CheckedAdd(added.amount, *amount) : std::nullopt;
    if (!next) return TotalOverflow(rule.rule_id);
    added.amount = *next;
    if (charges != nullptr) {
      v1::LicenseCharge& charge = *charges->Add();
      charge.set_policy_id(policy.policy_id());
      charge.set_rule_id(rule.rule_id);
      SetGroup(id, *charge.mutable_group());
      charge.set_window_start(WindowStart(rule, id));
      charge.set_line_number(item.line_number);
      charge.set_amount_per_unit(*AmountOf(rule.measure, *item.product, 1));
      charge.set_release_on_revocation(rule.release_on_revocation);
    }
  }
  if (!touched) return absl::OkStatus();
  return Add(policy, rule, id, added, evidence);
}

absl::Status Assessment::Add(const CompiledPolicy& policy,
                             const CompiledRule& rule, const TotalId& id,
                             const Amount& added, v1::Evidence& evidence) {
  const int64_t amount = added.amount;
  Total total = state_.GetTotal(id);
  int64_t pending = 0;
  for (const auto& [pending_id, pending_amount] : pending_totals_) {
    if (pending_id == id) pending += pending_amount;
  }
  total.used += pending;
  const std::optional<int64_t> after = CheckedAdd(total.used, amount);
  if (!after) return TotalOverflow(rule.rule_id);

  v1::RuleEvaluation& evaluation = *evidence.add_rules();
  evaluation.set_policy_id(policy.policy_id());
  evaluation.set_policy_version(policy.adopted.version());
  evaluation.set_rule_id(rule.rule_id);
  evaluation.set_measure(rule.measure);
  SetGroup(id, *evaluation.mutable_group());
  evaluation.set_window_start(WindowStart(rule, id));
  evaluation.set_used(total.used);
  evaluation.set_reserved(total.reserved);
  evaluation.set_asked(amount);
  evaluation.set_unmeasured_gpus(added.unmeasured_gpus);
  bool exceeded = false;
  if (rule.limit) {
    const auto before = CheckedSub(*rule.limit - total.reserved, total.used);
    const auto left = before ? CheckedSub(*before, amount) : std::nullopt;
    if (!left) return TotalOverflow(rule.rule_id);
    evaluation.set_limit(*rule.limit);
    evaluation.set_headroom_before(*before);
    evaluation.set_headroom_after(*left);
    exceeded = *left < 0;
  }
  // An event that takes back at least as much as it adds, such as a correction
  // downwards, makes nothing worse and is not refused.
  const bool adds = pending + amount > 0;
  const bool violated =
      exceeded && adds && added.test == Test::kLimit && policy.Refuses(rule);
  evaluation.set_verdict(violated ? v1::RuleEvaluation::VERDICT_VIOLATED
                         : exceeded || added.unmeasured_gpus > 0
                             ? v1::RuleEvaluation::VERDICT_REPORTED
                             : v1::RuleEvaluation::VERDICT_WITHIN_LIMIT);
  if (violated) violations_.push_back(MakeViolation(policy, rule, evaluation));
  pending_totals_.emplace_back(id, amount);
  return absl::OkStatus();
}

absl::Status Assessment::AddTo(const std::string& policy_id,
                               const std::string& rule_id,
                               const std::string& window_start,
                               const v1::GroupKey& group, const Amount& added,
                               v1::Evidence& evidence) {
  const CompiledPolicy* policy = state_.catalog().FindPolicy(policy_id);
  const CompiledRule* rule =
      policy == nullptr ? nullptr : policy->FindRule(rule_id);
  if (rule == nullptr) {
    return DataDamaged(state_.size(),
                       absl::StrCat("evidence names rule \"", policy_id, "/",
                                    rule_id, "\", never adopted"));
  }
  const TotalId id{.policy = policy->number,
                   .rule = rule->number,
                   .window_start = window_start.empty()
                                       ? 0
                                       : Date::Parse(window_start)->days(),
                   .country = group.destination_country(),
                   .license_id = group.license_id()};
  return Add(*policy, *rule, id, added, evidence);
}

absl::Status Assessment::CountBack(const v1::Evidence& earlier,
                                   v1::Evidence& evidence) {
  for (const v1::RuleEvaluation& rule : earlier.rules()) {
    if (rule.asked() == 0 && rule.unmeasured_gpus() == 0) continue;
    RETURN_IF_ERROR(AddTo(
        rule.policy_id(), rule.rule_id(), rule.window_start(), rule.group(),
        {.amount = -rule.asked(), .unmeasured_gpus = -rule.unmeasured_gpus()},
        evidence));
  }
  return absl::OkStatus();
}

absl::Status Assessment::Draw(const LicenseState& license,
                              const v1::Shipment& shipment, Date export_date,
                              Test recharge, v1::Evidence& evidence) {
  CheckLicense(license, shipment, export_date);
  for (const v1::Item& item : shipment.items()) {
    RETURN_IF_ERROR(DrawItem(license, item, shipment.destination_country(),
                             recharge, evidence));
  }
  return absl::OkStatus();
}

void Assessment::CheckLicense(const LicenseState& license,
                              const v1::Shipment& shipment, Date export_date) {
  const v1::License& terms = license.license;
  const std::string on = absl::StrCat(" on ", shipment.export_date());
  if (terms.exporter() != shipment.exporter()) {
    AddLicenseViolation(v1::LICENSE_WRONG_EXPORTER, license,
                        absl::StrCat("is licensed to ", terms.exporter(),
                                     ", not ", shipment.exporter()));
  }
  const auto& consignees = terms.consignees();
  if (!consignees.empty() &&
      std::find(consignees.begin(), consignees.end(), shipment.consignee()) ==
          consignees.end()) {
    AddLicenseViolation(
        v1::LICENSE_CONSIGNEE_NOT_NAMED, license,
        absl::StrCat("does not name consignee \"", shipment.consignee(), "\""));
  }
  const auto& countries = terms.destination_countries();
  if (std::find(countries.begin(), countries.end(),
                shipment.destination_country()) == countries.end()) {
    AddLicenseViolation(v1::LICENSE_DESTINATION_NOT_NAMED, license,
                        absl::StrCat("does not name destination ",
                                     shipment.destination_country()));
  }
  if (export_date < license.grant_date) {
    AddLicenseViolation(v1::LICENSE_NOT_YET_VALID, license,
                        absl::StrCat("was not valid yet", on, ", only from ",
                                     terms.grant_date()));
  }
  if (export_date > license.expiry_date) {
    AddLicenseViolation(
        v1::LICENSE_EXPIRED, license,
        absl::StrCat("had expired", on, ", after ", terms.expiry_date()));
  }
  const v1::LicenseStatus status = license.StatusOn(export_date);
  if (status == v1::LICENSE_STATUS_SUSPENDED) {
    AddLicenseViolation(v1::LICENSE_SUSPENDED, license,
                        absl::StrCat("was suspended", on));
  } else if (status == v1::LICENSE_STATUS_REVOKED) {
    AddLicenseViolation(v1::LICENSE_REVOKED, license,
                        absl::StrCat("was revoked", on));
  }
}

absl::Status Assessment::DrawItem(const LicenseState& license,
                                  const v1::Item& item,
                                  const std::string& country, Test recharge,
                                  v1::Evidence& evidence) {
  const std::string& license_id = license.license.license_id();
  // The first line with enough left is drawn; when none has, the first line
  // with the product and destination answers for it.
  const LicenseState::Line* drawn = nullptr;
  int64_t available = 0;
  for (const LicenseState::Line& line : license.lines) {
    if (line.product_code != item.product_code() ||
        line.destination_country != country) {
      continue;
    }
    const int64_t left =
        line.available() - PendingUnits(license_id, line.line_number);
    if (drawn == nullptr || left >= item.quantity()) {
      drawn = &line;
      available = left;
    }
    if (left >= item.quantity()) break;
  }
  if (drawn == nullptr) {
    AddLicenseViolation(v1::LICENSE_PRODUCT_NOT_NAMED, license,
                        absl::StrCat("has no line for product \"",
                                     item.product_code(), "\" to ", country));
    return absl::OkStatus();
  }
  const bool draws_more =
      PendingUnits(license_id, drawn->line_number) + item.quantity() > 0;
  if (available < item.quantity() && draws_more) {
    v1::Violation& violation = AddLicenseViolation(
        v1::QUANTITY_EXHAUSTED, license,
        absl::StrCat("line ", drawn->line_number, " has ", available,
                     " units left of ", drawn->authorized, ", ",
                     item.quantity(), " asked"));
    violation.set_limit(drawn->authorized);
    violation.set_used(drawn->authorized - available);
    violation.set_asked(item.quantity());
    violation.set_headroom(available);
    violation.set_excess(item.quantity() - available);
  }
  AddDraw(license_id, drawn->line_number, item.quantity(), evidence);
  return Recount(license, drawn->line_number, item.quantity(), recharge,
                 evidence);
}

absl::Status Assessment::DrawBack(const v1::Evidence& earlier,
                                  uint64_t recorded_index,
                                  v1::Evidence& evidence) {
  for (const v1::LicenseDraw& draw : earlier.draws()) {
    const LicenseState* license = state_.FindLicense(draw.license_id());
    if (license == nullptr) {
      return DataDamaged(recorded_index, "draws from an unknown license");
    }
    AddDraw(draw.license_id(), draw.line_number(), -draw.quantity(), evidence);
    // What was drawn after the revocation was charged by its own evidence,
    // which CountBack takes back.
    if (license->FinalStatus() == v1::LICENSE_STATUS_REVOKED &&
        license->status_changes.back().index > recorded_index) {
      RETURN_IF_ERROR(Recount(*license, draw.line_number(), -draw.quantity(),
                              Test::kNothing, evidence));
    }
  }
  return absl::OkStatus();
}

absl::Status Assessment::Recount(const LicenseState& license,
                                 int32_t line_number, int64_t units, Test test,
                                 v1::Evidence& evidence) {
  if (license.FinalStatus() != v1::LICENSE_STATUS_REVOKED) {
    return absl::OkStatus();
  }
  for (const v1::LicenseCharge& charge : license.charges) {
    if (!charge.release_on_revocation() ||
        charge.line_number() != line_number) {
      continue;
    }
    const auto amount = CheckedMul(charge.amount_per_unit(), units);
    if (!amount) return TotalOverflow(charge.rule_id());
    RETURN_IF_ERROR(AddTo(charge.policy_id(), charge.rule_id(),
                          charge.window_start(), charge.group(),
                          {.amount = *amount, .test = test}, evidence));
  }
  return absl::OkStatus();
}

v1::Violation& Assessment::AddLicenseViolation(v1::LicenseCheck check,
                                               const LicenseState& license,
                                               std::string description) {
  std::string name = v1::LicenseCheck_Name(check);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  v1::Violation& violation = violations_.emplace_back();
  violation.set_rule_id(std::move(name));
  violation.mutable_group()->set_license_id(license.license.license_id());
  violation.set_description(
      absl::StrCat("license ", license.license.license_id(), " ", description));
  return violation;
}

void Assessment::AddDraw(const std::string& license_id, int32_t line_number,
                         int64_t units, v1::Evidence& evidence) {
  v1::LicenseDraw& draw = *evidence.add_draws();
  draw.set_license_id(license_id);
  draw.set_line_number(line_number);
  draw.set_quantity(units);
  pending_draws_.push_back({license_id, line_number, units});
}

int64_t Assessment::PendingUnits(const std::string& license_id,
                                 int32_t line_number) const {
  int64_t units = 0;
  for (const PendingDraw& draw : pending_draws_) {
    if (draw.license_id == license_id && draw.line_number == line_number) {
      units += draw.units;
    }
  }
  return units;
}

}  // namespace chipledger::domain
