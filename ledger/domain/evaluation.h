// Evaluations: how each total stood that an event touched. The only code that
// knows the columns of v1::TouchedTotals.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_EVALUATION_H_
#define CHIPLEDGER_LEDGER_DOMAIN_EVALUATION_H_

#include <cstdint>
#include <optional>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "chipledger/v1/evidence.pb.h"
#include "google/protobuf/repeated_field.h"
#include "ledger/base/date.h"
#include "ledger/domain/dated_sums.h"
#include "ledger/domain/rules/group_key.h"
#include "ledger/domain/rules/policy.h"

namespace chipledger::domain {

// What an amount adds to the part of a total that a balance names.
// Requires: it names one.
inline Amounts AmountsOf(v1::Balance balance, int64_t amount,
                         int64_t unmeasured_gpus) {
  Amounts amounts{.unmeasured_gpus = unmeasured_gpus};
  (balance == v1::BALANCE_RESERVED ? amounts.reserved : amounts.used) = amount;
  return amounts;
}

// One row of v1::TouchedTotals, whose fields say more. Borrows the group, the
// product and the items from where it was read or made.
struct Evaluation {
  uint64_t policy_index = 0;
  uint32_t rule = 0;
  // As in a TotalKey.
  int32_t window_start = 0;
  const v1::GroupKey* group = nullptr;
  v1::Balance balance = v1::BALANCE_USED;
  int64_t used = 0;
  int64_t reserved = 0;
  int64_t asked = 0;
  int64_t unmeasured_gpus = 0;
  v1::LimitSource limit_source = v1::LIMIT_SOURCE_RULE;
  // With LIMIT_SOURCE_EVENT.
  int64_t limit = 0;
  v1::Verdict verdict = v1::VERDICT_WITHIN_LIMIT;
  // Unset: the event's own date.
  std::optional<Date> date;
  // Unset: the amount's date.
  std::optional<Date> binding_date;
  // Empty: every figure was known, or nothing depended on it.
  absl::string_view unknown_product;
  // Those whose part can be moved; null: none.
  const v1::ItemSet* items = nullptr;

  // Whether it moved its total, or would have.
  bool Moves() const {
    return balance != v1::BALANCE_NONE && (asked != 0 || unmeasured_gpus != 0);
  }
  // What it adds to its total. Requires: it has a balance.
  Amounts Added() const { return AmountsOf(balance, asked, unmeasured_gpus); }
};

// The limit that an evaluation was judged by; unset: none, or not known. `rule`
// is its rule.
std::optional<int64_t> JudgedLimit(const Evaluation& evaluation,
                                   const CompiledRule& rule);

// What is left under a limit before the event, and after it. What was judged
// fits; of what is damaged, the nearest that does.
int64_t HeadroomBefore(const Evaluation& evaluation, int64_t limit);
int64_t HeadroomAfter(const Evaluation& evaluation, int64_t limit);

// The rows of an evidence, in blocks.
using TouchedTotals = google::protobuf::RepeatedPtrField<v1::TouchedTotals>;

// Appends a row; the group is copied.
void AppendEvaluation(const Evaluation& evaluation, TouchedTotals& totals);

// EvaluationWriter appends rows whose groups are encoded (see group_key.h), and
// makes each group's key once.
//
// Lifecycle: the encoded groups and the keys must outlive it; nobody else
// changes the totals meanwhile.
class EvaluationWriter {
 public:
  explicit EvaluationWriter(TouchedTotals& totals) : totals_(totals) {}

  // `evaluation` names no group.
  void Append(const Evaluation& evaluation, const GroupKeys& keys,
              absl::string_view group);

 private:
  struct Written {
    const GroupKeys* keys;
    absl::string_view group;
    uint32_t place;
  };
  uint32_t PlaceOf(const GroupKeys& keys, absl::string_view group,
                   v1::TouchedTotals& block);

  TouchedTotals& totals_;
  // Of the last block.
  absl::InlinedVector<Written, 8> written_;
};

// Calls `visit` with each row in order, until it returns false. Columns that
// speak of rows, windows or groups that are not there leave these empty.
void VisitEvaluations(const TouchedTotals& totals,
                      absl::FunctionRef<bool(const Evaluation&)> visit);

// Keeps the rows that `keep` wants.
void KeepEvaluations(absl::FunctionRef<bool(const Evaluation&)> keep,
                     TouchedTotals& totals);

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_EVALUATION_H_
