// Sums that know by which date each part counts.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DATED_SUMS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DATED_SUMS_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "ledger/base/date.h"
#include "ledger/base/decimal.h"

namespace chipledger::domain {

// What a total counts, in its rule's measure.
struct Amounts {
  int64_t used = 0;
  int64_t reserved = 0;
  // See v1::HeadroomRow::unmeasured_gpus.
  int64_t unmeasured_gpus = 0;

  // False, and nothing changes, when a sum would leave int64.
  bool Add(const Amounts& more) {
    const auto u = CheckedAdd(used, more.used);
    const auto r = CheckedAdd(reserved, more.reserved);
    const auto g = CheckedAdd(unmeasured_gpus, more.unmeasured_gpus);
    if (!u || !r || !g) return false;
    *this = {*u, *r, *g};
    return true;
  }
  bool IsZero() const { return *this == Amounts(); }
  friend bool operator==(const Amounts&, const Amounts&) = default;
};

// What was drawn from a license line.
struct DrawnUnits {
  int64_t shipped = 0;
  int64_t reserved = 0;
  int64_t value_usd = 0;

  // As Amounts::Add.
  bool Add(const DrawnUnits& more) {
    const auto s = CheckedAdd(shipped, more.shipped);
    const auto r = CheckedAdd(reserved, more.reserved);
    const auto v = CheckedAdd(value_usd, more.value_usd);
    if (!s || !r || !v) return false;
    *this = {*s, *r, *v};
    return true;
  }
  bool IsZero() const { return *this == DrawnUnits(); }
  friend bool operator==(const DrawnUnits&, const DrawnUnits&) = default;
};

// DatedSums holds one Sum a date. A value: a copy shares what is settled and
// costs little, so that read models can keep one for every size.
//
// Most facts come with a date near the latest; so the newest dates stand in a
// short list of their own, which is merged into the shared one when it is full.
//
// Thread-safety: thread-compatible; distinct copies may be used by distinct
// threads.
template <typename Sum>
class DatedSums {
 public:
  using Day = std::pair<Date, Sum>;

  DatedSums() = default;
  // Requires: the dates ascend.
  explicit DatedSums(std::vector<Day> days) {
    if (days.empty()) return;
    settled_ = std::make_shared<const std::vector<Day>>(std::move(days));
  }

  // Adds to a date. False, and nothing changes, when the date's sum would leave
  // int64.
  bool Add(Date date, const Sum& amount) {
    for (auto day = recent_.rbegin(); day != recent_.rend(); ++day) {
      if (day->first == date) return day->second.Add(amount);
    }
    Sum sum = SettledOn(date);
    if (!sum.Add(amount)) return false;
    recent_.emplace_back(date, sum);
    if (recent_.size() == kMaxRecent) Settle();
    return true;
  }

  // Calls visit(date, sum) for every date with a sum that is not zero, in
  // ascending order, until it returns false.
  template <typename Visit>
  void VisitAll(Visit&& visit) const {
    for (const Day& day : Merged()) {
      if (!day.second.IsZero() && !visit(day.first, day.second)) return;
    }
  }

  // The sum of a date.
  Sum On(Date date) const {
    for (auto day = recent_.rbegin(); day != recent_.rend(); ++day) {
      if (day->first == date) return day->second;
    }
    return SettledOn(date);
  }

  // The sum of all dates up to this one, itself included. Sums of parts of a
  // total can leave int64 where the whole does not: saturates then.
  Sum Through(Date last) const {
    Sum sum;
    VisitAll([&](Date date, const Sum& amount) {
      if (date > last) return false;
      sum.Add(amount);
      return true;
    });
    return sum;
  }

  friend bool operator==(const DatedSums& a, const DatedSums& b) {
    std::vector<Day> days_a, days_b;
    a.VisitAll([&](Date date, const Sum& sum) {
      days_a.emplace_back(date, sum);
      return true;
    });
    b.VisitAll([&](Date date, const Sum& sum) {
      days_b.emplace_back(date, sum);
      return true;
    });
    return days_a == days_b;
  }

 private:
  static constexpr size_t kMaxRecent = 16;

  Sum SettledOn(Date date) const {
    if (!settled_) return Sum();
    const auto at = std::lower_bound(
        settled_->begin(), settled_->end(), date,
        [](const Day& day, Date wanted) { return day.first < wanted; });
    return at != settled_->end() && at->first == date ? at->second : Sum();
  }

  std::vector<Day> Merged() const {
    std::vector<Day> days;
    days.reserve((settled_ ? settled_->size() : 0) + recent_.size());
    if (settled_) days = *settled_;
    for (const Day& day : recent_) {
      const auto at = std::lower_bound(
          days.begin(), days.end(), day.first,
          [](const Day& d, Date date) { return d.first < date; });
      if (at != days.end() && at->first == day.first) {
        at->second = day.second;
      } else {
        days.insert(at, day);
      }
    }
    return days;
  }

  void Settle() {
    settled_ = std::make_shared<const std::vector<Day>>(Merged());
    recent_.clear();
  }

  // Ascending.
  std::shared_ptr<const std::vector<Day>> settled_;
  // In no order, each with all of its date: it replaces the settled one.
  absl::InlinedVector<Day, 1> recent_;
};

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DATED_SUMS_H_
