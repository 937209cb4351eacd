// Assessing one event against the policies in force: what it adds to which
// total, and which limits that exceeds.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_ASSESSMENT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_ASSESSMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "chipledger/v1/evidence.pb.h"
#include "google/protobuf/repeated_field.h"
#include "ledger/base/date.h"
#include "ledger/domain/charge.h"
#include "ledger/domain/evaluation.h"
#include "ledger/domain/rules/fact.h"
#include "ledger/domain/rules/limit.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

using Overrides = google::protobuf::RepeatedPtrField<v1::Override>;

// What a fact does to the totals of each accrual.
enum class Occasion {
  // LICENSED: used. Others with TEST_POINT_GRANT: only tested.
  kGrant,
  // EXPORTED: used. RECEIVED, INSTALLED_NET: reserved. LICENSED with
  // TEST_POINT_SHIPMENT: tested without an amount. Required conditions are
  // checked.
  kShipment,
  // As kShipment, but all of it is reserved.
  kReservation,
  // INSTALLED_NET: used.
  kInstalled,
  // As kInstalled, of units that may go again.
  kDiversion,
};

// What an amount is tested for.
enum class Test {
  // That the total stays within its limit.
  kLimit,
  // That the total is within its limit already; the amount is 0.
  kStanding,
  // Nothing: it is only counted.
  kNothing,
};

// Assessment judges one event and fills its evidences. First
// amounts are gathered, with Count, CountBack and MoveUnits; then Judge
// evaluates them together, so that a share is tested with both its totals after
// the event. Several rounds may follow each other, each with its evidence;
// later ones see what earlier ones added.
//
// Lifecycle: lives for one decision; the state must not change meanwhile, and
// facts must live until they are judged.
class Assessment {
 public:
  // `date` is the event's own date: evaluations of amounts that count by it do
  // not repeat it. Unset: the event has none. `overrides` may be null.
  Assessment(const State& state, std::optional<Date> date,
             const Overrides* overrides)
      : state_(state), date_(date), overrides_(overrides) {}

  // Whether a rule counts or tests anything on an occasion, or requires
  // conditions.
  static bool LooksAt(const CompiledRule& rule, Occasion occasion);

  // Gathers what facts, which are all of a command, count under every rule.
  // Whose part later movements need is kept in the evaluations: for kGrant of
  // LICENSED rules; for kShipment of RECEIVED and INSTALLED_NET rules, and of
  // EXPORTED rules where a return counts back.
  // Errors: TOTAL_OVERFLOW.
  absl::Status Count(absl::Span<const Fact> facts, Occasion occasion,
                     Test test);

  // The same under one policy and with another catalog than the state's: what a
  // policy that was adopted late counts of an event before its adoption.
  absl::Status CountUnder(const Catalog& catalog, const CompiledPolicy& policy,
                          absl::Span<const Fact> facts, Occasion occasion,
                          Test test);

  // Gathers the opposite of every evaluation of an earlier evidence that moved
  // a total, and that the caller wants (null: all). Totals of ACCRUAL_LICENSED
  // are left: they move with what is drawn (see LicenseDraws). `earlier_date`
  // is its event's own date. Errors: DATA_DAMAGED.
  absl::Status CountBack(const v1::Evidence& earlier, Date earlier_date,
                         bool (*wants)(const Evaluation&));
  // The same, but from a date on, in the windows of that date: until then it
  // stays counted.
  absl::Status CountBackFrom(const v1::Evidence& earlier, Date from,
                             bool (*wants)(const Evaluation&));

  // Gathers the change of a charge when `from` of its units became `to`, in one
  // part of the total, by a date. What is used of receipts and of the installed
  // base counts in the window of that date, all else in that of the charge.
  // Errors: TOTAL_OVERFLOW, DATA_DAMAGED.
  absl::Status MoveUnits(const Charge& charge, v1::Balance balance, Date date,
                         int64_t from, int64_t to, Test test) {
    return MoveUnits(charge, balance, date, UnitRange{.end = from},
                     UnitRange{.end = to}, test);
  }
  // The same of units of the item that are not its first ones.
  absl::Status MoveUnits(const Charge& charge, v1::Balance balance, Date date,
                         UnitRange from, UnitRange to, Test test);

