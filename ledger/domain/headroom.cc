#include "ledger/domain/headroom.h"

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "ledger/base/countries.h"
#include "ledger/base/decimal.h"
#include "ledger/base/error.h"
#include "ledger/base/status_macros.h"
#include "ledger/domain/errors.h"
#include "ledger/domain/known.h"
#include "ledger/domain/rules/limit.h"
#include "ledger/domain/rules/scope.h"

namespace chipledger::domain {
namespace {

using Row = v1::HeadroomRow;

constexpr int64_t kBasisPoints = 10'000;

const LicenseState* LicenseOf(const HeadroomView& view,
                              const CompiledRule& rule,
                              absl::string_view group) {
  if (!rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE)) return nullptr;
  const auto* license = view.snapshot.licenses.Find(
      std::string(ValueOf(rule.group_by, group, v1::Scope::GROUP_BY_LICENSE)));
  return license == nullptr ? nullptr : license->get();
}

// The window that a total's key names.
WindowSpan SpanOf(const HeadroomView& view, const CompiledRule& rule,
                  const TotalKey& key) {
  const Date start = Date::FromDays(key.window_start());
  if (rule.window.IsOfAuthorization()) {
    WindowSpan span{.from = start, .start_key = key.window_start()};
    if (const LicenseState* license = LicenseOf(view, rule, key.group())) {
      span.to = Date::FromDays(license->last_export_date.days() + 1);
    }
    return span;
  }
  return rule.window.Of(start, std::nullopt).value_or(WindowSpan{.open = true});
}

// The date of a window that is nearest to another date.
Date DateWithin(const WindowSpan& span, Date date) {
  if (span.open || date < span.from) return span.open ? date : span.from;
  if (date < span.to) return date;
  return std::max(span.from, Date::FromDays(span.to.days() - 1));
}

// A total as known at a moment, through its last date or an earlier one.
Amounts SumThrough(const HeadroomView& view, const Total& total, Date date) {
  const Date through = std::min(view.through, date);
  return through == Date::Max() ? total.sum : total.by_date.Through(through);
}

Total FindTotal(const HeadroomView& view, const TotalKey& key) {
  const Total* total = view.snapshot.totals.Find(key);
  return total == nullptr ? Total() : *total;
}

// Adds the dates by which something counts in a total.
void AddDates(const Total& total, std::set<Date>& dates) {
  total.by_date.VisitAll([&](Date date, const Amounts&) {
    dates.insert(date);
    return true;
  });
}

// A total against its limit.
struct Against {
  Amounts sum;
  bool has_limit = false;
  // Unset: none, or not known.
  std::optional<int64_t> limit;
  // What is left, where the limit does not say it.
  std::optional<int64_t> still_fits;
  std::optional<Date> binding_date;

  // Nothing when it leaves 64 bits.
  std::optional<int64_t> Headroom() const {
    if (!limit) return std::nullopt;
    if (still_fits) return still_fits;
    const auto left = CheckedSub(*limit, sum.reserved);
    return left ? CheckedSub(*left, sum.used) : std::nullopt;
  }
};

// Reads one total of a moment.
class Reader {
 public:
  Reader(const HeadroomView& view, const CompiledPolicy& policy,
         const CompiledRule& rule, const TotalKey& key, const Total& total)
      : view_(view), policy_(policy), rule_(rule), key_(key), total_(total) {}

  // The limit on a date; the whole of a share is what counts through another.
  LimitCurve CurveOn(Date date, Date through = Date::Max()) const {
    const auto whole = [&](const TotalKey& of) { return SumOf(of, through); };
    return FindLimit(Question(date, whole))
        .value_or(LimitCurve{.has_limit = true});
  }

  // What sets the limit that the total stood against on a date.
  std::optional<v1::LimitBinding> BindingOn(Date date,
                                            const Against& against) const {
    const auto whole = [&](const TotalKey& of) {
      return SumOf(of, Date::Max());
    };
    return FindLimitBinding(Question(date, whole),
                            against.binding_date.value_or(date));
  }

  // Adds the dates on which the limit changes that holds on a date.
  void AddChangesOfLimit(Date date, std::set<Date>& dates) const {
    const auto whole = [&](const TotalKey& of) -> std::optional<int64_t> {
      AddDates(FindTotal(view_, of), dates);
      return 0;
    };
    const auto curve = FindLimit(Question(date, whole));
    if (!curve) return;
    for (const LimitCurve::Step& step : curve->steps) dates.insert(step.from);
  }

