#include "ledger/notices.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "chipledger/v1/event.pb.h"
#include "ledger/base/limits.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/decide.h"
#include "ledger/domain/evaluation.h"
#include "ledger/envelope.h"
#include "ledger/movements.h"

namespace chipledger {
namespace {

using Notice = v1::ListNoticesResponse::Notice;

// Whether a rule asks for notice and is one that the filters want.
bool Wants(const v1::ListNoticesRequest& filters,
           const domain::CompiledPolicy& policy,
           const domain::CompiledRule& rule) {
  return rule.enforcement.mode == v1::Enforcement::MODE_NOTIFY &&
         (filters.policy_id().empty() ||
          filters.policy_id() == policy.policy_id()) &&
         (filters.rule_id().empty() || filters.rule_id() == rule.rule_id);
}

// The first entry whose evidence can say that notice is due: rules judge what
// comes after their adoption.
uint64_t FirstWanted(const domain::Catalog& catalog,
                     const v1::ListNoticesRequest& filters) {
  uint64_t first = std::numeric_limits<uint64_t>::max();
  for (const auto& policy : catalog.policies) {
    const bool wanted = std::any_of(
        policy->rules.begin(), policy->rules.end(),
        [&](const auto& rule) { return Wants(filters, *policy, rule); });
    if (wanted) first = std::min(first, policy->adopted.index());
  }
  return first;
}

Notice MakeNotice(const domain::CompiledPolicy& policy,
                  const domain::CompiledRule& rule,
                  const domain::Evaluation& evaluation,
                  const v1::Entry& entry) {
  Notice notice;
  notice.set_index(entry.index());
  *notice.mutable_record_time() = entry.record_time();
  notice.set_policy_id(policy.policy_id());
  notice.set_policy_version(policy.adopted.version());
  notice.set_rule_id(rule.rule_id);
  notice.set_measure(rule.measure.unit);
  *notice.mutable_group() = *evaluation.group;
  notice.set_window_start(rule.window.StartText(evaluation.window_start));
  notice.set_threshold(rule.enforcement.notify_at);
  // What was judged fits.
  notice.set_total(evaluation.used + evaluation.asked);
  notice.set_kind(KindOf(entry.event()));
  notice.set_subject(SubjectOf(entry.event()));
  notice.set_citation(rule.citation);
  return notice;
}

bool AreOfOneTotal(const Notice& a, const Notice& b) {
  return a.policy_id() == b.policy_id() && a.rule_id() == b.rule_id() &&
         a.window_start() == b.window_start() &&
         a.group().SerializeAsString() == b.group().SerializeAsString();
}

// The notices of an entry, in the order of its evidence. What counts by several
// dates is one notice, of the last of them.
std::vector<Notice> NoticesOf(const Ledger::Moment& moment,
                              const v1::ListNoticesRequest& filters,
                              const v1::Entry& entry) {
  std::vector<Notice> notices;
  const v1::Evidence* evidence = domain::EvidenceOf(entry.event());
  if (evidence == nullptr) return notices;
  const Date event_date =
      domain::EffectiveDateOf(entry.event(), RecordTimeNs(entry));
  domain::VisitEvaluations(
      evidence->totals(), [&](const domain::Evaluation& evaluation) {
        if (evaluation.verdict != v1::VERDICT_NOTICE_DUE) return true;
        const Date date = evaluation.date.value_or(event_date);
        const domain::CompiledPolicy* policy =
            moment.snapshot->catalog().FindAdopted(evaluation.policy_index);
        if (date > moment.through || policy == nullptr ||
            evaluation.rule >= policy->rules.size()) {
          return true;
        }
        const domain::CompiledRule& rule = policy->rules[evaluation.rule];
        if (!Wants(filters, *policy, rule)) return true;
        Notice notice = MakeNotice(*policy, rule, evaluation, entry);
        notice.set_date(date.ToString());
        if (!notices.empty() && AreOfOneTotal(notices.back(), notice)) {
          notices.back() = std::move(notice);
        } else {
          notices.push_back(std::move(notice));
        }
        return true;
      });
  return notices;
}

}  // namespace

absl::StatusOr<Ledger::NoticesPage> ListDueNotices(
    const store::Store& store, const Ledger::Moment& moment,
    const v1::ListNoticesRequest& filters, uint64_t begin, size_t max_count) {
  Ledger::NoticesPage page;
  const std::unique_ptr<store::EntryReader> reader = store.log().NewReader();
  const uint64_t end = moment.snapshot->size;
  uint64_t index =
      std::max(begin, FirstWanted(moment.snapshot->catalog(), filters));
  v1::Entry entry;
  for (size_t read = 0; index < end; ++index, ++read) {
    if (page.notices.size() >= max_count ||
        read == limits::kMaxEntriesPerPage) {
      page.next = index;
      break;
    }
    RETURN_IF_ERROR(
        ReadWhole([&](uint64_t at) { return reader->Read(at); }, index, entry));
    for (Notice& notice : NoticesOf(moment, filters, entry)) {
      page.notices.push_back(std::move(notice));
    }
  }
  return page;
}

}  // namespace chipledger
