#include "tests/domain/slow_model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ledger/base/decimal.h"

namespace chipledger::testing {
namespace {

template <typename Values, typename Value>
bool Has(const Values& values, const Value& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// Whether a set field of a filter has the value; an unset one has any.
template <typename Values, typename Value>
bool AllowsValue(const Values& values, const Value& value) {
  return values.empty() || Has(values, value);
}

Date From(const std::string& text) { return Date::ParseOr(text, Date::Min()); }
Date Until(const std::string& text) { return Date::ParseOr(text, Date::Max()); }

// The country that the policy takes this one for.
std::string Treated(const v1::Policy& policy, const std::string& country,
                    Date date) {
  for (const v1::CountryTreatment& treatment : policy.country_treatments()) {
    if (treatment.country() == country &&
        date >= From(treatment.effective_from())) {
      return treatment.treated_as();
    }
  }
  return country;
}

const v1::Rule& FindRule(const v1::Policy& policy, const std::string& rule_id) {
  for (const v1::Rule& rule : policy.rules()) {
    if (rule.rule_id() == rule_id) return rule;
  }
  std::abort();
}

bool IsByOrder(const v1::Rule& rule) { return rule.window().has_per_order(); }

bool Denies(const v1::Rule& rule) {
  return rule.enforcement().mode() == v1::Enforcement::MODE_REFUSE ||
         rule.enforcement().mode() == v1::Enforcement::MODE_PRESUME_DENIAL;
}

// A limit in a policy's text, in what totals are counted in.
__int128 ParseLimit(const v1::Rule& rule, const std::string& text) {
  switch (rule.measure()) {
    case v1::MEASURE_TPP:
      return *ParseDecimal(text, 3);
    case v1::MEASURE_REFERENCE_EQUIVALENT:
      return __int128{*ParseDecimal(text, 0)} * rule.reference().milli_tpp();
    default:
      return *ParseDecimal(text, 0);
  }
}

// The largest whole number not above part / of * amount.
int64_t Part(int64_t amount, int64_t part, int64_t of) {
  return static_cast<int64_t>(__int128{amount} * part / of);
}

const std::string& DestinationOf(const v1::License& license,
                                 const v1::LicenseLine& line) {
  return line.destination_country().empty() ? license.destination_countries(0)
                                            : line.destination_country();
}

void AddTo(SlowModel::Amounts& sum, const SlowModel::Amounts& more,
           int sign = 1) {
  sum.used += sign * more.used;
  sum.reserved += sign * more.reserved;
  sum.unmeasured_gpus += sign * more.unmeasured_gpus;
  sum.unvalued_units += sign * more.unvalued_units;
}

std::map<int, int64_t> UnitsOf(const v1::License& license) {
  std::map<int, int64_t> units;
  for (const v1::LicenseLine& line : license.lines()) {
    units[line.line_number()] = line.quantity();
  }
  return units;
}

// What counts by a date not after `through`.
SlowModel::Amounts SumThrough(const std::map<Date, SlowModel::Amounts>& dated,
                              Date through) {
  SlowModel::Amounts sum;
  for (const auto& [date, amounts] : dated) {
    if (date <= through) AddTo(sum, amounts);
  }
  return sum;
}

template <typename Overrides>
std::set<std::pair<std::string, std::string>> RulesOf(
    const Overrides& overrides) {
  std::set<std::pair<std::string, std::string>> rules;
  for (const v1::Override& each : overrides) {
    rules.insert({each.policy_id(), each.rule_id()});
  }
  return rules;
}

}  // namespace

const v1::Product& SlowModel::ProductOn(const std::string& code,
                                        Date date) const {
  const std::vector<v1::Product>& revisions = products_.at(code);
  for (auto it = revisions.rbegin(); it != revisions.rend(); ++it) {
    if (From(it->effective_from()) <= date) return *it;
  }
  std::abort();
}

std::string SlowModel::ParentOf(const std::string& party, Date date) const {
  std::string parent = party;
  for (const v1::UltimateParent& each : parties_.at(party).ultimate_parents()) {
    if (From(each.effective_from()) <= date) parent = each.party_id();
  }
  return parent == party ? party : ParentOf(parent, date);
}

std::string SlowModel::HeadquartersOf(const std::string& party,
                                      Date date) const {
  std::string country;
  for (const v1::Headquarters& each : parties_.at(party).headquarters()) {
    if (From(each.effective_from()) <= date) country = each.country();
  }
  return country;
}

bool SlowModel::IsInGroup(const std::string& country, const std::string& group,
                          Date date) const {
  bool is_member = false;
  for (const v1::MembershipChange& change : groups_.at(group)) {
    if (change.country() == country && From(change.effective_date()) <= date) {
      is_member = change.kind() == v1::MembershipChange::KIND_JOIN;
    }
  }
  return is_member;
}

template <typename Names>
bool SlowModel::IsInAny(const std::string& country, const Names& groups,
                        Date date) const {
  return std::any_of(groups.begin(), groups.end(),
                     [&](const std::string& group) {
                       return IsInGroup(country, group, date);
                     });
}

std::set<std::string> SlowModel::PoliciesOn(Date date) const {
  std::set<std::string> policies;
  for (const auto& [policy, enforced, rescinded_from] : policies_) {
    if (date >= From(policy.effective_from()) &&
        date < Until(policy.effective_to()) && date < rescinded_from) {
      policies.insert(policy.policy_id());
    }
  }
  return policies;
}

int64_t SlowModel::ShippedUnder(const std::string& license_id, int line) const {
  int64_t units = 0;
  for (const auto& [name, standing] : shipments_) {
    if (standing.shipment.authorization().license_id() != license_id) continue;
    for (int i = 0; i < standing.shipment.items_size(); ++i) {
      if (standing.lines[i] == line) {
        units += standing.shipment.items(i).quantity();
      }
    }
  }
  return units;
}

SlowModel::Facts SlowModel::FactsOf(const StandingLicense& standing) const {
  const v1::License& license = standing.license;
  Facts facts;
  for (const v1::LicenseLine& line : license.lines()) {
    Fact& fact = facts.emplace_back();
    fact.is_licensed = true;
    fact.date = *Date::Parse(license.grant_date());
    fact.destination = DestinationOf(license, line);
    fact.exporter = license.exporter();
    fact.consignees = {license.consignees().begin(),
                       license.consignees().end()};
    fact.end_users = {license.end_users().begin(), license.end_users().end()};
    fact.kind =
        license.authorization_kind() == v1::AUTHORIZATION_KIND_UNSPECIFIED
            ? v1::AUTHORIZATION_KIND_LICENSE
            : license.authorization_kind();
    fact.license_id = license.license_id();
    fact.grant_date = fact.date;
    fact.line = line.line_number();
    fact.product_code = line.product_code();
    fact.units = line.quantity();
    if (line.has_value_usd()) fact.value = line.value_usd();
    const auto moves = standing.moves.find(line.line_number());
    if (moves != standing.moves.end()) fact.moves = moves->second;
    fact.policies = standing.policies;
  }
  return facts;
}

SlowModel::Facts SlowModel::FactsOf(const StandingShipment& standing) const {
  const v1::Shipment& shipment = standing.shipment;
  Facts facts;
  for (int i = 0; i < shipment.items_size(); ++i) {
    const v1::Item& item = shipment.items(i);
    Fact& fact = facts.emplace_back();
    fact.date = *Date::Parse(shipment.export_date());
    fact.destination = shipment.destination_country();
    fact.exporter = shipment.exporter();
    if (!shipment.consignee().empty()) fact.consignees = {shipment.consignee()};
    if (!shipment.end_user().empty()) fact.end_users = {shipment.end_user()};
    fact.kind = shipment.authorization().kind();
    fact.license_id = shipment.authorization().license_id();
    fact.grant_date = standing.grant_date;
    fact.line = standing.lines[i];
    fact.line_has_value = standing.lines_have_value[i];
    fact.product_code = item.product_code();
    fact.units = item.quantity();
    if (item.has_value_usd()) fact.value = item.value_usd();
    fact.policies = standing.policies;
  }
  return facts;
}

SlowModel::Facts SlowModel::AllFacts() const {
  Facts all = replaced_;
  for (const auto& [id, license] : licenses_) {
    for (const Fact& fact : FactsOf(license)) all.push_back(fact);
  }
  for (const auto& [name, shipment] : shipments_) {
    for (const Fact& fact : FactsOf(shipment)) all.push_back(fact);
  }
  return all;
}

SlowModel::StandingShipment SlowModel::Ship(
    const v1::Shipment& shipment) const {
  StandingShipment standing{
      .shipment = shipment,
      .policies = PoliciesOn(*Date::Parse(shipment.export_date()))};
  standing.lines.assign(shipment.items_size(), 0);
  standing.lines_have_value.assign(shipment.items_size(), false);
  const auto found = licenses_.find(shipment.authorization().license_id());
  if (found == licenses_.end()) return standing;
  const v1::License& license = found->second.license;
  standing.grant_date = *Date::Parse(license.grant_date());
  for (int i = 0; i < shipment.items_size(); ++i) {
    for (const v1::LicenseLine& line : license.lines()) {
      if (line.product_code() == shipment.items(i).product_code() &&
          DestinationOf(license, line) == shipment.destination_country()) {
        standing.lines[i] = line.line_number();
        standing.lines_have_value[i] = line.has_value_usd();
      }
    }
  }
  return standing;
}

void SlowModel::End(const std::string& license_id, Date date,
                    bool StandingLicense::*how) {
  StandingLicense& license = licenses_.at(license_id);
  StandingLicense ended = license;
  ended.*how = true;
  for (const auto& [line, units] : license.authorized) {
    for (const Releases& each : kAllReleases) {
      if (ended.HasReleased(each) && !license.HasReleased(each)) {
        std::vector<Move>& moves = ended.moves[line][each];
        ended.end_moves[line][each] = moves.size();
        moves.push_back({date, units, ShippedUnder(license_id, line)});
      }
    }
  }
  license = ended;
}

void SlowModel::MoveCharges(const StandingShipment& standing, int sign) {
  const std::string& id = standing.shipment.authorization().license_id();
  const auto found = licenses_.find(id);
  if (found == licenses_.end()) return;
  StandingLicense& license = found->second;
  const Date date = *Date::Parse(standing.shipment.export_date());
  std::map<int, int64_t> moved;
  for (int i = 0; i < standing.shipment.items_size(); ++i) {
    const int line = standing.lines[i];
    if (line == 0) continue;
    const int64_t from = ShippedUnder(id, line) + moved[line];
    moved[line] += sign * standing.shipment.items(i).quantity();
    for (const Releases& each : kAllReleases) {
      if (!license.HasReleased(each)) continue;
      license.moves[line][each].push_back(
          {date, from, ShippedUnder(id, line) + moved[line]});
    }
  }
}

bool SlowModel::Matches(const v1::ItemFilter& filter, const Fact& fact) const {
  const v1::Product& product = ProductOn(fact.product_code, fact.date);
  const bool has_tpp = product.has_milli_tpp_per_gpu();
  const int64_t tpp = product.milli_tpp_per_gpu();
  return AllowsValue(filter.classifications(), product.classification()) &&
         AllowsValue(filter.product_codes(), product.product_code()) &&
         (!filter.has_min_milli_tpp() ||
          (has_tpp && tpp >= filter.min_milli_tpp())) &&
         (!filter.has_below_milli_tpp() ||
          (has_tpp && tpp < filter.below_milli_tpp())) &&
         (!filter.has_below_memory_bandwidth_mb_s() ||
          (product.has_memory_bandwidth_mb_s() &&
           product.memory_bandwidth_mb_s() <
               filter.below_memory_bandwidth_mb_s()));
}

bool SlowModel::DestinationMatches(const v1::FactFilter& filter,
                                   const std::string& destination,
                                   Date date) const {
  return AllowsValue(filter.destination_countries(), destination) &&
         (filter.destination_groups().empty() ||
          IsInAny(destination, filter.destination_groups(), date)) &&
         !IsInAny(destination, filter.except_destination_groups(), date);
}

bool SlowModel::Matches(const v1::Policy& policy, const v1::FactFilter& filter,
                        const Fact& fact) const {
  const auto any_headquarters_in = [&](const auto& groups) {
    for (const auto* parties : {&fact.consignees, &fact.end_users}) {
      for (const std::string& party : *parties) {
        for (const std::string& each : {party, ParentOf(party, fact.date)}) {
          const std::string country =
              Treated(policy, HeadquartersOf(each, fact.date), fact.date);
          if (IsInAny(country, groups, fact.date)) return true;
        }
      }
    }
    return false;
  };
  const auto allows_any = [](const auto& allowed,
                             const std::vector<std::string>& parties) {
    return allowed.empty() ||
           std::any_of(parties.begin(), parties.end(),
                       [&](const auto& party) { return Has(allowed, party); });
  };
  std::vector<std::string> parents;
  for (const auto* parties : {&fact.consignees, &fact.end_users}) {
    for (const std::string& party : *parties) {
      parents.push_back(ParentOf(party, fact.date));
    }
  }
  return DestinationMatches(
             filter, Treated(policy, fact.destination, fact.date), fact.date) &&
         AllowsValue(filter.license_ids(), fact.license_id) &&
         (filter.headquarters_groups().empty() ||
          any_headquarters_in(filter.headquarters_groups())) &&
         !any_headquarters_in(filter.except_headquarters_groups()) &&
         AllowsValue(filter.exporters(), fact.exporter) &&
         allows_any(filter.consignees(), fact.consignees) &&
         allows_any(filter.end_users(), fact.end_users) &&
         allows_any(filter.ultimate_parents(), parents) &&
         AllowsValue(filter.authorization_kinds(), fact.kind);
}

bool SlowModel::IsExempt(const v1::Policy& policy,
                         const v1::Exemption& exemption,
                         const Fact& fact) const {
  const auto names_any = [&](const std::vector<std::string>& parties) {
    return std::any_of(
        parties.begin(), parties.end(), [&](const std::string& party) {
          return Has(exemption.parties(), party) ||
                 Has(exemption.parties(), ParentOf(party, fact.date));
        });
  };
  return AllowsValue(exemption.authorization_kinds(), fact.kind) &&
         Matches(exemption.items(), fact) &&
         fact.date < Until(exemption.before()) &&
         fact.date >= From(exemption.from()) &&
         (exemption.parties().empty() || names_any(fact.consignees) ||
          names_any(fact.end_users)) &&
         Matches(policy, exemption.where(), fact);
}

std::optional<Date> SlowModel::WindowStart(const v1::Rule& rule,
                                           const Fact& fact) const {
  const v1::Window& window = rule.window();
  switch (window.kind_case()) {
    case v1::Window::kFixed:
      if (fact.date < *Date::Parse(window.fixed().from()) ||
          fact.date >= *Date::Parse(window.fixed().to())) {
        return std::nullopt;
      }
      return *Date::Parse(window.fixed().from());
    case v1::Window::kCalendarYear:
      return *Date::Parse(
          absl::StrCat(fact.date.ToString().substr(0, 4), "-01-01"));
    case v1::Window::kCalendarQuarter: {
      const std::string text = fact.date.ToString();
      const int month = (text[5] - '0') * 10 + (text[6] - '0');
      const char* const firsts[] = {"-01-01", "-04-01", "-07-01", "-10-01"};
      return *Date::Parse(
          absl::StrCat(text.substr(0, 4), firsts[(month - 1) / 3]));
    }
    case v1::Window::kValidityOfAuthorization:
      // What left too early under a license counts in its total as well.
      return fact.grant_date;
    default:
      return Date::Min();
  }
}

SlowModel::Group SlowModel::GroupOf(const v1::Policy& policy,
                                    const v1::Rule& rule,
                                    const Fact& fact) const {
  const std::string consignee =
      fact.consignees.size() == 1 ? fact.consignees[0] : "";
  const std::string end_user =
      fact.end_users.size() == 1 ? fact.end_users[0] : "";
  const std::string parent =
      consignee.empty() ? "" : ParentOf(consignee, fact.date);
  const std::string destination = Treated(policy, fact.destination, fact.date);
  Group group;
  for (const int key : rule.scope().group_by()) {
    std::string& value = group[static_cast<v1::Scope::GroupBy>(key)];
    switch (key) {
      case v1::Scope::GROUP_BY_DESTINATION_COUNTRY:
        value = destination;
        break;
      case v1::Scope::GROUP_BY_LICENSE:
        value = fact.license_id;
        break;
      case v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY:
        if (!parent.empty()) {
          value = Treated(policy, HeadquartersOf(parent, fact.date), fact.date);
        }
        break;
      case v1::Scope::GROUP_BY_EXPORTER:
        value = fact.exporter;
        break;
      case v1::Scope::GROUP_BY_CONSIGNEE:
        value = consignee;
        break;
      case v1::Scope::GROUP_BY_END_USER:
        value = end_user;
        break;
      case v1::Scope::GROUP_BY_ULTIMATE_PARENT:
        value = parent;
        break;
      case v1::Scope::GROUP_BY_PRODUCT:
        value = fact.product_code;
        break;
      case v1::Scope::GROUP_BY_COUNTRY_GROUP:
        for (const auto& name : rule.scope().where().destination_groups()) {
          if (value.empty() && IsInGroup(destination, name, fact.date)) {
            value = name;
          }
        }
        break;
      case v1::Scope::GROUP_BY_LICENSE_LINE:
        value = absl::StrCat(fact.line);
        break;
      default:
        std::abort();
    }
  }
  return group;
}

bool SlowModel::IsInScope(const v1::Policy& policy, const v1::Rule& rule,
                          const Fact& fact) const {
  return fact.policies.count(policy.policy_id()) > 0 &&
         Matches(rule.items(), fact) &&
         Matches(policy, rule.scope().where(), fact) &&
         std::none_of(rule.exemptions().begin(), rule.exemptions().end(),
                      [&](const v1::Exemption& exemption) {
                        return IsExempt(policy, exemption, fact);
                      });
}

std::optional<SlowModel::Key> SlowModel::KeyOf(const v1::Policy& policy,
                                               const v1::Rule& rule,
                                               const Fact& fact) const {
  if (!IsInScope(policy, rule, fact)) return std::nullopt;
  // A license limits what is drawn from a line that says how much.
  if (rule.limit().has_authorized() &&
      (fact.is_licensed || fact.line == 0 ||
       (rule.measure() == v1::MEASURE_VALUE_USD && !fact.line_has_value))) {
    return std::nullopt;
  }
  const std::optional<Date> start = WindowStart(rule, fact);
  if (!start.has_value()) return std::nullopt;
  return Key{*start, GroupOf(policy, rule, fact)};
}

bool SlowModel::HasMet(const std::string& license_id, const std::string& kind,
                       Date date) const {
  const auto found = conditions_.find(license_id);
  return found != conditions_.end() &&
         std::any_of(found->second.begin(), found->second.end(),
                     [&](const v1::Condition& condition) {
                       return condition.kind() == kind &&
                              *Date::Parse(condition.satisfied_date()) <=
                                  date &&
                              (condition.valid_through().empty() ||
                               *Date::Parse(condition.valid_through()) >= date);
                     });
}

SlowModel::Amounts SlowModel::AmountsOf(const v1::Rule& rule, const Fact& fact,
                                        int64_t units) const {
  const v1::Product& product = ProductOn(fact.product_code, fact.date);
  const int64_t gpus = units * product.gpus_per_unit();
  Amounts amounts;
  // Of a test of items, those count that do not pass it.
  if (rule.limit().has_predicate() &&
      Matches(rule.limit().predicate().allowed(), fact)) {
    return amounts;
  }
  if (rule.measure() == v1::MEASURE_GPUS) {
    amounts.used = gpus;
  } else if (rule.measure() == v1::MEASURE_VALUE_USD) {
    amounts.used = Part(fact.value.value_or(0), units, fact.units);
    if (!fact.value.has_value()) amounts.unvalued_units = units;
  } else if (product.has_milli_tpp_per_gpu()) {
    amounts.used = gpus * product.milli_tpp_per_gpu();
  } else {
    amounts.unmeasured_gpus = gpus;
  }
  // Goods on their way are reserved where arrivals are counted.
  if (rule.accrual() == v1::ACCRUAL_RECEIVED ||
      rule.accrual() == v1::ACCRUAL_INSTALLED_NET) {
    std::swap(amounts.used, amounts.reserved);
  }
  return amounts;
}

bool SlowModel::IsOfAccrual(const v1::Rule& rule, const Fact& fact) {
  return (rule.accrual() == v1::ACCRUAL_LICENSED) == fact.is_licensed;
}

void SlowModel::Add(const v1::Policy& policy, const v1::Rule& rule,
                    const Facts& facts, Totals& totals) const {
  for (const Fact& fact : facts) {
    const std::optional<Key> key = KeyOf(policy, rule, fact);
    if (!key.has_value()) continue;
    Dated& dated = totals[*key];
    AddTo(dated[fact.date], AmountsOf(rule, fact, fact.units));
    const auto moves = fact.moves.find(
        {rule.revocation_effect() == v1::REVOCATION_EFFECT_RELEASE_UNSHIPPED,
         rule.expiry_effect() == v1::EXPIRY_EFFECT_RELEASE_UNSHIPPED});
    if (moves == fact.moves.end()) continue;
    for (const Move& move : moves->second) {
      AddTo(dated[move.date], AmountsOf(rule, fact, move.to));
      AddTo(dated[move.date], AmountsOf(rule, fact, move.from), -1);
    }
  }
}

SlowModel::Totals SlowModel::TotalsWith(const v1::Policy& policy,
                                        const v1::Rule& rule,
                                        const Facts& order) const {
  Totals totals;
  if (IsByOrder(rule)) {
    Add(policy, rule, order, totals);
    return totals;
  }
  Facts counted;
  for (const Fact& fact : AllFacts()) {
    if (IsOfAccrual(rule, fact)) counted.push_back(fact);
  }
  Add(policy, rule, counted, totals);
  return totals;
}

SlowModel::Limit SlowModel::LimitOn(const v1::Policy& policy,
                                    const v1::Rule& rule, const Key& key,
                                    Date date, Date through, const Facts& order,
                                    Date whole_through) const {
  for (const v1::LimitCase& limit_case : rule.limit_cases()) {
    const std::string& country =
        key.group.at(v1::Scope::GROUP_BY_DESTINATION_COUNTRY);
    if (DestinationMatches(limit_case.where(), Treated(policy, country, date),
                           date)) {
      return LimitOn(policy, rule, limit_case.limit(), key, date, through,
                     order, whole_through);
    }
  }
  return LimitOn(policy, rule, rule.limit(), key, date, through, order,
                 whole_through);
}

SlowModel::Limit SlowModel::LimitOn(const v1::Policy& policy,
                                    const v1::Rule& rule,
                                    const v1::Limit& limit, const Key& key,
                                    Date date, Date through, const Facts& order,
                                    Date whole_through) const {
  // This total's key among those of another rule.
  const auto key_of = [&](const v1::Rule& other) {
    Key projected{key.window_start, {}};
    for (const int each : other.scope().group_by()) {
      const auto group_by = static_cast<v1::Scope::GroupBy>(each);
      projected.group[group_by] = key.group.at(group_by);
    }
    return projected;
  };
  switch (limit.kind_case()) {
    case v1::Limit::kConstant:
      return {Limit::kKnown, ParseLimit(rule, limit.constant())};
    case v1::Limit::kZero:
    case v1::Limit::kPredicate:
      return {Limit::kKnown, 0};
    case v1::Limit::kNone:
      return {Limit::kNone};
    case v1::Limit::kSchedule: {
      std::string value = "0";
      for (const auto& step : limit.schedule().steps()) {
        if (*Date::Parse(step.from()) <= through) value = step.value();
      }
      const bool by_date = limit.schedule().steps_size() > 1;
      if (value == "unknown") return {Limit::kUnknown, 0, by_date};
      return {Limit::kKnown, ParseLimit(rule, value), by_date};
    }
    case v1::Limit::kScaled: {
      const v1::Rule& other = FindRule(policy, limit.scaled().rule_id());
      Limit scaled = other.rule_id() == rule.rule_id()
                         ? LimitOn(policy, rule, rule.limit(), key, date,
                                   through, order, whole_through)
                         : LimitOn(policy, other, key_of(other), date, through,
                                   order, whole_through);
      scaled.value = scaled.value * limit.scaled().numerator() /
                     limit.scaled().denominator();
      return scaled;
    }
    case v1::Limit::kShare: {
      const v1::Rule& other = FindRule(policy, limit.share().of_rule_id());
      const Amounts whole = SumThrough(
          TotalsWith(policy, other, order)[key_of(other)], whole_through);
      return {Limit::kKnown, __int128{whole.used + whole.reserved} *
                                 limit.share().parts_per_million() / 1'000'000};
    }
    case v1::Limit::kAuthorized: {
      Limit authorized = AuthorizedBy(rule, key, date);
      if (limit.authorized().denominator() > 0) {
        authorized.value = authorized.value * limit.authorized().numerator() /
                           limit.authorized().denominator();
      }
      return authorized;
    }
    default:
      return {Limit::kUnknown};
  }
}

SlowModel::Limit SlowModel::AuthorizedBy(const v1::Rule& rule, const Key& key,
                                         Date date) const {
  const auto found = licenses_.find(key.group.at(v1::Scope::GROUP_BY_LICENSE));
  if (found == licenses_.end()) return {Limit::kNone};
  const auto line_key = key.group.find(v1::Scope::GROUP_BY_LICENSE_LINE);
  Limit sum = {Limit::kNone};
  for (const v1::LicenseLine& line : found->second.license.lines()) {
    if (line_key != key.group.end() &&
        line_key->second != absl::StrCat(line.line_number())) {
      continue;
    }
    const v1::Product& product = ProductOn(line.product_code(), date);
    __int128 amount = found->second.authorized.at(line.line_number());
    if (rule.measure() == v1::MEASURE_VALUE_USD) {
      if (!line.has_value_usd()) continue;
      amount = line.value_usd();
    } else {
      amount *= product.gpus_per_unit();
      if (rule.measure() != v1::MEASURE_GPUS) {
        if (!product.has_milli_tpp_per_gpu()) return {Limit::kUnknown};
        amount *= product.milli_tpp_per_gpu();
      }
    }
    sum = {Limit::kKnown, sum.value + amount};
  }
  return sum;
}

bool SlowModel::IsOver(const v1::Policy& policy, const v1::Rule& rule,
                       const Key& key, const Dated& before, const Dated& after,
                       const Facts& order, Date date) const {
  // An order has only its own date; a limit that never changes is one for all
  // that counts by any date.
  std::set<Date> dates = {IsByOrder(rule) ? date : Date::Max()};
  if (!IsByOrder(rule) &&
      LimitOn(policy, rule, key, date, date, order).by_date) {
    dates.insert(date);
    for (const auto* dated : {&before, &after}) {
      for (const auto& [each, amounts] : *dated) dates.insert(each);
    }
    for (const v1::Rule& each : policy.rules()) {
      for (const auto& step : each.limit().schedule().steps()) {
        dates.insert(*Date::Parse(step.from()));
      }
      for (const v1::LimitCase& limit_case : each.limit_cases()) {
        for (const auto& step : limit_case.limit().schedule().steps()) {
          dates.insert(*Date::Parse(step.from()));
        }
      }
    }
  }
  return std::any_of(dates.begin(), dates.end(), [&](Date through) {
    if (through < date) return false;
    const Limit limit = LimitOn(policy, rule, key, date, through, order);
    const Amounts was = SumThrough(before, through);
    const Amounts is = SumThrough(after, through);
    if (is.used + is.reserved <= was.used + was.reserved) return false;
    // Under a limit that is not known on the day nothing more is allowed.
    if (limit.kind == Limit::kUnknown) return !limit.by_date || through == date;
    return limit.kind == Limit::kKnown && is.used + is.reserved > limit.value;
  });
}

std::set<SlowModel::Finding> SlowModel::Judge(const SlowModel& model_before,
                                              const Change& change) const {
  std::set<Finding> findings;
  for (const auto& [policy, enforced, rescinded_from] : policies_) {
    for (const v1::Rule& rule : policy.rules()) {
      Notify(model_before, change, policy, rule, findings);
      if (enforced && !change.after.empty()) {
        JudgeConditions(model_before, change, policy, rule, findings);
        JudgeRule(model_before, change, policy, rule, findings);
      }
    }
  }
  return findings;
}

bool SlowModel::IsOverridden(const v1::Policy& policy, const v1::Rule& rule,
                             const Change& change) {
  return rule.enforcement().mode() == v1::Enforcement::MODE_PRESUME_DENIAL &&
         change.overrides.count({policy.policy_id(), rule.rule_id()}) > 0;
}

bool SlowModel::OnlyNotifies(const v1::Rule& rule) {
  return rule.enforcement().mode() == v1::Enforcement::MODE_NOTIFY &&
         (rule.accrual() != v1::ACCRUAL_LICENSED ||
          (rule.measure() != v1::MEASURE_TPP &&
           rule.measure() != v1::MEASURE_REFERENCE_EQUIVALENT)) &&
         rule.test_point() == v1::TEST_POINT_UNSPECIFIED;
}

void SlowModel::Notify(const SlowModel& model_before, const Change& change,
                       const v1::Policy& policy, const v1::Rule& rule,
                       std::set<Finding>& findings) const {
  if (!OnlyNotifies(rule)) return;
  Facts counted;
  for (const Fact& fact : change.after) {
    if (IsOfAccrual(rule, fact)) counted.push_back(fact);
  }
  Totals before = model_before.TotalsWith(policy, rule, {});
  for (const auto& [key, dated] : TotalsWith(policy, rule, counted)) {
    const Amounts was = SumThrough(before[key], Date::Max());
    const Amounts is = SumThrough(dated, Date::Max());
    // An order is one by all its units, also those still on their way.
    const int64_t reached = is.used + (IsByOrder(rule) ? is.reserved : 0);
    if (reached > was.used &&
        reached >= ParseLimit(rule, rule.enforcement().notify_at())) {
      findings.insert(
          {policy.policy_id(), rule.rule_id(), key, v1::VERDICT_NOTICE_DUE});
    }
  }
}

void SlowModel::JudgeConditionsFrom(const SlowModel& model_before,
                                    const Change& change,
                                    const v1::Policy& policy,
                                    const v1::Rule& rule,
                                    std::set<Finding>& findings) const {
  const auto sum = [](const Dated& dated) {
    const Amounts amounts = SumThrough(dated, Date::Max());
    return amounts.used + amounts.reserved;
  };
  Totals before = model_before.TotalsWith(policy, rule, {});
  Totals after = TotalsWith(policy, rule, change.after);
  for (const Fact& fact : change.after) {
    const auto& kinds = rule.required_conditions();
    if (std::all_of(kinds.begin(), kinds.end(), [&](const std::string& kind) {
          return HasMet(fact.license_id, kind, fact.date);
        })) {
      continue;
    }
    Totals touched;
    Add(policy, rule, {fact}, touched);
    for (const auto& [key, ignored] : touched) {
      const auto now = sum(after[key]);
      if (now > sum(before[key]) &&
          now >= ParseLimit(rule, rule.conditions_from())) {
        findings.insert({policy.policy_id(), rule.rule_id(),
                         Key{Date::Min(), key.group}, v1::VERDICT_VIOLATED});
      }
    }
  }
}

void SlowModel::JudgeConditions(const SlowModel& model_before,
                                const Change& change, const v1::Policy& policy,
                                const v1::Rule& rule,
                                std::set<Finding>& findings) const {
  if (!Denies(rule) || IsOverridden(policy, rule, change) ||
      !change.is_shipment) {
    return;
  }
  if (!rule.conditions_from().empty()) {
    return JudgeConditionsFrom(model_before, change, policy, rule, findings);
  }
  // Whatever the accrual, the window and the limit. One item is enough.
  const auto first = std::find_if(
      change.after.begin(), change.after.end(),
      [&](const Fact& fact) { return IsInScope(policy, rule, fact); });
  if (first == change.after.end()) return;
  for (const std::string& kind : rule.required_conditions()) {
    if (HasMet(first->license_id, kind, first->date)) continue;
    findings.insert({policy.policy_id(), rule.rule_id(),
                     Key{Date::Min(), GroupOf(policy, rule, *first)},
                     v1::VERDICT_VIOLATED});
  }
}

void SlowModel::JudgeRule(const SlowModel& model_before, const Change& change,
                          const v1::Policy& policy, const v1::Rule& rule,
                          std::set<Finding>& findings) const {
  if (!Denies(rule)) return;
  const bool overridden = IsOverridden(policy, rule, change);
  const auto report = [&](const std::string& rule_id, const Key& key) {
    findings.insert(
        {policy.policy_id(), rule_id, key,
         overridden ? v1::VERDICT_OVERRIDDEN : v1::VERDICT_VIOLATED});
  };
  const bool is_licensed = rule.accrual() == v1::ACCRUAL_LICENSED;
  const bool tested_at_grant =
      rule.test_point() == v1::TEST_POINT_GRANT ||
      (rule.test_point() == v1::TEST_POINT_UNSPECIFIED && is_licensed);
  const Date date = change.after[0].date;

  // A corrected order is tested by itself, like a new one.
  Totals before = model_before.TotalsWith(policy, rule, {});
  Totals after = TotalsWith(policy, rule, change.after);
  // What the license or shipment itself counts.
  Totals content;
  if (change.is_shipment != is_licensed ||
      (!change.is_shipment && tested_at_grant)) {
    Add(policy, rule, change.after, content);
  }
  if (change.is_shipment && is_licensed) {
    // The order was the license.
    if (IsByOrder(rule)) return;
    if (!tested_at_grant) {
      // A shipment is refused while the total is over its limit, on its date
      // or on a later one.
      Totals touched;
      Add(policy, rule, change.after, touched);
      for (const auto& [key, ignored] : touched) {
        if (IsOver(policy, rule, key, {}, after[key], change.after, date)) {
          report(rule.rule_id(), key);
        }
      }
    }
    // What a revocation gave back is drawn again: a grant of what goes.
    if (change.has_left) return;
  } else if (change.is_shipment == tested_at_grant) {
    return;
  } else if (!is_licensed && tested_at_grant && !IsByOrder(rule)) {
    // What is to be licensed must fit beside the total, also what replaces
    // something that had to.
    Add(policy, rule, change.after, after);
  }

  for (const auto& [key, dated_after] : after) {
    const bool exceeded =
        IsOver(policy, rule, key, before[key], dated_after, change.after, date);
    if (exceeded) report(rule.rule_id(), key);
    // Whoever is passed over needs no figures, nor what has no limit.
    if (overridden ||
        LimitOn(policy, rule, key, date, date, change.after).kind ==
            Limit::kNone) {
      continue;
    }
    const Amounts asked = SumThrough(content[key], Date::Max());
    if (asked.unmeasured_gpus > 0) report("tpp_unknown", {});
    if (asked.unvalued_units > 0) report("value_unknown", {});
  }
}

std::set<SlowModel::Finding> SlowModel::Record(const v1::Command& command,
                                               uint64_t index) {
  const SlowModel model_before = *this;
  Change change;
  switch (command.kind_case()) {
    case v1::Command::kRegisterProduct: {
      const v1::Product& product = command.register_product().product();
      products_[product.product_code()].push_back(product);
      return {};
    }
    case v1::Command::kRegisterParty: {
      const v1::Party& party = command.register_party().party();
      parties_[party.party_id()] = party;
      return {};
    }
    case v1::Command::kChangeCountryGroup: {
      const v1::ChangeCountryGroup& changed = command.change_country_group();
      auto& changes = groups_[changed.group_id()];
      changes.insert(changes.end(), changed.changes().begin(),
                     changed.changes().end());
      return {};
    }
    case v1::Command::kAdoptPolicy: {
      const v1::Policy& policy = command.adopt_policy().policy();
      policies_.push_back({policy, command.adopt_policy().mode() !=
                                       v1::ADOPTION_MODE_REPORT_ONLY});
      // It counts what was recorded before it, too.
      const auto count = [&](auto& counted, const std::string& date) {
        if (PoliciesOn(*Date::Parse(date)).count(policy.policy_id()) > 0) {
          counted.policies.insert(policy.policy_id());
        }
      };
      for (auto& [id, standing] : licenses_) {
        count(standing, standing.license.grant_date());
      }
      for (auto& [name, standing] : shipments_) {
        count(standing, standing.shipment.export_date());
      }
      for (Fact& replaced : replaced_)
        count(replaced, replaced.date.ToString());
      return {};
    }
    case v1::Command::kRescindPolicy:
      for (AdoptedPolicy& adopted : policies_) {
        if (adopted.policy.policy_id() ==
            command.rescind_policy().policy_id()) {
          adopted.rescinded_from =
              *Date::Parse(command.rescind_policy().effective_date());
        }
      }
      return {};
    case v1::Command::kGrantLicense: {
      const v1::License& license = command.grant_license().license();
      StandingLicense& granted = licenses_[license.license_id()];
      granted.license = license;
      granted.authorized = UnitsOf(license);
      granted.policies = PoliciesOn(*Date::Parse(license.grant_date()));
      change.after = FactsOf(granted);
      change.overrides = RulesOf(command.grant_license().overrides());
      return Judge(model_before, change);
    }
    case v1::Command::kAmendLicense: {
      const v1::License& license = command.amend_license().license();
      StandingLicense& amended = licenses_.at(license.license_id());
      for (Fact replaced : FactsOf(amended)) {
        const Move back{replaced.date, amended.authorized[replaced.line], 0};
        for (const Releases& each : kAllReleases) {
          replaced.moves[each].push_back(back);
        }
        replaced_.push_back(replaced);
      }
      amended = {.license = license,
                 .policies = PoliciesOn(*Date::Parse(license.grant_date())),
                 .authorized = UnitsOf(license)};
      change.after = FactsOf(amended);
      change.overrides = RulesOf(command.amend_license().overrides());
      return Judge(model_before, change);
    }
    case v1::Command::kRevokeLicense: {
      const v1::RevokeLicense& revocation = command.revoke_license();
      StandingLicense& revoked = licenses_.at(revocation.license_id());
      const Date date = *Date::Parse(revocation.effective_date());
      for (const auto& part : revocation.parts()) {
        int64_t& units = revoked.authorized[part.line_number()];
        for (const Releases& each : kAllReleases) {
          if (!each.on_revocation) continue;
          std::vector<Move>& moves = revoked.moves[part.line_number()][each];
          revoked.part_moves[index].emplace_back(part.line_number(), each,
                                                 moves.size());
          moves.push_back({date, units, units - part.quantity()});
        }
        units -= part.quantity();
      }
      if (revocation.parts().empty()) {
        End(revocation.license_id(), date, &StandingLicense::revoked);
        revoked.revocation = index;
      }
      return Judge(model_before, change);
    }
    case v1::Command::kCorrectLicenseChange: {
      const v1::CorrectLicenseChange& correction =
          command.correct_license_change();
      StandingLicense& corrected = licenses_.at(correction.license_id());
      const uint64_t changed = correction.change_index();
      const Date date = *Date::Parse(correction.effective_date());
      if (const auto part = corrected.part_moves.find(changed);
          part != corrected.part_moves.end()) {
        for (const auto& [line, each, place] : part->second) {
          corrected.moves[line][each][place].date = date;
        }
      }
      if (corrected.revocation != changed) return {};
      for (const auto& [line, by_rules] : corrected.end_moves) {
        for (const auto& [each, place] : by_rules) {
          if (each.on_revocation) {
            corrected.moves[line][each][place].date = date;
          }
        }
      }
      return {};
    }
    case v1::Command::kRecordCondition:
      conditions_[command.record_condition().license_id()].push_back(
          command.record_condition().condition());
      return {};
    case v1::Command::kVoidLicense: {
      const std::string& id = command.void_license().license_id();
      // From issuance, also what an earlier end gave back.
      StandingLicense& license = licenses_.at(id);
      const Date granted = *Date::Parse(license.license.grant_date());
      for (auto& [line, by_rules] : license.end_moves) {
        for (const auto& [each, place] : by_rules) {
          if (each.on_revocation) {
            license.moves[line][each][place].date = granted;
          }
        }
      }
      End(id, granted, &StandingLicense::revoked);
      return Judge(model_before, change);
    }
    case v1::Command::kExpireLicense: {
      const std::string& id = command.expire_license().license_id();
      const Date last = *Date::Parse(licenses_.at(id).license.expiry_date());
      End(id, Date::FromDays(last.days() + 1), &StandingLicense::expired);
      return Judge(model_before, change);
    }
    case v1::Command::kRecordShipment: {
      const v1::RecordShipment& recorded = command.record_shipment();
      const StandingShipment shipped = Ship(recorded.shipment());
      MoveCharges(shipped, 1);
      change.after = FactsOf(shipped);
      change.is_shipment = true;
      change.has_left = recorded.assurance() == v1::ASSURANCE_AFTER_THE_FACT;
      change.overrides = RulesOf(recorded.overrides());
      shipments_[{recorded.shipment().exporter(),
                  recorded.shipment().shipment_reference()}] = shipped;
      return Judge(model_before, change);
    }
    case v1::Command::kCorrectShipment: {
      const v1::CorrectShipment& corrected = command.correct_shipment();
      StandingShipment& standing =
          shipments_.at({corrected.shipment().exporter(),
                         corrected.shipment().shipment_reference()});
      MoveCharges(standing, -1);
      standing.lines.assign(standing.lines.size(), 0);
      const StandingShipment anew = Ship(corrected.shipment());
      MoveCharges(anew, 1);
      standing = anew;
      change.after = FactsOf(standing);
      change.is_shipment = true;
      change.has_left = corrected.assurance() == v1::ASSURANCE_AFTER_THE_FACT;
      change.overrides = RulesOf(corrected.overrides());
      return Judge(model_before, change);
    }
    case v1::Command::kVoidShipment: {
      const auto voided =
          shipments_.find({command.void_shipment().exporter(),
                           command.void_shipment().shipment_reference()});
      MoveCharges(voided->second, -1);
      shipments_.erase(voided);
      return {};
    }
    // Whether a license authorizes an export is not the rules' matter.
    case v1::Command::kSuspendLicense:
    case v1::Command::kReinstateLicense:
      return {};
    default:
      std::abort();
  }
}

std::map<SlowModel::Key, SlowModel::Amounts> SlowModel::TotalsOf(
    const v1::Policy& policy, const v1::Rule& rule, Date through) const {
  std::map<Key, Amounts> totals;
  for (const auto& [key, dated] : TotalsWith(policy, rule, {})) {
    const Amounts sum = SumThrough(dated, through);
    if (sum != Amounts()) totals[key] = sum;
  }
  return totals;
}

std::optional<int64_t> SlowModel::LimitOf(const v1::Policy& policy,
                                          const v1::Rule& rule, const Key& key,
                                          Date date, Date whole_through) const {
  const Limit limit = LimitOn(policy, rule, key, date, date, {}, whole_through);
  if (limit.kind != Limit::kKnown) return std::nullopt;
  return static_cast<int64_t>(limit.value);
}

SlowModel::Group SlowModel::GroupFrom(const v1::Rule& rule,
                                      const v1::GroupKey& group) {
  Group values;
  for (const int key : rule.scope().group_by()) {
    std::string& value = values[static_cast<v1::Scope::GroupBy>(key)];
    switch (key) {
      case v1::Scope::GROUP_BY_DESTINATION_COUNTRY:
        value = group.destination_country();
        break;
      case v1::Scope::GROUP_BY_LICENSE:
        value = group.license_id();
        break;
      case v1::Scope::GROUP_BY_HEADQUARTERS_COUNTRY:
        value = group.headquarters_country();
        break;
      case v1::Scope::GROUP_BY_EXPORTER:
        value = group.exporter();
        break;
      case v1::Scope::GROUP_BY_CONSIGNEE:
        value = group.consignee();
        break;
      case v1::Scope::GROUP_BY_END_USER:
        value = group.end_user();
        break;
      case v1::Scope::GROUP_BY_ULTIMATE_PARENT:
        value = group.ultimate_parent();
        break;
      case v1::Scope::GROUP_BY_PRODUCT:
        value = group.product_code();
        break;
      case v1::Scope::GROUP_BY_COUNTRY_GROUP:
        value = group.country_group();
        break;
      case v1::Scope::GROUP_BY_LICENSE_LINE:
        value = absl::StrCat(group.license_line());
        break;
      default:
        std::abort();
    }
  }
  return values;
}

}  // namespace chipledger::testing