  // How the total stands on a date: against a schedule, on the date from then
  // on on which the least is left.
  Against On(Date date) const {
    const LimitCurve curve = CurveOn(date);
    if (!curve.IsSchedule()) {
      const Amounts sum = SumThrough(view_, total_, Date::Max());
      return {.sum = sum,
              .has_limit = curve.has_limit,
              .limit = curve.first,
              .still_fits = StillFits(date, sum)};
    }
    Against own = AgainstOn(curve, date);
    // A limit that is not known now is not known, whatever comes later.
    if (!own.limit) return own;
    Against tightest = own;
    for (const Date later : ChangesAfter(curve, date)) {
      Against then = AgainstOn(curve, later);
      const auto left = then.Headroom();
      if (left && *left < tightest.Headroom().value_or(*left)) {
        tightest = then;
        tightest.binding_date = later;
      }
    }
    return tightest;
  }

  // How it stood through a date, as if nothing had come later.
  Against Through(Date date) const {
    return AgainstOn(CurveOn(date, date), date);
  }

  Row::Status StatusOf(const Against& against) const {
    if (!against.has_limit) return NoticeOr(against, Row::STATUS_NO_LIMIT);
    if (!against.limit) return Row::STATUS_UNKNOWN_LIMIT;
    const int64_t headroom = against.Headroom().value_or(-1);
    if (headroom < 0) return Row::STATUS_OVER_LIMIT;
    return headroom == 0 ? Row::STATUS_AT_LIMIT
                         : NoticeOr(against, Row::STATUS_WITHIN_LIMIT);
  }

 private:
  std::optional<int64_t> StillFits(Date date, const Amounts& sum) const {
    const auto whole = [&](const TotalKey& of) {
      return SumOf(of, Date::Max());
    };
    const auto taken = CheckedAdd(sum.used, sum.reserved);
    return taken ? FindStillFits(Question(date, whole), *taken) : std::nullopt;
  }

  using WholeOf =
      absl::FunctionRef<std::optional<int64_t>(const TotalKey& whole)>;

  // The question for the total's limit on a date.
  LimitOf Question(Date date, WholeOf whole) const {
    return {.catalog = view_.snapshot.catalog(),
            .policy = policy_,
            .rule = rule_,
            .key = key_,
            .date = date,
            .license = LicenseOf(view_, rule_, key_.group()),
            .whole_after = whole};
  }

  // What is used and reserved of another total through a date.
  std::optional<int64_t> SumOf(const TotalKey& key, Date through) const {
    const Total* found = view_.snapshot.totals.Find(key);
    if (found == nullptr) return 0;
    const Amounts sum = SumThrough(view_, *found, through);
    return CheckedAdd(sum.used, sum.reserved);
  }

  // What counts through a date, against the limit on that date.
  Against AgainstOn(const LimitCurve& curve, Date date) const {
    return {.sum = SumThrough(view_, total_, date),
            .has_limit = curve.has_limit,
            .limit = curve.On(date)};
  }

  Row::Status NoticeOr(const Against& against, Row::Status else_status) const {
    const bool due = rule_.enforcement.mode == v1::Enforcement::MODE_NOTIFY &&
                     CheckedAdd(against.sum.used, against.sum.reserved)
                             .value_or(std::numeric_limits<int64_t>::max()) >=
                         rule_.enforcement.notify_at;
    return due ? Row::STATUS_NOTICE_DUE : else_status;
  }

  // The dates after one on which the total or its limit changes.
  std::set<Date> ChangesAfter(const LimitCurve& curve, Date date) const {
    std::set<Date> dates;
    total_.by_date.VisitAll([&](Date at, const Amounts&) {
      if (at > date && at <= view_.through) dates.insert(at);
      return true;
    });
    for (const LimitCurve::Step& step : curve.steps) {
      if (step.from > date) dates.insert(step.from);
    }
    return dates;
  }

