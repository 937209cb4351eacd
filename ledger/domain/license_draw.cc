#include "ledger/domain/license_draw.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/recount.h"

namespace chipledger::domain {
namespace {

bool Names(const google::protobuf::RepeatedPtrField<std::string>& list,
           const std::string& value) {
  return std::find(list.begin(), list.end(), value) != list.end();
}

// The first day has not come yet, the last has gone, or the standing is
// another.
template <typename Add>
void CheckStanding(const LicenseState& license, Date date, const Add& add) {
  const std::string on = absl::StrCat(" on ", date.ToString());
  if (date < license.grant_date) {
    add(v1::LICENSE_NOT_YET_VALID,
        absl::StrCat("was not valid yet", on, ", only from ",
                     license.grant_date.ToString()));
  }
  if (date > license.last_export_date) {
    add(v1::LICENSE_EXPIRED, absl::StrCat("had expired", on, ", after ",
                                          license.last_export_date.ToString()));
  }
  switch (license.StatusOn(date)) {
    case v1::LICENSE_STATUS_SUSPENDED:
      return add(v1::LICENSE_SUSPENDED, absl::StrCat("was suspended", on));
    case v1::LICENSE_STATUS_REVOKED:
      return add(v1::LICENSE_REVOKED, absl::StrCat("was revoked", on));
    case v1::LICENSE_STATUS_VOID:
      return add(v1::LICENSE_VOID, "is void from issuance");
    default:
      return;
  }
}

}  // namespace

absl::Status LicenseDraws::Draw(const v1::Shipment& shipment, bool reserved,
                                bool has_left, Fact& fact,
                                v1::Evidence& evidence) {
  const LicenseState* license = nullptr;
  if (!fact.license_id.empty()) {
    license = state_.FindLicense(fact.license_id);
    if (license == nullptr) {
      if (!has_left) return LicenseNotFound(fact.license_id);
      ReportUnknown(fact.license_id);
    }
  } else if (fact.authorization_kind == v1::AUTHORIZATION_KIND_LICENSE) {
    ASSIGN_OR_RETURN(license, Choose(shipment, fact, evidence));
  }
  if (license == nullptr) return absl::OkStatus();
  fact.license = license;
  fact.license_id = license->license.license_id();

  Plan plan = MakePlan(*license, shipment, fact.date);
  for (Problem& problem : plan.problems) Report(*license, std::move(problem));
  for (size_t i = 0; i < plan.lines.size(); ++i) {
    if (plan.lines[i] == nullptr) continue;
    const v1::Item& item = shipment.items(static_cast<int>(i));
    fact.items[i].license_line = plan.lines[i]->line_number;
    v1::LicenseDraw draw;
    draw.set_line_number(plan.lines[i]->line_number);
    draw.set_quantity(item.quantity());
    draw.set_value_usd(reserved ? 0 : item.value_usd());
    draw.set_reserved(reserved);
    draw.set_item(static_cast<int32_t>(i));
    RETURN_IF_ERROR(Add(*license, std::move(draw), fact.date,
                        has_left ? Test::kNothing : Test::kLimit, evidence));
  }
  return absl::OkStatus();
}

absl::StatusOr<const LicenseState*> LicenseDraws::Choose(
    const v1::Shipment& shipment, const Fact& fact, v1::Evidence& evidence) {
  std::vector<const LicenseState*> licenses;
  for (const std::string& id : state_.LicensesOf(shipment.exporter())) {
    const LicenseState* license = state_.FindLicense(id);
    if (license->kind() == v1::AUTHORIZATION_KIND_LICENSE) {
      licenses.push_back(license);
    }
  }
  // They come by id, so that the lowest wins among those that expire together.
  std::stable_sort(licenses.begin(), licenses.end(),
                   [](const LicenseState* a, const LicenseState* b) {
                     return a->last_export_date < b->last_export_date;
                   });
  std::vector<std::string> reasons;
  for (const LicenseState* license : licenses) {
    const Plan plan = MakePlan(*license, shipment, fact.date);
    if (plan.problems.empty()) {
      evidence.set_chosen_license_id(license->license.license_id());
      return license;
    }
    if (reasons.size() < limits::kMaxExplainedLicenses) {
      reasons.push_back(absl::StrCat("license ", license->license.license_id(),
                                     " ", plan.problems.front().description));
    }
  }
  v1::Violation violation;
  violation.set_rule_id("no_license_fits");
  violation.set_description(
      absl::StrCat("none of the ", licenses.size(), " licenses of ",
                   shipment.exporter(), " fits the shipment",
                   reasons.empty() ? "" : ": ", absl::StrJoin(reasons, "; "),
                   licenses.size() > reasons.size() ? "; and others" : ""));
  assessment_.AddLicenseViolation(v1::NO_LICENSE_FITS, std::move(violation));
  return nullptr;
}

LicenseDraws::Plan LicenseDraws::MakePlan(const LicenseState& license,
                                          const v1::Shipment& shipment,
                                          Date date) const {
  Plan plan;
  CheckTerms(license, shipment, date, plan.problems);
  plan.lines.resize(static_cast<size_t>(shipment.items_size()));
  // Without lines it authorizes any product in any quantity.
  if (license.lines.empty()) return plan;
  // What the items before have planned, by line.
  std::vector<int64_t> planned(license.lines.size());
  plan.lines.clear();
  for (const v1::Item& item : shipment.items()) {
    PlanItem(license, item, shipment.destination_country(), planned, plan);
  }
  return plan;
}

void LicenseDraws::CheckTerms(const LicenseState& license,
                              const v1::Shipment& shipment, Date date,
                              std::vector<Problem>& problems) const {
  const v1::License& terms = license.license;
  const auto add = [&](v1::LicenseCheck check, std::string description) {
    problems.push_back({.check = check, .description = std::move(description)});
  };
  if (terms.exporter() != shipment.exporter()) {
    add(v1::LICENSE_WRONG_EXPORTER,
        absl::StrCat("is licensed to ", terms.exporter(), ", not ",
                     shipment.exporter()));
  }
  if (!terms.consignees().empty() &&
      !Names(terms.consignees(), shipment.consignee())) {
    add(v1::LICENSE_CONSIGNEE_NOT_NAMED,
        absl::StrCat("does not name consignee \"", shipment.consignee(), "\""));
  }
  if (!Names(terms.destination_countries(), shipment.destination_country())) {
    add(v1::LICENSE_DESTINATION_NOT_NAMED,
        absl::StrCat("does not name destination ",
                     shipment.destination_country()));
  }
  CheckStanding(license, date, add);
  if (!terms.end_users().empty() &&
      !Names(terms.end_users(), shipment.end_user())) {
    add(v1::LICENSE_END_USER_NOT_NAMED,
        absl::StrCat("does not name end user \"", shipment.end_user(), "\""));
  }
  if (license.kind() != shipment.authorization().kind()) {
    add(v1::LICENSE_WRONG_KIND,
        absl::StrCat(
            "is of kind ", v1::AuthorizationKind_Name(license.kind()), ", not ",
            v1::AuthorizationKind_Name(shipment.authorization().kind())));
  }
}

void LicenseDraws::PlanItem(const LicenseState& license, const v1::Item& item,
                            const std::string& country,
                            std::vector<int64_t>& planned, Plan& plan) const {
  // The first line with enough left is drawn; when none has, the first line
  // with the product and destination answers for it.
  std::optional<size_t> drawn;
  int64_t available = 0;
  for (size_t i = 0; i < license.lines.size(); ++i) {
    const LicenseState::Line& line = license.lines[i];
    if (line.product_code != item.product_code() ||
        line.destination_country != country) {
      continue;
    }
    const int64_t left = line.available() -
                         FindPending(license, line.line_number).units() -
                         planned[i];
    if (!drawn || left >= item.quantity()) {
      drawn = i;
      available = left;
    }
    if (left >= item.quantity()) break;
  }
  if (!drawn) {
    plan.lines.push_back(nullptr);
    plan.problems.push_back(
        {.check = v1::LICENSE_PRODUCT_NOT_NAMED,
         .description = absl::StrCat("has no line for product \"",
                                     item.product_code(), "\" to ", country)});
    return;
  }
  const LicenseState::Line& line = license.lines[*drawn];
  const int64_t pending = FindPending(license, line.line_number).units();
  // An event that gives back as much as it draws, such as a correction
  // downwards, makes nothing worse.
  const bool draws_more = pending + planned[*drawn] + item.quantity() > 0;
  if (available < item.quantity() && draws_more) {
    plan.problems.push_back(
        {.check = v1::QUANTITY_EXHAUSTED,
         .description = absl::StrCat(
             "line ", line.line_number, " has ", available, " units left of ",
             line.authorized, ", ", item.quantity(), " asked"),
         .line = &line,
         .available = available,
         .asked = item.quantity()});
  }
  planned[*drawn] += item.quantity();
  plan.lines.push_back(&line);
}

void LicenseDraws::ReportUnknown(absl::string_view license_id) {
  v1::Violation violation;
  violation.set_rule_id("license_not_known");
  violation.mutable_group()->set_license_id(std::string(license_id));
  violation.set_description(absl::StrCat(
      "license ", license_id,
      " is not known; correct the shipment when the number is wrong, or grant "
      "the license and correct the shipment then"));
  assessment_.AddLicenseViolation(v1::LICENSE_NOT_KNOWN, std::move(violation));
}

void LicenseDraws::Report(const LicenseState& license, Problem problem) {
  v1::Violation violation;
  const std::string& license_id = license.license.license_id();
  violation.set_rule_id(
      absl::AsciiStrToLower(v1::LicenseCheck_Name(problem.check)));
  violation.mutable_group()->set_license_id(license_id);
  violation.set_description(
      absl::StrCat("license ", license_id, " ", problem.description));
  if (problem.line != nullptr) {
    const int64_t reserved =
        problem.line->drawn.reserved +
        FindPending(license, problem.line->line_number).reserved;
    violation.set_limit(problem.line->authorized);
    violation.set_used(problem.line->authorized - problem.available - reserved);
    violation.set_reserved(reserved);
    violation.set_asked(problem.asked);
    violation.set_headroom(problem.available);
    violation.set_excess(problem.asked - problem.available);
  }
  assessment_.AddLicenseViolation(problem.check, std::move(violation));
}

absl::Status LicenseDraws::Hold(const LicenseState& license,
                                int32_t line_number, int32_t item,
                                int64_t units, Date date,
                                v1::Evidence& evidence) {
  v1::LicenseDraw draw;
  draw.set_line_number(line_number);
  draw.set_quantity(units);
  draw.set_reserved(true);
  draw.set_item(item);
  return Add(license, std::move(draw), date, Test::kNothing, evidence);
}

absl::Status LicenseDraws::DrawBack(
    const google::protobuf::RepeatedPtrField<v1::LicenseDraw>& earlier,
    uint64_t earlier_index, Date date, v1::Evidence& evidence) {
  for (const v1::LicenseDraw& drawn : earlier) {
    const LicenseState* license = state_.FindLicense(drawn.license_id());
    if (license == nullptr) {
      return DataDamaged(earlier_index, "draws from an unknown license");
    }
    v1::LicenseDraw draw = drawn;
    draw.set_quantity(-drawn.quantity());
    draw.set_value_usd(-drawn.value_usd());
    RETURN_IF_ERROR(
        Add(*license, std::move(draw), date, Test::kNothing, evidence));
  }
  return absl::OkStatus();
}

absl::Status LicenseDraws::Add(const LicenseState& license,
                               v1::LicenseDraw draw, Date date, Test test,
                               v1::Evidence& evidence) {
  draw.set_license_id(license.license.license_id());
  Pending& pending = PendingOf(license, draw.line_number());
  const int64_t pending_before = pending.units();
  (draw.reserved() ? pending.reserved : pending.shipped) += draw.quantity();
  if (license.HasEnded()) {
    ASSIGN_OR_RETURN(const std::vector<v1::Charge> charges,
                     CountedCharges(state_, history_, license));
    const LicenseState::Line* line = license.FindLine(draw.line_number());
    const int64_t before =
        line == nullptr
            ? 0
            : line->drawn.shipped + line->drawn.reserved + pending_before;
    for (const v1::Charge& charge : charges) {
      if (charge.line_number() != draw.line_number() ||
          !license.HasReleased(charge)) {
        continue;
      }
      RETURN_IF_ERROR(assessment_.MoveUnits(charge, v1::BALANCE_USED, date,
                                            before, before + draw.quantity(),
                                            test));
    }
  }
  *evidence.add_draws() = std::move(draw);
  return absl::OkStatus();
}

LicenseDraws::Pending& LicenseDraws::PendingOf(const LicenseState& license,
                                               int32_t line_number) {
  for (Pending& pending : pending_) {
    if (pending.license == &license && pending.line_number == line_number) {
      return pending;
    }
  }
  return pending_.emplace_back(
      Pending{.license = &license, .line_number = line_number});
}

LicenseDraws::Pending LicenseDraws::FindPending(const LicenseState& license,
                                                int32_t line_number) const {
  for (const Pending& pending : pending_) {
    if (pending.license == &license && pending.line_number == line_number) {
      return pending;
    }
  }
  return {.license = &license, .line_number = line_number};
}

}  // namespace chipledger::domain
