// Dimension 5 of a rule: its limits. limit.cc is the one place of the engine
// that tells the kinds of limits apart.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_RULES_LIMIT_H_
#define CHIPLEDGER_LEDGER_DOMAIN_RULES_LIMIT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/headroom_service.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"
#include "ledger/domain/check.h"
#include "ledger/domain/rules/measure.h"
#include "ledger/domain/rules/scope.h"
#include "ledger/domain/rules/total_key.h"

namespace chipledger::domain {

struct LicenseState;

// How a limit goes over time.
struct LimitCurve {
  struct Step {
    Date from;
    // In the measure's unit. Unset: not known.
    std::optional<int64_t> value;
  };
  // Whether there is one.
  bool has_limit = false;
  // Until the first step; unset: not known.
  std::optional<int64_t> first;
  // Ascending.
  std::vector<Step> steps;

  // Whether it changes by date, so that a total is tested through each date.
  bool IsSchedule() const { return !steps.empty(); }
  // The limit on a date; unset: none, or not known.
  std::optional<int64_t> On(Date date) const;
};

// Which total's limit is asked for.
struct LimitOf {
  const Catalog& catalog;
  const CompiledPolicy& policy;
  const CompiledRule& rule;
  const TotalKey& key;
  // The date that decides which limit case matches.
  Date date;
  // For what a license authorizes; null: there is no such license.
  const LicenseState* license;
  // Returns what is used and reserved of another total of the policy: the whole
  // of a share, after the event that is tested.
  absl::FunctionRef<std::optional<int64_t>(const TotalKey& whole)> whole_after;
};

// A limit made ready; see v1::Limit. Immutable.
class CompiledLimit {
 public:
  virtual ~CompiledLimit() = default;

  // Returns the limit of a total; nothing when it does not fit 64 bits.
  virtual std::optional<LimitCurve> CurveOf(const LimitOf& of) const = 0;
  // Returns the value where the rule alone says it, so that evidence need not.
  virtual std::optional<int64_t> constant() const { return std::nullopt; }
  // Says what the limit depends on, on a date, in what a row tells of it.
  virtual void Bind(const LimitOf&, Date /*on*/, v1::LimitBinding&) const {}
  // Returns how much still fits beside what is taken, where that is more than
  // the limit leaves, because the limit grows with it; else nothing.
  virtual std::optional<int64_t> StillFits(const LimitOf&,
                                           int64_t /*taken*/) const {
    return std::nullopt;
  }
  // Whether it says anything about an item of a fact; else the item does not
  // count.
  virtual bool Concerns(const CompiledMeasure&, const Fact&,
                        const CountedItem&) const {
    return true;
  }
  // Whether it allows an item, which then counts 0.
  virtual bool Allows(const CountedItem&) const { return false; }
};

// A limit of some destinations; see v1::LimitCase.
struct CompiledLimitCase {
  CompiledFactFilter where;
  std::shared_ptr<const CompiledLimit> limit;
};

// Checks the limit of a rule and those of its cases; `path` is the rule's.
void CheckLimits(const v1::Policy& policy, const v1::Rule& rule,
                 const std::string& path, FieldChecks& checks);
// Checks that no limit depends on itself through others and, if nothing is
// wrong so far, that each fits 64 bits; `path` is the policy's.
void CheckLimitsTogether(const v1::Policy& policy, absl::string_view path,
                         FieldChecks& checks);

// Makes a limit of a rule ready: its own, or one of a case.
std::shared_ptr<const CompiledLimit> CompileLimit(const v1::Limit& limit,
                                                  const v1::Policy& policy,
                                                  const v1::Rule& rule);

// Returns the limit of a total; nothing when it does not fit 64 bits.
std::optional<LimitCurve> FindLimit(const LimitOf& of);

// Returns how much still fits in a total of which so much is taken, where that
// is more than its limit leaves; see CompiledLimit::StillFits.
std::optional<int64_t> FindStillFits(const LimitOf& of, int64_t taken);

// Returns what sets that limit on a date; nothing when the rule's own number
// says it all.
std::optional<v1::LimitBinding> FindLimitBinding(const LimitOf& of, Date on);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_RULES_LIMIT_H_