  const HeadroomView& view_;
  const CompiledPolicy& policy_;
  const CompiledRule& rule_;
  const TotalKey& key_;
  const Total& total_;
};

// (part / whole) in basis points; the product may leave 64 bits.
int64_t BasisPoints(const Amounts& part, int64_t whole) {
  const __int128 taken = static_cast<__int128>(part.used) + part.reserved;
  return static_cast<int64_t>(taken * kBasisPoints / whole);
}

v1::Enforcement::Mode EnforcementOf(const CompiledPolicy& policy,
                                    const CompiledRule& rule) {
  return policy.Decides() ? rule.enforcement.mode
                          : v1::Enforcement::MODE_REPORT_ONLY;
}

// Whole reference chips, rounded down also below 0.
int64_t ReferencesIn(int64_t milli_tpp, int64_t reference) {
  return CheckedMulDiv(milli_tpp, 1, reference).value_or(0);
}

Row MakeRow(const HeadroomView& view, const CompiledPolicy& policy,
            const CompiledRule& rule, const TotalKey& key, const Total& total,
            Date date) {
  const Reader reader(view, policy, rule, key, total);
  const Against against = reader.On(date);
  Row row;
  row.set_policy_id(policy.policy_id());
  row.set_policy_version(policy.adopted.version());
  row.set_rule_id(rule.rule_id);
  row.set_measure(rule.measure.unit);
  row.set_accrual(rule.accrual);
  *row.mutable_group() = DecodeGroup(rule.group_by, key.group());
  const WindowSpan span = SpanOf(view, rule, key);
  if (!span.open) {
    row.set_window_start(span.from.ToString());
    if (span.to != Date::Max()) row.set_window_end(span.to.ToString());
  }
  row.set_used(against.sum.used);
  row.set_reserved(against.sum.reserved);
  row.set_unmeasured_gpus(against.sum.unmeasured_gpus);
  if (against.limit) {
    row.set_limit(*against.limit);
    if (const auto headroom = against.Headroom()) {
      row.set_headroom(*headroom);
      if (rule.measure.unit == v1::MEASURE_REFERENCE_EQUIVALENT) {
        row.set_headroom_in_references(
            ReferencesIn(*headroom, rule.measure.reference_milli_tpp));
      }
    }
    if (*against.limit > 0) {
      row.set_utilization_basis_points(
          BasisPoints(against.sum, *against.limit));
    }
  }
  row.set_status(reader.StatusOf(against));
  if (auto binding = reader.BindingOn(date, against)) {
    *row.mutable_limit_binding() = *std::move(binding);
  }
  if (against.binding_date) {
    row.set_binding_date(against.binding_date->ToString());
  }
  const v1::Policy& text = policy.adopted.policy();
  const v1::Rule& own = text.rules(static_cast<int>(rule.number));
  row.set_legal_status(own.provenance().legal_status() !=
                               v1::Provenance::LEGAL_STATUS_UNSPECIFIED
                           ? own.provenance().legal_status()
                           : text.provenance().legal_status());
  row.set_enforcement(EnforcementOf(policy, rule));
  if (own.has_reference()) *row.mutable_reference() = own.reference();
  if (const auto reported = rule.enforcement.LastReportingDate(date)) {
    row.set_last_reporting_date(reported->ToString());
    row.set_last_reporting_status(reader.StatusOf(reader.Through(*reported)));
  }
  row.set_backfilling(policy.IsBackfilling());
  row.set_in_force(policy.InForceOn(date));
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

// A rule that a request names, in the version of its policy of a date.
struct Named {
  const CompiledPolicy* policy;
  const CompiledRule* rule;
};

absl::StatusOr<Named> FindRule(const Catalog& catalog,
                               absl::string_view policy_id,
                               absl::string_view rule_id, Date date) {
  if (catalog.FindPolicy(policy_id) == nullptr) {
    return PolicyNotFound(policy_id);
  }
  const PlacedRule placed = catalog.FindRuleOn(policy_id, rule_id, date);
  if (placed.rule == nullptr) return RuleNotFound(policy_id, rule_id);
  return Named{placed.policy, placed.rule};
}

// Whether something counted under a license, granted or not.
bool HasTotalOf(const Snapshot& snapshot, const std::string& license_id) {
  bool found = false;
  snapshot.totals.VisitAll([&](const TotalKey& key, const Total&) {
    const CompiledRule& rule =
        snapshot.catalog().policies[key.policy()]->rules[key.rule()];
    found = rule.GroupsBy(v1::Scope::GROUP_BY_LICENSE) &&
            ValueOf(rule.group_by, key.group(), v1::Scope::GROUP_BY_LICENSE) ==
                license_id;
    return !found;
  });
  return found;
}

// The keys that a filter names.
v1::GroupKey KeysOf(const v1::HeadroomFilter& filter) {
  v1::GroupKey keys;
  keys.set_destination_country(filter.destination_country());
  keys.set_license_id(filter.license_id());
  keys.set_headquarters_country(filter.headquarters_country());
  keys.set_exporter(filter.exporter());
  keys.set_consignee(filter.consignee());
  keys.set_end_user(filter.end_user());
  keys.set_ultimate_parent(filter.ultimate_parent());
  keys.set_product_code(filter.product_code());
  keys.set_country_group(filter.country_group());
  keys.set_license_line(filter.license_line());
  return keys;
}

// What a key must be for a total to match.
struct WantedKey {
  v1::Scope::GroupBy key;
  std::string value;
};

// The keys that are set, but for the destination, which selects more than the
// totals that have it as their key.
std::vector<WantedKey> WantedKeys(const v1::GroupKey& keys) {
  std::vector<WantedKey> wanted;
  for (int number = v1::Scope::GroupBy_MIN + 1;
       number <= v1::Scope::GroupBy_MAX; ++number) {
    const auto key = static_cast<v1::Scope::GroupBy>(number);
    if (key == v1::Scope::GROUP_BY_DESTINATION_COUNTRY) continue;
    std::string value = EncodeGroup({key}, keys);
    if (!value.empty()) wanted.push_back({key, std::move(value)});
  }
  return wanted;
}

// Checks the number of a license line, which `license` must have if it was
// granted.
absl::Status CheckLineKnown(const LicenseState* license, int32_t line) {
  if (line < 0) {
    return InvalidFields(
        {{"filter.license_line", "must not be negative: lines count from 1"}});
  }
  if (line == 0 || license == nullptr || license->FindLine(line) != nullptr) {
    return absl::OkStatus();
  }
  return InvalidFields(
      {{"filter.license_line",
        absl::StrCat("license \"", license->license.license_id(),
                     "\" has no line ", line)}});
}

absl::Status CheckGroup(const CompiledRule& rule, const v1::GroupKey& group) {
  if (rule.GroupsBy(v1::Scope::GROUP_BY_DESTINATION_COUNTRY) &&
      !IsCountryCode(group.destination_country())) {
    return NotACountry("group.destination_country",
                       group.destination_country());
  }
  if (const auto field = FieldNotAmong(rule.group_by, group)) {
    return InvalidFields({{absl::StrCat("group.", *field),
                           "must be unset: the rule does not group by it"}});
  }
  return absl::OkStatus();
}

// The string of a group, whose countries are those whose totals the named ones
// share on a date.
std::string EncodeTreated(const CompiledPolicy& policy,
                          const CompiledRule& rule, v1::GroupKey group,
                          Date date) {
  const auto treated = [&](const std::string& country) {
    return std::string(policy.Treated(country, date));
  };
  group.set_destination_country(treated(group.destination_country()));
  group.set_headquarters_country(treated(group.headquarters_country()));
  return EncodeGroup(rule.group_by, group);
}

// The total of a group in the window of a date, if there is such a window.
std::optional<TotalKey> MakeKey(const HeadroomView& view,
                                const CompiledPolicy& policy,
                                const CompiledRule& rule,
                                const v1::GroupKey& group, Date date) {
  const std::string encoded = EncodeTreated(policy, rule, group, date);
  const LicenseState* license = LicenseOf(view, rule, encoded);
  const auto window = rule.window.Of(
      date, license == nullptr ? std::nullopt
                               : std::optional<Date>(license->grant_date));
  if (!window) return std::nullopt;
  return rule.KeyOf(window->start_key, encoded);
}

// Walks the totals of one list request.
class Lister {
 public:
  Lister(const HeadroomView& view, const v1::HeadroomFilter& filter,
         const std::optional<TotalKey>& after, size_t limit)
      : view_(view),
        filter_(filter),
        date_(filter.on_date().empty() ? view.today
                                       : *Date::Parse(filter.on_date())),
        wanted_(WantedKeys(KeysOf(filter))),
        after_(after),
        limit_(limit) {}

  std::vector<ListedRow> List() {
    const Catalog& catalog = view_.snapshot.catalog();
    for (const auto& policy : catalog.policies) {
      if (!WantsPolicy(*policy)) continue;
      for (const CompiledRule& rule : policy->rules) {
        if (rows_.size() >= limit_) return std::move(rows_);
        // Versions of a policy share the totals of the first that had the rule.
        if (rule.owner != TotalOwner{policy->number, rule.number}) continue;
        const PlacedRule placed = catalog.RuleOf(rule.KeyOf(0, ""), date_);
        if (WantsRule(*placed.policy, *placed.rule)) {
          ListRule(*placed.policy, *placed.rule);
        }
      }
    }
    return std::move(rows_);
  }

 private:
  bool WantsPolicy(const CompiledPolicy& policy) const {
    if (after_ && policy.number < after_->policy()) return false;
    return filter_.policy_id().empty() ||
           policy.policy_id() == filter_.policy_id();
  }

  bool WantsRule(const CompiledPolicy& policy, const CompiledRule& rule) const {
    // Nothing adds up by order.
    return !rule.window.IsPerOrder() &&
           (filter_.on_date().empty() || policy.InForceOn(date_)) &&
           (filter_.rule_id().empty() || rule.rule_id == filter_.rule_id()) &&
           (filter_.destination_country().empty() || ByCountry(rule) ||
            PoolsCountry(policy, rule)) &&
           absl::c_all_of(wanted_, [&](const WantedKey& wanted) {
             return rule.GroupsBy(wanted.key);
           });
  }

  static bool ByCountry(const CompiledRule& rule) {
    return rule.GroupsBy(v1::Scope::GROUP_BY_DESTINATION_COUNTRY);
  }

  // Whether the rule has one total for several countries and the filter's is
  // one of them.
  bool PoolsCountry(const CompiledPolicy& policy,
                    const CompiledRule& rule) const {
    return rule.group_by.empty() &&
           SelectsDestination(view_.snapshot.catalog(), policy, rule.where,
                              filter_.destination_country(), date_);
  }

  void ListRule(const CompiledPolicy& policy, const CompiledRule& rule) {
    const std::string country(
        policy.Treated(filter_.destination_country(), date_));
    std::optional<TotalKey> untouched = Untouched(policy, rule);
    TotalKey from = rule.KeyOf(std::numeric_limits<int32_t>::min(), "");
    if (after_ && from < *after_) from = *after_;
    // With a country, totals of others are skipped by seeking, window by
    // window.
    for (bool more = true; more && rows_.size() < limit_;) {
      more = false;
      view_.snapshot.totals.VisitFrom(
          from, [&](const TotalKey& key, const Total& total) {
            if (key.policy() != rule.owner.policy ||
                key.rule() != rule.owner.rule || rows_.size() >= limit_) {
              return false;
            }
            if (untouched && *untouched < key) {
              AddRow(*untouched, Total());
              untouched.reset();
              if (rows_.size() >= limit_) return false;
            }
            const absl::string_view at =
                ValueOf(rule.group_by, key.group(),
                        v1::Scope::GROUP_BY_DESTINATION_COUNTRY);
            if (ByCountry(rule) && !country.empty() && at != country) {
              const bool before = at < country;
              // Country first: a group begins with it.
              from = rule.KeyOf(key.window_start() + (before ? 0 : 1),
                                before ? country : std::string());
              more = true;
              return false;
            }
            if (Matches(policy, rule, key)) {
              if (untouched == key) untouched.reset();
              AddRow(key, total);
            }
            return true;
          });
    }
    if (untouched && rows_.size() < limit_) {
      AddRow(*untouched, Total());
    }
  }

  bool Matches(const CompiledPolicy& policy, const CompiledRule& rule,
               const TotalKey& key) const {
    for (const WantedKey& wanted : wanted_) {
      const bool country =
          wanted.key == v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY;
      if (ValueOf(rule.group_by, key.group(), wanted.key) !=
          (country ? policy.Treated(wanted.value, date_)
                   : absl::string_view(wanted.value))) {
        return false;
      }
    }
    if (filter_.on_date().empty()) return true;
    const WindowSpan span = SpanOf(view_, rule, key);
    return span.open || (span.from <= date_ && date_ < span.to);
  }

  // The total that the filter's country has under a rule that applies to it
  // although nothing was counted yet.
  std::optional<TotalKey> Untouched(const CompiledPolicy& policy,
                                    const CompiledRule& rule) const {
    const std::string& country = filter_.destination_country();
    const bool by_country_alone = rule.group_by.size() == 1 && ByCountry(rule);
    if (country.empty() || !(rule.group_by.empty() || by_country_alone) ||
        !LooksAtDestinationAlone(rule.where)) {
      return std::nullopt;
    }
    v1::GroupKey group;
    if (by_country_alone) group.set_destination_country(country);
    if (!WhyNotCovered(view_.snapshot.catalog(), policy, rule, group, date_)
             .empty()) {
      return std::nullopt;
    }
    const auto key = MakeKey(view_, policy, rule, group, date_);
    if (!key || view_.snapshot.totals.Find(*key) != nullptr ||
        (after_ && *key <= *after_)) {
      return std::nullopt;
    }
    return key;
  }

  // The row is of the version that holds on its date.
  void AddRow(const TotalKey& key, const Total& total) {
    if (after_ && key <= *after_) return;
    const Catalog& catalog = view_.snapshot.catalog();
    const CompiledRule& any = *catalog.RuleOf(key, date_).rule;
    const Date date = DateWithin(SpanOf(view_, any, key), date_);
    const PlacedRule placed = catalog.RuleOf(key, date);
    rows_.push_back(
        {key, MakeRow(view_, *placed.policy, *placed.rule, key, total, date)});
  }

  const HeadroomView& view_;
  const v1::HeadroomFilter& filter_;
  const Date date_;
  const std::vector<WantedKey> wanted_;
  const std::optional<TotalKey>& after_;
  const size_t limit_;
  std::vector<ListedRow> rows_;
};

// Whether a total differs otherwise than by the version of its policy.
bool Differ(const Row& before, Row after) {
  after.set_policy_version(before.policy_version());
  return before.SerializeAsString() != after.SerializeAsString();
}

// Makes the points of one window of a timeline.
class WindowTimeline {
 public:
  WindowTimeline(const HeadroomView& view, const TotalKey& key,
                 v1::GetTimelineResponse& timeline)
      : view_(view),
        key_(key),
        total_(FindTotal(view, key)),
        timeline_(timeline) {}

  // Appends a point for `first` and for each later date up to `last` on which
  // something changes.
  void Append(Date first, Date last) {
    AppendPoint(first);
    std::set<Date> dates;
    AddDates(total_, dates);
    ReaderOn(first).AddChangesOfLimit(first, dates);
    const PlacedRule held = PlacedOn(first);
    for (const auto& version : view_.snapshot.catalog().policies) {
      if (version->policy_id() != held.policy->policy_id()) continue;
      dates.insert(version->from);
      ReaderOn(version->from).AddChangesOfLimit(version->from, dates);
    }
    for (auto date = dates.upper_bound(first);
         date != dates.end() && *date <= last; ++date) {
      AppendPoint(*date);
    }
  }

 private:
  PlacedRule PlacedOn(Date date) const {
    return view_.snapshot.catalog().RuleOf(key_, date);
  }
  // The total under the version of the policy of a date.
  Reader ReaderOn(Date date) const {
    const PlacedRule placed = PlacedOn(date);
    return {view_, *placed.policy, *placed.rule, key_, total_};
  }

  void AppendPoint(Date date) {
    const Reader reader = ReaderOn(date);
    const Against against = reader.Through(date);
    auto& point = *timeline_.add_points();
    point.set_date(date.ToString());
    point.set_used(against.sum.used);
    point.set_reserved(against.sum.reserved);
    if (against.limit) point.set_limit(*against.limit);
    point.set_status(reader.StatusOf(against));
    point.set_window_start(
        PlacedOn(date).rule->window.StartText(key_.window_start()));
  }

  const HeadroomView& view_;
  const TotalKey& key_;
  const Total total_;
  v1::GetTimelineResponse& timeline_;
};

// The totals of one group in all windows, ascending.
std::vector<TotalKey> WindowsOf(const HeadroomView& view, const TotalKey& key) {
  std::vector<TotalKey> windows;
  const auto in_window = [&](int32_t start) {
    return TotalKey(key.policy(), key.rule(), start, key.group());
  };
  TotalKey from = in_window(std::numeric_limits<int32_t>::min());
  for (bool more = true; more;) {
    more = false;
    view.snapshot.totals.VisitFrom(from, [&](const TotalKey& at, const Total&) {
      if (at.policy() != key.policy() || at.rule() != key.rule()) return false;
      if (at.group() == key.group()) windows.push_back(at);
      from = in_window(at.window_start() + (at.group() >= key.group() ? 1 : 0));
      more = true;
      return false;
    });
  }
  return windows;
}

}  // namespace

absl::StatusOr<TotalKey> FindTotalKey(const HeadroomView& view,
                                      absl::string_view policy_id,
                                      absl::string_view rule_id,
                                      const v1::GroupKey& group,
                                      const std::string& on_date) {
  ASSIGN_OR_RETURN(const Date date, DateOr(on_date, view.today, "on_date"));
  ASSIGN_OR_RETURN(const Named named,
                   FindRule(view.snapshot.catalog(), policy_id, rule_id, date));
  RETURN_IF_ERROR(CheckGroup(*named.rule, group));
  const auto key = MakeKey(view, *named.policy, *named.rule, group, date);
  // What counted once stays a total, whatever the scope is now.
  if (key && view.snapshot.totals.Find(*key) != nullptr) return *key;
  RETURN_IF_ERROR(CheckGroupKnown(view.snapshot, group, "group"));
  const std::string why = WhyNotCovered(view.snapshot.catalog(), *named.policy,
                                        *named.rule, group, date);
  if (!why.empty()) {
    return NotCovered(policy_id, rule_id, date.ToString(), why);
  }
  if (key) return *key;
  if (named.rule->window.IsOfAuthorization()) {
    return InvalidFields(
        {{"group.license_id", absl::StrCat("\"", group.license_id(),
                                           "\" was never granted: the rule's "
                                           "window is a license's validity")}});
  }
  return InvalidFields(
      {{"on_date",
        absl::StrCat(date.ToString(), " is outside the rule's window, ",
                     named.rule->window.fixed.from.ToString(), " to before ",
                     named.rule->window.fixed.to.ToString())}});
}

absl::StatusOr<v1::HeadroomRow> GetHeadroom(
    const HeadroomView& view, const v1::GetHeadroomRequest& request) {
  ASSIGN_OR_RETURN(const TotalKey key,
                   FindTotalKey(view, request.policy_id(), request.rule_id(),
                                request.group(), request.on_date()));
  ASSIGN_OR_RETURN(const Date date,
                   DateOr(request.on_date(), view.today, "on_date"));
  const PlacedRule placed = view.snapshot.catalog().RuleOf(key, date);
  return MakeRow(view, *placed.policy, *placed.rule, key, FindTotal(view, key),
                 date);
}

absl::StatusOr<v1::GetTimelineResponse> GetTimeline(
    const HeadroomView& view, const v1::GetTimelineRequest& request) {
  ASSIGN_OR_RETURN(const Named named,
                   FindRule(view.snapshot.catalog(), request.policy_id(),
                            request.rule_id(), view.today));
  RETURN_IF_ERROR(CheckGroup(*named.rule, request.group()));
  ASSIGN_OR_RETURN(const Date from,
                   DateOr(request.from_date(), Date::Min(), "from_date"));
  ASSIGN_OR_RETURN(const Date to,
                   DateOr(request.to_date(), Date::Max(), "to_date"));
  if (to < from) {
    return InvalidFields(
        {{"to_date", absl::StrCat(request.to_date(), " is before from_date, ",
                                  request.from_date())}});
  }
  // The date on which a country's treatment is looked up.
  const Date date = request.from_date().empty() ? view.today : from;
  std::vector<TotalKey> windows = WindowsOf(
      view, named.rule->KeyOf(0, EncodeTreated(*named.policy, *named.rule,
                                               request.group(), date)));
  if (windows.empty()) {
    RETURN_IF_ERROR(CheckGroupKnown(view.snapshot, request.group(), "group"));
    // Nothing counted yet: the limit alone is told, from the window of the
    // first date on.
    const auto key =
        MakeKey(view, *named.policy, *named.rule, request.group(), date);
    if (key) windows.push_back(*key);
  }
  v1::GetTimelineResponse timeline;
  timeline.set_measure(named.rule->measure.unit);
  for (const TotalKey& key : windows) {
    const Total total = FindTotal(view, key);
    Date first = view.today, last = view.today;
    bool any_date = false;
    total.by_date.VisitAll([&](Date date, const Amounts&) {
      if (!any_date) first = date;
      last = std::max(date, any_date ? last : date);
      any_date = true;
      return true;
    });
    last = std::max(last, view.today);
    const WindowSpan span = SpanOf(view, *named.rule, key);
    if (from != Date::Min()) first = std::max(from, span.from);
    if (to != Date::Max()) last = to;
    last =
        std::min({last, view.through,
                  span.to == Date::Max() ? span.to
                                         : Date::FromDays(span.to.days() - 1)});
    if (first <= last) {
      WindowTimeline(view, key, timeline).Append(first, last);
    }
  }
  return timeline;
}

std::vector<ListedRow> ListHeadroom(const HeadroomView& view,
                                    const v1::HeadroomFilter& filter,
                                    const std::optional<TotalKey>& after,
                                    size_t limit) {
  return Lister(view, filter, after, limit).List();
}

std::vector<ListedPair> CompareHeadroom(const HeadroomView& earlier,
                                        const HeadroomView& later,
                                        const v1::HeadroomFilter& filter,
                                        const std::optional<TotalKey>& after,
                                        size_t limit) {
  // Both lists are walked a page at a time, the one that is behind first.
  struct Side {
    const HeadroomView& view;
    std::vector<ListedRow> rows;
    size_t at = 0;
    std::optional<TotalKey> after;
    bool ended = false;
  };
  Side sides[] = {{.view = earlier, .after = after},
                  {.view = later, .after = after}};
  const auto fill = [&](Side& side) {
    if (side.ended || side.at < side.rows.size()) return;
    side.rows = ListHeadroom(side.view, filter, side.after, limit);
    side.at = 0;
    side.ended = side.rows.empty();
    if (!side.ended) side.after = side.rows.back().key;
  };
  std::vector<ListedPair> pairs;
  while (pairs.size() < limit) {
    for (Side& side : sides) fill(side);
    if (sides[0].ended && sides[1].ended) break;
    const ListedRow* rows[2] = {};
    for (int i = 0; i < 2; ++i) {
      if (!sides[i].ended) rows[i] = &sides[i].rows[sides[i].at];
    }
    if (rows[0] && rows[1] && rows[0]->key != rows[1]->key) {
      rows[rows[0]->key < rows[1]->key ? 1 : 0] = nullptr;
    }
    ListedPair listed{.key = rows[0] ? rows[0]->key : rows[1]->key, .pair = {}};
    if (rows[0]) *listed.pair.mutable_before() = rows[0]->row;
    if (rows[1]) *listed.pair.mutable_after() = rows[1]->row;
    const auto& [before, now] =
        std::pair(listed.pair.before(), listed.pair.after());
    // Sums in 64 bits may differ by more; what differs by so much saturates.
    listed.pair.set_used_change(
        CheckedSub(now.used(), before.used()).value_or(0));
    listed.pair.set_reserved_change(
        CheckedSub(now.reserved(), before.reserved()).value_or(0));
    const bool differ =
        !rows[0] || !rows[1] || Differ(rows[0]->row, rows[1]->row);
    for (int i = 0; i < 2; ++i) sides[i].at += rows[i] ? 1 : 0;
    if (differ) pairs.push_back(std::move(listed));
  }
  return pairs;
}

absl::Status CheckHeadroomFilter(const Snapshot& snapshot,
                                 const v1::HeadroomFilter& filter) {
  RETURN_IF_ERROR(DateOr(filter.on_date(), Date(), "filter.on_date").status());
  RETURN_IF_ERROR(
      CheckRuleKnown(snapshot, filter.policy_id(), filter.rule_id()));
  v1::GroupKey keys = KeysOf(filter);
  const auto* license = snapshot.licenses.Find(filter.license_id());
  RETURN_IF_ERROR(CheckLineKnown(license == nullptr ? nullptr : license->get(),
                                 filter.license_line()));
  // What left under a number that was never granted has a total all the same.
  if (license == nullptr && !filter.license_id().empty() &&
      HasTotalOf(snapshot, filter.license_id())) {
    keys.clear_license_id();
  }
  return CheckGroupKnown(snapshot, keys, "filter");
}

}  // namespace chipledger::domain
