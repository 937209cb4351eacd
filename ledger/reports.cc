#include "ledger/reports.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "chipledger/v1/event.pb.h"
#include "chipledger/v1/policy_service.pb.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/judgement.h"
#include "ledger/domain/reports.h"
#include "ledger/envelope.h"

namespace chipledger {
namespace {

using Report = v1::ListReportsResponse::Report;
using ReportedTotal = v1::ListReportsResponse::ReportedTotal;

// Whether everything that a report names is there.
bool IsWhole(const domain::Catalog& catalog, const v1::TotalsReported& event) {
  const domain::CompiledPolicy* policy =
      catalog.FindAdopted(event.policy_index());
  if (policy == nullptr) return false;
  const auto has_rule = [&](uint32_t rule) {
    return rule < policy->rules.size();
  };
  bool whole = true;
  for (const v1::TotalsReported::RuleSummary& rule : event.rules()) {
    whole = whole && has_rule(rule.rule());
  }
  domain::VisitEvaluations(event.evidence().totals(),
                           [&](const domain::Evaluation& evaluation) {
                             whole = whole && has_rule(evaluation.rule);
                             return whole;
                           });
  return whole;
}

// Tells one report for readers. Requires: it is whole.
class Teller {
 public:
  Teller(const domain::Snapshot& snapshot, const v1::Entry& entry, Date date)
      : snapshot_(snapshot),
        entry_(entry),
        event_(entry.event().totals_reported()),
        date_(date),
        policy_(*snapshot.catalog().FindAdopted(event_.policy_index())) {}

  Report Tell() const {
    Report report;
    report.set_index(entry_.index());
    *report.mutable_record_time() = entry_.record_time();
    report.set_date(date_.ToString());
    report.set_policy_version(policy_.adopted.version());
    uint64_t totals = 0;
    for (const v1::TotalsReported::RuleSummary& rule : event_.rules()) {
      totals += rule.totals();
      AddRule(rule, report);
    }
    AddTotals(report);
    report.set_left_out(totals - static_cast<uint64_t>(report.totals_size()));
    return report;
  }

 private:
  void AddRule(const v1::TotalsReported::RuleSummary& rule,
               Report& report) const {
    v1::ListReportsResponse::RuleSummary& told = *report.add_rules();
    told.set_rule_id(policy_.rules[rule.rule()].rule_id);
    told.set_totals(rule.totals());
    told.set_over_limit(rule.over_limit());
    told.set_unknown_limit(rule.unknown_limit());
    told.set_notice_due(rule.notice_due());
    told.set_unmeasured(rule.unmeasured());
  }

  // Until the answer has no room for more.
  void AddTotals(Report& report) const {
    size_t bytes = 0;
    domain::VisitEvaluations(event_.evidence().totals(),
                             [&](const domain::Evaluation& evaluation) {
                               ReportedTotal total = TellTotal(evaluation);
                               bytes += total.ByteSizeLong();
                               if (bytes > limits::kMaxJudgementBytes)
                                 return false;
                               *report.add_totals() = std::move(total);
                               return true;
                             });
  }

  ReportedTotal TellTotal(const domain::Evaluation& reported) const {
    const domain::CompiledRule& rule = policy_.rules[reported.rule];
    const auto find_total = [&](const domain::TotalKey& key) {
      return snapshot_.totals.Find(key);
    };
    const auto find_license =
        [&](absl::string_view id) -> const domain::LicenseState* {
      const auto* license = snapshot_.licenses.Find(std::string(id));
      return license == nullptr ? nullptr : license->get();
    };
    domain::Evaluation now = domain::StandingThrough(
        {.catalog = snapshot_.catalog(),
         .find_total = find_total,
         .find_license = find_license},
        policy_, rule, domain::KeyOf(rule, reported), date_);
    now.group = reported.group;
    ReportedTotal total;
    *total.mutable_reported() = domain::TellEvaluation(reported, policy_, rule);
    v1::RuleEvaluation told_now = domain::TellEvaluation(now, policy_, rule);
    if (told_now.SerializeAsString() != total.reported().SerializeAsString()) {
      *total.mutable_now() = std::move(told_now);
    }
    return total;
  }

  const domain::Snapshot& snapshot_;
  const v1::Entry& entry_;
  const v1::TotalsReported& event_;
  const Date date_;
  const domain::CompiledPolicy& policy_;
};

}  // namespace

absl::StatusOr<Ledger::ReportsPage> ListReportsOf(const store::Store& store,
                                                  const Ledger::Moment& moment,
                                                  const std::string& policy_id,
                                                  Date begin,
                                                  size_t max_count) {
  const domain::Snapshot& snapshot = *moment.snapshot;
  if (snapshot.catalog().FindPolicy(policy_id) == nullptr) {
    return domain::PolicyNotFound(policy_id);
  }
  Ledger::ReportsPage page;
  const std::unique_ptr<store::EntryReader> log = store.log().NewReader();
  const std::string prefix = absl::StrCat(policy_id, "/");
  absl::Status status;
  size_t bytes = 0;
  snapshot.registers.reports.VisitFrom(
      begin == Date::Min() ? prefix : domain::ReportKey(policy_id, begin),
      [&](const std::string& key, uint64_t index) {
        if (!absl::StartsWith(key, prefix)) return false;
        const std::optional<Date> date =
            Date::Parse(absl::string_view(key).substr(prefix.size()));
        if (!date || *date > moment.through) return false;
        if (page.reports.size() >= max_count ||
            bytes >= limits::kMaxPageBytes) {
          page.next = date;
          return false;
        }
        v1::Entry entry;
        status =
            ReadWhole([&](uint64_t at) { return log->Read(at); }, index, entry);
        if (status.ok() &&
            !IsWhole(snapshot.catalog(), entry.event().totals_reported())) {
          status = domain::DataDamaged(
              index, "is a report on rules that are not there");
        }
        if (!status.ok()) return false;
        page.reports.push_back(Teller(snapshot, entry, *date).Tell());
        bytes += page.reports.back().ByteSizeLong();
        return true;
      });
  RETURN_IF_ERROR(status);
  return page;
}

}  // namespace chipledger