  // Evaluates what was gathered since the last Judge, one evaluation a total,
  // part and date, in the order of totals, into `evidence`.
  // Errors: TOTAL_OVERFLOW.
  absl::Status Judge(v1::Evidence& evidence);

  // Notes that a check of the license was not passed.
  void Violate() { violated_ = true; }

  // Whether anything that was judged so far refuses the event.
  bool violated() const { return violated_; }

 private:
  // A condition that a fact has not met. Borrows from the rule and the fact.
  struct UnmetCondition {
    const std::string* kind = nullptr;
    // Of the license that has not met it; empty when none was granted.
    absl::string_view license_id;
  };
  // An amount for one total that waits to be judged, or was judged.
  struct Addition {
    const CompiledPolicy* policy;
    const CompiledRule* rule;
    const Catalog* catalog;
    TotalKey key;
    v1::Balance balance;
    Date date;
    int64_t amount = 0;
    int64_t unmeasured_gpus = 0;
    Test test = Test::kLimit;
    // The license of a limit by license line; may be null.
    const LicenseState* license = nullptr;
    // A product whose figure is not known, or an item without a value.
    absl::string_view unknown_product;
    // A condition that the rule requires, and only reports, is not met.
    bool misses_condition = false;
    // Those that are not met, of a rule that requires them from an amount on.
    std::vector<UnmetCondition> unmet;
    // The items whose part can be moved later; all of them once their number is
    // that of the command's.
    absl::InlinedVector<int32_t, 2> items;

    // Whether it moves a total that is stored.
    bool Moves() const {
      return balance != v1::BALANCE_NONE && !rule->window.IsPerOrder();
    }
    Amounts Added() const {
      return AmountsOf(balance, amount, unmeasured_gpus);
    }
  };
  // How a rule counts an occasion.
  struct Part {
    v1::Balance balance;
    Test test;
    bool has_amount;
    bool has_charge;
  };
  static const Part kOnlyReported;
  // What is being counted: a fact under a rule.
  struct Counting {
    const Catalog& catalog;
    const CompiledPolicy& policy;
    const CompiledRule& rule;
    const Fact& fact;
    Part part;
    int32_t window_start;
    // Unset: it depends on the item.
    std::optional<std::string> group;
    bool misses_condition;
    // See Addition.
    std::vector<UnmetCondition> unmet;
  };
  // A total against its limit, before an addition.
  struct Standing {
    int64_t used = 0;
    int64_t reserved = 0;
    // Unset: none, or not known.
    std::optional<int64_t> limit;
    bool unknown_limit = false;
    Date binding_date;
    int64_t headroom = 0;
    // What is left is below 0 after the addition, and the event adds more to
    // the total than it takes back.
    bool exceeded = false;
    bool event_adds = false;
  };

  // What is added to a total on a date: before an addition, and by the whole
  // event.
  struct Day {
    Date date;
    Amounts before;
    int64_t net = 0;
  };

  // An amount that a stored event names the total of. An amount that is unset
  // leaves int64.
  struct Gathered {
    uint64_t policy_index;
    uint32_t rule;
    int32_t window_start;
    const v1::GroupKey& group;
    v1::Balance balance;
    Date date;
    std::optional<int64_t> amount;
    std::optional<int64_t> unmeasured_gpus;
    Test test;
  };

