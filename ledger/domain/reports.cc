#include "ledger/domain/reports.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <tuple>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"
#include "ledger/base/limits.h"
#include "ledger/domain/rules/limit.h"

namespace chipledger::domain {
namespace {

// When reports are due --------------------------------------------------------

// What all versions of a policy share.
struct Reported {
  // The first version, which has the policy's place and its backfill.
  const CompiledPolicy* first;
  std::vector<const CompiledPolicy*> versions;
};

std::vector<Reported> PoliciesOf(const Catalog& catalog,
                                 absl::string_view policy_id) {
  std::vector<Reported> policies;
  for (const auto& version : catalog.policies) {
    if (!policy_id.empty() && version->policy_id() != policy_id) continue;
    const auto known = absl::c_find_if(policies, [&](const Reported& reported) {
      return reported.first->policy_id() == version->policy_id();
    });
    if (known == policies.end()) {
      policies.push_back({.first = version.get(), .versions = {version.get()}});
    } else {
      known->versions.push_back(version.get());
    }
  }
  return policies;
}

// The first date of which a report can be due: after the last report, and not
// before the policy was there to be reported on. Nothing when it has no
// reporting dates.
std::optional<Date> FirstDate(const Registers& registers,
                              const Reported& policy) {
  std::optional<Date> first;
  for (const CompiledPolicy* version : policy.versions) {
    const std::optional<Date> from =
        Date::Parse(version->adopted.reports_from());
    if (from && (!first || *from < *first)) first = from;
  }
  if (!first) return std::nullopt;
  const std::string prefix = absl::StrCat(policy.first->policy_id(), "/");
  registers.reports.VisitFrom(prefix, [&](const std::string& key, uint64_t) {
    if (!absl::StartsWith(key, prefix)) return false;
    const std::optional<Date> date =
        Date::Parse(absl::string_view(key).substr(prefix.size()));
    if (date) first = std::max(*first, Date::FromDays(date->days() + 1));
    return true;
  });
  return first;
}

void AppendDue(const Registers& registers, const Reported& policy, Date today,
               std::vector<DueReport>& due) {
  if (policy.first->IsBackfilling()) return;
  const std::optional<Date> first = FirstDate(registers, policy);
  if (!first) return;
  for (const CompiledPolicy* version : policy.versions) {
    const Date from = std::max(*first, version->from);
    const Date to = std::min(today, version->to);
    if (from >= to) continue;
    std::set<Date> dates;
    for (const CompiledRule& rule : version->rules) {
      for (const Date date : rule.enforcement.ReportingDates(from, to)) {
        dates.insert(date);
      }
    }
    for (const Date date : dates) {
      due.push_back({.date = date, .policy = version});
    }
  }
}

std::vector<DueReport> FindDue(const Registers& registers,
                               absl::string_view policy_id, Date today) {
  std::vector<DueReport> due;
  for (const Reported& policy : PoliciesOf(registers.catalog, policy_id)) {
    AppendDue(registers, policy, today, due);
  }
  // Stable: policies stay in their order.
  absl::c_stable_sort(due, [](const DueReport& a, const DueReport& b) {
    return a.date < b.date;
  });
  return due;
}

// How totals stood ------------------------------------------------------------

const LicenseState* LicenseOf(const Totals& totals, const CompiledRule& rule,
                              absl::string_view group) {
  if (!rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE)) return nullptr;
  return totals.find_license(
      ValueOf(rule.group_by, group, v1::Scope::GROUP_BY_LICENSE));
}

Amounts AmountsThrough(const Totals& totals, const TotalKey& key, Date date) {
  const Total* total = totals.find_total(key);
  return total == nullptr ? Amounts() : total->by_date.Through(date);
}

bool IsOver(const Amounts& sum, int64_t limit) {
  // Sums of parts can leave 64 bits.
  return static_cast<__int128>(sum.used) + sum.reserved > limit;
}

v1::Verdict VerdictOn(const CompiledRule& rule, const Amounts& sum,
                      const LimitCurve& curve, std::optional<int64_t> limit) {
  // What is only on its way has not reached anything.
  if (rule.enforcement.mode == v1::Enforcement::MODE_NOTIFY &&
      sum.used >= rule.enforcement.notify_at) {
    return v1::VERDICT_NOTICE_DUE;
  }
  if (curve.has_limit && !limit) return v1::VERDICT_UNKNOWN;
  const bool over = limit && IsOver(sum, *limit);
  return over || sum.unmeasured_gpus > 0 ? v1::VERDICT_REPORTED
                                         : v1::VERDICT_WITHIN_LIMIT;
}

// Whether a date is in the window of a total.
bool IsInWindow(const Totals& totals, const CompiledRule& rule,
                const TotalKey& key, Date date) {
  if (!rule.window.IsOfAuthorization()) {
    const auto window = rule.window.Of(date, std::nullopt);
    return window && window->start_key == key.window_start();
  }
  const LicenseState* license = LicenseOf(totals, rule, key.group());
  return Date::FromDays(key.window_start()) <= date &&
         (license == nullptr || date <= license->last_export_date);
}

// A total and how it stood.
struct Standing {
  const CompiledRule* rule;
  TotalKey key;
  Evaluation evaluation;
};

std::vector<Standing> StandingsOf(
    const State& state, const Totals& totals, const DueReport& due,
    const std::vector<const CompiledRule*>& rules) {
  std::vector<Standing> standings;
  state.VisitTotals([&](const TotalKey& key, const Total& total) {
    const auto rule = absl::c_find_if(rules, [&](const CompiledRule* r) {
      return r->owner == TotalOwner{key.policy(), key.rule()};
    });
    if (rule == rules.end() || total.by_date.Through(due.date).IsZero() ||
        !IsInWindow(totals, **rule, key, due.date)) {
      return;
    }
    standings.push_back({.rule = *rule,
                         .key = key,
                         .evaluation = StandingThrough(totals, *due.policy,
                                                       **rule, key, due.date)});
  });
  // Totals come in no order.
  absl::c_sort(standings, [](const Standing& a, const Standing& b) {
    return std::tie(a.rule->number, a.key) < std::tie(b.rule->number, b.key);
  });
  return standings;
}

void Count(const Standing& standing, v1::TotalsReported::RuleSummary& summary) {
  const Evaluation& evaluation = standing.evaluation;
  const auto limit = JudgedLimit(evaluation, *standing.rule);
  const auto add = [](bool yes, uint64_t count) {
    return count + (yes ? 1 : 0);
  };
  summary.set_totals(summary.totals() + 1);
  summary.set_over_limit(add(limit && IsOver({.used = evaluation.used,
                                              .reserved = evaluation.reserved},
                                             *limit),
                             summary.over_limit()));
  summary.set_unknown_limit(
      add(evaluation.limit_source == v1::LIMIT_SOURCE_UNKNOWN,
          summary.unknown_limit()));
  summary.set_notice_due(
      add(evaluation.verdict == v1::VERDICT_NOTICE_DUE, summary.notice_due()));
  summary.set_unmeasured(
      add(evaluation.unmeasured_gpus > 0, summary.unmeasured()));
}

// Keeps as many as a report tells in full, those that are not within their
// limit before the others; in their order.
void KeepReported(std::vector<Standing>& standings) {
  if (standings.size() <= limits::kMaxReportedTotals) return;
  const auto is_within = [](const Standing& standing) {
    return standing.evaluation.verdict == v1::VERDICT_WITHIN_LIMIT;
  };
  const auto beyond =
      static_cast<size_t>(absl::c_count_if(standings, std::not_fn(is_within)));
  size_t room_beyond = std::min(beyond, limits::kMaxReportedTotals);
  size_t room_within = limits::kMaxReportedTotals - room_beyond;
  std::erase_if(standings, [&](const Standing& standing) {
    size_t& room = is_within(standing) ? room_within : room_beyond;
    if (room == 0) return true;
    --room;
    return false;
  });
}

}  // namespace

