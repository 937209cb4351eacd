// The rules of policies once more, written from their description alone, to be
// compared with the engine: for each question everything that stands is gone
// through anew.
#ifndef CHIPLEDGER_TESTS_DOMAIN_SLOW_MODEL_H_
#define CHIPLEDGER_TESTS_DOMAIN_SLOW_MODEL_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "chipledger/v1/command.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"

namespace chipledger::testing {

// SlowModel says what the rules find about commands, and what every total is.
// That a command is possible is taken for granted: licenses, products and
// parties are there, revoked parts were available, and so on.
//
// Not modeled: re-exports, transfers and what becomes of goods; reservations;
// licenses that the ledger chooses; two lines of a license with one product and
// destination; changes of the catalog after the first fact; when reports are
// due; limits of license lines; what is only reported.
//
// A value: a copy answers what would be if.
class SlowModel {
 public:
  // What is in a total.
  struct Amounts {
    int64_t used = 0;
    int64_t reserved = 0;
    // GPUs whose TPP is not known, and units whose value is not.
    int64_t unmeasured_gpus = 0;
    int64_t unvalued_units = 0;
    auto operator<=>(const Amounts&) const = default;
  };

  // The values of a rule's keys.
  using Group = std::map<v1::Scope::GroupBy, std::string>;

  // Which total of a rule. Date::Min() starts a window without ends.
  struct Key {
    Date window_start = Date::Min();
    Group group;
    auto operator<=>(const Key&) const = default;
  };

  // A limit that is exceeded, a figure that a rule would have needed, or a
  // threshold of notice that is reached.
  struct Finding {
    std::string policy_id;
    // Or "tpp_unknown", "value_unknown"; these have no key.
    std::string rule_id;
    Key key;
    v1::Verdict verdict;
    auto operator<=>(const Finding&) const = default;
  };

  // Records a command, as entry `index`, as if nothing refused it. Returns what
  // the rules find.
  std::set<Finding> Record(const v1::Command& command, uint64_t index);

  // What is in every total of a rule that holds anything, of what is dated not
  // after a date.
  std::map<Key, Amounts> TotalsOf(const v1::Policy& policy,
                                  const v1::Rule& rule,
                                  Date through = Date::Max()) const;
  // The limit of a total through a date, of facts of that date; nothing when
  // there is none or it is not known. The whole of a share is what counts
  // through another date.
  std::optional<int64_t> LimitOf(const v1::Policy& policy, const v1::Rule& rule,
                                 const Key& key, Date date,
                                 Date whole_through = Date::Max()) const;

  // Whether the model says when notice is due by the rule. It does not say what
  // a shipment draws on a revoked license without a known TPP.
  static bool OnlyNotifies(const v1::Rule& rule);
  // The rule's keys in a message.
  static Group GroupFrom(const v1::Rule& rule, const v1::GroupKey& group);

 private:
  struct AdoptedPolicy {
    v1::Policy policy;
    bool enforced;
    Date rescinded_from = Date::Max();
  };
  // Of the units of a line that count, `from` became `to`.
  struct Move {
    Date date;
    int64_t from;
    int64_t to;
  };
  // Whether a rule releases what was not shipped on a revocation, and on an
  // expiry.
  struct Releases {
    bool on_revocation;
    bool on_expiry;
    auto operator<=>(const Releases&) const = default;
  };
  static constexpr Releases kAllReleases[] = {
      {false, false}, {true, false}, {false, true}, {true, true}};
  // What becomes of the units that count, under each kind of rule.
  using Moves = std::map<Releases, std::vector<Move>>;
  struct StandingLicense {
    v1::License license;
    // The policies that count it.
    std::set<std::string> policies;
    // By line: units that are authorized, and what became of those that count.
    std::map<int, int64_t> authorized;
    std::map<int, Moves> moves;
    // Which of these its end made, for a rule that it released something of.
    std::map<int, std::map<Releases, size_t>> end_moves;
    // Which moves the revocation in part of an entry made.
    std::map<uint64_t, std::vector<std::tuple<int, Releases, size_t>>>
        part_moves;
    // The entry of its whole revocation.
    std::optional<uint64_t> revocation;
    // Also when it is void.
    bool revoked = false;
    bool expired = false;

    // Whether it has ended, for such a rule: what was shipped counts.
    bool HasReleased(const Releases& releases) const {
      return (revoked && releases.on_revocation) ||
             (expired && releases.on_expiry);
    }
  };
  struct StandingShipment {
    v1::Shipment shipment;
    // The policies that count it.
    std::set<std::string> policies;
    // The lines of the license that its items were drawn from; 0: none. And
    // whether these stated a value.
    std::vector<int> lines;
    std::vector<bool> lines_have_value;
    // Of the license, if it was granted by then.
    std::optional<Date> grant_date;
  };
  using ShipmentName = std::pair<std::string, std::string>;

  // One line of a license or one item of a shipment.
  struct Fact {
    bool is_licensed = false;
    Date date;
    std::string destination;
    std::string exporter;
    std::vector<std::string> consignees;
    std::vector<std::string> end_users;
    v1::AuthorizationKind kind;
    std::string license_id;
    std::optional<Date> grant_date;
    int line = 0;
    bool line_has_value = false;
    std::string product_code;
    int64_t units = 0;
    std::optional<int64_t> value;
    Moves moves;
    // The policies that count it.
    std::set<std::string> policies;
  };
  using Facts = std::vector<Fact>;

  // What counts in a total by which date.
  using Dated = std::map<Date, Amounts>;
  using Totals = std::map<Key, Dated>;

