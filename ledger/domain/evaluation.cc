#include "ledger/domain/evaluation.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/base/limits.h"
#include "ledger/domain/rules/group_key.h"

namespace chipledger::domain {
namespace {

using google::protobuf::RepeatedField;

// Sets the value of a row that no later row has set yet. A column ends with its
// last value that is not 0.
template <typename Column, typename Value>
void Put(int row, Value value, Column& column) {
  if (value == Value()) return;
  while (column.size() < row) column.Add(0);
  column.Add(value);
}

template <typename Column>
auto At(const Column& column, int row) {
  return row < column.size() ? column.Get(row) : typename Column::value_type();
}

template <typename Enum>
Enum EnumAt(const RepeatedField<int>& column, int row) {
  return static_cast<Enum>(At(column, row));
}

std::optional<Date> DateAt(const RepeatedField<int32_t>& column, int row) {
  const int32_t days = At(column, row);
  return days == 0 ? std::nullopt : std::optional(Date::FromDays(days));
}

int64_t Saturate(__int128 value) {
  using Limits = std::numeric_limits<int64_t>;
  return static_cast<int64_t>(std::clamp(value,
                                         static_cast<__int128>(Limits::min()),
                                         static_cast<__int128>(Limits::max())));
}

int32_t DaysOr0(const std::optional<Date>& date) {
  return date ? date->days() : 0;
}

// The place of a window in its list, made when it is not there.
uint32_t PlaceOfWindow(int32_t start, RepeatedField<int32_t>& starts) {
  for (int i = starts.size(); i-- > 0;) {
    if (starts[i] == start) return static_cast<uint32_t>(i);
  }
  starts.Add(start);
  return static_cast<uint32_t>(starts.size() - 1);
}

// The same for a group. The latest are the likeliest.
uint32_t PlaceOfGroup(const v1::GroupKey& group,
                      google::protobuf::RepeatedPtrField<v1::GroupKey>& keys) {
  for (int i = keys.size(); i-- > 0;) {
    if (SameGroup(keys[i], group)) return static_cast<uint32_t>(i);
  }
  *keys.Add() = group;
  return static_cast<uint32_t>(keys.size() - 1);
}

// The same for a set of items, from 1.
uint32_t PlaceOfItems(const v1::ItemSet& items,
                      google::protobuf::RepeatedPtrField<v1::ItemSet>& sets) {
  for (int i = sets.size(); i-- > 0;) {
    if (std::equal(sets[i].numbers().begin(), sets[i].numbers().end(),
                   items.numbers().begin(), items.numbers().end())) {
      return static_cast<uint32_t>(i) + 1;
    }
  }
  *sets.Add() = items;
  return static_cast<uint32_t>(sets.size());
}

void AppendRow(const Evaluation& evaluation, uint32_t group,
               v1::TouchedTotals& totals) {
  const int row = totals.policies_size();
  totals.add_policies(evaluation.policy_index);
  Put(row, evaluation.rule, *totals.mutable_rules());
  Put(row,
      PlaceOfWindow(evaluation.window_start, *totals.mutable_window_starts()),
      *totals.mutable_windows());
  Put(row, group, *totals.mutable_groups());
  Put(row, evaluation.used, *totals.mutable_used());
  Put(row, evaluation.reserved, *totals.mutable_reserved());
  Put(row, evaluation.asked, *totals.mutable_asked());
  Put(row, static_cast<int>(evaluation.limit_source),
      *totals.mutable_limit_sources());
  if (evaluation.limit_source == v1::LIMIT_SOURCE_EVENT) {
    totals.add_limits(evaluation.limit);
  }
  Put(row, static_cast<int>(evaluation.verdict), *totals.mutable_verdicts());
  Put(row, evaluation.unmeasured_gpus, *totals.mutable_unmeasured_gpus());
  Put(row, static_cast<int>(evaluation.balance), *totals.mutable_balances());
  Put(row, DaysOr0(evaluation.date), *totals.mutable_dates());
  Put(row, DaysOr0(evaluation.binding_date), *totals.mutable_binding_dates());
  if (evaluation.items != nullptr) {
    Put(row, PlaceOfItems(*evaluation.items, *totals.mutable_item_sets()),
        *totals.mutable_items());
  }
  if (!evaluation.unknown_product.empty()) {
    v1::UnknownFigure& unknown = *totals.add_unknown_figures();
    unknown.set_total(static_cast<uint32_t>(row));
    unknown.set_product_code(evaluation.unknown_product.data(),
                             evaluation.unknown_product.size());
  }
}

// A block is filled up to a number of rows, so that it fits into an entry
// whatever they are: numbers of ten bytes at most in each column, a group and a
// product of the longest names, and every item of the command.
constexpr int kMaxBlockRows = 32;
constexpr size_t kMaxGroupKeyBytes =
    6 * (limits::kMaxPartyIdBytes + 2) + limits::kMaxProductCodeBytes + 32;
constexpr size_t kMaxRowBytes = 15 * 10 + kMaxGroupKeyBytes +
                                limits::kMaxProductCodeBytes + 16 +
                                limits::kMaxLinesPerLicense * 5 + 16;
static_assert(limits::kMaxLinesPerLicense >= limits::kMaxItemsPerShipment);
static_assert(kMaxBlockRows * kMaxRowBytes < limits::kMaxEntryBytes - 4096);

bool NeedsBlock(const TouchedTotals& totals) {
  return totals.empty() || totals.rbegin()->policies_size() >= kMaxBlockRows;
}

// As VisitEvaluations, of one block; false when `visit` returned false.
bool VisitBlock(const v1::TouchedTotals& totals,
                absl::FunctionRef<bool(const Evaluation&)> visit) {
  int next_limit = 0;
  int next_unknown = 0;
  for (int row = 0; row < totals.policies_size(); ++row) {
    const auto window = static_cast<int>(At(totals.windows(), row));
    const auto group = static_cast<int>(At(totals.groups(), row));
    Evaluation evaluation{
        .policy_index = totals.policies(row),
        .rule = At(totals.rules(), row),
        .window_start = At(totals.window_starts(), window),
        .group = group >= 0 && group < totals.group_keys_size()
                     ? &totals.group_keys(group)
                     : &v1::GroupKey::default_instance(),
        .balance = EnumAt<v1::Balance>(totals.balances(), row),
        .used = At(totals.used(), row),
        .reserved = At(totals.reserved(), row),
        .asked = At(totals.asked(), row),
        .unmeasured_gpus = At(totals.unmeasured_gpus(), row),
        .limit_source = EnumAt<v1::LimitSource>(totals.limit_sources(), row),
        .verdict = EnumAt<v1::Verdict>(totals.verdicts(), row),
        .date = DateAt(totals.dates(), row),
        .binding_date = DateAt(totals.binding_dates(), row)};
    if (evaluation.limit_source == v1::LIMIT_SOURCE_EVENT) {
      evaluation.limit = At(totals.limits(), next_limit++);
    }
    const auto items = static_cast<int>(At(totals.items(), row));
    if (items > 0 && items <= totals.item_sets_size()) {
      evaluation.items = &totals.item_sets(items - 1);
    }
    if (next_unknown < totals.unknown_figures_size() &&
        totals.unknown_figures(next_unknown).total() ==
            static_cast<uint32_t>(row)) {
      evaluation.unknown_product =
          totals.unknown_figures(next_unknown++).product_code();
    }
    if (!visit(evaluation)) return false;
  }
  return true;
}

}  // namespace

std::optional<int64_t> JudgedLimit(const Evaluation& evaluation,
                                   const CompiledRule& rule) {
  switch (evaluation.limit_source) {
    case v1::LIMIT_SOURCE_RULE:
      return rule.limit->constant();
    case v1::LIMIT_SOURCE_EVENT:
      return evaluation.limit;
    default:
      return std::nullopt;
  }
}

int64_t HeadroomBefore(const Evaluation& evaluation, int64_t limit) {
  return Saturate(static_cast<__int128>(limit) - evaluation.used -
                  evaluation.reserved);
}

int64_t HeadroomAfter(const Evaluation& evaluation, int64_t limit) {
  return Saturate(static_cast<__int128>(limit) - evaluation.used -
                  evaluation.reserved - evaluation.asked);
}

void AppendEvaluation(const Evaluation& evaluation, TouchedTotals& totals) {
  if (NeedsBlock(totals)) totals.Add();
  v1::TouchedTotals& block = *totals.rbegin();
  AppendRow(evaluation,
            PlaceOfGroup(*evaluation.group, *block.mutable_group_keys()),
            block);
}

void EvaluationWriter::Append(const Evaluation& evaluation,
                              const GroupKeys& keys, absl::string_view group) {
  if (NeedsBlock(totals_)) {
    totals_.Add();
    written_.clear();
  }
  v1::TouchedTotals& block = *totals_.rbegin();
  AppendRow(evaluation, PlaceOf(keys, group, block), block);
}

uint32_t EvaluationWriter::PlaceOf(const GroupKeys& keys,
                                   absl::string_view group,
                                   v1::TouchedTotals& block) {
  for (const Written& known : written_) {
    if (known.group == group && *known.keys == keys) return known.place;
  }
  // What was there before may have it, too.
  const uint32_t place =
      PlaceOfGroup(DecodeGroup(keys, group), *block.mutable_group_keys());
  written_.push_back({&keys, group, place});
  return place;
}

void VisitEvaluations(const TouchedTotals& totals,
                      absl::FunctionRef<bool(const Evaluation&)> visit) {
  for (const v1::TouchedTotals& block : totals) {
    if (!VisitBlock(block, visit)) return;
  }
}

void KeepEvaluations(absl::FunctionRef<bool(const Evaluation&)> keep,
                     TouchedTotals& totals) {
  TouchedTotals kept;
  VisitEvaluations(totals, [&](const Evaluation& evaluation) {
    if (keep(evaluation)) AppendEvaluation(evaluation, kept);
    return true;
  });
  totals = std::move(kept);
}

}  // namespace chipledger::domain