std::string ReportKey(absl::string_view policy_id, Date date) {
  return absl::StrCat(policy_id, "/", date.ToString());
}

bool HasReportingDates(const v1::Policy& policy) {
  return absl::c_any_of(policy.rules(), [](const v1::Rule& rule) {
    return rule.test_point() == v1::TEST_POINT_REPORTING_DATE;
  });
}

std::vector<DueReport> DueReports(const Registers& registers, Date today) {
  return FindDue(registers, "", today);
}

std::optional<DueReport> NextReport(const Registers& registers,
                                    absl::string_view policy_id, Date today) {
  const std::vector<DueReport> due = FindDue(registers, policy_id, today);
  return due.empty() ? std::nullopt : std::optional(due.front());
}

Evaluation StandingThrough(const Totals& totals, const CompiledPolicy& policy,
                           const CompiledRule& rule, const TotalKey& key,
                           Date date) {
  const auto whole = [&](const TotalKey& of) {
    const Amounts sum = AmountsThrough(totals, of, date);
    return CheckedAdd(sum.used, sum.reserved);
  };
  const LimitCurve curve =
      FindLimit({.catalog = totals.catalog,
                 .policy = policy,
                 .rule = rule,
                 .key = key,
                 .date = date,
                 .license = LicenseOf(totals, rule, key.group()),
                 .whole_after = whole})
          .value_or(LimitCurve{.has_limit = true});
  const Amounts sum = AmountsThrough(totals, key, date);
  const std::optional<int64_t> limit = curve.On(date);
  Evaluation evaluation{.policy_index = policy.adopted.index(),
                        .rule = rule.number,
                        .window_start = key.window_start(),
                        .balance = v1::BALANCE_NONE,
                        .used = sum.used,
                        .reserved = sum.reserved,
                        .unmeasured_gpus = sum.unmeasured_gpus,
                        .verdict = VerdictOn(rule, sum, curve, limit)};
  if (!limit) {
    evaluation.limit_source =
        curve.has_limit ? v1::LIMIT_SOURCE_UNKNOWN : v1::LIMIT_SOURCE_NONE;
  } else if (limit != rule.limit->constant()) {
    evaluation.limit_source = v1::LIMIT_SOURCE_EVENT;
    evaluation.limit = *limit;
  }
  return evaluation;
}