  struct Limit {
    enum Kind { kKnown, kNone, kUnknown } kind;
    __int128 value = 0;
    // Whether it changes, so that totals are tested through every date.
    bool by_date = false;
  };

  // What is judged: a license or a shipment as it is from now on.
  struct Change {
    Facts after;
    bool is_shipment = false;
    bool has_left = false;
    std::set<std::pair<std::string, std::string>> overrides;
  };

  // The catalog.
  const v1::Product& ProductOn(const std::string& code, Date date) const;
  std::string ParentOf(const std::string& party, Date date) const;
  std::string HeadquartersOf(const std::string& party, Date date) const;
  bool IsInGroup(const std::string& country, const std::string& group,
                 Date date) const;
  // Whether the country is in one of them.
  template <typename Names>
  bool IsInAny(const std::string& country, const Names& groups,
               Date date) const;

  // What stands.
  std::set<std::string> PoliciesOn(Date date) const;
  int64_t ShippedUnder(const std::string& license_id, int line) const;
  Facts FactsOf(const StandingLicense& license) const;
  Facts FactsOf(const StandingShipment& shipment) const;
  Facts AllFacts() const;
  StandingShipment Ship(const v1::Shipment& shipment) const;
  // From a date on, what was shipped under a license counts.
  void End(const std::string& license_id, Date date,
           bool StandingLicense::*how);
  // Moves the charges of an ended license with what is shipped under it;
  // before the shipment stands or stands no more.
  void MoveCharges(const StandingShipment& shipment, int sign);

  // What a license authorizes by a rule's measure, in a total of its.
  Limit AuthorizedBy(const v1::Rule& rule, const Key& key, Date date) const;

  // A fact and a rule.
  bool Matches(const v1::ItemFilter& filter, const Fact& fact) const;
  bool DestinationMatches(const v1::FactFilter& filter,
                          const std::string& destination, Date date) const;
  bool Matches(const v1::Policy& policy, const v1::FactFilter& filter,
               const Fact& fact) const;
  bool IsExempt(const v1::Policy& policy, const v1::Exemption& exemption,
                const Fact& fact) const;
  std::optional<Date> WindowStart(const v1::Rule& rule, const Fact& fact) const;
  Group GroupOf(const v1::Policy& policy, const v1::Rule& rule,
                const Fact& fact) const;
  bool IsInScope(const v1::Policy& policy, const v1::Rule& rule,
                 const Fact& fact) const;
  // The total that the fact belongs to, whatever the accrual.
  std::optional<Key> KeyOf(const v1::Policy& policy, const v1::Rule& rule,
                           const Fact& fact) const;
  // What some of the fact's units count.
  Amounts AmountsOf(const v1::Rule& rule, const Fact& fact,
                    int64_t units) const;

  // Whether an authorization had met a condition that holds on the date.
  bool HasMet(const std::string& license_id, const std::string& kind,
              Date date) const;

  // Totals and limits.
  static bool IsOfAccrual(const v1::Rule& rule, const Fact& fact);
  void Add(const v1::Policy& policy, const v1::Rule& rule, const Facts& facts,
           Totals& totals) const;
  // Of all facts; for a rule by order, of those of the order.
  Totals TotalsWith(const v1::Policy& policy, const v1::Rule& rule,
                    const Facts& order) const;
  // `date` is that of the fact that is judged, `through` the last that counts,
  // `whole_through` the last of the whole of a share.
  Limit LimitOn(const v1::Policy& policy, const v1::Rule& rule, const Key& key,
                Date date, Date through, const Facts& order,
                Date whole_through = Date::Max()) const;
  Limit LimitOn(const v1::Policy& policy, const v1::Rule& rule,
                const v1::Limit& limit, const Key& key, Date date, Date through,
                const Facts& order, Date whole_through) const;

  // Judging.
  void Notify(const SlowModel& model_before, const Change& change,
              const v1::Policy& policy, const v1::Rule& rule,
              std::set<Finding>& findings) const;
  // Whether the total is over its limit on the date or a later one, and more is
  // in it by then than before.
  bool IsOver(const v1::Policy& policy, const v1::Rule& rule, const Key& key,
              const Dated& before, const Dated& after, const Facts& order,
              Date date) const;
  std::set<Finding> Judge(const SlowModel& model_before,
                          const Change& change) const;
  static bool IsOverridden(const v1::Policy& policy, const v1::Rule& rule,
                           const Change& change);
  // Of a rule that requires them from an amount on.
  void JudgeConditionsFrom(const SlowModel& model_before, const Change& change,
                           const v1::Policy& policy, const v1::Rule& rule,
                           std::set<Finding>& findings) const;
  void JudgeConditions(const SlowModel& model_before, const Change& change,
                       const v1::Policy& policy, const v1::Rule& rule,
                       std::set<Finding>& findings) const;
  void JudgeRule(const SlowModel& model_before, const Change& change,
                 const v1::Policy& policy, const v1::Rule& rule,
                 std::set<Finding>& findings) const;

  // Revisions, in the order recorded.
  std::map<std::string, std::vector<v1::Product>> products_;
  std::map<std::string, v1::Party> parties_;
  std::map<std::string, std::vector<v1::MembershipChange>> groups_;
  std::vector<AdoptedPolicy> policies_;
  std::map<std::string, StandingLicense> licenses_;
  // By license.
  std::map<std::string, std::vector<v1::Condition>> conditions_;
  // What amendments replaced. What had been revoked in part stays charged
  // where revocations keep the charge.
  Facts replaced_;
  std::map<ShipmentName, StandingShipment> shipments_;
};

}  // namespace chipledger::testing

#endif  // CHIPLEDGER_TESTS_DOMAIN_SLOW_MODEL_H_