  static std::optional<Part> PartOf(const CompiledRule& rule, Occasion occasion,
                                    Test test);
  absl::Status CountRule(const Catalog& catalog, const CompiledPolicy& policy,
                         const CompiledRule& rule, absl::Span<const Fact> facts,
                         Occasion occasion, Test test);
  // Counts an item, or the part of it on one line, if the rule does.
  absl::Status CountItem(Counting& counting, const CountedItem& item);
  // Whether a condition is met on the fact's date by its license, or by a party
  // of it or one that owns them.
  bool IsMet(const std::string& kind, const Catalog& catalog,
             const Fact& fact) const;
  // The conditions that the rule requires of a fact of which it counts an item,
  // and that are not met.
  std::vector<UnmetCondition> FindUnmet(const Catalog& catalog,
                                        const CompiledPolicy& policy,
                                        const CompiledRule& rule,
                                        const Fact& fact, Test test) const;
  // Makes a condition part of the next evidence, where the rule refuses without
  // it.
  void Miss(const CompiledPolicy& policy, const CompiledRule& rule,
            absl::string_view group, const UnmetCondition& unmet);
  // Errors: TOTAL_OVERFLOW, DATA_DAMAGED.
  absl::Status Gather(const Gathered& more);
  absl::Status GatherOpposite(const Evaluation& evaluation,
                              int32_t window_start, Date date);
  // Calls `visit` with the evaluations that CountBack takes, and their rules,
  // which are null for what no policy has.
  absl::Status VisitCounted(
      const v1::Evidence& evidence, bool (*wants)(const Evaluation&),
      absl::FunctionRef<absl::Status(const Evaluation&, const CompiledRule*)>
          visit) const;
  absl::Status UnknownRule(uint64_t policy_index, uint32_t rule) const;
  Addition& AdditionTo(Addition to);
  const v1::Override* FindOverride(const CompiledPolicy& policy,
                                   const CompiledRule& rule) const;

  absl::Status JudgeAddition(size_t place, EvaluationWriter& writer);
  // Calls visit(place) for every addition so far that moves the total of the
  // one at `place`, in their order.
  template <typename Visit>
  void VisitMovesOf(size_t place, Visit&& visit) const;
  // Whether folding can add the addition after those before it: to the total
  // and to its date. `total` is the total so far, or null. Errors:
  // TOTAL_OVERFLOW.
  absl::Status CheckFits(size_t place, const Total* total) const;
  absl::StatusOr<Standing> Stand(size_t place, const Total* total,
                                 const LimitCurve& curve) const;
  absl::StatusOr<Standing> StandBySchedule(size_t place, const Total* total,
                                           const LimitCurve& curve) const;
  std::vector<Day> DaysOf(size_t place, const Total* total,
                          const LimitCurve& curve) const;
  // Compares what stands and an amount with a limit. False when it leaves 64
  // bits.
  static bool Compare(std::optional<int64_t> limit, int64_t amount,
                      Standing& standing);
  absl::StatusOr<LimitCurve> LimitFor(const Addition& addition) const;
  // Whether the event adds to a total and brings it to an amount; with what is
  // reserved, or without.
  enum class Counts { kUsed, kAlsoReserved };
  bool Reaches(const Addition& addition, const Standing& standing,
               int64_t amount, Counts counts) const;
  // Whether what the event adds reaches the threshold of a rule that notifies.
  bool IsNoticeDue(const Addition& addition, const Standing& standing) const;
  // The items of an addition, in `set`; null when there are none.
  const v1::ItemSet* ItemsOf(const Addition& addition, v1::ItemSet& set) const;
  static void SetLimit(const Standing& standing, const CompiledRule& rule,
                       Evaluation& evaluation);
  // Sets the verdict and what it rests on.
  void Decide(const Addition& addition, const LimitCurve& curve,
              const Standing& standing, Evaluation& evaluation);

  const State& state_;
  const std::optional<Date> date_;
  const Overrides* overrides_;
  std::vector<Addition> additions_;
  // Additions before this one were judged.
  size_t judged_ = 0;
  // Of the command that was counted last.
  size_t items_ = 0;
  // While a round is judged: where its additions begin.
  size_t round_begin_ = 0;
  // Wait for the next evidence.
  std::vector<v1::MissingCondition> missing_conditions_;
  bool violated_ = false;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_ASSESSMENT_H_
