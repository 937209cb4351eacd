// The limit of a total, by date.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_LIMIT_OF_H_
#define CHIPLEDGER_LEDGER_DOMAIN_LIMIT_OF_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "ledger/base/date.h"
#include "ledger/domain/catalog.h"
#include "ledger/domain/license_state.h"
#include "ledger/domain/policy.h"
#include "ledger/domain/state.h"

namespace chipledger::domain {

// How a limit goes over time.
struct LimitCurve {
  // Whether there is one.
  bool has_limit = false;
  // Until the first step; unset: not known.
  std::optional<int64_t> first;
  // Ascending.
  std::vector<CompiledLimit::Step> steps;

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
  // For a limit by license line; null: there is no such license.
  const LicenseState* license;
  // Returns what is used and reserved of another total of the policy: the whole
  // of a share, after the event that is tested.
  absl::FunctionRef<std::optional<int64_t>(const TotalKey& whole)> whole_after;
};

// Returns the limit; nothing when it does not fit 64 bits.
std::optional<LimitCurve> FindLimit(const LimitOf& of);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_LIMIT_OF_H_
