// DatedSums in rows: the dates as steps, and beside them one list a part of the
// sum, which is empty when all of it is 0.
#ifndef CHIPLEDGER_LEDGER_DOMAIN_DATED_ROWS_H_
#define CHIPLEDGER_LEDGER_DOMAIN_DATED_ROWS_H_

#include <cstdint>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "ledger/base/date.h"
#include "ledger/domain/dated_sums.h"

namespace chipledger::domain {

// Appends the dates, each but the first as the difference to the one before.
template <typename Sum>
void FillSteps(const DatedSums<Sum>& sums,
               google::protobuf::RepeatedField<int32_t>& steps) {
  int32_t last = 0;
  sums.VisitAll([&](Date date, const Sum&) {
    steps.Add(date.days() - last);
    last = date.days();
    return true;
  });
}

// Appends one part of every sum; nothing when it is 0 on every date.
template <typename Sum>
void FillPart(const DatedSums<Sum>& sums, int64_t Sum::*part,
              google::protobuf::RepeatedField<int64_t>& values) {
  bool any = false;
  sums.VisitAll([&](Date, const Sum& sum) {
    values.Add(sum.*part);
    any = any || sum.*part != 0;
    return true;
  });
  if (!any) values.Clear();
}

// Returns the dates of a row, with sums of 0.
template <typename Sum>
std::vector<typename DatedSums<Sum>::Day> DaysOf(
    const google::protobuf::RepeatedField<int32_t>& steps) {
  std::vector<typename DatedSums<Sum>::Day> days;
  days.reserve(steps.size());
  int32_t last = 0;
  for (const int32_t step : steps) {
    last += step;
    days.emplace_back(Date::FromDays(last), Sum());
  }
  return days;
}

// Puts one part of a row into the sums.
template <typename Sum>
void TakePart(const google::protobuf::RepeatedField<int64_t>& values,
              int64_t Sum::*part, std::vector<std::pair<Date, Sum>>& days) {
  for (size_t i = 0; i < days.size() && i < static_cast<size_t>(values.size());
       ++i) {
    days[i].second.*part = values[static_cast<int>(i)];
  }
}

}  // namespace chipledger::domain

#endif  // CHIPLEDGER_LEDGER_DOMAIN_DATED_ROWS_H_
