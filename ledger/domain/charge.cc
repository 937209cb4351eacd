#include "ledger/domain/charge.h"

#include <algorithm>

#include "ledger/base/decimal.h"

namespace chipledger::domain {

std::optional<Amounts> Charge::AmountOf(int64_t some_units) const {
  if (units == 0) return std::nullopt;
  if (first_unit) {
    some_units = std::clamp<int64_t>(some_units - *first_unit, 0, units);
  }
  const auto used = CheckedMulDiv(amount, some_units, units);
  const auto gpus = CheckedMulDiv(unmeasured_gpus, some_units, units);
  if (!used || !gpus) return std::nullopt;
  return Amounts{.used = *used, .unmeasured_gpus = *gpus};
}

std::optional<Amounts> Charge::AmountOf(UnitRange range) const {
  const std::optional<Amounts> first = AmountOf(range.begin);
  const std::optional<Amounts> all = AmountOf(range.end);
  if (!first || !all) return std::nullopt;
  const auto used = CheckedSub(all->used, first->used);
  const auto gpus = CheckedSub(all->unmeasured_gpus, first->unmeasured_gpus);
  if (!used || !gpus) return std::nullopt;
  return Amounts{.used = *used, .unmeasured_gpus = *gpus};
}

storage::v1::LicenseRow::Charge Charge::ToRow() const {
  storage::v1::LicenseRow::Charge row;
  row.set_policy_index(policy_index);
  row.set_rule(rule);
  *row.mutable_group() = group;
  row.set_window_start(window_start);
  row.set_line_number(item);
  row.set_amount(amount);
  row.set_unmeasured_gpus(unmeasured_gpus);
  row.set_units(units);
  row.set_release_on_revocation(release_on_revocation);
  row.set_release_on_expiry(release_on_expiry);
  return row;
}

Charge Charge::FromRow(const storage::v1::LicenseRow::Charge& row) {
  return {.policy_index = row.policy_index(),
          .rule = row.rule(),
          .group = row.group(),
          .window_start = row.window_start(),
          .item = row.line_number(),
          .amount = row.amount(),
          .unmeasured_gpus = row.unmeasured_gpus(),
          .units = row.units(),
          .accrual = v1::ACCRUAL_LICENSED,
          .release_on_revocation = row.release_on_revocation(),
          .release_on_expiry = row.release_on_expiry()};
}

}  // namespace chipledger::domain
