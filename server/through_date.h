// What the catalog says through a date, for reads that ask for facts up to it.
#ifndef CHIPLEDGER_SERVER_THROUGH_DATE_H_
#define CHIPLEDGER_SERVER_THROUGH_DATE_H_

#include "absl/strings/string_view.h"
#include "chipledger/v1/catalog.pb.h"
#include "chipledger/v1/policy.pb.h"
#include "ledger/base/date.h"

namespace chipledger {

// Whether something holds by a date: from its own date on, and without one
// always.
bool HoldsBy(absl::string_view date, Date through);

// What is dated after the date is left out: places and owners of a party,
// changes of a group, the rescission of a policy.
v1::Party PartyThrough(v1::Party party, Date through);
v1::CountryGroup GroupThrough(v1::CountryGroup group, Date through);
v1::AdoptedPolicy PolicyThrough(v1::AdoptedPolicy policy, Date through);

}  // namespace chipledger

#endif  // CHIPLEDGER_SERVER_THROUGH_DATE_H_