TotalKey KeyOf(const CompiledRule& rule, const Evaluation& evaluation) {
  return rule.KeyOf(evaluation.window_start,
                    EncodeGroup(rule.group_by, *evaluation.group));
}

void FillReport(const State& state, const DueReport& due,
                v1::TotalsReported& reported) {
  const CompiledPolicy& policy = *due.policy;
  const auto find_total = [&](const TotalKey& key) {
    return state.FindTotal(key);
  };
  const auto find_license = [&](absl::string_view id) {
    return state.FindLicense(id);
  };
  const Totals totals{
      .catalog = policy.counts_by ? *policy.counts_by : state.catalog(),
      .find_total = find_total,
      .find_license = find_license};
  std::vector<const CompiledRule*> rules;
  for (const CompiledRule& rule : policy.rules) {
    if (rule.enforcement.ReportsOn(due.date)) rules.push_back(&rule);
  }
  std::vector<Standing> standings = StandingsOf(state, totals, due, rules);
  for (const CompiledRule* rule : rules) {
    v1::TotalsReported::RuleSummary& summary = *reported.add_rules();
    summary.set_rule(rule->number);
    for (const Standing& standing : standings) {
      if (standing.rule == rule) Count(standing, summary);
    }
  }
  KeepReported(standings);
  reported.set_policy_index(policy.adopted.index());
  EvaluationWriter writer(*reported.mutable_evidence()->mutable_totals());
  for (const Standing& standing : standings) {
    writer.Append(standing.evaluation, standing.rule->group_by,
                  standing.key.group());
  }
}

}  // namespace chipledger::domain
