#include "ledger/domain/headroom.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ledger/base/countries.h"
#include "ledger/base/decimal.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"

namespace chipledger::domain {
namespace {

// The window that a total's key names.
WindowSpan SpanOf(const CompiledRule& rule, const TotalId& id) {
  if (rule.window == v1::Window::kOpen) return WindowSpan{.open = true};
  return rule.WindowOf(Date::FromDays(id.window_start)).value_or(WindowSpan{});
}

v1::HeadroomRow::Status StatusOf(bool has_limit, int64_t headroom) {
  if (!has_limit) return v1::HeadroomRow::STATUS_NO_LIMIT;
  if (headroom < 0) return v1::HeadroomRow::STATUS_OVER_LIMIT;
  return headroom == 0 ? v1::HeadroomRow::STATUS_AT_LIMIT
                       : v1::HeadroomRow::STATUS_WITHIN_LIMIT;
}

// (part / whole) in basis points; the product may leave 64 bits.
int64_t BasisPoints(int64_t part, int64_t whole) {
  return static_cast<int64_t>(static_cast<__int128>(part) * 10'000 / whole);
}

v1::HeadroomRow MakeRow(const CompiledPolicy& policy, const CompiledRule& rule,
                        const TotalId& id, const Total& total) {
  v1::HeadroomRow row;
  row.set_policy_id(policy.policy_id());
  row.set_policy_version(policy.adopted.version());
  row.set_rule_id(rule.rule_id);
  row.set_measure(rule.measure);
  row.set_accrual(rule.accrual);
  v1::GroupKey& group = *row.mutable_group();
  if (!id.country.empty()) group.set_destination_country(id.country);
  if (!id.license_id.empty()) group.set_license_id(id.license_id);
  const WindowSpan span = SpanOf(rule, id);
  if (!span.open) {
    row.set_window_start(span.from.ToString());
    row.set_window_end(span.to.ToString());
  }
  row.set_used(total.used);
  row.set_unmeasured_gpus(total.unmeasured_gpus);
  row.set_reserved(total.reserved);
  if (rule.limit) {
    const int64_t headroom = *rule.limit - total.reserved - total.used;
    row.set_limit(*rule.limit);
    row.set_headroom(headroom);
    if (*rule.limit > 0) {
      row.set_utilization_basis_points(
          BasisPoints(total.used + total.reserved, *rule.limit));
    }
    row.set_status(StatusOf(true, headroom));
  } else {
    row.set_status(StatusOf(false, 0));
  }
  const v1::Policy& text = policy.adopted.policy();
  const v1::Provenance& own =
      text.rules(static_cast<int>(rule.number)).provenance();
  row.set_legal_status(own.legal_status() !=
                               v1::Provenance::LEGAL_STATUS_UNSPECIFIED
                           ? own.legal_status()
                           : text.provenance().legal_status());
  row.set_enforcement(policy.Refuses(rule) ? v1::Enforcement::MODE_REFUSE
                                           : v1::Enforcement::MODE_REPORT_ONLY);
  return row;
}

absl::StatusOr<Date> DateOr(const std::string& text, Date unset,
                            absl::string_view field) {
  if (text.empty()) return unset;
  const std::optional<Date> date = Date::Parse(text);
  if (!date) {
    return InvalidFields(
        {{std::string(field),
          absl::StrCat("\"", text,
                       "\" is not a date from 1900-01-01 to 2999-12-31 that "
                       "exists, as YYYY-MM-DD")}});
  }
  return *date;
}

// Walks the totals of one list request.
class Lister {
 public:
  Lister(const Snapshot& snapshot, const v1::HeadroomFilter& filter, Date today,
         const std::optional<TotalId>& after, size_t limit)
      : snapshot_(snapshot),
        filter_(filter),
        date_(filter.on_date().empty() ? today
                                       : *Date::Parse(filter.on_date())),
        after_(after),
        limit_(limit) {}

  std::vector<ListedRow> List() {
    for (const auto& policy : snapshot_.catalog.policies) {
      if (!WantsPolicy(*policy)) continue;
      for (const CompiledRule& rule : policy->rules) {
        if (rows_.size() >= limit_) return std::move(rows_);
        if (WantsRule(rule)) ListRule(*policy, rule);
      }
    }
    return std::move(rows_);
  }

 private:
  bool WantsPolicy(const CompiledPolicy& policy) const {
    if (after_ && policy.number < after_->policy) return false;
    if (!filter_.policy_id().empty() &&
        policy.policy_id() != filter_.policy_id()) {
      return false;
    }
    return filter_.on_date().empty() || policy.InForceOn(date_);
  }

  bool WantsRule(const CompiledRule& rule) const {
    return (filter_.rule_id().empty() || rule.rule_id == filter_.rule_id()) &&
           (filter_.destination_country().empty() || rule.group_by_country ||
            PoolsCountry(rule)) &&
           (filter_.license_id().empty() || rule.group_by_license);
  }

  // Whether the rule has one total for several countries and the filter's is
  // one of them.
  bool PoolsCountry(const CompiledRule& rule) const {
    return !rule.group_by_country && !rule.group_by_license &&
           CoversCountry(snapshot_.catalog, rule, filter_.destination_country(),
                         date_);
  }

  void ListRule(const CompiledPolicy& policy, const CompiledRule& rule) {
    std::optional<TotalId> untouched = Untouched(policy, rule);
    TotalId from{.policy = policy.number,
                 .rule = rule.number,
                 .window_start = std::numeric_limits<int32_t>::min()};
    if (after_ && from < *after_) from = *after_;
    // With a country, totals of others are skipped by seeking, window by
    // window.
    for (bool more = true; more && rows_.size() < limit_;) {
      more = false;
      snapshot_.totals.VisitFrom(
          from, [&](const TotalId& id, const Total& total) {
            if (id.policy != policy.number || id.rule != rule.number ||
                rows_.size() >= limit_) {
              return false;
            }
            if (untouched && *untouched < id) {
              AddRow(policy, rule, *untouched, Total());
              untouched.reset();
              if (rows_.size() >= limit_) return false;
            }
            const std::string& country = filter_.destination_country();
            if (rule.group_by_country && !country.empty() &&
                id.country != country) {
              from = id;
              if (id.country < country) {
                from.country = country;
              } else {
                ++from.window_start;
                from.country.clear();
              }
              from.license_id.clear();
              more = true;
              return false;
            }
            if (Matches(rule, id)) {
              if (untouched == id) untouched.reset();
              AddRow(policy, rule, id, total);
            }
            return true;
          });
    }
    if (untouched && rows_.size() < limit_) {
      AddRow(policy, rule, *untouched, Total());
    }
  }

  bool Matches(const CompiledRule& rule, const TotalId& id) const {
    if (!filter_.license_id().empty() &&
        id.license_id != filter_.license_id()) {
      return false;
    }
    if (filter_.on_date().empty()) return true;
    const WindowSpan span = SpanOf(rule, id);
    return span.open || (span.from <= date_ && date_ < span.to);
  }

  // The total that the filter's country has under a rule that applies to it
  // although nothing was counted yet.
  std::optional<TotalId> Untouched(const CompiledPolicy& policy,
                                   const CompiledRule& rule) const {
    const std::string& country = filter_.destination_country();
    if (country.empty() || rule.group_by_license || !policy.InForceOn(date_) ||
        !CoversCountry(snapshot_.catalog, rule, country, date_)) {
      return std::nullopt;
    }
    const std::optional<WindowSpan> window = rule.WindowOf(date_);
    if (!window) return std::nullopt;
    TotalId id{.policy = policy.number,
               .rule = rule.number,
               .window_start = window->start_key};
    if (rule.group_by_country) id.country = country;
    if (snapshot_.totals.Find(id) != nullptr || (after_ && id <= *after_)) {
      return std::nullopt;
    }
    return id;
  }

  void AddRow(const CompiledPolicy& policy, const CompiledRule& rule,
              const TotalId& id, const Total& total) {
    if (after_ && id <= *after_) return;
    rows_.push_back({id, MakeRow(policy, rule, id, total)});
  }

  const Snapshot& snapshot_;
  const v1::HeadroomFilter& filter_;
  const Date date_;
  const std::optional<TotalId>& after_;
  const size_t limit_;
  std::vector<ListedRow> rows_;
};

}  // namespace

absl::StatusOr<v1::HeadroomRow> GetHeadroom(
    const Snapshot& snapshot, const v1::GetHeadroomRequest& request,
    Date today) {
  const CompiledPolicy* policy =
      snapshot.catalog.FindPolicy(request.policy_id());
  if (policy == nullptr) return PolicyNotFound(request.policy_id());
  const CompiledRule* rule = policy->FindRule(request.rule_id());
  if (rule == nullptr) {
    return RuleNotFound(request.policy_id(), request.rule_id());
  }
  const v1::GroupKey& group = request.group();
  if (rule->group_by_country ? !IsCountryCode(group.destination_country())
                             : !group.destination_country().empty()) {
    return InvalidFields(
        {{"group.destination_country",
          rule->group_by_country
              ? absl::StrCat("\"", group.destination_country(),
                             "\" is not an ISO 3166-1 alpha-2 country code")
              : "must be unset: the rule does not group by it"}});
  }
  if (!rule->group_by_license && !group.license_id().empty()) {
    return InvalidFields(
        {{"group.license_id", "must be unset: the rule does not group by it"}});
  }
  ASSIGN_OR_RETURN(const Date date,
                   DateOr(request.on_date(), today, "on_date"));
  const std::optional<WindowSpan> window = rule->WindowOf(date);
  if (!window) {
    return InvalidFields(
        {{"on_date",
          absl::StrCat(date.ToString(), " is outside the rule's window, ",
                       rule->fixed.from.ToString(), " to before ",
                       rule->fixed.to.ToString())}});
  }
  const TotalId id{.policy = policy->number,
                   .rule = rule->number,
                   .window_start = window->start_key,
                   .country = group.destination_country(),
                   .license_id = group.license_id()};
  const Total* total = snapshot.totals.Find(id);
  return MakeRow(*policy, *rule, id, total == nullptr ? Total() : *total);
}

std::vector<ListedRow> ListHeadroom(const Snapshot& snapshot,
                                    const v1::HeadroomFilter& filter,
                                    Date today,
                                    const std::optional<TotalId>& after,
                                    size_t limit) {
  return Lister(snapshot, filter, today, after, limit).List();
}

absl::Status CheckHeadroomFilter(const Snapshot& snapshot,
                                 const v1::HeadroomFilter& filter) {
  if (!filter.destination_country().empty() &&
      !IsCountryCode(filter.destination_country())) {
    return InvalidFields(
        {{"filter.destination_country",
          absl::StrCat("\"", filter.destination_country(),
                       "\" is not an ISO 3166-1 alpha-2 country code")}});
  }
  RETURN_IF_ERROR(DateOr(filter.on_date(), Date(), "filter.on_date").status());
  if (!filter.policy_id().empty() &&
      snapshot.catalog.FindPolicy(filter.policy_id()) == nullptr) {
    return PolicyNotFound(filter.policy_id());
  }
  return absl::OkStatus();
}

}  // namespace chipledger::domain
