// What one item of a shipment or line of a license counts under a rule, so that
// part of it can be moved or given back.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_CHARGE_H_
#define CHIPLEDGER_LEDGER_DOMAIN_CHARGE_H_

#include <cstdint>
#include <optional>

#include "chipledger/storage/v1/rows.pb.h"
#include "chipledger/v1/evidence.pb.h"
#include "ledger/domain/dated_sums.h"

namespace chipledger::domain {

// Units of an item, from `begin` to before `end`.
struct UnitRange {
  int64_t begin = 0;
  int64_t end = 0;
};

// A value.
struct Charge {
  // The entry that adopted the policy, and the rule's place in it.
  uint64_t policy_index = 0;
  uint32_t rule = 0;
  // Which of the rule's totals.
  v1::GroupKey group;
  int32_t window_start = 0;
  // The place of the item in its shipment, from 0, or the number of the line.
  int32_t item = 0;
  // What all units count.
  int64_t amount = 0;
  int64_t unmeasured_gpus = 0;
  int64_t units = 0;
  // Set when the charge counts a part of its item, such as what is on one line
  // of a license: the first of the item's units that it counts, from 0.
  std::optional<int64_t> first_unit;
  // What moves the rule's total, and what gives back.
  v1::Accrual accrual = v1::ACCRUAL_UNSPECIFIED;
  bool release_on_revocation = false;
  bool release_on_expiry = false;

  // What the first `some_units` of the item count: floor(amount * units / all
  // units), so that what all of them counted comes back exactly. Nothing when
  // it does not fit.
  std::optional<Amounts> AmountOf(int64_t some_units) const;
  // What units of the item count: the first `end` without the first `begin`.
  std::optional<Amounts> AmountOf(UnitRange range) const;

  storage::v1::LicenseRow::Charge ToRow() const;
  static Charge FromRow(const storage::v1::LicenseRow::Charge& row);
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_CHARGE_H_
